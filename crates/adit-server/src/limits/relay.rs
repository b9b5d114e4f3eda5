//! Numbers that bound a relay and what it keeps for a far side that is away.

use std::time::Duration;

/// Payload bytes kept for a far side that is away or slow (`relay.buffer.bytes`).
pub(crate) const BUFFER_BYTES: u64 = 32 * 1024 * 1024;
/// Frames kept for it (`relay.buffer.frames`).
pub(crate) const BUFFER_FRAMES: usize = 16_384;
/// How long ago the oldest frame that was not sent may have come, and a frame that is not acknowledged may have been sent
/// (`relay.buffer.duration`).
pub(crate) const BUFFER_DURATION: Duration = Duration::from_secs(30);

/// How often the far side is asked to acknowledge, in bytes: so much more is kept than without, and sent again after a break
/// (`relay.window`).
pub(crate) const WINDOW: u32 = 256 * 1024;
/// A far side that was sent more than so many bytes since its acknowledgements advanced (`relay.silence`): some acknowledge each
/// 2.5 MB, and what is between here and there may hold as much again.
pub(crate) const SILENCE_BYTES: u64 = 4 * 1024 * 1024;
/// … and still has not advanced so long after that, says nothing that counts (`relay.silence`).
pub(crate) const SILENCE_DURATION: Duration = Duration::from_secs(10);

/// Sequence headers kept for a new beginning (`relay.headers.frames`).
pub(crate) const HEADER_FRAMES: usize = 64;
/// Payload bytes of metadata and sequence headers kept for a new beginning (`relay.headers.bytes`).
pub(crate) const HEADER_BYTES: usize = 1024 * 1024;

/// Without a picture for so long a stream is one of sound, which can begin anywhere.
pub(crate) const PICTURES_GONE: Duration = Duration::from_secs(10);

/// The shortest pause before a connection is made again (`relay.retry.shortest`).
///
/// The longer a break has lasted the longer the pause, a third of it: what was broken for 20 s is found whole within 27 s, before
/// [`BUFFER_DURATION`] is over.
pub(crate) const RETRY_SHORTEST: Duration = Duration::from_secs(1);
/// The longest pause before a connection is made again (`relay.retry.longest`).
pub(crate) const RETRY_LONGEST: Duration = Duration::from_secs(15);
/// The pause where a stream may not be published here, because of its codec: only another far side or another configuration changes that
/// (`relay.retry.unwanted`).
pub(crate) const RETRY_UNWANTED: Duration = Duration::from_mins(5);
/// A connection that lasted for so long was a good one: after it the pauses begin anew (`relay.retry.settled`).
pub(crate) const SETTLED: Duration = Duration::from_secs(10);

/// How long refusals in a row are borne after a break: servers hold a name for up to a minute after they have lost its publisher
/// (`relay.refusals`).
pub(crate) const REFUSALS: Duration = Duration::from_secs(90);

/// A far side that takes no byte for this long while bytes wait for it is gone (`relay.stall`).
pub(crate) const STALL: Duration = Duration::from_secs(10);

/// How long what a far side sends at first is held where not every codec may be, until one of each kind was seen (`relay.held`).
pub(crate) const HELD_DURATION: Duration = Duration::from_secs(1);
/// Frames that are held (`relay.held`).
pub(crate) const HELD_FRAMES: usize = 256;
/// Payload bytes that are held, but for those of the last frame (`relay.held`).
pub(crate) const HELD_BYTES: usize = 1024 * 1024;

/// How long the rest of a stream that has ended may take to leave (`relay.drain`).
pub(crate) const DRAIN: Duration = Duration::from_secs(6);

/// How long a stream is still fetched after its last player has left (`relay.idle`).
pub(crate) const IDLE: Duration = Duration::from_secs(8);

/// How long a far side that asked for a new connection waits for the next key frame (`relay.move`).
pub(crate) const MOVE: Duration = Duration::from_secs(10);

/// Bytes that wait for a far side that is there, above which its local publisher waits too (`relay.pressure`).
pub(crate) const PRESSURE_ON: u64 = 1024 * 1024;
/// Bytes at which it goes on (`relay.pressure`).
pub(crate) const PRESSURE_OFF: u64 = 512 * 1024;

/// How long a local client waits for the first answer of the far side (`relay.ask`).
pub(crate) const ASK: Duration = Duration::from_secs(45);

/// News that wait for whoever takes them; those beyond are only in the log.
pub const NEWS: usize = 64;
