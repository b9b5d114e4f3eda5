//! AMF3 to bytes.

use std::{collections::BTreeMap, sync::Arc};

use bytes::{BufMut, BytesMut};

use super::{
    Array, Dictionary, ExternalClass, Object, ObjectVector, Traits, U29_MAX, Value, head, marker,
};
use crate::{
    EncodeError, Table, Text,
    limits::{DEPTH_MAX, EXPANSION_FREE},
};

/// Appends all values as one body that is AMF3 from its first byte.
///
/// Decoded values that contain references must be encoded together and in their order.
///
/// # Errors
/// A value that AMF3 cannot express; `out` is then as it was.
pub fn encode_all(values: &[Value], out: &mut BytesMut) -> Result<(), EncodeError> {
    let start = out.len();
    let mut encoder = Encoder::new(out);
    let done = values.iter().try_for_each(|value| encoder.value(value));
    if done.is_err() {
        out.truncate(start);
    }
    done
}

/// Appends the values of one body that is AMF3 from its first byte, one by one.
#[derive(Debug)]
pub struct Encoder<'a> {
    core: EncodeCore<'a>,
    failed: Option<EncodeError>,
}

impl<'a> Encoder<'a> {
    /// An encoder of one message that appends to `out`.
    pub fn new(out: &'a mut BytesMut) -> Self {
        Self {
            core: EncodeCore::new(out),
            failed: None,
        }
    }

    /// Appends a value.
    ///
    /// # Errors
    /// AMF3 cannot express the value; nothing of it is left in the output. The encoder then stays
    /// failed and repeats the error.
    pub fn value(&mut self, value: &Value) -> Result<(), EncodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let start = self.core.out.len();
        let done = self.core.value(value).inspect_err(|error| {
            self.core.out.truncate(start);
            self.failed = Some(error.clone());
        });
        self.core.end_of_value();
        done
    }
}

/// The output, the depth and the AMF3 tables of one message; AMF0 encodes through it too.
///
/// Readers disagree whether the tables of the first AMF3 value go on in the second. So
/// strings and traits are referred to within the first value only, where every reader agrees; the
/// later ones are written in full.
#[derive(Debug)]
pub(crate) struct EncodeCore<'a> {
    pub(crate) out: &'a mut BytesMut,
    depth: usize,
    /// Whether strings and traits are referred to.
    refer: bool,
    /// Bytes of names and strings so far, as a reader counts them.
    content: usize,
    /// The markers of the complex values written so far, by index.
    objects: Vec<u8>,
    strings: BTreeMap<Text, u32>,
    traits: BTreeMap<Shape, u32>,
}

/// A key of the traits table.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Plain(Arc<Traits>),
    External(ExternalClass),
}

impl<'a> EncodeCore<'a> {
    pub(crate) fn new(out: &'a mut BytesMut) -> Self {
        Self {
            out,
            depth: 0,
            refer: true,
            content: 0,
            objects: Vec::new(),
            strings: BTreeMap::new(),
            traits: BTreeMap::new(),
        }
    }

    /// A value at the outermost level is complete: no string or traits reference from here on.
    pub(crate) fn end_of_value(&mut self) {
        self.refer = false;
        self.strings.clear();
        self.traits.clear();
    }

    /// Counts content, and ends the references before they let the content outgrow what
    /// [`EXPANSION`](crate::limits::EXPANSION) allows a reader like ours: from half of the free
    /// expansion on each byte of content is a byte of output.
    fn count(&mut self, content: usize) {
        self.content = self.content.saturating_add(content);
        if self.content > EXPANSION_FREE / 2 {
            self.end_of_value();
        }
    }

    pub(crate) fn enter(&mut self) -> Result<(), EncodeError> {
        if self.depth >= DEPTH_MAX {
            return Err(EncodeError::TooDeep { max: DEPTH_MAX });
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Appends one value. Recursion ends at [`DEPTH_MAX`].
    pub(crate) fn value(&mut self, value: &Value) -> Result<(), EncodeError> {
        match value {
            Value::Undefined => self.out.put_u8(marker::UNDEFINED),
            Value::Null => self.out.put_u8(marker::NULL),
            Value::Boolean(false) => self.out.put_u8(marker::FALSE),
            Value::Boolean(true) => self.out.put_u8(marker::TRUE),
            Value::Integer(number) => self.integer(*number),
            Value::Double(number) => self.double(*number),
            Value::String(text) => {
                self.out.put_u8(marker::STRING);
                self.string(text)?;
            }
            Value::XmlDocument(text) => self.blob(marker::XML_DOCUMENT, text.as_bytes())?,
            Value::Xml(text) => self.blob(marker::XML, text.as_bytes())?,
            Value::ByteArray(bytes) => self.blob(marker::BYTE_ARRAY, bytes)?,
            Value::Date(ms) => {
                self.begin(marker::DATE, 0)?;
                self.out.put_f64(*ms);
            }
            Value::Array(array) => self.array(array)?,
            Value::Object(object) => self.object(object)?,
            Value::External { class, value } => self.external(*class, value)?,
            Value::VectorInt(vector) => {
                self.numbers(
                    marker::VECTOR_INT,
                    vector.fixed,
                    &vector.items,
                    |out, item| {
                        out.put_i32(*item);
                    },
                )?;
            }
            Value::VectorUint(vector) => {
                self.numbers(
                    marker::VECTOR_UINT,
                    vector.fixed,
                    &vector.items,
                    |out, item| {
                        out.put_u32(*item);
                    },
                )?;
            }
            Value::VectorDouble(vector) => {
                self.numbers(
                    marker::VECTOR_DOUBLE,
                    vector.fixed,
                    &vector.items,
                    |out, item| {
                        out.put_f64(*item);
                    },
                )?;
            }
            Value::VectorObject(vector) => self.object_vector(vector)?,
            Value::Dictionary(dictionary) => self.dictionary(dictionary)?,
            Value::Reference(index) => self.reference(*index)?,
        }
        Ok(())
    }

    fn integer(&mut self, number: i32) {
        if (-0x1000_0000..0x1000_0000).contains(&number) {
            self.out.put_u8(marker::INTEGER);
            self.u29(number.cast_unsigned() & U29_MAX);
        } else {
            self.double(number.into());
        }
    }

    fn double(&mut self, number: f64) {
        self.out.put_u8(marker::DOUBLE);
        self.out.put_f64(number);
    }

    /// The shortest form of a number up to [`U29_MAX`] [AMF3 1.3.1].
    fn u29(&mut self, number: u32) {
        let [_, _, _, last] = number.to_be_bytes();
        let more = |bits: u32| u8::try_from(bits & 0x7f).unwrap_or_default() | 0x80;
        match number {
            0..=0x7f => self.out.put_u8(last),
            0x80..=0x3fff => self.out.put_slice(&[more(number >> 7), last & 0x7f]),
            0x4000..=0x1f_ffff => {
                self.out
                    .put_slice(&[more(number >> 14), more(number >> 7), last & 0x7f]);
            }
            _ => {
                self.out.put_slice(&[
                    more(number >> 22),
                    more(number >> 15),
                    more(number >> 8),
                    last,
                ]);
            }
        }
    }

    /// A length or count with the flag "inline" [AMF3 1.3.2].
    fn length(&mut self, len: usize) -> Result<(), EncodeError> {
        let number = u32::try_from(len)
            .ok()
            .filter(|number| *number <= U29_MAX >> 1);
        self.u29(number.ok_or(EncodeError::TooLong { len })? << 1 | 1);
        Ok(())
    }

    /// A string or a name.
    fn string(&mut self, text: &Text) -> Result<(), EncodeError> {
        self.count(text.len());
        if let Some(index) = self.strings.get(text) {
            self.u29(index << 1);
            return Ok(());
        }
        self.length(text.len())?;
        self.out.put_slice(text.as_bytes());
        if self.refer && !text.is_empty() {
            let index = u32::try_from(self.strings.len()).unwrap_or(u32::MAX);
            self.strings.insert(text.clone(), index);
        }
        Ok(())
    }

    /// The marker and first number of an inline complex value.
    fn begin(&mut self, marker: u8, count: usize) -> Result<(), EncodeError> {
        self.out.put_u8(marker);
        self.objects.push(marker);
        self.length(count)
    }

    fn blob(&mut self, marker: u8, bytes: &[u8]) -> Result<(), EncodeError> {
        self.begin(marker, bytes.len())?;
        self.out.put_slice(bytes);
        Ok(())
    }

    fn reference(&mut self, index: u32) -> Result<(), EncodeError> {
        let known = usize::try_from(index)
            .ok()
            .and_then(|at| self.objects.get(at));
        let (table, len) = (Table::Amf3Objects, self.objects.len());
        let marker = known.ok_or(EncodeError::BadReference { table, index, len })?;
        self.out.put_u8(*marker);
        self.u29(index << 1);
        Ok(())
    }

    fn array(&mut self, array: &Array) -> Result<(), EncodeError> {
        self.begin(marker::ARRAY, array.dense.len())?;
        self.enter()?;
        self.named(&array.associative)?;
        self.values(&array.dense)?;
        self.leave();
        Ok(())
    }

    fn values(&mut self, values: &[Value]) -> Result<(), EncodeError> {
        values.iter().try_for_each(|value| self.value(value))
    }

    /// Names and values, then the empty name that ends them.
    fn named(&mut self, members: &[(Text, Value)]) -> Result<(), EncodeError> {
        for (name, value) in members {
            if name.is_empty() {
                return Err(EncodeError::EmptyName);
            }
            self.string(name)?;
            self.value(value)?;
        }
        self.string(&Text::default())
    }

    fn object(&mut self, object: &Object) -> Result<(), EncodeError> {
        let traits = object.traits();
        self.out.put_u8(marker::OBJECT);
        self.objects.push(marker::OBJECT);
        self.enter()?;
        self.count(
            traits
                .sealed
                .iter()
                .map(Text::len)
                .fold(0, usize::saturating_add),
        );
        let shape = Shape::Plain(Arc::clone(traits));
        if !self.known_traits(shape) {
            self.plain_traits(traits)?;
        }
        self.values(object.sealed())?;
        if traits.dynamic {
            self.named(object.dynamic())?;
        } else if !object.dynamic().is_empty() {
            return Err(EncodeError::NotDynamic);
        }
        self.leave();
        Ok(())
    }

    fn plain_traits(&mut self, traits: &Traits) -> Result<(), EncodeError> {
        let len = traits.sealed.len();
        let count = u32::try_from(len)
            .ok()
            .filter(|count| *count <= U29_MAX >> 4);
        let count = count.ok_or(EncodeError::TooLong { len })?;
        let dynamic = if traits.dynamic { head::DYNAMIC } else { 0 };
        self.u29(count << 4 | dynamic | head::INLINE_TRAITS | head::INLINE_OBJECT);
        self.string(&traits.class)?;
        traits.sealed.iter().try_for_each(|name| self.string(name))
    }

    /// Writes a traits reference when there is something to refer to, or gives the traits the next
    /// index.
    fn known_traits(&mut self, shape: Shape) -> bool {
        if let Some(index) = self.traits.get(&shape) {
            self.u29(index << 2 | head::INLINE_OBJECT);
            return true;
        }
        if self.refer {
            let index = u32::try_from(self.traits.len()).unwrap_or(u32::MAX);
            self.traits.insert(shape, index);
        }
        false
    }

    fn external(&mut self, class: ExternalClass, value: &Value) -> Result<(), EncodeError> {
        self.out.put_u8(marker::OBJECT);
        self.objects.push(marker::OBJECT);
        self.enter()?;
        if !self.known_traits(Shape::External(class)) {
            self.u29(head::EXTERNALIZABLE | head::INLINE_TRAITS | head::INLINE_OBJECT);
            self.string(&Text::from_static(class.name()))?;
        }
        self.value(value)?;
        self.leave();
        Ok(())
    }

    fn numbers<T>(
        &mut self,
        marker: u8,
        fixed: bool,
        items: &[T],
        put: impl Fn(&mut BytesMut, &T),
    ) -> Result<(), EncodeError> {
        self.begin(marker, items.len())?;
        self.out.put_u8(fixed.into());
        for item in items {
            put(self.out, item);
        }
        Ok(())
    }

    fn object_vector(&mut self, vector: &ObjectVector) -> Result<(), EncodeError> {
        self.begin(marker::VECTOR_OBJECT, vector.items.len())?;
        self.enter()?;
        self.out.put_u8(vector.fixed.into());
        self.string(&vector.class)?;
        self.values(&vector.items)?;
        self.leave();
        Ok(())
    }

    fn dictionary(&mut self, dictionary: &Dictionary) -> Result<(), EncodeError> {
        self.begin(marker::DICTIONARY, dictionary.entries.len())?;
        self.out.put_u8(dictionary.weak_keys.into());
        self.enter()?;
        for (key, value) in &dictionary.entries {
            self.value(key)?;
            self.value(value)?;
        }
        self.leave();
        Ok(())
    }
}
