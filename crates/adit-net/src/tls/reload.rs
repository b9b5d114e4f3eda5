//! Watching certificate files.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::{Reload, Tls};
use crate::counters::Counters;
use crate::file_watch::FileWatch;

impl Tls {
    /// Replaces the certificate whenever the files change, for ever.
    pub(crate) async fn watch(self, counters: Counters) {
        self.0.prepared.wait().await;
        self.seed().await;
        loop {
            let changed = Arc::new(Notify::new());
            // Dropping the watcher would end the watch.
            let _watcher = self.watcher(&changed);
            // Both arms are cancel-safe: what is not noticed in one turn is in the next look at the files.
            tokio::select! {
                () = self.look(&changed, &counters) => {}
                () = self.0.moved.notified() => self.tell_swap(&counters),
            }
        }
    }

    /// Looks at the files whenever they change, for ever.
    async fn look(&self, changed: &Notify, counters: &Counters) {
        loop {
            // A change the system does not report, as on a network file system, is seen at the next look.
            if timeout(LOOK_INTERVAL, changed.notified()).await.is_ok() {
                // Certificate and key are two files, so a change comes in pieces.
                sleep(SETTLE).await;
            }
            let tls = self.clone();
            let Ok(result) = tokio::task::spawn_blocking(move || tls.reload()).await else {
                continue;
            };
            match result {
                Ok(Reload::Unchanged) => {}
                Ok(Reload::Swapped) => self.tell_swap(counters),
                Err(error) => {
                    counters.certificate_failures().count();
                    tracing::warn!(%error, "new certificate not usable, keeping the old one");
                }
            }
        }
    }

    fn tell_swap(&self, counters: &Counters) {
        counters.certificate_swaps().count();
        tracing::info!(file = %self.certificate_path().display(), "certificate replaced");
    }

    /// Has the TLS library gather the entropy of its random numbers, which takes it tens of milliseconds of computing the
    /// first time: neither the first client nor the worker that serves it should be held up by that.
    async fn seed(&self) {
        let provider = Arc::clone(&self.0.provider);
        let seeded = tokio::task::spawn_blocking(move || provider.secure_random.fill(&mut [0]));
        if !matches!(seeded.await, Ok(Ok(()))) {
            tracing::warn!("no randomness for tls");
        }
    }

    fn watcher(&self, changed: &Arc<Notify>) -> Option<FileWatch> {
        let files = self.0.current.0.load().files.clone();
        let files = [&*files.certificate, &*files.key];
        FileWatch::start(files, changed)
            .inspect_err(
                |error| tracing::warn!(%error, "certificate files are not watched, only polled"),
            )
            .ok()
    }
}

/// How often the files are looked at even if nothing is reported.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// How long to wait after a report until all of the change is there.
const SETTLE: Duration = Duration::from_millis(200);
