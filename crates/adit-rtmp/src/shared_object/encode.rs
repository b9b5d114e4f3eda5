//! Shared object messages to bytes.

use adit_amf::{Text, amf0, convert};
use bytes::{BufMut, Bytes, BytesMut};

use super::{Event, SharedObjectMessage};
use crate::error::Fault;
use crate::limits::{SHARED_OBJECT_BODY, SHARED_OBJECT_EVENTS};
use crate::message::MessageKind;

/// Why a shared object message could not be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Asked for in a type of message that is not about shared objects.
    #[error("a message of type {} is no shared object message", .0.id())]
    Kind(MessageKind),
    /// A name, a code or a level is longer than 65,535 bytes.
    #[error("name of {len} bytes in a shared object message, 65535 is the most")]
    NameTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// An event is longer than 4 GiB.
    #[error("event of {len} bytes in a shared object message")]
    EventTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// AMF cannot express a value.
    #[error("value in a shared object message: {0}")]
    Value(#[from] adit_amf::EncodeError),
}

impl EncodeError {
    /// Whose fault it is: always the calling program's.
    pub const fn fault(&self) -> Fault {
        Fault::ApiMisuse
    }
}

impl SharedObjectMessage {
    /// The bodies of a message of type 19 or 16: one, unless it has so many events or is so long
    /// that it is better sent as several, each with the same head. Without events there is one too.
    ///
    /// The type is that of the [encoding](crate::command::ObjectEncoding::shared_object_kind) of the
    /// connection. Values are written in it as far as that loses nothing (see
    /// [`adit_amf::convert`]), so a slot may hold what any member set.
    ///
    /// # Errors
    ///
    /// `kind` is another type, or there is something in the message that the format has no way to
    /// say.
    pub fn encode(&self, kind: MessageKind) -> Result<Vec<Bytes>, EncodeError> {
        let head = self.head(kind)?;
        let mut bodies = Vec::new();
        let mut body = head.clone();
        let mut events = 0_usize;
        for event in &self.events {
            let start = body.len();
            put_event(kind, event, &mut body)?;
            let is_full = events >= SHARED_OBJECT_EVENTS || body.len() > SHARED_OBJECT_BODY;
            if is_full && events > 0 {
                let last = body.split_off(start);
                bodies.push(std::mem::replace(&mut body, head.clone()).freeze());
                body.extend_from_slice(&last);
                events = 0;
            }
            events = events.saturating_add(1);
        }
        bodies.push(body.freeze());
        Ok(bodies)
    }

    fn head(&self, kind: MessageKind) -> Result<BytesMut, EncodeError> {
        let mut head = BytesMut::new();
        match kind {
            MessageKind::SharedObjectAmf0 => {}
            MessageKind::SharedObjectAmf3 => head.put_u8(0),
            other => return Err(EncodeError::Kind(other)),
        }
        put_text(&self.name, &mut head)?;
        head.put_u32(self.version);
        head.put_u32(self.flags.bits());
        head.put_u32(self.reserved);
        Ok(head)
    }
}

fn put_event(kind: MessageKind, event: &Event, out: &mut BytesMut) -> Result<(), EncodeError> {
    let mut data = BytesMut::new();
    match event {
        Event::Use | Event::Release | Event::Clear | Event::UseSuccess | Event::RequestClear => {}
        Event::RequestChange { key, value }
        | Event::Change { key, value }
        | Event::Accepted { key, value } => {
            put_text(key, &mut data)?;
            put_values(
                kind,
                std::slice::from_ref(value),
                &mut amf0::Encoder::new(&mut data),
            )?;
        }
        Event::Success { key } | Event::Remove { key } | Event::RequestRemove { key } => {
            put_text(key, &mut data)?;
        }
        Event::Message { handler, arguments } => {
            let mut encoder = amf0::Encoder::new(&mut data);
            encoder.string(handler)?;
            put_values(kind, arguments, &mut encoder)?;
        }
        Event::Status { code, level } => {
            put_text(code, &mut data)?;
            put_text(level, &mut data)?;
        }
        Event::Count { key, number } => {
            put_text(key, &mut data)?;
            data.put_u32(*number);
        }
        Event::Other(other) => data.put_slice(&other.data),
    }
    let len = data.len();
    out.put_u8(event.id());
    out.put_u32(u32::try_from(len).map_err(|_| EncodeError::EventTooLong { len })?);
    out.extend_from_slice(&data);
    Ok(())
}

/// References count from the first value of an event.
fn put_values(
    kind: MessageKind,
    values: &[amf0::Value],
    encoder: &mut amf0::Encoder<'_>,
) -> Result<(), EncodeError> {
    let values = match kind {
        MessageKind::SharedObjectAmf3 => convert::prefer_amf3(values),
        _ => convert::prefer_amf0(values),
    };
    for value in &*values {
        encoder.value(value)?;
    }
    Ok(())
}

fn put_text(text: &Text, out: &mut BytesMut) -> Result<(), EncodeError> {
    let len = text.len();
    out.put_u16(u16::try_from(len).map_err(|_| EncodeError::NameTooLong { len })?);
    out.put_slice(text.as_bytes());
    Ok(())
}
