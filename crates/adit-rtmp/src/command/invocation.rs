//! The frame that every command shares: name, transaction, command object, arguments.

use std::fmt;

use adit_amf::{
    DecodeError, EncodeError, Limits, Text,
    amf0::{self, Value},
};
use bytes::{Bytes, BytesMut};
use tracing::debug;

use super::{ObjectEncoding, body, shown};
use crate::{Fault, message::MessageKind};

/// Which answer belongs to which call [RTMP 7.2].
///
/// A number of the caller's choice, compared as the double it is on the wire. 0 wants no answer; so
/// does NaN, an infinity, or no number at all.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TransactionId(f64);

impl TransactionId {
    /// No answer wanted.
    pub const NONE: Self = Self(0.0);
    /// The one that `connect` always has.
    pub const CONNECT: Self = Self(1.0);

    /// The id of this number.
    pub const fn from_number(number: f64) -> Self {
        if number.is_finite() {
            Self(number)
        } else {
            Self::NONE
        }
    }

    /// The number on the wire, finite.
    pub const fn number(self) -> f64 {
        self.0
    }

    /// Whether the sender waits for an answer.
    pub fn wants_answer(self) -> bool {
        self != Self::NONE
    }
}

// Never NaN, so equality is reflexive.
impl Eq for TransactionId {}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A command as it stands on the wire, before anybody gives its arguments a meaning.
///
/// ```text
/// name string │ transaction number │ command object, or null │ arguments …
/// ```
///
/// [`Debug`](fmt::Debug) shows no texts but the name: arguments may be secrets.
#[derive(Clone, PartialEq)]
pub struct Invocation {
    /// What is called, perhaps with dots in it. Never longer than the message.
    pub name: Text,
    /// What an answer has to quote.
    pub transaction: TransactionId,
    /// The command object; null but for `connect` and the answer to it.
    pub object: Value,
    /// What follows, perhaps nothing.
    pub arguments: Vec<Value>,
}

/// Why a command could not be read, with as much of it as could be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvocationError {
    /// The name is missing, or no string: nobody knows what was meant.
    #[error("a command that does not begin with a name, which has to be a string")]
    NoName {
        /// What an answer has to quote, if as much can be read.
        transaction: TransactionId,
    },
    /// What follows the name cannot be decoded.
    #[error("command {name:?}: {cause}")]
    Values {
        /// What was called.
        name: Text,
        /// What an answer has to quote.
        transaction: TransactionId,
        /// What is wrong.
        cause: DecodeError,
    },
}

impl InvocationError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::NoName { .. } => Fault::Peer,
            Self::Values { cause, .. } => match cause.fault() {
                adit_amf::Fault::Limit => Fault::Limit,
                adit_amf::Fault::Incompatible => Fault::Incompatible,
                _ => Fault::Peer,
            },
        }
    }
}

impl Invocation {
    /// A command without object and arguments.
    pub fn new(name: impl Into<Text>, transaction: TransactionId) -> Self {
        Self {
            name: name.into(),
            transaction,
            object: Value::Null,
            arguments: Vec::new(),
        }
    }

    /// The same command with this command object.
    #[must_use]
    pub fn object(mut self, object: impl Into<Value>) -> Self {
        self.object = object.into();
        self
    }

    /// The same command with one more argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<Value>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Reads the body of a command message, type 20 or 17 [RTMP 7.1.1].
    ///
    /// A second value that is no number is taken for the command object and the transaction for
    /// none: ffmpeg sends an `onFCPublish` like that (Q-069). A string there is a transaction of
    /// the wrong type, which nobody can be answered with.
    ///
    /// # Errors
    ///
    /// There is no name, or a value after it cannot be decoded within `limits`.
    pub fn decode(
        kind: MessageKind,
        body: Bytes,
        limits: &Limits,
    ) -> Result<Self, InvocationError> {
        let mut values = body::Values::new(kind, body, limits);
        let Ok(Some(first)) = values.next() else {
            let transaction = TransactionId::NONE;
            return Err(InvocationError::NoName { transaction });
        };
        let Some(name) = first.as_text().cloned() else {
            let second = values.next().ok().flatten();
            let number = second.as_ref().and_then(Value::as_number);
            let transaction = TransactionId::from_number(number.unwrap_or_default());
            return Err(InvocationError::NoName { transaction });
        };
        let mut transaction = TransactionId::NONE;
        let mut values = AfterName {
            values,
            name: &name,
        };
        let mut object = values.next(transaction)?;
        if let Some(number) = object.as_ref().and_then(Value::as_number) {
            transaction = TransactionId::from_number(number);
            object = values.next(transaction)?;
        } else if object
            .as_ref()
            .is_some_and(|value| value.as_text().is_some())
        {
            debug!("a command whose transaction id is text: it gets no answer");
            object = values.next(transaction)?;
        }
        let mut arguments = Vec::new();
        while let Some(value) = values.next(transaction)? {
            arguments.push(value);
        }
        Ok(Self {
            transaction,
            object: object.unwrap_or_default(),
            arguments,
            name,
        })
    }

    /// The body of a command message of type 20, with the values as they are.
    ///
    /// # Errors
    ///
    /// A value cannot be expressed in AMF0: nested too deep, or a name too long.
    pub fn encode(&self) -> Result<Bytes, EncodeError> {
        let mut body = BytesMut::with_capacity(256);
        let mut encoder = amf0::Encoder::new(&mut body);
        encoder.value(&Value::String(self.name.clone()))?;
        encoder.value(&Value::Number(self.transaction.number()))?;
        encoder.value(&self.object)?;
        for argument in &self.arguments {
            encoder.value(argument)?;
        }
        Ok(body.freeze())
    }

    /// The body of a command message of this encoding's [type](ObjectEncoding::command_kind). The
    /// arguments are written in the encoding as far as that loses nothing (see
    /// [`adit_amf::convert`]), so a caller need not care in which they are.
    ///
    /// # Errors
    ///
    /// As [`encode`](Self::encode).
    pub fn encode_in(&self, encoding: ObjectEncoding) -> Result<Bytes, EncodeError> {
        let head = [
            self.name.clone().into(),
            self.transaction.number().into(),
            self.object.clone(),
        ];
        body::encode(encoding, &head, &self.arguments)
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("name", &self.name)
            .field("transaction", &self.transaction)
            .field("arguments", &shown::Values(&self.arguments))
            .finish_non_exhaustive()
    }
}

/// The values after the name; an error quotes the transaction that is known by then.
struct AfterName<'a> {
    values: body::Values,
    name: &'a Text,
}

impl AfterName<'_> {
    fn next(&mut self, transaction: TransactionId) -> Result<Option<Value>, InvocationError> {
        let error = |cause| InvocationError::Values {
            name: self.name.clone(),
            transaction,
            cause,
        };
        self.values.next().map_err(error)
    }
}
