//! A client of shared objects for tests, and the copies of objects it keeps.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use adit_amf::amf0::Value;
use adit_rtmp::command::Connect;
use adit_rtmp::message::MessageKind;
use adit_rtmp::session::{ClientEvent, ClientSession};
use adit_rtmp::shared_object::{Event, Limits, Persistence, SharedObjectMessage};
use bytes::Bytes;

use crate::support::{Hear, Wire, words};

pub(crate) const AMF0: MessageKind = MessageKind::SharedObjectAmf0;
pub(crate) const AMF3: MessageKind = MessageKind::SharedObjectAmf3;

/// How a client speaks of one object.
#[derive(Clone, Copy)]
pub(crate) struct Object {
    pub(crate) name: &'static str,
    pub(crate) persistence: Persistence,
    pub(crate) kind: MessageKind,
}

/// A temporary object, spoken of in AMF0.
pub(crate) const fn temporary(name: &'static str) -> Object {
    Object {
        name,
        persistence: Persistence::Temporary,
        kind: AMF0,
    }
}

/// A persistent object, spoken of in AMF0.
pub(crate) const fn persistent(name: &'static str) -> Object {
    Object {
        persistence: Persistence::Persistent,
        ..temporary(name)
    }
}

impl Object {
    /// Spoken of in messages of type 16.
    pub(crate) const fn in_amf3(self) -> Self {
        Self { kind: AMF3, ..self }
    }
}

pub(crate) type Client = Wire<Messages>;

/// The messages about objects that have come.
#[derive(Default)]
pub(crate) struct Messages(pub(crate) VecDeque<(MessageKind, SharedObjectMessage)>);

impl Client {
    /// Connects to the application `chat`.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let connect = Connect::new("chat/room", "rtmp://localhost/chat/room");
        let mut client = Self::ask_for(server, connect, Messages::default()).await;
        client.until("connected").await;
        client
    }

    /// Sends one message about an object of which the client has `version`.
    pub(crate) async fn say(&mut self, object: Object, version: u32, events: Vec<Event>) {
        let mut message = SharedObjectMessage::new(object.name, object.persistence);
        message.version = version;
        message.events = events;
        for body in message.encode(object.kind).expect("a message") {
            self.send(object.kind, body);
        }
        self.flush().await;
    }

    /// Sends any body, later.
    pub(crate) fn send(&mut self, kind: MessageKind, body: Bytes) {
        self.session
            .send_shared_object(kind, body)
            .expect("connected");
    }

    /// Uses an object and gives the first answer.
    pub(crate) async fn join(&mut self, object: Object) -> SharedObjectMessage {
        self.say(object, 0, vec![Event::Use]).await;
        self.next().await
    }

    /// Sets a slot of an object of which the client has `version`.
    pub(crate) async fn set(
        &mut self,
        object: Object,
        version: u32,
        slot: &str,
        value: impl Into<Value>,
    ) {
        let event = Event::request_change(slot, value);
        self.say(object, version, vec![event]).await;
    }

    /// The next message about an object.
    pub(crate) async fn next(&mut self) -> SharedObjectMessage {
        self.next_of().await.1
    }

    /// The next message about an object and its type.
    pub(crate) async fn next_of(&mut self) -> (MessageKind, SharedObjectMessage) {
        let message = self.wait_for(|client| client.heard.0.pop_front()).await;
        message.unwrap_or_else(|| panic!("no message; seen: {:?}", self.seen))
    }

    /// Goes on until everything sent so far was worked off: a call behind it is answered.
    pub(crate) async fn settle(&mut self) {
        self.call("settled", Vec::new()).await;
        self.until("response").await;
    }
}

impl Hear for Messages {
    fn hear(&mut self, _: &mut ClientSession, event: ClientEvent) -> Option<String> {
        match event {
            ClientEvent::SharedObject { kind, payload, .. } => {
                let message = SharedObjectMessage::decode(kind, &payload, &Limits::default());
                self.0
                    .push_back((kind, message.expect("a message of the server")));
                None
            }
            ClientEvent::Status { status, .. } => Some(words(&status)),
            ClientEvent::Response(_) => Some("response".to_owned()),
            other => Some(format!("{other:?}")),
        }
    }
}

/// What a client believes an object to be, by applying what it is told.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Copy {
    pub(crate) version: u32,
    pub(crate) slots: BTreeMap<String, Value>,
}

impl Copy {
    pub(crate) fn apply(&mut self, message: &SharedObjectMessage) {
        self.version = message.version;
        for event in &message.events {
            match event {
                Event::Clear => self.slots.clear(),
                Event::Change { key, value } => {
                    self.slots.insert(key.to_string(), value.clone());
                }
                Event::Remove { key } => {
                    self.slots.remove(key.as_str());
                }
                _ => {}
            }
        }
    }
}
