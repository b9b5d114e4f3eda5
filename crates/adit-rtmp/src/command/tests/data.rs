use adit_amf::amf0::{self, Object, Value};
use adit_amf::{Limits, amf3};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use crate::command::{DataMessage, data::amf0_value};
use crate::message::MessageKind;

#[expect(clippy::needless_pass_by_value, reason = "calls read better")]
fn check(value: impl Into<amf3::Value>, expected: Option<Value>) {
    assert_eq!(amf0_value(&value.into()), expected);
}

#[test]
fn amf3_values_have_their_like_in_amf0() {
    check(amf3::Value::Undefined, Some(Value::Undefined));
    check(amf3::Value::Null, Some(Value::Null));
    check(true, Some(true.into()));
    check(-5, Some((-5.0).into()));
    check(0.5, Some(0.5.into()));
    check("text", Some("text".into()));
    check(
        amf3::Value::Date(7.0),
        Some(Value::Date {
            ms: 7.0,
            timezone: 0,
        }),
    );
    check(
        amf3::Value::Xml("<a/>".into()),
        Some(Value::Xml("<a/>".into())),
    );
    let object = amf3::Object::new().with("a", 1).with("b", "x");
    let expected: Object = [("a", Value::from(1.0)), ("b", "x".into())]
        .into_iter()
        .collect();
    check(object.clone(), Some(expected.into()));
    let dense = amf3::Array::from(vec![1.into(), "x".into()]);
    check(dense, Some(vec![1.0.into(), "x".into()].into()));
    let mixed = amf3::Array {
        dense: vec![1.into()],
        associative: vec![("k".into(), true.into())],
    };
    let members = [("k", Value::from(true)), ("0", 1.0.into())]
        .into_iter()
        .collect();
    check(mixed, Some(Value::EcmaArray(members)));
    let class = amf3::ExternalClass::from_name("flex.messaging.io.ObjectProxy").unwrap();
    let value = Box::new(amf3::Value::from(true));
    check(amf3::Value::External { class, value }, Some(true.into()));
}

#[test]
fn amf3_values_without_their_like_are_left_alone() {
    check(Bytes::from_static(b"abc"), None);
    check(amf3::Value::Reference(0), None);
    check(amf3::Array::from(vec![amf3::Value::Reference(0)]), None);
    let hidden = amf3::Object::new().with("a", amf3::Value::Reference(0));
    check(hidden, None);
}

#[test]
fn a_message_that_mixes_amf3_with_objects_of_amf0_is_left_alone() {
    let values = ["x".into(), Value::Avm(1.into()), Object::new().into()];
    let mut body = BytesMut::new();
    amf0::encode_all(&values, &mut body).unwrap();
    let body = body.freeze();
    let parsed = DataMessage::parse(MessageKind::DataAmf0, body.clone(), &Limits::default());
    assert_eq!(parsed, DataMessage::Event(body));
}

#[test]
fn an_amf0_body_is_passed_on_without_a_copy() {
    let body = Bytes::from_static(b"\x02\0\x0D@setDataFrame\x02\0\x01x\x05");
    let parsed = DataMessage::parse(MessageKind::DataAmf0, body.clone(), &Limits::default());
    let DataMessage::Event(event) = parsed else {
        panic!()
    };
    assert_eq!(event, body.slice(16..));
    assert_eq!(event.as_ptr(), body[16..].as_ptr());
}

proptest! {
    #[test]
    fn any_body_is_something(body: Vec<u8>, amf3: bool) {
        let kind = if amf3 { MessageKind::DataAmf3 } else { MessageKind::DataAmf0 };
        let parsed = DataMessage::parse(kind, body.into(), &Limits::default());
        if let DataMessage::Event(event) = parsed {
            let first = amf0::Decoder::new(event, &Limits::default()).next();
            prop_assert!(first.is_ok_and(|first| first.is_some()) || !amf3);
        }
    }

    #[test]
    fn any_body_behind_a_directive_is_something(rest: Vec<u8>, set: bool, amf3: bool) {
        let name: &[u8] = if set { b"\x02\0\x0D@setDataFrame" } else { b"\x02\0\x0F@clearDataFrame" };
        let body = [name, &rest].concat();
        let kind = if amf3 { MessageKind::DataAmf3 } else { MessageKind::DataAmf0 };
        let parsed = DataMessage::parse(kind, body.into(), &Limits::default());
        prop_assert!(set || !matches!(parsed, DataMessage::Event(_)));
    }
}
