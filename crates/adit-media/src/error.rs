//! Why a media header could not be read.

use crate::limits::{MOD_EX_PER_MESSAGE, TRACKS_PER_MESSAGE};

/// The header of an audio or video message could not be read. Always the fault of the peer that
/// made the message. A relay passes such a message on untouched; only what would be derived from
/// the header is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The message has no bytes. As audio that is the silence marker [E-RTMP v2 Enhanced Audio].
    #[error("the message is empty")]
    Empty,
    /// The message ends inside its header.
    #[error("the message ends inside the field at byte {at}")]
    Truncated {
        /// Where the field that is cut short begins.
        at: usize,
    },
    /// A multitrack header inside a multitrack header.
    #[error("a multitrack message contains another multitrack header")]
    NestedMultitrack,
    /// A multitrack type that is not defined.
    #[error("multitrack type {kind} is not defined")]
    UnknownMultitrackType {
        /// The four bits.
        kind: u8,
    },
    /// More tracks than there are track ids.
    #[error("the message has more than {TRACKS_PER_MESSAGE} tracks")]
    TooManyTracks,
    /// More `ModEx` blocks than allowed.
    #[error("the message has more than {MOD_EX_PER_MESSAGE} ModEx blocks")]
    TooManyModEx,
}
