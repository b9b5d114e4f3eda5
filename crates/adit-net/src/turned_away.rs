//! What the operator hears of those who get no session: a line each, and one for all that are too many.

use crate::http::Why;
use crate::limits;
use crate::log_quota::{LogQuota, Verdict};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::time::Instant;

/// Writes the lines of one acceptor.
#[derive(Debug)]
pub(crate) struct TurnedAway(Mutex<LogQuota>);

impl TurnedAway {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(LogQuota::new(
            limits::TURNED_AWAY_LINES,
            limits::TURNED_AWAY_SPAN,
        )))
    }

    /// A connection that leads to nothing.
    pub(crate) fn connection(&self, peer: SocketAddr, local: Option<SocketAddr>, reason: &str) {
        if self.may_write() {
            let local = local.map(tracing::field::display);
            tracing::info!(%peer, local, reason, "turned away");
        } else {
            tracing::debug!(%peer, reason, "turned away");
        }
    }

    /// A request that is answered with an error; its connection may go on.
    pub(crate) fn request(&self, peer: SocketAddr, request: &str, status: u16, why: &Why) {
        let (reason, stream) = (&*why.reason, why.stream.as_deref());
        if self.may_write() {
            tracing::info!(%peer, request, status, stream, reason, "request refused");
        } else {
            tracing::debug!(%peer, request, status, stream, reason, "request refused");
        }
    }

    fn may_write(&self) -> bool {
        let mut quota = self.quota();
        let now = now();
        tell(quota.take_left_out(now));
        quota.ask(now) == Verdict::Write
    }

    /// Tells what was left out, when it is time.
    pub(crate) fn sum_up(&self) {
        tell(self.quota().take_left_out(now()));
    }

    fn quota(&self) -> MutexGuard<'_, LogQuota> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for TurnedAway {
    fn drop(&mut self) {
        tell(self.quota().take_rest());
    }
}

fn tell(left_out: Option<u64>) {
    if let Some(count) = left_out {
        tracing::info!(
            count,
            "more were turned away or refused, without a line each"
        );
    }
}

/// The library's clock, which tests can set.
fn now() -> std::time::Instant {
    Instant::now().into_std()
}
