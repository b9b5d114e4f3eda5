//! FLV files, byte by byte.
//!
//! ```text
//! "FLV" · version u8 · tracks u8 · data offset u32 · 0 u32          file header [FLV E.2]
//! ( type u8 · size u24 · time u24 · time's top byte u8 · stream u24  tag header  [FLV E.4.1]
//!   body[size] · 11 + size u32 )*
//! ```

mod headers;
mod input;
mod reader;
mod scan;
mod walk;
mod writer;

use bytes::Bytes;

pub(crate) use headers::Headers;
pub use reader::{FlvError, Next, Reader};
pub(crate) use scan::{Extent, Scan};
pub(crate) use walk::{Pointer, Step, TagHead, Walker};
pub use writer::{TagTooLong, encode_frame, encode_header, tag_head, tag_tail};

use crate::{Frame, FrameKind, Timestamp};

/// Bytes of a tag header.
pub const TAG_HEAD_BYTES: usize = 11;

/// The most bytes of a tag body, whose size has 24 bits.
pub(crate) const TAG_BODY_BYTES: usize = 0x00FF_FFFF;

const AUDIO: u8 = 8;
const VIDEO: u8 = 9;
const SCRIPT_AMF3: u8 = 15;
const SCRIPT: u8 = 18;
const HAS_AUDIO: u8 = 0x04;
const HAS_VIDEO: u8 = 0x01;
const FILTERED: u8 = 0x20;
const TYPE: u8 = 0x1F;

/// What an FLV file header says. It is often wrong (Q-157), so nothing is decided by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// The version, 1 in every file known.
    pub version: u8,
    /// Which tracks the file claims to have.
    pub tracks: FileTracks,
    /// Where the first back pointer begins, normally 9.
    pub data_offset: u32,
}

/// Which kinds of media a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileTracks {
    /// Audio and video.
    AudioVideo,
    /// Audio alone.
    Audio,
    /// Video alone.
    Video,
    /// Neither.
    Neither,
}

impl FileTracks {
    const fn from_flags(flags: u8) -> Self {
        match (flags & HAS_AUDIO != 0, flags & HAS_VIDEO != 0) {
            (true, true) => Self::AudioVideo,
            (true, false) => Self::Audio,
            (false, true) => Self::Video,
            (false, false) => Self::Neither,
        }
    }

    pub(crate) const fn flags(self) -> u8 {
        match self {
            Self::AudioVideo => HAS_AUDIO | HAS_VIDEO,
            Self::Audio => HAS_AUDIO,
            Self::Video => HAS_VIDEO,
            Self::Neither => 0,
        }
    }
}

/// The type of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TagKind {
    /// What RTMP carries as well: audio (8), video (9), script data in AMF0 (18).
    Frame(FrameKind),
    /// Any other type, such as script data in AMF3 (15).
    Other(u8),
}

impl TagKind {
    const fn from_bits(bits: u8) -> Self {
        match bits {
            AUDIO => Self::Frame(FrameKind::Audio),
            VIDEO => Self::Frame(FrameKind::Video),
            SCRIPT => Self::Frame(FrameKind::Data),
            other => Self::Other(other),
        }
    }

    /// Whether FLV has this type.
    pub(crate) const fn is_known(self) -> bool {
        matches!(self, Self::Frame(_) | Self::Other(SCRIPT_AMF3))
    }
}

/// One tag of an FLV file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Its type.
    pub kind: TagKind,
    /// Whether the body is encrypted or otherwise filtered [FLV F.3]. It passes through as it is.
    pub filtered: bool,
    /// When it is due. Time is read as 32 bits, so a negative time is a large one.
    pub at: Timestamp,
    /// The stream id, 0 in every file known.
    pub stream_id: u32,
    /// The body, which is the body of an RTMP message.
    pub payload: Bytes,
    /// Where the tag begins, in bytes from the start of the file.
    pub offset: u64,
}

impl Tag {
    /// The tag as a frame; `None` when RTMP has no such message or the body is filtered.
    pub fn into_frame(self) -> Option<Frame> {
        match self.kind {
            TagKind::Frame(kind) if !self.filtered => {
                Some(Frame::classify(self.at, kind, self.payload))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
