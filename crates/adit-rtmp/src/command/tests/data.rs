use adit_amf::amf0::{self, Object, Value};
use adit_amf::{Limits, amf3};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use crate::command::DataMessage;
use crate::message::MessageKind;

/// Data in AMF3 under a handler, and what is passed on.
fn check(handler: &str, value: impl Into<amf3::Value>, expected: Value) {
    let body = |value: Value| {
        let mut body = BytesMut::new();
        amf0::encode_all(&[handler.into(), value], &mut body).unwrap();
        body.freeze()
    };
    let sent = body(Value::Avm(value.into()));
    let parsed = DataMessage::parse(MessageKind::DataAmf3, sent, &Limits::default());
    assert_eq!(parsed, DataMessage::Event(body(expected)));
}

//
#[test]
fn metadata_loses_types_and_classes_other_data_loses_nothing() {
    let collection = || amf3::Value::External {
        class: amf3::ExternalClass::ArrayCollection,
        value: Box::new(amf3::Array::from(vec![1.into()]).into()),
    };
    let list = Value::StrictArray(vec![1.0.into()]);
    check("onMetaData", collection(), list);
    check("onChat", collection(), Value::Avm(collection()));
    // What is the same in AMF0 is written so for everybody.
    let object = || amf3::Object::new().with("width", 640);
    let plain = Value::Object(Object::new().with("width", 640.0));
    check("onMetaData", object(), plain.clone());
    check("onChat", object(), plain);
    // What AMF0 has no word for stays in metadata, too.
    let bytes = Bytes::from_static(b"abc");
    check("onMetaData", bytes.clone(), Value::Avm(bytes.into()));
}

//
#[test]
fn data_in_amf3_alone_is_read() {
    // "onChat", 7 and an object {me: itself}, with either selector and with none.
    let values = b"\x06\x0DonChat\x04\x07\x0A\x0B\x01\x05me\x0A\x00\x01";
    let mut expected = BytesMut::new();
    let me = Object::new().with("me", Value::Reference(0));
    let plain = ["onChat".into(), 7.0.into(), me.into()];
    amf0::encode_all(&plain, &mut expected).unwrap();
    let expected = DataMessage::Event(expected.freeze());
    for selector in [&b"\0"[..], b"\x03", b""] {
        let body = [selector, values].concat();
        let kind = MessageKind::DataAmf3;
        assert_eq!(
            DataMessage::parse(kind, body.into(), &Limits::default()),
            expected
        );
    }
    let kind = MessageKind::DataAmf3;
    let cleared = Bytes::from_static(b"\x06\x1F@clearDataFrame\x06\x03x");
    let cleared = DataMessage::parse(kind, cleared, &Limits::default());
    assert_eq!(cleared, DataMessage::Clear("x".into()));
}

#[test]
fn amf3_behind_other_values_is_found_in_messages_of_type_15() {
    let object = || amf3::Object::new().with("x", 1);
    let mut body = BytesMut::new();
    let sent = ["onChat".into(), "bob".into(), Value::Avm(object().into())];
    amf0::encode_all(&sent, &mut body).unwrap();
    let mut expected = BytesMut::new();
    let plain = Object::new().with("x", 1.0);
    amf0::encode_all(
        &["onChat".into(), "bob".into(), plain.into()],
        &mut expected,
    )
    .unwrap();
    let parsed = DataMessage::parse(MessageKind::DataAmf3, body.freeze(), &Limits::default());
    assert_eq!(parsed, DataMessage::Event(expected.freeze()));
}

#[test]
fn references_among_values_of_both_formats_are_counted_anew() {
    let parse = |values: &[Value]| {
        let mut body = BytesMut::new();
        amf0::encode_all(values, &mut body).unwrap();
        DataMessage::parse(MessageKind::DataAmf0, body.freeze(), &Limits::default())
    };
    let avm = Value::Avm(amf3::Object::new().into());
    let mixed = ["x".into(), avm, Object::new().into(), Value::Reference(0)];
    let plain = Value::from(Object::new());
    let expected = ["x".into(), plain.clone(), plain, Value::Reference(1)];
    assert_eq!(parse(&mixed), parse(&expected));
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
