//! How an acceptor lets go of its ports while those who are there go on.

use super::{Acceptor, Door};
use std::sync::Arc;

/// What becomes of the ports of an acceptor that lets nobody in any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// They close as soon as no tunnel session needs them, whose requests may each come over a connection of its own. Until
    /// then whoever asks for anything else is refused.
    Closed,
    /// Another process serves the same sockets: this one accepts nothing more, and serves whoever it has accepted.
    HandedOver,
}

impl Acceptor {
    /// Lets go of the ports; those who are there go on. The first who calls decides what becomes of the ports.
    pub fn let_go(&self, ports: Ports) {
        // Whoever comes second finds it done.
        drop(self.door.phases.leaving.set(ports));
    }

    pub(crate) const fn door(&self) -> &Arc<Door> {
        &self.door
    }

    /// Whether nobody is there: no connection of which it is not known yet what it speaks, no carrier that was not taken, no tunnel
    /// session, and no other process whose tunnel sessions are reached through this one.
    pub fn is_deserted(&self) -> bool {
        let elsewhere = self.door.config.http.elsewhere.as_ref();
        Arc::strong_count(&self.door.unknown) == 1
            && self.carriers.is_empty()
            && self.door.sessions.are_over()
            && elsewhere.is_none_or(|it| !it.is_there())
    }
}

impl Door {
    /// Whether only those are served who were there before.
    pub(crate) fn refuses_strangers(&self) -> bool {
        match self.phases.leaving.get() {
            Some(Ports::Closed) => true,
            // Whoever was accepted before is let in: all others find the other process.
            Some(Ports::HandedOver) => false,
            None => self.admission.is_closed(),
        }
    }

    /// Whether the ports close, so that nobody takes the peers that speak RTMP any more.
    pub(crate) fn closes(&self) -> bool {
        self.phases.leaving.get() == Some(&Ports::Closed)
    }

    /// Ready when the ports are of no use any more.
    pub(super) async fn ports_let_go(&self) {
        match self.phases.leaving.wait().await {
            Ports::HandedOver => {}
            Ports::Closed => self.sessions.none_left().await,
        }
    }
}
