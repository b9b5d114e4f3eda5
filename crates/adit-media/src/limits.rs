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

/// Entries of a seek index that is read from a file, and places in a recording that are remembered as such
/// (`vod.index`). Of a longer index nothing is taken; of more places every second one is forgotten.
pub const VOD_INDEX_ENTRIES: usize = 65_536;

/// Bytes of one sequence header that a recording keeps (`vod.header`). A longer one is a frame like others.
pub const VOD_HEADER_BYTES: u32 = 64 * 1024;

/// Sequence headers that a recording keeps (`vod.headers`): the first ones. Those behind are played where they are.
pub const VOD_HEADERS: usize = 64;

/// Bytes of the tables of an MP4 file, all together (`mp4.tables`): enough for twelve hours of 60 pictures a second.
pub const MP4_TABLE_BYTES: u64 = 64 * 1024 * 1024;

/// Boxes of an MP4 file that are looked at (`mp4.boxes`).
pub const MP4_BOXES: usize = 65_536;

/// Tracks of an MP4 file that are looked at (`mp4.tracks`).
pub const MP4_TRACKS: usize = 64;

/// The largest sample of an MP4 file, in bytes (`mp4.sample`): as large as a tag of FLV.
pub const MP4_SAMPLE_BYTES: u32 = FLV_TAG_BYTES;

/// Key frames in the seek index that a recording is given (`record.index`). Of more every second one is left out.
pub const RECORD_INDEX_ENTRIES: usize = 1024;

/// Findings of a verification that are listed (`verify.findings`). Others are counted.
pub const VERIFY_FINDINGS: usize = 100;
