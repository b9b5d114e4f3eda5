//! Messages from one format to the other, for programs that care about values and not about formats.
//!
//! A connection that agreed on AMF3 hands objects over as [`Value::Avm`]. [`prefer_amf0`] and
//! [`prefer_amf3`] write a message in the other format wherever nothing is lost, and leave in it
//! what the other format has no way to say, so they never fail. [`to_amf0`] and [`to_amf3`] convert
//! a message as a whole or not at all.
//!
//! What is the same in both:
//!
//! | AMF3 | AMF0 |
//! |---|---|
//! | undefined, null, boolean, string | themselves |
//! | integer, double | number; a whole number that fits becomes an integer |
//! | date | date of time zone 0, which is the only one there should be [AMF0 2.13] |
//! | XML document | XML document |
//! | array | strict array; with names in it, an ECMA array, positions as names after the others |
//! | anonymous object | object |
//! | object of a class | typed object; all its members are dynamic on the way back |
//! | reference | reference, in the numbering of the other format; to a date, the date itself |
//!
//! What AMF0 has no exact word for: vectors, externalizable collections, XML that is no document,
//! dictionaries, byte arrays, members with an empty name, and references to XML. [`Fidelity::Close`] writes vectors and lists as
//! strict arrays, proxies as their objects, dictionaries whose keys are strings as ECMA arrays, any
//! XML as a document, and objects without their class. Nothing makes a byte array of AMF0.
//! What AMF3 has no word for: "unsupported" inside other values, and members with an empty name.
//!
//! ```
//! use adit_amf::{amf0, amf3, convert};
//!
//! let sent = vec![amf0::Value::Avm(amf3::Object::new().with("id", 7).into())];
//! let read = convert::prefer_amf0(&sent);
//! let id = read[0].as_object().and_then(|object| object.property("id"));
//! assert_eq!(id.and_then(amf0::Value::as_number), Some(7.0));
//! assert_eq!(*convert::prefer_amf3(&read), *sent);
//! ```

mod from_amf0;
mod from_amf3;

use std::borrow::Cow;

use crate::{amf0::Value, limits::DEPTH_MAX};

/// What may be lost when AMF3 is written as AMF0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// Nothing that a program could miss.
    Exact,
    /// Types and classes, not values: for readers that know nothing but plain AMF0.
    Close,
}

/// The values of one message without AMF3, or nothing if one of them has no such form.
///
/// References need all values of the message, from the first on, in their order.
pub fn to_amf0(values: &[Value], fidelity: Fidelity) -> Option<Vec<Value>> {
    let mut conversion = from_amf3::Conversion::new(fidelity);
    values.iter().map(|value| conversion.value(value)).collect()
}

/// The values of one message with every object, array, date and XML document in AMF3, or nothing if
/// one of them has no such form. Plain values stay AMF0, as Flash Player writes them.
///
/// References need all values of the message, from the first on, in their order.
pub fn to_amf3(values: &[Value]) -> Option<Vec<Value>> {
    let mut conversion = from_amf0::Conversion::default();
    values
        .iter()
        .map(|value| match value {
            plain if is_plain(plain) => Some(plain.clone()),
            other => conversion.value(other).map(Value::Avm),
        })
        .collect()
}

/// The values of one message, in AMF0 as far as that loses nothing. If there are references in the
/// message, it is converted as a whole or stays as it is.
pub fn prefer_amf0(values: &[Value]) -> Cow<'_, [Value]> {
    let has_amf3 = |value: &Value| {
        let mut all = value.descendants();
        all.any(|value| matches!(value, Value::Avm(_)))
    };
    prefer(values, has_amf3, |values| to_amf0(values, Fidelity::Exact))
}

/// The values of one message, in AMF3 as far as that loses nothing; plain values stay AMF0. If there
/// are references in the message, it is converted as a whole or stays as it is.
pub fn prefer_amf3(values: &[Value]) -> Cow<'_, [Value]> {
    let has_amf0 = |value: &Value| !is_plain(value) && !matches!(value, Value::Avm(_));
    prefer(values, has_amf0, to_amf3)
}

fn prefer(
    values: &[Value],
    concerns: impl Fn(&Value) -> bool,
    convert: impl Fn(&[Value]) -> Option<Vec<Value>>,
) -> Cow<'_, [Value]> {
    if !values.iter().any(&concerns) {
        return Cow::Borrowed(values);
    }
    if let Some(converted) = convert(values) {
        return Cow::Owned(converted);
    }
    if values.iter().any(Value::has_references) {
        return Cow::Borrowed(values);
    }
    let one = |value: &Value| {
        let converted = convert(std::slice::from_ref(value)).and_then(|mut one| one.pop());
        converted.unwrap_or_else(|| value.clone())
    };
    Cow::Owned(values.iter().map(one).collect())
}

/// Whether a value is the same in both formats and cannot be referred to.
const fn is_plain(value: &Value) -> bool {
    matches!(
        value,
        Value::Number(_)
            | Value::Boolean(_)
            | Value::String(_)
            | Value::Null
            | Value::Undefined
            | Value::Unsupported
    )
}

/// How many containers are open; a conversion goes no deeper than the encoders do.
#[derive(Debug, Default)]
struct Depth(usize);

impl Depth {
    fn enter(&mut self) -> Option<()> {
        self.0 = self.0.checked_add(1).filter(|depth| *depth <= DEPTH_MAX)?;
        Some(())
    }

    fn leave(&mut self) {
        self.0 = self.0.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests;
