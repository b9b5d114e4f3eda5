//! AMF3: the values behind AMF0 marker 0x11, and whole bodies where AMF3 stands alone.
//!
//! ```text
//! U29     1 to 4 bytes of 7 bits, high bit = one more; the 4th byte has 8 bits
//! text    U29 (index << 1), or U29 (length << 1 | 1) and UTF-8; 01 is empty and never in the table
//! value   marker u8, then by marker
//!   00 undefined  01 null  02 false  03 true
//!   04 integer      U29, bit 28 is the sign
//!   05 double       f64
//!   06 string       text
//!   07 XML document, 0B XML       U29 (index << 1), or U29 (length << 1 | 1) and UTF-8
//!   08 date         U29 (index << 1), or U29 1 and f64 ms
//!   09 array        U29 (index << 1), or U29 (count << 1 | 1), (text, value)* 01, values
//!   0A object       U29 head and by its low bits
//!        …0    index << 1           0011   inline traits, sealed: count << 4
//!        01    traits index << 2    1011   inline traits, dynamic: count << 4
//!                                   0111   externalizable
//!        inline: text class, text names; then values, then if dynamic (text, value)* 01
//!   0C byte array   U29 (index << 1), or U29 (length << 1 | 1) and bytes
//!   0D int, 0E uint, 0F double vector   U29 (index << 1), or U29 (count << 1 | 1), u8 fixed, items
//!   10 object vector   as above, text class before the items
//!   11 dictionary   U29 (index << 1), or U29 (count << 1 | 1), u8 weak keys, (value, value)*
//! ```

mod decode;
mod encode;
mod object;
mod value;

pub(crate) use decode::Core;
pub use decode::{Decoder, decode_all};
pub(crate) use encode::EncodeCore;
pub use encode::{Encoder, encode_all};
pub use object::{Array, Dictionary, ExternalClass, Object, ObjectVector, Traits, Vector};
pub use value::{Descendants, Value, resolve};

/// The first byte of each value [AMF3 3.1].
mod marker {
    pub(super) const UNDEFINED: u8 = 0x00;
    pub(super) const NULL: u8 = 0x01;
    pub(super) const FALSE: u8 = 0x02;
    pub(super) const TRUE: u8 = 0x03;
    pub(super) const INTEGER: u8 = 0x04;
    pub(super) const DOUBLE: u8 = 0x05;
    pub(super) const STRING: u8 = 0x06;
    pub(super) const XML_DOCUMENT: u8 = 0x07;
    pub(super) const DATE: u8 = 0x08;
    pub(super) const ARRAY: u8 = 0x09;
    pub(super) const OBJECT: u8 = 0x0a;
    pub(super) const XML: u8 = 0x0b;
    pub(super) const BYTE_ARRAY: u8 = 0x0c;
    pub(super) const VECTOR_INT: u8 = 0x0d;
    pub(super) const VECTOR_UINT: u8 = 0x0e;
    pub(super) const VECTOR_DOUBLE: u8 = 0x0f;
    pub(super) const VECTOR_OBJECT: u8 = 0x10;
    pub(super) const DICTIONARY: u8 = 0x11;
}

/// The low bits of the number that starts an object [AMF3 3.12].
mod head {
    pub(super) const INLINE_OBJECT: u32 = 0b0001;
    pub(super) const INLINE_TRAITS: u32 = 0b0010;
    pub(super) const EXTERNALIZABLE: u32 = 0b0100;
    pub(super) const DYNAMIC: u32 = 0b1000;
}

/// The most that a U29 can say [AMF3 1.3.1].
const U29_MAX: u32 = 0x1fff_ffff;

#[cfg(test)]
mod tests;
