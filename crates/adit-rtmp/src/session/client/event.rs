//! What a client session reports.

use adit_amf::Text;
use bytes::Bytes;

use super::super::{CallRequest, CloseReason};
use crate::{
    MessageStreamId, Timestamp,
    command::{ConnectReply, FcNotice, Response, Status, TransactionId},
    handshake::{Proof, Scheme},
    message::{MediaKind, MessageKind, UserControl},
};

/// What happened on a client session.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientEvent {
    /// The handshake is over: there is an RTMP server at the other end.
    HandshakeDone {
        /// How the server signed it.
        scheme: Option<Scheme>,
        /// What its last packet proves.
        proof: Option<Proof>,
    },
    /// The server accepted the `connect`.
    Connected(Box<ConnectReply>),
    /// The server refused it. It will close the connection, or has done so.
    Rejected {
        /// What it said, if that was an information object.
        status: Option<Status>,
    },
    /// A message stream was created.
    StreamCreated {
        /// Which request it answers.
        transaction: TransactionId,
        /// Its id, never 0.
        msid: MessageStreamId,
    },
    /// The server gave no message stream.
    StreamRefused {
        /// Which request it answers.
        transaction: TransactionId,
        /// What it said, if that was an information object.
        status: Option<Status>,
    },
    /// News of a stream, or of the connection when `msid` is 0.
    Status {
        /// The message stream.
        msid: MessageStreamId,
        /// The news.
        status: Status,
    },
    /// News in the old encoders' dialect.
    FcStatus {
        /// Of what kind.
        notice: FcNotice,
        /// The news.
        status: Option<Status>,
    },
    /// Media of a stream that is played.
    Media {
        /// The message stream.
        msid: MessageStreamId,
        /// Audio, video or data.
        kind: MediaKind,
        /// As the server sent it.
        timestamp: Timestamp,
        /// The body of the message; of data as AMF0.
        payload: Bytes,
    },
    /// The server withdraws data that it had set.
    ClearData {
        /// The message stream.
        msid: MessageStreamId,
        /// The name it was set under.
        handler: Text,
    },
    /// A user control event: stream begin, end, dry, recorded, buffer empty, buffer ready.
    Control(UserControl),
    /// The answer to a call of ours.
    Response(Response),
    /// The server calls a method that is not part of RTMP.
    Call(CallRequest),
    /// A shared object message.
    SharedObject {
        /// Type 19 or 16.
        kind: MessageKind,
        /// As it came.
        timestamp: Timestamp,
        /// The body.
        payload: Bytes,
    },
    /// The session is over; what is left in the output can still be sent.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}
