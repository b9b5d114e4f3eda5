//! What can happen to a shared object.

use adit_amf::{Text, amf0};
use bytes::Bytes;

use crate::command::StatusCode;

/// One event of a [`SharedObjectMessage`](super::SharedObjectMessage).
///
/// Values are self-contained: a reference in one of them points into that value. They have memory of
/// their own, so that keeping one keeps nothing else of the message. Names are shared with the
/// message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// 1, from a client: it wants to use the object.
    Use,
    /// 2, from a client: it does not use the object any more.
    Release,
    /// 3, from a client: it has set a slot, to null to delete it. Several of them may stand in one
    /// event on the wire; they are read one by one.
    RequestChange {
        /// The slot.
        key: Text,
        /// Its value.
        value: amf0::Value,
    },
    /// 4, from the server: a slot has this value.
    Change {
        /// The slot.
        key: Text,
        /// Its value.
        value: amf0::Value,
    },
    /// 5, from the server: the receiver's own change of the slot is accepted.
    Success {
        /// The slot.
        key: Text,
    },
    /// 6, both ways: a method to call at everybody who uses the object.
    Message {
        /// The method.
        handler: Text,
        /// Its arguments. References in them point into all of them together.
        arguments: Vec<amf0::Value>,
    },
    /// 7, from the server: a request was refused.
    Status {
        /// The code, such as `SharedObject.NoWriteAccess`.
        code: Text,
        /// The level, such as `error`.
        level: Text,
    },
    /// 8, from the server: the object has no slots; those that follow are all there are.
    Clear,
    /// 9, from the server: a slot is gone.
    Remove {
        /// The slot.
        key: Text,
    },
    /// 10, from a client: it wants a slot gone.
    RequestRemove {
        /// The slot.
        key: Text,
    },
    /// 11, from the server: the client uses the object from now on.
    UseSuccess,
    /// 12, in no specification: seen behind a change, with its slot and a small number.
    Count {
        /// The slot.
        key: Text,
        /// The number, 1 where it was seen.
        number: u32,
    },
    /// 13, in no specification: the receiver's own change is accepted, with the value.
    Accepted {
        /// The slot.
        key: Text,
        /// Its value.
        value: amf0::Value,
    },
    /// 14, in no specification: a client wants all slots gone.
    RequestClear,
    /// Any other type, or a type 12 that does not look like one; to be ignored.
    Other(OtherEvent),
}

impl Event {
    /// A request to set a slot.
    pub fn request_change(key: impl Into<Text>, value: impl Into<amf0::Value>) -> Self {
        Self::RequestChange {
            key: key.into(),
            value: value.into(),
        }
    }

    /// The news that a slot has a value.
    pub fn change(key: impl Into<Text>, value: impl Into<amf0::Value>) -> Self {
        Self::Change {
            key: key.into(),
            value: value.into(),
        }
    }

    /// A status with the usual level of its code.
    pub fn status(code: StatusCode) -> Self {
        Self::Status {
            code: Text::from_static(code.as_str()),
            level: Text::from_static(code.level().as_str()),
        }
    }

    /// The type on the wire.
    pub const fn id(&self) -> u8 {
        match self {
            Self::Use => 1,
            Self::Release => 2,
            Self::RequestChange { .. } => 3,
            Self::Change { .. } => 4,
            Self::Success { .. } => 5,
            Self::Message { .. } => 6,
            Self::Status { .. } => 7,
            Self::Clear => 8,
            Self::Remove { .. } => 9,
            Self::RequestRemove { .. } => 10,
            Self::UseSuccess => 11,
            Self::Count { .. } => 12,
            Self::Accepted { .. } => 13,
            Self::RequestClear => 14,
            Self::Other(other) => other.id,
        }
    }
}

/// An event of a type that nobody has explained, as it came. Made by decoding only, so that no type
/// has two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherEvent {
    pub(super) id: u8,
    pub(super) data: Bytes,
}

impl OtherEvent {
    /// The type on the wire.
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// The data.
    pub const fn data(&self) -> &Bytes {
        &self.data
    }
}
