//! Chunk headers out of bytes.

use crate::id::{ChunkStreamId, MessageStreamId};
use crate::message::MessageKind;
use crate::time::Timestamp;

/// The longest header: basic header 3, message header 11, extended timestamp 4.
pub(super) const HEADER_MAX: usize = 18;

/// A chunk header as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) csid: ChunkStreamId,
    pub(super) fields: Fields,
    /// Length in bytes, the extended timestamp included, except behind a type 3 header: whether one
    /// is there depends on what came before, see [`repeats`].
    pub(super) len: usize,
}

/// What the four formats say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fields {
    Type0 {
        time: Time,
        body: BodyFields,
        msid: MessageStreamId,
    },
    Type1 {
        delta: Time,
        body: BodyFields,
    },
    Type2 {
        delta: Time,
    },
    Type3,
}

/// Length and type of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BodyFields {
    pub(super) length: u32,
    pub(super) kind: MessageKind,
}

/// A time or a delta, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Time {
    Short(u32),
    /// From the extended timestamp field. In types 1 and 2 that is a delta as well.
    Extended(u32),
}

impl Time {
    pub(super) const fn ms(self) -> u32 {
        match self {
            Self::Short(ms) | Self::Extended(ms) => ms,
        }
    }

    /// The value of the extended timestamp field.
    pub(super) const fn extended(self) -> Option<u32> {
        match self {
            Self::Short(_) => None,
            Self::Extended(ms) => Some(ms),
        }
    }
}

impl Header {
    /// Reads the header at the start of `bytes`; `None` if it goes on behind them, which it never
    /// does behind [`HEADER_MAX`].
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (csid, basic_len) = ChunkStreamId::read_basic_header(bytes)?;
        let rest = bytes.get(basic_len..)?;
        let (fields, len) = match bytes.first()? >> 6 {
            0 => {
                let [t2, t1, t0, l2, l1, l0, kind, m0, m1, m2, m3] = *rest.first_chunk()?;
                let (time, len) = time_and_len([t2, t1, t0], rest, 11)?;
                let msid = MessageStreamId::new(u32::from_le_bytes([m0, m1, m2, m3]));
                (
                    Fields::Type0 {
                        time,
                        body: body_fields([l2, l1, l0], kind),
                        msid,
                    },
                    len,
                )
            }
            1 => {
                let [t2, t1, t0, l2, l1, l0, kind] = *rest.first_chunk()?;
                let (delta, len) = time_and_len([t2, t1, t0], rest, 7)?;
                (
                    Fields::Type1 {
                        delta,
                        body: body_fields([l2, l1, l0], kind),
                    },
                    len,
                )
            }
            2 => {
                let (delta, len) = time_and_len(*rest.first_chunk()?, rest, 3)?;
                (Fields::Type2 { delta }, len)
            }
            _ => (Fields::Type3, 0),
        };
        Some(Self {
            csid,
            fields,
            len: basic_len.checked_add(len)?,
        })
    }
}

/// Whether `bytes` begin with the extended timestamp `value`; `None` if more bytes are needed to
/// tell.
///
/// Behind a type 3 header some peers repeat the extended timestamp and some do not, so the only way
/// is to look. The top bit is left out: some peers send 31 bits of time there. A first byte
/// that differs settles it, so a peer that leaves the field out is not kept waiting.
pub(super) fn repeats(bytes: &[u8], value: u32) -> Option<bool> {
    let [first, others @ ..] = value.to_be_bytes();
    let (seen, rest) = bytes.split_first()?;
    if (seen ^ first) & 0x7F != 0 {
        return Some(false);
    }
    let together = rest.len().min(others.len());
    if rest.get(..together) != others.get(..together) {
        return Some(false);
    }
    (together == others.len()).then_some(true)
}

/// The time field, and the length of message header and extended timestamp together.
fn time_and_len([t2, t1, t0]: [u8; 3], rest: &[u8], header_len: usize) -> Option<(Time, usize)> {
    let short = u32::from_be_bytes([0, t2, t1, t0]);
    if short != Timestamp::FIRST_EXTENDED_MS {
        return Some((Time::Short(short), header_len));
    }
    let extended = *rest.get(header_len..)?.first_chunk()?;
    Some((
        Time::Extended(u32::from_be_bytes(extended)),
        header_len.checked_add(4)?,
    ))
}

fn body_fields([l2, l1, l0]: [u8; 3], kind: u8) -> BodyFields {
    BodyFields {
        length: u32::from_be_bytes([0, l2, l1, l0]),
        kind: MessageKind::from_id(kind),
    }
}

#[cfg(test)]
mod tests;
