//! Every limit of the client side, with the configuration key it will have.

use std::time::Duration;

/// Queued bytes that are worth a send (`client.rtmpt.coalesce_bytes`): more than a message of sound, less than most frames.
pub const COALESCE_BYTES: usize = 1024;

/// The shortest time from one send to the next while fewer bytes than [`COALESCE_BYTES`] wait
/// (`client.rtmpt.coalesce_delay`). Bytes written after a longer silence, or after something came down, go at once.
///
/// It is a little more than the time from one frame to the next, so that sound rides along with the picture. If more bytes
/// wait, a quarter of it is enough; if they fill a send, nothing is waited for.
pub const COALESCE_DELAY: Duration = Duration::from_millis(35);

/// Longest body of a send to begin with (`client.rtmpt.send_bytes`).
pub const SEND_BYTES: usize = 32 * 1024;

/// Longest body of a send while more waits than one send holds (`client.rtmpt.send_bytes_max`), against servers that order.
///
/// One send per round trip is the speed limit upwards of one lane: 32 KiB at 40 ms is 6.5 Mbit/s, this is 52 Mbit/s.
pub const SEND_BYTES_MAX: usize = 256 * 1024;

/// Bytes of sends that may be under way together to begin with, against servers that order.
pub const IN_FLIGHT: usize = 64 * 1024;

/// The same after sends that were answered within [`GROW_WITHIN`] (`client.rtmpt.in_flight`). One alone may always be.
pub const IN_FLIGHT_MAX: usize = 1024 * 1024;

/// The same against other servers, whose own limits are unknown. FFmpeg's posts of 44 KB pass everywhere.
pub const SEND_BYTES_MAX_UNKNOWN: usize = 128 * 1024;

/// A send of so many bytes or fewer is not made smaller when it is refused with 413: then nothing passes.
pub const SEND_BYTES_MIN: usize = 512;

/// Sends, and what is under way together, grow only while replies take no more than a round trip and this. Replies that take
/// longer halve the latter. A middle that always takes a second is a long line, not a narrow one.
pub const GROW_WITHIN: Duration = Duration::from_secs(1);

/// Upstream bytes that may wait for a send (`client.rtmpt.queue_bytes`), beside the one under way.
pub const QUEUE_BYTES: usize = 512 * 1024;

/// Downstream bytes that may wait for the caller before nothing more is asked for (`client.rtmpt.received_bytes`).
///
/// Replies under way still come in, so at most [`WINDOW`] replies of [`REPLY_BODY`] bytes are held beyond it.
pub const RECEIVED_BYTES: usize = 1024 * 1024;

/// Replies that may wait for the caller, however short they are (`client.rtmpt.received_replies`): one of a byte keeps far more
/// than a byte in memory.
pub const RECEIVED_REPLIES: usize = crate::limits::RECEIVED_BODIES;

/// Longest body of a reply, poll byte included (`client.rtmpt.reply_bytes`): what our own server can be configured to.
pub const REPLY_BODY: usize = crate::limits::REPLY_BYTES_CEILING + 1;

/// Longest session id: FFmpeg's limit, which every server that FFmpeg can talk to keeps.
pub const SESSION_ID: usize = 62;

/// Numbers that may be open, counted from the oldest one whose reply is missing.
///
/// A server of ours keeps just so many replies for certain, so any missing one can still be asked for again.
pub const WINDOW: u64 = crate::limits::CACHED_ALWAYS as u64;

/// How often one number may be asked before the tunnel gives up: once, and once again on a fresh connection.
pub const ATTEMPTS: u32 = 2;

/// The shortest pause after an empty reply that was not held.
pub const POLL_FLOOR: Duration = Duration::from_millis(10);

/// The longest pause; no poll byte can ask for more.
pub const POLL_CAP: Duration = Duration::from_millis(4064);

/// An empty reply that took so long was held by the server, so the next idle need not wait.
///
/// A round trip longer than this looks the same; then there are five idles a second at most.
pub const HELD: Duration = Duration::from_millis(200);

/// Downstream data within so long counts as flowing: an idle is parked even while sends carry data home.
pub const FLOWING: Duration = Duration::from_secs(1);

/// Sends that follow each other within this carry downstream data as well as an idle would.
pub const SENDS_CARRY: Duration = Duration::from_millis(60);

/// So many sends in a row, each within [`SENDS_CARRY`] of the reply before, make idles superfluous.
pub const SENDS_IN_A_ROW: u32 = 8;

/// Idles parked together at most: as many as our server holds. One number of the [`WINDOW`] is left for a send, which releases
/// them all.
pub const IDLES: usize = crate::limits::HELD_IDLES;

/// While data flows, another idle is parked for each such part of a round trip.
pub const IDLE_EACH: Duration = Duration::from_millis(20);

/// From so many bytes in one reply on, as many idles are parked as may be: then the next bytes do not wait for a reply.
pub const BULK: usize = 32 * 1024;

/// How long to wait for something to be written after the session was opened before the first idle.
pub const FIRST_IDLE: Duration = Duration::from_millis(100);

/// How long `/fcs/ident2` may take (`client.rtmpt.ident2_timeout`).
pub const IDENT2_TIMEOUT: Duration = Duration::from_secs(2);

/// How long `/open/1` may take (`client.rtmpt.open_timeout`).
pub const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a request may go without any progress (`client.rtmpt.reply_timeout`).
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// The same for the first attempt against servers that order.
///
/// More than the longest hold of a server of ours ([`HOLD_MAX`](crate::limits::HOLD_MAX)), less than it waits for a number
/// that is missing ([`HOLE`](crate::limits::HOLE)).
pub const RETRY_AFTER: Duration = Duration::from_millis(4500);

/// The same for what is still missing once the end was heard in a later reply: it was answered before, and is not kept for long.
pub const RETRY_AFTER_END: Duration = Duration::from_secs(1);

/// How long a request may take with progress, however slow (`client.rtmpt.reply_longest`).
pub const REPLY_LONGEST: Duration = Duration::from_mins(1);

/// How long to wait before a request is repeated that a gateway answered with 502, 503 or the like.
pub const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// How long [`close`](crate::client::ClientTunnel::close) may take (`client.rtmpt.close_timeout`).
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
