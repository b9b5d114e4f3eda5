//! AMF0 from bytes.

use bytes::Bytes;

use super::{Object, Value, marker};
use crate::{
    DecodeError, Format, Limits, Table, Text,
    amf3::Core,
    budget::{TextKind, list, push},
};

/// Decodes all values of one message.
///
/// They share one budget, one table of AMF0 references and, over all markers 0x11, one set of AMF3
/// tables.
///
/// # Errors
/// The first error of the message; see [`DecodeError::fault`] for whose fault it is.
pub fn decode_all(input: Bytes, limits: &Limits) -> Result<Vec<Value>, DecodeError> {
    let mut decoder = Decoder::new(input, limits);
    let mut values = Vec::new();
    while let Some(value) = decoder.next()? {
        push(&mut values, value)?;
    }
    Ok(values)
}

/// Decodes the values of one message one by one.
#[derive(Clone, Debug)]
pub struct Decoder {
    core: Core,
    complex: usize,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// A decoder of one message body.
    pub fn new(message: Bytes, limits: &Limits) -> Self {
        Self {
            core: Core::new(message, limits),
            complex: 0,
            failed: None,
        }
    }

    /// The next value, or `None` at the end of the message.
    ///
    /// # Errors
    /// The message is not AMF0 or passes a limit. The decoder then stays failed and repeats the
    /// error.
    #[expect(
        clippy::should_implement_trait,
        reason = "fallible, ends with Ok(None)"
    )]
    pub fn next(&mut self) -> Result<Option<Value>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.core.reader.at_end(&TRAILER) {
            return Ok(None);
        }
        let value = self.core.budget.nodes(1).and_then(|()| self.value());
        value
            .map(Some)
            .inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// Bytes of the message that no value was read from yet.
    pub fn remaining(&self) -> usize {
        self.core.reader.remaining()
    }

    /// The bytes that no value was read from yet, shared with the message.
    pub fn into_rest(self) -> Bytes {
        self.core.reader.into_rest()
    }

    /// One value that is already paid for. Recursion ends at [`Limits::depth`].
    fn value(&mut self) -> Result<Value, DecodeError> {
        let reader = &mut self.core.reader;
        Ok(match reader.u8()? {
            marker::NUMBER => Value::Number(reader.f64()?),
            marker::BOOLEAN => Value::Boolean(reader.u8()? != 0),
            marker::STRING => Value::String(self.short_text()?),
            marker::OBJECT => Value::Object(self.members()?),
            marker::NULL => Value::Null,
            marker::UNDEFINED => Value::Undefined,
            marker::REFERENCE => self.reference()?,
            marker::ECMA_ARRAY => {
                // Only a hint: some writers put 0 or a wrong count.
                reader.u32()?;
                Value::EcmaArray(self.members()?)
            }
            marker::OBJECT_END => return Err(DecodeError::UnexpectedObjectEnd),
            marker::STRICT_ARRAY => Value::StrictArray(self.items()?),
            marker::DATE => Value::Date {
                ms: reader.f64()?,
                timezone: reader.i16()?,
            },
            marker::LONG_STRING => Value::String(self.long_text()?),
            marker::UNSUPPORTED => Value::Unsupported,
            marker::XML_DOCUMENT => Value::Xml(self.long_text()?),
            marker::TYPED_OBJECT => {
                let class = self.short_text()?;
                Value::TypedObject {
                    class,
                    members: self.members()?,
                }
            }
            marker::AVM_PLUS => Value::Avm(self.core.value()?),
            marker::INT64 => Value::Number(int64(reader.i64()?)),
            marker @ (marker::MOVIE_CLIP | marker::RECORD_SET) => {
                return Err(DecodeError::ReservedMarker { marker });
            }
            marker => {
                return Err(DecodeError::UnknownMarker {
                    format: Format::Amf0,
                    marker,
                });
            }
        })
    }

    fn reference(&mut self) -> Result<Value, DecodeError> {
        let index = self.core.reader.u16()?;
        if usize::from(index) < self.complex {
            return Ok(Value::Reference(index));
        }
        let (table, len) = (Table::Amf0Objects, self.complex);
        Err(DecodeError::BadReference {
            table,
            index: index.into(),
            len,
        })
    }

    /// Goes into an object or array, which takes its reference index before its content does.
    fn enter(&mut self) -> Result<(), DecodeError> {
        self.core.budget.enter()?;
        self.complex = self.complex.saturating_add(1);
        self.core.budget.references(self.complex)
    }

    fn members(&mut self) -> Result<Object, DecodeError> {
        self.enter()?;
        let mut members = Vec::new();
        // A few writers leave out the terminator at the very end of the message.
        while self.remaining() > 0 {
            let name = self.short_text()?;
            if name.is_empty() && self.core.reader.peek() == Some(marker::OBJECT_END) {
                self.core.reader.u8()?;
                break;
            }
            self.core.budget.elements(members.len().saturating_add(1))?;
            self.core.budget.nodes(1)?;
            push(&mut members, (name, self.value()?))?;
        }
        self.core.budget.leave();
        Ok(Object::from_members(members))
    }

    fn items(&mut self) -> Result<Vec<Value>, DecodeError> {
        let count = self.core.reader.u32()?;
        self.enter()?;
        let count = self.core.count(count, 1)?;
        self.core.budget.nodes(count)?;
        let mut items = list(count)?;
        for _ in 0..count {
            items.push(self.value()?);
        }
        self.core.budget.leave();
        Ok(items)
    }

    fn short_text(&mut self) -> Result<Text, DecodeError> {
        let len = self.core.reader.u16()?;
        self.core.text(len.into(), TextKind::Short)
    }

    fn long_text(&mut self) -> Result<Text, DecodeError> {
        let len = self.core.reader.u32()?;
        self.core.text(len, TextKind::Long)
    }
}

/// What older FLV writers put behind the last value. It begins like a number, which would need nine
/// bytes, so it can mean nothing else.
const TRAILER: [u8; 3] = [0, 0, marker::OBJECT_END];

#[expect(
    clippy::cast_precision_loss,
    reason = "a double is all that AMF0 and its users have"
)]
const fn int64(number: i64) -> f64 {
    number as f64
}
