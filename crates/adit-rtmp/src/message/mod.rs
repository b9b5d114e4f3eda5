//! Messages: what travels on the chunk streams, and the ones that concern the connection itself.
//!
//! [`Message`] is what [`ChunkReader`](crate::chunk::ChunkReader) gives and
//! [`ChunkWriter`](crate::chunk::ChunkWriter) takes. [`ControlMessage`] and [`UserControl`] are the
//! bodies of the message types 1 to 6, [`aggregate`] takes type 22 apart, [`ack`] keeps the
//! accounts of acknowledgements.

pub mod ack;
pub mod aggregate;
mod control;
mod kind;

use std::fmt;

use bytes::Bytes;

pub use self::control::{BandwidthLimit, BodyError, ControlMessage, UserControl};
pub use self::kind::{MediaKind, MessageKind};
use crate::id::{ChunkStreamId, MessageStreamId};
use crate::time::Timestamp;

/// One whole message.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// The message type id.
    pub kind: MessageKind,
    /// When it happens, in the sender's message time.
    pub timestamp: Timestamp,
    /// Which message stream it belongs to.
    pub msid: MessageStreamId,
    /// Which chunk stream carried it or is to carry it.
    pub csid: ChunkStreamId,
    /// The body, at most 16,777,215 bytes.
    pub payload: Bytes,
}

/// Shows the length of the payload and not the payload, which may hold a stream key.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind)
            .field("timestamp", &self.timestamp.ms())
            .field("msid", &self.msid.get())
            .field("csid", &self.csid.get())
            .field("payload_len", &self.payload.len())
            .finish()
    }
}
