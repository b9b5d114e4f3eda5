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
    /// Callbacks that did not answer in time.
    callbacks_late: AtomicU64,
    /// Callbacks that answered too much.
    callbacks_long: AtomicU64,
    /// Requests refused because a callback was left alone.
    callbacks_rested: AtomicU64,
    /// Ends that no callback was told, because too many waited or it did not answer.
    ends_lost: AtomicU64,
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

    pub(super) fn callback_late(&self) {
        self.callbacks_late.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn callback_long(&self) {
        self.callbacks_long.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn callback_rested(&self) {
        self.callbacks_rested.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn end_lost(&self) {
        self.ends_lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn snapshot(&self) -> AccessSnapshot {
        AccessSnapshot {
            refused: self.refused.load(Ordering::Relaxed),
        }
    }

    /// By the key of the limit.
    pub(super) fn limits(&self) -> [(&'static str, u64); 6] {
        [
            ("access.guesses", self.guessers.load(Ordering::Relaxed)),
            (
                "access.guess_addresses",
                self.unremembered.load(Ordering::Relaxed),
            ),
            ("callback.time", self.callbacks_late.load(Ordering::Relaxed)),
            (
                "callback.answer",
                self.callbacks_long.load(Ordering::Relaxed),
            ),
            (
                "callback.rest",
                self.callbacks_rested.load(Ordering::Relaxed),
            ),
            ("callback.ends", self.ends_lost.load(Ordering::Relaxed)),
        ]
    }
}
