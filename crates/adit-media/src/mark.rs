//! How a message says in its first bytes how it is coded.

use crate::{FourCc, FrameKind, audio, video};

/// The bytes of a message that name its codec. Messages of one kind with equal marks are coded alike, so that who has looked at the first
/// of them need not look at the others.
///
/// ```text
///   legacy      codec id            [FLV E.4.2.1, E.4.3.1]
///   enhanced    0x80  FourCC        [E-RTMP v2 Enhanced Audio, Enhanced Video]
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CodecMark([u8; 5]);

impl CodecMark {
    /// The mark of a message; `None` where it is a list of tracks, has no codec, or says it behind something else: then its
    /// [header](crate::video::Header) tells.
    pub fn of(kind: FrameKind, payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let (is_enhanced, legacy, packet) = match kind {
            FrameKind::Video if first >> 4 & 7 == VIDEO_COMMAND => return None,
            FrameKind::Video => (first & 0x80 != 0, first & 0x0f, first & 0x0f),
            FrameKind::Audio => (first >> 4 == AUDIO_ENHANCED, first >> 4, first & 0x0f),
            FrameKind::Data => return None,
        };
        if !is_enhanced {
            return Some(Self([legacy, 0, 0, 0, 0]));
        }
        let is_direct = match kind {
            FrameKind::Video => packet != VIDEO_MULTITRACK && packet != MOD_EX,
            _ => packet != AUDIO_MULTITRACK && packet != MOD_EX,
        };
        let [a, b, c, d] = *payload.get(1..5)?.first_chunk()?;
        is_direct.then_some(Self([ENHANCED, a, b, c, d]))
    }

    /// The codec that the mark of a video message names, also where the rest of its header cannot be read.
    pub const fn video(self) -> video::Codec {
        match self.0 {
            [ENHANCED, name @ ..] => video::Codec::FourCc(FourCc(name)),
            [id, ..] => video::Codec::from_legacy(id),
        }
    }

    /// The same of an audio message.
    pub const fn audio(self) -> audio::Codec {
        match self.0 {
            [ENHANCED, name @ ..] => audio::Codec::FourCc(FourCc(name)),
            [id, ..] => audio::Codec::from_legacy(id),
        }
    }
}

/// Greater than every legacy id.
const ENHANCED: u8 = 0x80;
const VIDEO_COMMAND: u8 = 5;
const VIDEO_MULTITRACK: u8 = 6;
const AUDIO_ENHANCED: u8 = 9;
const AUDIO_MULTITRACK: u8 = 5;
const MOD_EX: u8 = 7;

#[cfg(test)]
mod tests;
