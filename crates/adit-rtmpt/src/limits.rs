//! Every limit of the tunnel, as a named constant with the configuration key it will have.
//!
//! Where the references disagree, the reason for the choice stands beside the number.

use std::time::Duration;

use crate::interval::PollByte;

/// Numbers ahead of the next expected one that may wait (`rtmpt.ahead`).
///
/// Proxies that pool connections can spread a pipelining client (librtmp pipelines without limit) over many of them, so four
/// or sixteen numbers are soon passed by an honest client. What costs memory is bytes, and those have their own limit.
pub const AHEAD: u64 = 32;

/// Bytes of bodies ahead of a hole, until the session is proven (`rtmpt.ahead_bytes_unproven`; see [`PROVEN_BYTES`]).
pub const AHEAD_BYTES_UNPROVEN: usize = 256 * 1024;

/// Bytes of bodies ahead of a hole afterwards (`rtmpt.ahead_bytes`): [`AHEAD`] posts of a publishing ffmpeg (44 KB each).
pub const AHEAD_BYTES: usize = 2 * 1024 * 1024;

/// Bytes that must have gone each way before the larger limits apply: one RTMP handshake (1 + 1536 + 1536).
///
/// The tunnel does not know RTMP; it only knows that a server which answers this much has accepted what it was told.
pub const PROVEN_BYTES: u64 = 3073;

/// How long a missing number may hold up those behind it (`rtmpt.hole`).
pub const HOLE: Duration = Duration::from_secs(5);

/// How long a number 1 that comes first waits for a number 0 (`rtmpt.first_grace`; Q-122).
pub const FIRST_GRACE: Duration = Duration::from_millis(250);

/// How long a request ahead of a hole stays unanswered before it gets an empty reply (`rtmpt.ahead_answer`).
///
/// A proxy that puts requests out of order on *one* connection waits for this reply before it forwards the missing number
///
pub const AHEAD_ANSWER: Duration = Duration::from_millis(500);

/// HTTP exchanges that may wait for the reply to one number, the request and its duplicates (`rtmpt.waiters`).
pub const WAITERS: usize = 4;

/// Body of `/open`, `/idle`, `/close`, `/fcs/…` (`rtmpt.body`).
pub const CONTROL_BODY: usize = 1024;

/// Body of `/send` until the session is proven (`rtmpt.send_body_unproven`).
pub const SEND_BODY_UNPROVEN: usize = 64 * 1024;

/// Body of `/send` afterwards (`rtmpt.send_body`).
pub const SEND_BODY: usize = 16 * 1024 * 1024;

/// Upstream bytes that may wait for the RTMP side before requests are no longer taken in (`rtmpt.received_bytes`).
pub const RECEIVED_BYTES: usize = 1024 * 1024;

/// Bodies of sends that may wait for the RTMP side, however short they are (`rtmpt.received_bodies`): a body of one byte
/// keeps far more than a byte in memory.
pub const RECEIVED_BODIES: usize = 1024;

/// Downstream bytes that may wait for a request (`rtmpt.queue_bytes`).
pub const QUEUE_BYTES: usize = 256 * 1024;

/// RTMP bytes in one reply (`rtmpt.reply_bytes`).
pub const REPLY_BYTES: usize = 64 * 1024;

/// RTMP bytes in one reply while one reply after the other is cut at its limit (`rtmpt.reply_bytes_max`).
///
/// One reply per round trip is the speed limit of a client with one request outstanding: 64 KiB at 200 ms is 2.6 Mbit/s. For one
/// that parks several idles half of it is the most.
pub const REPLY_BYTES_MAX: usize = 256 * 1024;

/// The longest reply that configuration can allow: 1 MiB.
pub const REPLY_BYTES_CEILING: usize = 1024 * 1024;

/// So long after a reply that was cut a held idle waits for a whole reply, at most [`BULK_DELAY`].
pub const BULK: Duration = Duration::from_millis(200);

/// How long that wait may be.
pub const BULK_DELAY: Duration = Duration::from_millis(5);

/// So long after the last reply that was cut replies stay as large as they have grown.
pub const LARGE_REPLIES: Duration = Duration::from_secs(2);

/// Replies kept for duplicates (`rtmpt.cached`).
pub const CACHED_REPLIES: usize = 32;

/// Bytes of replies kept for duplicates (`rtmpt.cached_bytes`), beyond the newest [`CACHED_ALWAYS`].
pub const CACHED_BYTES: usize = 256 * 1024;

/// The newest replies, kept however long they are: as many as Flash Player pipelines.
pub const CACHED_ALWAYS: usize = 5;

/// The poll byte while data flows (`rtmpt.poll_min`).
pub const POLL_MIN: PollByte = PollByte::NOW;

/// The poll byte of a client that has asked in vain for long (`rtmpt.poll_max`).
pub const POLL_MAX: PollByte = PollByte::HALF_SECOND;

/// How long an idle with nothing to give is held (`rtmpt.hold`): Flash Media Server's own default.
///
/// FFmpeg and librtmp ignore the poll byte, so this is what paces them: at most two empty replies a second.
pub const HOLD: Duration = Duration::from_millis(512);

/// Idles of one session that are held at a time (`rtmpt.held_idles`); one more releases the lowest.
///
/// One reply can carry what comes down while the next idle is on its way; on a long line that is a round trip for every reply.
/// With several held, each on a connection of its own, data waits for none.
pub const HELD_IDLES: usize = 4;

/// The shortest hold that configuration can ask for. rtmpdump asks 14,000 times a second if it is answered at once.
pub const HOLD_MIN: Duration = Duration::from_millis(20);

/// The longest hold that configuration can ask for: below the read time-outs of proxies.
pub const HOLD_MAX: Duration = Duration::from_secs(4);

/// How long a send may wait for the RTMP side to answer it, so that the answer rides on its reply (`rtmpt.send_grace`).
///
/// FFmpeg sleeps 50 ms before it asks again after an empty reply, so an answer that just misses its reply costs more
/// than the wait.
pub const SEND_GRACE: Duration = Duration::from_millis(20);

/// Sends in a row that waited in vain before sends are answered at once again.
pub const SEND_GRACE_MISSES: u32 = 3;

/// A session whose client has asked nothing for so long is stalled: nothing more is queued for it (`rtmpt.stalled`).
pub const STALLED: Duration = Duration::from_secs(4);

/// A session whose client has asked nothing for so long is over (`rtmpt.idle`).
pub const IDLE: Duration = Duration::from_mins(1);

/// How long the last bytes may wait to be fetched after the RTMP side closed (`rtmpt.drain`).
pub const DRAIN: Duration = Duration::from_secs(10);

/// No configured time is taken as longer than this, so that it can be added to any instant: a year, which is for ever.
pub const LONGEST: Duration = Duration::from_hours(365 * 24);

/// Sessions in all (`rtmpt.sessions`).
pub const SESSIONS: usize = 10_000;

/// Sessions of one network (`rtmpt.per_ip`): an IPv4 address or an IPv6 /64.
pub const SESSIONS_PER_NETWORK: usize = 64;

/// Sessions that are not proven yet (`rtmpt.pre_hs`).
pub const SESSIONS_UNPROVEN: usize = 1000;

/// Sessions one network may open in a second (`rtmpt.open_rate`), and the burst it may open at once.
pub const OPENS_PER_SECOND: u32 = 10;

/// Unknown ids one network may ask for in [`GUESS_WINDOW`] (`rtmpt.guesses`).
pub const GUESSES: u32 = 20;

/// The time over which [`GUESSES`] are counted (`rtmpt.guess_window`).
pub const GUESS_WINDOW: Duration = Duration::from_mins(1);

/// How long a network that guessed too often finds only sessions of its own (`rtmpt.guess_block`).
pub const GUESS_BLOCK: Duration = Duration::from_mins(1);

/// Networks whose guesses are counted (`rtmpt.guessers`).
pub const GUESSERS: usize = 16_384;

/// How long a closed session still answers 200 with the single byte 0x00 (`rtmpt.tombstone`).
pub const TOMBSTONE_ENDED: Duration = Duration::from_secs(10);

/// How long a closed session is remembered as gone (`rtmpt.tombstone_gone`).
pub const TOMBSTONE_GONE: Duration = Duration::from_mins(1);

/// Closed sessions that are remembered (`rtmpt.tombstones`); the oldest is forgotten first.
pub const TOMBSTONES: usize = 20_000;

/// Bytes of a request target that can be one of the tunnel's (`rtmpt.target`).
pub const TARGET: usize = 2048;
