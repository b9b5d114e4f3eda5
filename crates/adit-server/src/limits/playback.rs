//! Limits of playing files.

use std::time::Duration;

/// Files that are open to be played at one time; the next viewer is told so (`playback.files`).
pub(crate) const FILES_OPEN: usize = 1000;

/// Reads that run at one time; others wait for their turn (`playback.readers`).
///
/// Each occupies a thread for as long as the disk takes, so a disk that hangs costs at most so many.
pub(crate) const READERS: usize = 64;

/// Files that all clients of one IPv4 address or IPv6 /64 together have open to be played; loopback is exempt (`playback.share`).
pub(crate) const FILES_PER_ADDRESS: usize = FILES_OPEN / 4;

/// Reads of them at one time; others wait for their turn (`playback.share_readers`).
pub(crate) const READERS_PER_ADDRESS: usize = READERS / 4;

/// What is read ahead of what was sent to one viewer, in bytes; a frame that is longer alone comes on top (`playback.read_ahead`).
pub(crate) const READ_AHEAD_BYTES: usize = 512 * 1024;

/// The same in frames, for files of tiny ones (`playback.read_ahead`).
pub(crate) const READ_AHEAD_FRAMES: usize = 2048;

/// What stands on the playlist of one stream, counted from what plays on; as much again may wait behind live streams on all streams of
/// a connection (`playback.playlist`).
pub(crate) const PLAYLIST_ITEMS: usize = 256;

/// Requests of one connection for what is to be played next that wait for a decision of the application (`playback.requests`).
pub(crate) const NEXT_REQUESTS: usize = 64;

/// Files of which the log says that they cannot be played, or not to their end; each once (`log.doubtful_files`).
pub(crate) const DOUBTFUL_FILES: usize = 1000;

/// Lines in [`UNREADABLE_LINES_SPAN`] about files that the system does not let read; one line says how many more (`log.unreadable_files`).
pub(crate) const UNREADABLE_LINES: u32 = 5;

/// The time over which [`UNREADABLE_LINES`] are counted (`log.unreadable_files`).
pub(crate) const UNREADABLE_LINES_SPAN: Duration = Duration::from_mins(1);

/// Data messages that are told at once where a playlist asks for that; later ones come in their time (`playback.data_at_once`).
pub(crate) const DATA_MESSAGES: usize = 1000;

/// Bytes of a recording that are searched for them (`playback.data_at_once`).
pub(crate) const DATA_SEARCH_BYTES: usize = 64 * 1024 * 1024;

/// Message streams of one connection of which is remembered how much their player buffers and what it wants to receive (`playback.buffers`).
pub(crate) const WISHES: usize = 64;
