//! How long to wait before a broken connection is made again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use crate::cli::Retry;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// A connection that lasted this long is a success: the next break is another one.
const LASTING: Duration = Duration::from_secs(10);

/// Counts the tries after a break.
#[derive(Debug)]
pub(super) struct Backoff {
    retry: Retry,
    tries: u32,
    broken: Option<Instant>,
}

impl Backoff {
    /// Nothing has broken yet.
    pub(super) fn new(retry: Retry) -> Self {
        Self {
            retry,
            tries: 0,
            broken: None,
        }
    }

    /// A connection has ended that lasted for `lasted`.
    pub(super) fn lasted(&mut self, lasted: Duration) {
        if lasted >= LASTING {
            self.tries = 0;
            self.broken = None;
        }
    }

    /// How long to wait before the next try; `None` when it is enough.
    pub(super) fn next(&mut self, now: Instant) -> Option<Duration> {
        let broken = *self.broken.get_or_insert(now);
        let allowed = match self.retry {
            Retry::Never => false,
            Retry::Forever => true,
            Retry::Times(times) => self.tries < times.get(),
            Retry::For(span) => now.saturating_duration_since(broken) < span,
        };
        let doubled = FIRST.saturating_mul(1 << self.tries.min(10));
        self.tries = self.tries.saturating_add(1);
        allowed.then(|| doubled.min(LONGEST).mul_f64(jitter()))
    }
}

/// Between 0.75 and 1.25, so that encoders who were thrown out together do not come back together.
fn jitter() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    let percent = u32::try_from(random % 51).unwrap_or(25);
    0.75 + f64::from(percent) / 100.0
}

#[cfg(test)]
mod tests;
