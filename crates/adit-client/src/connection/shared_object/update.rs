//! What is asked of a shared object, and what is told of it.

use adit_amf::Text;
use adit_amf::amf0::Value;
use adit_rtmp::shared_object::Event;

/// Changes that are asked for together: the server makes one step of them, unless they are more than fit into a message.
///
/// ```
/// use adit_client::connection::ObjectEdit;
///
/// let edit = ObjectEdit::new()
///     .set("topic", "adits")
///     .set("members", 3.0)
///     .remove("old")
///     .send("onNews", vec!["the topic is new".into()]);
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "nothing is asked for yet"]
pub struct ObjectEdit {
    pub(super) events: Vec<Event>,
}

impl ObjectEdit {
    /// Nothing.
    pub const fn new() -> Self {
        Self { events: Vec::new() }
    }

    /// Sets a slot; null and undefined remove it.
    pub fn set(mut self, slot: impl Into<Text>, value: impl Into<Value>) -> Self {
        self.events.push(Event::request_change(slot, value));
        self
    }

    /// Removes a slot.
    pub fn remove(mut self, slot: impl Into<Text>) -> Self {
        self.events.push(Event::RequestRemove { key: slot.into() });
        self
    }

    /// Removes all slots. Servers of others may not know this; remove slots by name where that matters.
    pub fn clear(mut self) -> Self {
        self.events.push(Event::RequestClear);
        self
    }

    /// Calls a method at everybody who uses the object, this client included.
    pub fn send(mut self, handler: impl Into<Text>, arguments: Vec<Value>) -> Self {
        let handler = handler.into();
        self.events.push(Event::Message { handler, arguments });
        self
    }

    /// Whether nothing is asked for.
    pub const fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// What one message of the server has told: one step of the object, or a part of a long one.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ObjectUpdate {
    /// The version of the object after it.
    pub version: u32,
    /// What has happened, in order. Whoever follows all of it knows the slots.
    pub changes: Vec<ObjectChange>,
}

/// One thing that has happened to a shared object.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum ObjectChange {
    /// The object is used from now on. Its slots follow.
    Joined,
    /// A slot has a value.
    Set {
        /// The slot.
        slot: Text,
        /// Its value.
        value: Value,
        /// Who has set it.
        by: Author,
    },
    /// A slot is gone.
    Removed {
        /// The slot.
        slot: Text,
        /// Who has removed it.
        by: Author,
    },
    /// All slots are gone; those that follow are all there are.
    Cleared,
    /// Somebody calls a method at everybody who uses the object.
    Message {
        /// The method.
        handler: Text,
        /// Its arguments.
        arguments: Vec<Value>,
    },
    /// A request was refused. What it would have changed is as it was; the server may tell it again.
    Refused {
        /// The code, such as `SharedObject.NoWriteAccess`.
        code: Text,
        /// The level, such as `error`.
        level: Text,
    },
    /// Updates that nobody took in time are lost, messages among them. All slots follow as they are now.
    Missed,
}

/// Who has changed a slot, as far as a client can know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Author {
    /// This client: what it has asked for is confirmed.
    Me,
    /// Another one, or the server. So are changes of this client told that the server has put something else in the place of.
    Others,
}
