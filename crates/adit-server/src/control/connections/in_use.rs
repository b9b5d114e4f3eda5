//! What a connection does with a stream, for as long as it does it.

use std::sync::Arc;

use adit_broker::StreamKey;

use super::super::events::{Events, Happened};
use super::{Live, Role};
use crate::spans::Trace;

/// A stream in use by a connection.
#[derive(Debug)]
pub(crate) struct InUse {
    live: Arc<Live>,
    events: Events,
    role: Role,
    stream: StreamKey,
    number: u64,
    trace: Trace,
}

enum Change {
    Began,
    Ended,
}

impl InUse {
    pub(super) fn begin(
        live: Arc<Live>,
        (events, trace): (Events, Trace),
        (role, stream, number): (Role, StreamKey, u64),
    ) -> Self {
        let begun = Self {
            live,
            events,
            role,
            stream,
            number,
            trace,
        };
        begun.tell(Change::Began);
        begun
    }

    /// The span of it.
    pub(crate) const fn trace(&self) -> &Trace {
        &self.trace
    }

    fn tell(&self, change: Change) {
        self.events.tell(|| {
            let (stream, way) = (self.stream.clone(), self.live.who.way);
            let connection = self.live.id;
            match (self.role, change) {
                (Role::Publish, Change::Began) => Happened::Published {
                    stream,
                    connection: Some(connection),
                },
                (Role::Publish, Change::Ended) => Happened::Unpublished {
                    stream,
                    connection: Some(connection),
                },
                (_, Change::Began) => Happened::Played {
                    stream,
                    connection,
                    way,
                },
                (_, Change::Ended) => Happened::Stopped {
                    stream,
                    connection,
                    way,
                },
            }
        });
    }
}

impl Drop for InUse {
    fn drop(&mut self) {
        let number = self.number;
        self.live.about().uses.retain(|(other, _)| *other != number);
        self.tell(Change::Ended);
    }
}
