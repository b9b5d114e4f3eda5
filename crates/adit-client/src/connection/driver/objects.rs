//! The shared objects of a connection: who uses which, and what the server tells of them.

use std::collections::HashMap;
use std::sync::Arc;

use adit_amf::Text;
use adit_rtmp::command::{Status, StatusCode};
use adit_rtmp::message::MessageKind;
use adit_rtmp::session::ClientSession;
use adit_rtmp::shared_object::{self, Persistence, SharedObjectMessage};
use bytes::Bytes;
use tokio::sync::oneshot;

use super::super::error::StreamError;
use super::super::request::ObjectRequest;
use super::super::shared_object::{Board, Heard};
use crate::limits;

/// The objects in use.
pub(super) struct Objects {
    used: HashMap<Key, Used>,
    limits: shared_object::Limits,
}

type Key = (Text, Persistence);

/// Tells whether the server lets us use an object.
type Answer = oneshot::Sender<Result<(), StreamError>>;

struct Used {
    board: Arc<Board>,
    /// Who waits until the object is used.
    asking: Option<Answer>,
}

impl Used {
    fn answer(&mut self, result: Result<(), StreamError>) {
        if let Some(asking) = self.asking.take() {
            drop(asking.send(result));
        }
    }
}

impl Objects {
    pub(super) fn new() -> Self {
        let mut limits = shared_object::Limits::default();
        limits.events = limits::OBJECT_EVENTS;
        limits.value = limits::OBJECT_VALUE;
        Self {
            used: HashMap::new(),
            limits,
        }
    }

    pub(super) fn handle(&mut self, session: &mut ClientSession, request: ObjectRequest) {
        match request {
            ObjectRequest::Use { board, answer } => self.join(session, board, answer),
            ObjectRequest::Edit {
                board,
                edit,
                answer,
            } => {
                let kind = kind_of(session);
                let sent = board.request(edit, kind, |body| {
                    Ok(session.send_shared_object(kind, body)?)
                });
                drop(answer.send(sent));
            }
            ObjectRequest::Release { board } => self.release(session, &board),
        }
    }

    /// Asks the server to use an object.
    fn join(&mut self, session: &mut ClientSession, board: Arc<Board>, answer: Answer) {
        self.sweep(session);
        let key = board.key();
        if self.used.contains_key(&key) {
            drop(answer.send(Err(StreamError::ObjectInUse)));
            return;
        }
        if let Err(error) = send(session, &board.join()) {
            drop(answer.send(Err(error)));
            return;
        }
        let asking = Some(answer);
        self.used.insert(key, Used { board, asking });
    }

    /// Takes a message of the server.
    pub(super) fn hear(&mut self, session: &mut ClientSession, kind: MessageKind, body: &Bytes) {
        let message = match SharedObjectMessage::decode(kind, body, &self.limits) {
            Ok(message) => message,
            Err(error) => {
                // Which object it was about is not known, so none of them can be relied upon.
                tracing::debug!(%error, "shared object message not understood");
                for key in self.used.keys().cloned().collect::<Vec<_>>() {
                    self.give_up(session, &key, &StreamError::ObjectMessage(error.clone()));
                }
                return;
            }
        };
        let Some(key) = self.key_meant_by(&message) else {
            tracing::debug!("a message about a shared object that is not used");
            return;
        };
        let Some(used) = self.used.get_mut(&key) else {
            return;
        };
        match used.board.hear(message, body.len()) {
            Ok(Heard::News) => {}
            Ok(Heard::Joined) => used.answer(Ok(())),
            Ok(Heard::Refused(error)) | Err(error) => self.give_up(session, &key, &error),
        }
    }

    /// The object that a message is about. Servers set the bits of its flags in many ways, so where only one of the two
    /// objects of a name is used, that one is meant.
    fn key_meant_by(&self, message: &SharedObjectMessage) -> Option<Key> {
        let told = message.flags.persistence();
        let other = match told {
            Persistence::Temporary => Persistence::Persistent,
            Persistence::Persistent => Persistence::Temporary,
        };
        [told, other]
            .map(|persistence| (message.name.clone(), persistence))
            .into_iter()
            .find(|key| self.used.contains_key(key))
    }

    /// An object is not used any more, because its user has dropped it.
    fn release(&mut self, session: &mut ClientSession, board: &Arc<Board>) {
        let key = board.key();
        let is_same = |used: &Used| Arc::ptr_eq(&used.board, board);
        if self.used.get(&key).is_some_and(is_same) {
            self.used.remove(&key);
            say_release(session, board);
        }
    }

    /// Gives back the objects that nobody holds any more.
    pub(super) fn sweep(&mut self, session: &mut ClientSession) {
        let dropped = self
            .used
            .extract_if(|_, used| Arc::strong_count(&used.board) == 1);
        for (_, used) in dropped {
            say_release(session, &used.board);
        }
    }

    /// Takes a status about a message that the server could not carry out, which does not say of which object it was: where one is
    /// being asked for and nothing else of any, it is that one. Says whether it was.
    pub(super) fn refuse(&mut self, status: &Status) -> bool {
        let is_asking = |used: &Used| used.asking.is_some();
        let is_open = |used: &Used| is_asking(used) || used.board.waits_for_answer();
        let mut open = self.used.iter().filter(|(_, used)| is_open(used));
        let (Some((key, used)), None) = (open.next(), open.next()) else {
            return false;
        };
        if status.code() != Some(StatusCode::CallFailed) || !is_asking(used) {
            return false;
        }
        let key = key.clone();
        // It is not given back: the server has never let us use it.
        if let Some(mut used) = self.used.remove(&key) {
            let why = StreamError::Refused(status.clone());
            used.board.end(why.clone());
            used.answer(Err(why));
        }
        true
    }

    fn give_up(&mut self, session: &mut ClientSession, key: &Key, why: &StreamError) {
        if let Some(mut used) = self.used.remove(key) {
            say_release(session, &used.board);
            used.board.end(why.clone());
            used.answer(Err(why.clone()));
        }
    }

    /// The connection is over.
    pub(super) fn end(self, why: &StreamError) {
        for (_, mut used) in self.used {
            used.board.end(why.clone());
            used.answer(Err(why.clone()));
        }
    }
}

fn say_release(session: &mut ClientSession, board: &Board) {
    if let Some(message) = board.release()
        && let Err(error) = send(session, &message)
    {
        tracing::debug!(%error, "a shared object is not given back");
    }
}

fn send(session: &mut ClientSession, message: &SharedObjectMessage) -> Result<(), StreamError> {
    let kind = kind_of(session);
    for body in message.encode(kind)? {
        session.send_shared_object(kind, body)?;
    }
    Ok(())
}

/// The type of message that shared objects travel in.
fn kind_of(session: &ClientSession) -> MessageKind {
    session.object_encoding().shared_object_kind()
}
