//! What a session counts.

use std::time::Duration;

use super::SessionError;
use crate::Fault;
use crate::chunk::ChunkError;
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
    /// A name, path or query that was too long (`name.*`).
    pub names: u64,
    /// A command beyond a limit of the decoder (`amf.*`).
    pub amf: u64,
    /// An aggregate message with too many messages in it (`agg.items`).
    pub aggregate_items: u64,
    /// Answers that the peer did not read (`output.backlog`).
    pub answers: u64,
    /// Limits of chunks and messages.
    pub chunks: ChunkHits,
    /// Deadlines that passed.
    pub deadlines: DeadlineHits,
}

/// How often a peer ran into each limit of chunks and messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChunkHits {
    /// Chunks that had to wait because the peer sends too many too small ones (`chunk.headers`).
    pub headers: u64,
    /// A message that was too long (`msg.*`).
    pub messages: u64,
    /// Several messages of unknown type in a row (`msg.unknown`).
    pub unknown_kinds: u64,
    /// A chunk stream too many (`csid.live`).
    pub streams: u64,
    /// An unfinished message too many (`csid.partial`).
    pub partial_messages: u64,
    /// Too many bytes of unfinished messages (`partial.bytes`).
    pub partial_bytes: u64,
    /// A window to acknowledge by that was too small and was raised (`ack.min`).
    pub ack_windows: u64,
}

/// How often each deadline of a session passed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeadlineHits {
    /// The handshake took too long (`hs.deadline`).
    pub handshake: u64,
    /// No `connect` was accepted in time (`connect.deadline`).
    pub connect: u64,
    /// The connection was not used in time (`use.deadline`).
    pub first_use: u64,
    /// The peer was silent for too long (`dead`).
    pub dead: u64,
    /// A refused publisher went on for too long (`publish.refused`).
    pub refused: u64,
    /// The last bytes could not be sent in time and were thrown away (`drain`).
    pub drain: u64,
}

impl LimitHits {
    /// Every count with the configuration key of its limit, for metrics. `msg`, `name` and `amf`
    /// each stand for all the limits whose keys begin so.
    pub fn by_key(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self {
            chunks, deadlines, ..
        } = self;
        [
            ("hs.deadline", deadlines.handshake),
            ("connect.deadline", deadlines.connect),
            ("use.deadline", deadlines.first_use),
            ("dead", deadlines.dead),
            ("publish.refused", deadlines.refused),
            ("drain", deadlines.drain),
            ("msg", chunks.messages),
            ("msg.unknown", chunks.unknown_kinds),
            ("csid.live", chunks.streams),
            ("csid.partial", chunks.partial_messages),
            ("partial.bytes", chunks.partial_bytes),
            ("chunk.headers", chunks.headers),
            ("ack.min", chunks.ack_windows),
            ("streams", self.streams),
            ("plays", self.plays),
            ("publishes", self.publishes),
            ("calls", self.calls),
            ("cmds", self.commands),
            ("name", self.names),
            ("amf", self.amf),
            ("agg.items", self.aggregate_items),
            ("output.backlog", self.answers),
        ]
        .into_iter()
    }

    /// All hits together.
    pub fn total(&self) -> u64 {
        self.by_key()
            .map(|(_, hits)| hits)
            .fold(0, u64::saturating_add)
    }

    /// Counts the limit that ends a session, if it is one.
    pub(super) const fn count_failure(&mut self, error: SessionError) {
        let counter = match error {
            SessionError::HandshakeDeadline => &mut self.deadlines.handshake,
            SessionError::ConnectDeadline => &mut self.deadlines.connect,
            SessionError::UseDeadline => &mut self.deadlines.first_use,
            SessionError::Dead => &mut self.deadlines.dead,
            SessionError::MediaAfterRefusal => &mut self.deadlines.refused,
            SessionError::AnswerBacklog => &mut self.answers,
            SessionError::Chunk(error) => match error {
                ChunkError::MessageTooLong { .. } => &mut self.chunks.messages,
                ChunkError::UnknownKinds(_) => &mut self.chunks.unknown_kinds,
                ChunkError::ChunkStreams { .. } => &mut self.chunks.streams,
                ChunkError::PartialMessages { .. } => &mut self.chunks.partial_messages,
                ChunkError::PartialBytes { .. } => &mut self.chunks.partial_bytes,
                // A flood of headers was counted each time it was made to wait.
                _ => return,
            },
            SessionError::Handshake(_) => return,
        };
        hit(counter);
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
