//! A client for tests of applications: it connects anywhere with any arguments, calls, and answers calls.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use adit_amf::amf0::Value;
use adit_rtmp::command::{ClientCommand, Connect, Play, PlayStart, PublishKind, Status};
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession};
use adit_rtmp::{MessageStreamId, Seed, Timestamp};
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for a machine that is busy with everything else; only reached when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    socket: TcpStream,
    session: ClientSession,
    stream: MessageStreamId,
    /// What happened, in words: status codes with their descriptions, calls and answers with their first value.
    pub(crate) seen: Vec<String>,
    /// Whether calls of the server are answered, with their first argument.
    answers: Answers,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answers {
    Given,
    Withheld,
}

impl Client {
    /// Asks to be connected to `app` on the host `host`.
    pub(crate) async fn ask(
        server: SocketAddr,
        host: &str,
        app: &str,
        arguments: Vec<Value>,
    ) -> Self {
        let socket = TcpStream::connect(server)
            .await
            .expect("the server listens");
        let session =
            ClientSession::new(Instant::now(), ClientConfig::default(), &Seed::new([7; 32]));
        let mut client = Self {
            socket,
            session,
            stream: MessageStreamId::CONNECTION,
            seen: Vec::new(),
            answers: Answers::Given,
        };
        let mut connect = Connect::new(app, format!("rtmp://{host}/{app}"));
        connect.arguments = arguments;
        connect.client.flash_version = Some("a program of many words ".repeat(30).into());
        client.session.connect(connect).expect("the first request");
        client.flush().await;
        client
    }

    /// Connects and creates a stream.
    pub(crate) async fn connect(server: SocketAddr, app: &str) -> Self {
        Self::connect_with(server, app, vec![]).await
    }

    pub(crate) async fn connect_with(server: SocketAddr, app: &str, arguments: Vec<Value>) -> Self {
        let mut client = Self::ask(server, "localhost", app, arguments).await;
        client.until("connected").await;
        client.session.create_stream().expect("connected");
        client.until("stream created").await;
        client
    }

    pub(crate) fn withholding_answers(mut self) -> Self {
        self.answers = Answers::Withheld;
        self
    }

    pub(crate) async fn publish(&mut self, name: &str, kind: PublishKind) {
        self.session
            .publish(self.stream, name.to_owned(), kind)
            .expect("the stream exists");
        self.flush().await;
    }

    pub(crate) async fn play(&mut self, name: &str) {
        self.session
            .play(self.stream, Play::new(name.to_owned()))
            .expect("the stream exists");
        self.flush().await;
    }

    /// The recording of this name from a second on.
    pub(crate) async fn play_from_one_second(&mut self, name: &str) {
        let mut play = Play::new(name.to_owned());
        play.start = PlayStart::Recorded { from_ms: 1000 };
        self.session
            .play(self.stream, play)
            .expect("the stream exists");
        self.flush().await;
    }

    pub(crate) async fn command(&mut self, command: ClientCommand) {
        self.session
            .send_command(MessageStreamId::CONNECTION, command)
            .expect("connected");
        self.flush().await;
    }

    pub(crate) async fn call(&mut self, method: &str, arguments: Vec<Value>) {
        self.session
            .call(method.to_owned(), arguments)
            .expect("connected");
        self.flush().await;
    }

    pub(crate) async fn send_data(&mut self, values: &[Value]) {
        self.session
            .send_data(self.stream, Timestamp::ZERO, values)
            .expect("publishing");
        self.flush().await;
    }

    /// Goes on until something that begins with `wanted` was seen, and gives it.
    pub(crate) async fn until(&mut self, wanted: &str) -> String {
        let waiting = async {
            loop {
                self.work_off();
                if let Some(at) = self.seen.iter().position(|seen| seen.starts_with(wanted)) {
                    return self.seen.drain(..=at).next_back().expect("at least this");
                }
                self.turn().await;
            }
        };
        let found = timeout(PATIENCE, waiting).await.ok();
        assert!(found.is_some(), "no {wanted:?}; seen: {:?}", self.seen);
        found.unwrap_or_default()
    }

    async fn turn(&mut self) {
        self.flush().await;
        let mut buffer = BytesMut::with_capacity(64 * 1024);
        match self.socket.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => {
                self.session.handle_eof(Instant::now());
                self.work_off();
                self.seen.push("end".to_owned());
            }
            Ok(_) => self.session.handle_input(Instant::now(), buffer.freeze()),
        }
    }

    async fn flush(&mut self) {
        let out = self.session.output();
        let bytes = out.copy_to_bytes(out.remaining());
        // A server that has hung up is noticed when reading.
        drop(self.socket.write_all(&bytes).await);
    }

    fn work_off(&mut self) {
        while let Ok(Some(event)) = self.session.poll_event(Instant::now()) {
            let seen = match event {
                ClientEvent::StreamCreated { msid, .. } => {
                    self.stream = msid;
                    "stream created".to_owned()
                }
                ClientEvent::Connected(_) => "connected".to_owned(),
                ClientEvent::Rejected { status } => {
                    let status = status.expect("an information object");
                    format!("{} {:?}", words(&status), status.other())
                }
                ClientEvent::Status { status, .. } => words(&status),
                ClientEvent::Response(response) => match response.status() {
                    Some(status) => words(&status),
                    None => format!("answer {}", text(&response.values)),
                },
                ClientEvent::Call(request) => {
                    let seen = format!("call {} {}", request.name, text(&request.arguments));
                    if self.answers == Answers::Given && request.name == "fail" {
                        self.session.fail_call(request, "on purpose");
                    } else if self.answers == Answers::Given {
                        let values = request.arguments.first().cloned().into_iter().collect();
                        self.session.reply_call(request, values);
                    }
                    seen
                }
                ClientEvent::Media { payload, .. } => format!("media {payload:?}"),
                other => format!("{other:?}"),
            };
            self.seen.push(seen);
        }
    }
}

fn words(status: &Status) -> String {
    format!("{} {}", status.code_text(), status.description())
}

/// The first value, in short.
fn text(values: &[Value]) -> String {
    match values.first() {
        None => "nothing".to_owned(),
        Some(Value::Null | Value::Undefined) => "null".to_owned(),
        Some(value) => match (value.as_str(), value.as_number()) {
            (Some(text), _) => text.to_owned(),
            (_, Some(number)) => number.to_string(),
            _ => format!("{value:?}"),
        },
    }
}
