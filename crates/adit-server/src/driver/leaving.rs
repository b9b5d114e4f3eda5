//! A server that is taken down: who is asked to go elsewhere, and who has nothing left to wait for.
//!
//! Players stay with their stream: as long as it comes they go on, and are asked to leave when it stops.

use tracing::debug;

use super::SessionDriver;
use super::roles::Business;
use crate::application::Leave;

impl SessionDriver {
    /// Nobody is let in any more.
    pub(super) fn part(&mut self, leave: Leave) {
        match leave {
            Leave::Asked => self.ask_to_leave(),
            Leave::Overdue => self.give_up_waiting(),
        }
    }

    /// A client that can is asked to connect again, elsewhere or to whoever serves the same address then.
    fn ask_to_leave(&mut self) {
        self.roles.leave();
        if self.roles.business() != Business::Plays {
            let asked = self.session.request_reconnect(None, TAKEN_DOWN);
            debug!(is_asked = asked.is_ok(), "the server is taken down");
        }
    }

    /// One that only waits for streams waits in vain: their publishers go elsewhere.
    fn give_up_waiting(&mut self) {
        if self.roles.business() == Business::Waits {
            self.send_off();
        }
    }

    /// What happened to the streams it plays, once nobody is let in any more.
    pub(super) fn part_if_stopped(&mut self) {
        if self.roles.take_stopped() && self.shared.phase.is_draining() {
            self.give_up_waiting();
        }
    }
}

/// What the client is told.
pub(super) const TAKEN_DOWN: &str = "the server is being taken down; connect again";
