//! A connection as its span and its lines in the log tell of it.

use super::{Origin, Presence};
use crate::spans::Trace;

impl Presence {
    /// Who it is, and how.
    pub(crate) fn origin(&self) -> &Origin {
        &self.live.who
    }

    /// The span of the connection.
    pub(crate) const fn trace(&self) -> &Trace {
        &self.trace
    }

    /// Why it ends, for its span; said once, when it does.
    pub(crate) fn ends(&self, reason: &str) {
        self.trace.note("adit.reason", reason);
        self.trace
            .note_count("adit.received_bytes", self.received_bytes());
        self.trace.note_count("adit.sent_bytes", self.sent_bytes());
    }
}
