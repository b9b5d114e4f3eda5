//! A callback that fails again and again is left alone for a while.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::limits::{CALLBACK_FAILURES, CALLBACK_REST};

/// How a callback did lately.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// In a row.
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    /// Whether it is not to be asked now.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.state().open_until.is_some_and(|until| now < until)
    }

    /// It answered.
    pub(super) fn worked(&self) {
        *self.state() = State::default();
    }

    /// It did not; whether it is left alone from now on.
    pub(super) fn failed(&self, now: Instant) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        let opens = state.failures >= CALLBACK_FAILURES;
        if opens {
            // One more failure after the rest opens it again.
            state.failures = CALLBACK_FAILURES.saturating_sub(1);
            state.open_until = now.checked_add(CALLBACK_REST);
        }
        opens
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_left_alone_after_ten_failures_in_a_row_and_asked_again_after_its_rest() {
        let (breaker, now) = (Breaker::default(), Instant::now());
        for _ in 1..CALLBACK_FAILURES {
            assert!(!breaker.failed(now));
        }
        breaker.worked();
        for _ in 1..CALLBACK_FAILURES {
            assert!(!breaker.failed(now));
            assert!(!breaker.is_open(now));
        }
        assert!(breaker.failed(now));
        assert!(breaker.is_open(now));
        let rested = now + CALLBACK_REST;
        assert!(!breaker.is_open(rested));
        assert!(breaker.failed(rested), "one more is enough");
        assert!(breaker.is_open(rested));
        breaker.worked();
        assert!(!breaker.is_open(rested));
    }
}
