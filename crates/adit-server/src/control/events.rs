//! What happens in a server, told to whoever listens, and to whoever collects spans.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use adit_broker::StreamKey;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::Way;
use crate::limits::EVENTS_WAITING;
use crate::relays::Direction;
use crate::server::ConnectionId;
use crate::spans::Scope;

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Counts from 1; one that is missing was missed.
    pub number: u64,
    /// When.
    pub at: SystemTime,
    /// What.
    pub what: Happened,
}

/// What can happen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Happened {
    /// Somebody was let in to an application.
    Connected {
        /// Who.
        connection: ConnectionId,
        /// How.
        way: Way,
        /// From where.
        peer: Arc<str>,
        /// To which application.
        application: Arc<str>,
        /// To which instance of it.
        instance: Arc<str>,
    },
    /// A connection is over that had been let in.
    Disconnected {
        /// Whose.
        connection: ConnectionId,
    },
    /// A stream has a publisher now.
    Published {
        /// The stream.
        stream: StreamKey,
        /// Whose it is; none where the server itself publishes.
        connection: Option<ConnectionId>,
    },
    /// It has none any more.
    Unpublished {
        /// The stream.
        stream: StreamKey,
        /// Whose it was.
        connection: Option<ConnectionId>,
    },
    /// Somebody plays a stream, or waits for it.
    Played {
        /// The stream.
        stream: StreamKey,
        /// Who.
        connection: ConnectionId,
        /// How.
        way: Way,
    },
    /// Somebody stopped playing.
    Stopped {
        /// The stream.
        stream: StreamKey,
        /// Who.
        connection: ConnectionId,
        /// How.
        way: Way,
    },
    /// A stream is being recorded.
    Recording {
        /// The stream.
        stream: StreamKey,
        /// The file, below the directory of media.
        file: Arc<str>,
    },
    /// It is not any more.
    Recorded {
        /// The stream.
        stream: StreamKey,
        /// The file, below the directory of media.
        file: Arc<str>,
    },
    /// A relay is in another state with a stream.
    Relay {
        /// The relay.
        relay: u64,
        /// Whether the stream goes, or comes.
        direction: Direction,
        /// The stream.
        stream: StreamKey,
        /// `connecting`, `running`, `waiting` or `ended`.
        state: &'static str,
    },
    /// The server lets nobody in any more, and goes as soon as it can.
    Draining,
    /// Settings were read again.
    Reloaded,
}

impl Happened {
    /// The name of this kind of event.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Connected { .. } => "connect",
            Self::Disconnected { .. } => "disconnect",
            Self::Published { .. } => "publish",
            Self::Unpublished { .. } => "unpublish",
            Self::Played { .. } => "play",
            Self::Stopped { .. } => "stop",
            Self::Recording { .. } => "record",
            Self::Recorded { .. } => "recorded",
            Self::Relay { .. } => "relay",
            Self::Draining => "drain",
            Self::Reloaded => "reload",
        }
    }
}

/// Tells events. Clones tell the same listeners.
#[derive(Clone, Debug)]
pub(crate) struct Events {
    sender: broadcast::Sender<Event>,
    told: Arc<AtomicU64>,
    missed: Arc<AtomicU64>,
    spans: Arc<OnceLock<Scope>>,
}

impl Default for Events {
    fn default() -> Self {
        let (sender, _) = broadcast::channel(EVENTS_WAITING);
        Self {
            sender,
            told: Arc::default(),
            missed: Arc::default(),
            spans: Arc::default(),
        }
    }
}

impl Events {
    /// Somebody collects spans from now on. There can be one.
    pub(crate) fn collect(&self, spans: Scope) {
        // Whoever was first stays.
        drop(self.spans.set(spans));
    }

    /// For spans that are inside of none.
    pub(crate) fn spans(&self) -> &Scope {
        static NOBODY: Scope = Scope::NOBODY;
        self.spans.get().unwrap_or(&NOBODY)
    }

    /// Tells what `what` makes; it is not made if nobody listens.
    pub(crate) fn tell(&self, what: impl FnOnce() -> Happened) {
        let number = self.told.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if self.sender.receiver_count() == 0 {
            return;
        }
        let event = Event {
            number,
            at: SystemTime::now(),
            what: what(),
        };
        // The last listener may have left meanwhile.
        drop(self.sender.send(event));
    }

    pub(crate) fn listen(&self) -> Listener {
        Listener {
            events: self.sender.subscribe(),
            missed: Arc::clone(&self.missed),
        }
    }

    /// How often a listener missed events because it was too slow (`events.queue`).
    pub(crate) fn lags(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

/// Hears what happens from when it was made on; made by [`Control::events`](super::Control::events).
#[derive(Debug)]
pub struct Listener {
    events: broadcast::Receiver<Event>,
    missed: Arc<AtomicU64>,
}

/// What a [`Listener`] hears.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Heard {
    /// Something happened.
    Event(Event),
    /// So many events were missed: the listener is too slow (limit `events.queue`).
    Missed(u64),
}

impl Listener {
    /// What comes next; `None` when the server is gone. Cancel-safe.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.events.recv().await {
            Ok(event) => Some(Heard::Event(event)),
            Err(RecvError::Lagged(count)) => {
                self.missed.fetch_add(1, Ordering::Relaxed);
                Some(Heard::Missed(count))
            }
            Err(RecvError::Closed) => None,
        }
    }
}
