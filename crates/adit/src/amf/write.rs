//! From values to JSON.

use std::time::{Duration, SystemTime};

use adit_client::amf::amf0::{self, Object};
use adit_client::amf::{Text, amf3, convert};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

/// The values of one message.
pub(crate) fn jsons(values: &[amf0::Value]) -> Vec<Value> {
    // What AMF0 can say exactly has one form, whatever the connection speaks.
    convert::prefer_amf0(values).iter().map(plain).collect()
}

/// A value with no other beside it.
pub(crate) fn json(value: &amf0::Value) -> Value {
    jsons(std::slice::from_ref(value)).pop().unwrap_or_default()
}

fn plain(value: &amf0::Value) -> Value {
    match value {
        amf0::Value::Number(number) => of_number(*number),
        amf0::Value::Boolean(boolean) => json!(boolean),
        amf0::Value::String(text) => json!(text.as_str()),
        amf0::Value::Object(object) => of_object("", named(object)),
        amf0::Value::Null => Value::Null,
        amf0::Value::Undefined => json!({ "$undefined": true }),
        amf0::Value::Reference(index) => json!({ "$ref": index }),
        amf0::Value::EcmaArray(object) => json!({ "$map": in_pairs(named(object)) }),
        amf0::Value::StrictArray(items) => items.iter().map(plain).collect(),
        amf0::Value::Date { ms, timezone } => of_date(*ms, *timezone),
        amf0::Value::Xml(text) => json!({ "$xml": text.as_str() }),
        amf0::Value::TypedObject { class, members } => of_object(class, named(members)),
        amf0::Value::Avm(value) => of_amf3(value),
        // And whatever a newer version of the library knows more.
        _ => json!({ "$unsupported": true }),
    }
}

fn named(object: &Object) -> Vec<(&Text, Value)> {
    object
        .iter()
        .map(|(name, value)| (name, plain(value)))
        .collect()
}

fn of_amf3(value: &amf3::Value) -> Value {
    let list = |items: &[amf3::Value]| -> Value { items.iter().map(of_amf3).collect() };
    match value {
        amf3::Value::Undefined => json!({ "$undefined": true }),
        amf3::Value::Null => Value::Null,
        amf3::Value::Boolean(boolean) => json!(boolean),
        amf3::Value::Integer(number) => json!(number),
        amf3::Value::Double(number) => of_number(*number),
        amf3::Value::String(text) => json!(text.as_str()),
        amf3::Value::XmlDocument(text) => json!({ "$xml": text.as_str() }),
        amf3::Value::Xml(text) => json!({ "$e4x": text.as_str() }),
        amf3::Value::Date(ms) => of_date(*ms, 0),
        amf3::Value::Array(array) if array.associative.is_empty() => list(&array.dense),
        amf3::Value::Array(array) => {
            let names = array.associative.iter();
            let names = names.map(|(name, value)| (name, of_amf3(value))).collect();
            json!({ "$array": list(&array.dense), "names": in_pairs(names) })
        }
        amf3::Value::Object(object) => {
            let named = object.iter().map(|(name, value)| (name, of_amf3(value)));
            of_object(&object.traits().class, named.collect())
        }
        amf3::Value::External { class, value } => {
            json!({ "$external": class.name(), "value": of_amf3(value) })
        }
        amf3::Value::ByteArray(bytes) => json!({ "$bytes": BASE64_STANDARD.encode(bytes) }),
        amf3::Value::VectorInt(vector) => of_vector("int", vector.fixed, &json!(vector.items)),
        amf3::Value::VectorUint(vector) => of_vector("uint", vector.fixed, &json!(vector.items)),
        amf3::Value::VectorDouble(vector) => {
            let items: Value = vector.items.iter().copied().map(of_number).collect();
            of_vector("double", vector.fixed, &items)
        }
        amf3::Value::VectorObject(vector) => {
            of_vector(&vector.class, vector.fixed, &list(&vector.items))
        }
        amf3::Value::Dictionary(dictionary) => {
            let entries = dictionary.entries.iter();
            let entries = entries.map(|(key, value)| json!([of_amf3(key), of_amf3(value)]));
            let object = json!({ "$dictionary": entries.collect::<Value>() });
            let weak = dictionary.weak_keys.then(|| json!(true));
            with(object, "weak", weak)
        }
        amf3::Value::Reference(index) => json!({ "$ref3": index }),
        _ => json!({ "$unsupported": true }),
    }
}

fn of_vector(class: &str, fixed: bool, items: &Value) -> Value {
    let object = json!({ "$vector": class, "items": items });
    with(object, "fixed", fixed.then(|| json!(true)))
}

/// An object with one more member, if there is one.
fn with(mut object: Value, name: &str, value: Option<Value>) -> Value {
    if let (Some(members), Some(value)) = (object.as_object_mut(), value) {
        members.insert(name.to_owned(), value);
    }
    object
}

/// Whole numbers without a point, as people write them.
fn of_number(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.fract() == 0.0 && number.abs() <= EXACT;
    let is_negative_zero = number == 0.0 && number.is_sign_negative();
    if is_whole
        && !is_negative_zero
        && let Ok(whole) = format!("{number:.0}").parse::<i64>()
    {
        return json!(whole);
    }
    match serde_json::Number::from_f64(number) {
        Some(number) => Value::Number(number),
        None if number.is_nan() => json!({ "$number": "NaN" }),
        None if number > 0.0 => json!({ "$number": "Infinity" }),
        None => json!({ "$number": "-Infinity" }),
    }
}

fn of_date(ms: f64, timezone: i16) -> Value {
    let date = in_words(ms).map_or_else(|| of_number(ms), Value::String);
    let timezone = (timezone != 0).then(|| json!(timezone));
    with(json!({ "$date": date }), "timezone", timezone)
}

/// A date as people write it, if that says all of it: from 1970 to 9999, whole milliseconds.
fn in_words(ms: f64) -> Option<String> {
    const END_OF_9999: f64 = 253_402_300_800_000.0;
    if ms.fract() != 0.0 || !(0.0..END_OF_9999).contains(&ms) {
        return None;
    }
    let ms = format!("{ms:.0}").parse().ok()?;
    let time = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms))?;
    Some(humantime::format_rfc3339_millis(time).to_string())
}

fn of_object(class: &str, named: Vec<(&Text, Value)>) -> Value {
    match (pairs_or_object(named), class) {
        (Ok(object), "") => object,
        (Err(pairs), "") => json!({ "$object": pairs }),
        (Ok(members) | Err(members), class) => json!({ "$class": class, "$object": members }),
    }
}

fn in_pairs(named: Vec<(&Text, Value)>) -> Value {
    pairs_or_object(named).unwrap_or_else(|pairs| pairs)
}

/// An object of JSON, or pairs where a name stands twice or looks like a word of the mapping itself.
fn pairs_or_object(named: Vec<(&Text, Value)>) -> Result<Value, Value> {
    let count = named.len();
    let is_word = named.iter().any(|(name, _)| name.starts_with('$'));
    if !is_word {
        let object: Map<String, Value> = named
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect();
        if object.len() == count {
            return Ok(Value::Object(object));
        }
    }
    let pairs = named
        .into_iter()
        .map(|(name, value)| json!([name.as_str(), value]));
    Err(pairs.collect())
}
