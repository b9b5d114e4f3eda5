//! Somebody who watches by HTTP: one connection of the server among all others.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_broker::StreamKey;
use bytes::Bytes;
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::control::{Connections, InUse, Origin, Presence, Role};

/// A viewer, listed for as long as this lasts.
#[derive(Debug)]
pub(super) struct Watcher {
    // Stops to play before it is gone.
    _in_use: InUse,
    presence: Arc<Presence>,
}

impl Watcher {
    /// Enters somebody who plays `stream` from now on. `program` is what it says that it is.
    pub(super) fn enter(
        connections: &Connections,
        who: Origin,
        program: Option<&str>,
        stream: &StreamKey,
    ) -> Self {
        let presence = connections.enter(connections.next_id(), who);
        if let Some(program) = program {
            presence.runs(program);
        }
        presence.let_in(stream.application(), stream.instance());
        Self {
            _in_use: presence.uses(Role::Play, stream.clone()),
            presence: Arc::new(presence),
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
