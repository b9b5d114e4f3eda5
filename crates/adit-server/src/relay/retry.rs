//! When a broken connection is made again, and when that is given up.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use tracing::debug;

use crate::limits::relay::{REFUSALS, RETRY_LONGEST, RETRY_SHORTEST, RETRY_UNWANTED, SETTLED};

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
pub(crate) struct Retries {
    patience: Patience,
    /// Since when there is no connection that lasted.
    since: Option<Instant>,
    tries: u32,
    /// Since when every answer is no.
    refused_since: Option<Instant>,
    refusals: Refusals,
}

/// How long refusals are borne.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusals {
    /// As long as a server may hold the name of a publisher that it has lost.
    ForAWhile,
    /// As long as there is patience.
    Borne,
}

/// What to do about a break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    After(Duration),
    GiveUp,
}

/// Why there is no connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The network or the server failed.
    Failure,
    /// The server said no.
    Refusal,
    /// It was not taken here, and will not be the next time.
    Unwanted,
}

impl Retries {
    pub(super) fn new(patience: Patience) -> Self {
        Self {
            patience,
            since: None,
            tries: 0,
            refused_since: None,
            refusals: Refusals::ForAWhile,
        }
    }

    /// Without an end, whatever the far side says.
    pub(crate) fn endless() -> Self {
        Self {
            refusals: Refusals::Borne,
            ..Self::new(Patience::Forever)
        }
    }

    /// A connection that worked since `connected` has ended now. One that lasted makes everything before it forgotten.
    pub(crate) fn note_connection(&mut self, connected: Instant, now: Instant) {
        if now.saturating_duration_since(connected) >= SETTLED {
            *self = Self {
                refusals: self.refusals,
                ..Self::new(self.patience)
            };
        }
    }

    /// There is no connection. `spread` is a random number below 256, so that not everybody comes back at once.
    pub(crate) fn next(&mut self, now: Instant, cause: Cause, spread: u8) -> Next {
        let lasted = now.saturating_duration_since(*self.since.get_or_insert(now));
        let refused = match cause {
            Cause::Refusal => now.saturating_duration_since(*self.refused_since.get_or_insert(now)),
            Cause::Failure | Cause::Unwanted => {
                self.refused_since = None;
                Duration::ZERO
            }
        };
        let is_over = match self.patience {
            Patience::None => true,
            Patience::Times(times) => self.tries >= times.get(),
            Patience::For(span) => lasted >= span,
            Patience::Forever => false,
        };
        let is_hopeless = self.refusals == Refusals::ForAWhile && refused >= REFUSALS;
        if is_over || is_hopeless {
            return Next::GiveUp;
        }
        self.tries = self.tries.saturating_add(1);
        let pause = match cause {
            Cause::Failure | Cause::Refusal => (lasted / 3).clamp(RETRY_SHORTEST, RETRY_LONGEST),
            Cause::Unwanted => RETRY_UNWANTED,
        };
        Next::After(spread_by(pause, spread))
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
pub(crate) fn random_byte() -> u8 {
    let mut byte = [127];
    if let Err(error) = getrandom::getrandom(&mut byte) {
        debug!(%error, "no randomness for a pause");
    }
    let [byte] = byte;
    byte
}

#[cfg(test)]
mod tests;
