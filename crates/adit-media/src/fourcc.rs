//! Codec names of four characters.

use std::fmt;

/// A codec by its four characters [E-RTMP v2 Enhanced Audio, Enhanced Video]. Unknown ones are
/// values like any other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FourCc(pub [u8; 4]);

impl FourCc {
    /// VP8.
    pub const VP8: Self = Self(*b"vp08");
    /// VP9.
    pub const VP9: Self = Self(*b"vp09");
    /// AV1.
    pub const AV1: Self = Self(*b"av01");
    /// H.264.
    pub const AVC: Self = Self(*b"avc1");
    /// H.265.
    pub const HEVC: Self = Self(*b"hvc1");
    /// H.266.
    pub const VVC: Self = Self(*b"vvc1");
    /// AC-3.
    pub const AC3: Self = Self(*b"ac-3");
    /// E-AC-3.
    pub const EAC3: Self = Self(*b"ec-3");
    /// Opus.
    pub const OPUS: Self = Self(*b"Opus");
    /// MP3.
    pub const MP3: Self = Self(*b".mp3");
    /// FLAC.
    pub const FLAC: Self = Self(*b"fLaC");
    /// AAC.
    pub const AAC: Self = Self(*b"mp4a");

    /// The number that `onMetaData` gives for this codec: the four bytes, big-endian.
    pub const fn as_u32(self) -> u32 {
        u32::from_be_bytes(self.0)
    }
}

impl fmt::Display for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for FourCc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FourCc({self})")
    }
}
