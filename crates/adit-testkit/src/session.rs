//! What scripted clients do alike with their sessions.

use std::time::Instant;

use adit_rtmp::Seed;
use adit_rtmp::command::Connect;
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession};
use bytes::{Buf as _, Bytes};

use crate::random::Random;

/// A session that asks to be connected; its random bytes follow from `seed`.
pub(crate) fn connecting(connect: Connect, seed: u64) -> ClientSession {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(&Random::new(seed).bytes(32));
    let config = ClientConfig::default();
    let mut session = ClientSession::new(Instant::now(), config, &Seed::new(bytes));
    session.connect(connect).expect("a new session connects");
    session
}

/// Feeds bytes from the server. What comes of them is polled.
pub(crate) fn feed(session: &mut ClientSession, bytes: Bytes) {
    let now = Instant::now();
    session.handle_timeout(now);
    session.handle_input(now, bytes);
}

/// The next event.
///
/// # Errors
///
/// What the server did wrong.
pub(crate) fn poll(session: &mut ClientSession) -> Result<Option<ClientEvent>, String> {
    session
        .poll_event(Instant::now())
        .map_err(|error| error.to_string())
}

/// What is to be sent to the server by now; may be empty.
pub(crate) fn output(session: &mut ClientSession) -> Bytes {
    let out = session.output();
    let length = out.remaining();
    out.copy_to_bytes(length)
}
