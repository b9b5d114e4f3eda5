//! Who guesses keys is not listened to for a while.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use adit_net::{Network, peer_block};

use super::config::local_networks;
use super::request::Visitor;
use crate::limits::{GUESS_ADDRESSES, GUESS_BLOCK, GUESS_SPAN, GUESSES, GUESSES_BEHIND};

/// The wrong keys of each address, of which only a hash is kept.
///
/// It is different ones that are counted: an encoder that tries its old key again and again guesses nothing, and is not to lock out
/// others behind the same address.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    hasher: RandomState,
    memory: Mutex<Memory>,
}

/// Whose wrong keys are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Whence {
    /// The address they came from.
    peer: IpAddr,
    /// The one a reverse proxy there names as the one it has them from.
    client: Option<IpAddr>,
}

impl Whence {
    /// Behind a reverse proxy in the same network each client has a count of its own, so that one does not lock out the others. From
    /// elsewhere whoever guesses could name another client each time.
    pub(super) fn of(visitor: &Visitor) -> Self {
        static NEAR: LazyLock<Vec<Network>> = LazyLock::new(local_networks);
        let is_near = NEAR.iter().any(|network| network.contains(visitor.peer));
        let client = visitor.behind.filter(|_| is_near);
        Self {
            peer: peer_block(visitor.peer),
            client: client.map(peer_block),
        }
    }
}

impl fmt::Display for Whence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.client {
            None => self.peer.fmt(f),
            Some(client) => write!(f, "{client} through {}", self.peer),
        }
    }
}

#[derive(Debug, Default)]
struct Memory {
    addresses: HashMap<Whence, Guesser>,
    /// All who come through one proxy: whoever writes the name of a client himself does not guess for ever.
    proxies: HashMap<IpAddr, Crowd>,
}

impl Memory {
    fn forget_idle(&mut self, now: Instant) {
        self.addresses.retain(|_, guesser| !guesser.is_idle(now));
        self.proxies.retain(|_, crowd| !crowd.is_idle(now));
    }
}

/// What one address tried.
#[derive(Debug, Default)]
struct Guesser {
    /// At most [`GUESSES`], in the order in which they came.
    wrong: Vec<(Instant, u64)>,
    blocked_until: Option<Instant>,
}

impl Guesser {
    fn is_blocked(&self, now: Instant) -> bool {
        is_ahead(self.blocked_until, now)
    }

    fn is_known(&self, what: u64) -> bool {
        self.wrong.iter().any(|(_, known)| *known == what)
    }

    fn note(&mut self, now: Instant, what: u64) -> Counted {
        self.wrong.push((now, what));
        if self.wrong.len() < GUESSES {
            return Counted::Yes;
        }
        self.wrong = Vec::new();
        self.blocked_until = now.checked_add(GUESS_BLOCK);
        Counted::Blocked
    }

    fn forget_old(&mut self, now: Instant) {
        self.wrong
            .retain(|(at, _)| now.saturating_duration_since(*at) < GUESS_SPAN);
    }

    fn is_idle(&self, now: Instant) -> bool {
        !self.is_blocked(now)
            && self
                .wrong
                .iter()
                .all(|(at, _)| now.saturating_duration_since(*at) >= GUESS_SPAN)
    }
}

/// What all tried who come through one proxy.
#[derive(Debug)]
struct Crowd {
    since: Instant,
    wrong: usize,
    blocked_until: Option<Instant>,
}

impl Crowd {
    const fn new(now: Instant) -> Self {
        Self {
            since: now,
            wrong: 0,
            blocked_until: None,
        }
    }

    fn note(&mut self, now: Instant) -> Counted {
        if now.saturating_duration_since(self.since) >= GUESS_SPAN {
            *self = Self::new(now);
        }
        self.wrong = self.wrong.saturating_add(1);
        if self.wrong < GUESSES_BEHIND {
            return Counted::Yes;
        }
        *self = Self::new(now);
        self.blocked_until = now.checked_add(GUESS_BLOCK);
        Counted::Blocked
    }

    fn is_blocked(&self, now: Instant) -> bool {
        is_ahead(self.blocked_until, now)
    }

    fn is_idle(&self, now: Instant) -> bool {
        !self.is_blocked(now) && now.saturating_duration_since(self.since) >= GUESS_SPAN
    }
}

fn is_ahead(until: Option<Instant>, now: Instant) -> bool {
    until.is_some_and(|until| now < until)
}

/// What became of a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    /// There may be more of them.
    Yes,
    /// With it the address is blocked.
    Blocked,
    /// So many addresses guess that this one is not remembered.
    NoRoom,
}

impl Throttle {
    /// Whether what comes from there is not even looked at.
    pub(super) fn is_blocked(&self, now: Instant, whence: Whence) -> bool {
        let memory = self.memory();
        let guesser = memory.addresses.get(&whence);
        let crowd = whence.client.and_then(|_| memory.proxies.get(&whence.peer));
        guesser.is_some_and(|guesser| guesser.is_blocked(now))
            || crowd.is_some_and(|crowd| crowd.is_blocked(now))
    }

    /// Something wrong came from there.
    pub(super) fn note_wrong(&self, now: Instant, whence: Whence, what: &str) -> Counted {
        let what = self.hasher.hash_one(what);
        let mut memory = self.memory();
        if !memory.addresses.contains_key(&whence) && memory.addresses.len() >= GUESS_ADDRESSES {
            memory.forget_idle(now);
            if memory.addresses.len() >= GUESS_ADDRESSES {
                return Counted::NoRoom;
            }
        }
        let guesser = memory.addresses.entry(whence).or_default();
        guesser.forget_old(now);
        if guesser.is_known(what) {
            return Counted::Yes;
        }
        let counted = guesser.note(now, what);
        if whence.client.is_none() {
            return counted;
        }
        let crowd = memory.proxies.entry(whence.peer);
        match crowd.or_insert_with(|| Crowd::new(now)).note(now) {
            Counted::Yes => counted,
            other => other,
        }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts as one address where addresses have shares; this machine itself takes what it needs.
pub(crate) fn sharer(peer: IpAddr) -> Option<IpAddr> {
    // Before it is cut: `::1` is nobody's network.
    (!peer.to_canonical().is_loopback()).then(|| peer_block(peer))
}

#[cfg(test)]
mod tests;
