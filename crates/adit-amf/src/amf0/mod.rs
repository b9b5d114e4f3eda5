//! AMF0: the values of commands, data messages, shared objects and FLV script tags.
//!
//! ```text
//! value   marker u8, then by marker
//!   00 number    f64                        0A strict array  u32 count, values
//!   01 boolean   u8                         0B date          f64 ms, i16 time zone
//!   02 string    u16 length, UTF-8          0C long string   u32 length, UTF-8
//!   03 object    members                    0D unsupported
//!   05 null                                 0F XML document  u32 length, UTF-8
//!   06 undefined                            10 typed object  u16 length, class, members
//!   07 reference u16 index                  11 AVM+          one AMF3 value
//!   08 ECMA array  u32 about, members
//! members (u16 length, name, value)* 00 00 09
//! ```

mod decode;
mod encode;
mod object;
mod value;

pub use decode::{Decoder, decode_all};
pub use encode::{Encoder, encode_all};
pub use object::Object;
pub use value::{Descendants, Value, resolve};

/// The first byte of each value [AMF0 2.1].
mod marker {
    pub(super) const NUMBER: u8 = 0x00;
    pub(super) const BOOLEAN: u8 = 0x01;
    pub(super) const STRING: u8 = 0x02;
    pub(super) const OBJECT: u8 = 0x03;
    pub(super) const MOVIE_CLIP: u8 = 0x04;
    pub(super) const NULL: u8 = 0x05;
    pub(super) const UNDEFINED: u8 = 0x06;
    pub(super) const REFERENCE: u8 = 0x07;
    pub(super) const ECMA_ARRAY: u8 = 0x08;
    pub(super) const OBJECT_END: u8 = 0x09;
    pub(super) const STRICT_ARRAY: u8 = 0x0a;
    pub(super) const DATE: u8 = 0x0b;
    pub(super) const LONG_STRING: u8 = 0x0c;
    pub(super) const UNSUPPORTED: u8 = 0x0d;
    pub(super) const RECORD_SET: u8 = 0x0e;
    pub(super) const XML_DOCUMENT: u8 = 0x0f;
    pub(super) const TYPED_OBJECT: u8 = 0x10;
    pub(super) const AVM_PLUS: u8 = 0x11;
    /// A 64-bit integer, in no specification (Q-003).
    pub(super) const INT64: u8 = 0x22;
}

#[cfg(test)]
mod tests;
