//! What a coded message carries for MP4.

use bytes::Bytes;

use super::{Track, audio};
use crate::audio::PacketType as AudioPacket;
use crate::video::PacketType as VideoPacket;
use crate::{Frame, FrameKind};

/// One coded picture or packet of sound, out of its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// What goes into the file; shared with the message.
    pub payload: Bytes,
    /// Presentation time minus decoding time, in ticks of the track.
    pub composition: i32,
    /// How long it lasts, in ticks of the track; nothing with video, which does not say.
    pub duration: Option<u32>,
}

impl Access {
    /// What `frame`, a coded message of `track`, carries; `None` if it is none, or is empty. Of several tracks in one message it is
    /// the first.
    pub fn of(frame: &Frame, track: &Track) -> Option<Self> {
        if !frame.flags().is_coded() || frame.kind() != track.kind() {
            return None;
        }
        match frame.kind() {
            FrameKind::Video => picture(frame, track),
            FrameKind::Audio => packet(frame, track),
            FrameKind::Data => None,
        }
    }
}

fn picture(frame: &Frame, track: &Track) -> Option<Access> {
    let header = crate::video::Header::parse(frame.payload()).ok()?;
    if !matches!(
        header.packet_type,
        VideoPacket::CodedFrames | VideoPacket::CodedFramesX
    ) {
        return None;
    }
    let coded = header.tracks().find_map(Result::ok)?;
    let timescale = i64::from(track.timescale());
    let nanoseconds = i64::from(coded.composition_ms)
        .saturating_mul(1_000_000)
        .saturating_add(header.timestamp_offset_ns.into());
    let ticks = nanoseconds.saturating_mul(timescale) / 1_000_000_000;
    Some(Access {
        payload: part(frame, coded.body)?,
        composition: i32::try_from(ticks).unwrap_or(0),
        duration: None,
    })
}

fn packet(frame: &Frame, track: &Track) -> Option<Access> {
    let header = crate::audio::Header::parse(frame.payload()).ok()?;
    if header.packet_type != AudioPacket::CodedFrames {
        return None;
    }
    let coded = header.tracks().find_map(Result::ok)?;
    Some(Access {
        payload: part(frame, coded.body)?,
        composition: 0,
        duration: audio::duration(&track.entry, coded.body),
    })
}

fn part(frame: &Frame, body: &[u8]) -> Option<Bytes> {
    (!body.is_empty()).then(|| frame.payload().slice_ref(body))
}
