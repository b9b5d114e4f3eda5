//! Why a chunk stream cannot go on.

use crate::error::Fault;
use crate::message::BodyError;

/// Why a chunk stream cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChunkError {
    /// The body of a control message is wrong.
    #[error(transparent)]
    Body(#[from] BodyError),
}

impl ChunkError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Body(error) => error.fault(),
        }
    }
}
