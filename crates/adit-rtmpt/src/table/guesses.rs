//! Who asks for sessions that do not exist.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::network::Network;
use crate::limits;

/// Counts unknown ids per network and remembers who passed the limit. Bounded by [`limits::GUESSERS`].
#[derive(Debug, Default)]
pub(super) struct Guesses {
    all: HashMap<Network, Guesser>,
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Guesser {
    guesses: u32,
    /// The end of the window that counts, or of the block.
    until: Instant,
    blocked: bool,
}

/// What one more guess led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Guessed {
    /// Still within the limit, or blocked already.
    Counted,
    /// This one passed the limit.
    Blocked,
    /// There is no room to count it.
    Dropped,
}

impl Guesses {
    /// Whether the network is blocked.
    pub(super) fn is_blocked(&self, now: Instant, network: Network) -> bool {
        self.all
            .get(&network)
            .is_some_and(|guesser| guesser.blocked && now < guesser.until)
    }

    /// Counts one unknown id.
    pub(super) fn count(
        &mut self,
        now: Instant,
        network: Network,
        limit: u32,
        block: Duration,
    ) -> Guessed {
        if !self.all.contains_key(&network) && !self.has_room(now) {
            return Guessed::Dropped;
        }
        let fresh = || Guesser {
            guesses: 0,
            until: now + limits::GUESS_WINDOW,
            blocked: false,
        };
        let guesser = self.all.entry(network).or_insert_with(fresh);
        if now >= guesser.until {
            *guesser = fresh();
        }
        guesser.guesses = guesser.guesses.saturating_add(1);
        if guesser.blocked || guesser.guesses <= limit {
            return Guessed::Counted;
        }
        guesser.blocked = true;
        guesser.until = now + block.min(limits::LONGEST);
        Guessed::Blocked
    }

    pub(super) fn sweep(&mut self, now: Instant) {
        self.all.retain(|_, guesser| now < guesser.until);
        self.swept = Some(now);
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Sweeps at most once a second, so that a flood of guessers does not cost a sweep each.
    fn has_room(&mut self, now: Instant) -> bool {
        let swept_just_now = self
            .swept
            .is_some_and(|swept| now.saturating_duration_since(swept) < Duration::from_secs(1));
        if self.all.len() >= limits::GUESSERS && !swept_just_now {
            self.sweep(now);
        }
        self.all.len() < limits::GUESSERS
    }
}
