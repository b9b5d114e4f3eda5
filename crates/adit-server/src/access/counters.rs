//! How often somebody was refused, and by which limit.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of all that was decided; they go on when the configuration changes.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Requests that were refused, for whatever reason.
    refused: AtomicU64,
    /// Requests from addresses that had guessed too often.
    guessers: AtomicU64,
    /// Wrong keys whose address found no room to be remembered.
    unremembered: AtomicU64,
}

/// What access control counted; each number is read on its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessSnapshot {
    /// Requests that were refused, for whatever reason.
    pub refused: u64,
}

impl Counters {
    pub(super) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn guesser_refused(&self) {
        self.guessers.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn unremembered(&self) {
        self.unremembered.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> AccessSnapshot {
        AccessSnapshot {
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// By the key of the limit.
    pub(super) fn limits(&self) -> [(&'static str, u64); 2] {
        [
            ("access.guesses", self.guessers.load(Ordering::Relaxed)),
            (
                "access.guess_addresses",
                self.unremembered.load(Ordering::Relaxed),
            ),
        ]
    }
}
