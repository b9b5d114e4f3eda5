//! Values of RTMP as JSON, and back, without losing what JSON has no word for.
//!
//! | AMF | JSON |
//! |---|---|
//! | null, boolean, string, array, object | themselves |
//! | number | number; `{"$number":"NaN"}`, `"Infinity"`, `"-Infinity"` |
//! | undefined, unsupported | `{"$undefined":true}`, `{"$unsupported":true}` |
//! | date | `{"$date":"2026-11-23T10:00:00.000Z"}`, or milliseconds since 1970; `"timezone":-60` if it has one |
//! | ECMA array | `{"$map":{…}}` |
//! | typed object | `{"$class":"Name","$object":{…}}` |
//! | XML | `{"$xml":"<a/>"}` |
//! | reference | `{"$ref":0}`: the object or array of this number, counted through the whole message |
//! | reference in a message that only AMF3 can say | `{"$ref3":0}`, in the numbering of AMF3 |
//! | byte array (AMF3) | `{"$bytes":"AAEC"}`, base64 |
//! | array with names (AMF3) | `{"$array":[…],"names":{…}}` |
//! | vector (AMF3) | `{"$vector":"int","items":[…]}`; `uint`, `double`, or a class; `"fixed":true` |
//! | dictionary (AMF3) | `{"$dictionary":[[key,value],…]}`; `"weak":true` |
//! | externalizable (AMF3) | `{"$external":"flex.messaging.io.ArrayCollection","value":…}` |
//! | XML that is no document (AMF3) | `{"$e4x":"<a/>"}` |
//!
//! Members whose names begin with `$` or stand twice are pairs: `{"$object":[["$a",1],["$a",2]]}`, and so for `$map` and `names`.

mod read;
mod write;

pub(crate) use read::{Unreadable, of, value, values};
pub(crate) use write::{json, jsons};

#[cfg(test)]
mod tests;
