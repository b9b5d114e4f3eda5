//! Media on its way out: the part that all players share and the part that each has of its own.

use bytes::Bytes;

use crate::{ChunkSize, Timestamp, chunk::encode_tail, message::MediaKind};

/// Everything that the shared part of a media message depends on, besides its payload: sessions
/// with equal keys can share one encoding.
///
/// ```text
/// chunk size (24 bits) │ kind (2) │ extended timestamp, or 0 (32)
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FormKey(u64);

impl FormKey {
    /// The key of a kind and time, sent in chunks of this size.
    pub fn new(chunk_size: ChunkSize, kind: MediaKind, timestamp: Timestamp) -> Self {
        let kind: u64 = match kind {
            MediaKind::Audio => 0,
            MediaKind::Video => 1,
            MediaKind::Data => 2,
        };
        let extended = u64::from(timestamp.extended().unwrap_or(0));
        Self((u64::from(chunk_size.get()) << 34) | (kind << 32) | extended)
    }

    /// The key as a number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

/// The shared part of a media message, the same for all sessions with the same [`FormKey`]; see [`encode_tail`].
pub fn encode_form(
    chunk_size: ChunkSize,
    kind: MediaKind,
    timestamp: Timestamp,
    payload: &Bytes,
) -> Bytes {
    encode_tail(payload, kind.csid(), chunk_size, timestamp.extended())
}
