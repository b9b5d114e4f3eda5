//! The accounts of a connection, kept by its task, read by everybody.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::error::{Ended, StreamError};

/// The accounts of a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionStats {
    /// Bytes of RTMP received, the handshake included.
    pub received_bytes: u64,
    /// Bytes of RTMP made for the server, the handshake included.
    pub sent_bytes: u64,
    /// Of these, bytes that the network has not taken yet.
    pub queued_bytes: u64,
    /// The last round trip that a ping measured.
    pub round_trip: Option<Duration>,
}

/// What the task shares with connection and streams.
#[derive(Debug, Default)]
pub(super) struct Shared {
    received: AtomicU64,
    sent: AtomicU64,
    queued: AtomicU64,
    /// In microseconds; 0 while nothing was measured.
    round_trip: AtomicU64,
    ended: OnceLock<Ended>,
}

impl Shared {
    pub(super) fn stats(&self) -> ConnectionStats {
        let round_trip = self.round_trip.load(Ordering::Relaxed);
        ConnectionStats {
            received_bytes: self.received.load(Ordering::Relaxed),
            sent_bytes: self.sent.load(Ordering::Relaxed),
            queued_bytes: self.queued.load(Ordering::Relaxed),
            round_trip: (round_trip > 0).then(|| Duration::from_micros(round_trip)),
        }
    }

    pub(super) fn update(&self, stats: ConnectionStats) {
        self.received.store(stats.received_bytes, Ordering::Relaxed);
        self.sent.store(stats.sent_bytes, Ordering::Relaxed);
        self.queued.store(stats.queued_bytes, Ordering::Relaxed);
        if let Some(round_trip) = stats.round_trip {
            let micros = u64::try_from(round_trip.as_micros()).unwrap_or(u64::MAX);
            self.round_trip.store(micros.max(1), Ordering::Relaxed);
        }
    }

    pub(super) fn ended(&self) -> Option<&Ended> {
        self.ended.get()
    }

    /// The first reason counts.
    pub(super) fn end(&self, ended: Ended) {
        drop(self.ended.set(ended));
    }

    /// Why the task is gone.
    pub(super) fn gone(&self) -> StreamError {
        StreamError::Ended(self.ended().cloned().unwrap_or(Ended::Closed))
    }
}
