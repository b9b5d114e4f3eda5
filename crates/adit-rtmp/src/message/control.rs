//! Bodies of the control messages, types 1 to 6.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use super::{Message, MessageKind};
use crate::error::Fault;
use crate::id::{ChunkSize, ChunkStreamId, MessageStreamId};
use crate::limits::MESSAGE_USER_CONTROL;
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
    /// 27: the answer to it, not interpreted; at most 62 bytes are written.
    SwfVerifyResponse(Bytes),
    /// 31: a whole client buffer has been sent, the server now waits.
    BufferEmpty(MessageStreamId),
    /// 32: the next buffer begins.
    BufferReady(MessageStreamId),
    /// Any other event, to be ignored.
    Other {
        /// The number of the event.
        event: u16,
        /// What follows it; at most 62 bytes are written.
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
    /// A limit type that does not exist.
    #[error("bandwidth limit type {0} is not in 0 to 2")]
    LimitType(u8),
}

impl BodyError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        Fault::Peer
    }
}

impl ControlMessage {
    /// Reads the body of a message, or `Ok(None)` if there is nothing to do about it: it is not a
    /// control message, or a user control message too short for its event (Q-041).
    ///
    /// ```text
    /// 1 chunk size u32      2 csid u32      3 bytes u32      4 see [RTMP 6.2]
    /// 5 window u32          6 window u32, limit type u8
    /// ```
    ///
    /// # Errors
    ///
    /// The length is not the one that this type has, or a value is illegal.
    pub fn decode(kind: MessageKind, body: &Bytes) -> Result<Option<Self>, BodyError> {
        let length = BodyError::Length {
            kind,
            len: body.len(),
        };
        let number = || {
            body.as_ref()
                .try_into()
                .map(u32::from_be_bytes)
                .map_err(|_| length)
        };
        Ok(Some(match kind {
            MessageKind::SetChunkSize => {
                let bytes = number()?;
                Self::SetChunkSize(ChunkSize::new(bytes).ok_or(BodyError::ChunkSize(bytes))?)
            }
            MessageKind::Abort => Self::Abort(number()?),
            MessageKind::Acknowledgement => Self::Acknowledgement(number()?),
            MessageKind::WindowAckSize => Self::WindowAckSize(number()?),
            MessageKind::SetPeerBandwidth => {
                let body: [u8; 5] = body.as_ref().try_into().map_err(|_| length)?;
                let [a, b, c, d, limit] = body;
                Self::SetPeerBandwidth {
                    window: u32::from_be_bytes([a, b, c, d]),
                    limit: BandwidthLimit::from_id(limit).ok_or(BodyError::LimitType(limit))?,
                }
            }
            MessageKind::UserControl => {
                return Ok(UserControl::decode(body).map(Self::UserControl));
            }
            _ => return Ok(None),
        }))
    }

    /// The type of the message.
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::SetChunkSize(_) => MessageKind::SetChunkSize,
            Self::Abort(_) => MessageKind::Abort,
            Self::Acknowledgement(_) => MessageKind::Acknowledgement,
            Self::UserControl(_) => MessageKind::UserControl,
            Self::WindowAckSize(_) => MessageKind::WindowAckSize,
            Self::SetPeerBandwidth { .. } => MessageKind::SetPeerBandwidth,
        }
    }

    /// Appends the body.
    pub fn encode_body(&self, out: &mut impl BufMut) {
        match self {
            Self::SetChunkSize(size) => out.put_u32(size.get()),
            Self::Abort(number) | Self::Acknowledgement(number) | Self::WindowAckSize(number) => {
                out.put_u32(*number);
            }
            Self::UserControl(event) => event.encode(out),
            Self::SetPeerBandwidth { window, limit } => {
                out.put_u32(*window);
                out.put_u8(limit.id());
            }
        }
    }

    /// The whole message, on chunk stream 2 and message stream 0 [RTMP 5.4], at time 0.
    pub fn to_message(&self) -> Message {
        let mut body = BytesMut::new();
        self.encode_body(&mut body);
        Message {
            kind: self.kind(),
            timestamp: Timestamp::ZERO,
            msid: MessageStreamId::CONNECTION,
            csid: ChunkStreamId::CONTROL,
            payload: body.freeze(),
        }
    }
}

impl BandwidthLimit {
    const fn from_id(id: u8) -> Option<Self> {
        match id {
            0 => Some(Self::Hard),
            1 => Some(Self::Soft),
            2 => Some(Self::Dynamic),
            _ => None,
        }
    }

    const fn id(self) -> u8 {
        match self {
            Self::Hard => 0,
            Self::Soft => 1,
            Self::Dynamic => 2,
        }
    }
}

impl UserControl {
    /// Reads the body of a user control message; `None` if it is too short for its event (Q-041).
    ///
    /// ```text
    /// event u16, then
    /// 0 1 2 4 31 32: msid u32      3: msid u32, milliseconds u32      6 7: number u32
    /// ```
    ///
    /// Bytes behind the known ones are ignored.
    pub fn decode(body: &Bytes) -> Option<Self> {
        let mut rest = body.as_ref();
        let event = rest.try_get_u16().ok()?;
        let data = body.slice(body.len().saturating_sub(rest.len())..);
        let mut number = || rest.try_get_u32().ok();
        Some(match event {
            0 => Self::StreamBegin(MessageStreamId::new(number()?)),
            1 => Self::StreamEof(MessageStreamId::new(number()?)),
            2 => Self::StreamDry(MessageStreamId::new(number()?)),
            3 => Self::SetBufferLength {
                msid: MessageStreamId::new(number()?),
                buffer_ms: number()?,
            },
            4 => Self::StreamIsRecorded(MessageStreamId::new(number()?)),
            6 => Self::PingRequest(number()?),
            7 => Self::PingResponse(number()?),
            26 => Self::SwfVerifyRequest,
            27 => Self::SwfVerifyResponse(data),
            31 => Self::BufferEmpty(MessageStreamId::new(number()?)),
            32 => Self::BufferReady(MessageStreamId::new(number()?)),
            event => Self::Other { event, data },
        })
    }

    fn encode(&self, out: &mut impl BufMut) {
        let with_number = |out: &mut dyn BufMut, event: u16, number: u32| {
            out.put_u16(event);
            out.put_u32(number);
        };
        let with_data = |out: &mut dyn BufMut, event: u16, data: &[u8]| {
            out.put_u16(event);
            out.put_slice(data.get(..USER_CONTROL_DATA).unwrap_or(data));
        };
        match self {
            Self::StreamBegin(msid) => with_number(out, 0, msid.get()),
            Self::StreamEof(msid) => with_number(out, 1, msid.get()),
            Self::StreamDry(msid) => with_number(out, 2, msid.get()),
            Self::SetBufferLength { msid, buffer_ms } => {
                with_number(out, 3, msid.get());
                out.put_u32(*buffer_ms);
            }
            Self::StreamIsRecorded(msid) => with_number(out, 4, msid.get()),
            Self::PingRequest(number) => with_number(out, 6, *number),
            Self::PingResponse(number) => with_number(out, 7, *number),
            Self::SwfVerifyRequest => out.put_u16(26),
            Self::SwfVerifyResponse(data) => with_data(out, 27, data),
            Self::BufferEmpty(msid) => with_number(out, 31, msid.get()),
            Self::BufferReady(msid) => with_number(out, 32, msid.get()),
            Self::Other { event, data } => with_data(out, *event, data),
        }
    }
}

/// What fits behind the event in the longest user control message.
const USER_CONTROL_DATA: usize = MESSAGE_USER_CONTROL as usize - 2;

#[cfg(test)]
mod tests;
