//! Counters of the whole server: plain atomics, read on demand.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters that sessions add to; see [`ServerStats::snapshot`] for their meaning.
#[derive(Debug, Default)]
pub struct ServerStats {
    opened: AtomicU64,
    closed: AtomicU64,
    panicked: AtomicU64,
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    write_stalls: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatsSnapshot {
    /// Sessions ever started.
    pub opened: u64,
    /// Sessions ended, for whatever reason.
    pub closed: u64,
    /// Sessions ended by a defect of ours.
    pub panicked: u64,
    /// Bytes of RTMP received by ended sessions.
    pub received_bytes: u64,
    /// Bytes of RTMP sent by ended sessions.
    pub sent_bytes: u64,
    /// Sessions ended because the peer stopped reading (limit `viewer.stall`).
    pub write_stalls: u64,
}

impl ServerStats {
    /// All counters, each read on its own.
    pub fn snapshot(&self) -> StatsSnapshot {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        StatsSnapshot {
            opened: read(&self.opened),
            closed: read(&self.closed),
            panicked: read(&self.panicked),
            received_bytes: read(&self.received_bytes),
            sent_bytes: read(&self.sent_bytes),
            write_stalls: read(&self.write_stalls),
        }
    }

    pub(crate) fn session_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn session_closed(&self, received_bytes: u64, sent_bytes: u64) {
        self.closed.fetch_add(1, Ordering::Relaxed);
        self.received_bytes
            .fetch_add(received_bytes, Ordering::Relaxed);
        self.sent_bytes.fetch_add(sent_bytes, Ordering::Relaxed);
    }

    pub(crate) fn session_panicked(&self) {
        self.panicked.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn write_stalled(&self) {
        self.write_stalls.fetch_add(1, Ordering::Relaxed);
    }
}
