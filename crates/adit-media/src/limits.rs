//! Limits of this crate, in one place. Each has a test at the limit and one past it.

/// Tracks read from one multitrack message (`media.tracks`). Track ids have eight bits, so an
/// honest message has no more.
pub const TRACKS_PER_MESSAGE: usize = 256;

/// `ModEx` blocks read from one message (`media.modex`). One kind is defined; each takes part of
/// the message, so the limit only bounds work on a message that is nothing but blocks.
pub const MOD_EX_PER_MESSAGE: usize = 16;

/// The longest name of a data message that is looked at, in bytes (`media.data_name`). A longer
/// one is no name this server knows.
pub const DATA_NAME_BYTES: usize = 128;

/// The largest FLV tag body that a reader accepts by default, in bytes (`flv.tag`): the same as
/// the largest audio or video message.
pub const FLV_TAG_BYTES: u32 = 10 * 1024 * 1024;

/// The largest data offset of an FLV file header, in bytes (`flv.header`).
pub const FLV_HEADER_BYTES: u32 = 64 * 1024;

/// How much of a tag body is reserved before its bytes are there, in bytes (`flv.eager`). Past it
/// the buffer grows with what arrives, so a declared size alone costs nothing.
pub(crate) const FLV_EAGER_BYTES: usize = 64 * 1024;
