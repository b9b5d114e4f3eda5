//! What whoever runs the server decides about recording.

use std::time::Duration;

use crate::limits::{
    RECORD_FILE_BYTES, RECORD_QUEUE_BYTES, RECORD_QUEUE_DURATION, RECORD_RESERVE_BYTES,
    RECORD_STREAM_BYTES, RECORD_SYNC, RECORD_WAIT, RECORDINGS,
};

/// How much of a small disk stays free at most.
pub(super) const RESERVE_PERCENT: u64 = 5;
/// Unless that is less than this, or a quarter of the disk, so that there is room for what ends a few recordings.
const RESERVE_LEAST: u64 = 16 * 1024 * 1024;

/// How recordings are made. The default loses at most 5 s of media when the power goes, and 1 s when the process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingConfig {
    /// Which streams are recorded.
    pub streams: RecordedStreams,
    /// How often what was written is made to outlast the loss of power.
    pub sync: SyncInterval,
    /// When what is received is handed to the operating system, from where it survives the end of the process. Default: at least
    /// each quarter of a second.
    pub flush: Flush,
    /// How much of the disk stays free. Default 1 GiB.
    pub reserve: Reserve,
    /// A recording that is so long goes on in a new file. Default 64 GiB.
    pub file_bytes: u64,
    /// All files of one stream together; a recording that comes to that ends. Default 1 TiB.
    pub stream_bytes: u64,
    /// What a disk that does not take it may keep in memory, of each stream. Default 32 MiB.
    pub queue_bytes: u64,
    /// The same by time. Default 30 s.
    pub queue_duration: Duration,
    /// How long a recording waits for an earlier one to the same file to be finished. Default 10 s.
    pub wait: Duration,
    /// Recordings at the same time. Default 500.
    pub recordings: usize,
}

impl Default for RecordingConfig {
    fn default() -> Self {
        Self {
            streams: RecordedStreams::OnRequest,
            sync: SyncInterval::default(),
            flush: Flush::default(),
            reserve: Reserve::default(),
            file_bytes: RECORD_FILE_BYTES,
            stream_bytes: RECORD_STREAM_BYTES,
            queue_bytes: RECORD_QUEUE_BYTES,
            queue_duration: RECORD_QUEUE_DURATION,
            wait: RECORD_WAIT,
            recordings: RECORDINGS,
        }
    }
}

/// Which streams are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordedStreams {
    /// Those whose publisher asks for it.
    #[default]
    OnRequest,
    /// Every stream that is published.
    All,
}

/// What the end of the process may cost of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Flush {
    /// A quarter of a second, in which messages wait to be written together.
    #[default]
    Gathered,
    /// Nothing that the thread which writes had come to: each message is written as soon as that is free.
    EachMessage,
}

/// How often a recording is made to outlast the loss of power.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncInterval {
    /// So often, which is what a loss of power costs at most besides the quarter of a second until something is written.
    Every(Duration),
    /// At the end alone. The operating system writes when it likes, after half a minute perhaps.
    Never,
}

impl Default for SyncInterval {
    fn default() -> Self {
        Self::Every(RECORD_SYNC)
    }
}

/// How much of a disk stays free: so many bytes, or 5 % of a disk where that is less; of disks below 320 MiB 16 MiB, or a quarter.
///
/// A recording stops when less is free, and goes on in a new file when twice as much is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reserve(u64);

impl Reserve {
    /// So many bytes.
    pub const fn of(bytes: u64) -> Self {
        Self(bytes)
    }

    /// How many.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// How many of a disk of `total` bytes: of a small one a share, which is a larger one of a tiny one.
    pub fn of_disk(self, total: u64) -> u64 {
        let share = (total / 100).saturating_mul(RESERVE_PERCENT);
        let least = RESERVE_LEAST.min(total / 4);
        self.0.min(share.max(least))
    }
}

impl Default for Reserve {
    fn default() -> Self {
        Self(RECORD_RESERVE_BYTES)
    }
}
