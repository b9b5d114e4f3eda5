//! One AMF0 value.

use bytes::Bytes;

use super::Object;
use crate::{Text, amf3};

/// One AMF0 value.
///
/// A decoded value is never nested deeper than [`Limits::depth`](crate::Limits::depth), so dropping
/// and printing it need a bounded stack. A value built by hand is as deep as its builder made it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A double. NaN and infinities are legal on the wire [AMF0 2.2].
    Number(f64),
    /// A boolean; any byte but 0 is true [AMF0 2.3].
    Boolean(bool),
    /// A string; above 65,535 bytes it is written as a long string [AMF0 2.4, 2.14].
    String(Text),
    /// An anonymous object [AMF0 2.5].
    Object(Object),
    /// Null [AMF0 2.7].
    #[default]
    Null,
    /// Undefined; also a hole of a strict array [AMF0 2.8, 2.12].
    Undefined,
    /// The complex value (object, typed object, ECMA or strict array) with this index, counted from
    /// 0 in order of their markers through the whole message. It is never expanded, and it has its
    /// meaning only among the values it was decoded with [AMF0 2.9].
    Reference(u16),
    /// An associative array. Its count is a hint on the wire and is not kept [AMF0 2.10].
    EcmaArray(Object),
    /// An array of values without gaps [AMF0 2.12].
    StrictArray(Vec<Self>),
    /// A date [AMF0 2.13].
    Date {
        /// Milliseconds since 1970-01-01 UTC.
        ms: f64,
        /// Reserved: should be 0 and be ignored.
        timezone: i16,
    },
    /// A value that its sender could not express [AMF0 2.15].
    Unsupported,
    /// An XML document as text, never parsed [AMF0 2.17].
    Xml(Text),
    /// An object of a named class. The name is data and selects nothing here [AMF0 2.18].
    TypedObject {
        /// The class alias.
        class: Text,
        /// The members.
        members: Object,
    },
    /// One AMF3 value [AMF0 3.1].
    Avm(amf3::Value),
}

impl Value {
    /// The number, also of an AMF3 integer or double.
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Avm(value) => value.as_number(),
            _ => None,
        }
    }

    /// The number without its fraction, when it is in the range of `u32`: for ids, counts and
    /// durations. NaN, infinities, negative and larger numbers give nothing.
    pub const fn as_u32(&self) -> Option<u32> {
        match self.as_number() {
            Some(number) if number >= 0.0 && number < 4_294_967_296.0 => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "the guard leaves 0 ≤ number < 2^32"
                )]
                let whole = number as u32;
                Some(whole)
            }
            _ => None,
        }
    }

    /// The boolean, also of AMF3.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            Self::Avm(value) => value.as_bool(),
            _ => None,
        }
    }

    /// The string, also of AMF3; not XML.
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Self::String(text) => Some(text),
            Self::Avm(value) => value.as_text(),
            _ => None,
        }
    }

    /// The string as a slice, also of AMF3; not XML.
    pub fn as_str(&self) -> Option<&str> {
        self.as_text().map(Text::as_str)
    }

    /// The members of an object, a typed object or an ECMA array.
    pub const fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(members)
            | Self::EcmaArray(members)
            | Self::TypedObject { members, .. } => Some(members),
            _ => None,
        }
    }

    /// Whether it takes an index in the reference table [AMF0 2.9].
    const fn is_complex(&self) -> bool {
        self.as_object().is_some() || matches!(self, Self::StrictArray(_))
    }

    /// The items of a strict array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::StrictArray(items) => Some(items),
            _ => None,
        }
    }

    /// This value and all in it, in the order of the wire, without those inside AMF3 values.
    pub fn descendants(&self) -> Descendants<'_> {
        Descendants { open: vec![self] }
    }

    /// Whether there is a reference in it, AMF3 included. Such a value makes sense only together
    /// with the values it was decoded with.
    pub fn has_references(&self) -> bool {
        self.descendants().any(|value| match value {
            Self::Reference(_) => true,
            Self::Avm(value) => value.has_references(),
            _ => false,
        })
    }

    /// Whether it is null or undefined, also of AMF3: what stands for "no command object".
    pub const fn is_null(&self) -> bool {
        match self {
            Self::Null | Self::Undefined => true,
            Self::Avm(value) => value.is_null(),
            _ => false,
        }
    }
}

/// The value that a reference among `values` stands for; they are all the values of one message
/// from the first on. It may contain the reference itself.
pub fn resolve(values: &[Value], index: u16) -> Option<&Value> {
    values
        .iter()
        .flat_map(Value::descendants)
        .filter(|value| value.is_complex())
        .nth(index.into())
}

/// Iterates over a value and all in it; made by [`Value::descendants`].
#[derive(Clone, Debug)]
pub struct Descendants<'a> {
    open: Vec<&'a Value>,
}

impl<'a> Iterator for Descendants<'a> {
    type Item = &'a Value;

    fn next(&mut self) -> Option<&'a Value> {
        let value = self.open.pop()?;
        match value {
            Value::Object(members)
            | Value::EcmaArray(members)
            | Value::TypedObject { members, .. } => {
                self.open
                    .extend(members.iter().rev().map(|(_, value)| value));
            }
            Value::StrictArray(items) => self.open.extend(items.iter().rev()),
            _ => {}
        }
        Some(value)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::String(text)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl From<Vec<Self>> for Value {
    fn from(items: Vec<Self>) -> Self {
        Self::StrictArray(items)
    }
}

impl From<amf3::Value> for Value {
    fn from(value: amf3::Value) -> Self {
        Self::Avm(value)
    }
}

impl TryFrom<Bytes> for Value {
    type Error = std::str::Utf8Error;

    /// # Errors
    /// The bytes are not UTF-8.
    fn try_from(text: Bytes) -> Result<Self, Self::Error> {
        Text::try_from(text).map(Self::String)
    }
}
