//! A client of shared objects for tests: a real session over a real socket, and the copies of objects it keeps.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use adit_amf::amf0::Value;
use adit_rtmp::Seed;
use adit_rtmp::command::Connect;
use adit_rtmp::message::MessageKind;
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession};
use adit_rtmp::shared_object::{Event, Limits, Persistence, SharedObjectMessage};
use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for a machine that is busy with everything else; only reached when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

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

pub(crate) struct Client {
    pub(crate) socket: TcpStream,
    session: ClientSession,
    pub(crate) messages: VecDeque<(MessageKind, SharedObjectMessage)>,
    pub(crate) seen: VecDeque<String>,
}

impl Client {
    /// Connects to the application `chat`.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let socket = TcpStream::connect(server)
            .await
            .expect("the server listens");
        let session =
            ClientSession::new(Instant::now(), ClientConfig::default(), &Seed::new([7; 32]));
        let mut client = Self {
            socket,
            session,
            messages: VecDeque::new(),
            seen: VecDeque::new(),
        };
        let mut connect = Connect::default();
        connect.app = "chat/room".into();
        connect.tc_url = Some("rtmp://localhost/chat/room".into());
        client
            .session
            .connect(connect)
            .expect("nothing else was asked");
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
        let waiting = async {
            loop {
                self.work_off();
                if let Some(message) = self.messages.pop_front() {
                    return message;
                }
                self.turn().await;
            }
        };
        let found = timeout(PATIENCE, waiting).await.ok();
        found.unwrap_or_else(|| panic!("no message; seen: {:?}", self.seen))
    }

    /// Goes on until something that begins with `wanted` was seen; gives it.
    pub(crate) async fn until(&mut self, wanted: &str) -> String {
        let waiting = async {
            loop {
                self.work_off();
                while let Some(seen) = self.seen.pop_front() {
                    if seen.starts_with(wanted) {
                        return seen;
                    }
                }
                self.turn().await;
            }
        };
        let found = timeout(PATIENCE, waiting).await.ok();
        found.unwrap_or_else(|| panic!("no {wanted}; seen: {:?}", self.messages))
    }

    /// Goes on until everything sent so far was worked off: a call behind it is answered.
    pub(crate) async fn settle(&mut self) {
        self.session.call("settled", Vec::new()).expect("connected");
        self.until("response").await;
    }

    /// One write and one read.
    async fn turn(&mut self) {
        self.flush().await;
        let mut buffer = BytesMut::with_capacity(64 * 1024);
        match self.socket.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => {
                self.session.handle_eof(Instant::now());
                self.work_off();
                self.seen.push_back("end".to_owned());
                // Whoever waits for more shall not spin.
                tokio::task::yield_now().await;
            }
            Ok(_) => self.session.handle_input(Instant::now(), buffer.freeze()),
        }
    }

    pub(crate) async fn flush(&mut self) {
        let out = self.session.output();
        let bytes = out.copy_to_bytes(out.remaining());
        // A server that has hung up is noticed when reading.
        drop(self.socket.write_all(&bytes).await);
    }

    fn work_off(&mut self) {
        while let Ok(Some(event)) = self.session.poll_event(Instant::now()) {
            match event {
                ClientEvent::SharedObject { kind, payload, .. } => {
                    let message = SharedObjectMessage::decode(kind, &payload, &Limits::default());
                    self.messages
                        .push_back((kind, message.expect("a message of the server")));
                }
                ClientEvent::Connected(_) => self.seen.push_back("connected".to_owned()),
                ClientEvent::Status { status, .. } => {
                    let words = format!("{} {}", status.code_text(), status.description());
                    self.seen.push_back(words);
                }
                ClientEvent::Response(_) => self.seen.push_back("response".to_owned()),
                other => self.seen.push_back(format!("{other:?}")),
            }
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
