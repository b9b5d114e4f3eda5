//! A client of a shared object that knows of each change whether it came, and in which order.

use std::collections::VecDeque;

use adit_rtmp::command::Connect;
use adit_rtmp::message::MessageKind;
use adit_rtmp::session::{ClientEvent, ClientSession};
pub use adit_rtmp::shared_object::Persistence;
use adit_rtmp::shared_object::{Event, Limits, SharedObjectMessage};
use bytes::Bytes;

use crate::session;

/// One RTMP connection that uses one shared object and sets one slot of it to 1, 2, 3 and so on. No I/O.
#[derive(Debug)]
pub struct Member {
    session: ClientSession,
    object: &'static str,
    persistence: Persistence,
    kind: MessageKind,
    slot: String,
    version: u32,
    state: State,
    sent: u32,
    /// What it has set and heard nothing about.
    unanswered: VecDeque<u32>,
    seen: Vec<Change>,
}

/// One change of a slot, as a member saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The version of the object with it.
    pub version: u32,
    /// The slot.
    pub slot: String,
    /// Its value.
    pub value: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connecting,
    Joining,
    Joined,
}

/// What a member speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// Messages of type 19.
    Amf0,
    /// Messages of type 16.
    Amf3,
}

impl Member {
    /// A client that will use `object` in `chat/room` and set `slot`.
    pub fn new(
        object: &'static str,
        persistence: Persistence,
        slot: String,
        speaks: Speaks,
        seed: u64,
    ) -> Self {
        let connect = Connect::new("chat/room", "rtmp://localhost/chat/room");
        Self {
            session: session::connecting(connect, seed),
            object,
            persistence,
            kind: match speaks {
                Speaks::Amf0 => MessageKind::SharedObjectAmf0,
                Speaks::Amf3 => MessageKind::SharedObjectAmf3,
            },
            slot,
            version: 0,
            state: State::Connecting,
            sent: 0,
            unanswered: VecDeque::new(),
            seen: Vec::new(),
        }
    }

    /// Takes bytes from the server.
    ///
    /// # Errors
    ///
    /// What the server did wrong.
    pub fn feed(&mut self, bytes: Bytes) -> Result<(), String> {
        session::feed(&mut self.session, bytes);
        while let Some(event) = session::poll(&mut self.session)? {
            match event {
                ClientEvent::Connected(_) => {
                    self.say(vec![Event::Use]);
                    self.state = State::Joining;
                }
                ClientEvent::SharedObject { kind, payload, .. } => {
                    let message = SharedObjectMessage::decode(kind, &payload, &Limits::default());
                    self.hear(message.map_err(|error| error.to_string())?)?;
                }
                ClientEvent::Status { status, .. } => return Err(status.code_text().to_string()),
                _ => {}
            }
        }
        Ok(())
    }

    /// What is to be sent to the server by now; may be empty.
    pub fn output(&mut self) -> Bytes {
        session::output(&mut self.session)
    }

    /// Whether it uses the object.
    pub fn has_joined(&self) -> bool {
        self.state == State::Joined
    }

    /// Sets its slot to the next number; gives it.
    pub fn set(&mut self) -> u32 {
        self.sent += 1;
        self.unanswered.push_back(self.sent);
        self.say(vec![Event::request_change(self.slot.clone(), self.sent)]);
        self.sent
    }

    /// The next number is the one behind this one.
    pub fn go_on_from(&mut self, number: u32) {
        self.sent = number;
    }

    /// The changes it has seen since it joined, its own among them.
    pub fn seen(&self) -> &[Change] {
        &self.seen
    }

    /// The last of its own numbers that was accepted.
    pub fn accepted(&self) -> u32 {
        self.unanswered.front().map_or(self.sent, |next| next - 1)
    }

    fn say(&mut self, events: Vec<Event>) {
        let mut message = SharedObjectMessage::new(self.object, self.persistence);
        message.version = self.version;
        message.events = events;
        for body in message.encode(self.kind).expect("a message") {
            self.session
                .send_shared_object(self.kind, body)
                .expect("it is connected");
        }
    }

    fn hear(&mut self, message: SharedObjectMessage) -> Result<(), String> {
        self.version = message.version;
        for event in message.events {
            let (slot, value) = match event {
                Event::UseSuccess => {
                    self.state = State::Joined;
                    continue;
                }
                Event::Success { key } if key == self.slot.as_str() => {
                    let value = self.unanswered.pop_front();
                    (key, value.ok_or("a success that nobody asked for")?)
                }
                Event::Change { key, value } => {
                    (key, value.as_u32().ok_or("a value that nobody set")?)
                }
                Event::Clear if self.seen.is_empty() => continue,
                other => return Err(format!("{}: {other:?}", self.slot)),
            };
            self.seen.push(Change {
                version: message.version,
                slot: slot.to_string(),
                value,
            });
        }
        Ok(())
    }
}
