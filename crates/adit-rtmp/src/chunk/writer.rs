//! Messages to chunks.

use bytes::{BufMut, Bytes};

use super::header::HEADER_MAX;
use crate::error::Fault;
use crate::id::{ChunkSize, ChunkStreamId, MessageStreamId};
use crate::message::{BodyError, ControlMessage, MediaKind, Message, MessageKind};
use crate::out::{HEAD_MAX, OutQueue};
use crate::time::Timestamp;

/// Cuts messages into chunks.
///
/// Each message begins with a header of type 0, so there is nothing to remember of those before it,
/// and no peer disagrees about deltas. Later chunks have type 3 and repeat an extended timestamp
///
#[derive(Clone, Debug, Default)]
pub struct ChunkWriter {
    chunk_size: ChunkSize,
}

/// Why a message cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The payload has more than 16,777,215 bytes.
    #[error("message of {0} bytes, at most 16777215 are possible")]
    TooLong(usize),
    /// A Set Chunk Size with an illegal body.
    #[error(transparent)]
    Body(#[from] BodyError),
}

impl WriteError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        Fault::ApiMisuse
    }
}

impl ChunkWriter {
    /// A writer that starts with chunks of 128 bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// The size of the chunks it writes now.
    pub fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    /// Writes a message. A Set Chunk Size takes effect behind itself.
    ///
    /// # Errors
    ///
    /// The payload is longer than a message can be, or a Set Chunk Size is not one; nothing was
    /// written.
    pub fn write(&mut self, message: &Message, out: &mut OutQueue) -> Result<(), WriteError> {
        let size = match message.kind {
            MessageKind::SetChunkSize => ControlMessage::decode(message.kind, &message.payload)?,
            _ => None,
        };
        let head = Head::new(message, message.payload.len())?;
        let extended = message.timestamp.extended();
        let tail = encode_tail(&message.payload, message.csid, self.chunk_size, extended);
        if let Some(whole) = head.with_short(&tail) {
            out.push_head(whole.as_slice());
        } else {
            out.push_head(head.as_slice());
            out.push(tail);
        }
        if let Some(ControlMessage::SetChunkSize(size)) = size {
            self.chunk_size = size;
        }
        Ok(())
    }

    /// Writes a control message, on chunk stream 2.
    pub fn write_control(&mut self, control: &ControlMessage, out: &mut OutQueue) {
        let written = self.write(&control.to_message(), out);
        debug_assert!(written.is_ok(), "a control message is short and legal");
    }
}

/// The first header of a media message, all that differs between two players.
///
/// Behind it goes what [`encode_tail`] makes of the payload, with the chunk stream of
/// [`MediaKind::csid`] and the [extended field](Timestamp::extended) of the timestamp.
#[derive(Clone, Copy, Debug)]
pub struct MediaHead(Head);

impl MediaHead {
    /// The head of a message with a payload of `payload_len` bytes.
    ///
    /// # Errors
    ///
    /// The payload is longer than a message can be.
    pub fn new(
        kind: MediaKind,
        timestamp: Timestamp,
        msid: MessageStreamId,
        payload_len: usize,
    ) -> Result<Self, WriteError> {
        let payload = Bytes::new();
        let (csid, kind) = (kind.csid(), kind.message_kind());
        let message = Message {
            kind,
            timestamp,
            msid,
            csid,
            payload,
        };
        Head::new(&message, payload_len).map(Self)
    }

    /// The bytes, 12 or 16.
    pub fn as_slice(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Appends the head without allocating; the tail must follow.
    pub fn push(&self, out: &mut OutQueue) {
        out.push_head(self.as_slice());
    }
}

/// Everything of a message that follows its first header: the payload, with a type 3 header before
/// each chunk but the first.
///
/// It depends on nothing but the arguments, so it is encoded once and shared. A payload that fits
/// one chunk is its own tail and is not copied. `extended` is [`Timestamp::extended`].
pub fn encode_tail(
    payload: &Bytes,
    csid: ChunkStreamId,
    chunk_size: ChunkSize,
    extended: Option<u32>,
) -> Bytes {
    if payload.len() <= chunk_size.as_len() {
        return payload.clone();
    }
    let mut header = Head::default();
    header.fill(|mut out| {
        csid.write_basic_header(3, &mut out);
        if let Some(extended) = extended {
            out.put_u32(extended);
        }
        out.remaining_mut()
    });
    let header = header.as_slice();
    let headers = payload
        .len()
        .div_ceil(chunk_size.as_len())
        .saturating_sub(1);
    let len = payload
        .len()
        .saturating_add(headers.saturating_mul(header.len()));
    let mut tail = Vec::with_capacity(len);
    for (index, piece) in payload.chunks(chunk_size.as_len()).enumerate() {
        if index > 0 {
            tail.extend_from_slice(header);
        }
        tail.extend_from_slice(piece);
    }
    tail.into()
}

/// A header, or a whole short message.
#[derive(Clone, Copy, Debug, Default)]
struct Head {
    bytes: [u8; HEADER_MAX],
    len: usize,
}

impl Head {
    /// The header of type 0; the payload of `message` is not looked at.
    fn new(message: &Message, payload_len: usize) -> Result<Self, WriteError> {
        let too_long = WriteError::TooLong(payload_len);
        let length = u32::try_from(payload_len).map_err(|_| too_long)?;
        if length > MESSAGE_MAX {
            return Err(too_long);
        }
        let extended = message.timestamp.extended();
        let short = extended.map_or(message.timestamp.ms(), |_| Timestamp::FIRST_EXTENDED_MS);
        let mut head = Self::default();
        head.fill(|mut out| {
            message.csid.write_basic_header(0, &mut out);
            out.put_uint(short.into(), 3);
            out.put_uint(length.into(), 3);
            out.put_u8(message.kind.id());
            out.put_u32_le(message.msid.get());
            if let Some(extended) = extended {
                out.put_u32(extended);
            }
            out.remaining_mut()
        });
        Ok(head)
    }

    /// This head with a payload behind it, if that is still short enough to be kept inline.
    fn with_short(&self, payload: &[u8]) -> Option<Self> {
        let len = self.len.checked_add(payload.len())?;
        let mut whole = *self;
        whole.bytes.get_mut(self.len..len)?.copy_from_slice(payload);
        Some(Self { len, ..whole })
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Lets `write` write, who gives what room it left.
    fn fill(&mut self, write: impl FnOnce(&mut [u8]) -> usize) {
        let left = write(&mut self.bytes);
        self.len = self.bytes.len().saturating_sub(left);
    }
}

/// The longest message, as long as its length field can say.
const MESSAGE_MAX: u32 = 0xFF_FFFF;

const _: () = assert!(HEADER_MAX == HEAD_MAX, "every header fits inline");
