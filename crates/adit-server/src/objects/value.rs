//! Values as the server keeps them: encoded, as they came.
//!
//! Encoded they take the memory that the limits count, two are compared byte by byte, and a store writes them as they are.

use adit_amf::amf0::{self, Value};
use adit_amf::convert::{self, Fidelity};
use adit_amf::{DecodeError, EncodeError, Limits};
use bytes::{Bytes, BytesMut};

/// The value of a slot, or the arguments of a message: AMF0, or the marker of AMF3 and AMF3 behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored(Bytes);

/// Why a shared object does not take a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// AMF cannot express it.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// It is nested deeper, or larger, than members read.
    #[error("nobody would read this value: {0}")]
    Unreadable(#[from] DecodeError),
}

/// What a member can read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// AMF0 and nothing else.
    Amf0,
    /// AMF3 as well.
    Amf3,
}

impl Stored {
    /// One value.
    pub(crate) fn one(value: &Value) -> Result<Self, ValueError> {
        Self::all(std::slice::from_ref(value))
    }

    /// The arguments of a message; references in them point into all of them together.
    pub(crate) fn all(values: &[Value]) -> Result<Self, ValueError> {
        let mut bytes = BytesMut::new();
        amf0::encode_all(values, &mut bytes)?;
        // A slice as long as it is: what is kept is what is counted.
        let bytes = Bytes::copy_from_slice(&bytes);
        amf0::decode_all(bytes.clone(), &Limits::default())?;
        Ok(Self(bytes))
    }

    /// What a store has kept.
    pub(crate) fn from_store(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }

    /// Bytes, as they are counted.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The values for somebody who reads `reads`.
    pub(crate) fn values(&self, reads: Reads) -> Vec<Value> {
        // It was encoded here or checked by its store; one that is neither is no value.
        let values = amf0::decode_all(self.0.clone(), &Limits::default()).unwrap_or_default();
        if reads == Reads::Amf0 && values.iter().any(has_amf3) {
            self.in_amf0(&values)
        } else {
            values
        }
    }

    /// The one value of a slot.
    pub(crate) fn value(&self, reads: Reads) -> Value {
        self.values(reads).into_iter().next().unwrap_or_default()
    }

    /// What AMF0 has no word for is unsupported, and so is what would become far larger: AMF3 points to texts that AMF0 writes out.
    fn in_amf0(&self, values: &[Value]) -> Vec<Value> {
        let most = self.len().saturating_mul(AMF0_GROWTH);
        let most = most.saturating_add(AMF0_FREE);
        let converted = convert::to_amf0(values, Fidelity::Close);
        let converted = converted.filter(|values| values.iter().map(weight).sum::<usize>() <= most);
        converted.unwrap_or_else(|| vec![Value::Unsupported; values.len()])
    }
}

fn has_amf3(value: &Value) -> bool {
    value.descendants().any(|it| matches!(it, Value::Avm(_)))
}

/// About how many bytes a value takes in AMF0.
fn weight(value: &Value) -> usize {
    let own = |value: &Value| {
        let text = match value {
            Value::String(text) | Value::Xml(text) => text.len(),
            Value::TypedObject { class, .. } => class.len(),
            _ => 0,
        };
        let names = value.as_object().map(|members| {
            let names = members.iter().map(|(name, _)| name.len().saturating_add(2));
            names.sum::<usize>()
        });
        text.saturating_add(names.unwrap_or_default())
            .saturating_add(NODE)
    };
    value.descendants().map(own).sum()
}

/// How many times its own length a value of AMF3 may become in AMF0.
const AMF0_GROWTH: usize = 4;

/// And so many bytes beyond that.
const AMF0_FREE: usize = 1024;

/// What a number takes.
const NODE: usize = 9;

#[cfg(test)]
mod tests;
