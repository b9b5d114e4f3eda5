//! The name of a data message.

use std::str;

use crate::limits::DATA_NAME_BYTES;
use crate::read::Reader;

/// The handler that takes a stream's metadata.
pub const ON_META_DATA: &str = "onMetaData";
/// The handler that takes a stored data message away again; the next value names which.
pub const CLEAR_DATA_FRAME: &str = "@clearDataFrame";

const AMF0_STRING: u8 = 0x02;
const AMF0_TO_AMF3: u8 = 0x11;
const AMF3_STRING: u8 = 0x06;

/// The name of a data message: the string it begins with.
///
/// Only the head of the message is looked at. `None` when it does not begin with a string, as the
/// four-byte timecode messages of FFmpeg do not, when the string is cut short, is not
/// UTF-8, or has more than 128 bytes.
pub fn name(payload: &[u8]) -> Option<&str> {
    string(&mut Reader::new(payload))
}

/// Whether the message takes stored metadata away: `@clearDataFrame`, `onMetaData`.
pub fn clears_metadata(payload: &[u8]) -> bool {
    let mut reader = Reader::new(payload);
    string(&mut reader) == Some(CLEAR_DATA_FRAME) && string(&mut reader) == Some(ON_META_DATA)
}

/// A string in AMF0 [AMF0 2.4], or in AMF3 behind the switch marker [AMF3 1.3.2], as
/// `ActionScript` 3 clients write it.
fn string<'a>(reader: &mut Reader<'a>) -> Option<&'a str> {
    let len = match reader.u8()? {
        AMF0_STRING => usize::from(reader.u16()?),
        AMF0_TO_AMF3 if reader.u8()? == AMF3_STRING => amf3_length(reader)?,
        _ => return None,
    };
    if len > DATA_NAME_BYTES {
        return None;
    }
    str::from_utf8(reader.take(len)?).ok()
}

/// A string length of at most two bytes; a longer one, or a reference, is no name.
fn amf3_length(reader: &mut Reader<'_>) -> Option<usize> {
    let first = reader.u8()?;
    let value = if first & 0x80 == 0 {
        usize::from(first)
    } else {
        let second = reader.u8()?;
        if second & 0x80 != 0 {
            return None;
        }
        usize::from(first & 0x7F) << 7 | usize::from(second)
    };
    (value & 1 == 1).then_some(value >> 1)
}

#[cfg(test)]
mod tests;
