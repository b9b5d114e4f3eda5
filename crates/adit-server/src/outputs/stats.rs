//! What the outputs count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counters of the outputs. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct OutputStats(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    viewers: AtomicUsize,
    flv: Kind,
    websocket: Kind,
    refused: AtomicU64,
    hopeless: AtomicU64,
    packagers_refused: AtomicU64,
    websocket_messages: AtomicU64,
    websocket_dead: AtomicU64,
    websocket_stalls: AtomicU64,
}

/// One way to watch.
#[derive(Debug, Default)]
struct Kind {
    now: AtomicUsize,
    ever: AtomicU64,
    bytes: AtomicU64,
}

/// How a viewer watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Flv,
    WebSocket,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputsSnapshot {
    /// Viewers by HTTP-FLV now.
    pub flv_viewers: usize,
    /// Viewers by HTTP-FLV that ever were.
    pub flv_viewers_ever: u64,
    /// Bytes of FLV handed to them.
    pub flv_bytes: u64,
    /// Viewers by WebSocket-FLV now.
    pub websocket_viewers: usize,
    /// Viewers by WebSocket-FLV that ever were.
    pub websocket_viewers_ever: u64,
    /// Bytes of FLV handed to them.
    pub websocket_bytes: u64,
}

impl OutputStats {
    /// All counters, each read on its own.
    pub fn snapshot(&self) -> OutputsSnapshot {
        let (flv, websocket) = (&self.0.flv, &self.0.websocket);
        OutputsSnapshot {
            flv_viewers: flv.now.load(Ordering::Relaxed),
            flv_viewers_ever: flv.ever.load(Ordering::Relaxed),
            flv_bytes: flv.bytes.load(Ordering::Relaxed),
            websocket_viewers: websocket.now.load(Ordering::Relaxed),
            websocket_viewers_ever: websocket.ever.load(Ordering::Relaxed),
            websocket_bytes: websocket.bytes.load(Ordering::Relaxed),
        }
    }

    /// How often each limit was hit, by its configuration key.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("http.viewers", read(&self.0.refused)),
            ("viewer.overflows", read(&self.0.hopeless)),
            ("hls.streams", read(&self.0.packagers_refused)),
            ("websocket.message", read(&self.0.websocket_messages)),
            ("websocket.dead", read(&self.0.websocket_dead)),
            ("websocket.stall", read(&self.0.websocket_stalls)),
        ]
        .into_iter()
    }

    /// A place among `limit` viewers.
    pub(super) fn enter(&self, way: Way, limit: usize) -> Option<Seat> {
        let more = |now: usize| (now < limit).then(|| now.saturating_add(1));
        let viewers = &self.0.viewers;
        if viewers
            .try_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_err()
        {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        let kind = self.kind(way);
        kind.now.fetch_add(1, Ordering::Relaxed);
        kind.ever.fetch_add(1, Ordering::Relaxed);
        Some(Seat {
            stats: self.clone(),
            way,
        })
    }

    /// One stream more was to be packaged than may be.
    pub(super) fn packager_refused(&self) {
        self.0.packagers_refused.fetch_add(1, Ordering::Relaxed);
    }

    fn kind(&self, way: Way) -> &Kind {
        match way {
            Way::Flv => &self.0.flv,
            Way::WebSocket => &self.0.websocket,
        }
    }
}

/// The place of one viewer; dropping it frees the place.
#[derive(Debug)]
pub(super) struct Seat {
    stats: OutputStats,
    way: Way,
}

impl Seat {
    pub(super) fn count_bytes(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.stats
            .kind(self.way)
            .bytes
            .fetch_add(bytes, Ordering::Relaxed);
    }

    /// It fell behind once too often.
    pub(super) fn count_hopeless(&self) {
        self.stats.0.hopeless.fetch_add(1, Ordering::Relaxed);
    }
}

/// What a viewer by WebSocket ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It said too much.
    Message,
    /// It did not answer.
    Dead,
    /// It did not take what was sent.
    Stall,
}

impl Seat {
    pub(super) fn count_fault(&self, fault: Fault) {
        let stats = &self.stats.0;
        let counter = match fault {
            Fault::Message => &stats.websocket_messages,
            Fault::Dead => &stats.websocket_dead,
            Fault::Stall => &stats.websocket_stalls,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.stats.0.viewers.fetch_sub(1, Ordering::Relaxed);
        self.stats
            .kind(self.way)
            .now
            .fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_viewers_as_allowed_watch_and_one_more_is_refused_until_one_leaves() {
        let stats = OutputStats::default();
        let mut seats: Vec<_> = (0..3).map(|_| stats.enter(Way::Flv, 3)).collect();
        assert!(seats.iter().all(Option::is_some));
        assert!(stats.enter(Way::Flv, 3).is_none());
        assert_eq!(stats.limits().next(), Some(("http.viewers", 1)));
        seats.pop();
        assert!(stats.enter(Way::Flv, 3).is_some());
        drop(seats);
        let snapshot = stats.snapshot();
        assert_eq!((snapshot.flv_viewers, snapshot.flv_viewers_ever), (0, 4));
    }
}
