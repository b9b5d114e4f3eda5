//! Numbers that bound recording and the names of files.

use std::time::Duration;

/// Bytes between two slashes of the name of a file (`media.name`): what is added to it still fits in what file systems hold.
pub(crate) const MEDIA_NAME_BYTES: usize = 200;

/// Parts between slashes in application, instance and name together (`media.depth`).
pub(crate) const MEDIA_NAME_PARTS: usize = 8;

/// Recordings at the same time (`recording.streams`). Each has a thread that sleeps most of the time.
pub(crate) const RECORDINGS: usize = 500;

/// Payload bytes of one stream that wait for a slow disk (`recording.queue.bytes`).
pub(crate) const RECORD_QUEUE_BYTES: u64 = 32 * 1024 * 1024;

/// Payload bytes of all streams together that wait for a slow disk (`recording.queue.total_bytes`); each may have as many as are
/// written at once in any case.
pub(crate) const RECORD_QUEUES_BYTES: u64 = 512 * 1024 * 1024;

/// How long the oldest frame of one stream waits for a slow disk (`recording.queue.duration`).
pub(crate) const RECORD_QUEUE_DURATION: Duration = Duration::from_secs(30);

/// Frames of one stream that wait for a slow disk (`recording.queue.frames`).
pub(crate) const RECORD_QUEUE_FRAMES: usize = 16_384;

/// How long a frame waits for company before it is written (`recording.write`).
pub(crate) const RECORD_WRITE: Duration = Duration::from_millis(250);

/// Payload bytes that do not wait for company, and about as many as are written at once (`recording.write_bytes`).
pub(crate) const RECORD_WRITE_BYTES: u64 = 512 * 1024;

/// How often what was written is made to outlast the loss of power (`recording.sync`).
pub(crate) const RECORD_SYNC: Duration = Duration::from_secs(5);

/// Bytes of the disk that stay free, or 5 % where that is less (`recording.reserve`).
pub(crate) const RECORD_RESERVE_BYTES: u64 = 1024 * 1024 * 1024;

/// Files for which the disk keeps room, or 5 % of all that it can have where that is less (`recording.reserve_files`).
pub(crate) const RECORD_RESERVE_FILES: u64 = 1_000;

/// Bytes of one file; a recording that is longer goes on in another (`recording.file`).
pub(crate) const RECORD_FILE_BYTES: u64 = 64 * 1024 * 1024 * 1024;

/// How long a recording waits for an earlier one to the same file to be finished (`recording.wait`).
pub(crate) const RECORD_WAIT: Duration = Duration::from_secs(10);

/// The longest pause before a recording that could not go on is tried again (`recording.retry`).
pub(crate) const RECORD_RETRY: Duration = Duration::from_secs(30);

/// An unfinished file up to this size is looked at as a whole when it is repaired, and gets its seek index; of a longer one only
/// what is behind the last point known to be good is (`recording.repair`).
pub(crate) const RECORD_REPAIR_BYTES: u64 = 1024 * 1024 * 1024;

/// Recordings of one connection that are being finished while their end is still to be told (`recording.ending`).
pub(crate) const RECORDINGS_ENDING: usize = 8;

/// New files of one recording because codec or time of the stream change, in [`RECORD_TURNS_SPAN`] (`recording.turns`).
pub(crate) const RECORD_TURNS: u32 = 6;

/// The time over which [`RECORD_TURNS`] are counted (`recording.turns`).
pub(crate) const RECORD_TURNS_SPAN: Duration = Duration::from_mins(1);

/// Payload bytes of a new codec that wait for a key frame to begin a file with (`recording.held`).
pub(crate) const RECORD_HELD_BYTES: usize = 4 * 1024 * 1024;

/// Frames of a new codec that wait for a key frame (`recording.held`).
pub(crate) const RECORD_HELD_FRAMES: usize = 2_048;

/// Bytes of all files of one recording (`recording.stream`).
pub(crate) const RECORD_STREAM_BYTES: u64 = 1024 * 1024 * 1024 * 1024;

/// Gaps, and parts that were appended, which the sidecar of a recording lists (`recording.notes`).
pub(crate) const RECORD_NOTES: usize = 1_000;

/// Bytes of a sidecar, or of a mark, that are read; what [`RECORD_NOTES`] allows is shorter.
pub(crate) const RECORD_NOTES_BYTES: u64 = 1024 * 1024;

/// The longest pause between two publishers that `appendWithGap` keeps in the time of a recording, of a longer one so much
/// (`recording.append_gap`).
pub(crate) const RECORD_APPEND_GAP: Duration = Duration::from_hours(24);
