//! Bytes that others wrote, as they are documented, and what is lenient about reading.

use adit_amf::{amf0, amf3};
use bytes::Bytes;

use super::*;
use crate::command::StatusCode;
use crate::error::Fault;
use crate::shared_object::{Flags, Persistence};

/// The bytes read as the event, and the event is written as the bytes.
#[track_caller]
fn check(bytes: &[u8], expected: &Event) {
    assert_eq!(events(&[bytes]), std::slice::from_ref(expected));
    let mut message = decode(&body(&[])).unwrap();
    message.events = vec![expected.clone()];
    assert_eq!(one(&message, AMF0), body(&[bytes]), "{expected:?}");
}

const FOO_BAR: &[u8] = b"\0\x03foo\x02\0\x03bar";

/// An event as csimi/rtmp-client `SharedObject.md` shows it: type, length, data.
fn event(id: u8, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&[id], &length[..], data].concat()
}

#[test]
fn events_read_and_write_as_they_were_captured() {
    let key = || "foo".into();
    let value = || "bar".into();
    check(&[1, 0, 0, 0, 0], &Event::Use);
    check(&[2, 0, 0, 0, 0], &Event::Release);
    check(&event(3, FOO_BAR), &Event::request_change("foo", "bar"));
    check(&event(4, FOO_BAR), &Event::change("foo", "bar"));
    check(
        b"\x05\0\0\0\x05\0\x03foo",
        &Event::Success { key: "foo".into() },
    );
    check(
        b"\x07\0\0\0\x22\0\x19SharedObject.NoReadAccess\0\x05error",
        &Event::status(StatusCode::SharedObjectNoReadAccess),
    );
    check(&[8, 0, 0, 0, 0], &Event::Clear);
    check(b"\x09\0\0\0\x05\0\x03foo", &Event::Remove { key: key() });
    let removal = Event::RequestRemove { key: key() };
    check(b"\x0A\0\0\0\x05\0\x03foo", &removal);
    check(&[11, 0, 0, 0, 0], &Event::UseSuccess);
    let message = Event::Message {
        handler: "say".into(),
        arguments: vec!["hello".into(), 1.0.into()],
    };
    let say = b"\x02\0\x03say\x02\0\x05hello\x00\x3F\xF0\0\0\0\0\0\0";
    check(&event(6, say), &message);
    let accepted = Event::Accepted {
        key: key(),
        value: value(),
    };
    check(&event(13, FOO_BAR), &accepted);
    check(&[14, 0, 0, 0, 0], &Event::RequestClear);
}

#[test]
fn q093_types_12_to_14_are_known_by_their_looks_and_else_kept() {
    let count = Event::Count {
        key: "foo".into(),
        number: 1,
    };
    check(b"\x0C\0\0\0\x09\0\x03foo\0\0\0\x01", &count);
    let other = events(&[b"\x0C\0\0\0\x05\0\x03foo"]);
    let [Event::Other(other)] = &other[..] else {
        panic!("{other:?}")
    };
    assert_eq!((other.id(), &other.data()[..]), (12, &b"\0\x03foo"[..]));
}

#[test]
fn unknown_types_are_kept_and_what_follows_them_is_read() {
    let events = events(&[b"\x4D\0\0\0\x02\x01\x02", &[8, 0, 0, 0, 0]]);
    let [Event::Other(other), Event::Clear] = &events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((other.id(), &other.data()[..]), (77, &[1_u8, 2][..]));
    let mut message = decode(&body(&[])).unwrap();
    message.events = events;
    let again = body(&[b"\x4D\0\0\0\x02\x01\x02", &[8, 0, 0, 0, 0]]);
    assert_eq!(one(&message, AMF0), again);
}

#[test]
fn q095_one_event_may_hold_several_slots_in_order() {
    let two = [FOO_BAR, b"\0\x01a\x01\x01"].concat();
    let changes = vec![
        Event::request_change("foo", "bar"),
        Event::request_change("a", true),
    ];
    assert_eq!(events(&[&event(3, &two)]), changes);
    assert_eq!(events(&[&event(3, b"")]), []);
}

#[test]
fn q092_unknown_flags_are_kept_and_go_back_with_the_reply() {
    let bytes: &[u8] = b"\0\x02so\0\0\0\x03\0\0\0\x32\0\0\0\x07\x01\0\0\0\0";
    let message = decode(&Bytes::from_static(bytes)).unwrap();
    assert_eq!(message.flags, Flags::from_bits(0x32));
    assert_eq!(message.flags.persistence(), Persistence::Persistent);
    assert_eq!(one(&message, AMF0), bytes);
    let reply = one(&message.reply(4, vec![Event::UseSuccess]), AMF0);
    let expected: &[u8] = b"\0\x02so\0\0\0\x04\0\0\0\x32\0\0\0\x07\x0B\0\0\0\0";
    assert_eq!(reply, expected);
    let temporary = decode(&body(&[])).unwrap();
    assert_eq!(temporary.flags.persistence(), Persistence::Temporary);
}

#[test]
fn q094_a_message_of_type_16_has_a_format_byte_and_amf0_or_marked_amf3_values() {
    let data = b"\0\x01a\x11\x04\x05\0\x01b\x01\x01";
    let events = vec![
        Event::change("a", amf3::Value::Integer(5)),
        Event::change("b", true),
    ];
    for format in [0, 3] {
        let body = [&[format], &body(&[&event(4, data)])[..]].concat().into();
        let message = SharedObjectMessage::decode(AMF3, &body, &Limits::default()).unwrap();
        assert_eq!(message.events, events);
        let again = one(&message, AMF3);
        assert_eq!(again[0], 0);
        let again = SharedObjectMessage::decode(AMF3, &again, &Limits::default());
        assert_eq!(again, Ok(message));
    }
    let strange = [&[1], &body(&[])[..]].concat().into();
    let error = SharedObjectMessage::decode(AMF3, &strange, &Limits::default()).unwrap_err();
    assert_eq!(error, DecodeError::Format(1));
    assert_eq!(error.fault(), Fault::Incompatible);
}

#[test]
fn bytes_behind_what_an_event_says_are_ignored() {
    assert_eq!(events(&[&[1, 0, 0, 0, 2, 9, 9]]), [Event::Use]);
    let removed = Event::Remove { key: "foo".into() };
    assert_eq!(events(&[&event(9, FOO_BAR)]), [removed]);
}

#[test]
fn values_keep_their_own_references_and_know_nothing_of_others() {
    // An array that holds itself.
    let cycle: &[u8] = b"\0\x01a\x0A\0\0\0\x01\x07\0\0";
    let cyclic = amf0::Value::StrictArray(vec![amf0::Value::Reference(0)]);
    let both = vec![
        Event::change("a", cyclic.clone()),
        Event::change("a", cyclic),
    ];
    assert_eq!(events(&[&event(4, &[cycle, cycle].concat())]), both);
    let foreign = body(&[&event(4, &[cycle, b"\0\x01b\x07\0\0"].concat())]);
    assert!(matches!(decode(&foreign), Err(DecodeError::Value(_))));
}

#[test]
fn a_body_cut_anywhere_is_an_error_or_a_shorter_list() {
    let say = event(6, b"\x02\0\x03say\x03\0\x01a\x05\0\0\x09");
    let whole = body(&[&event(3, FOO_BAR), &say, b"\x05\0\0\0\x05\0\x03foo"]);
    let ends = [16, 32, 51];
    for length in 0..whole.len() {
        let cut = decode(&whole.slice(..length));
        assert_eq!(cut.is_ok(), ends.contains(&length), "{length}: {cut:?}");
        assert!(cut.is_ok() || cut.unwrap_err().fault() == Fault::Peer);
    }
}

#[test]
fn what_is_wrong_is_said() {
    let check = |bytes: Bytes, expected: &str| {
        assert_eq!(decode(&bytes).unwrap_err().to_string(), expected);
    };
    check(
        Bytes::from_static(b"\0\x01\xFF"),
        "its name of a shared object message is not UTF-8",
    );
    check(
        body(&[b"\x01\0\0"]),
        "shared object message ends inside an event",
    );
    check(
        body(&[&event(6, b"\x05")]),
        "the method of a shared object message is not a string",
    );
    check(
        body(&[&event(6, b"")]),
        "shared object message ends inside a method",
    );
    check(
        body(&[&event(4, b"\0\x01a\x20")]),
        "value in a shared object message: unknown AMF0 marker 0x20",
    );
    let kind = MessageKind::CommandAmf0;
    let error = SharedObjectMessage::decode(kind, &body(&[]), &Limits::default());
    assert_eq!(error, Err(DecodeError::Kind(kind)));
}
