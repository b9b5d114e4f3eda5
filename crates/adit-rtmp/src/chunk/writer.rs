//! Messages to chunks.

use bytes::Bytes;

use crate::id::{ChunkSize, ChunkStreamId, MessageStreamId};
use crate::message::{ControlMessage, MediaKind, Message};
use crate::out::OutQueue;
use crate::time::Timestamp;

/// Cuts messages into chunks.
#[derive(Clone, Debug, Default)]
pub struct ChunkWriter {
    chunk_size: ChunkSize,
}

/// A payload of more than 16,777,215 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("message of {0} bytes, at most 16777215 are possible")]
pub struct TooLong(pub usize);

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
    /// The payload is longer than a message can be; nothing was written.
    pub fn write(&mut self, message: &Message, out: &mut OutQueue) -> Result<(), TooLong> {
        let _ = (message, out);
        Ok(())
    }

    /// Writes a control message; it always fits.
    pub fn write_control(&mut self, control: &ControlMessage, out: &mut OutQueue) {
        let _ = (control, out);
    }
}

/// The type 0 header of a media message, which is all that differs between two players.
#[derive(Clone, Copy, Debug)]
pub struct MediaHead {}

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
    ) -> Result<Self, TooLong> {
        let _ = (kind, timestamp, msid, payload_len);
        Ok(Self {})
    }

    /// Appends the head; the tail must follow.
    pub fn push(&self, out: &mut OutQueue) {
        let _ = out;
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
    let _ = (csid, chunk_size, extended);
    payload.clone()
}
