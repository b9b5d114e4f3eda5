//! Reading the configuration again: when its file changes, at SIGHUP, and when the API asks. Whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adit_server::ServerConfig;
use adit_server::control::{Control, Reloaded};
use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::signal::unix::Signal;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::{ServeError, plan, relays};
use crate::config::{Config, Difference, Mistakes, Sources, load};
use crate::ui;

/// Reads the same sources again as at the start.
#[derive(Debug)]
pub(super) struct Reloader {
    sources: Sources,
    /// What the server goes by. Of keys that need a restart it is what it has started with.
    running: Mutex<Config>,
}

impl Reloader {
    /// For the API too.
    pub(super) fn new(control: &Control, sources: Sources, running: Config) -> Arc<Self> {
        let reloader = Arc::new(Self {
            sources,
            running: Mutex::new(running),
        });
        let asked = Arc::clone(&reloader);
        control.on_reload(move |control| asked.reload(control));
        reloader
    }

    /// Has the server go by what the sources say now.
    ///
    /// # Errors
    /// What is wrong with them; nothing has changed then.
    pub(super) fn reload(&self, control: &Control) -> Result<Reloaded, String> {
        // One reload after the other, so that the newest wins.
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let asked = match load(&self.sources) {
            Ok(effective) => effective.config,
            Err(mistakes) => return Err(refused(&mistakes)),
        };
        let mut config = ServerConfig::default();
        let planned = plan::apply(&asked, &mut config)
            .and_then(|()| relays::read(&asked).map_err(ServeError::from));
        let planned = planned.map_err(|error| {
            tracing::error!(%error, "the configuration was not taken over; nothing has changed");
            error.to_string()
        })?;
        control.apply(&config);
        control.set_relays(planned, relays::networks(&asked));
        let Difference {
            changed,
            needs_restart,
            taken_over,
        } = Difference::between(&running, asked);
        *running = taken_over;
        tracing::info!(changed = %listed(&changed), "the configuration was read again");
        if !needs_restart.is_empty() {
            tracing::warn!(keys = %listed(&needs_restart), "these take effect when the server starts again");
        }
        Ok(Reloaded {
            changed,
            needs_restart,
        })
    }

    /// How long those who are there may stay when the server is taken down.
    pub(super) fn drain_timeout(&self) -> Duration {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.server.drain_timeout.0
    }

    /// The file as it is now; nothing where there is none.
    fn file(&self) -> Option<Vec<u8>> {
        fs::read(self.sources.file.as_ref()?).ok()
    }
}

fn refused(mistakes: &Mistakes) -> String {
    ui::block(&mistakes.shown());
    tracing::error!("{mistakes}; nothing has changed");
    format!("{mistakes}\n{}", mistakes.plain())
}

fn listed(keys: &[String]) -> String {
    if keys.is_empty() {
        return "nothing".to_owned();
    }
    keys.join(", ")
}

/// Reloads when the file changes and at each `hangup`, for ever.
pub(super) async fn watch(reloader: Arc<Reloader>, control: Control, mut hangup: Signal) {
    let changed = Arc::new(Notify::new());
    // Dropping the watcher would end the watch.
    let _watcher = reloader
        .sources
        .file
        .as_deref()
        .and_then(|file| watcher(file, &changed));
    let mut known = reloader.file();
    loop {
        // Both arms are cancel-safe: a signal or a change that was not taken is delivered to the next call.
        let is_asked = tokio::select! {
            heard = hangup.recv() => heard.is_some(),
            // A change the system does not report, as on a network file system, is seen at the next look.
            told = timeout(LOOK_INTERVAL, changed.notified()) => {
                if told.is_ok() {
                    // Files are written in pieces.
                    sleep(SETTLE).await;
                }
                false
            }
        };
        let (reloader, control) = (Arc::clone(&reloader), control.clone());
        let before = known.take();
        let looked = tokio::task::spawn_blocking(move || {
            let now = reloader.file();
            // A file that is gone for a moment is about to be replaced.
            if is_asked || (now.is_some() && now != before) {
                // What is wrong was told by whoever reloads.
                drop(control.reload());
            }
            now.or(before)
        });
        known = looked.await.unwrap_or_default();
    }
}

/// Watches the directory, because a file is often replaced by another one of the same name.
fn watcher(file: &Path, changed: &Arc<Notify>) -> Option<RecommendedWatcher> {
    let wake = Arc::clone(changed);
    let directory = file.parent().filter(|path| !path.as_os_str().is_empty());
    let directory = directory.map_or_else(|| PathBuf::from("."), Path::to_owned);
    let watcher =
        notify::recommended_watcher(move |_| wake.notify_one()).and_then(|mut watcher| {
            watcher.watch(&directory, RecursiveMode::NonRecursive)?;
            Ok(watcher)
        });
    watcher
        .inspect_err(
            |error| tracing::warn!(%error, "the configuration file is not watched, only polled"),
        )
        .ok()
}

/// How often the file is looked at even if nothing is reported.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);
/// How long to wait after a report until all of the change is there.
const SETTLE: Duration = Duration::from_millis(200);
