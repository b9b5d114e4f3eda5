//! What a session counts.

use std::time::Duration;

use crate::Fault;
use crate::command::{AddressError, ClientCommandError, InvocationError};

/// How often a peer ran into each limit of its session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LimitHits {
    /// A message stream too many (`streams`).
    pub streams: u64,
    /// A play too many (`plays`).
    pub plays: u64,
    /// A publish too many (`publishes`).
    pub publishes: u64,
    /// A call while too many had no answer (`calls`).
    pub calls: u64,
    /// A command that had to wait (`cmds`).
    pub commands: u64,
    /// Chunks that had to wait because the peer sends too many too small ones (`chunk.headers`).
    pub chunk_headers: u64,
    /// A name, path or query that was too long (`name.*`).
    pub names: u64,
    /// A command beyond a limit of the decoder (`amf.*`).
    pub amf: u64,
    /// An aggregate message with too many messages in it (`agg.items`).
    pub aggregate_items: u64,
    /// Answers that the peer did not read (`output.backlog`).
    pub answers: u64,
}

impl LimitHits {
    /// All hits together.
    pub fn total(&self) -> u64 {
        [
            self.streams,
            self.plays,
            self.publishes,
            self.calls,
            self.commands,
            self.chunk_headers,
            self.names,
            self.amf,
            self.aggregate_items,
            self.answers,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    pub(super) const fn count_address(&mut self, error: AddressError) {
        if let AddressError::TooLong { .. } = error {
            hit(&mut self.names);
        }
    }

    pub(super) const fn count_command(&mut self, error: &ClientCommandError) {
        if let ClientCommandError::NameTooLong { .. } = error {
            hit(&mut self.names);
        }
    }

    pub(super) fn count_invocation(&mut self, error: &InvocationError) {
        if error.fault() == Fault::Limit {
            hit(&mut self.amf);
        }
    }
}

/// What a session threw away without ending over it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// Audio, video and data on a stream that does not publish.
    pub media: u64,
    /// Data messages without a handler name.
    pub data: u64,
    /// Commands that could not be decoded, or had wrong arguments.
    pub commands: u64,
    /// Messages of a type that does not exist.
    pub unknown: u64,
    /// The rest of aggregate messages that could not be read.
    pub aggregates: u64,
}

/// The accounts of a session.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStats {
    /// Bytes received, the handshake included.
    pub received_bytes: u64,
    /// Bytes put into the output, the handshake included.
    pub sent_bytes: u64,
    /// Bytes that the peer has acknowledged; a peer need not acknowledge any.
    pub acknowledged_bytes: u64,
    /// The last round trip that a ping measured.
    pub round_trip: Option<Duration>,
    /// Limits that the peer ran into.
    pub limit_hits: LimitHits,
    /// What was thrown away.
    pub dropped: Dropped,
}

/// Counts one.
pub(super) const fn hit(counter: &mut u64) {
    *counter = counter.saturating_add(1);
}
