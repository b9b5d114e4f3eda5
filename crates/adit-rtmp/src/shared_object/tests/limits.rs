//! At each limit and one past it.

use adit_amf::amf0;
use bytes::Bytes;

use super::*;
use crate::error::Fault;
use crate::limits::{
    SHARED_OBJECT_BODY, SHARED_OBJECT_EVENTS, SHARED_OBJECT_KEY, SHARED_OBJECT_NAME,
    SHARED_OBJECT_VALUE,
};
use crate::shared_object::Persistence;

/// What is accepted at the limit is refused past it, by its key.
#[track_caller]
fn check(key: &str, limit: usize, body: impl Fn(usize) -> Bytes) {
    assert!(decode(&body(limit)).is_ok());
    let error = decode(&body(limit + 1)).unwrap_err();
    assert_eq!((error.limit(), error.fault()), (Some(key), Fault::Limit));
}

fn with_event(event: Event) -> Bytes {
    let mut message = SharedObjectMessage::new("so", Persistence::Temporary);
    message.events = vec![event];
    one(&message, AMF0)
}

#[test]
fn a_message_has_as_many_events_as_the_limit_and_not_more() {
    let uses = |count| body(&[&[1, 0, 0, 0, 0].repeat(count)]);
    check("so.events", SHARED_OBJECT_EVENTS, uses);
    // Pairs in one event count one by one.
    let pairs = |count: usize| {
        let pair = b"\0\x01a\x05".repeat(count);
        let length = u32::try_from(pair.len()).unwrap().to_be_bytes();
        body(&[&[3], &length, &pair])
    };
    check("so.events", SHARED_OBJECT_EVENTS, pairs);
}

#[test]
fn names_of_objects_are_as_long_as_the_limit_and_not_longer() {
    let named = |len| {
        let message = SharedObjectMessage::new("n".repeat(len), Persistence::Temporary);
        one(&message, AMF0)
    };
    check("so.name", SHARED_OBJECT_NAME, named);
}

#[test]
fn names_of_slots_are_as_long_as_the_limit_and_not_longer() {
    let keyed = |len| with_event(Event::change("k".repeat(len), true));
    check("so.key", SHARED_OBJECT_KEY, keyed);
}

#[test]
fn values_are_as_long_as_the_limit_and_not_longer() {
    // An array of two strings: five bytes are its own, three each theirs.
    let valued = |len: usize| {
        let items = ["v".repeat(len - 11 - 100), "w".repeat(100)].map(amf0::Value::from);
        with_event(Event::change("k", items.to_vec()))
    };
    check("so.value", SHARED_OBJECT_VALUE, valued);
}

#[test]
fn methods_with_their_arguments_are_as_long_as_the_limit_and_not_longer() {
    let said = |len: usize| {
        with_event(Event::Message {
            handler: "h".into(),
            arguments: vec![
                "a".repeat(len - 4 - 3 - 100 - 3).into(),
                "b".repeat(100).into(),
            ],
        })
    };
    check("so.value", SHARED_OBJECT_VALUE, said);
}

#[test]
fn all_values_of_a_message_share_the_budget_of_nodes() {
    let array = |len| vec![amf0::Value::Null; len];
    let mut message = SharedObjectMessage::new("so", Persistence::Temporary);
    let nodes = |message: &SharedObjectMessage| decode(&one(message, AMF0));
    let fill = |len| Event::change("k", array(len));
    message.events = vec![fill(3_999), fill(3_999), fill(1_999)];
    assert!(nodes(&message).is_ok());
    message.events.push(Event::change("k", true));
    let error = nodes(&message).unwrap_err();
    assert_eq!(error.limit(), Some("amf.nodes"));
}

#[test]
fn a_kept_value_keeps_nothing_else_of_its_message() {
    let large = Event::request_change("a", "x".repeat(60_000));
    let mut message = SharedObjectMessage::new("so", Persistence::Temporary);
    message.events = vec![large, Event::request_change("b", "y".repeat(10))];
    let body = one(&message, AMF0);
    let range = body.as_ptr_range();
    let message = decode(&body).unwrap();
    let Some(Event::RequestChange { value, .. }) = message.events.last() else {
        panic!()
    };
    let text = value.as_text().unwrap().as_bytes();
    assert!(!range.contains(&text.as_ptr()));
}

#[test]
fn many_events_are_sent_as_several_messages_each_within_the_limits() {
    let slots = 1_024;
    let mut message = SharedObjectMessage::new("so", Persistence::Persistent);
    message.version = 9;
    message.events = (0..slots)
        .map(|slot| Event::change(format!("slot {slot}"), "v".repeat(1_100)))
        .collect();
    let bodies = message.encode(AMF3).unwrap();
    assert_eq!(bodies.len(), 5);
    let mut events = Vec::new();
    for body in &bodies {
        assert!(body.len() <= SHARED_OBJECT_BODY);
        let part = SharedObjectMessage::decode(AMF3, body, &Limits::default()).unwrap();
        assert_eq!((part.version, part.flags), (9, message.flags));
        events.extend(part.events);
    }
    assert_eq!(events, message.events);
    // As many small ones as one message may have, and one more.
    message.events = vec![Event::Clear; SHARED_OBJECT_EVENTS];
    assert_eq!(message.encode(AMF0).unwrap().len(), 1);
    message.events.push(Event::Clear);
    assert_eq!(message.encode(AMF0).unwrap().len(), 2);
}

#[test]
fn names_that_have_no_length_are_not_written() {
    let message = SharedObjectMessage::new("n".repeat(65_536), Persistence::Temporary);
    let error = message.encode(AMF0).unwrap_err();
    assert_eq!(
        error,
        crate::shared_object::EncodeError::NameTooLong { len: 65_536 }
    );
    assert_eq!(error.fault(), Fault::ApiMisuse);
}
