//! Why a chunk stream cannot go on.

use crate::error::Fault;
use crate::id::ChunkStreamId;
use crate::message::{BodyError, MessageKind};

/// Why a chunk stream cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// A control message has the wrong length or an illegal value.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The first chunk of a chunk stream leaves out what only an earlier one could have said.
    #[error("chunk stream {csid} begins with a chunk of type {format}")]
    NoHistory {
        /// The chunk stream.
        csid: ChunkStreamId,
        /// 2 or 3.
        format: u8,
    },
    /// A header announces another message where the rest of one is due.
    #[error("chunk stream {csid} begins a message inside another one")]
    Interrupted {
        /// The chunk stream.
        csid: ChunkStreamId,
    },
    /// Several messages in a row are of types that do not exist.
    #[error("message of unknown type {}, the last of several in a row", .0.id())]
    UnknownKinds(MessageKind),
    /// A message is longer than its type may be (`msg.av`, `msg.cmd`, `msg.preauth`).
    #[error("message of type {} with {length} bytes, at most {limit} are allowed", .kind.id())]
    MessageTooLong {
        /// Its type.
        kind: MessageKind,
        /// Its length in bytes.
        length: u32,
        /// The limit in bytes.
        limit: u32,
    },
    /// Too many chunk streams are in use (`csid.live`).
    #[error("more than {limit} chunk streams")]
    ChunkStreams {
        /// The limit.
        limit: u32,
    },
    /// Too many messages are unfinished (`csid.partial`).
    #[error("more than {limit} unfinished messages")]
    PartialMessages {
        /// The limit.
        limit: u32,
    },
    /// Too many bytes of messages are unfinished (`partial.bytes`).
    #[error("more than {limit} bytes of unfinished messages")]
    PartialBytes {
        /// The limit.
        limit: u32,
    },
    /// Tiny chunks in a flood that throttling did not end (`chunk.headers`).
    #[error("more than {limit} tiny chunks a second for too long")]
    HeaderRate {
        /// The limit a second.
        limit: u32,
    },
    /// Input was fed again and again without a poll.
    #[error("input fed without polling")]
    NotPolled,
}

impl ChunkError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Body(error) => error.fault(),
            Self::NoHistory { .. } | Self::Interrupted { .. } | Self::UnknownKinds(_) => {
                Fault::Peer
            }
            Self::MessageTooLong { .. }
            | Self::ChunkStreams { .. }
            | Self::PartialMessages { .. }
            | Self::PartialBytes { .. }
            | Self::HeaderRate { .. } => Fault::Limit,
            Self::NotPolled => Fault::ApiMisuse,
        }
    }
}
