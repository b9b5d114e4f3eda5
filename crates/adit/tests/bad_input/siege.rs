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

    /// One attack: `bytes` from a connection that is as far as `from`, and what must come of it.
    pub(crate) async fn check(&mut self, name: &str, from: From, bytes: &[u8], then: Then) {
        let mut attacker = self.attacker(from).await;
        attacker.write(bytes).await;
        match then {
            Then::GoOn => {
                attacker.write(&message(3, 20, 0, &create_stream())).await;
                let answer = attacker.ending(ANSWERS_WITHIN).await;
                assert!(
                    !answer.closed && holds_result(&answer),
                    "{name}: it should go on: {answer:?}\n{}",
                    self.log()
                );
            }
            Then::Close => {
                let ending = attacker.ending(CLOSES_WITHIN).await;
                assert!(
                    ending.closed,
                    "{name}: it should be closed: {ending:?}\n{}",
                    self.log()
                );
            }
            Then::Refuse(statuses) => {
                let ending = attacker.ending(CLOSES_WITHIN).await;
                let one = matches!(ending.statuses()[..], [status] if statuses.contains(&status));
                assert!(
                    ending.closed && one,
                    "{name}: {statuses:?}, once, and closed: {}\n{}",
                    text(&ending),
                    self.log()
                );
            }
            Then::Answer(statuses) => {
                let ending = attacker.ending(ANSWERS_WITHIN).await;
                let one = matches!(ending.statuses()[..], [status] if statuses.contains(&status));
                assert!(
                    one,
                    "{name}: {statuses:?}, once: {}\n{}",
                    text(&ending),
                    self.log()
                );
            }
        }
        self.assert_calm(name).await;
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

fn holds_result(ending: &Ending) -> bool {
    let wanted = [b"_result\0".as_slice(), &77_f64.to_be_bytes()].concat();
    ending
        .received
        .windows(wanted.len())
        .any(|bytes| bytes == wanted)
}

fn text(ending: &Ending) -> String {
    let head = &ending.received[..ending.received.len().min(400)];
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
