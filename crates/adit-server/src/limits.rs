//! Numbers that bound what one session may hold or how long it may take; each becomes a configuration key.

use std::time::Duration;

/// Bytes queued for a peer above which no more of its commands are answered until it reads (`session.reply_queue`).
///
/// A peer that sends commands and never reads the answers stops being read itself instead of filling memory.
pub(crate) const REPLY_QUEUE_BYTES: usize = 256 * 1024;

/// Bytes queued for a player below which more frames are taken from the log (`viewer.write_ahead`).
///
/// Frames wait in the shared log, not here; this only has to be enough for one well-filled write.
pub(crate) const WRITE_AHEAD_BYTES: usize = 128 * 1024;

/// Frames taken from the log in one turn, so that one player cannot keep the task to itself.
pub(crate) const FRAMES_PER_TURN: usize = 512;

/// Events handled in one turn.
pub(crate) const EVENTS_PER_TURN: usize = 256;

/// Reads from the carrier in one turn.
pub(crate) const READS_PER_TURN: usize = 16;

/// A peer that takes no byte for this long while bytes wait for it is gone (`viewer.stall`).
pub(crate) const WRITE_STALL: Duration = Duration::from_secs(10);

/// After its last byte was handed over, a carrier has this long to say goodbye (`session.goodbye`).
pub(crate) const GOODBYE: Duration = Duration::from_secs(5);

/// A server that is told to stop gives its sessions and connections so long to end by themselves (`server.drain`); less than the
/// 10 s that most supervisors wait before they kill.
pub(crate) const STOP_DRAIN: Duration = Duration::from_secs(8);
