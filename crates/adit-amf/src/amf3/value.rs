//! One AMF3 value.

use bytes::Bytes;

use super::{Array, Dictionary, ExternalClass, Object, ObjectVector, Vector};
use crate::Text;

/// One AMF3 value.
///
/// A decoded value is never nested deeper than [`Limits::depth`](crate::Limits::depth), so dropping
/// and printing it need a bounded stack.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// Undefined [AMF3 3.2].
    Undefined,
    /// Null [AMF3 3.3].
    #[default]
    Null,
    /// False or true [AMF3 3.4, 3.5].
    Boolean(bool),
    /// An integer. Outside −2²⁸ … 2²⁸−1 it is written as a double [AMF3 3.6].
    Integer(i32),
    /// A double [AMF3 3.7].
    Double(f64),
    /// A string [AMF3 3.8].
    String(Text),
    /// An XML document of the old kind as text, never parsed [AMF3 3.9].
    XmlDocument(Text),
    /// Milliseconds since 1970-01-01 UTC [AMF3 3.10].
    Date(f64),
    /// An array with a dense and an associative part [AMF3 3.11].
    Array(Array),
    /// An object [AMF3 3.12].
    Object(Object),
    /// An externalizable object of a known class, which wraps one value [AMF3 3.12].
    External {
        /// The class.
        class: ExternalClass,
        /// What it wraps.
        value: Box<Self>,
    },
    /// XML as text, never parsed [AMF3 3.13].
    Xml(Text),
    /// Bytes [AMF3 3.14].
    ByteArray(Bytes),
    /// A vector of `int` [AMF3 3.15].
    VectorInt(Vector<i32>),
    /// A vector of `uint` [AMF3 3.15].
    VectorUint(Vector<u32>),
    /// A vector of `Number` [AMF3 3.15].
    VectorDouble(Vector<f64>),
    /// A vector of any other type [AMF3 3.15].
    VectorObject(Box<ObjectVector>),
    /// A map whose keys can be of any type [AMF3 3.16].
    Dictionary(Dictionary),
    /// The object, array, date, XML, byte array, vector or dictionary with this index, counted from
    /// 0 in order of appearance through the whole message. It is never expanded, and it has its
    /// meaning only among the values it was decoded with [AMF3 2.2].
    Reference(u32),
}

impl Value {
    /// The number of an integer or a double.
    pub const fn as_number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The boolean.
    pub const fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// The string; not XML.
    pub const fn as_text(&self) -> Option<&Text> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The string as a slice; not XML.
    pub fn as_str(&self) -> Option<&str> {
        self.as_text().map(Text::as_str)
    }

    /// Whether it is null or undefined.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null | Self::Undefined)
    }

    /// This value and all in it, in the order of the wire.
    pub fn descendants(&self) -> Descendants<'_> {
        Descendants { open: vec![self] }
    }

    /// Whether there is a reference in it. Such a value makes sense only together with the values
    /// it was decoded with.
    pub fn has_references(&self) -> bool {
        self.descendants()
            .any(|value| matches!(value, Self::Reference(_)))
    }

    /// Whether it takes an index in the object table [AMF3 2.2].
    pub(crate) const fn is_complex(&self) -> bool {
        !matches!(
            self,
            Self::Undefined
                | Self::Null
                | Self::Boolean(_)
                | Self::Integer(_)
                | Self::Double(_)
                | Self::String(_)
                | Self::Reference(_)
        )
    }

    /// The member of an object, also through an externalizable wrapper, or of the associative part
    /// of an array.
    pub fn property(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(object) => object.property(name),
            Self::Array(array) => array.property(name),
            Self::External { value, .. } => match &**value {
                Self::Object(object) => object.property(name),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The value that a reference among `values` stands for; they are all the AMF3 values of one message
/// from the first on. It may contain the reference itself.
pub fn resolve<'a>(values: impl IntoIterator<Item = &'a Value>, index: u32) -> Option<&'a Value> {
    let index = usize::try_from(index).ok()?;
    values
        .into_iter()
        .flat_map(Value::descendants)
        .filter(|value| value.is_complex())
        .nth(index)
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
            Value::Array(array) => {
                self.open.extend(array.dense.iter().rev());
                self.open
                    .extend(array.associative.iter().rev().map(|(_, value)| value));
            }
            Value::Object(object) => {
                self.open
                    .extend(object.dynamic().iter().rev().map(|(_, value)| value));
                self.open.extend(object.sealed().iter().rev());
            }
            Value::External { value, .. } => self.open.push(value),
            Value::VectorObject(vector) => self.open.extend(vector.items.iter().rev()),
            Value::Dictionary(dictionary) => {
                let entries = dictionary.entries.iter().rev();
                self.open
                    .extend(entries.flat_map(|(key, value)| [value, key]));
            }
            _ => {}
        }
        Some(value)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Self::Boolean(boolean)
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
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

impl From<Array> for Value {
    fn from(array: Array) -> Self {
        Self::Array(array)
    }
}

impl From<Bytes> for Value {
    fn from(bytes: Bytes) -> Self {
        Self::ByteArray(bytes)
    }
}
