//! Shared object messages: what is read is written, in the encoding of the message as far as that loses nothing, and what was written
//! reads back and is written again the same.

use adit_rtmp::message::MessageKind;
use adit_rtmp::shared_object::{Event, Limits, SharedObjectMessage};
use bytes::Bytes;

/// Any bytes as the body of a message, of type 19 and of type 16.
pub fn shared_object(data: &[u8]) {
    let body = Bytes::copy_from_slice(data);
    check(MessageKind::SharedObjectAmf0, &body);
    check(MessageKind::SharedObjectAmf3, &body);
}

fn check(kind: MessageKind, body: &Bytes) {
    let limits = Limits::default();
    let message = match SharedObjectMessage::decode(kind, body, &limits) {
        Ok(message) => message,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    assert!(message.events.len() <= limits.events);
    let mut written = message.clone();
    written.events = rewritten(kind, &message);
    let ids = |events: &[Event]| events.iter().map(Event::id).collect::<Vec<_>>();
    assert_eq!(ids(&written.events), ids(&message.events));
    assert_same(&rewritten(kind, &written), &written.events);
}

/// The events of a message as they are read after it was written.
fn rewritten(kind: MessageKind, message: &SharedObjectMessage) -> Vec<Event> {
    let bodies = message.encode(kind).unwrap_or_default();
    assert!(!bodies.is_empty(), "{message:?}");
    let mut events: Vec<Event> = Vec::new();
    for body in bodies {
        let Ok(part) = SharedObjectMessage::decode(kind, &body, &wide()) else {
            unreachable!("{message:?}");
        };
        assert_eq!(
            (&part.name, part.version, part.flags, part.reserved),
            (
                &message.name,
                message.version,
                message.flags,
                message.reserved
            )
        );
        events.extend(part.events);
    }
    events
}

/// The limits for reading what was written: strings and traits that were referred to may have been
/// written in full.
fn wide() -> Limits {
    let mut limits = Limits::default();
    limits.value = usize::MAX;
    limits.amf.nodes = usize::MAX;
    limits.amf.references = usize::MAX;
    limits
}

/// Equal but for NaN, which is not equal to itself.
fn assert_same(left: &[Event], right: &[Event]) {
    if left != right {
        let (left, right) = (format!("{left:?}"), format!("{right:?}"));
        assert!(left == right && left.contains("NaN"), "{left}\n{right}");
    }
}
