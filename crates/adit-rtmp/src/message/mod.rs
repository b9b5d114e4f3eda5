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

use bytes::Bytes;

pub use self::control::{BandwidthLimit, BodyError, ControlMessage, UserControl};
pub use self::kind::{MediaKind, MessageKind};
use crate::id::{ChunkStreamId, MessageStreamId};
use crate::time::Timestamp;

/// One whole message.
#[derive(Clone, Debug, PartialEq, Eq)]
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
