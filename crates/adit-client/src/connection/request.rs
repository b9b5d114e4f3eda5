//! What connections and streams ask of their task.

use std::sync::Arc;

use adit_amf::amf0::Value;
use adit_media::{Frame, Timestamp};
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::ClientCommand;
use adit_rtmp::session::CallRequest;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;

use super::error::StreamError;
use super::event::StreamEvent;
use super::shared_object::{Board, ObjectEdit};
use super::stats::Shared;

/// The way to the task of a connection, which the connection and its streams share. With the last of them the task ends the
/// connection.
#[derive(Debug)]
pub(super) struct Handle {
    requests: mpsc::Sender<Request>,
    pub(super) shared: Arc<Shared>,
    /// Where the end of the connection is waited for.
    closing: TaskTracker,
}

impl Handle {
    pub(super) fn new(
        requests: mpsc::Sender<Request>,
        shared: Arc<Shared>,
        closing: TaskTracker,
    ) -> Self {
        Self {
            requests,
            shared,
            closing,
        }
    }

    /// # Errors
    ///
    /// The connection has ended.
    pub(super) async fn ask(&self, request: Request) -> Result<(), StreamError> {
        let sent = self.requests.send(request).await;
        sent.map_err(|_| self.shared.gone())
    }

    /// Wakes the task, which sees by the closed queue of a stream that nobody listens any more.
    pub(super) fn delete(&self, msid: MessageStreamId) {
        drop(self.requests.try_send(Request::Delete { msid }));
    }

    /// Wakes the task, which sees that nobody holds the object any more.
    pub(super) fn release(&self, board: Arc<Board>) {
        drop(
            self.requests
                .try_send(Request::Object(ObjectRequest::Release { board })),
        );
    }
}

/// Before the task sees that nobody asks any more: whoever waits for goodbyes right now waits for this one.
impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.say_goodbye(self.closing.token());
    }
}

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
        call: CallRequest,
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
    Object(ObjectRequest),
    /// A data message that is no frame.
    Data {
        msid: MessageStreamId,
        at: Timestamp,
        values: Vec<Value>,
        answer: oneshot::Sender<Result<(), StreamError>>,
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

/// What is asked about a shared object.
pub(super) enum ObjectRequest {
    Use {
        board: Arc<Board>,
        answer: oneshot::Sender<Result<(), StreamError>>,
    },
    Edit {
        board: Arc<Board>,
        edit: ObjectEdit,
        answer: oneshot::Sender<Result<(), StreamError>>,
    },
    /// It is not needed any more.
    Release { board: Arc<Board> },
}
