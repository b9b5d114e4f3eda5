//! Somebody who watches by HTTP: one connection of the server among all others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_broker::StreamKey;
use adit_rtmp::command::DEFAULT_INSTANCE;
use bytes::Bytes;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::info;

use crate::control::{Connections, InUse, Origin, Presence, Role, Way};
use crate::server::ConnectionId;

/// A viewer, listed for as long as this lasts.
#[derive(Debug)]
pub(super) struct Watcher {
    // Stops to play before it is gone.
    _in_use: InUse,
    presence: Arc<Presence>,
    line: Line,
}

/// What its lines in the log say.
#[derive(Debug)]
struct Line {
    connection: ConnectionId,
    way: Way,
    peer: String,
    stream: StreamKey,
    since: Instant,
    reason: Option<&'static str>,
}

impl Watcher {
    /// Enters somebody who plays `stream`, as others may see that, from now on. `program` is what it says that it is.
    pub(super) fn enter(
        connections: &Connections,
        who: Origin,
        program: Option<&str>,
        stream: &StreamKey,
    ) -> Self {
        let connection = connections.next_id();
        let presence = connections.enter(connection, who);
        let line = Line::open(connection, &presence, stream);
        if let Some(program) = program {
            presence.runs(program);
        }
        presence.let_in(stream.application(), stream.instance());
        Self {
            _in_use: presence.uses(Role::Play, stream.clone()),
            presence: Arc::new(presence),
            line,
        }
    }

    /// Why it ends, for the log; the first reason stands.
    pub(super) fn ends(&mut self, reason: &'static str) {
        self.line.reason.get_or_insert(reason);
    }

    /// What the log says when it is over.
    pub(super) fn reason(&self) -> String {
        match (self.kick_reason(), self.line.reason) {
            (Some(reason), _) => format!("ended from outside: {reason}"),
            (None, reason) => reason.unwrap_or("the viewer has gone").to_owned(),
        }
    }

    /// Bytes go to it. Called by one task at a time.
    pub(super) fn sent(&self, bytes: usize) {
        self.presence.sent(bytes, 0);
    }

    /// Bytes came from it. Called by one task at a time.
    pub(super) fn received(&self, bytes: usize) {
        self.presence.received(bytes);
    }

    /// Media took so long to it.
    pub(super) fn delayed(&self, delay: Duration) {
        self.presence.delayed(delay);
    }

    /// The same bytes, which note how long they took since `arrival` when they are let go: when they are written.
    pub(super) fn timed(&self, bytes: Bytes, arrival: Instant) -> Bytes {
        Bytes::from_owner(Timed {
            bytes,
            arrival,
            presence: Arc::clone(&self.presence),
        })
    }

    /// Whether somebody wants it to end; to ask costs no lock.
    pub(super) fn is_kicked(&self) -> bool {
        self.presence.is_kicked()
    }

    /// Why it is to end, if somebody wants that.
    pub(super) fn kick_reason(&self) -> Option<Arc<str>> {
        self.presence.kick_reason()
    }

    /// Ready when it is to end, or the server stops.
    pub(super) fn to_end(&self) -> WaitForCancellationFutureOwned {
        self.presence.to_end()
    }
}

impl Line {
    fn open(connection: ConnectionId, presence: &Presence, stream: &StreamKey) -> Self {
        let who = presence.origin();
        let peer = match who.proxied_by {
            Some(proxy) => format!("{} via {proxy}", who.peer),
            None => who.peer.to_string(),
        };
        info!(
            connection = connection.get(),
            transport = %who.way,
            %peer,
            local = %who.local,
            app = application(stream),
            stream = stream.name(),
            trace = presence.trace().id(),
            "opened"
        );
        Self {
            connection,
            way: who.way,
            peer,
            stream: stream.clone(),
            since: Instant::now(),
            reason: None,
        }
    }
}

/// The application, and the instance where that has a name.
fn application(stream: &StreamKey) -> String {
    match stream.instance() {
        DEFAULT_INSTANCE => stream.application().to_owned(),
        instance => format!("{}/{instance}", stream.application()),
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let line = &self.line;
        let reason = self.reason();
        self.presence.ends(&reason);
        info!(
            connection = line.connection.get(),
            transport = %line.way,
            peer = %line.peer,
            app = application(&line.stream),
            role = "play",
            stream = line.stream.name(),
            received_bytes = self.presence.received_bytes(),
            sent_bytes = self.presence.sent_bytes(),
            seconds = line.since.elapsed().as_secs(),
            reason,
            trace = self.presence.trace().id(),
            "closed"
        );
    }
}

struct Timed {
    bytes: Bytes,
    arrival: Instant,
    presence: Arc<Presence>,
}

impl AsRef<[u8]> for Timed {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.presence.delayed(self.arrival.elapsed());
    }
}
