//! Arguments taken by type.

use adit_amf::{
    Text,
    amf0::{Object, Value},
};

use super::data::amf0_object;

/// An argument of a command has the wrong type, or is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not {expected}")]
pub struct ArgumentError {
    /// Which argument, in words.
    pub what: &'static str,
    /// What it should have been.
    pub expected: &'static str,
}

/// The arguments of one command, taken in order. Null, undefined and missing are all "absent".
pub(super) struct Arguments {
    values: std::vec::IntoIter<Value>,
}

impl Arguments {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self {
            values: values.into_iter(),
        }
    }

    /// The next value as it is.
    pub(super) fn value(&mut self) -> Option<Value> {
        self.values.next().filter(|value| !value.is_null())
    }

    /// All that are left.
    pub(super) fn take_rest(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.values).collect()
    }

    /// A string, or nothing.
    pub(super) fn text(&mut self, what: &'static str) -> Result<Option<Text>, ArgumentError> {
        self.typed(what, "a string", |value| value.as_text().cloned())
    }

    /// A number, or nothing.
    pub(super) fn number(&mut self, what: &'static str) -> Result<Option<f64>, ArgumentError> {
        self.typed(what, "a number", Value::as_number)
    }

    /// A boolean, or nothing.
    pub(super) fn boolean(&mut self, what: &'static str) -> Result<Option<bool>, ArgumentError> {
        self.typed(what, "a boolean", Value::as_bool)
    }

    /// An object, or nothing; one in AMF3 is written as AMF0.
    pub(super) fn object(&mut self, what: &'static str) -> Result<Option<Object>, ArgumentError> {
        self.typed(what, "an object", |value| match value {
            Value::Avm(_) => amf0_object(value),
            other => other.as_object().cloned(),
        })
    }

    fn typed<T>(
        &mut self,
        what: &'static str,
        expected: &'static str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, ArgumentError> {
        match self.value() {
            None => Ok(None),
            Some(value) => read(&value)
                .map(Some)
                .ok_or(ArgumentError { what, expected }),
        }
    }
}

/// Makes an absent argument an error.
pub(super) fn required<T>(
    value: Option<T>,
    what: &'static str,
    expected: &'static str,
) -> Result<T, ArgumentError> {
    value.ok_or(ArgumentError { what, expected })
}
