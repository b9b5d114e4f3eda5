//! Where the task of a connection and whoever uses an object meet.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adit_amf::Text;
use adit_amf::amf0::Object;
use adit_rtmp::command::Status;
use adit_rtmp::message::MessageKind;
use adit_rtmp::shared_object::{Event, Persistence, SharedObjectMessage};
use bytes::Bytes;
use tokio::sync::Notify;

use super::replica::{Replica, TooLarge};
use super::update::{ObjectEdit, ObjectUpdate};
use crate::connection::error::StreamError;
use crate::limits;

/// An object as its user and the task of the connection see it. Held for moments only.
#[derive(Debug)]
pub(in crate::connection) struct Board {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug)]
struct State {
    replica: Replica,
    updates: Updates,
    ended: Option<StreamError>,
}

/// What nobody has taken yet, with the length of the messages it came in.
#[derive(Debug, Default)]
struct Updates {
    queue: VecDeque<(ObjectUpdate, usize)>,
    bytes: usize,
    /// So much came that it was thrown away: all slots are to be told again.
    missed: bool,
}

/// What came of a message of the server.
pub(in crate::connection) enum Heard {
    /// It was about an object that is used already, or about nothing.
    News,
    /// The object is used from now on.
    Joined,
    /// It is not, for this reason.
    Refused(StreamError),
}

impl Board {
    pub(super) fn new(name: Text, persistence: Persistence) -> Self {
        Self::of(State {
            replica: Replica::new(name, persistence),
            updates: Updates::default(),
            ended: None,
        })
    }

    fn of(state: State) -> Self {
        Self {
            state: Mutex::new(state),
            news: Notify::new(),
        }
    }

    /// All this on a board of its own, where the task of an earlier connection cannot write any more.
    pub(super) fn moved(&self) -> Self {
        let mut state = self.state();
        let (name, persistence) = (state.replica.name().clone(), state.replica.persistence());
        let replica = Replica::new(name, persistence);
        Self::of(State {
            replica: std::mem::replace(&mut state.replica, replica),
            updates: std::mem::take(&mut state.updates),
            ended: None,
        })
    }

    pub(super) fn read<T>(&self, look: impl FnOnce(&Replica) -> T) -> T {
        look(&self.state().replica)
    }

    /// Which object it is.
    pub(in crate::connection) fn key(&self) -> (Text, Persistence) {
        self.read(|replica| (replica.name().clone(), replica.persistence()))
    }

    /// Whether something was asked for that is not answered.
    pub(in crate::connection) fn waits_for_answer(&self) -> bool {
        self.read(Replica::waits_for_answer)
    }

    pub(super) async fn next_update(&self) -> Option<ObjectUpdate> {
        loop {
            let news = self.news.notified();
            {
                let mut state = self.state();
                if std::mem::take(&mut state.updates.missed) {
                    return Some(state.replica.snapshot());
                }
                if let Some((update, bytes)) = state.updates.queue.pop_front() {
                    state.updates.bytes = state.updates.bytes.saturating_sub(bytes);
                    return Some(update);
                }
                if state.ended.is_some() {
                    return None;
                }
            }
            news.await;
        }
    }

    pub(super) fn ended(&self) -> Option<StreamError> {
        self.state().ended.clone()
    }

    /// Nothing more comes. The first reason counts.
    pub(in crate::connection) fn end(&self, why: StreamError) {
        self.state().ended.get_or_insert(why);
        self.news.notify_one();
    }

    /// The message that asks to use the object.
    pub(in crate::connection) fn join(&self) -> SharedObjectMessage {
        self.state().replica.join()
    }

    /// The message that says that it is not used any more, if it was.
    pub(in crate::connection) fn release(&self) -> Option<SharedObjectMessage> {
        self.read(|replica| replica.is_joined().then(|| replica.release()))
    }

    /// Sends what is asked for and remembers it.
    ///
    /// # Errors
    ///
    /// It cannot be sent. Nothing of it was.
    pub(in crate::connection) fn request(
        &self,
        edit: ObjectEdit,
        kind: MessageKind,
        send: impl FnMut(Bytes) -> Result<(), StreamError>,
    ) -> Result<(), StreamError> {
        let mut state = self.state();
        if let Some(ended) = &state.ended {
            return Err(ended.clone());
        }
        let message = state.replica.request(edit);
        message.encode(kind)?.into_iter().try_for_each(send)?;
        state.replica.note(message);
        Ok(())
    }

    /// Takes a message of the server about this object.
    ///
    /// # Errors
    ///
    /// It cannot be kept any longer.
    pub(in crate::connection) fn hear(
        &self,
        message: SharedObjectMessage,
        bytes: usize,
    ) -> Result<Heard, StreamError> {
        let mut state = self.state();
        let was_joined = state.replica.is_joined();
        let refusal = message.events.iter().find_map(|event| match event {
            Event::Status { code, level } => refusal(code, level),
            _ => None,
        });
        let update = state.replica.apply(message);
        let update = update.map_err(|TooLarge| StreamError::ObjectTooLarge)?;
        let heard = match refusal {
            _ if !was_joined && state.replica.is_joined() => Heard::Joined,
            Some(refusal) if !was_joined => return Ok(Heard::Refused(refusal)),
            _ => Heard::News,
        };
        if let Some(update) = update {
            state.updates.push(update, bytes);
            drop(state);
            self.news.notify_one();
        }
        Ok(heard)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The status of an object as one of a stream.
fn refusal(code: &Text, level: &Text) -> Option<StreamError> {
    let object = Object::new()
        .with("code", code.clone())
        .with("level", level.clone());
    Status::from_value(&object.into()).map(StreamError::Refused)
}

impl Updates {
    fn push(&mut self, update: ObjectUpdate, bytes: usize) {
        if self.missed {
            return;
        }
        self.queue.push_back((update, bytes));
        self.bytes = self.bytes.saturating_add(bytes);
        if self.queue.len() > limits::OBJECT_UPDATES || self.bytes > limits::OBJECT_UPDATE_BYTES {
            *self = Self {
                missed: true,
                ..Self::default()
            };
        }
    }
}
