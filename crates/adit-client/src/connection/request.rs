//! What connections and streams ask of their task.

use adit_amf::amf0::Value;
use adit_media::Frame;
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::ClientCommand;
use tokio::sync::{mpsc, oneshot};

use super::error::StreamError;
use super::event::{IncomingCall, StreamEvent};

/// A new stream: its id, and where its events come out.
pub(super) type Opened = (MessageStreamId, mpsc::Receiver<StreamEvent>);

pub(super) enum Request {
    CreateStream {
        answer: oneshot::Sender<Result<Opened, StreamError>>,
    },
    Call {
        method: String,
        arguments: Vec<Value>,
        answer: oneshot::Sender<Result<Vec<Value>, StreamError>>,
    },
    Reply {
        call: IncomingCall,
        outcome: Result<Vec<Value>, String>,
    },
    Command {
        msid: MessageStreamId,
        command: ClientCommand,
        answer: oneshot::Sender<Result<(), StreamError>>,
    },
    BufferLength {
        msid: MessageStreamId,
        ms: u32,
    },
    Frame {
        msid: MessageStreamId,
        frame: Frame,
    },
    /// Tells when everything before it has left.
    Flush {
        answer: oneshot::Sender<()>,
    },
    /// The stream is not needed any more.
    Delete {
        msid: MessageStreamId,
    },
    Close,
}
