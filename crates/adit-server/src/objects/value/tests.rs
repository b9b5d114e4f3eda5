use adit_amf::amf0::{Object, Value};
use adit_amf::amf3;
use bytes::Bytes;

use super::{Reads, Stored, ValueError};

fn array(items: Vec<amf3::Value>) -> Value {
    Value::Avm(amf3::Value::Array(items.into()))
}

#[test]
fn a_value_comes_out_as_it_went_in() {
    let value = Object::new().with("a", 1.0).with("b", Value::Null);
    let value = Value::from(value);
    let stored = Stored::one(&value).unwrap();
    assert_eq!(stored.value(Reads::Amf0), value);
    assert_eq!(stored.value(Reads::Amf3), value);
    let value = array(vec![1.into(), amf3::Value::Reference(0)]);
    let stored = Stored::one(&value).unwrap();
    assert_eq!(stored.value(Reads::Amf3), value);
}

#[test]
fn who_reads_amf0_alone_gets_amf3_said_in_it() {
    let stored = Stored::one(&array(vec![7.into(), "x".into()])).unwrap();
    let said = Value::StrictArray(vec![7.0.into(), "x".into()]);
    assert_eq!(stored.value(Reads::Amf0), said);
}

#[test]
fn arguments_stay_together_with_their_references() {
    let arguments = vec![
        Value::StrictArray(vec![1.0.into()]),
        Value::Reference(0),
        "x".into(),
    ];
    let stored = Stored::all(&arguments).unwrap();
    assert_eq!(stored.values(Reads::Amf0), arguments);
}

#[test]
fn what_amf0_has_no_word_for_is_unsupported() {
    let bytes = amf3::Value::ByteArray(Bytes::from_static(&[1]));
    let stored = Stored::one(&Value::Avm(bytes)).unwrap();
    assert_eq!(stored.value(Reads::Amf0), Value::Unsupported);
}

#[test]
fn few_bytes_of_amf3_do_not_become_very_many_of_amf0() {
    // An array of 200 strings of AMF3, the first written out and the others pointing to it.
    let mut bytes = vec![0x11, 0x09, 0x83, 0x11, 0x01, 0x06, 0x8f, 0x51];
    bytes.extend([b'x'; 1_000]);
    bytes.extend([0x06, 0x00].repeat(199));
    let many = Stored::from_store(&bytes);
    assert!(matches!(many.value(Reads::Amf3), Value::Avm(_)));
    assert_eq!(many.value(Reads::Amf0), Value::Unsupported);
    let few = Stored::one(&array(vec!["x".repeat(1_000).as_str().into(); 4])).unwrap();
    assert_ne!(few.value(Reads::Amf0), Value::Unsupported);
}

#[test]
fn what_is_no_value_is_null() {
    assert_eq!(Stored::from_store(&[0xee]).value(Reads::Amf0), Value::Null);
}

#[test]
fn what_would_not_come_out_again_is_not_taken() {
    let nested = |depth: usize| {
        let inner = Value::StrictArray(vec![]);
        (1..depth).fold(inner, |inner, _| Value::StrictArray(vec![inner]))
    };
    let long = |elements: usize| Value::StrictArray(vec![Value::Null; elements]);
    let limits = adit_amf::Limits::default();
    for value in [nested(limits.depth), long(limits.elements)] {
        let stored = Stored::one(&value).unwrap();
        assert_eq!(stored.value(Reads::Amf0), value);
    }
    for value in [nested(limits.depth + 1), long(limits.elements + 1)] {
        let refused = Stored::one(&value);
        assert!(
            matches!(refused, Err(ValueError::Unreadable(_))),
            "{refused:?}"
        );
    }
}
