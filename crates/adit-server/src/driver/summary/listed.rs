//! The lines about one stream that is published or played.

use std::sync::Arc;
use std::time::Instant;

use adit_net::{Transport, Verdict};
use tracing::info;

use super::Part;
use crate::access::Ticket;
use crate::control::InUse;
use crate::limits::playback::PLAYLIST_ITEMS;
use crate::server::ConnectionId;
use crate::spans::Trace;

/// A stream that is published or played: it writes a line when that starts, and dropping it one when it stops.
///
/// A player of a stream that nobody publishes yet waits first, and a line says so. What happens to the publisher later is told
/// by the lines of the publisher.
pub(in crate::driver) struct Listed {
    pub(super) connection: ConnectionId,
    pub(super) transport: Transport,
    pub(super) peer: Arc<str>,
    pub(super) part: Part,
    pub(super) application: String,
    pub(super) stream: String,
    pub(super) since: Instant,
    pub(super) stage: Stage,
    /// Whether it has lines at all.
    pub(super) shown: Verdict,
    /// They tell, when they are dropped, that it is over, and what followed on its playlist.
    pub(super) tickets: Vec<Ticket>,
    /// Shows it to others.
    pub(super) in_use: InUse,
}

/// How far a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::driver) enum Stage {
    /// It was granted.
    Granted,
    /// It is played, and nobody publishes it yet.
    Waits,
    /// There is or was media, or there may be from now on.
    Started,
}

impl Listed {
    /// Whether the log has lines about it.
    pub(in crate::driver) const fn lines(&self) -> Verdict {
        self.shown
    }

    /// The span of it.
    pub(in crate::driver) const fn trace(&self) -> &Trace {
        self.in_use.trace()
    }

    /// Keeps what was given with the right to do it.
    pub(in crate::driver) fn keep(&mut self, ticket: Option<Ticket>) {
        if self.tickets.len() >= PLAYLIST_ITEMS {
            // What it was for was played long ago.
            self.tickets.remove(0);
        }
        self.tickets.extend(ticket);
    }

    /// Writes the line of `stage` if it is a later one than before.
    pub(in crate::driver) fn comes_to(&mut self, stage: Stage) {
        if stage <= self.stage {
            return;
        }
        self.stage = stage;
        let verb = match stage {
            Stage::Granted => return,
            Stage::Waits => "waits",
            Stage::Started => "started",
        };
        if self.shown == Verdict::Write {
            info!(
                connection = self.connection.get(),
                transport = %self.transport,
                peer = %self.peer,
                app = self.application,
                stream = self.stream,
                trace = self.trace().id(),
                "{} {verb}",
                self.part
            );
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        if self.shown == Verdict::Write && self.stage > Stage::Granted {
            info!(
                connection = self.connection.get(),
                app = self.application,
                stream = self.stream,
                seconds = self.since.elapsed().as_secs(),
                trace = self.trace().id(),
                "{} stopped",
                self.part
            );
        }
    }
}
