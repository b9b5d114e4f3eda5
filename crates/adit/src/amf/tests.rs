use adit_client::amf::amf0::{Object, Value};
use adit_client::amf::amf3::{self, Array, Dictionary, ExternalClass, ObjectVector, Vector};
use bytes::Bytes;

use super::{json, jsons, value, values};

/// A value and its JSON, both ways.
fn check(amf: Value, expected: &str) {
    let sent = [amf];
    let read = [value(expected).unwrap()];
    for values in [&sent, &read] {
        assert_eq!(jsons(values)[0].to_string(), expected);
    }
    // NaN is not equal to itself.
    if !expected.contains("NaN") {
        assert_eq!(read, sent);
    }
}

fn avm(value: impl Into<amf3::Value>) -> Value {
    Value::Avm(value.into())
}

#[test]
fn plain_values_are_themselves() {
    check(Value::Null, "null");
    check(true.into(), "true");
    check("adit \"é\"\n".into(), r#""adit \"é\"\n""#);
    check(vec![1.0.into(), Value::Null].into(), "[1,null]");
    let object = Object::new().with("z", 1.0).with("a", vec![]);
    check(object.into(), r#"{"z":1,"a":[]}"#);
}

#[test]
fn numbers_keep_every_bit() {
    check(7.0.into(), "7");
    check((-3.0).into(), "-3");
    check(0.1.into(), "0.1");
    check((-0.0).into(), "-0.0");
    check(9_007_199_254_740_992.0.into(), "9007199254740992");
    check(1e300.into(), "1e+300");
    check(f64::NAN.into(), r#"{"$number":"NaN"}"#);
    check(f64::INFINITY.into(), r#"{"$number":"Infinity"}"#);
    check(f64::NEG_INFINITY.into(), r#"{"$number":"-Infinity"}"#);
}

#[test]
fn what_json_has_no_word_for_has_one_of_ours() {
    check(Value::Undefined, r#"{"$undefined":true}"#);
    check(Value::Unsupported, r#"{"$unsupported":true}"#);
    check(Value::Xml("<a/>".into()), r#"{"$xml":"<a/>"}"#);
    check(Value::Reference(2), r#"{"$ref":2}"#);
    let map = Object::new().with("0", "x");
    check(Value::EcmaArray(map), r#"{"$map":{"0":"x"}}"#);
    let class = "org.example.User".into();
    let members = Object::new().with("id", 5.0);
    let typed = Value::TypedObject { class, members };
    check(typed, r#"{"$class":"org.example.User","$object":{"id":5}}"#);
}

#[test]
fn dates_are_written_as_people_do_where_that_says_all() {
    let date = |ms, timezone| Value::Date { ms, timezone };
    check(date(0.0, 0), r#"{"$date":"1970-01-01T00:00:00.000Z"}"#);
    let expected = r#"{"$date":"2026-11-23T10:20:30.456Z"}"#;
    check(date(1_795_429_230_456.0, 0), expected);
    check(
        date(253_402_300_799_999.0, 0),
        r#"{"$date":"9999-12-31T23:59:59.999Z"}"#,
    );
    check(
        date(253_402_300_800_000.0, 0),
        r#"{"$date":253402300800000}"#,
    );
    check(date(0.5, 0), r#"{"$date":0.5}"#);
    check(date(-1.0, 0), r#"{"$date":-1}"#);
    check(date(f64::NAN, 0), r#"{"$date":{"$number":"NaN"}}"#);
    check(date(0.5, -60), r#"{"$date":0.5,"timezone":-60}"#);
}

#[test]
fn names_that_json_would_mix_up_stand_in_pairs() {
    let twice: Object = [("a", 1.0), ("a", 2.0)].into_iter().collect();
    check(twice.clone().into(), r#"{"$object":[["a",1],["a",2]]}"#);
    check(Value::EcmaArray(twice), r#"{"$map":[["a",1],["a",2]]}"#);
    let word = Object::new().with("$ref", 1.0);
    check(word.into(), r#"{"$object":[["$ref",1]]}"#);
}

#[test]
fn amf3_has_words_for_all_it_knows() {
    check(
        avm(Bytes::from_static(&[0, 1, 2, 255])),
        r#"{"$bytes":"AAEC/w=="}"#,
    );
    check(avm(amf3::Value::Xml("<a/>".into())), r#"{"$e4x":"<a/>"}"#);
    check(avm(amf3::Value::Reference(70_000)), r#"{"$ref3":70000}"#);
    let vector = amf3::Value::VectorInt(Vector {
        fixed: true,
        items: vec![-1, 2],
    });
    check(
        avm(vector),
        r#"{"$vector":"int","items":[-1,2],"fixed":true}"#,
    );
    let vector = amf3::Value::VectorUint(Vector {
        fixed: false,
        items: vec![u32::MAX],
    });
    check(avm(vector), r#"{"$vector":"uint","items":[4294967295]}"#);
    let vector = amf3::Value::VectorDouble(Vector {
        fixed: false,
        items: vec![0.5, 1.0],
    });
    check(avm(vector), r#"{"$vector":"double","items":[0.5,1]}"#);
    let vector = ObjectVector {
        class: "*".into(),
        fixed: false,
        items: vec!["a".into(), amf3::Value::Integer(5)],
    };
    let vector = amf3::Value::VectorObject(Box::new(vector));
    check(avm(vector), r#"{"$vector":"*","items":["a",5]}"#);
    let external = amf3::Value::External {
        class: ExternalClass::ArrayCollection,
        value: Box::new(Array::from(vec![amf3::Value::Integer(1)]).into()),
    };
    let expected = r#"{"$external":"flex.messaging.io.ArrayCollection","value":[1]}"#;
    check(avm(external), expected);
    let dictionary = amf3::Value::Dictionary(Dictionary {
        weak_keys: true,
        entries: vec![(amf3::Object::new().with("a", 1).into(), "x".into())],
    });
    check(
        avm(dictionary),
        r#"{"$dictionary":[[{"a":1},"x"]],"weak":true}"#,
    );
    let array = Array {
        dense: vec![amf3::Value::ByteArray(Bytes::new())],
        associative: vec![("n".into(), amf3::Value::Integer(1))],
    };
    check(avm(array), r#"{"$array":[{"$bytes":""}],"names":{"n":1}}"#);
}

#[test]
fn what_amf0_can_say_has_one_form_whatever_the_connection_speaks() {
    let object = amf3::Object::new()
        .with("a", 1)
        .with("b", amf3::Value::Date(0.0));
    let expected = r#"{"a":1,"b":{"$date":"1970-01-01T00:00:00.000Z"}}"#;
    assert_eq!(json(&avm(object)).to_string(), expected);
    // A cycle is told by a reference to the object itself.
    let cycle = Object::new().with("me", Value::Reference(0));
    assert_eq!(
        jsons(&[cycle.into()])[0].to_string(),
        r#"{"me":{"$ref":0}}"#
    );
    // Bytes make the object around them one of AMF3, and it looks the same.
    let bytes = amf3::Value::ByteArray(Bytes::from_static(b"x"));
    let object = amf3::Object::new().with("b", bytes).with("n", 1);
    assert_eq!(
        json(&avm(object)).to_string(),
        r#"{"b":{"$bytes":"eA=="},"n":1}"#
    );
}

#[test]
fn what_no_value_can_be_is_refused_without_being_repeated() {
    for (text, words) in [
        ("", "not JSON"),
        ("secret", "not JSON"),
        (r#"{"a":"secret"#, "not JSON"),
        ("1 2", "not JSON"),
        ("1e999", "not JSON"),
        ("9007199254740993", "cannot hold exactly"),
        (r#"{"$secret":1}"#, "known words"),
        (r#"{"$date":0,"secret":1}"#, "known words"),
        (r#"{"$date":0,"$ref":1}"#, "known words"),
        (r#"{"$date":"secret"}"#, "$date"),
        (r#"{"$date":0,"timezone":99999}"#, "$date"),
        (r#"{"$number":"secret"}"#, "NaN"),
        (r#"{"$ref":-1}"#, "$ref"),
        (r#"{"$ref":65536}"#, "$ref"),
        (r#"{"$bytes":"secret!"}"#, "base64"),
        (r#"{"$vector":"int","items":[0.5]}"#, "fit"),
        (r#"{"$vector":"uint","items":[-1]}"#, "fit"),
        (r#"{"$vector":"int"}"#, "items"),
        (r#"{"$vector":"int","items":[],"fixed":1}"#, "true or false"),
        (r#"{"$dictionary":[[1]]}"#, "pairs"),
        (r#"{"$external":"org.secret","value":1}"#, "layout"),
        (r#"{"$object":[["a"]]}"#, "pairs"),
        (r#"{"$object":5}"#, "pairs"),
        (r#"{"$undefined":false}"#, "known words"),
    ] {
        let error = value(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
        assert!(!error.contains("secret"), "{text}: {error}");
    }
}

#[test]
fn several_values_stand_in_one_text() {
    let read = values("1 \"a\"\n[true]{}").unwrap();
    assert_eq!(read.len(), 4);
    assert!(values(" ").unwrap().is_empty());
    assert!(values("1 ]").is_err());
}

#[test]
fn base64_is_as_everybody_writes_it() {
    for (bytes, text) in [
        (&b""[..], ""),
        (b"f", "Zg=="),
        (b"fo", "Zm8="),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg=="),
        (b"\xfb\xff", "+/8="),
    ] {
        let amf = Value::Avm(amf3::Value::ByteArray(bytes.into()));
        check(amf, &format!(r#"{{"$bytes":"{text}"}}"#));
    }
    for wrong in [
        "A", "AA", "AAA", "====", "A===", "AA=A", "Zg==Zg==", "Zh==", "Z g=", "Zm9-",
    ] {
        let error = value(&format!(r#"{{"$bytes":"{wrong}"}}"#)).unwrap_err();
        assert_eq!(error.to_string(), "$bytes is not base64", "{wrong}");
    }
}
