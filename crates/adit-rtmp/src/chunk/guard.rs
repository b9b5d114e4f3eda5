//! What the peer of a chunk reader may make it hold.

use super::ChunkError;
use super::reader::Phase;
use crate::id::ChunkSize;
use crate::limits::{ChunkLimits, UNKNOWN_IN_A_ROW};
use crate::message::{BodyError, MessageKind};

/// The limits on messages, and how near the peer is to them.
#[derive(Debug)]
pub(super) struct Guard {
    limits: ChunkLimits,
    pub(super) phase: Phase,
    unknown_in_a_row: u32,
    /// Bytes of unfinished messages, those of the open chunk included that have not come.
    partial_bytes: u32,
}

impl Guard {
    pub(super) fn new(limits: ChunkLimits) -> Self {
        Self {
            limits,
            phase: Phase::default(),
            unknown_in_a_row: 0,
            partial_bytes: 0,
        }
    }

    /// Whether there may be one more chunk stream than these.
    pub(super) fn admit_stream(&self, streams: usize) -> Result<(), ChunkError> {
        let limit = self.limits.chunk_streams;
        if at_most(streams, limit.saturating_sub(1)) {
            Ok(())
        } else {
            Err(ChunkError::ChunkStreams { limit })
        }
    }

    /// Whether a message may begin.
    pub(super) fn admit_message(
        &mut self,
        kind: MessageKind,
        length: u32,
    ) -> Result<(), ChunkError> {
        // Several unknown types in a row are garbage, not a newer protocol.
        self.unknown_in_a_row = match kind {
            MessageKind::Other(_) => self.unknown_in_a_row.saturating_add(1),
            _ => 0,
        };
        if self.unknown_in_a_row >= UNKNOWN_IN_A_ROW {
            return Err(ChunkError::UnknownKinds(kind));
        }
        if !kind.allows_length(length) {
            let len = usize::try_from(length).unwrap_or(usize::MAX);
            return Err(BodyError::Length { kind, len }.into());
        }
        let limit = self.longest(kind);
        if length > limit {
            return Err(ChunkError::MessageTooLong {
                kind,
                length,
                limit,
            });
        }
        Ok(())
    }

    /// Whether there may be so many unfinished messages.
    pub(super) fn admit_unfinished(&self, messages: usize) -> Result<(), ChunkError> {
        let limit = self.limits.partial_messages;
        if at_most(messages, limit) {
            Ok(())
        } else {
            Err(ChunkError::PartialMessages { limit })
        }
    }

    /// Whether a chunk may come; its bytes count until [`Guard::release`].
    pub(super) fn admit_chunk(&mut self, bytes: u32) -> Result<(), ChunkError> {
        self.partial_bytes = self.partial_bytes.saturating_add(bytes);
        let limit = match self.phase {
            Phase::BeforeConnect => self.limits.partial_bytes_before_connect,
            Phase::Connected => self.limits.partial_bytes,
        };
        if self.partial_bytes > limit {
            return Err(ChunkError::PartialBytes { limit });
        }
        Ok(())
    }

    /// A message with so many bytes is no longer unfinished.
    pub(super) fn release(&mut self, bytes: u32) {
        self.partial_bytes = self.partial_bytes.saturating_sub(bytes);
    }

    /// What a flood of headers means, after the budget has run out too often: tiny chunks are an
    /// attack, others come from a fast sender, who is only slowed down.
    pub(super) fn admit_flood(&self, chunk_size: ChunkSize) -> Result<(), ChunkError> {
        if chunk_size < ChunkSize::DEFAULT {
            return Err(ChunkError::HeaderRate {
                limit: self.limits.chunk_headers,
            });
        }
        Ok(())
    }

    /// The longest message of this type in this phase.
    fn longest(&self, kind: MessageKind) -> u32 {
        let of_kind = match kind {
            MessageKind::Audio | MessageKind::Video | MessageKind::Aggregate => {
                self.limits.message_media
            }
            _ => self.limits.message_command,
        };
        match self.phase {
            Phase::BeforeConnect => of_kind.min(self.limits.message_before_connect),
            Phase::Connected => of_kind,
        }
    }
}

fn at_most(count: usize, limit: u32) -> bool {
    u32::try_from(count).is_ok_and(|count| count <= limit)
}
