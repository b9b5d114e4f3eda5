//! How fast a peer may send commands.

use std::time::{Duration, Instant};

/// Allows so many commands a second, that many at once, and says when the next may come.
///
/// Kept as one instant, the time at which the allowance is whole again: each command moves it on by
/// its share of a second, and it may be at most a second ahead.
#[derive(Debug, Clone, Copy)]
pub(super) struct CommandRate {
    share: Duration,
    whole_at: Option<Instant>,
}

const SECOND: Duration = Duration::from_secs(1);

impl CommandRate {
    /// So many a second; 0 is taken as 1.
    pub(super) fn new(per_second: u32) -> Self {
        let share = SECOND.checked_div(per_second).unwrap_or(SECOND);
        Self {
            share,
            whole_at: None,
        }
    }

    /// Takes the share of one command.
    ///
    /// # Errors
    ///
    /// The allowance is used up; the next command may come at the instant given.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let base = self.whole_at.map_or(now, |whole_at| whole_at.max(now));
        let after = base + self.share;
        match after.checked_duration_since(now + SECOND) {
            Some(early) if !early.is_zero() => Err(now + early),
            _ => {
                self.whole_at = Some(after);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
