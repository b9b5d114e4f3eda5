//! Bodies of commands and data messages in both formats: types 20 and 18, 17 and 15.
//!
//! ```text
//! types 20, 18   AMF0 values
//! types 17, 15   selector u8 = 0, AMF0 values, the complex ones as marker 11 and AMF3
//! ```
//!
//! Writers disagree about the second line, and all of these are read: without the selector (Q-064),
//! with 3 in its place, and with AMF3 alone from the first value on (Q-110).

use adit_amf::{
    DecodeError, EncodeError, Limits,
    amf0::{self, Value},
    amf3, convert,
};
use bytes::{BufMut, Bytes, BytesMut};

use super::ObjectEncoding;
use crate::message::MessageKind;

/// The values of a body, one after the other.
pub(crate) enum Values {
    Amf0(amf0::Decoder),
    Amf3(amf3::Decoder),
}

/// The markers that the first value of a body, always a string, can begin with in AMF0 …
const STRING: u8 = 0x02;
const LONG_STRING: u8 = 0x0C;
const AVM_PLUS: u8 = 0x11;
/// … and in AMF3. There, 0 to 3 are values without content, and in AMF0 this is undefined.
const AMF3_STRING: u8 = 0x06;

impl Values {
    pub(crate) fn new(kind: MessageKind, body: Bytes, limits: &Limits) -> Self {
        let body = without_selector(kind, body);
        if is_amf3_alone(kind, &body) {
            Self::Amf3(amf3::Decoder::new(body, limits))
        } else {
            Self::Amf0(amf0::Decoder::new(body, limits))
        }
    }

    /// The next value, or nothing at the end of the body.
    pub(crate) fn next(&mut self) -> Result<Option<Value>, DecodeError> {
        match self {
            Self::Amf0(decoder) => decoder.next(),
            Self::Amf3(decoder) => Ok(decoder.next()?.map(Value::Avm)),
        }
    }
}

/// Whether a body without its selector has no AMF0 in it.
pub(super) fn is_amf3_alone(kind: MessageKind, body: &[u8]) -> bool {
    is_amf3(kind) && body.first() == Some(&AMF3_STRING)
}

/// Takes the selector byte off, if it is there.
pub(super) fn without_selector(kind: MessageKind, body: Bytes) -> Bytes {
    match body.get(..2) {
        Some([0 | 3, STRING | LONG_STRING | AVM_PLUS | AMF3_STRING]) if is_amf3(kind) => {
            body.slice(1..)
        }
        _ => body,
    }
}

const fn is_amf3(kind: MessageKind) -> bool {
    matches!(kind, MessageKind::CommandAmf3 | MessageKind::DataAmf3)
}

/// Writes the values of one message the way a connection of this encoding wants them: what it can
/// say exactly in its own format is said so, the rest stays as it is.
pub(crate) fn encode(
    encoding: ObjectEncoding,
    head: &[Value],
    values: &[Value],
) -> Result<Bytes, EncodeError> {
    let mut body = BytesMut::with_capacity(256);
    let values = match encoding {
        ObjectEncoding::Amf0 => convert::prefer_amf0(values),
        ObjectEncoding::Amf3 => {
            body.put_u8(0);
            convert::prefer_amf3(values)
        }
    };
    let mut encoder = amf0::Encoder::new(&mut body);
    for value in head.iter().chain(&*values) {
        encoder.value(value)?;
    }
    Ok(body.freeze())
}
