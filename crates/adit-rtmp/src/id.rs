//! Numbers that name streams, and the chunk size.

use std::fmt;

use bytes::BufMut;

/// Which message stream a message belongs to; 0 is the connection itself [RTMP 5.3.1.2.1].
///
/// Any 32-bit number may arrive; the ones a server gives out by `createStream` are small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageStreamId(u32);

impl MessageStreamId {
    /// The connection itself: control messages and connection commands.
    pub const CONNECTION: Self = Self(0);

    /// The message stream with this number.
    pub const fn new(id: u32) -> Self {
        Self(id)
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for MessageStreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Which chunk stream carries a message, 2 to 65,599 [RTMP 5.3.1.1].
///
/// When reading it has no meaning beyond keeping header history apart (Q-031); what we write uses
/// the constants below.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkStreamId(u32);

impl ChunkStreamId {
    /// Protocol control and user control messages, always (Q-032).
    pub const CONTROL: Self = Self(2);
    /// Commands of the connection.
    pub const COMMAND: Self = Self(3);
    /// Data messages of a stream.
    pub const DATA: Self = Self(4);
    /// Commands and status messages of a stream.
    pub const STREAM: Self = Self(5);
    /// Video messages.
    pub const VIDEO: Self = Self(6);
    /// Audio messages.
    pub const AUDIO: Self = Self(7);

    /// The smallest id; 0 and 1 are escapes in the header.
    pub const MIN: u32 = 2;
    /// The largest id that a header can carry.
    pub const MAX: u32 = 65_599;

    /// The chunk stream with this number, if it is one: 2 to 65,599.
    pub const fn new(id: u32) -> Option<Self> {
        if id >= Self::MIN && id <= Self::MAX {
            Some(Self(id))
        } else {
            None
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Reads the id from a basic header, and gives the length of the header too; `None` if bytes are
    /// missing.
    ///
    /// ```text
    /// 1 byte   format 2 bits │ id 6 bits (2 to 63)
    /// 2 bytes  format 2 bits │ 0 6 bits │ id − 64
    /// 3 bytes  format 2 bits │ 1 6 bits │ id − 64, low byte first
    /// ```
    ///
    /// Ids up to 319 may come in the longest form (Q-033).
    pub(crate) fn read_basic_header(bytes: &[u8]) -> Option<(Self, usize)> {
        match bytes {
            [first, rest @ ..] => match (first & 0x3F, rest) {
                (0, [low, ..]) => Some((Self::beyond_one_byte(u16::from(*low)), 2)),
                (1, [low, high, ..]) => {
                    Some((Self::beyond_one_byte(u16::from_le_bytes([*low, *high])), 3))
                }
                (0 | 1, _) => None,
                (id, _) => Some((Self(u32::from(id)), 1)),
            },
            [] => None,
        }
    }

    /// Appends the shortest basic header with this id; `format` is 0 to 3.
    pub(crate) fn write_basic_header(self, format: u8, out: &mut impl BufMut) {
        let format = format << 6;
        match (
            u8::try_from(self.0),
            u8::try_from(self.0.saturating_sub(64)),
        ) {
            (Ok(id @ 0..64), _) => out.put_u8(format | id),
            (_, Ok(low)) => {
                out.put_u8(format);
                out.put_u8(low);
            }
            _ => {
                let offset = u16::try_from(self.0.saturating_sub(64)).unwrap_or(u16::MAX);
                out.put_u8(format | 1);
                out.put_u16_le(offset);
            }
        }
    }

    /// 64 to 65,599.
    const fn beyond_one_byte(offset: u16) -> Self {
        Self((offset as u32).saturating_add(64))
    }
}

impl fmt::Display for ChunkStreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The largest payload of one chunk in bytes, 1 to 16,777,215 [RTMP 5.4.1].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChunkSize(u32);

impl ChunkSize {
    /// What both sides start with.
    pub const DEFAULT: Self = Self(128);
    /// The largest effective size: a message is not longer, so neither is a chunk.
    pub const MAX: Self = Self(0xFF_FFFF);

    /// The size that a peer's Set Chunk Size of `bytes` means, or `None` if that is illegal.
    ///
    /// Legal are 1 to 2^31 − 1; more than 16,777,215 is the same as 16,777,215 [RTMP 5.4.1].
    pub const fn new(bytes: u32) -> Option<Self> {
        if bytes == 0 || bytes > 0x7FFF_FFFF {
            None
        } else if bytes > Self::MAX.0 {
            Some(Self::MAX)
        } else {
            Some(Self(bytes))
        }
    }

    /// Bytes.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Bytes, as a length.
    pub const fn as_len(self) -> usize {
        self.0 as usize
    }
}

impl Default for ChunkSize {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for ChunkSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests;
