use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::{Decoder, Encoder, Object, Value, decode_all, encode_all, resolve};
use crate::{
    DecodeError, EncodeError, Fault, Format, LimitKind, Limits, Table, Text, amf3,
    limits::{self, DEPTH_MAX},
    testing::{amf0_message, hex, soon},
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

/// Values that read from these bytes, but are written in another way.
#[track_caller]
fn check_read(bytes: &str, values: &[Value]) {
    assert_eq!(decode(&hex(bytes)), Ok(values.to_vec()), "decoding {bytes}");
}

#[track_caller]
fn check_refused(bytes: &str, error: &DecodeError, fault: Fault) {
    assert_eq!(decode(&hex(bytes)).as_ref(), Err(error), "decoding {bytes}");
    assert_eq!(error.fault(), fault);
}

#[test]
fn every_type_has_its_bytes() {
    check("00 3FF8000000000000", 1.5);
    check("01 00", false);
    check("01 01", true);
    check("02 0004 'live'", "live");
    check("02 0002 C3A9", "é");
    check("03 000009", Object::new());
    check(
        "03 0003 'app' 02 0004 'live' 000009",
        Object::new().with("app", "live"),
    );
    check("05", Value::Null);
    check("06", Value::Undefined);
    check(
        "08 00000001 0001 'a' 05 000009",
        Value::EcmaArray(Object::new().with("a", Value::Null)),
    );
    check("0A 00000002 05 01 01", vec![Value::Null, true.into()]);
    check(
        "0B 4270000000000000 FFC4",
        Value::Date {
            ms: 1_099_511_627_776.0,
            timezone: -60,
        },
    );
    check("0D", Value::Unsupported);
    check("0F 00000004 '<a/>'", Value::Xml("<a/>".into()));
    let members = Object::new().with("x", 0.0);
    let class = Text::from("P");
    check(
        "10 0001 'P' 0001 'x' 000000000000000000 000009",
        Value::TypedObject { class, members },
    );
    check("11 04 07", amf3::Value::Integer(7));
}

#[test]
fn a_string_of_65536_bytes_becomes_a_long_string() {
    let short = encode(&["s".repeat(65_535).into()]);
    assert_eq!(short[..3], hex("02 FFFF"));
    let long = encode(&["s".repeat(65_536).into()]);
    assert_eq!(long[..5], hex("0C 00010000"));
    assert_eq!(
        decode(&long).unwrap()[0].as_str().map(str::len),
        Some(65_536)
    );
}

#[test]
fn a_short_long_string_is_read() {
    check_read("0C 00000001 'x'", &["x".into()]);
}

#[test]
fn any_byte_but_zero_is_true() {
    check_read("01 80", &[true.into()]);
}

#[test]
fn a_nan_keeps_its_bits() {
    let bytes = hex("00 7FF8000000000001");
    assert_eq!(encode(&decode(&bytes).unwrap()), bytes);
}

#[test]
fn q001_a_missing_terminator_at_the_end_of_the_message_is_forgiven() {
    let open = Object::new().with("a", Object::new().with("b", true));
    check_read("03 0001 'a' 03 0001 'b' 01 01", &[open.into()]);
    check_read(
        "08 00000000 0001 'a' 05",
        &[Value::EcmaArray(Object::new().with("a", Value::Null))],
    );
    check_read("03", &[Object::new().into()]);
    check_refused("03 0001 'a'", &DecodeError::Truncated, Fault::Peer);
    check_refused("03 0000", &DecodeError::Truncated, Fault::Peer);
}

#[test]
fn q002_amf3_tables_go_on_through_the_markers_of_one_message() {
    let name: Value = amf3::Value::from("key").into();
    check_read(
        "11 06 07 'key' 05 11 06 00",
        &[name.clone(), Value::Null, name],
    );
    let shared = [
        amf3::Value::Array(vec![].into()).into(),
        amf3::Value::Reference(0).into(),
    ];
    check_read("11 09 01 01 11 09 00", &shared);
}

#[test]
fn q002_strings_are_written_in_full_after_the_first_amf3_value() {
    let twice = amf3::Value::Array(vec!["key".into(), "key".into()].into());
    let bytes = encode(&[twice.clone().into(), twice.into()]);
    assert_eq!(
        bytes,
        hex("11 09 05 01 06 07 'key' 06 00 11 09 05 01 06 07 'key' 06 07 'key'")
    );
}

#[test]
fn q003_a_64_bit_integer_is_read_as_a_number() {
    check_read("22 FFFFFFFFFFFFFFFE", &[(-2.0).into()]);
}

#[test]
fn q004_the_count_of_an_ecma_array_means_nothing() {
    let array = Value::EcmaArray(Object::new().with("a", Value::Null));
    for count in ["00000000", "00000002", "FFFFFFFF"] {
        check_read(
            &format!("08 {count} 0001 'a' 05 000009"),
            std::slice::from_ref(&array),
        );
    }
}

#[test]
fn q006_an_object_end_behind_the_last_value_is_dropped() {
    check_read("02 0001 'x' 000009", &["x".into()]);
    check_refused(
        "02 0001 'x' 000009 05",
        &DecodeError::Truncated,
        Fault::Peer,
    );
}

#[test]
fn an_empty_name_that_no_object_end_follows_is_a_member() {
    check(
        "03 0000 05 0001 'a' 05 000009",
        Object::new().with("", Value::Null).with("a", Value::Null),
    );
}

#[test]
fn of_two_members_of_one_name_both_are_kept_and_the_last_is_found() {
    let bytes = hex("03 0001 'a' 05 0001 'a' 01 01 000009");
    let values = decode(&bytes).unwrap();
    assert_eq!(
        values[0].as_object().unwrap().property("a"),
        Some(&Value::Boolean(true))
    );
    assert_eq!(encode(&values), bytes);
}

#[test]
fn a_reference_stays_an_index_and_can_point_at_its_own_container() {
    check(
        "03 0001 'a' 07 0000 000009",
        Object::new().with("a", Value::Reference(0)),
    );
    check("0A 00000001 07 0000", vec![Value::Reference(0)]);
    check("08 00000001 0001 'a' 07 0000 000009", {
        Value::EcmaArray(Object::new().with("a", Value::Reference(0)))
    });
    let members = Object::new().with("a", Value::Reference(0));
    check(
        "10 0000 0001 'a' 07 0000 000009",
        Value::TypedObject {
            class: "".into(),
            members,
        },
    );
}

#[test]
fn indexes_count_objects_and_arrays_in_order_of_their_markers() {
    // [0] holds [1] and a date, which takes none; then [2], and a reference to each.
    let bytes = hex("03 0001 'a' 0A 00000001 0B 0000000000000000 0000 000009
         08 00000000 000009 07 0000 07 0001 07 0002");
    let values = decode(&bytes).unwrap();
    let target = |index| resolve(&values, index);
    assert_eq!(values[2..], [0, 1, 2].map(Value::Reference));
    assert_eq!(target(0), Some(&values[0]));
    assert!(matches!(target(1), Some(Value::StrictArray(items)) if items.len() == 1));
    assert_eq!(target(2), Some(&values[1]));
    assert_eq!(target(3), None);
    assert!(values[2].has_references() && !values[0].has_references());
}

#[test]
fn a_reference_to_what_has_not_begun_is_refused() {
    let table = Table::Amf0Objects;
    let bad = |index, len| DecodeError::BadReference { table, index, len };
    check_refused("07 0000", &bad(0, 0), Fault::Peer);
    check_refused("03 0001 'a' 07 0001 000009", &bad(1, 1), Fault::Peer);
    check_refused("03 000009 07 FFFF", &bad(65_535, 1), Fault::Peer);
}

#[test]
fn reserved_and_unknown_markers_are_refused() {
    for marker in [0x04, 0x0e] {
        let error = DecodeError::ReservedMarker { marker };
        check_refused(&format!("{marker:02x}"), &error, Fault::Incompatible);
    }
    for marker in (0x12..=0xff).filter(|marker| *marker != 0x22) {
        let error = DecodeError::UnknownMarker {
            format: Format::Amf0,
            marker,
        };
        check_refused(&format!("{marker:02x}"), &error, Fault::Peer);
    }
    check_refused("09", &DecodeError::UnexpectedObjectEnd, Fault::Peer);
    check_refused(
        "0A 00000001 09",
        &DecodeError::UnexpectedObjectEnd,
        Fault::Peer,
    );
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    check_refused("02 0001 FF", &DecodeError::InvalidUtf8, Fault::Peer);
    check_refused(
        "03 0001 FF 05 000009",
        &DecodeError::InvalidUtf8,
        Fault::Peer,
    );
    check_refused("0F 00000001 80", &DecodeError::InvalidUtf8, Fault::Peer);
}

#[test]
fn a_count_or_length_over_the_rest_of_the_message_is_refused_at_once() {
    let overlong = |count, remaining| DecodeError::Overlong { count, remaining };
    check_refused("0A FFFFFFFF", &overlong(u32::MAX, 0), Fault::Peer);
    check_refused("0A 00000003 05 05", &overlong(3, 2), Fault::Peer);
    check_refused("0C FFFFFFFF", &overlong(u32::MAX, 0), Fault::Peer);
    check_refused("0F 00000002 'x'", &overlong(2, 1), Fault::Peer);
    check_refused("02 FFFF 'x'", &overlong(65_535, 1), Fault::Peer);
}

#[test]
fn a_megabyte_of_nested_containers_is_refused_within_a_small_stack() {
    let refused = DecodeError::Limit {
        limit: LimitKind::Depth,
        max: limits::DEPTH,
    };
    for unit in [
        "0A 00000001",
        "03 0001 'a'",
        "03 0000",
        "08 00000000 0000",
        "10 0000 0000",
    ] {
        let unit = hex(unit);
        let bomb = Bytes::from(unit.repeat((1 << 20) / unit.len()));
        assert_eq!(soon(|| decode(&bomb)), Err(refused.clone()));
    }
}

#[test]
fn the_deepest_value_is_handled_in_a_512_kib_stack() {
    let deepest = || {
        let limits = Limits {
            depth: usize::MAX,
            ..Limits::default()
        };
        let bytes = Bytes::from(hex("0A 00000001").repeat(DEPTH_MAX - 1));
        let bytes = Bytes::from([&bytes[..], &hex("0A 00000000")].concat());
        let values = decode_all(bytes.clone(), &limits).unwrap();
        assert_eq!(encode(&values), bytes);
        assert_eq!(values.clone(), values);
        assert_eq!(values[0].descendants().count(), DEPTH_MAX);
        assert_eq!(
            format!("{values:?}").matches("StrictArray").count(),
            DEPTH_MAX
        );
        let deeper = Bytes::from(hex("0A 00000001").repeat(DEPTH_MAX + 1));
        let refused = DecodeError::Limit {
            limit: LimitKind::Depth,
            max: DEPTH_MAX,
        };
        assert_eq!(decode_all(deeper, &limits), Err(refused));
    };
    let thread = std::thread::Builder::new()
        .stack_size(512 * 1024)
        .spawn(deepest)
        .unwrap();
    thread.join().unwrap();
}

#[test]
fn values_come_one_by_one_and_the_rest_stays_readable() {
    let body = hex("02 000D '@setDataFrame' 02 0001 'x' 05");
    let mut decoder = Decoder::new(body.clone(), &Limits::default());
    assert_eq!(decoder.next(), Ok(Some("@setDataFrame".into())));
    assert_eq!(decoder.remaining(), 5);
    let rest = decoder.into_rest();
    assert_eq!(rest.as_ptr(), body[16..].as_ptr());
    assert_eq!(decode(&rest), Ok(vec!["x".into(), Value::Null]));
}

#[test]
fn a_failed_decoder_stays_failed() {
    let mut decoder = Decoder::new(hex("05 FF 05"), &Limits::default());
    assert_eq!(decoder.next(), Ok(Some(Value::Null)));
    let failed = decoder.next();
    assert!(failed.is_err());
    assert_eq!(decoder.next(), failed);
}

#[test]
fn strings_are_slices_of_the_message() {
    let message = hex("02 0004 'live'");
    let values = decode(&message).unwrap();
    assert_eq!(
        values[0].as_text().unwrap().as_bytes().as_ptr(),
        message[3..].as_ptr()
    );
}

#[test]
fn a_failed_encoding_leaves_nothing_and_repeats_its_error() {
    let mut deep = Value::Null;
    for _ in 0..=DEPTH_MAX {
        deep = vec![deep].into();
    }
    let error = EncodeError::TooDeep { max: DEPTH_MAX };
    let mut out = BytesMut::from(&b"head"[..]);
    assert_eq!(
        encode_all(&["x".into(), deep.clone()], &mut out),
        Err(error.clone())
    );
    assert_eq!(out, b"head"[..]);

    let mut encoder = Encoder::new(&mut out);
    encoder.null().unwrap();
    assert_eq!(encoder.value(&deep), Err(error.clone()));
    assert_eq!(encoder.null(), Err(error));
    assert_eq!(out, b"head\x05"[..]);
}

#[test]
fn what_amf0_cannot_express_is_refused() {
    #[track_caller]
    fn check(value: impl Into<Value>, error: &EncodeError) {
        let mut out = BytesMut::new();
        assert_eq!(encode_all(&[value.into()], &mut out).as_ref(), Err(error));
        assert_eq!((out.len(), error.fault()), (0, Fault::ApiMisuse));
    }
    let long = "n".repeat(65_536);
    let error = EncodeError::NameTooLong { len: 65_536 };
    check(Object::new().with(long.as_str(), Value::Null), &error);
    check(
        Value::TypedObject {
            class: long.into(),
            members: Object::new(),
        },
        &error,
    );
    let table = Table::Amf0Objects;
    check(
        Value::Reference(0),
        &EncodeError::BadReference {
            table,
            index: 0,
            len: 0,
        },
    );
}

#[test]
fn the_encoder_writes_the_parts_of_a_command() {
    let mut out = BytesMut::new();
    let mut encoder = Encoder::new(&mut out);
    encoder.string("_result").unwrap();
    encoder.number(1.0).unwrap();
    encoder.null().unwrap();
    encoder.object(&Object::new().with("a", true)).unwrap();
    let expected = [
        "_result".into(),
        1.0.into(),
        Value::Null,
        Object::new().with("a", true).into(),
    ];
    assert_eq!(out.freeze(), encode(&expected));
}

#[test]
fn an_object_is_searched_and_changed_by_name() {
    let mut object = Object::new()
        .with("tcurl", "a")
        .with("TcUrl", "b")
        .with("app", "c");
    assert_eq!(
        object.property_ignore_case("tcUrl").and_then(Value::as_str),
        Some("b")
    );
    assert_eq!(
        object.property_ignore_case("tcurl").and_then(Value::as_str),
        Some("a")
    );
    assert_eq!(object.property("tcUrl"), None);
    assert_eq!(object.insert("app", "d"), Some("c".into()));
    assert_eq!(object.remove("app"), Some("d".into()));
    assert_eq!(object.remove("app"), None);
    assert_eq!(
        object
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>(),
        ["tcurl", "TcUrl"]
    );
    let twice: Object = [("a", 1.0), ("b", 2.0), ("a", 3.0)].into_iter().collect();
    assert_eq!(
        (twice.len(), twice.clone().remove("a")),
        (3, Some(3.0.into()))
    );
    assert_eq!(
        format!("{twice:?}"),
        r#"{"a": Number(1.0), "b": Number(2.0), "a": Number(3.0)}"#
    );
}

#[test]
fn only_whole_numbers_in_range_become_u32() {
    let check = |number: f64, expected| assert_eq!(Value::from(number).as_u32(), expected);
    check(-0.0, Some(0));
    check(1.9, Some(1));
    check(4_294_967_295.0, Some(u32::MAX));
    check(4_294_967_296.0, None);
    check(-1.0, None);
    check(f64::NAN, None);
    check(f64::INFINITY, None);
    assert_eq!(Value::Avm(7.into()).as_u32(), Some(7));
    assert_eq!(Value::Null.as_u32(), None);
}

#[test]
fn plain_values_are_seen_through_the_switch_to_amf3() {
    assert_eq!(Value::Avm("x".into()).as_str(), Some("x"));
    assert_eq!(Value::Avm(true.into()).as_bool(), Some(true));
    assert_eq!(Value::Avm(0.5.into()).as_number(), Some(0.5));
    assert!(Value::Avm(amf3::Value::Undefined).is_null() && Value::Undefined.is_null());
    assert_eq!(Value::Xml("x".into()).as_str(), None);
}

#[test]
fn a_value_takes_at_most_64_bytes() {
    assert_eq!((size_of::<Value>(), size_of::<amf3::Value>()), (64, 56));
}

proptest! {
    #[test]
    fn what_is_written_reads_back_equal(values in amf0_message()) {
        let bytes = encode(&values);
        let read = decode(&bytes).unwrap();
        prop_assert_eq!(&read, &values);
        prop_assert_eq!(encode(&read), bytes);
    }

    #[test]
    fn a_cut_message_is_an_error_or_a_shorter_message(values in amf0_message()) {
        let bytes = encode(&values);
        for len in 0..bytes.len() {
            if let Ok(read) = decode(&bytes.slice(..len)) {
                prop_assert!(read.len() <= values.len());
                encode(&read);
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
    fn a_damaged_message_is_read_or_refused(values in amf0_message(), at: prop::sample::Index, byte: u8) {
        let mut bytes = encode(&values).to_vec();
        if !bytes.is_empty() {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(values) = decode(&bytes.into()) {
            encode(&values);
        }
    }
}
