//! Limits of this crate, in one place. Each has a test at the limit and one past it.

mod shared_object;

use std::time::Duration;

pub use self::shared_object::*;

/// The most bytes the four parts of a stream key may have together (`stream.key`).
pub const KEY_BYTES: usize = 1024;

/// How many encoded forms a frame keeps (`stream.forms`). Players with the same chunk size share
/// one; more sizes than this are encoded anew each time.
pub const FORMS_PER_FRAME: usize = 4;

/// Frames of a cached group of pictures (`gop.frames`).
pub const GOP_FRAMES: u64 = 2_500;
/// Payload bytes of a cached group of pictures (`gop.bytes`).
pub const GOP_BYTES: u64 = 32 * 1024 * 1024;
/// Duration of a cached group of pictures, by arrival (`gop.duration`). A stream without a video
/// frame for as long counts as one without video.
pub const GOP_DURATION: Duration = Duration::from_secs(10);

/// Frames a reader may lag behind (`viewer.queue.frames`).
pub const LAG_FRAMES: u64 = 2_048;
/// Payload bytes a reader may lag behind (`viewer.queue.bytes`).
pub const LAG_BYTES: u64 = 8 * 1024 * 1024;
/// How long a reader may lag behind, by arrival (`viewer.queue.duration`).
pub const LAG_DURATION: Duration = Duration::from_secs(10);

/// Frames kept for new readers of a stream without video (`gop.tail.frames`).
pub const TAIL_FRAMES: u64 = 64;
/// Payload bytes kept for new readers of a stream without video (`gop.tail.bytes`).
pub const TAIL_BYTES: u64 = 1024 * 1024;
/// How much is kept for new readers of a stream without video (`gop.tail.duration`).
pub const TAIL_DURATION: Duration = Duration::from_secs(1);

/// Sequence headers kept for new readers (`stream.headers.frames`).
pub const HEADER_FRAMES: usize = 64;
/// Payload bytes of metadata and sequence headers kept for new readers (`stream.headers.bytes`).
pub const HEADER_BYTES: usize = 1024 * 1024;

/// How long audio and data may wait for video in the balanced mode (`latency.balanced`).
pub const BALANCED_DELAY: Duration = Duration::from_millis(35);
/// How long anything may wait in the throughput mode (`latency.throughput`).
pub const THROUGHPUT_DELAY: Duration = Duration::from_millis(350);

/// Frames a reader takes out of the log at once.
pub(crate) const BATCH_FRAMES: usize = 16;
/// Payload bytes a reader takes out of the log at once, unless one frame has more.
pub(crate) const BATCH_BYTES: usize = 256 * 1024;

/// Key frames of several tracks at the same time count as one joining point when they come within
/// this many frames.
pub(crate) const GROUP_FRAMES: u64 = 64;

/// After how many frames the log looks again whether a slow reader has caught up.
pub(crate) const TRIM_INTERVAL: u64 = 32;

/// A bound by count, size and age, whichever is reached first. Exactly at the bound is within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How many frames.
    pub frames: u64,
    /// How many payload bytes.
    pub bytes: u64,
    /// From the arrival of the oldest frame to that of the newest.
    pub duration: Duration,
}

/// What one stream may hold in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The group of pictures kept for new readers: 2,500 frames, 32 MiB, 10 s.
    pub gop: Window,
    /// How far a reader may lag behind: 2,048 frames, 8 MiB, 10 s.
    pub lag: Window,
    /// What is kept for new readers of a stream without video: 64 frames, 1 MiB, 1 s.
    pub tail: Window,
    /// How many sequence headers are kept: 64.
    pub header_frames: usize,
    /// How many bytes of metadata and sequence headers are kept: 1 MiB.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            gop: Window {
                frames: GOP_FRAMES,
                bytes: GOP_BYTES,
                duration: GOP_DURATION,
            },
            lag: Window {
                frames: LAG_FRAMES,
                bytes: LAG_BYTES,
                duration: LAG_DURATION,
            },
            tail: Window {
                frames: TAIL_FRAMES,
                bytes: TAIL_BYTES,
                duration: TAIL_DURATION,
            },
            header_frames: HEADER_FRAMES,
            header_bytes: HEADER_BYTES,
        }
    }
}
