//! Who watches a stream by HLS, as far as requests tell.
//!
//! Whoever asked from one address within the last while is one viewer: segments are asked for over any number of connections, and
//! nothing but the address is the same in all of them. Several behind one address count as one.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::outputs::{HLS_VIEWER_GONE, HLS_VIEWERS};
use crate::outputs::stats::{OutputStats, Ticket};
use crate::outputs::watcher::Watcher;

/// The viewers of one stream.
pub(super) struct Viewers {
    stats: OutputStats,
    seen: Mutex<HashMap<IpAddr, Viewer>>,
}

struct Viewer {
    /// None of one who was told to go, and who is remembered for a while.
    watcher: Option<Watcher>,
    asked: Instant,
    _ticket: Ticket,
}

/// What somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The stream, from wherever it is.
    Begin,
    /// What comes next.
    GoOn,
    /// The same, where nobody is let in any more who is not there yet.
    Stay,
}

/// The operator has ended it, or lets nobody in any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused;

impl Viewers {
    pub(super) fn new(stats: OutputStats) -> Self {
        Self {
            stats,
            seen: Mutex::default(),
        }
    }

    /// Somebody asks for something, and is listed by `enter` if he is not yet. Where there are too many already, he only watches.
    ///
    /// # Errors
    /// He was told to go, and wants to go on, or is not there and wants to stay.
    pub(super) fn asks(
        &self,
        now: Instant,
        peer: IpAddr,
        wish: Wish,
        enter: impl FnOnce() -> Watcher,
    ) -> Result<(), Refused> {
        let mut seen = self.seen();
        if let Some(viewer) = seen.get_mut(&peer) {
            viewer.asked = now;
            viewer.let_go_if_kicked();
            if viewer.watcher.is_none() {
                if wish != Wish::Begin {
                    return Err(Refused);
                }
                viewer.watcher = Some(enter());
            }
            return Ok(());
        }
        if wish == Wish::Stay {
            return Err(Refused);
        }
        if let Some(ticket) = self.stats.admit_by_hls(HLS_VIEWERS) {
            let viewer = Viewer {
                watcher: Some(enter()),
                asked: now,
                _ticket: ticket,
            };
            seen.insert(peer, viewer);
        }
        Ok(())
    }

    /// So many bytes go to somebody, of media that took so `long` where that is known.
    pub(super) fn gets(&self, now: Instant, peer: IpAddr, bytes: usize, long: Option<Duration>) {
        let mut seen = self.seen();
        let Some(viewer) = seen.get_mut(&peer) else {
            return;
        };
        viewer.asked = now;
        if let Some(watcher) = &viewer.watcher {
            watcher.sent(bytes);
            if let Some(delay) = long {
                watcher.delayed(delay);
            }
        }
    }

    /// Whoever has not asked for a while is gone.
    pub(super) fn sweep(&self, now: Instant) {
        self.seen().retain(|_, viewer| {
            viewer.let_go_if_kicked();
            now.saturating_duration_since(viewer.asked) < HLS_VIEWER_GONE
        });
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<IpAddr, Viewer>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Viewer {
    fn let_go_if_kicked(&mut self) {
        if self.watcher.as_ref().is_some_and(Watcher::is_kicked) {
            self.watcher = None;
        }
    }
}

impl fmt::Debug for Viewers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Viewers").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
