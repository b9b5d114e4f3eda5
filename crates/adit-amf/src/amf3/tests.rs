mod vectors;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::{
    Array, Decoder, Dictionary, Encoder, ExternalClass, Object, ObjectVector, Traits, Value,
    Vector, decode_all, encode_all, resolve,
};
use crate::{
    DecodeError, EncodeError, Fault, Format, LimitKind, Limits, Table, Text,
    limits::{self, DEPTH_MAX},
    testing::{amf3_message, hex, soon},
};

fn decode(bytes: &Bytes) -> Result<Vec<Value>, DecodeError> {
    decode_all(bytes.clone(), &Limits::default())
}

fn encode(values: &[Value]) -> Bytes {
    let mut out = BytesMut::new();
    encode_all(values, &mut out).unwrap();
    out.freeze()
}

/// One value that reads from and is written to these bytes.
#[track_caller]
fn check(bytes: &str, value: impl Into<Value>) {
    let value = value.into();
    assert_eq!(
        decode(&hex(bytes)),
        Ok(vec![value.clone()]),
        "decoding {bytes}"
    );
    assert_eq!(encode(&[value]), hex(bytes), "encoding {bytes}");
}

#[track_caller]
fn check_refused(bytes: &str, error: &DecodeError, fault: Fault) {
    assert_eq!(decode(&hex(bytes)).as_ref(), Err(error), "decoding {bytes}");
    assert_eq!(error.fault(), fault);
}

fn array(dense: Vec<Value>) -> Value {
    Array::from(dense).into()
}

fn traits(class: &str, dynamic: bool, sealed: &[&str]) -> Arc<Traits> {
    let sealed = sealed.iter().copied().map(Text::from).collect();
    Arc::new(Traits {
        class: class.into(),
        dynamic,
        sealed,
    })
}

#[test]
fn plain_types_have_their_bytes() {
    check("00", Value::Undefined);
    check("01", Value::Null);
    check("02", false);
    check("03", true);
    check("05 3FF8000000000000", 1.5);
    check("06 01", "");
    check("06 07 'abc'", "abc");
    check("06 05 C3A9", "é");
}

#[test]
fn integers_have_29_bits_and_the_shortest_form() {
    check("04 00", 0);
    check("04 7F", 127);
    check("04 8100", 128);
    check("04 FF7F", 16_383);
    check("04 818000", 16_384);
    check("04 FFFF7F", 2_097_151);
    check("04 80C08000", 2_097_152);
    check("04 BFFFFFFF", 268_435_455);
    check("04 FFFFFFFF", -1);
    check("04 C0808000", -268_435_456);
    assert_eq!(decode(&hex("04 8000")), Ok(vec![0.into()]));
    assert_eq!(encode(&[268_435_456.into()]), hex("05 41B0000000000000"));
    assert_eq!(encode(&[(-268_435_457).into()]), hex("05 C1B0000001000000"));
}

#[test]
fn complex_types_have_their_bytes() {
    check("07 09 '<a/>'", Value::XmlDocument("<a/>".into()));
    check("08 01 4270000000000000", Value::Date(1_099_511_627_776.0));
    check("0B 09 '<a/>'", Value::Xml("<a/>".into()));
    check("0C 05 00FF", Bytes::from_static(&[0, 255]));
    check("0D 05 00 00000001 FFFFFFFF", {
        Value::VectorInt(Vector {
            fixed: false,
            items: vec![1, -1],
        })
    });
    check(
        "0E 03 01 FFFFFFFF",
        Value::VectorUint(Vector {
            fixed: true,
            items: vec![u32::MAX],
        }),
    );
    check("0F 03 00 3FF8000000000000", {
        Value::VectorDouble(Vector {
            fixed: false,
            items: vec![1.5],
        })
    });
    let vector = ObjectVector {
        class: "*".into(),
        fixed: true,
        items: vec!["a".into()],
    };
    check(
        "10 03 01 03 '*' 06 03 'a'",
        Value::VectorObject(Box::new(vector)),
    );
    let entries = vec![("7".into(), true.into()), (array(vec![]), Value::Null)];
    check("11 05 01 06 03 '7' 03 09 01 01 01", {
        Value::Dictionary(Dictionary {
            weak_keys: true,
            entries,
        })
    });
}

#[test]
fn an_array_has_named_members_before_its_dense_ones() {
    let named = vec![("a".into(), Value::Integer(7)), ("b".into(), Value::Null)];
    let mixed = Array {
        dense: vec![1.into(), 2.into()],
        associative: named,
    };
    assert_eq!(mixed.property("a"), Some(&Value::Integer(7)));
    check("09 05 03 'a' 04 07 03 'b' 01 01 04 01 04 02", mixed);
    check("09 01 01", array(vec![]));
}

#[test]
fn an_object_has_traits_sealed_and_dynamic_members() {
    check("0A 0B 01 03 'a' 06 00 01", Object::new().with("a", "a"));
    check("0A 0B 01 01", Object::new());
    let point = Object::of(traits("P", false, &["x", "y"]), vec![1.into(), 2.into()]);
    check("0A 23 03 'P' 03 'x' 03 'y' 04 01 04 02", point);
    let open = Object::of(traits("P", true, &["x"]), vec![1.into()]).with("z", true);
    check("0A 1B 03 'P' 03 'x' 04 01 03 'z' 03 01", open);
    check("0A 03 01", Object::of(traits("", false, &[]), vec![]));
}

#[test]
fn the_second_object_of_a_class_refers_to_its_traits() {
    let point = |x: i32| Value::from(Object::of(traits("P", false, &["x"]), vec![x.into()]));
    check(
        "09 05 01 0A 13 03 'P' 03 'x' 04 01 0A 01 04 02",
        array(vec![point(1), point(2)]),
    );
}

#[test]
fn flex_wrappers_hold_one_value() {
    let wrap = |class, value| Value::External {
        class,
        value: Box::new(value),
    };
    let collection = ExternalClass::ArrayCollection;
    check(
        "0A 07 43 'flex.messaging.io.ArrayCollection' 09 03 01 04 01",
        wrap(collection, array(vec![1.into()])),
    );
    let list = ExternalClass::ArrayList;
    check(
        "0A 07 37 'flex.messaging.io.ArrayList' 09 01 01",
        wrap(list, array(vec![])),
    );
    let proxy = wrap(
        ExternalClass::ObjectProxy,
        Object::new().with("a", true).into(),
    );
    assert_eq!(proxy.property("a"), Some(&true.into()));
    check(
        "0A 07 3B 'flex.messaging.io.ObjectProxy' 0A 0B 01 03 'a' 03 01",
        proxy,
    );
    // The second one refers to the traits of the first.
    let twice = array(vec![
        wrap(collection, Value::Null),
        wrap(collection, Value::Null),
    ]);
    check(
        "09 05 01 0A 07 43 'flex.messaging.io.ArrayCollection' 01 0A 01 01",
        twice,
    );
}

#[test]
fn q005_an_unknown_externalizable_class_is_refused_by_name() {
    let unknown = |class: &str| DecodeError::UnknownExternalizable {
        class: class.into(),
    };
    check_refused("0A 07 07 'DSK' 01", &unknown("DSK"), Fault::Incompatible);
    check_refused("0A 07 01", &unknown(""), Fault::Incompatible);
    let long = "é".repeat(200);
    let bytes = [&hex("0A 07 8621")[..], long.as_bytes()].concat();
    assert_eq!(decode(&bytes.into()), Err(unknown(&"é".repeat(64))));
}

#[test]
fn a_reference_stays_an_index_and_can_point_at_its_own_container() {
    let own = || Value::Reference(0);
    check("09 03 01 09 00", array(vec![own()]));
    check(
        "09 01 03 'a' 09 00 01",
        Array {
            dense: vec![],
            associative: vec![("a".into(), own())],
        },
    );
    check("0A 0B 01 03 'a' 0A 00 01", Object::new().with("a", own()));
    check(
        "0A 13 03 'P' 03 'x' 0A 00",
        Object::of(traits("P", false, &["x"]), vec![own()]),
    );
    let vector = ObjectVector {
        class: "".into(),
        fixed: false,
        items: vec![own()],
    };
    check("10 03 00 01 10 00", Value::VectorObject(Box::new(vector)));
    let dictionary = Dictionary {
        weak_keys: false,
        entries: vec![(own(), own())],
    };
    check("11 03 00 11 00 11 00", Value::Dictionary(dictionary));
    let class = ExternalClass::ArrayCollection;
    check("0A 07 43 'flex.messaging.io.ArrayCollection' 0A 00", {
        Value::External {
            class,
            value: Box::new(own()),
        }
    });
}

#[test]
fn every_complex_type_can_be_referred_to_and_resolved() {
    let targets = [
        array(vec![Value::Date(1.0)]),
        Value::XmlDocument("x".into()),
        Value::Xml("x".into()),
        Bytes::new().into(),
        Object::new().into(),
        Value::VectorInt(Vector::default()),
        Value::VectorUint(Vector::default()),
        Value::VectorDouble(Vector::default()),
        Value::VectorObject(Box::default()),
        Value::Dictionary(Dictionary::default()),
    ];
    // The array has index 0, the date in it 1, the others 2 and up.
    let mut message = targets.to_vec();
    message.extend((0..11).map(Value::Reference));
    assert_eq!(decode(&encode(&message)), Ok(message.clone()));
    assert_eq!(resolve(&message, 0), Some(&targets[0]));
    assert_eq!(resolve(&message, 1), Some(&Value::Date(1.0)));
    assert_eq!(resolve(&message, 10), Some(&targets[9]));
    assert_eq!(resolve(&message, 11), None);
    assert!(message[10].has_references() && !targets[0].has_references());
}

#[test]
fn a_shared_structure_is_not_expanded() {
    // Each array holds the one before it twice: 2^30 values if it were expanded.
    let mut message = vec![array(vec![])];
    message
        .extend((0..30).map(|index| array(vec![Value::Reference(index), Value::Reference(index)])));
    assert_eq!(soon(|| decode(&encode(&message))), Ok(message));
}

#[test]
fn a_reference_to_what_has_not_begun_is_refused() {
    let bad = |table, index, len| DecodeError::BadReference { table, index, len };
    check_refused("09 00", &bad(Table::Amf3Objects, 0, 0), Fault::Peer);
    check_refused(
        "09 03 01 0A 02",
        &bad(Table::Amf3Objects, 1, 1),
        Fault::Peer,
    );
    check_refused(
        "0A FFFFFFFE",
        &bad(Table::Amf3Objects, 0x0fff_ffff, 0),
        Fault::Peer,
    );
    check_refused("06 00", &bad(Table::Amf3Strings, 0, 0), Fault::Peer);
    check_refused("0A 01", &bad(Table::Amf3Traits, 0, 0), Fault::Peer);
}

#[test]
fn the_empty_string_is_never_in_the_table() {
    check("09 09 01 06 01 06 03 'a' 06 01 06 00", {
        array(vec!["".into(), "a".into(), "".into(), "a".into()])
    });
}

#[test]
fn unknown_markers_are_refused() {
    for marker in 0x12..=0xff {
        let error = DecodeError::UnknownMarker {
            format: Format::Amf3,
            marker,
        };
        check_refused(&format!("{marker:02x}"), &error, Fault::Peer);
    }
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    check_refused("06 03 FF", &DecodeError::InvalidUtf8, Fault::Peer);
    check_refused("0B 03 FF", &DecodeError::InvalidUtf8, Fault::Peer);
}

#[test]
fn a_count_or_length_over_the_rest_of_the_message_is_refused_at_once() {
    let overlong = |count, remaining| DecodeError::Overlong { count, remaining };
    let most = 0x0fff_ffff;
    check_refused("06 FFFFFFFF", &overlong(most, 0), Fault::Peer);
    check_refused("07 FFFFFFFF", &overlong(most, 0), Fault::Peer);
    check_refused("0C FFFFFFFF", &overlong(most, 0), Fault::Peer);
    check_refused("09 FFFFFFFF 01", &overlong(most, 1), Fault::Peer);
    check_refused("0D 05 00 00000001 000000", &overlong(2, 7), Fault::Peer);
    check_refused("0E FFFFFFFF 00", &overlong(most, 0), Fault::Peer);
    check_refused("0F 03 00 00000000000000", &overlong(1, 7), Fault::Peer);
    check_refused("10 FFFFFFFF 00 01", &overlong(most, 2), Fault::Peer);
    check_refused("11 05 00 01 01 01", &overlong(2, 3), Fault::Peer);
    check_refused("0A FFFFFFFB 01", &overlong(0x01ff_ffff, 0), Fault::Peer);
    // 500 sealed names of one byte each, then a second object without the bytes for its values.
    let traits = [
        &hex("09 05 01 0A BE43 01")[..],
        &[1; 500],
        &[0; 500],
        &hex("0A 01"),
    ]
    .concat();
    assert_eq!(decode(&traits.into()), Err(overlong(500, 0)));
}

#[test]
fn a_megabyte_of_nested_containers_is_refused() {
    let refused = DecodeError::Limit {
        limit: LimitKind::Depth,
        max: limits::DEPTH,
    };
    let units = [
        "09 03 01",
        "0A 0B 01 03 'a'",
        "10 03 00 01",
        "11 03 00",
        "09 01 03 'a'",
    ];
    for unit in units {
        let unit = hex(unit);
        let bomb = Bytes::from(unit.repeat((1 << 20) / unit.len()));
        assert_eq!(soon(|| decode(&bomb)), Err(refused.clone()));
    }
    let wrapped = hex("0A 07 43 'flex.messaging.io.ArrayCollection'").repeat(20_000);
    assert_eq!(decode(&wrapped.into()), Err(refused));
}

#[test]
fn the_deepest_value_is_handled_in_a_512_kib_stack() {
    let deepest = || {
        let limits = Limits {
            depth: usize::MAX,
            ..Limits::default()
        };
        let start = hex("0A 1B 01 03 'a'");
        let mut bytes = [&start[..], &hex("0A 01").repeat(DEPTH_MAX - 1), &[1]].concat();
        bytes.resize(bytes.len() + DEPTH_MAX, 1);
        let values = decode_all(bytes.clone().into(), &limits).unwrap();
        assert_eq!(encode(&values), bytes);
        assert_eq!(values.clone(), values);
        assert_eq!(values[0].descendants().count(), DEPTH_MAX + 1);
        assert_eq!(format!("{values:?}").matches("Traits").count(), DEPTH_MAX);
    };
    let thread = std::thread::Builder::new()
        .stack_size(512 * 1024)
        .spawn(deepest)
        .unwrap();
    thread.join().unwrap();
}

#[test]
fn a_failed_decoder_stays_failed() {
    let mut decoder = Decoder::new(hex("01 FF 01"), &Limits::default());
    assert_eq!(decoder.next(), Ok(Some(Value::Null)));
    assert_eq!(decoder.remaining(), 2);
    let failed = decoder.next();
    assert!(failed.is_err());
    assert_eq!(decoder.next(), failed);
    assert_eq!(decoder.into_rest(), hex("01"));
}

#[test]
fn what_is_written_stays_within_the_expansion_that_is_read() {
    #[track_caller]
    fn check(value: &Value) {
        let bytes = encode(std::slice::from_ref(value));
        assert_eq!(decode(&bytes).as_deref(), Ok(std::slice::from_ref(value)));
    }
    // References alone would make it 17 times its length, or 1,000 times.
    check(&array(vec!["s".repeat(60_000).as_str().into(); 17]));
    check(&array(vec!["s".repeat(1_000).as_str().into(); 1_000]));
    let class = traits("", false, &["n".repeat(1_000).as_str(); 4]);
    check(&array(vec![
        Object::of(class, vec![Value::Null; 4]).into();
        250
    ]));
}

#[test]
fn what_amf3_cannot_express_is_refused() {
    #[track_caller]
    fn check(value: impl Into<Value>, error: &EncodeError) {
        let mut out = BytesMut::from(&b"head"[..]);
        let value = value.into();
        assert_eq!(
            encode_all(&[Value::Null, value.clone()], &mut out).as_ref(),
            Err(error)
        );
        assert_eq!(out, b"head"[..]);
        let mut encoder = Encoder::new(&mut out);
        assert_eq!(encoder.value(&value).as_ref(), Err(error));
        assert_eq!(encoder.value(&Value::Null).as_ref(), Err(error));
        assert_eq!(out, b"head"[..]);
    }
    check(Object::new().with("", true), &EncodeError::EmptyName);
    let associative = vec![("".into(), Value::Null)];
    check(
        Array {
            dense: vec![],
            associative,
        },
        &EncodeError::EmptyName,
    );
    let sealed = Object::of(traits("P", false, &["x"]), vec![]);
    check(sealed.with("y", true), &EncodeError::NotDynamic);
    let table = Table::Amf3Objects;
    check(
        Value::Reference(0),
        &EncodeError::BadReference {
            table,
            index: 0,
            len: 0,
        },
    );
    let deep = (0..=DEPTH_MAX).fold(Value::Null, |inner, _| array(vec![inner]));
    check(deep, &EncodeError::TooDeep { max: DEPTH_MAX });
}

#[test]
fn an_object_is_searched_and_changed_by_name() {
    let mut object = Object::of(traits("P", true, &["x", "y"]), vec![1.into()]).with("z", 3);
    assert_eq!(
        (object.len(), object.property("y")),
        (3, Some(&Value::Undefined))
    );
    assert_eq!(object.insert("x", 4), Some(1.into()));
    assert_eq!(object.insert("z", 5), Some(3.into()));
    assert_eq!(object.sealed(), [4.into(), Value::Undefined]);
    assert_eq!(object.dynamic(), [("z".into(), 5.into())]);
    assert!(Object::default().is_empty());
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(values in amf3_message()) {
        let bytes = encode(&values);
        let read = decode(&bytes).unwrap();
        prop_assert_eq!(&read, &values);
        prop_assert_eq!(encode(&read), bytes);
    }

    #[test]
    fn a_cut_message_is_an_error_or_a_shorter_message(values in amf3_message()) {
        let bytes = encode(&values);
        for len in 0..bytes.len() {
            if let Ok(read) = decode(&bytes.slice(..len)) {
                prop_assert_eq!(&read[..], &values[..read.len()]);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        if let Ok(values) = decode(&bytes.into()) {
            let bytes = encode(&values);
            prop_assert_eq!(encode(&decode(&bytes).unwrap()), bytes);
        }
    }

    #[test]
    fn a_damaged_message_is_read_or_refused(values in amf3_message(), at: prop::sample::Index, byte: u8) {
        let mut bytes = encode(&values).to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(values) = decode(&bytes.into()) {
            encode(&values);
        }
    }

    #[test]
    fn every_integer_keeps_its_value(number: i32) {
        let read = decode(&encode(&[number.into()])).unwrap();
        prop_assert_eq!(read[0].as_number(), Some(number.into()));
    }
}
