//! Shared object messages, types 19 and 16: what happened to the slots of an object two ends share.
//!
//! A [`SharedObjectMessage`] is about one object, by its name and [`Persistence`], and carries
//! [`Event`]s in order. A client asks (use, set, remove, clear, send, release), the server answers
//! and tells the others. What the events do to an object is not decided here.
//!
//! ```text
//! type 16 only: format u8, 0 or 3, which mean the same
//! name      u16 length, UTF-8
//! version   u32      flags u32      reserved u32
//! event *   type u8, length u32, data by type:
//!    1 use   2 release   8 clear   11 use success   14 request clear     nothing
//!    3 request change   4 change   13 accepted      (text slot, value)*
//!    5 success   9 remove   10 request remove       text slot
//!    6 message                                      AMF0 string, values
//!    7 status                                       text code, text level
//!    12 count                                       text slot, u32
//! text      u16 length, UTF-8
//! value     AMF0, or marker 11 and AMF3
//! ```
//!
//! The specification has only the names of the types 1 to 11 [RTMP 7.1.3]; all else is known from
//! other servers and from captures (Q-092, Q-093, Q-094, Q-095).
//!
//! ```
//! use adit_rtmp::message::MessageKind;
//! use adit_rtmp::shared_object::{Event, Limits, Persistence, SharedObjectMessage};
//!
//! let mut message = SharedObjectMessage::new("chat", Persistence::Temporary);
//! message.events = vec![Event::Use, Event::request_change("topic", "adits")];
//! let bodies = message.encode(MessageKind::SharedObjectAmf0)?;
//!
//! let [body] = <[_; 1]>::try_from(bodies).unwrap();
//! let kind = MessageKind::SharedObjectAmf0;
//! assert_eq!(SharedObjectMessage::decode(kind, &body, &Limits::default())?, message);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod decode;
mod encode;
mod event;

use adit_amf::Text;

pub use self::decode::{DecodeError, Limits};
pub use self::encode::EncodeError;
pub use self::event::{Event, OtherEvent};

/// One message about one shared object.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedObjectMessage {
    /// Which object, within the application and its instance.
    pub name: Text,
    /// The version of the object that the sender has; 0 from a client that has nothing yet.
    pub version: u32,
    /// Whether the object is persistent, and bits nobody has explained.
    pub flags: Flags,
    /// Four more bytes, 0 wherever they were seen.
    pub reserved: u32,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl SharedObjectMessage {
    /// A message of version 0 without events.
    pub fn new(name: impl Into<Text>, persistence: Persistence) -> Self {
        Self {
            name: name.into(),
            version: 0,
            flags: Flags::from(persistence),
            reserved: 0,
            events: Vec::new(),
        }
    }

    /// A message about the same object, with the same flags, as an answer to this one.
    #[must_use]
    pub fn reply(&self, version: u32, events: Vec<Event>) -> Self {
        Self {
            name: self.name.clone(),
            version,
            flags: self.flags,
            reserved: self.reserved,
            events,
        }
    }
}

/// Whether an object outlives those who use it.
///
/// A temporary and a persistent object of the same name are two objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Persistence {
    /// Gone with the last one who uses it.
    #[default]
    Temporary,
    /// Kept by the server.
    Persistent,
}

/// The flags of a message: one known bit, the others kept as they came (Q-092).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u32);

impl Flags {
    /// The bit of a persistent object.
    const PERSISTENT: u32 = 0x02;

    /// All bits as they are on the wire.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// All bits as they are on the wire.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// What the known bit says.
    pub const fn persistence(self) -> Persistence {
        if self.0 & Self::PERSISTENT == 0 {
            Persistence::Temporary
        } else {
            Persistence::Persistent
        }
    }
}

impl From<Persistence> for Flags {
    fn from(persistence: Persistence) -> Self {
        match persistence {
            Persistence::Temporary => Self(0),
            Persistence::Persistent => Self(Self::PERSISTENT),
        }
    }
}

#[cfg(test)]
mod tests;
