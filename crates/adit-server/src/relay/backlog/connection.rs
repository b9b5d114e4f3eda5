//! What is known of the connection of the moment, and whether its far side acknowledges.

use std::time::Instant;

use super::doubt::Doubt;
use crate::limits::relay::{SILENCE_BYTES, SILENCE_DURATION};

#[derive(Debug, Default)]
pub(super) struct Connection {
    /// Frames that it was given, those of preambles included.
    given: u64,
    /// Frames that are acknowledged.
    acknowledged: u64,
    /// Bytes that had left when that advanced last.
    left: u64,
    /// Since when too much has left without a further acknowledgement.
    overdue: Option<Instant>,
    /// Frames of it that are kept no more.
    pub(super) doubt: Doubt,
}

impl Connection {
    /// One frame more was given. Gives how many there are with it.
    pub(super) fn give(&mut self) -> u64 {
        self.given = self.given.saturating_add(1);
        self.given
    }

    /// So many bytes have left, and so many frames are acknowledged.
    pub(super) fn note_progress(&mut self, now: Instant, left: u64, acknowledged: u64) {
        if acknowledged > self.acknowledged {
            self.acknowledged = acknowledged;
            self.left = left;
        }
        let is_overdue = left.saturating_sub(self.left) > SILENCE_BYTES;
        self.overdue = is_overdue.then(|| self.overdue.unwrap_or(now));
    }

    /// Whether acknowledgements do not come, or do not advance: some count anew each time.
    pub(super) fn is_silent(&self, now: Instant) -> bool {
        self.overdue
            .is_some_and(|since| now.saturating_duration_since(since) >= SILENCE_DURATION)
    }
}
