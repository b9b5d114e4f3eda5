//! Who guesses keys is not listened to for a while.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use adit_net::peer_block;

use crate::limits::{GUESS_ADDRESSES, GUESS_BLOCK, GUESS_SPAN, GUESSES};

/// The wrong keys of each address, of which only a hash is kept.
///
/// It is different ones that are counted: an encoder that tries its old key again and again guesses nothing, and is not to lock out
/// others behind the same address.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    hasher: RandomState,
    addresses: Mutex<HashMap<IpAddr, Guesser>>,
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
        self.blocked_until.is_some_and(|until| now < until)
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
    pub(super) fn is_blocked(&self, now: Instant, peer: IpAddr) -> bool {
        let addresses = self.addresses();
        let guesser = addresses.get(&peer_block(peer));
        guesser.is_some_and(|guesser| guesser.is_blocked(now))
    }

    /// Something wrong came from there.
    pub(super) fn note_wrong(&self, now: Instant, peer: IpAddr, what: &str) -> Counted {
        let what = self.hasher.hash_one(what);
        let peer = peer_block(peer);
        let mut addresses = self.addresses();
        if !addresses.contains_key(&peer) && addresses.len() >= GUESS_ADDRESSES {
            addresses.retain(|_, guesser| !guesser.is_idle(now));
            if addresses.len() >= GUESS_ADDRESSES {
                return Counted::NoRoom;
            }
        }
        let guesser = addresses.entry(peer).or_default();
        guesser.forget_old(now);
        if guesser.wrong.iter().any(|(_, known)| *known == what) {
            return Counted::Yes;
        }
        guesser.wrong.push((now, what));
        if guesser.wrong.len() < GUESSES {
            return Counted::Yes;
        }
        guesser.wrong = Vec::new();
        guesser.blocked_until = now.checked_add(GUESS_BLOCK);
        Counted::Blocked
    }

    fn addresses(&self) -> MutexGuard<'_, HashMap<IpAddr, Guesser>> {
        self.addresses
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// What counts as one address where addresses have shares; this machine itself takes what it needs.
pub(crate) fn sharer(peer: IpAddr) -> Option<IpAddr> {
    // Before it is cut: `::1` is nobody's network.
    (!peer.to_canonical().is_loopback()).then(|| peer_block(peer))
}

#[cfg(test)]
mod tests;
