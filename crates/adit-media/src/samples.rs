//! Frames for tests, as small as can be.

use bytes::Bytes;

use crate::{Frame, FrameKind, Timestamp};

pub(crate) fn frame(kind: FrameKind, ms: u32, payload: &[u8]) -> Frame {
    let payload = Bytes::copy_from_slice(payload);
    Frame::classify(Timestamp::from_ms(ms), kind, payload)
}

/// A picture that needs others.
pub(crate) fn video(ms: u32) -> Frame {
    frame(FrameKind::Video, ms, b"\x27\x01\x00\x00\x00x")
}

pub(crate) fn key(ms: u32) -> Frame {
    frame(FrameKind::Video, ms, b"\x17\x01\x00\x00\x00x")
}

pub(crate) fn video_header(ms: u32) -> Frame {
    frame(FrameKind::Video, ms, b"\x17\x00\x00\x00\x00x")
}

pub(crate) fn audio(ms: u32) -> Frame {
    frame(FrameKind::Audio, ms, b"\xAF\x01x")
}

pub(crate) fn audio_header(ms: u32) -> Frame {
    frame(FrameKind::Audio, ms, b"\xAF\x00x")
}
