//! All sessions of a server: limits, guessing, tombstones.

mod guesses;
mod network;
mod tombstones;

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::time::Instant;

use self::guesses::{Guessed, Guesses};
use self::network::{Network, NetworkLimit, Networks};
use self::tombstones::{Grave, Tombstones};

use crate::config::TableConfig;
use crate::counters::TableCounters;
use crate::limits;
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
#[non_exhaustive]
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
///
/// Exhaustive on purpose: each case has its own answer, and a forgotten one would be a hole.
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
///
/// Everything it holds is bounded: sessions by [`TableConfig::sessions`], tombstones by [`limits::TOMBSTONES`], networks by
/// twice the sessions, guessers by [`limits::GUESSERS`].
///
/// An unknown id, an id of a TLS session asked for in the clear and an id bound to another network look the same from
/// outside. A network that asks for too many unknown ids is *blocked*: for a while it finds only the sessions it opened
/// itself, so one guesser behind a shared address does not cut off its neighbours, and a lucky guess still finds nothing.
///
/// The maps hash with the standard library's keyed hash, whose key comes from the operating system: nobody can choose ids or
/// addresses that collide, or learn anything about an id from the time a look-up takes.
pub struct SessionTable<T> {
    config: TableConfig,
    sessions: HashMap<SessionId, Entry<T>>,
    unproven: usize,
    networks: Networks,
    guesses: Guesses,
    tombstones: Tombstones,
    next_sweep: Option<Instant>,
    counters: TableCounters,
}

struct Entry<T> {
    value: T,
    level: SecurityLevel,
    opener: Network,
    home: Network,
    handshake: Handshake,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Handshake {
    Pending,
    Proven,
}

impl<T> SessionTable<T> {
    /// An empty table.
    pub fn new(config: TableConfig) -> Self {
        Self {
            config,
            sessions: HashMap::new(),
            unproven: 0,
            networks: Networks::new(config.sessions.saturating_mul(2)),
            guesses: Guesses::default(),
            tombstones: Tombstones::default(),
            next_sweep: None,
            counters: TableCounters::default(),
        }
    }

    /// Opens a session for a client at `peer`, if the limits allow it; `make` is called only then.
    ///
    /// `id` comes fresh from the caller's secure random source; an id is never used twice.
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
        if self.sessions.len() >= self.config.sessions {
            self.counters.refused_total += 1;
            return Err(OpenRefused::Total);
        }
        if self.unproven >= self.config.unproven {
            self.counters.refused_unproven += 1;
            return Err(OpenRefused::Unproven);
        }
        if self.sessions.contains_key(&id) || self.tombstones.get(now, id).is_some() {
            return Err(OpenRefused::IdUsed);
        }
        let opener = Network::counted(peer);
        self.book(now, opener)?;
        self.unproven = self.unproven.saturating_add(1);
        self.counters.opened += 1;
        self.schedule_sweep(now);
        let home = Network::bound(peer);
        let entry = Entry {
            value: make(),
            level,
            opener,
            home,
            handshake: Handshake::Pending,
        };
        Ok(&mut self.sessions.entry(id).insert_entry(entry).into_mut().value)
    }

    /// Finds the session that a request names; `None` stands for an id that cannot be one of ours.
    pub fn find(
        &mut self,
        now: Instant,
        peer: IpAddr,
        level: SecurityLevel,
        id: Option<SessionId>,
    ) -> Lookup<'_, T> {
        let network = Network::counted(peer);
        let Some((id, entry)) = id.and_then(|id| Some((id, self.sessions.get(&id)?))) else {
            return self.find_dead(now, network, id);
        };
        if entry.opener != network && self.guesses.is_blocked(now, network) {
            self.counters.blocked += 1;
            return Lookup::Unknown;
        }
        if level < entry.level {
            self.counters.downgraded += 1;
            return Lookup::Unknown;
        }
        if self.config.binding == Binding::Network && entry.home != Network::bound(peer) {
            self.counters.moved += 1;
            return Lookup::Unknown;
        }
        self.get_mut(id).map_or(Lookup::Unknown, Lookup::Found)
    }

    /// The session has exchanged its handshake (see [`ServerTunnel::is_proven`]) and no longer counts as unproven.
    ///
    /// [`ServerTunnel::is_proven`]: crate::ServerTunnel::is_proven
    pub fn prove(&mut self, id: SessionId) {
        if let Some(entry) = self.sessions.get_mut(&id)
            && entry.handshake == Handshake::Pending
        {
            entry.handshake = Handshake::Proven;
            self.unproven = self.unproven.saturating_sub(1);
        }
    }

    /// Ends a session and keeps a tombstone; `None` when there is no such session.
    pub fn close(&mut self, now: Instant, id: SessionId) -> Option<T> {
        let entry = self.sessions.remove(&id)?;
        if entry.handshake == Handshake::Pending {
            self.unproven = self.unproven.saturating_sub(1);
        }
        self.networks.close(now, entry.opener);
        self.counters.tombstones_dropped += self.tombstones.add(now, id);
        self.schedule_sweep(now);
        Some(entry.value)
    }

    /// A live session, without any check: for the owner of the table, not for requests.
    pub fn get_mut(&mut self, id: SessionId) -> Option<&mut T> {
        self.sessions.get_mut(&id).map(|entry| &mut entry.value)
    }

    /// Whether `id` is a live session or one that is remembered; nobody is counted as guessing.
    pub fn knows(&self, now: Instant, id: SessionId) -> bool {
        self.sessions.contains_key(&id) || self.tombstones.get(now, id).is_some()
    }

    /// All live sessions, in no order.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (SessionId, &mut T)> {
        self.sessions
            .iter_mut()
            .map(|(id, entry)| (*id, &mut entry.value))
    }

    /// Live sessions.
    pub fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Whether there is no live session.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty()
    }

    /// Live sessions that have not exchanged their handshake.
    pub fn unproven(&self) -> usize {
        self.unproven
    }

    /// Forgets what is due to be forgotten. Calling it late only costs memory, never correctness.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.next_sweep.is_none_or(|due| now < due) {
            return;
        }
        self.tombstones.sweep(now);
        self.guesses.sweep(now);
        self.networks.sweep(now);
        self.next_sweep = None;
        if self.tombstones.len() + self.guesses.len() + self.networks.len() > 0 {
            self.schedule_sweep(now);
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) has something to forget.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.next_sweep
    }

    /// What happened so far.
    pub fn counters(&self) -> &TableCounters {
        &self.counters
    }

    fn book(&mut self, now: Instant, opener: Network) -> Result<(), OpenRefused> {
        let TableConfig {
            per_network,
            opens_per_second,
            ..
        } = self.config;
        match self
            .networks
            .open(now, opener, per_network, opens_per_second)
        {
            Ok(()) => Ok(()),
            Err(NetworkLimit::Sessions) => {
                self.counters.refused_network += 1;
                Err(OpenRefused::Network)
            }
            Err(NetworkLimit::Rate) => {
                self.counters.refused_rate += 1;
                Err(OpenRefused::Rate)
            }
        }
    }

    fn find_dead(
        &mut self,
        now: Instant,
        network: Network,
        id: Option<SessionId>,
    ) -> Lookup<'_, T> {
        match id.and_then(|id| self.tombstones.get(now, id)) {
            Some(Grave::Fresh) => Lookup::Ended,
            Some(Grave::Old) => Lookup::Gone,
            None => {
                self.count_guess(now, network);
                Lookup::Unknown
            }
        }
    }

    fn count_guess(&mut self, now: Instant, network: Network) {
        self.counters.unknown += 1;
        let TableConfig {
            guesses,
            guess_block,
            ..
        } = self.config;
        match self.guesses.count(now, network, guesses, guess_block) {
            Guessed::Counted => {}
            Guessed::Blocked => self.counters.blocks += 1,
            Guessed::Dropped => self.counters.guessers_dropped += 1,
        }
        self.schedule_sweep(now);
    }

    fn schedule_sweep(&mut self, now: Instant) {
        self.next_sweep.get_or_insert(now + limits::TOMBSTONE_GONE);
    }
}

impl<T> fmt::Debug for SessionTable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTable")
            .field("sessions", &self.sessions.len())
            .field("unproven", &self.unproven)
            .field("tombstones", &self.tombstones.len())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
