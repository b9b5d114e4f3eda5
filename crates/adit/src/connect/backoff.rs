//! How long to wait before a broken connection is made again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use adit_client::ConnectError;
use adit_client::connection::StreamError;

use super::Failure;
use crate::cli::Retry;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);
/// A stream that ran this long is a success: the next break is another one.
const LASTING: Duration = Duration::from_secs(10);

/// Counts the tries after a break, and knows after which failures there is another one.
#[derive(Debug)]
pub(crate) struct Backoff {
    retry: Retry,
    tries: u32,
    broken: Option<Instant>,
    /// Since when the stream runs, if it does.
    running: Option<Instant>,
    has_run: bool,
}

impl Backoff {
    /// Nothing has run yet, and nothing has broken.
    pub(crate) fn new(retry: Retry) -> Self {
        Self {
            retry,
            tries: 0,
            broken: None,
            running: None,
            has_run: false,
        }
    }

    /// From now on the stream runs. The time that it took to get there does not count.
    pub(crate) fn running(&mut self, now: Instant) {
        self.running = Some(now);
        self.has_run = true;
    }

    /// How long to wait before the next try; `None` when it is enough, or when `failure` will not pass.
    pub(crate) fn next(&mut self, failure: &Failure, now: Instant) -> Option<Duration> {
        let ran = self.running.take();
        if ran.is_some_and(|since| now.saturating_duration_since(since) >= LASTING) {
            self.tries = 0;
            self.broken = None;
        }
        let broken = *self.broken.get_or_insert(now);
        let allowed = match self.retry {
            Retry::Never => false,
            Retry::Forever => true,
            Retry::Times(times) => self.tries < times.get(),
            Retry::For(span) => now.saturating_duration_since(broken) < span,
        };
        if !allowed || !self.may_pass(failure) {
            return None;
        }
        let doubled = FIRST.saturating_mul(1 << self.tries.min(10));
        self.tries = self.tries.saturating_add(1);
        Some(doubled.min(LONGEST).mul_f64(jitter()))
    }

    /// Whether a failure may pass. Before the first success only if somebody wants to wait for ever.
    fn may_pass(&self, failure: &Failure) -> bool {
        let passing = match failure {
            Failure::Connect(error) => error.is_passing(),
            Failure::Stream(error) => !error.is_refusal(),
            _ => false,
        };
        if !self.has_run {
            return passing && self.retry == Retry::Forever;
        }
        // A server that starts again refuses for a while, and one that has not noticed the break says that the name is taken.
        let refused = matches!(
            failure,
            Failure::Connect(ConnectError::Refused { .. })
                | Failure::Stream(StreamError::Refused(_) | StreamError::NoStream)
        );
        passing || refused
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
