//! What the outputs count.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// Counters of the outputs. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct OutputStats(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    viewers: AtomicUsize,
    hls_viewers: AtomicUsize,
    refused: AtomicU64,
    unlisted: AtomicU64,
    hopeless: AtomicU64,
    packagers_refused: AtomicU64,
    websocket_messages: AtomicU64,
    websocket_dead: AtomicU64,
    websocket_stalls: AtomicU64,
}

impl OutputStats {
    /// How often each limit was hit, by its configuration key.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("http.viewers", read(&self.0.refused)),
            ("hls.viewers", read(&self.0.unlisted)),
            ("viewer.overflows", read(&self.0.hopeless)),
            ("hls.streams", read(&self.0.packagers_refused)),
            ("websocket.message", read(&self.0.websocket_messages)),
            ("websocket.dead", read(&self.0.websocket_dead)),
            ("websocket.stall", read(&self.0.websocket_stalls)),
        ]
        .into_iter()
    }

    /// The right to watch by FLV, which `limit` have at most.
    pub(super) fn admit(&self, limit: usize) -> Option<Ticket> {
        let ticket = Ticket::of(self, |inner| &inner.viewers, limit);
        if ticket.is_none() {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
        }
        ticket
    }

    /// The same for being known as a viewer by HLS.
    pub(super) fn admit_by_hls(&self, limit: usize) -> Option<Ticket> {
        let ticket = Ticket::of(self, |inner| &inner.hls_viewers, limit);
        if ticket.is_none() {
            self.0.unlisted.fetch_add(1, Ordering::Relaxed);
        }
        ticket
    }

    /// One stream more was to be packaged than may be.
    pub(super) fn packager_refused(&self) {
        self.0.packagers_refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// The right to be one of those who are counted; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Ticket {
    stats: OutputStats,
    count: fn(&Inner) -> &AtomicUsize,
}

impl Ticket {
    fn of(stats: &OutputStats, count: fn(&Inner) -> &AtomicUsize, limit: usize) -> Option<Self> {
        let more = |now: usize| (now < limit).then(|| now.saturating_add(1));
        count(&stats.0)
            .try_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
            .then(|| Self {
                stats: stats.clone(),
                count,
            })
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

impl Ticket {
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

impl Drop for Ticket {
    fn drop(&mut self) {
        (self.count)(&self.stats.0).fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(admit: impl Fn(&OutputStats) -> Option<Ticket>, key: &str) {
        let stats = OutputStats::default();
        let hits = || stats.limits().find(|(it, _)| *it == key).unwrap().1;
        let mut tickets: Vec<_> = (0..3).map(|_| admit(&stats)).collect();
        assert!(tickets.iter().all(Option::is_some));
        assert_eq!(hits(), 0);
        assert!(admit(&stats).is_none());
        assert_eq!(hits(), 1);
        tickets.pop();
        assert!(admit(&stats).is_some());
    }

    #[test]
    fn as_many_viewers_as_allowed_watch_and_one_more_is_refused_until_one_leaves() {
        check(|stats| stats.admit(3), "http.viewers");
    }

    #[test]
    fn as_many_viewers_by_hls_are_known_as_may_be_and_one_more_is_not() {
        check(|stats| stats.admit_by_hls(3), "hls.viewers");
    }
}
