//! The counters of a connection for those who send in place of its task.

use std::sync::Arc;
use std::time::Duration;

use super::{Connections, Live, Presence, add};

/// Counts what somebody else sends to a connection meanwhile; its task counts nothing that is sent then.
#[derive(Debug)]
pub(crate) struct Tally {
    live: Arc<Live>,
    connections: Connections,
}

impl Tally {
    /// Bytes went, and none wait.
    pub(crate) fn sent(&self, bytes: usize) {
        add(&self.live.sent, bytes);
    }

    /// How long media took to this player.
    pub(crate) fn delayed(&self, delay: Duration) {
        self.connections.delayed(&self.live, delay);
    }
}

impl Presence {
    /// For somebody who sends in place of the connection's task for a while.
    pub(crate) fn tally(&self) -> Tally {
        Tally {
            live: Arc::clone(&self.live),
            connections: self.connections.clone(),
        }
    }
}
