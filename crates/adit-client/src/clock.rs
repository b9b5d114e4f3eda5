//! The clock of everything that waits here: the one that tokio's timers go by, so that both stop together where it is paused.

use std::time::Instant;

/// Now.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
