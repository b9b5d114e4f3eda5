//! Writing FLV.

use bytes::{BufMut, BytesMut};

use super::{AUDIO, FileTracks, SCRIPT, TAG_HEAD_BYTES, VIDEO};
use crate::{Frame, FrameKind, Timestamp};

const FILE_HEADER_BYTES: u32 = 9;
const MAX_SIZE: u32 = 0x00FF_FFFF;

/// A frame does not fit an FLV tag, whose size has 24 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes do not fit a tag, 16777215 do")]
pub struct TagTooLong {
    /// The size of the frame's payload.
    pub bytes: usize,
}

/// Appends the file header and the first back pointer, 13 bytes in all.
///
/// Say the truth in `tracks`: of a live stream some players wait for a track that never comes
///
pub fn encode_header(tracks: FileTracks, out: &mut BytesMut) {
    out.put_slice(b"FLV\x01");
    out.put_u8(tracks.flags());
    out.put_u32(FILE_HEADER_BYTES);
    out.put_u32(0);
}

/// Appends a frame as a tag with its back pointer.
///
/// # Errors
/// [`TagTooLong`] when the payload has 16 MiB or more; nothing is written then.
pub fn encode_frame(frame: &Frame, out: &mut BytesMut) -> Result<(), TagTooLong> {
    let payload = frame.payload();
    let head = tag_head(frame.kind(), frame.at(), payload.len())?;
    let tail = tag_tail(payload.len())?;
    out.reserve(
        head.len()
            .saturating_add(payload.len())
            .saturating_add(tail.len()),
    );
    out.put_slice(&head);
    out.put_slice(payload);
    out.put_slice(&tail);
    Ok(())
}

/// The header of a tag, to be written before a payload that is not copied.
///
/// # Errors
/// [`TagTooLong`] when the payload has 16 MiB or more.
pub fn tag_head(
    kind: FrameKind,
    at: Timestamp,
    payload_bytes: usize,
) -> Result<[u8; TAG_HEAD_BYTES], TagTooLong> {
    let [_, s1, s2, s3] = size(payload_bytes)?.to_be_bytes();
    let [top, t1, t2, t3] = at.ms().to_be_bytes();
    let kind = match kind {
        FrameKind::Audio => AUDIO,
        FrameKind::Video => VIDEO,
        FrameKind::Data => SCRIPT,
    };
    Ok([kind, s1, s2, s3, t1, t2, t3, top, 0, 0, 0])
}

/// The back pointer after a tag: the size of header and payload.
///
/// # Errors
/// [`TagTooLong`] when the payload has 16 MiB or more.
pub fn tag_tail(payload_bytes: usize) -> Result<[u8; 4], TagTooLong> {
    let size = size(payload_bytes)?;
    Ok(size.saturating_add(11).to_be_bytes())
}

fn size(bytes: usize) -> Result<u32, TagTooLong> {
    u32::try_from(bytes)
        .ok()
        .filter(|size| *size <= MAX_SIZE)
        .ok_or(TagTooLong { bytes })
}
