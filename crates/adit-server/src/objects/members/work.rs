//! One message of a client, taken apart into the things to do.

use std::pin::Pin;
use std::time::Instant;

use adit_amf::amf0::Value;
use adit_broker::shared_object::Request;
use adit_rtmp::message::MessageKind;
use adit_rtmp::shared_object::{Event, SharedObjectMessage};

use super::super::Opened;
use super::super::sending::Addressee;
use super::super::value::Stored;
use crate::application::{Later, ObjectAccess};

/// A message under way.
pub(super) struct Work {
    /// The object it is about, and how its sender is answered.
    pub(super) to: Addressee,
    /// The version its sender had.
    pub(super) version: u32,
    events: std::iter::Peekable<std::vec::IntoIter<Event>>,
    /// What is done now.
    pub(super) task: Task,
}

/// A thing to do.
pub(super) enum Task {
    Nothing,
    /// Use the object.
    Use,
    /// The application decides whether the client may.
    Decide(Later<ObjectAccess>),
    /// The store looks for the object.
    Load(Pin<Box<dyn Future<Output = Opened> + Send>>, ObjectAccess),
    /// Use it no longer.
    Release,
    /// Changes and messages: one step of the object.
    Ask(Vec<Request<Stored>>),
    /// Something came too soon.
    Wait(Instant, Box<Self>),
}

impl Work {
    pub(super) fn new(kind: MessageKind, message: SharedObjectMessage) -> Self {
        Self {
            to: Addressee {
                // What is kept of it keeps nothing else of the message.
                name: message.name.detached(),
                kind,
                flags: message.flags,
            },
            version: message.version,
            events: message.events.into_iter().peekable(),
            task: Task::Nothing,
        }
    }

    /// When it goes on, if that is a question of time.
    pub(super) fn until(&self) -> Option<Instant> {
        match self.task {
            Task::Wait(until, _) => Some(until),
            _ => None,
        }
    }

    /// Whether there is nothing left to do.
    pub(super) fn is_over(&mut self) -> bool {
        matches!(self.task, Task::Nothing) && self.events.peek().is_none()
    }

    /// What is to be done next.
    pub(super) fn take_task(&mut self) -> Task {
        match std::mem::replace(&mut self.task, Task::Nothing) {
            Task::Nothing => self.next_task(),
            task => task,
        }
    }

    fn next_task(&mut self) -> Task {
        let mut requests = Vec::new();
        while let Some(event) = self.events.peek() {
            let is_request = !matches!(event, Event::Use | Event::Release);
            if !is_request && !requests.is_empty() {
                break;
            }
            match self.events.next() {
                Some(Event::Use) => return Task::Use,
                Some(Event::Release) => return Task::Release,
                event => requests.extend(event.and_then(request)),
            }
        }
        if requests.is_empty() {
            Task::Nothing
        } else {
            Task::Ask(requests)
        }
    }
}

/// What an event asks for. Those that only servers send, and those that nobody has explained, ask for nothing.
fn request(event: Event) -> Option<Request<Stored>> {
    match event {
        Event::RequestChange { key, value } => set(&key, &value),
        Event::RequestRemove { key } => Some(Request::Remove {
            slot: (*key).into(),
        }),
        Event::RequestClear => Some(Request::Clear),
        Event::Message { handler, arguments } => {
            let arguments = Stored::all(&arguments).ok()?;
            Some(Request::Send {
                handler: (*handler).into(),
                size: arguments.len(),
                arguments: vec![arguments],
            })
        }
        _ => None,
    }
}

/// Null and undefined delete a slot.
fn set(slot: &str, value: &Value) -> Option<Request<Stored>> {
    if value.is_null() {
        return Some(Request::Unset { slot: slot.into() });
    }
    let value = Stored::one(value).ok()?;
    Some(Request::Set {
        slot: slot.into(),
        size: value.len(),
        value,
    })
}
