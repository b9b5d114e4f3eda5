//! The `onMetaData` of a recording.

use adit_amf::Limits;
use adit_amf::amf0::{self, Object, Value};
use bytes::{BufMut, Bytes, BytesMut};

use super::Patch;
use crate::data::ON_META_DATA;
use crate::limits::RECORD_INDEX_ENTRIES;
use crate::points::Point;

/// What metadata says about the file it came from, which is not this one.
const OF_A_FILE: [&str; 13] = [
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
    "reserved",
    "spacer",
];

/// Where the first tag begins, and its body.
const FIRST_TAG: u64 = 13;
const FIRST_BODY: u64 = FIRST_TAG + 11;
/// Where the file says what it is: the last letter of `onMetaData`, which is changed while the rest is.
const NAME_END: u64 = FIRST_BODY + 12;
/// Where the number of members is.
const COUNT: u64 = NAME_END + 2;
const DURATION: u64 = COUNT + 4 + 10 + 1;
const FILE_SIZE: u64 = DURATION + 8 + 10 + 1;
const LAST_TIME: u64 = FILE_SIZE + 8 + 15 + 1;
/// Where the room for the seek index begins.
const ROOM: u64 = LAST_TIME + 8;

/// What stands at the end of the name meanwhile.
const HIDDEN: u8 = b'-';

/// Numbers of the spacer in a room without an index: as many as an index of most entries needs.
const ROOM_NUMBERS: usize = FIXED_NUMBERS + 2 * RECORD_INDEX_ENTRIES;
/// So many of them are taken by what an index has besides its entries.
const FIXED_NUMBERS: usize = 4;
/// Members in front of those of the stream: three numbers and, in the room, always three.
const OWN_MEMBERS: u32 = 6;

/// Where the numbers about a file are in its first tag. A file that another program made may have them elsewhere, or not.
///
/// ```text
/// file header 13 · tag header 11 · "onMetaData" 13 · array head 5 · "duration" 10 · marker 1 · duration 8
///                                                    "filesize" 10 · marker 1 · file size 8
///                                               "lasttimestamp" 15 · marker 1 · seconds 8
///   "hasKeyframes" · "reserved" null, or "keyframes" { "times" [ … ], "filepositions" [ … ] } · "spacer" [ 0, … ]   18508
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    duration: Option<u64>,
    file_size: Option<u64>,
    last_time: Option<u64>,
    has_room: bool,
}

/// What is said about a file, in seconds and bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub(crate) duration: f64,
    pub(crate) file_size: u64,
    pub(crate) last_time: f64,
}

impl Places {
    /// Those of a file that is begun here.
    pub(crate) const OWN: Self = Self {
        duration: Some(DURATION),
        file_size: Some(FILE_SIZE),
        last_time: Some(LAST_TIME),
        has_room: true,
    };

    /// None.
    pub(crate) const NONE: Self = Self {
        duration: None,
        file_size: None,
        last_time: None,
        has_room: false,
    };

    /// Those in a file whose first tag begins at `tag` and has this body.
    pub(crate) fn find(tag: u64, body: &Bytes) -> Self {
        if tag == FIRST_TAG && is_own(body) {
            return Self::OWN;
        }
        let number = |name: &str| {
            let length = u8::try_from(name.len()).unwrap_or(0);
            let member = [&[0, length], name.as_bytes(), &[0]].concat();
            let at = body.windows(member.len()).position(|part| part == member)?;
            let at = at.checked_add(member.len())?;
            let has_number = body.len() >= at.checked_add(8)?;
            let offset = u64::try_from(at).ok()?.checked_add(tag)?.checked_add(11)?;
            has_number.then_some(offset)
        };
        Self {
            duration: number("duration"),
            file_size: number("filesize"),
            last_time: number("lasttimestamp"),
            has_room: false,
        }
    }

    /// What changes the numbers, at any time: each is written whole or not at all.
    pub(crate) fn numbers(&self, numbers: Numbers) -> Vec<Patch> {
        let patches = [
            (self.duration, numbers.duration),
            (self.file_size, float(numbers.file_size)),
            (self.last_time, numbers.last_time),
        ];
        let patches = patches.into_iter().filter_map(|(offset, number)| {
            let bytes = Bytes::copy_from_slice(&number.to_be_bytes());
            offset.map(|offset| Patch { offset, bytes })
        });
        patches.collect()
    }

    /// What writes the index, where there is room for it: to be done in this order. While it is half done the metadata
    /// has another name, so that a file that is left so opens too.
    pub(crate) fn index(&self, points: &[Point]) -> Vec<Patch> {
        if !self.has_room {
            return Vec::new();
        }
        let patch = |offset, bytes| Patch { offset, bytes };
        vec![
            patch(NAME_END, Bytes::from_static(&[HIDDEN])),
            patch(ROOM, room(points)),
            patch(NAME_END, Bytes::from_static(b"a")),
        ]
    }
}

/// Whether the body of the first tag is one that was written here, also if its index was written only in part.
fn is_own(body: &Bytes) -> bool {
    let own = first(None);
    let begin = |offset: u64| usize::try_from(offset.saturating_sub(FIRST_BODY)).unwrap_or(0);
    // Up to the value of `hasKeyframes`.
    let fixed = begin(ROOM).saturating_add(15);
    let alike = own.iter().zip(body).take(fixed).zip(FIRST_BODY..);
    let is_alike = |((own, found), offset)| own == found || is_variable(offset);
    if body.len() < own.len() || !alike.into_iter().all(is_alike) {
        return false;
    }
    match amf0::decode_all(body.clone(), &Limits::default()) {
        Ok(values) => values
            .get(1)
            .and_then(Value::as_object)
            .is_some_and(|members| {
                members
                    .iter()
                    .nth(5)
                    .is_some_and(|(name, _)| *name == "spacer")
            }),
        // Only what was being written cannot be read.
        Err(_) => body.get(begin(NAME_END)) == Some(&HIDDEN),
    }
}

/// Whether what is at `offset` of a file of ours may be anything.
fn is_variable(offset: u64) -> bool {
    let number = |begin: u64| (begin..begin.saturating_add(8)).contains(&offset);
    let count = (COUNT..COUNT.saturating_add(4)).contains(&offset);
    offset == NAME_END || count || number(DURATION) || number(FILE_SIZE) || number(LAST_TIME)
}

/// The room with these entries in it, as many as fit.
fn room(points: &[Point]) -> Bytes {
    let points = points.get(..RECORD_INDEX_ENTRIES).unwrap_or(points);
    let mut out = BytesMut::new();
    let mut left = ROOM_NUMBERS;
    out.put_slice(b"\x00\x0ChasKeyframes\x01");
    out.put_u8(u8::from(!points.is_empty()));
    if points.is_empty() {
        out.put_slice(b"\x00\x08reserved\x05");
    } else {
        out.put_slice(b"\x00\x09keyframes\x03\x00\x05times");
        numbers(points.iter().map(|point| seconds(point.at)), &mut out);
        out.put_slice(b"\x00\x0Dfilepositions");
        numbers(points.iter().map(|point| float(point.offset)), &mut out);
        out.put_slice(END);
        let taken = points.len().saturating_mul(2).saturating_add(FIXED_NUMBERS);
        left = left.saturating_sub(taken);
    }
    out.put_slice(b"\x00\x06spacer");
    numbers(std::iter::repeat_n(0.0, left), &mut out);
    out.freeze()
}

/// A strict array.
fn numbers(numbers: impl ExactSizeIterator<Item = f64>, out: &mut BytesMut) {
    out.put_u8(10);
    out.put_u32(u32::try_from(numbers.len()).unwrap_or(u32::MAX));
    for number in numbers {
        out.put_u8(0);
        out.put_f64(number);
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "AMF has no other numbers; up to 2^53 they are exact"
)]
pub(crate) const fn float(number: u64) -> f64 {
    number as f64
}

/// Milliseconds as seconds.
#[expect(
    clippy::cast_precision_loss,
    reason = "AMF has no other numbers; up to 2^53 they are exact"
)]
pub(crate) fn seconds(ms: i64) -> f64 {
    ms as f64 / 1000.0
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

/// The first message of the file: numbers to be patched, room for the index, then `members`.
pub(super) fn first(members: Option<&Object>) -> Bytes {
    let rest = members.and_then(encoded).unwrap_or_default();
    let count = members.filter(|_| !rest.is_empty()).map_or(0, Object::len);
    let mut out = BytesMut::new();
    out.put_slice(b"\x02\x00\x0AonMetaData\x08");
    out.put_u32(
        u32::try_from(count)
            .unwrap_or(0)
            .saturating_add(OWN_MEMBERS),
    );
    for name in [
        "\x00\x08duration\x00",
        "\x00\x08filesize\x00",
        "\x00\x0Dlasttimestamp\x00",
    ] {
        out.put_slice(name.as_bytes());
        out.put_f64(0.0);
    }
    out.put_slice(&room(&[]));
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
