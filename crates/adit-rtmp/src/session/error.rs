//! Why a session ended, and why something could not be sent.

use adit_amf::EncodeError;

use crate::{Fault, chunk::ChunkError, handshake::HandshakeError};

/// Why a session cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The handshake went wrong.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The chunk stream went wrong.
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    /// The handshake was not complete in time (`hs.deadline`).
    #[error("the handshake took too long")]
    HandshakeDeadline,
    /// No `connect` was accepted in time (`connect.deadline`).
    #[error("no connect command was accepted in time")]
    ConnectDeadline,
    /// Nothing was published, played, called or shared in time (`use.deadline`).
    #[error("connected, but nothing was published, played or called in time")]
    UseDeadline,
    /// Nothing came for too long, not even an answer to a ping (`dead`).
    #[error("the peer was silent for too long")]
    Dead,
    /// A publisher that was refused goes on sending media.
    #[error("the peer goes on publishing although it was refused")]
    MediaAfterRefusal,
    /// The peer asks and asks, but does not read the answers (`output.backlog`).
    #[error("too many answers wait because the peer does not read them")]
    AnswerBacklog,
}

impl SessionError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Handshake(error) => error.fault(),
            Self::Chunk(error) => error.fault(),
            Self::HandshakeDeadline
            | Self::ConnectDeadline
            | Self::UseDeadline
            | Self::Dead
            | Self::MediaAfterRefusal => Fault::Peer,
            Self::AnswerBacklog => Fault::Limit,
        }
    }
}

/// Why a session closed without an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer ended its side of the connection.
    PeerEnded,
    /// The peer sent the command `close`.
    PeerClosed,
    /// The `connect` was rejected.
    Rejected,
    /// The caller ends this session because it is done with this peer.
    Ended,
    /// The caller ends all its sessions.
    Shutdown,
}

/// Why something was not sent. Nothing of it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The session has ended or failed, or is not connected yet.
    #[error("the session is not connected")]
    NotConnected,
    /// The message stream does not exist, or is not used for this.
    #[error("the message stream is not open for this")]
    NotOpen,
    /// A message of so many bytes; 16,777,215 are possible.
    #[error("a message of {0} bytes, at most 16777215 are possible")]
    TooLong(usize),
    /// A value that AMF cannot express.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// Too many calls of ours wait for an answer (`calls`).
    #[error("{0} calls wait for an answer already")]
    TooManyCalls(usize),
}

impl SendError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::TooManyCalls(_) => Fault::Limit,
            Self::NotConnected | Self::NotOpen | Self::TooLong(_) | Self::Encode(_) => {
                Fault::ApiMisuse
            }
        }
    }
}
