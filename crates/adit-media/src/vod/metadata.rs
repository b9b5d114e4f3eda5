//! The `onMetaData` that a recording is announced with.

use std::time::Duration;

use adit_amf::amf0::{self, Object, Value};
use adit_amf::{Limits, Text};
use bytes::{Bytes, BytesMut};

use crate::data::ON_META_DATA;
use crate::limits::VOD_INDEX_ENTRIES;
use crate::points::Point;
use crate::{Frame, FrameKind, Timestamp};

/// The members of an `onMetaData` message, with the seek index of even a long file.
pub(crate) fn members(payload: &Bytes) -> Option<Object> {
    let mut limits = Limits::default();
    limits.elements = VOD_INDEX_ENTRIES;
    limits.nodes = VOD_INDEX_ENTRIES
        .saturating_mul(2)
        .saturating_add(limits.nodes);
    let values = amf0::decode_all(payload.clone(), &limits).ok()?;
    let [name, value] = values.as_slice() else {
        return None;
    };
    (name.as_str() == Some(ON_META_DATA) && !value.has_references())
        .then(|| value.as_object().cloned())
        .flatten()
}

/// `onMetaData` with these members and the true duration, at 0.
pub(crate) fn message(duration: Duration, members: Object) -> Option<Frame> {
    let seconds = (Text::from("duration"), Value::from(duration.as_secs_f64()));
    let others = members.into_iter().filter(|(name, _)| *name != "duration");
    let all: Object = std::iter::once(seconds).chain(others).collect();
    let mut out = BytesMut::new();
    let values = [Value::from(ON_META_DATA), Value::EcmaArray(all)];
    amf0::encode_all(&values, &mut out).ok()?;
    Some(Frame::classify(
        Timestamp::ZERO,
        FrameKind::Data,
        out.freeze(),
    ))
}

/// The seek index that metadata tells.
pub(crate) fn index(members: &Object) -> Option<Vec<Point>> {
    let keyframes = members.property("keyframes")?.as_object()?;
    let times = keyframes.property("times")?.as_array()?;
    let offsets = keyframes.property("filepositions")?.as_array()?;
    if times.is_empty() || times.len() != offsets.len() || times.len() > VOD_INDEX_ENTRIES {
        return None;
    }
    let points = times.iter().zip(offsets);
    points
        .map(|(time, offset)| {
            Some(Point {
                at: whole(time.as_number()? * 1000.0)?,
                offset: u64::try_from(whole(offset.as_number()?)?).ok()?,
            })
        })
        .collect()
}

/// The nearest whole number, if it is an exact one.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let number = number.round();
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole and less than 2^53"
    )]
    (number.abs() < EXACT).then_some(number as i64)
}
