//! A client for tests of applications: it connects anywhere with any arguments, calls, and answers calls.

use std::net::SocketAddr;

use adit_amf::amf0::Value;
use adit_rtmp::Timestamp;
use adit_rtmp::command::{ClientCommand, Connect, Play, PlayStart, Publish, PublishKind};
use adit_rtmp::session::{ClientEvent, ClientSession};

use crate::support::{Hear, Wire, words};

/// Of calls and answers it sees the first value, of media the payload.
pub(crate) type Client = Wire<Answers>;

/// Whether calls of the server are answered, with their first argument.
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
        let mut connect = Connect::new(app, format!("rtmp://{host}/{app}"));
        connect.arguments = arguments;
        connect.client.flash_version = Some("a program of many words ".repeat(30).into());
        Self::ask_for(server, connect, Answers::Given).await
    }

    /// Connects and creates a stream.
    pub(crate) async fn connect(server: SocketAddr, app: &str) -> Self {
        Self::connect_with(server, app, vec![]).await
    }

    pub(crate) async fn connect_with(server: SocketAddr, app: &str, arguments: Vec<Value>) -> Self {
        let mut client = Self::ask(server, "localhost", app, arguments).await;
        client.create_stream().await;
        client
    }

    pub(crate) fn withholding_answers(mut self) -> Self {
        self.heard = Answers::Withheld;
        self
    }

    pub(crate) async fn publish(&mut self, name: &str, kind: PublishKind) {
        let publish = ClientCommand::Publish(Publish::new(name, kind));
        self.command(self.stream, publish).await;
    }

    pub(crate) async fn play(&mut self, name: &str) {
        let play = ClientCommand::Play(Play::new(name));
        self.command(self.stream, play).await;
    }

    /// The recording of this name from a second on.
    pub(crate) async fn play_from_one_second(&mut self, name: &str) {
        let mut play = Play::new(name);
        play.start = PlayStart::Recorded { from_ms: 1000 };
        self.command(self.stream, ClientCommand::Play(play)).await;
    }

    pub(crate) async fn send_data(&mut self, values: &[Value]) {
        self.session
            .send_data(self.stream, Timestamp::ZERO, values)
            .expect("publishing");
        self.flush().await;
    }
}

impl Hear for Answers {
    fn hear(&mut self, session: &mut ClientSession, event: ClientEvent) -> Option<String> {
        Some(match event {
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
                if *self == Self::Given && request.name == "fail" {
                    session.fail_call(request, "on purpose");
                } else if *self == Self::Given {
                    let values = request.arguments.first().cloned().into_iter().collect();
                    session.reply_call(request, values);
                }
                seen
            }
            ClientEvent::Media { payload, .. } => format!("media {payload:?}"),
            other => format!("{other:?}"),
        })
    }
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
