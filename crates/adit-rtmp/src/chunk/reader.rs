//! Chunks to messages.

use std::time::Instant;

use bytes::Bytes;

use super::ChunkError;
use crate::limits::ChunkLimits;
use crate::message::Message;

/// Puts messages together from chunks; bytes in, messages out.
#[derive(Debug)]
pub struct ChunkReader {}

/// What [`ChunkReader::poll`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next message.
    Message(Message),
    /// All input is used up.
    NeedMore,
    /// The peer sends chunks faster than allowed: nothing more before this time, though input waits.
    Throttled(Instant),
}

/// How much the peer is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before `connect` was accepted.
    #[default]
    BeforeConnect,
    /// After it.
    Connected,
}

impl ChunkReader {
    /// A reader at the start of the chunk stream.
    pub fn new(limits: ChunkLimits) -> Self {
        let _ = limits;
        Self {}
    }

    /// Sets which limits hold from the next chunk on.
    pub fn set_phase(&mut self, phase: Phase) {
        let _ = phase;
    }

    /// Stores input until [`ChunkReader::poll`] takes it.
    pub fn feed(&mut self, input: Bytes) {
        let _ = input;
    }

    /// The next message.
    ///
    /// # Errors
    ///
    /// See [`ChunkError`]; the same error is given for ever after.
    pub fn poll(&mut self, now: Instant) -> Result<Next, ChunkError> {
        let _ = now;
        Ok(Next::NeedMore)
    }

    /// Bytes of input that wait to be parsed; a driver reads no more from its carrier while this is not 0.
    pub fn waiting(&self) -> usize {
        0
    }

    /// Whether the input so far ends inside a chunk or a message.
    pub fn is_inside_message(&self) -> bool {
        false
    }

    /// When a throttled reader goes on.
    pub fn throttled_until(&self) -> Option<Instant> {
        None
    }
}
