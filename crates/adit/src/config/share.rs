//! A part of a whole.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A part of a whole, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share(pub(crate) f64);

impl Share {
    fn of<E: serde::de::Error>(number: f64) -> Result<Self, E> {
        if (0.0..=1.0).contains(&number) {
            return Ok(Self(number));
        }
        Err(E::custom(format!(
            "{number} is no share; write it as in 0.1, from 0 to 1"
        )))
    }
}

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0)
    }
}

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Whole numbers, too: TOML tells 1 from 1.0.
        Self::of(f64::deserialize(deserializer)?)
    }
}

impl JsonSchema for Share {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Share".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "number", "minimum": 0, "maximum": 1, "x-kind": "a number from 0 to 1" })
    }
}
