//! The `onMetaData` of a recording.

use std::time::Duration;

use adit_amf::Limits;
use adit_amf::amf0::{self, Object, Value};
use bytes::{BufMut, Bytes, BytesMut};

use crate::data::ON_META_DATA;

/// What metadata says about the file it came from, which is not this one.
const OF_A_FILE: [&str; 11] = [
    "duration",
    "filesize",
    "datasize",
    "videosize",
    "audiosize",
    "lasttimestamp",
    "lastkeyframetimestamp",
    "lastkeyframelocation",
    "hasKeyframes",
    "keyframes",
    "canSeekToEnd",
];

/// Where the number of the duration is in the file:
///
/// ```text
/// file header 13 · tag header 11 · "onMetaData" 13 · array head 5 · "duration" 10 · marker 1 · duration 8
///                                                    "filesize" 10 · marker 1 · file size 8
/// ```
pub(super) const PATCH_OFFSET: u64 = 13 + 11 + 13 + 5 + 10 + 1;

const BETWEEN: &[u8] = b"\x00\x08filesize\x00";

/// What replaces both numbers.
pub(super) fn patch(duration: Duration, file_bytes: u64) -> Bytes {
    let mut out = BytesMut::new();
    numbers(duration.as_secs_f64(), file_bytes, &mut out);
    out.freeze()
}

#[expect(
    clippy::cast_precision_loss,
    reason = "AMF has no other numbers; file sizes up to 2^53 are exact"
)]
fn numbers(seconds: f64, file_bytes: u64, out: &mut BytesMut) {
    out.put_f64(seconds);
    out.put_slice(BETWEEN);
    out.put_f64(file_bytes as f64);
}

/// The members of an `onMetaData` message without those about a file; `None` if they cannot be read, or refer to each
/// other, so that none can be taken out.
pub(super) fn members(payload: &Bytes) -> Option<Object> {
    let values = amf0::decode_all(payload.clone(), &Limits::default()).ok()?;
    let [name, value] = values.as_slice() else {
        return None;
    };
    if name.as_str() != Some(ON_META_DATA) || value.has_references() {
        return None;
    }
    let mut members = value.as_object()?.clone();
    for name in OF_A_FILE {
        members.remove(name);
    }
    Some(members)
}

/// The first message of the file: duration and size to be patched, then `members`.
pub(super) fn first(members: Option<&Object>) -> Bytes {
    let rest = members.and_then(encoded).unwrap_or_default();
    let count = members.filter(|_| !rest.is_empty()).map_or(0, Object::len);
    let mut out = BytesMut::new();
    out.put_slice(b"\x02\x00\x0AonMetaData\x08");
    out.put_u32(u32::try_from(count).unwrap_or(0).saturating_add(2));
    out.put_slice(b"\x00\x08duration\x00");
    numbers(0.0, 0, &mut out);
    out.put_slice(&rest);
    out.put_slice(END);
    out.freeze()
}

/// A later message of the file.
pub(super) fn later(members: &Object) -> Option<Bytes> {
    let mut out = BytesMut::new();
    let values = [Value::from(ON_META_DATA), Value::EcmaArray(members.clone())];
    amf0::encode_all(&values, &mut out).ok()?;
    Some(out.freeze())
}

/// What ends an object.
const END: &[u8] = &[0, 0, 9];

/// The members as they stand inside an object.
fn encoded(members: &Object) -> Option<Bytes> {
    let mut out = BytesMut::new();
    amf0::encode_all(&[Value::Object(members.clone())], &mut out).ok()?;
    let bytes = out.freeze();
    // Without the marker of the object and its end.
    let inside = bytes.get(1..)?.strip_suffix(END)?;
    Some(bytes.slice_ref(inside))
}
