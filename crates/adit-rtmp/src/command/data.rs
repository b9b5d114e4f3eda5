//! Data messages: which of them are media, and AMF3 written as AMF0.

use adit_amf::{
    Limits, Text,
    amf0::{self, Decoder, Object, Value},
    convert::{self, Fidelity},
};
use bytes::{Bytes, BytesMut};

use super::body::{Values, is_amf3_alone, without_selector};
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
/// What describes the stream, for players of every kind.
const METADATA: &str = "onMetaData";
/// The marker of a short string, and of a value in AMF3.
const STRING: u8 = 0x02;
const AVM_PLUS: u8 = 0x11;

impl DataMessage {
    /// Reads the body of a data message.
    ///
    /// An AMF0 body is not decoded: it is passed on as it came, whatever is in it. Values in AMF3
    /// are written again as AMF0, because most players read nothing else: what `onMetaData`
    /// says without classes and types, so that every player reads it, all other data only where
    /// nothing is lost. A value for which that is impossible stays as it is.
    pub fn parse(kind: MessageKind, body: Bytes, limits: &Limits) -> Self {
        let body = without_selector(kind, body);
        if is_amf3_alone(kind, &body) {
            return Self::from_amf3(kind, body, limits);
        }
        let Some(first) = leading_string(&body) else {
            return match body.first() {
                Some(&AVM_PLUS) => Self::from_amf3(kind, body, limits),
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
        match directive {
            Directive::Clear => Self::cleared(after, limits),
            _ if has_amf3(kind, &event) => Self::from_amf3(kind, event, limits),
            _ if leading_string(&event).is_some() => Self::Event(event),
            _ => Self::Meaningless,
        }
    }

    /// Reads a body that begins with a string in AMF3, or has AMF3 after its first string.
    fn from_amf3(kind: MessageKind, body: Bytes, limits: &Limits) -> Self {
        let mut decoder = Values::new(kind, body.clone(), limits);
        let mut values = Vec::new();
        loop {
            match decoder.next() {
                Ok(Some(value)) => values.push(value),
                Ok(None) => break,
                // What cannot be decoded is still somebody's data, if its handler can be read.
                Err(_) if leading_string(&body).is_some() => return Self::Event(body),
                Err(_) => return Self::Meaningless,
            }
        }
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
        let Some(handler) = values.first().and_then(Value::as_text).cloned() else {
            return Self::Meaningless;
        };
        let close = (handler == METADATA)
            .then(|| convert::to_amf0(&values, Fidelity::Close))
            .flatten();
        let mut values = close.unwrap_or_else(|| convert::prefer_amf0(&values).into_owned());
        if let Some(first) = values.first_mut() {
            *first = handler.into();
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

/// Whether a body has to be looked into. One of type 18 passes as it is unless its first value, or
/// the one after its first string, is in AMF3.
fn has_amf3(kind: MessageKind, event: &Bytes) -> bool {
    if kind == MessageKind::DataAmf3 {
        return event.contains(&AVM_PLUS);
    }
    event.first() == Some(&AVM_PLUS)
        || leading_string(event)
            .is_some_and(|name| skip_string(event, name.len()).first() == Some(&AVM_PLUS))
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

/// The members of an object in AMF3 that came alone, without types and classes.
pub(super) fn amf0_object(value: &Value) -> Option<Object> {
    let converted = convert::to_amf0(std::slice::from_ref(value), Fidelity::Close)?;
    match converted.into_iter().next()? {
        Value::Object(members) | Value::EcmaArray(members) => Some(members),
        _ => None,
    }
}
