//! Limits on what a peer can make us do, in one place.

mod session;
mod shared_object;

pub use self::session::*;
pub use self::shared_object::*;

/// Longest audio, video or aggregate message in bytes (`msg.av`).
pub const MESSAGE_MEDIA: u32 = 10 * 1024 * 1024;
/// Longest data, command or shared object message, and longest of unknown type, in bytes (`msg.cmd`).
pub const MESSAGE_COMMAND: u32 = 1024 * 1024;
/// Longest message of any kind before `connect` is accepted, in bytes (`msg.preauth`).
pub const MESSAGE_BEFORE_CONNECT: u32 = 64 * 1024;
/// Longest user control message in bytes; the longest one known has 44 (`msg.user_control`).
pub const MESSAGE_USER_CONTROL: u32 = 64;
/// Bytes of unfinished messages on one connection (`partial.bytes`).
pub const PARTIAL_BYTES: u32 = 16 * 1024 * 1024;
/// The same before `connect` is accepted (`partial.bytes`, second value).
pub const PARTIAL_BYTES_BEFORE_CONNECT: u32 = 256 * 1024;
/// Chunk streams with a history on one connection (`csid.live`).
pub const CHUNK_STREAMS: u32 = 64;
/// Unfinished messages on one connection (`csid.partial`).
pub const PARTIAL_MESSAGES: u32 = 8;
/// Chunk headers a second on one connection (`chunk.headers`).
pub const CHUNK_HEADERS: u32 = 200_000;
/// Seconds in a row of more chunk headers than that after which the connection ends
/// (`chunk.headers_grace`).
pub const CHUNK_HEADERS_GRACE_S: u32 = 10;
/// Pieces of input that may wait in one chunk reader behind the first; more is a mistake of the caller.
pub const INPUT_PIECES: usize = 1024;
/// Messages of unknown type in a row that end the connection (`msg.unknown`).
pub const UNKNOWN_IN_A_ROW: u32 = 3;
/// Smallest window in bytes that we let a peer ask acknowledgements for (`ack.min`).
pub const ACK_WINDOW_MIN: u32 = 64 * 1024;
/// Messages in one aggregate (`agg.items`).
pub const AGGREGATE_ITEMS: u32 = 4096;

/// The limits of one [`ChunkReader`](crate::chunk::ChunkReader).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkLimits {
    /// Longest audio, video or aggregate message, bytes.
    pub message_media: u32,
    /// Longest message of any other kind, bytes.
    pub message_command: u32,
    /// Longest message before `connect` is accepted, bytes.
    pub message_before_connect: u32,
    /// Unfinished messages together, bytes.
    pub partial_bytes: u32,
    /// Unfinished messages together before `connect` is accepted, bytes.
    pub partial_bytes_before_connect: u32,
    /// Unfinished messages.
    pub partial_messages: u32,
    /// Chunk streams with a history.
    pub chunk_streams: u32,
    /// Chunk headers a second.
    pub chunk_headers: u32,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self {
            message_media: MESSAGE_MEDIA,
            message_command: MESSAGE_COMMAND,
            message_before_connect: MESSAGE_BEFORE_CONNECT,
            partial_bytes: PARTIAL_BYTES,
            partial_bytes_before_connect: PARTIAL_BYTES_BEFORE_CONNECT,
            partial_messages: PARTIAL_MESSAGES,
            chunk_streams: CHUNK_STREAMS,
            chunk_headers: CHUNK_HEADERS,
        }
    }
}
