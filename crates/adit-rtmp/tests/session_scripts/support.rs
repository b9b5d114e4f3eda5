//! Scripted peers for tests of sessions: raw messages in, readable lines out.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use adit_amf::amf0::{self, Object, Value};
use adit_rtmp::chunk::{ChunkReader, ChunkWriter, Next, Phase};
use adit_rtmp::command::StatusCode;
use adit_rtmp::limits::ChunkLimits;
use adit_rtmp::message::{ControlMessage, Message, MessageKind, UserControl};
use adit_rtmp::out::OutQueue;
use adit_rtmp::session::{ServerEvent, ServerSession, SessionConfig, SessionError};
use adit_rtmp::{ChunkSize, ChunkStreamId, MessageStreamId, Seed, Timestamp};
use bytes::{Buf, Bytes, BytesMut};

/// Where a virtual clock begins. It never moves by itself.
#[expect(
    clippy::disallowed_methods,
    reason = "an instant cannot be made from nothing"
)]
pub(crate) fn first_instant() -> Instant {
    Instant::now()
}

/// C0 and C1 of the simple handshake.
pub(crate) fn c0c1() -> Bytes {
    let mut packet = vec![3];
    packet.extend([0; 8]);
    packet.extend((0..1528_u32).map(|i| u8::try_from(i % 251).unwrap()));
    packet.into()
}

/// Any C2: nobody looks at it.
pub(crate) fn c2() -> Bytes {
    vec![0xAB; 1536].into()
}

/// An object from pairs.
pub(crate) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().collect::<Object>())
}

/// The values of a command or data message as AMF0.
pub(crate) fn amf0(values: &[Value]) -> Bytes {
    let mut body = BytesMut::new();
    amf0::encode_all(values, &mut body).unwrap();
    body.freeze()
}

/// What a client writes, message by message.
#[derive(Default)]
pub(crate) struct Script {
    writer: ChunkWriter,
    bytes: OutQueue,
}

impl Script {
    /// Begins with the chunk stream.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Begins with the whole handshake.
    pub(crate) fn with_handshake() -> Self {
        let mut script = Self::new();
        script.bytes.push(c0c1());
        script.bytes.push(c2());
        script
    }

    /// Any message.
    pub(crate) fn message(
        mut self,
        kind: u8,
        msid: u32,
        csid: u32,
        timestamp: u32,
        payload: impl Into<Bytes>,
    ) -> Self {
        let message = Message {
            kind: MessageKind::from_id(kind),
            timestamp: Timestamp::from_ms(timestamp),
            msid: MessageStreamId::new(msid),
            csid: ChunkStreamId::new(csid).unwrap(),
            payload: payload.into(),
        };
        self.writer.write(&message, &mut self.bytes).unwrap();
        self
    }

    /// A command of type 20.
    pub(crate) fn command(self, msid: u32, values: impl AsRef<[Value]>) -> Self {
        let body = amf0(values.as_ref());
        self.message(20, msid, 3, 0, body)
    }

    /// A command with null for a command object.
    pub(crate) fn call(
        self,
        msid: u32,
        name: &str,
        transaction: f64,
        arguments: impl IntoIterator<Item = Value>,
    ) -> Self {
        let head = [Value::from(name), transaction.into(), Value::Null];
        let values: Vec<_> = head.into_iter().chain(arguments).collect();
        self.command(msid, values)
    }

    /// `connect` to this application of `rtmp://host/`.
    pub(crate) fn connect(self, app: &str) -> Self {
        let tc_url = format!("rtmp://host/{app}");
        let properties = object([("app", app.into()), ("tcUrl", tc_url.into())]);
        self.command(0, ["connect".into(), 1.0.into(), properties])
    }

    /// `connect`, `createStream`.
    pub(crate) fn connect_and_create(self, app: &str) -> Self {
        self.connect(app).call(0, "createStream", 2.0, [])
    }

    pub(crate) fn publish(self, msid: u32, name: &str) -> Self {
        self.call(msid, "publish", 0.0, [name.into(), "live".into()])
    }

    pub(crate) fn play(self, msid: u32, name: &str) -> Self {
        self.call(msid, "play", 0.0, [name.into()])
    }

    /// A control message.
    pub(crate) fn control(mut self, control: &ControlMessage) -> Self {
        self.writer.write_control(control, &mut self.bytes);
        self
    }

    pub(crate) fn user_control(self, event: UserControl) -> Self {
        self.control(&ControlMessage::UserControl(event))
    }

    pub(crate) fn chunk_size(self, bytes: u32) -> Self {
        self.control(&ControlMessage::SetChunkSize(
            ChunkSize::new(bytes).unwrap(),
        ))
    }

    pub(crate) fn audio(self, msid: u32, timestamp: u32, payload: &'static [u8]) -> Self {
        self.message(8, msid, 4, timestamp, payload)
    }

    pub(crate) fn video(self, msid: u32, timestamp: u32, payload: &'static [u8]) -> Self {
        self.message(9, msid, 4, timestamp, payload)
    }

    pub(crate) fn data(self, msid: u32, timestamp: u32, values: impl AsRef<[Value]>) -> Self {
        let body = amf0(values.as_ref());
        self.message(18, msid, 4, timestamp, body)
    }

    /// Bytes as they are.
    pub(crate) fn raw(mut self, bytes: impl Into<Bytes>) -> Self {
        self.bytes.push(bytes.into());
        self
    }

    /// All bytes so far; what follows continues the same chunk stream.
    pub(crate) fn take(&mut self) -> Bytes {
        let len = self.bytes.remaining();
        self.bytes.copy_to_bytes(len)
    }

    pub(crate) fn bytes(mut self) -> Bytes {
        self.take()
    }
}

/// What the test's server does with requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    /// Accepts all of them at once.
    Accept,
    /// Leaves the answer to the test.
    Leave,
}

/// A server session with a clock of its own, driven by a script.
pub(crate) struct Server {
    pub(crate) session: ServerSession,
    pub(crate) start: Instant,
    pub(crate) now: Instant,
    pub(crate) policy: Policy,
    pub(crate) error: Option<SessionError>,
    /// Requests that were left to the test.
    pub(crate) left: Vec<ServerEvent>,
    reader: ChunkReader,
    handshake_left: usize,
    sent: BytesMut,
}

impl Server {
    pub(crate) fn new() -> Self {
        Self::with_config(SessionConfig::default())
    }

    pub(crate) fn with_config(config: SessionConfig) -> Self {
        let now = first_instant();
        let mut reader = ChunkReader::new(ChunkLimits::default());
        reader.set_phase(Phase::Connected);
        Self {
            session: ServerSession::new(now, config, &Seed::new([7; 32])),
            start: now,
            now,
            policy: Policy::Accept,
            error: None,
            left: Vec::new(),
            reader,
            handshake_left: 3073,
            sent: BytesMut::new(),
        }
    }

    pub(crate) fn leaving(mut self) -> Self {
        self.policy = Policy::Leave;
        self
    }

    /// A server whose client has connected and created message stream 1; what was said is forgotten.
    pub(crate) fn connected() -> Self {
        let mut server = Self::new();
        let events = server.feed(Script::with_handshake().connect_and_create("live").bytes());
        assert_eq!(events, ["connect live"]);
        server.replies();
        server
    }

    pub(crate) fn after(&mut self, ms: u64) -> &mut Self {
        self.now += Duration::from_millis(ms);
        self
    }

    /// Milliseconds from the start to the next deadline.
    pub(crate) fn deadline_ms(&self) -> Option<u128> {
        let at = self.session.poll_timeout()?;
        Some(at.saturating_duration_since(self.start).as_millis())
    }

    /// Lets time pass up to this many milliseconds after the start, timer by timer.
    pub(crate) fn run_until(&mut self, ms: u64) -> Vec<String> {
        let end = self.start + Duration::from_millis(ms);
        let mut events = Vec::new();
        while let Some(at) = self.session.poll_timeout() {
            if at > end || self.error.is_some() {
                break;
            }
            self.now = self.now.max(at);
            self.session.handle_timeout(self.now);
            events.extend(self.events());
        }
        if self.error.is_none() {
            self.now = self.now.max(end);
            self.session.handle_timeout(self.now);
            events.extend(self.events());
        }
        events
    }

    /// Takes input and gives what it meant, a line per event.
    pub(crate) fn feed(&mut self, input: impl Into<Bytes>) -> Vec<String> {
        self.session.handle_input(self.now, input.into());
        self.events()
    }

    pub(crate) fn eof(&mut self) -> Vec<String> {
        self.session.handle_eof(self.now);
        self.events()
    }

    /// All that happened, a line per event; an error is the last line.
    pub(crate) fn events(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            match self.session.poll_event(self.now) {
                Ok(Some(event)) => {
                    lines.push(event_line(&event));
                    self.decide(event);
                }
                Ok(None) => break,
                Err(error) => {
                    lines.push(format!("error: {error}"));
                    self.error = Some(error);
                    break;
                }
            }
        }
        lines
    }

    fn decide(&mut self, event: ServerEvent) {
        match (self.policy, event) {
            (Policy::Accept, ServerEvent::Connect(request)) => self.session.accept_connect(request),
            (Policy::Accept, ServerEvent::Publish(request)) => {
                assert!(self.session.accept_publish(request));
            }
            (Policy::Accept, ServerEvent::Play(request)) => {
                assert!(self.session.accept_play(request));
            }
            (Policy::Accept, ServerEvent::StreamLength { call, .. }) => {
                self.session.reply_call(call, vec![0.0.into()]);
            }
            (
                _,
                request @ (ServerEvent::Connect(_)
                | ServerEvent::Publish(_)
                | ServerEvent::Play(_)
                | ServerEvent::Call(_)),
            ) => self.left.push(request),
            _ => {}
        }
    }

    /// The request that was left last.
    pub(crate) fn request(&mut self) -> ServerEvent {
        self.left.pop().expect("a request was left")
    }

    /// All output so far.
    pub(crate) fn take_output(&mut self) -> Bytes {
        let out = self.session.output();
        let len = out.len();
        out.copy_to_bytes(len)
    }

    /// What the client reads, a line per message.
    pub(crate) fn replies(&mut self) -> Vec<String> {
        self.reply_messages().iter().map(message_line).collect()
    }

    pub(crate) fn reply_messages(&mut self) -> Vec<Message> {
        let output = self.take_output();
        self.sent.extend_from_slice(&output);
        let skipped = self.handshake_left.min(self.sent.len());
        self.handshake_left -= skipped;
        self.sent.advance(skipped);
        self.reader.feed(self.sent.split().freeze());
        let mut messages = Vec::new();
        loop {
            match self.reader.poll(self.now).unwrap() {
                Next::Message(message) => messages.push(message),
                Next::NeedMore => return messages,
                Next::Throttled(_) => panic!("throttled"),
            }
        }
    }
}

/// One line for an event.
pub(crate) fn event_line(event: &ServerEvent) -> String {
    match event {
        ServerEvent::Connect(request) => {
            let address = &request.address;
            let mut line = format!("connect {}", address.application());
            if address.instance() != "_definst_" {
                write!(line, "/{}", address.instance()).unwrap();
            }
            if !address.query().is_empty() {
                write!(line, " query {}", address.query().as_str()).unwrap();
            }
            for argument in &request.connect.arguments {
                write!(line, " {}", value_text(argument)).unwrap();
            }
            line
        }
        ServerEvent::Publish(request) => {
            let kind = request.kind.as_str();
            let mut line = format!(
                "publish {} {} {kind}",
                request.msid,
                location(&request.location)
            );
            if !request.query().is_empty() {
                write!(line, " query {}", request.query().as_str()).unwrap();
            }
            line
        }
        ServerEvent::Play(request) => {
            let mut line = format!(
                "play {} {} {:?} {:?} {:?}",
                request.msid,
                location(&request.location),
                request.start,
                request.duration,
                request.playlist
            );
            if !request.query().is_empty() {
                write!(line, " query {}", request.query().as_str()).unwrap();
            }
            line
        }
        ServerEvent::PlayNext { msid, play } => format!("play next {msid} {play:?}"),
        ServerEvent::CheckBandwidth { dialect } => format!("bandwidth {dialect:?}"),
        ServerEvent::StreamLength { name, .. } => format!("length {name}"),
        ServerEvent::Play2 { msid, options } => format!("play2 {msid} {}", options.name),
        ServerEvent::Media {
            msid,
            kind,
            timestamp,
            payload,
        } => {
            format!(
                "{kind:?} {msid} @{} {}",
                timestamp.ms(),
                payload_text(payload)
            )
        }
        ServerEvent::ClearData { msid, handler } => format!("clear {msid} {handler}"),
        ServerEvent::Unpublish { msid } => format!("unpublish {msid}"),
        ServerEvent::StopPlay { msid } => format!("stop play {msid}"),
        ServerEvent::Pause {
            msid,
            state,
            position_ms,
        } => {
            format!("pause {msid} {state:?} {position_ms}")
        }
        ServerEvent::Seek { msid, position_ms } => format!("seek {msid} {position_ms}"),
        ServerEvent::ReceiveAudio { msid, receive } => format!("receive audio {msid} {receive:?}"),
        ServerEvent::ReceiveVideo { msid, receive } => format!("receive video {msid} {receive:?}"),
        ServerEvent::BufferLength { msid, buffer_ms } => format!("buffer {msid} {buffer_ms}"),
        ServerEvent::Call(request) => {
            let arguments: Vec<_> = request.arguments.iter().map(value_text).collect();
            format!("call {} {}", request.name, arguments.join(" "))
        }
        ServerEvent::Response(response) => {
            let values: Vec<_> = response.values.iter().map(value_text).collect();
            format!(
                "{:?} {} {}",
                response.outcome,
                response.transaction,
                values.join(" ")
            )
        }
        ServerEvent::SharedObject { kind, payload, .. } => {
            format!("{kind:?} {}", payload_text(payload))
        }
        ServerEvent::Refused {
            asked,
            name,
            description,
        } => format!("refused {asked:?} {name:?}: {description}"),
        ServerEvent::Closed { reason } => format!("closed: {reason:?}"),
        other => format!("{other:?}"),
    }
}

fn location(location: &adit_rtmp::command::Location) -> String {
    let instance = match location.instance.as_str() {
        "_definst_" => String::new(),
        instance => format!("/{instance}"),
    };
    format!("{}{instance}:{}", location.application, location.name)
}

/// One line for a message, control messages in words.
pub(crate) fn message_line(message: &Message) -> String {
    let Message {
        kind,
        timestamp,
        msid,
        csid,
        payload,
    } = message;
    match ControlMessage::decode(*kind, payload).unwrap() {
        Some(ControlMessage::UserControl(event)) => return format!("{csid}/{msid} {event:?}"),
        Some(control) => return format!("{csid}/{msid} {control:?}"),
        None => {}
    }
    match kind {
        MessageKind::CommandAmf0 | MessageKind::DataAmf0 => {
            let values = amf0::decode_all(payload.clone(), &adit_amf::Limits::default()).unwrap();
            let values: Vec<_> = values.iter().map(value_text).collect();
            let name = if *kind == MessageKind::DataAmf0 {
                "data "
            } else {
                ""
            };
            format!("{csid}/{msid} {name}{}", values.join(" "))
        }
        _ => format!(
            "{csid}/{msid} {kind:?} @{} {}",
            timestamp.ms(),
            payload_text(payload)
        ),
    }
}

/// A payload: text where it is text, else hexadecimal, shortened.
pub(crate) fn payload_text(payload: &[u8]) -> String {
    if payload.iter().all(|byte| (0x20..0x7F).contains(byte)) {
        return format!("{:?}", std::str::from_utf8(payload).unwrap());
    }
    let head: Vec<_> = payload
        .iter()
        .take(40)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let more = if payload.len() > 40 {
        format!("… {} bytes", payload.len())
    } else {
        String::new()
    };
    format!("{}{more}", head.concat())
}

/// A value in words. Descriptions are left out: they are for people, and not tested word for word.
pub(crate) fn value_text(value: &Value) -> String {
    match value {
        Value::Number(number) => format!("{number}"),
        Value::Boolean(boolean) => format!("{boolean}"),
        Value::String(text) => format!("{text}"),
        Value::Null => "null".into(),
        Value::Undefined => "undefined".into(),
        Value::Object(members) => format!("{{{}}}", members_text(members)),
        Value::EcmaArray(members) => format!("[{}]", members_text(members)),
        Value::StrictArray(items) => {
            format!(
                "[{}]",
                items.iter().map(value_text).collect::<Vec<_>>().join(", ")
            )
        }
        other => format!("{other:?}"),
    }
}

fn members_text(members: &Object) -> String {
    let shown = |(name, value): (&adit_amf::Text, &Value)| match name.as_str() {
        "description" => None,
        "level" => Some(value_text(value)),
        "code" if value.as_str().is_some() => {
            let code = value.as_str().unwrap();
            assert!(StatusCode::parse(code).is_some(), "{code} is in the list");
            Some(code.into())
        }
        name => Some(format!("{name}: {}", value_text(value))),
    };
    members
        .iter()
        .filter_map(shown)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The description in a reply.
pub(crate) fn description(message: &Message) -> String {
    let limits = adit_amf::Limits::default();
    let values = amf0::decode_all(message.payload.clone(), &limits).unwrap();
    let object = values.iter().rev().find_map(Value::as_object).unwrap();
    object
        .property("description")
        .and_then(Value::as_str)
        .unwrap()
        .into()
}

/// The message stream that is created first.
pub(crate) const ONE: MessageStreamId = MessageStreamId::new(1);

/// A server whose client plays `live:cam` on message stream 1.
pub(crate) fn playing() -> Server {
    let mut server = Server::connected();
    server.feed(Script::new().play(1, "cam").bytes());
    server.replies();
    server
}

/// A server whose client publishes `live:cam` on message stream 1.
pub(crate) fn publishing() -> Server {
    let mut server = Server::connected();
    server.feed(Script::new().publish(1, "cam").bytes());
    server.replies();
    server
}

/// The answer to a `publish` of `cam` there.
pub(crate) const PUBLISHED: [&str; 2] = [
    "2/0 StreamBegin(MessageStreamId(1))",
    "5/1 onStatus 0 null {status, NetStream.Publish.Start, details: cam, clientid: 1}",
];
