//! The server under attack, the honest client beside it, and one attack after the other.

use std::time::Duration;

use adit_testkit::attack::{Attacker, Ending, command, message};
use adit_testkit::honest::Honest;
use adit_testkit::server::AditServer;

/// How far a connection is when the attack begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum From {
    /// The first byte.
    TheFirstByte,
    /// After the handshake.
    TheHandshake,
    /// After an accepted `connect`.
    Connect,
}

/// What the server must do about it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Then {
    /// Close the connection.
    Close,
    /// Answer one HTTP request with one of these, then close the connection.
    Refuse(&'static [u16]),
    /// Answer one HTTP request with one of these; the connection may go on.
    Answer(&'static [u16]),
    /// Go on: the next command is answered. Only for RTMP.
    GoOn,
    /// Answer `_error`, and go on. Only for RTMP.
    Fail,
}

/// The server and its honest client.
pub(crate) struct Siege {
    server: AditServer,
    honest: Honest,
    calm_bytes: u64,
}

impl Siege {
    pub(crate) async fn begin() -> Self {
        let server = AditServer::start(env!("CARGO_BIN_EXE_adit"));
        let honest = Honest::start(server.address(), "honest").await;
        let calm_bytes = server.resident_bytes();
        Self {
            server,
            honest,
            calm_bytes,
        }
    }

    pub(crate) fn server(&self) -> &AditServer {
        &self.server
    }

    /// One attack after the other: a name, how far the connection is, what is sent on it, and what must come of it.
    pub(crate) async fn check_all<N: AsRef<str>, B: AsRef<[u8]>>(
        &mut self,
        rows: Vec<(N, From, B, Then)>,
    ) {
        let mut wrong = Vec::new();
        for (name, from, bytes, then) in rows {
            let name = name.as_ref();
            let outcome = self.attack(from, bytes.as_ref(), then).await;
            wrong.extend(outcome.err().map(|what| format!("{name}: {what}")));
            self.assert_calm(name).await;
        }
        assert!(wrong.is_empty(), "{}\n{}", wrong.join("\n"), self.log());
    }

    async fn attack(&self, from: From, bytes: &[u8], then: Then) -> Result<(), String> {
        let mut attacker = self.attacker(from).await;
        attacker.write(bytes).await;
        if matches!(then, Then::GoOn | Then::Fail) {
            attacker.write(&message(3, 20, 0, &create_stream())).await;
        }
        let within = match then {
            Then::Close | Then::Refuse(_) => CLOSES_WITHIN,
            _ => ANSWERS_WITHIN,
        };
        let ending = attacker.ending(within).await;
        let one_of = |statuses: &[u16]| matches!(ending.statuses()[..], [status] if statuses.contains(&status));
        let right = match then {
            Then::Close => ending.closed,
            Then::Refuse(statuses) => ending.closed && one_of(statuses),
            Then::Answer(statuses) => one_of(statuses),
            Then::GoOn => goes_on(&ending) && !holds(&ending, b"_error"),
            Then::Fail => goes_on(&ending) && holds(&ending, b"_error"),
        };
        if right {
            Ok(())
        } else {
            Err(format!("{then:?} was expected, not {}", text(&ending)))
        }
    }

    /// A connection that is as far as `from`.
    pub(crate) async fn attacker(&self, from: From) -> Attacker {
        let mut attacker = Attacker::connect(self.server.address()).await;
        match from {
            From::TheFirstByte => {}
            From::TheHandshake => attacker.shake_hands().await,
            From::Connect => attacker.enter().await,
        }
        attacker
    }

    /// The honest client lost nothing, the server runs, has not panicked and has not grown.
    pub(crate) async fn assert_calm(&mut self, name: &str) {
        if let Err(error) = self.honest.check(HONEST_WITHIN).await {
            panic!("{name}: the honest client noticed: {error}\n{}", self.log());
        }
        self.server.assert_sound();
        let bytes = self.server.resident_bytes();
        let grown = bytes.saturating_sub(self.calm_bytes);
        assert!(
            grown < GROWTH_BYTES,
            "{name}: the server grew by {grown} bytes to {bytes}"
        );
    }

    fn log(&self) -> String {
        self.server.log()
    }
}

/// The `createStream` command.
pub(crate) fn create_stream() -> Vec<u8> {
    let mut body = command("createStream", 77);
    body.push(5);
    body
}

fn goes_on(ending: &Ending) -> bool {
    let result = [b"_result\0".as_slice(), &77_f64.to_be_bytes()].concat();
    !ending.closed && holds(ending, &result)
}

fn holds(ending: &Ending, wanted: &[u8]) -> bool {
    ending
        .received
        .windows(wanted.len())
        .any(|bytes| bytes == wanted)
}

fn text(ending: &Ending) -> String {
    let from = ending.received.len().saturating_sub(600);
    let head = &ending.received[from..];
    format!(
        "closed: {}, {:?}",
        ending.closed,
        String::from_utf8_lossy(head)
    )
}

/// How long the server may take to close a connection that did wrong: the deadlines for a handshake, a `connect` and a
/// header are 10 s each, and a linger of 1 s follows.
pub(crate) const CLOSES_WITHIN: Duration = Duration::from_secs(13);

/// How long an answer may take.
const ANSWERS_WITHIN: Duration = Duration::from_millis(400);

/// How long a message of the honest client may take from publishing to playing.
const HONEST_WITHIN: Duration = Duration::from_secs(2);

/// How much the resident memory of the server may grow over one test.
const GROWTH_BYTES: u64 = 64 << 20;
