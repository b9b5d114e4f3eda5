//! Shared objects: named slots that everybody who uses the object sees change in the same order.

mod board;
mod replica;
mod update;

use std::sync::Arc;

use adit_amf::Text;
use adit_amf::amf0::{Object, Value};
use adit_rtmp::shared_object::Persistence;
use tokio::sync::oneshot;

pub(super) use self::board::{Board, Heard};
pub use self::update::{Author, ObjectChange, ObjectEdit, ObjectUpdate};
use super::error::StreamError;
use super::request::{Handle, ObjectRequest, Request};
use super::{NetConnection, within};
use crate::limits;

/// A shared object that this client uses; made by [`NetConnection::shared_object`].
///
/// Its slots are kept up to date whether somebody looks or not: [`value`](Self::value) and [`slots`](Self::slots) tell them as of now.
/// [`next_update`](Self::next_update) tells what happens, beginning with the slots there are.
///
/// ```text
/// shared_object ─▶ next_update, next_update, …  with set, remove, send, apply between ─▶ drop
///                  the connection is over ─▶ rejoin on the next one ─▶ next_update, …
/// ```
///
/// Dropping it tells the server that the object is not used any more.
///
/// ```no_run
/// use adit_client::NetConnection;
/// use adit_client::connection::{ObjectChange, StreamError};
/// use adit_client::rtmp::shared_object::Persistence;
///
/// # async fn chat(connection: NetConnection) -> Result<(), StreamError> {
/// let mut room = connection.shared_object("room", Persistence::Temporary).await?;
/// room.set("topic", "adits").await?;
/// while let Some(update) = room.next_update().await {
///     for change in update.changes {
///         match change {
///             ObjectChange::Set { slot, value, by } => println!("{slot} = {value:?} by {by:?}"),
///             ObjectChange::Message { handler, arguments } => println!("{handler} {arguments:?}"),
///             ObjectChange::Refused { code, .. } => println!("refused: {code}"),
///             _ => {}
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SharedObject {
    handle: Arc<Handle>,
    board: Arc<Board>,
}

impl SharedObject {
    /// Asks to use an object, and waits until the server lets us.
    pub(super) async fn join(
        handle: Arc<Handle>,
        name: Text,
        persistence: Persistence,
    ) -> Result<Self, StreamError> {
        let board = Arc::new(Board::new(name, persistence));
        let object = Self { handle, board };
        object.ask_to_use().await?;
        Ok(object)
    }

    /// Goes on with the same object on another connection, after the one before has ended.
    ///
    /// What is known of a persistent object is kept, and the server tells what has changed since; all slots of a temporary one are told
    /// again. Requests without an answer are forgotten: see [`unconfirmed_slots`](Self::unconfirmed_slots) before. Updates that
    /// nobody has taken yet still come first.
    ///
    /// # Errors
    ///
    /// As [`NetConnection::shared_object`]. The object stays without a connection then, and this can be tried again.
    pub async fn rejoin(&mut self, connection: &NetConnection) -> Result<(), StreamError> {
        self.release();
        self.board = Arc::new(self.board.moved());
        self.handle = Arc::clone(&connection.handle);
        self.ask_to_use().await
    }

    async fn ask_to_use(&self) -> Result<(), StreamError> {
        let (answer, answered) = oneshot::channel();
        let board = Arc::clone(&self.board);
        self.handle
            .ask(Request::Object(ObjectRequest::Use { board, answer }))
            .await?;
        let joined = within(&self.handle, limits::ANSWER, answered).await;
        let joined = joined.and_then(|joined| joined);
        if let Err(error) = &joined {
            self.release();
            self.board.end(error.clone());
        }
        joined
    }

    /// Its name.
    pub fn name(&self) -> Text {
        self.board.read(|replica| replica.name().clone())
    }

    /// Whether the server keeps it.
    pub fn persistence(&self) -> Persistence {
        self.board.read(replica::Replica::persistence)
    }

    /// The version that the server has told last.
    pub fn version(&self) -> u32 {
        self.board.read(replica::Replica::version)
    }

    /// The value of a slot, as of now. What was asked for is not in it before the server has confirmed it.
    pub fn value(&self, slot: &str) -> Option<Value> {
        self.board.read(|replica| replica.value(slot).cloned())
    }

    /// All slots by name, as of now.
    pub fn slots(&self) -> Object {
        self.board.read(replica::Replica::slots)
    }

    /// The slots that this client has asked to change or remove and has heard nothing about, the oldest request first; a slot stands
    /// there once for each. After a connection has ended nobody knows whether the server has done it.
    ///
    /// One that the server has put somebody else's change in the place of may stay here until the slot is set again.
    pub fn unconfirmed_slots(&self) -> Vec<Text> {
        self.board.read(replica::Replica::unconfirmed_slots)
    }

    /// The next update, or `None` when the connection or the use of the object is over. Cancel-safe.
    ///
    /// Of updates that nobody takes [`limits::OBJECT_UPDATES`] or [`limits::OBJECT_UPDATE_BYTES`] are kept. After that they are lost, and
    /// [`ObjectChange::Missed`] is told with all slots. The connection goes on meanwhile.
    pub async fn next_update(&mut self) -> Option<ObjectUpdate> {
        self.board.next_update().await
    }

    /// Why nothing more comes, if that is so.
    pub fn ended(&self) -> Option<StreamError> {
        self.board.ended()
    }

    /// Sets a slot. The answer is an update; null and undefined remove the slot.
    ///
    /// # Errors
    ///
    /// The value cannot be expressed, or the connection or the use of the object is over.
    pub async fn set(
        &self,
        slot: impl Into<Text>,
        value: impl Into<Value>,
    ) -> Result<(), StreamError> {
        self.apply(ObjectEdit::new().set(slot, value)).await
    }

    /// Removes a slot. The answer is an update.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub async fn remove(&self, slot: impl Into<Text>) -> Result<(), StreamError> {
        self.apply(ObjectEdit::new().remove(slot)).await
    }

    /// Removes all slots. The answer is an update.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub async fn clear(&self) -> Result<(), StreamError> {
        self.apply(ObjectEdit::new().clear()).await
    }

    /// Calls a method at everybody who uses the object, this client included.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub async fn send(
        &self,
        handler: impl Into<Text>,
        arguments: Vec<Value>,
    ) -> Result<(), StreamError> {
        self.apply(ObjectEdit::new().send(handler, arguments)).await
    }

    /// Asks for several changes at once: one message, and one step of the object.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set); nothing of it is sent then.
    pub async fn apply(&self, edit: ObjectEdit) -> Result<(), StreamError> {
        let (answer, answered) = oneshot::channel();
        let board = Arc::clone(&self.board);
        let request = ObjectRequest::Edit {
            board,
            edit,
            answer,
        };
        self.handle.ask(Request::Object(request)).await?;
        answered.await.map_err(|_| self.handle.shared.gone())?
    }

    fn release(&self) {
        self.handle.release(Arc::clone(&self.board));
    }
}

impl Drop for SharedObject {
    fn drop(&mut self) {
        self.release();
    }
}
