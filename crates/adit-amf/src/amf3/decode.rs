//! AMF3 from bytes.

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Array, Dictionary, ExternalClass, Object, ObjectVector, Traits, Value, Vector, head, marker,
};
use crate::{
    DecodeError, Format, Limits, Table, Text,
    budget::{Budget, TextKind, list, push},
    reader::Reader,
};

/// Decodes all values of a body that is AMF3 from its first byte. Tables and budget are shared.
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

/// Decodes the values of a body that is AMF3 from its first byte, one by one.
#[derive(Clone, Debug)]
pub struct Decoder {
    core: Core,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// A decoder of one message body.
    pub fn new(message: Bytes, limits: &Limits) -> Self {
        Self {
            core: Core::new(message, limits),
            failed: None,
        }
    }

    /// The next value, or `None` at the end of the message.
    ///
    /// # Errors
    /// The message is not AMF3 or passes a limit. The decoder then stays failed and repeats the
    /// error.
    #[expect(
        clippy::should_implement_trait,
        reason = "fallible, ends with Ok(None)"
    )]
    pub fn next(&mut self) -> Result<Option<Value>, DecodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.remaining() == 0 {
            return Ok(None);
        }
        let value = self.core.budget.nodes(1).and_then(|()| self.core.value());
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
}

/// The message, its budget and its AMF3 tables; AMF0 decodes through it too.
#[derive(Clone, Debug)]
pub(crate) struct Core {
    pub(crate) reader: Reader,
    pub(crate) budget: Budget,
    strings: Vec<Text>,
    traits: Vec<Shape>,
    /// How many complex values have appeared. Their references are never followed, so that is all
    /// there is to know.
    objects: usize,
}

/// An entry of the traits table.
#[derive(Clone, Debug)]
enum Shape {
    Plain(Arc<Traits>),
    External(ExternalClass),
}

/// What the first number of a complex value says.
enum Head {
    Reference(Value),
    Inline(u32),
}

impl Core {
    pub(crate) fn new(message: Bytes, limits: &Limits) -> Self {
        Self {
            budget: Budget::new(limits, message.len()),
            reader: Reader::new(message),
            strings: Vec::new(),
            traits: Vec::new(),
            objects: 0,
        }
    }

    /// Checks an announced number of elements of at least `each` bytes against the message, then
    /// against the limit.
    pub(crate) fn count(&self, count: u32, each: usize) -> Result<usize, DecodeError> {
        let count = self.reader.fits(count, each)?;
        self.budget.elements(count)?;
        Ok(count)
    }

    /// Reads `len` bytes of text and pays for them.
    pub(crate) fn text(&mut self, len: u32, kind: TextKind) -> Result<Text, DecodeError> {
        let size = self.reader.fits(len, 1)?;
        self.budget.text(size, kind)?;
        self.reader.text(len)
    }

    /// One value that is already paid for. Recursion ends at [`Limits::depth`].
    pub(crate) fn value(&mut self) -> Result<Value, DecodeError> {
        Ok(match self.reader.u8()? {
            marker::UNDEFINED => Value::Undefined,
            marker::NULL => Value::Null,
            marker::FALSE => Value::Boolean(false),
            marker::TRUE => Value::Boolean(true),
            marker::INTEGER => Value::Integer(sign_extended(self.u29()?)),
            marker::DOUBLE => Value::Double(self.reader.f64()?),
            marker::STRING => Value::String(self.string(TextKind::Long)?),
            marker::OBJECT => self.object()?,
            marker => match self.head(marker)? {
                Head::Reference(reference) => reference,
                Head::Inline(number) => self.inline(marker, number)?,
            },
        })
    }

    /// A complex value other than an object, which has an index from here on.
    fn inline(&mut self, marker: u8, number: u32) -> Result<Value, DecodeError> {
        Ok(match marker {
            marker::XML_DOCUMENT => Value::XmlDocument(self.text(number, TextKind::Long)?),
            marker::XML => Value::Xml(self.text(number, TextKind::Long)?),
            marker::DATE => Value::Date(self.reader.f64()?),
            marker::BYTE_ARRAY => {
                let len = self.reader.fits(number, 1)?;
                self.budget.bytes(len)?;
                Value::ByteArray(self.reader.bytes(number)?)
            }
            marker::ARRAY => Value::Array(self.array(number)?),
            marker::VECTOR_INT => {
                Value::VectorInt(self.numbers(number, |reader| Ok(reader.u32()?.cast_signed()))?)
            }
            marker::VECTOR_UINT => Value::VectorUint(self.numbers(number, Reader::u32)?),
            marker::VECTOR_DOUBLE => Value::VectorDouble(self.numbers(number, Reader::f64)?),
            marker::VECTOR_OBJECT => Value::VectorObject(Box::new(self.object_vector(number)?)),
            _ => Value::Dictionary(self.dictionary(number)?),
        })
    }

    /// The first number of a complex value; an inline one enters the object table at once, before
    /// its content, which may refer to it.
    fn head(&mut self, marker: u8) -> Result<Head, DecodeError> {
        if !matches!(
            marker,
            marker::XML_DOCUMENT
                | marker::DATE
                | marker::ARRAY
                | marker::XML
                | marker::BYTE_ARRAY
                | marker::VECTOR_INT
                | marker::VECTOR_UINT
                | marker::VECTOR_DOUBLE
                | marker::VECTOR_OBJECT
                | marker::DICTIONARY
        ) {
            return Err(DecodeError::UnknownMarker {
                format: Format::Amf3,
                marker,
            });
        }
        let head = self.u29()?;
        if head & 1 == 0 {
            return Ok(Head::Reference(self.reference(head >> 1)?));
        }
        self.register()?;
        Ok(Head::Inline(head >> 1))
    }

    fn reference(&self, index: u32) -> Result<Value, DecodeError> {
        let len = self.objects;
        if usize::try_from(index).is_ok_and(|index| index < len) {
            return Ok(Value::Reference(index));
        }
        Err(DecodeError::BadReference {
            table: Table::Amf3Objects,
            index,
            len,
        })
    }

    fn register(&mut self) -> Result<(), DecodeError> {
        self.objects = self.objects.saturating_add(1);
        self.budget.references(self.objects)
    }

    /// [AMF3 1.3.1]; forms longer than needed are accepted.
    fn u29(&mut self) -> Result<u32, DecodeError> {
        let mut number = 0;
        for _ in 0..3 {
            let byte = u32::from(self.reader.u8()?);
            number = number << 7 | byte & 0x7f;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Ok(number << 8 | u32::from(self.reader.u8()?))
    }

    /// A string or a name, from the table or into it [AMF3 1.3.2].
    fn string(&mut self, kind: TextKind) -> Result<Text, DecodeError> {
        let head = self.u29()?;
        if head & 1 == 0 {
            let text = entry(&self.strings, head >> 1, Table::Amf3Strings)?.clone();
            self.budget.text(text.len(), kind)?;
            return Ok(text);
        }
        let text = self.text(head >> 1, kind)?;
        if !text.is_empty() {
            self.budget
                .references(self.strings.len().saturating_add(1))?;
            push(&mut self.strings, text.clone())?;
        }
        Ok(text)
    }

    fn object(&mut self) -> Result<Value, DecodeError> {
        let head = self.u29()?;
        if head & head::INLINE_OBJECT == 0 {
            return self.reference(head >> 1);
        }
        let shape = if head & head::INLINE_TRAITS == 0 {
            entry(&self.traits, head >> 2, Table::Amf3Traits)?.clone()
        } else {
            self.shape(head)?
        };
        self.register()?;
        self.budget.enter()?;
        let value = match shape {
            Shape::Plain(traits) => Value::Object(self.members(traits)?),
            Shape::External(class) => {
                self.budget.nodes(1)?;
                Value::External {
                    class,
                    value: Box::new(self.value()?),
                }
            }
        };
        self.budget.leave();
        Ok(value)
    }

    /// Inline traits, which enter their table.
    fn shape(&mut self, head: u32) -> Result<Shape, DecodeError> {
        let class = self.string(TextKind::Short)?;
        let shape = if head & head::EXTERNALIZABLE != 0 {
            Shape::External(external(&class)?)
        } else {
            let count = self.count(head >> 4, 1)?;
            self.budget.nodes(count)?;
            let mut sealed = list(count)?;
            for _ in 0..count {
                sealed.push(self.string(TextKind::Short)?);
            }
            Shape::Plain(Arc::new(Traits {
                class,
                dynamic: head & head::DYNAMIC != 0,
                sealed,
            }))
        };
        self.budget
            .references(self.traits.len().saturating_add(1))?;
        push(&mut self.traits, shape.clone())?;
        Ok(shape)
    }

    fn members(&mut self, traits: Arc<Traits>) -> Result<Object, DecodeError> {
        // The names count again for each object, as they would where it is written out in full.
        let names = traits
            .sealed
            .iter()
            .map(Text::len)
            .fold(0, usize::saturating_add);
        self.budget.bytes(names)?;
        let sealed = self.values(traits.sealed.len())?;
        let dynamic = if traits.dynamic {
            self.named()?
        } else {
            Vec::new()
        };
        Ok(Object::from_parts(traits, sealed, dynamic))
    }

    /// Names and values up to an empty name.
    fn named(&mut self) -> Result<Vec<(Text, Value)>, DecodeError> {
        let mut members = Vec::new();
        loop {
            let name = self.string(TextKind::Short)?;
            if name.is_empty() {
                return Ok(members);
            }
            self.budget.elements(members.len().saturating_add(1))?;
            self.budget.nodes(1)?;
            push(&mut members, (name, self.value()?))?;
        }
    }

    /// `count` values, which are checked against the rest of the message and paid for first.
    fn values(&mut self, count: usize) -> Result<Vec<Value>, DecodeError> {
        let count = self.count(u32::try_from(count).unwrap_or(u32::MAX), 1)?;
        self.budget.nodes(count)?;
        let mut values = list(count)?;
        for _ in 0..count {
            values.push(self.value()?);
        }
        Ok(values)
    }

    fn array(&mut self, count: u32) -> Result<Array, DecodeError> {
        let count = self.count(count, 1)?;
        self.budget.enter()?;
        let associative = self.named()?;
        let dense = self.values(count)?;
        self.budget.leave();
        Ok(Array { dense, associative })
    }

    fn numbers<T>(
        &mut self,
        count: u32,
        read: impl Fn(&mut Reader) -> Result<T, DecodeError>,
    ) -> Result<Vector<T>, DecodeError> {
        let fixed = self.reader.u8()? != 0;
        let count = self.count(count, size_of::<T>())?;
        self.budget.bytes(count.saturating_mul(size_of::<T>()))?;
        let mut items = list(count)?;
        for _ in 0..count {
            items.push(read(&mut self.reader)?);
        }
        Ok(Vector { fixed, items })
    }

    fn object_vector(&mut self, count: u32) -> Result<ObjectVector, DecodeError> {
        let count = self.count(count, 1)?;
        self.budget.enter()?;
        let fixed = self.reader.u8()? != 0;
        let class = self.string(TextKind::Short)?;
        let items = self.values(count)?;
        self.budget.leave();
        Ok(ObjectVector {
            class,
            fixed,
            items,
        })
    }

    fn dictionary(&mut self, count: u32) -> Result<Dictionary, DecodeError> {
        let weak_keys = self.reader.u8()? != 0;
        let count = self.count(count, 2)?;
        self.budget.enter()?;
        self.budget.nodes(count.saturating_mul(2))?;
        let mut entries = list(count)?;
        for _ in 0..count {
            entries.push((self.value()?, self.value()?));
        }
        self.budget.leave();
        Ok(Dictionary { weak_keys, entries })
    }
}

/// An integer has 29 bits, the highest of which is its sign [AMF3 3.6].
const fn sign_extended(number: u32) -> i32 {
    (number << 3).cast_signed() >> 3
}

fn entry<T>(entries: &[T], index: u32, table: Table) -> Result<&T, DecodeError> {
    let found = usize::try_from(index)
        .ok()
        .and_then(|index| entries.get(index));
    found.ok_or(DecodeError::BadReference {
        table,
        index,
        len: entries.len(),
    })
}

fn external(class: &Text) -> Result<ExternalClass, DecodeError> {
    /// Enough of a refused class name for a log line.
    const SHOWN: usize = 128;
    ExternalClass::from_name(class).ok_or_else(|| {
        let shown = class
            .get(..class.floor_char_boundary(SHOWN))
            .unwrap_or_default();
        DecodeError::UnknownExternalizable {
            class: shown.into(),
        }
    })
}
