//! When a broken connection is made again, and when that is given up.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use tracing::debug;

use super::limits::{REFUSALS, RETRY_FIRST, RETRY_LONGEST, SETTLED};

/// How long a broken connection is made again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Patience {
    /// Not at all.
    None,
    /// This many times for each break.
    Times(NonZeroU32),
    /// This long for each break.
    For(Duration),
    /// As long as somebody publishes or plays.
    #[default]
    Forever,
}

/// One break after the other.
#[derive(Debug)]
pub(super) struct Retries {
    patience: Patience,
    /// Since when there is no connection that lasted.
    since: Option<Instant>,
    tries: u32,
    refusals: u32,
}

/// What to do about a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    After(Duration),
    GiveUp,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The network or the server failed.
    Failure,
    /// The server said no.
    Refusal,
}

impl Retries {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            since: None,
            tries: 0,
            refusals: 0,
        }
    }

    /// A connection that worked since `connected` has ended now. One that lasted makes everything before it forgotten.
    pub(super) fn note_connection(&mut self, connected: Instant, now: Instant) {
        if now.saturating_duration_since(connected) >= SETTLED {
            *self = Self::new(self.patience);
        }
    }

    /// There is no connection. `spread` is a random number below 256, so that not everybody comes back at once.
    pub(super) fn next(&mut self, now: Instant, cause: Cause, spread: u8) -> Next {
        let since = *self.since.get_or_insert(now);
        self.refusals = match cause {
            Cause::Refusal => self.refusals.saturating_add(1),
            Cause::Failure => 0,
        };
        let is_over = match self.patience {
            Patience::None => true,
            Patience::Times(times) => self.tries >= times.get(),
            Patience::For(span) => now.saturating_duration_since(since) >= span,
            Patience::Forever => false,
        };
        if is_over || self.refusals > REFUSALS {
            return Next::GiveUp;
        }
        let doubled = RETRY_FIRST.saturating_mul(1 << self.tries.min(8));
        self.tries = self.tries.saturating_add(1);
        Next::After(spread_by(doubled.min(RETRY_LONGEST), spread))
    }
}

/// Between three and five quarters of `pause`.
fn spread_by(pause: Duration, spread: u8) -> Duration {
    let half = pause / 2;
    pause
        .saturating_sub(pause / 4)
        .saturating_add(half.saturating_mul(spread.into()) / 255)
}

/// Any byte; where the system gives none, one in the middle.
pub(super) fn random_byte() -> u8 {
    let mut byte = [127];
    if let Err(error) = getrandom::fill(&mut byte) {
        debug!(%error, "no randomness for a pause");
    }
    let [byte] = byte;
    byte
}

#[cfg(test)]
mod tests;
