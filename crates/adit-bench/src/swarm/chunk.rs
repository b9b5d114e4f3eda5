//! A light reader of RTMP chunk streams for the swarm.
//!
//! It never buffers a payload: each piece of a message is handed on where it lies in the read
//! buffer. It is written apart from `adit-rtmp` on purpose, so that a mistake in the server's chunk
//! writer cannot hide behind the same mistake in the reader that checks it.

use thiserror::Error;

/// Chunk streams one server may use towards one player; a server that uses more is an error.
pub(crate) const MAX_CHUNK_STREAMS: usize = 64;

/// The largest chunk header: basic header 3, message header 11, extended timestamp 4.
const MAX_HEADER: usize = 18;

/// The chunk size before any Set Chunk Size, in bytes `[RTMP 5.4.1]`.
pub(crate) const DEFAULT_CHUNK_SIZE: u32 = 128;

const SET_CHUNK_SIZE: u8 = 1;
const ABORT: u8 = 2;
const NO_TIMESTAMP: u32 = 0x00FF_FFFF;

/// What makes a chunk stream unreadable; the server is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum ChunkError {
    #[error("more than {MAX_CHUNK_STREAMS} chunk streams")]
    TooManyStreams,
    #[error("chunk stream {0} does not begin with a full header")]
    NoFirstHeader(u32),
    #[error("a new message on chunk stream {0} before the last one was complete")]
    Interrupted(u32),
    #[error("chunk size {0} is out of range")]
    BadChunkSize(u32),
}

/// The header of a message as put together from its first chunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct MessageHead {
    pub(crate) csid: u32,
    pub(crate) kind: u8,
    /// Payload length in bytes.
    pub(crate) len: usize,
    /// Milliseconds, absolute.
    pub(crate) timestamp: u32,
    pub(crate) msid: u32,
}

/// A piece of one message's payload. The message is complete when `offset + bytes.len()` is
/// `head.len`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part<'a> {
    /// A small number that stands for the chunk stream: 0, 1, 2 in order of appearance.
    pub(crate) slot: usize,
    pub(crate) head: MessageHead,
    pub(crate) offset: usize,
    pub(crate) bytes: &'a [u8],
}

impl Part<'_> {
    /// Whether this is the last piece of its message.
    pub(crate) fn completes(&self) -> bool {
        self.offset + self.bytes.len() == self.head.len
    }
}

#[derive(Debug, Default)]
struct Stream {
    head: MessageHead,
    delta: u32,
    extended: bool,
    /// Bytes of the message in progress that have been handed on.
    got: usize,
    partial: bool,
}

/// Reads one connection's chunks.
#[derive(Debug)]
pub(crate) struct ChunkParser {
    chunk_size: usize,
    streams: Vec<Stream>,
    /// The chunk whose payload is being read: slot, and bytes of it still to come.
    open: Option<(usize, usize)>,
    /// A header cut off by the end of a read.
    stash: [u8; MAX_HEADER],
    stashed: usize,
    /// Payload of a Set Chunk Size or Abort in progress.
    control: [u8; 4],
}

/// A header as it stands in the bytes.
struct Header {
    csid: u32,
    format: u8,
    fields: [u8; 11],
    extended: Option<u32>,
    size: usize,
}

impl ChunkParser {
    pub(crate) fn new(chunk_size: u32) -> Self {
        Self {
            chunk_size: usize::try_from(chunk_size).unwrap_or(usize::MAX),
            streams: Vec::new(),
            open: None,
            stash: [0; MAX_HEADER],
            stashed: 0,
            control: [0; 4],
        }
    }

    /// Reads `data` whole and hands each piece of payload to `part`, in order.
    ///
    /// # Errors
    ///
    /// When the bytes cannot be chunks; the parser must not be used afterwards.
    pub(crate) fn feed(
        &mut self,
        mut data: &[u8],
        mut part: impl FnMut(Part<'_>),
    ) -> Result<(), ChunkError> {
        while !data.is_empty() {
            data = match self.open {
                Some((slot, left)) => self.payload(slot, left, data, &mut part)?,
                None => self.header(data, &mut part)?,
            };
        }
        Ok(())
    }

    fn header<'a>(
        &mut self,
        data: &'a [u8],
        part: &mut impl FnMut(Part<'_>),
    ) -> Result<&'a [u8], ChunkError> {
        if self.stashed == 0
            && let Some(header) = self.parse(data)
        {
            self.begin(&header, part)?;
            return Ok(data.get(header.size..).unwrap_or_default());
        }
        let before = self.stashed;
        for (to, from) in self.stash.iter_mut().skip(before).zip(data) {
            *to = *from;
            self.stashed += 1;
        }
        let stash = self.stash;
        let Some(header) = self.parse(stash.get(..self.stashed).unwrap_or_default()) else {
            return Ok(&[]);
        };
        self.stashed = 0;
        self.begin(&header, part)?;
        Ok(data.get(header.size - before..).unwrap_or_default())
    }

    /// ```text
    /// | fmt 2 bits, csid 6 bits (0: one byte more, 1: two more) | 0, 3, 7 or 11 bytes | 0 or 4 bytes |
    /// ```
    /// None when the bytes end within the header.
    fn parse(&self, data: &[u8]) -> Option<Header> {
        let (first, rest) = data.split_first()?;
        let (csid, rest) = match (first & 0x3F, rest) {
            (0, [low, rest @ ..]) => (u32::from(*low) + 64, rest),
            (1, [low, high, rest @ ..]) => {
                (u32::from(u16::from_le_bytes([*low, *high])) + 64, rest)
            }
            (0 | 1, _) => return None,
            (csid, rest) => (u32::from(csid), rest),
        };
        let format = first >> 6;
        let length = match format {
            0 => 11,
            1 => 7,
            2 => 3,
            _ => 0,
        };
        let (given, rest) = rest.split_at_checked(length)?;
        let mut fields = [0; 11];
        for (to, from) in fields.iter_mut().zip(given) {
            *to = *from;
        }
        let has_extended = if format == 3 {
            self.find(csid)
                .and_then(|slot| self.streams.get(slot))
                .is_some_and(|stream| stream.extended)
        } else {
            u24(&fields) == NO_TIMESTAMP
        };
        let (extended, rest) = if has_extended {
            let (value, rest) = rest.split_first_chunk::<4>()?;
            (Some(u32::from_be_bytes(*value)), rest)
        } else {
            (None, rest)
        };
        let size = data.len() - rest.len();
        Some(Header {
            csid,
            format,
            fields,
            extended,
            size,
        })
    }

    fn find(&self, csid: u32) -> Option<usize> {
        self.streams
            .iter()
            .position(|stream| stream.head.csid == csid)
    }

    fn begin(
        &mut self,
        header: &Header,
        part: &mut impl FnMut(Part<'_>),
    ) -> Result<(), ChunkError> {
        let slot = match self.find(header.csid) {
            Some(slot) => slot,
            None if header.format != 0 => return Err(ChunkError::NoFirstHeader(header.csid)),
            None if self.streams.len() == MAX_CHUNK_STREAMS => {
                return Err(ChunkError::TooManyStreams);
            }
            None => {
                self.streams.push(Stream::default());
                self.streams.len() - 1
            }
        };
        let chunk_size = self.chunk_size;
        let Some(stream) = self.streams.get_mut(slot) else {
            return Err(ChunkError::TooManyStreams);
        };
        stream.apply(header)?;
        let left = stream.head.len - stream.got;
        if left == 0 {
            stream.partial = false;
            part(Part {
                slot,
                head: stream.head,
                offset: 0,
                bytes: &[],
            });
        } else {
            self.open = Some((slot, left.min(chunk_size)));
        }
        Ok(())
    }

    fn payload<'a>(
        &mut self,
        slot: usize,
        left: usize,
        data: &'a [u8],
        part: &mut impl FnMut(Part<'_>),
    ) -> Result<&'a [u8], ChunkError> {
        let (bytes, rest) = data.split_at(left.min(data.len()));
        self.open = (bytes.len() < left).then(|| (slot, left - bytes.len()));
        let Some(stream) = self.streams.get_mut(slot) else {
            return Ok(rest);
        };
        let offset = stream.got;
        let head = stream.head;
        stream.got += bytes.len();
        let complete = stream.got == head.len;
        if complete {
            stream.got = 0;
            stream.partial = false;
        }
        part(Part {
            slot,
            head,
            offset,
            bytes,
        });
        if matches!(head.kind, SET_CHUNK_SIZE | ABORT) {
            for (to, from) in self.control.iter_mut().skip(offset).zip(bytes) {
                *to = *from;
            }
            if complete {
                self.obey(head.kind)?;
            }
        }
        Ok(rest)
    }

    fn obey(&mut self, kind: u8) -> Result<(), ChunkError> {
        let value = u32::from_be_bytes(self.control);
        if kind == SET_CHUNK_SIZE {
            if value == 0 || value > 0x7FFF_FFFF {
                return Err(ChunkError::BadChunkSize(value));
            }
            self.chunk_size = usize::try_from(value).unwrap_or(usize::MAX);
        } else if let Some(stream) = self.find(value).and_then(|slot| self.streams.get_mut(slot)) {
            stream.got = 0;
            stream.partial = false;
        }
        Ok(())
    }
}

impl Stream {
    fn apply(&mut self, header: &Header) -> Result<(), ChunkError> {
        if header.format == 3 && self.partial {
            return Ok(());
        }
        if self.partial {
            return Err(ChunkError::Interrupted(header.csid));
        }
        self.partial = true;
        self.head.csid = header.csid;
        let [_, _, _, l0, l1, l2, kind, m0, m1, m2, m3] = header.fields;
        let value = header.extended.unwrap_or_else(|| u24(&header.fields));
        if header.format < 2 {
            self.head.len = usize::from(l0) << 16 | usize::from(l1) << 8 | usize::from(l2);
            self.head.kind = kind;
        }
        if header.format < 3 {
            self.delta = value;
            self.extended = header.extended.is_some();
        }
        if header.format == 0 {
            self.head.msid = u32::from_le_bytes([m0, m1, m2, m3]);
            self.head.timestamp = value;
        } else {
            self.head.timestamp = self.head.timestamp.wrapping_add(self.delta);
        }
        Ok(())
    }
}

fn u24(fields: &[u8; 11]) -> u32 {
    let [a, b, c, ..] = *fields;
    u32::from_be_bytes([0, a, b, c])
}

#[cfg(test)]
mod tests;
