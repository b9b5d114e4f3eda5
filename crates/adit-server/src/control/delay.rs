//! How long media takes from its arrival until it is written to a player.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the classes, in microseconds; what is longer is in a class of its own.
const BOUNDS_US: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000, 5_000_000,
];

const CLASSES: usize = BOUNDS_US.len() + 1;

/// Counts delays by how long they are, in plain atomics.
#[derive(Debug, Default)]
pub(crate) struct Delays {
    classes: [AtomicU64; CLASSES],
    sum_us: AtomicU64,
}

/// The delays that were measured so far: a sample of all.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct DelaySnapshot {
    /// How many are in each class, the last of which has no upper bound.
    pub(crate) classes: [u64; CLASSES],
    /// All of them together, in microseconds.
    pub(crate) sum_us: u64,
}

impl Delays {
    pub(crate) fn note(&self, delay: Duration) {
        let us = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
        let class = BOUNDS_US.partition_point(|bound| *bound < us);
        if let Some(count) = self.classes.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> DelaySnapshot {
        let mut classes = [0; CLASSES];
        for (count, class) in classes.iter_mut().zip(&self.classes) {
            *count = class.load(Ordering::Relaxed);
        }
        DelaySnapshot {
            classes,
            sum_us: self.sum_us.load(Ordering::Relaxed),
        }
    }
}

impl DelaySnapshot {
    /// How many were measured.
    pub fn count(&self) -> u64 {
        self.classes.iter().sum()
    }

    /// All of them together.
    pub const fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// How many are not longer than each bound, and the bound; those that are longer than the last bound come at the end, without one.
    pub fn classes(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let bounds = BOUNDS_US.into_iter().map(Duration::from_micros).map(Some);
        bounds.chain([None]).zip(self.classes)
    }

    /// A bound that so many percent of them do not exceed; `None` where nothing was measured, or the last class is meant.
    pub fn percentile(&self, percent: u64) -> Option<Duration> {
        let wanted = self.count().saturating_mul(percent).div_ceil(100);
        let mut seen: u64 = 0;
        for (bound, count) in self.classes() {
            seen = seen.saturating_add(count);
            if seen >= wanted && seen > 0 {
                return bound;
            }
        }
        None
    }

    /// What was measured by either.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = *self;
        for (one, more) in both.classes.iter_mut().zip(other.classes) {
            *one = one.saturating_add(more);
        }
        both.sum_us = both.sum_us.saturating_add(other.sum_us);
        both
    }

    /// What was measured since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let mut since = *self;
        for (now, before) in since.classes.iter_mut().zip(earlier.classes) {
            *now = now.saturating_sub(before);
        }
        since.sum_us = since.sum_us.saturating_sub(earlier.sum_us);
        since
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_counts_in_the_first_class_that_has_room_for_it() {
        let delays = Delays::default();
        for us in [0, 100, 101, 1_000, 5_000_000, 5_000_001, u64::MAX] {
            delays.note(Duration::from_micros(us));
        }
        let classes = delays.snapshot().classes;
        assert_eq!(classes[0..4], [2, 1, 0, 1]);
        assert_eq!(classes[13..], [1, 2]);
    }

    #[test]
    fn a_percentile_is_a_bound_that_so_many_do_not_exceed() {
        let delays = Delays::default();
        assert_eq!(delays.snapshot().percentile(50), None);
        for _ in 0..98 {
            delays.note(Duration::from_micros(90));
        }
        delays.note(Duration::from_millis(7));
        let before = delays.snapshot();
        delays.note(Duration::from_mins(1));
        let all = delays.snapshot();
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(all.percentile(50), Some(Duration::from_micros(100)));
        assert_eq!(all.percentile(99), ms(10));
        assert_eq!(all.percentile(100), None, "longer than every bound");
        assert_eq!(all.since(&before).count(), 1);
        assert_eq!(all.since(&before).and(&before).classes, all.classes);
    }
}
