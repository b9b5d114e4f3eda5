//! The accounts of a connection, kept by its task, read by everybody.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio_util::task::task_tracker::TaskTrackerToken;

use super::error::{Ended, StreamError};
use crate::limits;

/// The accounts of a connection.
///
/// ```no_run
/// # fn show(connection: adit_client::NetConnection, given: u64) {
/// let stats = connection.stats();
/// println!("{} bytes wait here", stats.queued_bytes);
/// println!("{} frames may be lost if it breaks now", given - stats.acknowledged_frames);
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionStats {
    /// Bytes of RTMP received, the handshake included.
    pub received_bytes: u64,
    /// Bytes of RTMP made for the server, the handshake included.
    pub sent_bytes: u64,
    /// Of these, bytes that the network has not taken yet.
    pub queued_bytes: u64,
    /// Bytes of RTMP made for the server, counted from the first one on, that it has surely received.
    ///
    /// This is the server's word, in acknowledgements [RTMP 5.4.3]. It is never too much, but for a server that lies. It is
    /// late: servers are asked for an acknowledgement each [`ClientConfig::window`](adit_rtmp::session::ClientConfig::window)
    /// bytes, and some are more eager, some lazier, and some silent, so that it stays 0. Servers that leave out the handshake
    /// say 3,073 bytes too little, and those that do not count from the first byte on say still less.
    pub acknowledged_bytes: u64,
    /// Frames that the server has surely received, whole: so many of those given to [`NetStream::send`](super::NetStream::send),
    /// in the order in which the streams of this connection gave them. As late as `acknowledged_bytes`.
    pub acknowledged_frames: u64,
    /// The last round trip that a ping measured.
    pub round_trip: Option<Duration>,
}

/// What the task shares with connection and streams.
#[derive(Debug, Default)]
pub(super) struct Shared {
    received: AtomicU64,
    sent: AtomicU64,
    queued: AtomicU64,
    acknowledged: AtomicU64,
    acknowledged_frames: AtomicU64,
    /// In microseconds; 0 while nothing was measured.
    round_trip: AtomicU64,
    ended: OnceLock<Ended>,
    /// Given back when the task, the last one that holds this, is through.
    goodbye: OnceLock<TaskTrackerToken>,
}

impl Shared {
    pub(super) fn stats(&self) -> ConnectionStats {
        let round_trip = self.round_trip.load(Ordering::Relaxed);
        ConnectionStats {
            received_bytes: self.received.load(Ordering::Relaxed),
            sent_bytes: self.sent.load(Ordering::Relaxed),
            queued_bytes: self.queued.load(Ordering::Relaxed),
            acknowledged_bytes: self.acknowledged.load(Ordering::Relaxed),
            acknowledged_frames: self.acknowledged_frames.load(Ordering::Relaxed),
            round_trip: (round_trip > 0).then(|| Duration::from_micros(round_trip)),
        }
    }

    pub(super) fn update(&self, stats: ConnectionStats) {
        self.received.store(stats.received_bytes, Ordering::Relaxed);
        self.sent.store(stats.sent_bytes, Ordering::Relaxed);
        self.queued.store(stats.queued_bytes, Ordering::Relaxed);
        self.acknowledged
            .store(stats.acknowledged_bytes, Ordering::Relaxed);
        self.acknowledged_frames
            .store(stats.acknowledged_frames, Ordering::Relaxed);
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

    /// Makes the end of the task something that is waited for.
    pub(super) fn say_goodbye(&self, token: TaskTrackerToken) {
        drop(self.goodbye.set(token));
    }

    /// Why the task is gone.
    pub(super) fn gone(&self) -> StreamError {
        StreamError::Ended(self.ended().cloned().unwrap_or(Ended::Closed))
    }
}

/// Where frames end in what was made for the server, until it has acknowledged them.
#[derive(Debug, Default)]
pub(super) struct Marks {
    taken: u64,
    acknowledged: u64,
    /// Bytes made up to the end of a frame, and frames taken up to it; at most [`limits::MARKS`].
    ends: VecDeque<(u64, u64)>,
}

impl Marks {
    /// Notes that another frame was taken, after which so many bytes are made.
    pub(super) fn take(&mut self, sent_bytes: u64) {
        self.taken += 1;
        if self.ends.len() >= limits::MARKS {
            // The next ones tell of it too, when they are acknowledged.
            self.ends.pop_front();
        }
        self.ends.push_back((sent_bytes, self.taken));
    }

    /// The frames that so many acknowledged bytes hold.
    pub(super) fn acknowledged(&mut self, acknowledged_bytes: u64) -> u64 {
        while let Some((_, frames)) = self
            .ends
            .pop_front_if(|(bytes, _)| *bytes <= acknowledged_bytes)
        {
            self.acknowledged = frames;
        }
        self.acknowledged
    }
}

#[cfg(test)]
mod tests;
