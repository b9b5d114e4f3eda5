//! Counters of a stream and of a broker.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Plain counters, added to from anywhere. They live as long as the stream's entry in the broker.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) frames: Counter,
    pub(crate) bytes: Counter,
    pub(crate) skips: Counter,
    pub(crate) skipped_frames: Counter,
    pub(crate) gop_overflows: Counter,
    pub(crate) header_overflows: Counter,
}

impl Counters {
    /// Takes over the counts of a stream that is about to be forgotten.
    pub(crate) fn absorb(&self, stream: &Self) {
        let pairs = [
            (&self.frames, &stream.frames),
            (&self.bytes, &stream.bytes),
            (&self.skips, &stream.skips),
            (&self.skipped_frames, &stream.skipped_frames),
            (&self.gop_overflows, &stream.gop_overflows),
            (&self.header_overflows, &stream.header_overflows),
        ];
        for (sum, count) in pairs {
            sum.add(count.value());
        }
    }
}

/// One number that only grows.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// Adds one if `hit`.
    pub(crate) fn hit(&self, hit: bool) {
        if hit {
            self.add(1);
        }
    }

    pub(crate) fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The numbers of one stream at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StreamStats {
    /// Frames that came in.
    pub frames: u64,
    /// Payload bytes that came in.
    pub bytes: u64,
    /// When the newest frame of the running publication came.
    pub last_frame: Option<Instant>,
    /// How much later the newest key frame was due than the one before.
    pub key_interval: Option<Duration>,
    /// Frames held in memory.
    pub held_frames: u64,
    /// Payload bytes held in memory, without their encoded forms.
    pub held_bytes: u64,
    /// How often a reader was too far behind and jumped (limit `viewer.queue`).
    pub skips: u64,
    /// How many frames readers missed by that.
    pub skipped_frames: u64,
    /// How often a group of pictures grew past what is cached (limit `gop`).
    pub gop_overflows: u64,
    /// How often metadata or a sequence header was not kept for new readers (limit
    /// `stream.headers`).
    pub header_overflows: u64,
}

/// The numbers of a broker at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BrokerStats {
    /// Publications begun.
    pub publications: u64,
    /// Publications refused because the name was in use.
    pub refused: u64,
    /// Subscriptions begun.
    pub subscriptions: u64,
    /// Frames that came in, on all streams there ever were.
    pub frames: u64,
    /// Payload bytes that came in.
    pub bytes: u64,
    /// How often a reader was too far behind and jumped (limit `viewer.queue`).
    pub skips: u64,
    /// How many frames readers missed by that.
    pub skipped_frames: u64,
    /// How often a group of pictures grew past what is cached (limit `gop`).
    pub gop_overflows: u64,
    /// How often metadata or a sequence header was not kept for new readers (limit
    /// `stream.headers`).
    pub header_overflows: u64,
}

impl BrokerStats {
    /// How often each limit was hit, by its configuration key, for metrics.
    pub fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [
            ("viewer.queue", self.skips),
            ("gop", self.gop_overflows),
            ("stream.headers", self.header_overflows),
        ]
        .into_iter()
    }
}
