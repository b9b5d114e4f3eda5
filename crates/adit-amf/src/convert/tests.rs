use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::*;
use crate::{
    Limits,
    amf0::{self, Object},
    amf3::{self, Array, Dictionary, ExternalClass, ObjectVector, Traits, Vector},
    testing::{amf0_message, amf3_message},
};

fn avm(value: impl Into<amf3::Value>) -> Value {
    Value::Avm(value.into())
}

/// An object of a class with one sealed member.
fn user(name: &str) -> amf3::Object {
    let traits = Traits {
        class: "User".into(),
        dynamic: false,
        sealed: vec!["name".into()],
    };
    amf3::Object::of(Arc::new(traits), vec![name.into()])
}

/// One value that is the same in both formats, in both directions.
fn check_same(amf3: impl Into<amf3::Value>, amf0: impl Into<Value>) {
    let (amf3, amf0) = ([avm(amf3)], [amf0.into()]);
    assert_eq!(to_amf0(&amf3, Fidelity::Exact).unwrap(), amf0);
    assert_eq!(to_amf3(&amf0).unwrap(), amf3);
}

/// One value that AMF0 can say only closely, or not at all.
fn check_lossy(amf3: impl Into<amf3::Value>, close: Option<Value>) {
    let amf3 = [avm(amf3)];
    assert_eq!(to_amf0(&amf3, Fidelity::Exact), None);
    let close = close.map(|value| vec![value]);
    assert_eq!(to_amf0(&amf3, Fidelity::Close), close);
    assert_eq!(*prefer_amf0(&amf3), amf3);
}

#[test]
fn what_both_formats_can_say_is_the_same_both_ways() {
    check_same(
        amf3::Object::new()
            .with("whole", 7)
            .with("half", 0.5)
            .with("text", "x")
            .with("yes", true)
            .with("null", amf3::Value::Null)
            .with("undefined", amf3::Value::Undefined),
        Object::new()
            .with("whole", 7.0)
            .with("half", 0.5)
            .with("text", "x")
            .with("yes", true)
            .with("null", Value::Null)
            .with("undefined", Value::Undefined),
    );
    let date = Value::Date {
        ms: 1.5e12,
        timezone: 0,
    };
    check_same(amf3::Value::Date(1.5e12), date);
    check_same(
        amf3::Value::XmlDocument("<a/>".into()),
        Value::Xml("<a/>".into()),
    );
    check_same(
        Array::from(vec![1.into(), "b".into()]),
        Value::StrictArray(vec![1.0.into(), "b".into()]),
    );
    check_same(
        Array {
            associative: vec![("n".into(), 1.into()), ("0x".into(), 2.into())],
            dense: vec!["a".into(), "b".into()],
        },
        Value::EcmaArray(
            [
                ("n", 1.0.into()),
                ("0x", 2.0.into()),
                ("0", Value::from("a")),
                ("1", "b".into()),
            ]
            .into_iter()
            .collect(),
        ),
    );
    let traits = Traits {
        class: "User".into(),
        dynamic: true,
        sealed: Vec::new(),
    };
    check_same(
        amf3::Object::of(Arc::new(traits), Vec::new()).with("name", "a"),
        Value::TypedObject {
            class: "User".into(),
            members: Object::new().with("name", "a"),
        },
    );
}

#[test]
fn whole_numbers_become_integers_only_where_nothing_is_lost() {
    let numbers = [
        0.0,
        -0.0,
        268_435_455.0,
        268_435_456.0,
        -268_435_456.0,
        0.5,
        f64::INFINITY,
    ];
    let array = Value::StrictArray(numbers.map(Value::Number).to_vec());
    let expected = [
        amf3::Value::Integer(0),
        amf3::Value::Double(-0.0),
        amf3::Value::Integer(268_435_455),
        amf3::Value::Double(268_435_456.0),
        amf3::Value::Integer(-268_435_456),
        amf3::Value::Double(0.5),
        amf3::Value::Double(f64::INFINITY),
    ];
    let converted = to_amf3(&[array]).unwrap();
    assert_eq!(converted, [avm(Array::from(expected.to_vec()))]);
}

#[test]
fn what_amf0_cannot_say_stays_unless_a_close_form_is_wanted() {
    let list = || Value::StrictArray(vec![1.0.into(), 2.0.into()]);
    check_lossy(Bytes::from_static(b"abc"), None);
    check_lossy(
        amf3::Value::Xml("<a/>".into()),
        Some(Value::Xml("<a/>".into())),
    );
    let ints = Vector {
        fixed: true,
        items: vec![1, 2],
    };
    check_lossy(amf3::Value::VectorInt(ints), Some(list()));
    let external = amf3::Value::External {
        class: ExternalClass::ArrayCollection,
        value: Box::new(Array::from(vec![1.into(), 2.into()]).into()),
    };
    check_lossy(external, Some(list()));
    let vector = ObjectVector {
        items: vec![1.into(), 2.into()],
        ..ObjectVector::default()
    };
    check_lossy(amf3::Value::VectorObject(Box::new(vector)), Some(list()));
    let dictionary = |key: amf3::Value| {
        amf3::Value::Dictionary(Dictionary {
            weak_keys: false,
            entries: vec![(key, 1.into())],
        })
    };
    let map = Value::EcmaArray(Object::new().with("k", 1.0));
    check_lossy(dictionary("k".into()), Some(map));
    check_lossy(dictionary(1.5.into()), None);
    // A class is kept where it can be, and left out where readers are simple.
    let typed = Value::TypedObject {
        class: "User".into(),
        members: Object::new().with("name", "a"),
    };
    let sent = [avm(user("a"))];
    assert_eq!(to_amf0(&sent, Fidelity::Exact).unwrap(), [typed]);
    let plain = Value::Object(Object::new().with("name", "a"));
    assert_eq!(to_amf0(&sent, Fidelity::Close).unwrap(), [plain]);
}

#[test]
fn what_amf3_cannot_say_stays() {
    let unsupported = Value::StrictArray(vec![Value::Unsupported]);
    let nameless = Value::Object(Object::new().with("", 1.0));
    for value in [unsupported, nameless] {
        assert_eq!(to_amf3(std::slice::from_ref(&value)), None);
        let sent = [value];
        assert_eq!(*prefer_amf3(&sent), sent);
    }
    // As a value of its own it needs no AMF3.
    assert_eq!(
        to_amf3(&[Value::Unsupported]).unwrap(),
        [Value::Unsupported]
    );
}

#[test]
fn values_without_references_are_converted_one_by_one() {
    let bytes = avm(Bytes::from_static(b"abc"));
    let sent = vec![avm(amf3::Object::new()), bytes.clone(), avm("x")];
    let expected = [Value::Object(Object::new()), bytes, "x".into()];
    assert_eq!(*prefer_amf0(&sent), expected);
}

#[test]
fn references_are_renumbered_and_cycles_survive() {
    // 0: an array with a date (1), an object (2) that refers to itself and to both.
    let inner = amf3::Object::new()
        .with("me", amf3::Value::Reference(2))
        .with("array", amf3::Value::Reference(0))
        .with("date", amf3::Value::Reference(1));
    let amf3_first = avm(Array::from(vec![amf3::Value::Date(5.0), inner.into()]));
    let date = || Value::Date {
        ms: 5.0,
        timezone: 0,
    };
    let amf0_inner = Object::new()
        .with("me", Value::Reference(1))
        .with("array", Value::Reference(0))
        .with("date", date());
    let amf0_first = Value::StrictArray(vec![date(), amf0_inner.into()]);
    let sent = vec![amf3_first, avm(amf3::Value::Reference(2))];
    let expected = [amf0_first, Value::Reference(1)];
    assert_eq!(*prefer_amf0(&sent), expected);

    // Back: the date that was referred to is one of its own now, and numbers follow.
    let back = to_amf3(&expected).unwrap();
    let inner = amf3::Object::new()
        .with("me", amf3::Value::Reference(2))
        .with("array", amf3::Value::Reference(0))
        .with("date", amf3::Value::Date(5.0));
    let array = avm(Array::from(vec![amf3::Value::Date(5.0), inner.into()]));
    assert_eq!(back, [array, avm(amf3::Value::Reference(2))]);
}

#[test]
fn a_reference_among_values_that_cannot_be_converted_leaves_the_message_alone() {
    let sent = vec![
        avm(amf3::Object::new()),
        avm(Bytes::from_static(b"abc")),
        avm(amf3::Value::Reference(0)),
    ];
    assert_eq!(*prefer_amf0(&sent), sent);
    // References to XML would repeat it as often as they like.
    let xml = amf3::Value::XmlDocument("<a/>".into());
    let sent = vec![avm(xml), avm(amf3::Value::Reference(0))];
    assert_eq!(*prefer_amf0(&sent), sent);
}

#[test]
fn amf3_between_amf0_is_renumbered() {
    let cycle = amf3::Object::new().with("me", amf3::Value::Reference(0));
    let sent = [
        Value::Object(Object::new()),
        avm(cycle),
        Value::Reference(0),
    ];
    let expected = [
        avm(amf3::Object::new()),
        avm(amf3::Object::new().with("me", amf3::Value::Reference(1))),
        avm(amf3::Value::Reference(0)),
    ];
    assert_eq!(to_amf3(&sent).unwrap(), expected);
}

#[test]
fn a_member_without_a_name_has_no_exact_form_in_amf0() {
    let traits = Traits {
        sealed: vec!["".into()],
        ..Traits::default()
    };
    let object = amf3::Object::of(Arc::new(traits), vec![amf3::Value::Integer(7)]);
    let sent = [Value::Avm(object.into())];
    assert_eq!(to_amf0(&sent, Fidelity::Exact), None);
    assert_eq!(*prefer_amf0(&sent), sent);
    check_encodes(&to_amf0(&sent, Fidelity::Close).unwrap());
}

#[test]
fn conversion_goes_as_deep_as_encoding() {
    let nested = |depth: usize| {
        (0..depth).fold(amf3::Value::Null, |inner, _| {
            Array::from(vec![inner]).into()
        })
    };
    let converts = |depth| to_amf0(&[Value::Avm(nested(depth))], Fidelity::Exact).is_some();
    assert!(converts(DEPTH_MAX) && !converts(DEPTH_MAX + 1));
    let nested =
        |depth: usize| (0..depth).fold(Value::Null, |inner, _| Value::StrictArray(vec![inner]));
    let converts = |depth| to_amf3(&[nested(depth)]).is_some();
    assert!(converts(DEPTH_MAX) && !converts(DEPTH_MAX + 1));
}

fn check_encodes(values: &[Value]) {
    let mut body = BytesMut::new();
    amf0::encode_all(values, &mut body).unwrap();
    let limits = Limits {
        depth: DEPTH_MAX,
        ..Limits::default()
    };
    assert_eq!(amf0::decode_all(body.freeze(), &limits).unwrap(), values);
}

proptest! {
    #[test]
    fn any_amf0_message_goes_to_amf3_and_back(values in amf0_message()) {
        let Some(amf3) = to_amf3(&values) else { return Ok(()) };
        check_encodes(&amf3);
        if let Some(back) = to_amf0(&amf3, Fidelity::Exact) {
            check_encodes(&back);
            // Once through, there is nothing left to change.
            let again = to_amf3(&back).unwrap();
            prop_assert_eq!(to_amf0(&again, Fidelity::Exact).unwrap(), back);
        }
    }

    #[test]
    fn any_amf3_message_has_forms_that_can_be_sent(values in amf3_message()) {
        let values: Vec<_> = values.into_iter().map(Value::Avm).collect();
        check_encodes(&prefer_amf0(&values));
        if let Some(close) = to_amf0(&values, Fidelity::Close) {
            check_encodes(&close);
        }
        prop_assert_eq!(&*prefer_amf3(&values), &*values);
    }
}
