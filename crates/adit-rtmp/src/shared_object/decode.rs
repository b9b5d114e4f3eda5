//! Shared object messages from bytes.

use adit_amf::{Text, amf0, amf3};
use bytes::{Buf, Bytes};

use super::{Event, Flags, OtherEvent, SharedObjectMessage};
use crate::error::Fault;
use crate::limits::{
    SHARED_OBJECT_EVENTS, SHARED_OBJECT_KEY, SHARED_OBJECT_NAME, SHARED_OBJECT_VALUE,
};
use crate::message::MessageKind;

/// What a peer may make the decoder do with one message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Events, each pair of a slot and its value counted. Default [`SHARED_OBJECT_EVENTS`].
    pub events: usize,
    /// Bytes of the name of the object. Default [`SHARED_OBJECT_NAME`].
    pub name: usize,
    /// Bytes of the name of a slot. Default [`SHARED_OBJECT_KEY`].
    pub key: usize,
    /// Encoded bytes of a value, and of a method with all its arguments. Default
    /// [`SHARED_OBJECT_VALUE`].
    pub value: usize,
    /// What a value may hold; the nodes are those of all values together.
    pub amf: adit_amf::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: SHARED_OBJECT_EVENTS,
            name: SHARED_OBJECT_NAME,
            key: SHARED_OBJECT_KEY,
            value: SHARED_OBJECT_VALUE,
            amf: adit_amf::Limits::default(),
        }
    }
}

/// Why the body of a shared object message could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The message is of another type.
    #[error("a message of type {} is no shared object message", .0.id())]
    Kind(MessageKind),
    /// The first byte of a message of type 16 is neither 0 nor 3.
    #[error("shared object message in unknown format {0}")]
    Format(u8),
    /// The message or an event ends too early.
    #[error("shared object message ends inside {0}")]
    Cut(&'static str),
    /// A name is not UTF-8.
    #[error("{0} of a shared object message is not UTF-8")]
    NotUtf8(&'static str),
    /// The method of event 6 is not a string.
    #[error("the method of a shared object message is not a string")]
    Handler,
    /// A value is no AMF, or passes a limit of AMF.
    #[error("value in a shared object message: {0}")]
    Value(#[from] adit_amf::DecodeError),
    /// A limit was passed.
    #[error("over the limit {key} = {max}")]
    Limit {
        /// Which one, by its configuration key.
        key: &'static str,
        /// Its value.
        max: usize,
    },
}

impl DecodeError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Kind(_) => Fault::ApiMisuse,
            Self::Format(_) => Fault::Incompatible,
            Self::Cut(_) | Self::NotUtf8(_) | Self::Handler => Fault::Peer,
            Self::Limit { .. } => Fault::Limit,
            Self::Value(error) => match error.fault() {
                adit_amf::Fault::Limit => Fault::Limit,
                adit_amf::Fault::Incompatible => Fault::Incompatible,
                _ => Fault::Peer,
            },
        }
    }

    /// The configuration key of the limit that was passed, to count by.
    pub const fn limit(&self) -> Option<&'static str> {
        match self {
            Self::Limit { key, .. } => Some(key),
            Self::Value(error) => match error.limit() {
                Some(limit) => Some(limit.key()),
                None => None,
            },
            _ => None,
        }
    }
}

impl SharedObjectMessage {
    /// Reads the whole body of a message of type 19 or 16.
    ///
    /// Events of unknown types are kept as [`Event::Other`]. Bytes behind what an event has to say
    /// are ignored.
    ///
    /// # Errors
    ///
    /// `kind` is another type, the body is no shared object message, or it passes a limit.
    pub fn decode(kind: MessageKind, body: &Bytes, limits: &Limits) -> Result<Self, DecodeError> {
        let mut rest = body.clone();
        match kind {
            MessageKind::SharedObjectAmf0 => {}
            MessageKind::SharedObjectAmf3 => {
                // Both are the same values: AMF0, or the marker and AMF3.
                let format = rest
                    .try_get_u8()
                    .map_err(|_| DecodeError::Cut("its head"))?;
                if !matches!(format, 0 | 3) {
                    return Err(DecodeError::Format(format));
                }
            }
            other => return Err(DecodeError::Kind(other)),
        }
        let name = text(&mut rest, "its name", ("so.name", limits.name))?;
        let mut number = || rest.try_get_u32().map_err(|_| DecodeError::Cut("its head"));
        let (version, flags, reserved) = (number()?, Flags::from_bits(number()?), number()?);
        let mut reader = EventReader {
            limits: limits.clone(),
            events: Vec::new(),
        };
        while !rest.is_empty() {
            reader.event(&mut rest)?;
        }
        Ok(Self {
            name,
            version,
            flags,
            reserved,
            events: reader.events,
        })
    }
}

/// The events so far.
struct EventReader {
    /// The AMF nodes in it are what is left for the rest of the message.
    limits: Limits,
    events: Vec<Event>,
}

impl EventReader {
    /// Takes one event off the wire, which may be several of ours.
    fn event(&mut self, rest: &mut Bytes) -> Result<(), DecodeError> {
        const CUT: DecodeError = DecodeError::Cut("an event");
        let id = rest.try_get_u8().map_err(|_| CUT)?;
        let length = rest.try_get_u32().map_err(|_| CUT)?;
        let length = usize::try_from(length).map_err(|_| CUT)?;
        if length > rest.len() {
            return Err(CUT);
        }
        let data = rest.split_to(length);
        let event = match id {
            1 => Event::Use,
            2 => Event::Release,
            3 => return self.pairs(data, |key, value| Event::RequestChange { key, value }),
            4 => return self.pairs(data, |key, value| Event::Change { key, value }),
            5 => Event::Success {
                key: self.key(&mut data.clone())?,
            },
            6 => self.message(&data)?,
            7 => Self::status(data)?,
            8 => Event::Clear,
            9 => Event::Remove {
                key: self.key(&mut data.clone())?,
            },
            10 => Event::RequestRemove {
                key: self.key(&mut data.clone())?,
            },
            11 => Event::UseSuccess,
            12 => self.count(data),
            13 => return self.pairs(data, |key, value| Event::Accepted { key, value }),
            14 => Event::RequestClear,
            id => Event::Other(OtherEvent { id, data }),
        };
        self.push(event)
    }

    fn push(&mut self, event: Event) -> Result<(), DecodeError> {
        let max = self.limits.events;
        if self.events.len() >= max {
            return Err(DecodeError::Limit {
                key: "so.events",
                max,
            });
        }
        self.events.push(event);
        Ok(())
    }

    /// Slots and values until the end of the event.
    fn pairs(
        &mut self,
        mut data: Bytes,
        event: impl Fn(Text, amf0::Value) -> Event,
    ) -> Result<(), DecodeError> {
        while !data.is_empty() {
            let key = self.key(&mut data)?;
            let value = self.value(&mut data)?;
            self.push(event(key, value))?;
        }
        Ok(())
    }

    fn key(&self, data: &mut Bytes) -> Result<Text, DecodeError> {
        text(data, "the name of a slot", ("so.key", self.limits.key))
    }

    /// One value, read a second time from bytes of its own: whoever keeps it does not keep the
    /// message.
    fn value(&mut self, data: &mut Bytes) -> Result<amf0::Value, DecodeError> {
        let mut decoder = amf0::Decoder::new(data.clone(), &self.limits.amf);
        decoder.next()?.ok_or(DecodeError::Cut("a value"))?;
        let used = data.len().saturating_sub(decoder.remaining());
        self.check_value(used)?;
        let own = Bytes::copy_from_slice(&data.split_to(used));
        let value = amf0::Decoder::new(own, &self.limits.amf)
            .next()?
            .ok_or(DecodeError::Cut("a value"))?;
        self.pay(&value);
        Ok(value)
    }

    fn message(&mut self, data: &Bytes) -> Result<Event, DecodeError> {
        self.check_value(data.len())?;
        let own = Bytes::copy_from_slice(data);
        let mut values = amf0::decode_all(own, &self.limits.amf)?.into_iter();
        let handler = values.next().ok_or(DecodeError::Cut("a method"))?;
        let handler = handler.as_text().cloned().ok_or(DecodeError::Handler)?;
        let arguments: Vec<_> = values.collect();
        for value in &arguments {
            self.pay(value);
        }
        Ok(Event::Message { handler, arguments })
    }

    const fn check_value(&self, bytes: usize) -> Result<(), DecodeError> {
        let max = self.limits.value;
        if bytes > max {
            return Err(DecodeError::Limit {
                key: "so.value",
                max,
            });
        }
        Ok(())
    }

    /// Takes the nodes of a value off what is left for the message.
    fn pay(&mut self, value: &amf0::Value) {
        let nodes: usize = value.descendants().map(nodes).sum();
        self.limits.amf.nodes = self.limits.amf.nodes.saturating_sub(nodes);
    }

    fn status(mut data: Bytes) -> Result<Event, DecodeError> {
        const TEXT: (&str, usize) = ("so.value", SHARED_OBJECT_VALUE);
        Ok(Event::Status {
            code: text(&mut data, "a status", TEXT)?,
            level: text(&mut data, "a status", TEXT)?,
        })
    }

    /// What type 12 is known to look like, else as it came.
    fn count(&self, data: Bytes) -> Event {
        let mut rest = data.clone();
        match (self.key(&mut rest), rest.try_get_u32(), rest.is_empty()) {
            (Ok(key), Ok(number), true) => Event::Count { key, number },
            _ => Event::Other(OtherEvent { id: 12, data }),
        }
    }
}

/// The nodes of one value without its descendants in AMF0.
fn nodes(value: &amf0::Value) -> usize {
    match value {
        amf0::Value::Avm(value) => amf3::Value::descendants(value).count(),
        _ => 1,
    }
}

/// A text with a 16-bit length; `limit` is a configuration key and its value.
fn text(
    data: &mut Bytes,
    what: &'static str,
    limit: (&'static str, usize),
) -> Result<Text, DecodeError> {
    let length = data.try_get_u16().map_err(|_| DecodeError::Cut(what))?;
    let length = usize::from(length);
    let (key, max) = limit;
    if length > max {
        return Err(DecodeError::Limit { key, max });
    }
    if length > data.len() {
        return Err(DecodeError::Cut(what));
    }
    Text::try_from(data.split_to(length)).map_err(|_| DecodeError::NotUtf8(what))
}
