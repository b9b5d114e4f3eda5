//! Between the messages of a session and frames.

use adit_amf::Limits;
use adit_amf::amf0;
use adit_media::{Frame, FrameKind, Timestamp};
use adit_rtmp::command::Status;
use adit_rtmp::session::MediaKind;
use bytes::{Bytes, BytesMut};

/// A frame as the message that publishes it. Metadata gets the word before it that makes servers keep it.
pub(crate) fn to_message(frame: &Frame) -> (MediaKind, adit_rtmp::Timestamp, Bytes) {
    let at = adit_rtmp::Timestamp::from_ms(frame.at().ms());
    let payload = match frame.kind() {
        FrameKind::Audio | FrameKind::Video => frame.payload().clone(),
        FrameKind::Data => kept_data(frame.payload()),
    };
    (media_kind(frame.kind()), at, payload)
}

/// What a data message is.
#[derive(Debug, PartialEq)]
pub(crate) enum DataRole {
    /// Part of the stream.
    Media,
    /// News for the player (`onStatus`, `onPlayStatus`).
    Status(Status),
    /// What a Flash program may do with the picture (`|RtmpSampleAccess`): nothing to us, and no part of the stream.
    Permission,
}

impl DataRole {
    pub(crate) fn of(payload: &Bytes, limits: &Limits) -> Self {
        if payload.starts_with(SAMPLE_ACCESS) {
            return Self::Permission;
        }
        if !payload.starts_with(ON_STATUS) && !payload.starts_with(ON_PLAY_STATUS) {
            return Self::Media;
        }
        let values = amf0::decode_all(payload.clone(), limits).unwrap_or_default();
        let status = values.iter().skip(1).find_map(Status::from_value);
        status.map_or(Self::Media, Self::Status)
    }
}

/// A message as the frame that it carries.
pub(crate) fn to_frame(kind: MediaKind, at: adit_rtmp::Timestamp, payload: Bytes) -> Frame {
    Frame::classify(Timestamp::from_ms(at.ms()), frame_kind(kind), payload)
}

fn media_kind(kind: FrameKind) -> MediaKind {
    match kind {
        FrameKind::Audio => MediaKind::Audio,
        FrameKind::Video => MediaKind::Video,
        FrameKind::Data => MediaKind::Data,
    }
}

fn frame_kind(kind: MediaKind) -> FrameKind {
    match kind {
        MediaKind::Audio => FrameKind::Audio,
        MediaKind::Video => FrameKind::Video,
        MediaKind::Data => FrameKind::Data,
    }
}

fn kept_data(payload: &Bytes) -> Bytes {
    if !payload.starts_with(METADATA) {
        return payload.clone();
    }
    let mut out = BytesMut::with_capacity(SET.len() + payload.len());
    out.extend_from_slice(SET);
    out.extend_from_slice(payload);
    out.freeze()
}

/// `onMetaData` as an AMF0 string.
const METADATA: &[u8] = b"\x02\0\x0AonMetaData";
const SAMPLE_ACCESS: &[u8] = b"\x02\0\x11|RtmpSampleAccess";
const ON_STATUS: &[u8] = b"\x02\0\x08onStatus";
const ON_PLAY_STATUS: &[u8] = b"\x02\0\x0ConPlayStatus";
/// `@setDataFrame` as an AMF0 string.
const SET: &[u8] = b"\x02\0\x0D@setDataFrame";

#[cfg(test)]
mod tests;
