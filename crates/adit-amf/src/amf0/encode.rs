//! AMF0 to bytes.

use bytes::{BufMut, BytesMut};

use super::{Object, Value, marker};
use crate::{EncodeError, Table, Text, amf3};

/// Appends all values as one message.
///
/// Decoded values that contain references must be encoded together and in their order, or the
/// references mean something else or nothing.
///
/// # Errors
/// A value that AMF0 or AMF3 cannot express; `out` is then as it was.
pub fn encode_all(values: &[Value], out: &mut BytesMut) -> Result<(), EncodeError> {
    let start = out.len();
    let mut encoder = Encoder::new(out);
    let done = values.iter().try_for_each(|value| encoder.value(value));
    if done.is_err() {
        out.truncate(start);
    }
    done
}

/// Appends the values of one message one by one.
#[derive(Debug)]
pub struct Encoder<'a> {
    core: amf3::EncodeCore<'a>,
    complex: usize,
    failed: Option<EncodeError>,
}

impl<'a> Encoder<'a> {
    /// An encoder of one message that appends to `out`.
    pub fn new(out: &'a mut BytesMut) -> Self {
        Self {
            core: amf3::EncodeCore::new(out),
            complex: 0,
            failed: None,
        }
    }

    /// Appends a value.
    ///
    /// # Errors
    /// AMF cannot express the value; nothing of it is left in the output. The encoder then stays
    /// failed and repeats the error.
    pub fn value(&mut self, value: &Value) -> Result<(), EncodeError> {
        self.run(|encoder| encoder.put(value))
    }

    /// Appends a string.
    ///
    /// # Errors
    /// It is 4 GiB long or longer, or the encoder has failed before.
    pub fn string(&mut self, text: &str) -> Result<(), EncodeError> {
        self.run(|encoder| encoder.put_string(text.as_bytes()))
    }

    /// Appends an object with these members.
    ///
    /// # Errors
    /// As [`Encoder::value`].
    pub fn object(&mut self, members: &Object) -> Result<(), EncodeError> {
        self.run(|encoder| encoder.put_object(members))
    }

    /// Appends a number.
    ///
    /// # Errors
    /// The encoder has failed before.
    pub fn number(&mut self, number: f64) -> Result<(), EncodeError> {
        self.value(&Value::Number(number))
    }

    /// Appends null.
    ///
    /// # Errors
    /// The encoder has failed before.
    pub fn null(&mut self) -> Result<(), EncodeError> {
        self.value(&Value::Null)
    }

    fn run(
        &mut self,
        put: impl FnOnce(&mut Self) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let start = self.core.out.len();
        put(self).inspect_err(|error| {
            self.core.out.truncate(start);
            self.failed = Some(error.clone());
        })
    }

    /// Recursion ends at [`DEPTH_MAX`](crate::limits::DEPTH_MAX).
    fn put(&mut self, value: &Value) -> Result<(), EncodeError> {
        match value {
            Value::Number(number) => {
                self.marker(marker::NUMBER);
                self.core.out.put_f64(*number);
            }
            Value::Boolean(boolean) => {
                self.marker(marker::BOOLEAN);
                self.core.out.put_u8((*boolean).into());
            }
            Value::String(text) => self.put_string(text.as_bytes())?,
            Value::Object(members) => self.put_object(members)?,
            Value::Null => self.marker(marker::NULL),
            Value::Undefined => self.marker(marker::UNDEFINED),
            Value::Reference(index) => self.put_reference(*index)?,
            Value::EcmaArray(members) => {
                self.marker(marker::ECMA_ARRAY);
                self.put_count(members.len())?;
                self.put_members(members)?;
            }
            Value::StrictArray(items) => self.put_items(items)?,
            Value::Date { ms, timezone } => {
                self.marker(marker::DATE);
                self.core.out.put_f64(*ms);
                self.core.out.put_i16(*timezone);
            }
            Value::Unsupported => self.marker(marker::UNSUPPORTED),
            Value::Xml(text) => {
                self.marker(marker::XML_DOCUMENT);
                self.put_long(text.as_bytes())?;
            }
            Value::TypedObject { class, members } => {
                self.marker(marker::TYPED_OBJECT);
                self.put_name(class)?;
                self.put_members(members)?;
            }
            Value::Avm(value) => {
                self.marker(marker::AVM_PLUS);
                self.core.value(value)?;
                self.core.end_of_value();
            }
        }
        Ok(())
    }

    fn marker(&mut self, marker: u8) {
        self.core.out.put_u8(marker);
    }

    fn put_string(&mut self, text: &[u8]) -> Result<(), EncodeError> {
        if let Ok(len) = u16::try_from(text.len()) {
            self.marker(marker::STRING);
            self.core.out.put_u16(len);
            self.core.out.put_slice(text);
            return Ok(());
        }
        self.marker(marker::LONG_STRING);
        self.put_long(text)
    }

    fn put_long(&mut self, text: &[u8]) -> Result<(), EncodeError> {
        self.put_count(text.len())?;
        self.core.out.put_slice(text);
        Ok(())
    }

    fn put_count(&mut self, len: usize) -> Result<(), EncodeError> {
        let count = u32::try_from(len).map_err(|_| EncodeError::TooLong { len })?;
        self.core.out.put_u32(count);
        Ok(())
    }

    fn put_name(&mut self, name: &Text) -> Result<(), EncodeError> {
        let len =
            u16::try_from(name.len()).map_err(|_| EncodeError::NameTooLong { len: name.len() })?;
        self.core.out.put_u16(len);
        self.core.out.put_slice(name.as_bytes());
        Ok(())
    }

    fn put_reference(&mut self, index: u16) -> Result<(), EncodeError> {
        if usize::from(index) >= self.complex {
            let (table, len) = (Table::Amf0Objects, self.complex);
            return Err(EncodeError::BadReference {
                table,
                index: index.into(),
                len,
            });
        }
        self.marker(marker::REFERENCE);
        self.core.out.put_u16(index);
        Ok(())
    }

    fn put_object(&mut self, members: &Object) -> Result<(), EncodeError> {
        self.marker(marker::OBJECT);
        self.put_members(members)
    }

    fn put_members(&mut self, members: &Object) -> Result<(), EncodeError> {
        self.enter()?;
        for (name, value) in members.iter() {
            self.put_name(name)?;
            self.put(value)?;
        }
        self.core.out.put_slice(&[0, 0, marker::OBJECT_END]);
        self.core.leave();
        Ok(())
    }

    fn put_items(&mut self, items: &[Value]) -> Result<(), EncodeError> {
        self.marker(marker::STRICT_ARRAY);
        self.put_count(items.len())?;
        self.enter()?;
        for item in items {
            self.put(item)?;
        }
        self.core.leave();
        Ok(())
    }

    fn enter(&mut self) -> Result<(), EncodeError> {
        self.complex = self.complex.saturating_add(1);
        self.core.enter()
    }
}
