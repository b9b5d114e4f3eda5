//! From JSON to values.

use std::time::SystemTime;

use adit_client::amf::amf0::{self, Object};
use adit_client::amf::amf3::{self, Array, Dictionary, ExternalClass, ObjectVector, Vector};
use adit_client::amf::{Text, convert};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use thiserror::Error;

/// Why JSON is no value.
#[derive(Debug, Error)]
pub(crate) enum Unreadable {
    /// It is no JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is, and says what no value can be.
    #[error("{0}")]
    Form(&'static str),
}

type Read<T> = Result<T, Unreadable>;

/// The value of one text in JSON.
///
/// # Errors
/// It is no JSON, or says what no value can be. What is wrong is not repeated: it may be a secret.
pub(crate) fn value(text: &str) -> Read<amf0::Value> {
    of(serde_json::from_str(text)?)
}

/// As many values as the text holds, with white space between them.
///
/// # Errors
/// As [`value`].
pub(crate) fn values(text: &str) -> Read<Vec<amf0::Value>> {
    let jsons = serde_json::Deserializer::from_str(text).into_iter();
    jsons.map(|json| of(json?)).collect()
}

pub(crate) fn of(json: Value) -> Read<amf0::Value> {
    Ok(match json {
        Value::Null => amf0::Value::Null,
        Value::Bool(boolean) => boolean.into(),
        Value::Number(number) => of_number(&number)?.into(),
        Value::String(text) => text.into(),
        Value::Array(items) => items.into_iter().map(of).collect::<Read<Vec<_>>>()?.into(),
        Value::Object(object) if object.keys().any(|name| name.starts_with('$')) => worded(object)?,
        Value::Object(object) => members(Value::Object(object))?.into(),
    })
}

/// A number, unless it is a whole one that a double has no place for.
fn of_number(number: &serde_json::Number) -> Read<f64> {
    let double = number.as_f64().filter(|double| double.is_finite());
    let double = double.ok_or(Unreadable::Form("a number that is too large"))?;
    let whole = number.as_i128();
    if whole.is_some_and(|whole| format!("{double:.0}").parse() != Ok(whole)) {
        return Err(Unreadable::Form(
            "a whole number that a double cannot hold exactly; write it as a string",
        ));
    }
    Ok(double)
}

/// An object that stands for something JSON has no word for.
fn worded(mut object: Map<String, Value>) -> Read<amf0::Value> {
    let words = object.keys().filter(|name| name.starts_with('$'));
    let words: Vec<String> = words.cloned().collect();
    let mut take = |name: &str| object.shift_remove(name);
    let words: Vec<(&str, Value)> = words
        .iter()
        .map(|word| (word.as_str(), take(word).unwrap_or_default()))
        .collect();
    let value = match words.as_slice() {
        [("$class", Value::String(class)), ("$object", named)]
        | [("$object", named), ("$class", Value::String(class))] => amf0::Value::TypedObject {
            class: class.as_str().into(),
            members: members(named.clone())?,
        },
        [(word, said)] => one_word(word, said.clone(), &mut take)?,
        _ => return Err(UNKNOWN),
    };
    if object.is_empty() {
        Ok(value)
    } else {
        Err(UNKNOWN)
    }
}

fn one_word(
    word: &str,
    said: Value,
    take: &mut impl FnMut(&str) -> Option<Value>,
) -> Read<amf0::Value> {
    Ok(match (word, said) {
        ("$undefined", Value::Bool(true)) => amf0::Value::Undefined,
        ("$unsupported", Value::Bool(true)) => amf0::Value::Unsupported,
        ("$number", Value::String(name)) => match name.as_str() {
            "NaN" => f64::NAN.into(),
            "Infinity" => f64::INFINITY.into(),
            "-Infinity" => f64::NEG_INFINITY.into(),
            _ => return Err(Unreadable::Form("$number is NaN, Infinity or -Infinity")),
        },
        ("$object", named) => amf0::Value::Object(members(named)?),
        ("$map", named) => amf0::Value::EcmaArray(members(named)?),
        ("$date", date) => of_date(&date, take("timezone"))?,
        ("$xml", Value::String(text)) => amf0::Value::Xml(text.into()),
        ("$ref", index) => {
            let index = index.as_u64().and_then(|index| u16::try_from(index).ok());
            amf0::Value::Reference(index.ok_or(Unreadable::Form("$ref is a number from 0 on"))?)
        }
        (word, said) => amf0::Value::Avm(of_amf3(word, said, take)?),
    })
}

/// What only AMF3 has a word for.
fn of_amf3(
    word: &str,
    said: Value,
    take: &mut impl FnMut(&str) -> Option<Value>,
) -> Read<amf3::Value> {
    Ok(match (word, said) {
        ("$e4x", Value::String(text)) => amf3::Value::Xml(text.into()),
        ("$bytes", Value::String(text)) => {
            let bytes = BASE64_STANDARD
                .decode(text)
                .map_err(|_| Unreadable::Form("$bytes is not base64"))?;
            amf3::Value::ByteArray(bytes.into())
        }
        ("$ref3", index) => {
            let index = index.as_u64().and_then(|index| u32::try_from(index).ok());
            amf3::Value::Reference(index.ok_or(Unreadable::Form("$ref3 is a number from 0 on"))?)
        }
        ("$array", Value::Array(dense)) => amf3::Value::Array(Array {
            dense: inner_all(dense)?,
            associative: pairs(take("names").unwrap_or_default())?
                .into_iter()
                .map(|(name, value)| Ok((name, inner(value)?)))
                .collect::<Read<_>>()?,
        }),
        ("$vector", Value::String(class)) => {
            let fixed = flag(take("fixed").as_ref())?;
            let Some(Value::Array(items)) = take("items") else {
                return Err(Unreadable::Form("a $vector has items"));
            };
            vector(&class, fixed, items)?
        }
        ("$dictionary", Value::Array(entries)) => amf3::Value::Dictionary(Dictionary {
            weak_keys: flag(take("weak").as_ref())?,
            entries: entries.into_iter().map(entry).collect::<Read<_>>()?,
        }),
        ("$external", Value::String(class)) => {
            let class = ExternalClass::from_name(&class);
            let class = class.ok_or(Unreadable::Form("a class whose layout nobody knows"))?;
            let value = Box::new(inner(take("value").unwrap_or_default())?);
            amf3::Value::External { class, value }
        }
        _ => return Err(UNKNOWN),
    })
}

fn vector(class: &str, fixed: bool, items: Vec<Value>) -> Read<amf3::Value> {
    const INT: Unreadable = Unreadable::Form("a number that does not fit into the $vector");
    Ok(match class {
        "int" => {
            let items = items.iter().map(|item| {
                let whole = item.as_i64().and_then(|whole| i32::try_from(whole).ok());
                whole.ok_or(INT)
            });
            let items = items.collect::<Read<_>>()?;
            amf3::Value::VectorInt(Vector { fixed, items })
        }
        "uint" => {
            let items = items.iter().map(|item| {
                let whole = item.as_u64().and_then(|whole| u32::try_from(whole).ok());
                whole.ok_or(INT)
            });
            let items = items.collect::<Read<_>>()?;
            amf3::Value::VectorUint(Vector { fixed, items })
        }
        "double" => {
            let items = items
                .into_iter()
                .map(|item| of(item)?.as_number().ok_or(INT));
            let items = items.collect::<Read<_>>()?;
            amf3::Value::VectorDouble(Vector { fixed, items })
        }
        class => amf3::Value::VectorObject(Box::new(ObjectVector {
            class: class.into(),
            fixed,
            items: inner_all(items)?,
        })),
    })
}

fn entry(entry: Value) -> Read<(amf3::Value, amf3::Value)> {
    match entry {
        Value::Array(pair) => match <[Value; 2]>::try_from(pair) {
            Ok([key, value]) => Ok((inner(key)?, inner(value)?)),
            Err(_) => Err(PAIRS),
        },
        _ => Err(PAIRS),
    }
}

fn inner_all(items: Vec<Value>) -> Read<Vec<amf3::Value>> {
    items.into_iter().map(inner).collect()
}

/// A value inside one of AMF3.
fn inner(json: Value) -> Read<amf3::Value> {
    let value = of(json)?;
    if let amf0::Value::Avm(value) = value {
        return Ok(value);
    }
    // Inside a list it becomes whatever AMF3 has for it, plain values too.
    let list = amf0::Value::StrictArray(vec![value]);
    let list = convert::to_amf3(std::slice::from_ref(&list)).and_then(|mut list| list.pop());
    let inner = match list {
        Some(amf0::Value::Avm(amf3::Value::Array(mut array))) => array.dense.pop(),
        _ => None,
    };
    inner.ok_or(Unreadable::Form("a value that AMF3 has no word for"))
}

fn of_date(date: &Value, timezone: Option<Value>) -> Read<amf0::Value> {
    const DATE: Unreadable =
        Unreadable::Form("$date is milliseconds, or as in \"2026-11-23T10:00:00.000Z\"");
    let ms = match date {
        Value::String(text) => {
            let time = humantime::parse_rfc3339(text).map_err(|_| DATE)?;
            let since = time.duration_since(SystemTime::UNIX_EPOCH);
            let since = since.map_err(|_| DATE)?;
            (since.as_secs_f64() * 1000.0).round()
        }
        _ => of(date.clone())?.as_number().ok_or(DATE)?,
    };
    let timezone = timezone.map(|zone| zone.as_i64().and_then(|zone| i16::try_from(zone).ok()));
    let timezone = timezone.unwrap_or(Some(0)).ok_or(DATE)?;
    Ok(amf0::Value::Date { ms, timezone })
}

fn flag(said: Option<&Value>) -> Read<bool> {
    match said {
        None => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Unreadable::Form("what is true or false, and nothing else")),
    }
}

/// Members as an object of JSON or as pairs.
fn members(named: Value) -> Read<Object> {
    let pairs = pairs(named)?.into_iter();
    let members = pairs.map(|(name, value)| Ok((name, of(value)?)));
    members
        .collect::<Read<Vec<(Text, amf0::Value)>>>()
        .map(Object::from_iter)
}

fn pairs(named: Value) -> Read<Vec<(Text, Value)>> {
    match named {
        Value::Null => Ok(Vec::new()),
        Value::Object(object) => {
            let pairs = object.into_iter();
            Ok(pairs.map(|(name, value)| (name.into(), value)).collect())
        }
        Value::Array(pairs) => pairs
            .into_iter()
            .map(|pair| match pair {
                Value::Array(pair) => match <[Value; 2]>::try_from(pair) {
                    Ok([Value::String(name), value]) => Ok((name.into(), value)),
                    _ => Err(PAIRS),
                },
                _ => Err(PAIRS),
            })
            .collect(),
        _ => Err(PAIRS),
    }
}

const PAIRS: Unreadable = Unreadable::Form("members are an object, or pairs of a name and a value");
const UNKNOWN: Unreadable = Unreadable::Form(
    "an object with a name that begins with $ and is none of the known words; see docs/calls-and-objects.md",
);
