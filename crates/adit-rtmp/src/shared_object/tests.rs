mod captured;
mod limits;
mod round_trips;

use bytes::Bytes;

use super::{DecodeError, Event, Limits, SharedObjectMessage};
use crate::message::MessageKind;

const AMF0: MessageKind = MessageKind::SharedObjectAmf0;
const AMF3: MessageKind = MessageKind::SharedObjectAmf3;

/// The head of a message about the object `so`, of version 3, without flags, and what follows it.
fn body(events: &[&[u8]]) -> Bytes {
    let head: &[u8] = &[0, 2, b's', b'o', 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0];
    [head, &events.concat()].concat().into()
}

fn decode(body: &Bytes) -> Result<SharedObjectMessage, DecodeError> {
    SharedObjectMessage::decode(AMF0, body, &Limits::default())
}

#[track_caller]
fn events(bytes: &[&[u8]]) -> Vec<Event> {
    decode(&body(bytes)).unwrap().events
}

/// The one body of a message that fits one.
#[track_caller]
fn one(message: &SharedObjectMessage, kind: MessageKind) -> Bytes {
    let bodies = message.encode(kind).unwrap();
    assert_eq!(bodies.len(), 1);
    bodies[0].clone()
}
