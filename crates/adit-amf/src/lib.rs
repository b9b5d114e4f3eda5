//! AMF0 and AMF3 values to and from bytes, with depth, count and size limits.
//!
//! One message is decoded as a whole: [`amf0::decode_all`] (or [`amf0::Decoder`], value by value)
//! takes its body as [`bytes::Bytes`] and gives a tree of [`amf0::Value`]. Strings, XML and byte
//! arrays are slices of that body ([`Text`], [`bytes::Bytes`]), never copies. A marker `0x11` inside
//! AMF0 switches one value to AMF3 ([`amf0::Value::Avm`]); both formats share one [`Limits`] budget.
//!
//! What never happens here, whatever the peer sends:
//!
//! * no allocation is sized by a count that the rest of the message could not fill;
//! * no value is nested deeper than [`Limits::depth`], so decoding, encoding, dropping and printing
//!   a decoded value need a bounded stack;
//! * no reference is followed or expanded: it stays an index ([`amf0::Value::Reference`],
//!   [`amf3::Value::Reference`]), so cycles and "billion laughs" cost nothing;
//! * no class is made from a name: typed objects stay data, XML stays text, and an externalizable
//!   class that is not known is refused.
//!
//! ```
//! use adit_amf::{Limits, amf0};
//! use bytes::BytesMut;
//!
//! let info = amf0::Object::new().with("level", "status").with("code", "NetStream.Play.Start");
//! let message = [amf0::Value::from("onStatus"), 0.0.into(), amf0::Value::Null, info.into()];
//! let mut body = BytesMut::new();
//! amf0::encode_all(&message, &mut body)?;
//!
//! let values = amf0::decode_all(body.freeze(), &Limits::default())?;
//! assert_eq!(values[0].as_str(), Some("onStatus"));
//! let code = values[3].as_object().and_then(|info| info.property("code"));
//! assert_eq!(code.and_then(amf0::Value::as_str), Some("NetStream.Play.Start"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod amf0;
pub mod amf3;
mod budget;
pub mod convert;
mod error;
pub mod limits;
mod reader;
mod text;

#[cfg(test)]
mod testing;

pub use error::{DecodeError, EncodeError, Fault, Format, LimitKind, Table};
pub use limits::Limits;
pub use text::Text;
