//! The task of a connection: requests in, session and carrier driven, events out.

mod objects;

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use adit_amf::amf0::Value;
use adit_rtmp::command::{ClientCommand, Outcome, Response, Status, StatusCode, TransactionId};
use adit_rtmp::message::UserControl;
use adit_rtmp::session::{CallRequest, ClientEvent, MediaKind};
use adit_rtmp::{MessageStreamId, Timestamp};
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::PollSender;
use tokio_util::task::TaskTracker;

use self::objects::Objects;
use super::call::IncomingCall;
use super::error::{Ended, StreamError};
use super::event::{ConnectionEvent, StreamEvent};
use super::request::{Opened, Request};
use super::stats::{ConnectionStats, Marks, Shared};
use crate::clock::now;
use crate::limits;
use crate::link::{Link, Lost};
use crate::message::{self, DataRole};

/// Owns the link until the connection is over.
pub(super) struct Driver {
    link: Link,
    outside: Outside,
    streams: HashMap<MessageStreamId, Listener>,
    creating: Waiting<Opened>,
    calls: Waiting<Vec<Value>>,
    objects: Objects,
    /// An event that waits until its stream has room for it.
    held: Option<(MessageStreamId, StreamEvent)>,
    /// Who waits until everything has left.
    flushing: Vec<oneshot::Sender<()>>,
    /// Where the frames that were sent end.
    marks: Marks,
    amf_limits: adit_amf::Limits,
}

/// What the task shares with others.
pub(super) struct Outside {
    /// What is asked of it.
    pub(super) requests: mpsc::Receiver<Request>,
    /// Where calls of the server are answered: the other end of the same.
    pub(super) replies: mpsc::WeakSender<Request>,
    /// Where what happens is told.
    pub(super) told: mpsc::Sender<ConnectionEvent>,
    pub(super) shared: Arc<Shared>,
    /// Where a connection that is lost is closed.
    pub(super) closing: TaskTracker,
}

/// Who waits for which answer. Few do at a time: the session limits them.
struct Waiting<T>(Vec<(TransactionId, oneshot::Sender<Result<T, StreamError>>)>);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Waiting<T> {
    fn insert(
        &mut self,
        transaction: TransactionId,
        answer: oneshot::Sender<Result<T, StreamError>>,
    ) {
        self.0.push((transaction, answer));
    }

    fn take(
        &mut self,
        transaction: TransactionId,
    ) -> Option<oneshot::Sender<Result<T, StreamError>>> {
        let at = self.0.iter().position(|(asked, _)| *asked == transaction)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Drops those that nobody waits for any more, and tells which.
    fn forget(&mut self, mut gone: impl FnMut(TransactionId)) {
        self.0.retain(|(transaction, answer)| {
            if answer.is_closed() {
                gone(*transaction);
            }
            !answer.is_closed()
        });
    }
}

/// Who listens to a stream.
struct Listener {
    sender: PollSender<StreamEvent>,
    role: Role,
}

/// What a stream is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// To play, or nothing yet: every event waits until it is taken.
    Player,
    /// To publish: whoever sends need not listen, so events beyond the limit are lost.
    Publisher,
}

/// What a turn has come to.
enum Turn {
    Over(Ended),
    /// Everybody else is gone, or wants to close.
    Close,
}

impl Driver {
    pub(super) fn new(link: Link, outside: Outside) -> Self {
        Self {
            link,
            outside,
            streams: HashMap::new(),
            creating: Waiting::default(),
            calls: Waiting::default(),
            objects: Objects::new(),
            held: None,
            flushing: Vec::new(),
            marks: Marks::default(),
            amf_limits: adit_amf::Limits::default(),
        }
    }

    pub(super) async fn run(mut self) {
        let turn = poll_fn(|cx| self.poll(cx)).await;
        let Self {
            link,
            objects,
            outside,
            ..
        } = self;
        let Outside {
            requests,
            told,
            shared,
            closing,
            ..
        } = outside;
        let ended = match turn {
            Turn::Over(ended) => {
                // Before anybody knows of the end, and waits for goodbyes.
                closing.spawn(link.close());
                shared.end(ended.clone());
                ended
            }
            Turn::Close => {
                // Nobody can send into nothing from here on.
                drop(requests);
                let closed = link.finish().await;
                let ended = closed.map_or_else(|lost| Ended::of(&lost), |()| Ended::Closed);
                shared.end(ended.clone());
                ended
            }
        };
        tracing::debug!(%ended, "connection over");
        objects.end(&StreamError::Ended(ended.clone()));
        // Whoever has left more events unread than there is room for asks `ended`.
        drop(told.try_send(ConnectionEvent::Ended(ended)));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        loop {
            if let Poll::Ready(turn) = self.take_requests(cx) {
                return Poll::Ready(turn);
            }
            let received = self.receive(cx);
            self.settle_flush(cx);
            self.sweep();
            self.account();
            match received {
                Poll::Ready(Some(lost)) => return Poll::Ready(Turn::Over(Ended::of(&lost))),
                // The queue got shorter while events were handled, so requests may go on.
                Poll::Ready(None) => {}
                // The queue got shorter while it was looked at, or this turn's share is used up.
                Poll::Pending if self.may_take_requests() && !self.outside.requests.is_empty() => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn may_take_requests(&mut self) -> bool {
        self.link.unsent() < limits::QUEUE_BYTES && self.flushing.is_empty()
    }

    /// Takes requests while what they cause does not pile up. Ready only at the end.
    fn take_requests(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        while self.may_take_requests() {
            match ready!(self.outside.requests.poll_recv(cx)) {
                None | Some(Request::Close) => return Poll::Ready(Turn::Close),
                Some(request) => self.handle_request(request),
            }
        }
        Poll::Pending
    }

    fn handle_request(&mut self, request: Request) {
        let session = self.link.session();
        match request {
            Request::CreateStream { answer } => match session.create_stream() {
                Ok(transaction) => {
                    self.creating.insert(transaction, answer);
                }
                Err(error) => drop(answer.send(Err(error.into()))),
            },
            Request::Call {
                method,
                arguments,
                answer,
            } => {
                self.calls.forget(|call| session.forget_call(call));
                match session.call(method, arguments) {
                    Ok(transaction) => self.calls.insert(transaction, answer),
                    Err(error) => drop(answer.send(Err(error.into()))),
                }
            }
            Request::Reply { call, outcome } => match outcome {
                Ok(values) => session.reply_call(call, values),
                Err(why) => session.fail_call(call, &why),
            },
            Request::Command {
                msid,
                command,
                answer,
            } => {
                let is_publish = matches!(command, ClientCommand::Publish(_));
                let sent = session.send_command(msid, command);
                if is_publish && let Some(stream) = self.streams.get_mut(&msid) {
                    stream.role = Role::Publisher;
                }
                drop(answer.send(sent.map_err(StreamError::from)));
            }
            Request::BufferLength { msid, ms } => log_unsent(session.set_buffer_length(msid, ms)),
            Request::Frame { msid, frame } => {
                let (kind, at, payload) = message::to_message(&frame);
                log_unsent(session.send_media(msid, kind, at, &payload));
                self.marks.take(session.stats().sent_bytes);
            }
            Request::Object(request) => self.objects.handle(session, request),
            Request::Data {
                msid,
                at,
                values,
                answer,
            } => {
                let sent = session.send_data(msid, Timestamp::from_ms(at.ms()), &values);
                drop(answer.send(sent.map_err(StreamError::from)));
            }
            Request::Flush { answer } => self.flushing.push(answer),
            Request::Delete { msid } => self.delete(msid),
            Request::Close => {}
        }
    }

    /// Gives back the streams and objects that nobody holds any more.
    fn sweep(&mut self) {
        let is_dropped = |(msid, stream): (&MessageStreamId, &Listener)| {
            let sender = stream.sender.get_ref();
            sender.is_none_or(mpsc::Sender::is_closed).then_some(*msid)
        };
        while let Some(msid) = self.streams.iter().find_map(is_dropped) {
            self.delete(msid);
        }
        self.objects.sweep(self.link.session());
    }

    fn delete(&mut self, msid: MessageStreamId) {
        if self.streams.remove(&msid).is_some() {
            let command = ClientCommand::DeleteStream(msid);
            let connection = MessageStreamId::CONNECTION;
            log_unsent(self.link.session().send_command(connection, command));
        }
    }

    /// Handles events until there are none. Ready with the reason when the connection is over, ready with nothing when what is
    /// queued has become so little that requests may go on.
    fn receive(&mut self, cx: &mut Context<'_>) -> Poll<Option<Lost>> {
        let was_full = !self.may_take_requests();
        loop {
            ready!(self.deliver_held(cx));
            match self.link.poll_event(cx) {
                Poll::Ready(Ok(event)) => self.handle_event(event),
                Poll::Ready(Err(lost)) => return Poll::Ready(Some(lost)),
                Poll::Pending if was_full && self.may_take_requests() => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Ready when no event waits for its stream. What is queued for the server leaves meanwhile.
    fn deliver_held(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some((msid, event)) = self.held.take() else {
            return Poll::Ready(());
        };
        let Some(stream) = self.streams.get_mut(&msid) else {
            return Poll::Ready(());
        };
        match stream.sender.poll_reserve(cx) {
            Poll::Ready(Ok(())) => {
                drop(stream.sender.send_item(event));
                Poll::Ready(())
            }
            Poll::Ready(Err(_)) => {
                self.delete(msid);
                Poll::Ready(())
            }
            Poll::Pending => {
                self.held = Some((msid, event));
                // What this end has to say leaves all the same; a failure shows at the next read.
                self.link.write(cx, now());
                Poll::Pending
            }
        }
    }

    fn handle_event(&mut self, event: ClientEvent) {
        match event {
            ClientEvent::StreamCreated { transaction, msid } => self.open(transaction, msid),
            ClientEvent::StreamRefused {
                transaction,
                status,
            } => {
                if let Some(answer) = self.creating.take(transaction) {
                    let refused = status.map_or(StreamError::NoStream, StreamError::Refused);
                    drop(answer.send(Err(refused)));
                }
            }
            ClientEvent::Status { msid, status } => self.handle_status(msid, status),
            ClientEvent::Media {
                msid,
                kind,
                timestamp,
                payload,
            } => self.handle_media(msid, kind, timestamp, payload),
            ClientEvent::ClearData { msid, handler } => {
                self.hold(msid, StreamEvent::ClearData(handler));
            }
            ClientEvent::Control(control) => {
                if let Some(msid) = stream_of(&control) {
                    self.hold(msid, StreamEvent::Control(control));
                }
            }
            ClientEvent::Response(response) => self.answer_call(response),
            ClientEvent::Call(call) => self.pass_call(call),
            ClientEvent::SharedObject { kind, payload, .. } => {
                self.objects.hear(self.link.session(), kind, &payload);
            }
            // Its text is the server's, who may repeat the stream key in it.
            _ => tracing::trace!("an event that changes nothing"),
        }
    }

    fn handle_media(
        &mut self,
        msid: MessageStreamId,
        kind: MediaKind,
        at: Timestamp,
        payload: Bytes,
    ) {
        if kind == MediaKind::Data {
            match DataRole::of(&payload, &self.amf_limits) {
                DataRole::Media => {}
                DataRole::Status(status) => return self.hold(msid, StreamEvent::Status(status)),
                DataRole::Permission => return,
            }
        }
        let frame = message::to_frame(kind, at, payload);
        self.hold(self.stream_meant_by(msid), StreamEvent::Frame(frame));
    }

    /// The stream that media is for: a server that sends it on the stream of the connection can only mean the one there is.
    fn stream_meant_by(&self, msid: MessageStreamId) -> MessageStreamId {
        let mut streams = self.streams.keys();
        match (streams.next(), streams.next()) {
            (Some(only), None) if msid == MessageStreamId::CONNECTION => *only,
            _ => msid,
        }
    }

    fn open(&mut self, transaction: TransactionId, msid: MessageStreamId) {
        let Some(answer) = self.creating.take(transaction) else {
            return;
        };
        if self.streams.contains_key(&msid) {
            tracing::debug!(%msid, "the server gives a message stream twice");
            drop(answer.send(Err(StreamError::NoStream)));
            return;
        }
        let (sender, events) = mpsc::channel(limits::EVENTS);
        let listener = Listener {
            sender: PollSender::new(sender),
            role: Role::Player,
        };
        self.streams.insert(msid, listener);
        if answer.send(Ok((msid, events))).is_err() {
            self.delete(msid);
        }
    }

    fn handle_status(&mut self, msid: MessageStreamId, status: Status) {
        if status.code() == Some(StatusCode::ConnectReconnectRequest) {
            let url = status.property("tcUrl").and_then(|url| url.as_str());
            self.tell(ConnectionEvent::ReconnectRequested {
                url: url.map(str::to_owned),
                description: status.description().to_string(),
            });
            return;
        }
        match self.stream_meant(msid, &status) {
            Some(msid) => self.hold(msid, StreamEvent::Status(status)),
            None if self.objects.refuse(&status) => {}
            None => self.tell(ConnectionEvent::Status(status)),
        }
    }

    /// The stream that a status is about. Some servers send what is about the only stream without its number.
    fn stream_meant(&self, msid: MessageStreamId, status: &Status) -> Option<MessageStreamId> {
        if self.streams.contains_key(&msid) {
            return Some(msid);
        }
        let mut streams = self.streams.keys();
        match (streams.next(), streams.next()) {
            (Some(only), None) if status.code_text().starts_with("NetStream.") => Some(*only),
            _ => None,
        }
    }

    /// Keeps an event for its stream. The one before it has gone, see [`receive`](Self::receive).
    fn hold(&mut self, msid: MessageStreamId, event: StreamEvent) {
        let Some(stream) = self.streams.get(&msid) else {
            return;
        };
        match stream.role {
            Role::Player => self.held = Some((msid, event)),
            Role::Publisher => {
                let sender = stream.sender.get_ref();
                if let Some(Err(error)) = sender.map(|sender| sender.try_send(event)) {
                    tracing::debug!(%error, "nobody takes the events of a published stream");
                }
            }
        }
    }

    fn answer_call(&mut self, response: Response) {
        if let Some(answer) = self.calls.take(response.transaction) {
            let result = match response.outcome {
                Outcome::Result => Ok(response.values),
                Outcome::Error => Err(StreamError::CallFailed(response.values)),
            };
            drop(answer.send(result));
        }
    }

    fn pass_call(&mut self, call: CallRequest) {
        if let Ok(room) = self.outside.told.try_reserve() {
            let call = IncomingCall::new(call, self.outside.replies.clone());
            room.send(ConnectionEvent::Call(call));
        } else {
            let session = self.link.session();
            session.fail_call(call, "nobody takes calls here");
        }
    }

    fn tell(&self, event: ConnectionEvent) {
        if self.outside.told.try_send(event).is_err() {
            tracing::debug!("nobody takes events");
        }
    }

    /// Tells who waits for it that everything has left. At the end of a connection their senders are dropped instead.
    fn settle_flush(&mut self, cx: &Context<'_>) {
        if !self.flushing.is_empty() && self.link.unsent() == 0 {
            for waiting in self.flushing.drain(..) {
                waiting.send(()).ok();
            }
            cx.waker().wake_by_ref();
        }
    }

    fn account(&mut self) {
        let queued = self.link.unsent();
        let stats = self.link.session().stats();
        self.outside.shared.update(ConnectionStats {
            received_bytes: stats.received_bytes,
            sent_bytes: stats.sent_bytes,
            queued_bytes: u64::try_from(queued).unwrap_or(u64::MAX),
            acknowledged_bytes: stats.acknowledged_bytes,
            acknowledged_frames: self.marks.acknowledged(stats.acknowledged_bytes),
            round_trip: stats.round_trip,
        });
    }
}

/// The stream that a user control event is about.
fn stream_of(control: &UserControl) -> Option<MessageStreamId> {
    match control {
        UserControl::StreamBegin(msid)
        | UserControl::StreamEof(msid)
        | UserControl::StreamDry(msid)
        | UserControl::StreamIsRecorded(msid)
        | UserControl::BufferEmpty(msid)
        | UserControl::BufferReady(msid) => Some(*msid),
        _ => None,
    }
}

/// Only what belongs to a session that is already over cannot be sent here, and that end is on its way.
fn log_unsent(result: Result<(), adit_rtmp::session::SendError>) {
    if let Err(error) = result {
        tracing::debug!(%error, "not sent");
    }
}
