//! How many chunk headers a second are worth reading.

use std::time::{Duration, Instant};

use crate::limits::CHUNK_HEADERS_GRACE_S;

/// Counts chunk headers in windows of a second.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u32,
    /// The present window, and how many headers it has had.
    since: Option<Instant>,
    used: u32,
    /// Whether the present window was refused a header.
    exhausted: bool,
    /// Windows in a row before the present one that were.
    exhausted_before: u32,
}

impl Budget {
    pub(super) const fn new(limit: u32) -> Self {
        Self {
            limit,
            since: None,
            used: 0,
            exhausted: false,
            exhausted_before: 0,
        }
    }

    /// Takes one header from the budget, or says when there will be one again.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let since = match self.since {
            Some(since) if now.saturating_duration_since(since) < WINDOW => since,
            _ => {
                self.begin_window(now);
                now
            }
        };
        if self.used >= self.limit {
            self.exhausted = true;
            return Err(since.checked_add(WINDOW).unwrap_or(now));
        }
        self.used = self.used.saturating_add(1);
        Ok(())
    }

    /// Whether the budget ran out so many times in a row that it cannot be a burst.
    pub(super) const fn is_flooded(&self) -> bool {
        self.exhausted_before >= CHUNK_HEADERS_GRACE_S
    }

    fn begin_window(&mut self, now: Instant) {
        self.exhausted_before = if self.exhausted {
            self.exhausted_before.saturating_add(1)
        } else {
            0
        };
        self.since = Some(now);
        self.used = 0;
        self.exhausted = false;
    }
}

const WINDOW: Duration = Duration::from_secs(1);
