//! Bytes and arbitrary values for the tests.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use proptest::{collection::vec, prelude::*};

use crate::{Text, amf0, amf3};

/// Bytes from hexadecimal digits; `'text'` stands for its own bytes and blanks for nothing.
pub(crate) fn hex(text: &str) -> Bytes {
    let mut bytes = BytesMut::new();
    for (at, part) in text.split('\'').enumerate() {
        if at % 2 == 1 {
            bytes.extend_from_slice(part.as_bytes());
            continue;
        }
        let digits: String = part.split_whitespace().collect();
        for at in (0..digits.len()).step_by(2) {
            bytes.extend([u8::from_str_radix(&digits[at..at + 2], 16).unwrap()]);
        }
    }
    bytes.freeze()
}

/// Runs hostile input, which must not cost more than a moment.
#[expect(
    clippy::disallowed_methods,
    reason = "the test measures, not the library"
)]
pub(crate) fn soon<T>(run: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = run();
    assert!(
        started.elapsed() < Duration::from_millis(100),
        "{:?}",
        started.elapsed()
    );
    result
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![Just(String::new()), "[a-d]", "\\PC{0,12}"].prop_map(Text::from)
}

fn name() -> impl Strategy<Value = Text> {
    prop_oneof!["[a-d]", "\\PC{1,12}"].prop_map(Text::from)
}

/// Every double but NaN, which is not equal to itself.
fn double() -> impl Strategy<Value = f64> {
    any::<u64>()
        .prop_map(f64::from_bits)
        .prop_filter("NaN", |number| !number.is_nan())
}

/// One message of AMF0 values, with references that exist.
pub(crate) fn amf0_message() -> impl Strategy<Value = Vec<amf0::Value>> {
    vec(amf0_value(), 0..4).prop_map(|mut values| {
        let (mut complex, mut avm) = (0, 0);
        for value in &mut values {
            settle_amf0(value, &mut complex, &mut avm);
        }
        values
    })
}

/// One message of AMF3 values, with references that exist.
pub(crate) fn amf3_message() -> impl Strategy<Value = Vec<amf3::Value>> {
    vec(amf3_value(), 0..4).prop_map(|mut values| {
        let mut objects = 0;
        for value in &mut values {
            settle_amf3(value, &mut objects);
        }
        values
    })
}

fn amf0_value() -> impl Strategy<Value = amf0::Value> {
    use amf0::Value;
    let leaf = prop_oneof![
        double().prop_map(Value::Number),
        any::<bool>().prop_map(Value::Boolean),
        text().prop_map(Value::String),
        Just(Value::Null),
        Just(Value::Undefined),
        any::<u16>().prop_map(Value::Reference),
        (double(), any::<i16>()).prop_map(|(ms, timezone)| Value::Date { ms, timezone }),
        Just(Value::Unsupported),
        text().prop_map(Value::Xml),
        amf3_value().prop_map(Value::Avm),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let members = vec((text(), inner.clone()), 0..5)
            .prop_map(amf0::Object::from_iter)
            .boxed();
        prop_oneof![
            members.clone().prop_map(Value::Object),
            members.clone().prop_map(Value::EcmaArray),
            (text(), members).prop_map(|(class, members)| Value::TypedObject { class, members }),
            vec(inner, 0..5).prop_map(Value::StrictArray),
        ]
    })
}

fn amf3_value() -> impl Strategy<Value = amf3::Value> {
    use amf3::{Array, Dictionary, ObjectVector, Value, Vector};
    let leaf = prop_oneof![
        Just(Value::Undefined),
        Just(Value::Null),
        any::<bool>().prop_map(Value::Boolean),
        (-0x1000_0000..0x1000_0000).prop_map(Value::Integer),
        double().prop_map(Value::Double),
        text().prop_map(Value::String),
        text().prop_map(Value::XmlDocument),
        double().prop_map(Value::Date),
        text().prop_map(Value::Xml),
        vec(any::<u8>(), 0..9).prop_map(|bytes| Value::ByteArray(bytes.into())),
        (any::<bool>(), vec(any::<i32>(), 0..5))
            .prop_map(|(fixed, items)| Value::VectorInt(Vector { fixed, items })),
        (any::<bool>(), vec(any::<u32>(), 0..5))
            .prop_map(|(fixed, items)| Value::VectorUint(Vector { fixed, items })),
        (any::<bool>(), vec(double(), 0..5))
            .prop_map(|(fixed, items)| Value::VectorDouble(Vector { fixed, items })),
        any::<u32>().prop_map(Value::Reference),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        let inner = inner.boxed();
        let members = vec((name(), inner.clone()), 0..4).boxed();
        let class = prop_oneof![
            Just(amf3::ExternalClass::ArrayCollection),
            Just(amf3::ExternalClass::ArrayList),
            Just(amf3::ExternalClass::ObjectProxy),
        ];
        prop_oneof![
            (vec(inner.clone(), 0..4), members.clone())
                .prop_map(|(dense, associative)| Value::Array(Array { dense, associative })),
            amf3_object(inner.clone(), members).prop_map(Value::Object),
            (class, inner.clone()).prop_map(|(class, value)| Value::External {
                class,
                value: Box::new(value)
            }),
            (text(), any::<bool>(), vec(inner.clone(), 0..4)).prop_map(|(class, fixed, items)| {
                Value::VectorObject(Box::new(ObjectVector {
                    class,
                    fixed,
                    items,
                }))
            }),
            (any::<bool>(), vec((inner.clone(), inner), 0..3)).prop_map(|(weak_keys, entries)| {
                Value::Dictionary(Dictionary { weak_keys, entries })
            }),
        ]
    })
}

fn amf3_object(
    inner: BoxedStrategy<amf3::Value>,
    members: BoxedStrategy<Vec<(Text, amf3::Value)>>,
) -> impl Strategy<Value = amf3::Object> {
    let traits = (text(), any::<bool>(), vec(text(), 0..4)).prop_map(|(class, dynamic, sealed)| {
        amf3::Traits {
            class,
            dynamic,
            sealed,
        }
    });
    (traits, vec(inner, 4), members).prop_map(|(traits, sealed, members)| {
        let dynamic = traits.dynamic;
        let object = amf3::Object::of(Arc::new(traits), sealed);
        let members = members.into_iter().filter(|_| dynamic);
        members.fold(object, |object, (name, value)| object.with(name, value))
    })
}

/// Makes the references point at something that came before, in the order of the wire.
fn settle_amf0(value: &mut amf0::Value, complex: &mut u16, avm: &mut u32) {
    use amf0::Value;
    match value {
        Value::Reference(index) => match index.checked_rem(*complex) {
            Some(valid) => *index = valid,
            None => *value = Value::Null,
        },
        Value::Object(members) | Value::EcmaArray(members) | Value::TypedObject { members, .. } => {
            *complex += 1;
            for value in members.values_mut() {
                settle_amf0(value, complex, avm);
            }
        }
        Value::StrictArray(items) => {
            *complex += 1;
            for value in items {
                settle_amf0(value, complex, avm);
            }
        }
        Value::Avm(value) => settle_amf3(value, avm),
        _ => {}
    }
}

fn settle_amf3(value: &mut amf3::Value, objects: &mut u32) {
    use amf3::Value;
    match value {
        Value::Reference(index) => match index.checked_rem(*objects) {
            Some(valid) => *index = valid,
            None => *value = Value::Null,
        },
        Value::Undefined
        | Value::Null
        | Value::Boolean(_)
        | Value::Integer(_)
        | Value::Double(_)
        | Value::String(_) => {}
        complex => {
            *objects += 1;
            for value in children(complex) {
                settle_amf3(value, objects);
            }
        }
    }
}

fn children(value: &mut amf3::Value) -> Vec<&mut amf3::Value> {
    use amf3::Value;
    match value {
        Value::Array(array) => {
            let named = array.associative.iter_mut().map(|(_, value)| value);
            named.chain(&mut array.dense).collect()
        }
        Value::Object(object) => object.values_mut().collect(),
        Value::External { value, .. } => vec![value],
        Value::VectorObject(vector) => vector.items.iter_mut().collect(),
        Value::Dictionary(dictionary) => dictionary
            .entries
            .iter_mut()
            .flat_map(|(key, value)| [key, value])
            .collect(),
        _ => Vec::new(),
    }
}
