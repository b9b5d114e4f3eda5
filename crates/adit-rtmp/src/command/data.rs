//! Data messages: which of them are media, and AMF3 written as AMF0.

use adit_amf::{
    Limits, Text,
    amf0::{self, Decoder, Object, Value},
    amf3,
};
use bytes::{Bytes, BytesMut};

use super::invocation::without_selector;
use crate::message::MessageKind;

/// What a data message means, types 18 and 15 [RTMP 7.1.2].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataMessage {
    /// A handler name and its values, as AMF0, to be passed on; `@setDataFrame` is taken off.
    Event(Bytes),
    /// `@clearDataFrame`: the data that was set under this name is to be forgotten.
    Clear(Text),
    /// It does not begin with a handler name: ffmpeg's time code track sends four bytes that mean
    /// nothing to any player.
    Meaningless,
}

/// The first value of a message that sets data for the players to come.
const SET: &[u8] = b"@setDataFrame";
/// The first value of a message that withdraws it.
const CLEAR: &[u8] = b"@clearDataFrame";
/// The marker of a short string, and of a value in AMF3.
const STRING: u8 = 0x02;
const AVM_PLUS: u8 = 0x11;

impl DataMessage {
    /// Reads the body of a data message.
    ///
    /// An AMF0 body is not decoded: it is passed on as it came, whatever is in it. Values in AMF3
    /// are written again as AMF0, because most players read nothing else; a value for which
    /// that is impossible stays as it is.
    pub fn parse(kind: MessageKind, body: Bytes, limits: &Limits) -> Self {
        let body = without_selector(kind, body);
        let Some(first) = leading_string(&body) else {
            return match body.first() {
                Some(&AVM_PLUS) => Self::from_amf3(body, limits),
                _ => Self::Meaningless,
            };
        };
        let after = skip_string(&body, first.len());
        let directive = match first {
            SET => Directive::Set,
            CLEAR => Directive::Clear,
            _ => Directive::None,
        };
        let event = if directive == Directive::None {
            body.clone()
        } else {
            after.clone()
        };
        let has_amf3 = event.first() == Some(&AVM_PLUS)
            || leading_string(&event)
                .is_some_and(|name| skip_string(&event, name.len()).first() == Some(&AVM_PLUS));
        match directive {
            Directive::Clear => Self::cleared(after, limits),
            _ if has_amf3 => Self::from_amf3(event, limits),
            _ if leading_string(&event).is_some() => Self::Event(event),
            _ => Self::Meaningless,
        }
    }

    /// Reads a body that begins with a string in AMF3, or has one after its first string.
    fn from_amf3(body: Bytes, limits: &Limits) -> Self {
        let Ok(values) = amf0::decode_all(body.clone(), limits) else {
            // What cannot be decoded is still somebody's data, if its handler can be read.
            return if leading_string(&body).is_some() {
                Self::Event(body)
            } else {
                Self::Meaningless
            };
        };
        let mut values = downgraded(values);
        match values.first().and_then(Value::as_str) {
            Some("@setDataFrame") => {
                values.remove(0);
            }
            Some("@clearDataFrame") => {
                return values
                    .get(1)
                    .and_then(Value::as_text)
                    .map_or(Self::Meaningless, |name| Self::Clear(name.detached()));
            }
            _ => {}
        }
        if values.first().and_then(Value::as_text).is_none() {
            return Self::Meaningless;
        }
        let mut out = BytesMut::with_capacity(body.len());
        match amf0::encode_all(&values, &mut out) {
            Ok(()) => Self::Event(out.freeze()),
            Err(_) => Self::Meaningless,
        }
    }

    fn cleared(name: Bytes, limits: &Limits) -> Self {
        let name = Decoder::new(name, limits).next().ok().flatten();
        name.as_ref()
            .and_then(Value::as_text)
            .map_or(Self::Meaningless, |name| Self::Clear(name.detached()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Set,
    Clear,
    None,
}

/// The content of the AMF0 short string at the beginning, if there is a whole one.
fn leading_string(body: &[u8]) -> Option<&[u8]> {
    match body {
        [STRING, high, low, rest @ ..] => {
            rest.get(..usize::from(u16::from_be_bytes([*high, *low])))
        }
        _ => None,
    }
}

/// What follows a short string of `len` bytes that stands at the beginning of `body`.
fn skip_string(body: &Bytes, len: usize) -> Bytes {
    body.slice(len.saturating_add(3).min(body.len())..)
}

/// Values with their AMF3 parts written as AMF0, where that is possible.
///
/// References count the objects of a message, so a message that mixes AMF3 with objects of AMF0
/// is left alone.
pub(crate) fn downgraded(values: Vec<Value>) -> Vec<Value> {
    let complex = |value: &Value| {
        value.as_object().is_some()
            || value.as_array().is_some()
            || matches!(value, Value::Reference(_))
    };
    if values.iter().any(complex) {
        return values;
    }
    let downgrade = |value| match value {
        Value::Avm(inner) => amf0_value(&inner).unwrap_or(Value::Avm(inner)),
        other => other,
    };
    values.into_iter().map(downgrade).collect()
}

/// An AMF3 value as AMF0; `None` for byte arrays, references and maps with keys that are no strings.
///
/// Recursion ends at the depth that the decoder allowed.
pub(crate) fn amf0_value(value: &amf3::Value) -> Option<Value> {
    Some(match value {
        amf3::Value::Undefined => Value::Undefined,
        amf3::Value::Null => Value::Null,
        amf3::Value::Boolean(boolean) => Value::Boolean(*boolean),
        amf3::Value::Integer(number) => Value::Number(f64::from(*number)),
        amf3::Value::Double(number) => Value::Number(*number),
        amf3::Value::String(text) => Value::String(text.clone()),
        amf3::Value::XmlDocument(text) | amf3::Value::Xml(text) => Value::Xml(text.clone()),
        amf3::Value::Date(ms) => Value::Date {
            ms: *ms,
            timezone: 0,
        },
        amf3::Value::Array(array) => array_value(array)?,
        amf3::Value::Object(object) => Value::Object(members(object.iter())?),
        amf3::Value::External { value, .. } => amf0_value(value)?,
        amf3::Value::VectorInt(vector) => numbers(vector.items.iter().map(|&n| f64::from(n))),
        amf3::Value::VectorUint(vector) => numbers(vector.items.iter().map(|&n| f64::from(n))),
        amf3::Value::VectorDouble(vector) => numbers(vector.items.iter().copied()),
        amf3::Value::VectorObject(vector) => Value::StrictArray(items(&vector.items)?),
        _ => return None,
    })
}

/// A dense array stays an array; one with names becomes an associative one, positions as names.
fn array_value(array: &amf3::Array) -> Option<Value> {
    if array.associative.is_empty() {
        return Some(Value::StrictArray(items(&array.dense)?));
    }
    // Appended without a look for equal names, which for thousands of them would be a long one.
    let named = array
        .associative
        .iter()
        .map(|(name, value)| (name.clone(), value));
    let positions = (0_usize..).map(|position| Text::from(position.to_string()));
    let all = named.chain(positions.zip(&array.dense));
    let all: Option<Object> = all
        .map(|(name, value)| Some((name, amf0_value(value)?)))
        .collect();
    all.map(Value::EcmaArray)
}

fn items(values: &[amf3::Value]) -> Option<Vec<Value>> {
    values.iter().map(amf0_value).collect()
}

fn members<'a>(pairs: impl Iterator<Item = (&'a Text, &'a amf3::Value)>) -> Option<Object> {
    pairs
        .map(|(name, value)| Some((name.clone(), amf0_value(value)?)))
        .collect()
}

fn numbers(numbers: impl Iterator<Item = f64>) -> Value {
    Value::StrictArray(numbers.map(Value::Number).collect())
}
