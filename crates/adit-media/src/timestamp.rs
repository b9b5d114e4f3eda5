//! The clock of a stream: milliseconds that wrap at 2^32.

use std::cmp::Ordering;
use std::fmt;

/// A point on a stream's own clock, in milliseconds, wrapping at 2^32 (49.7 days) [RTMP 5.3.1].
///
/// Two timestamps are compared by serial arithmetic: the one less than 2^31 ms ahead is the later
/// one. That order is not transitive, so the type has no `Ord`; use [`Timestamp::serial_cmp`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timestamp(u32);

impl Timestamp {
    /// The start of a stream's clock.
    pub const ZERO: Self = Self(0);

    /// The timestamp `ms` milliseconds after the start of the clock.
    pub const fn from_ms(ms: u32) -> Self {
        Self(ms)
    }

    /// Milliseconds, 0 to 2^32 − 1.
    pub const fn ms(self) -> u32 {
        self.0
    }

    /// The timestamp `ms` milliseconds later, wrapping past 2^32 − 1 to 0.
    #[must_use]
    pub const fn wrapping_add(self, ms: u32) -> Self {
        Self(self.0.wrapping_add(ms))
    }

    /// The timestamp `ms` milliseconds earlier, wrapping past 0 to 2^32 − 1.
    #[must_use]
    pub const fn wrapping_sub(self, ms: u32) -> Self {
        Self(self.0.wrapping_sub(ms))
    }

    /// Signed milliseconds from `earlier` to `self` by the short way round: negative when `self`
    /// is the earlier one. At exactly half the circle the answer is `i32::MIN` in both directions.
    pub const fn since(self, earlier: Self) -> i32 {
        self.0.wrapping_sub(earlier.0).cast_signed()
    }

    /// The order of two timestamps by serial arithmetic.
    pub fn serial_cmp(self, other: Self) -> Ordering {
        self.since(other).cmp(&0)
    }

    /// Whether `self` comes before `other` by serial arithmetic.
    pub fn is_before(self, other: Self) -> bool {
        self.serial_cmp(other) == Ordering::Less
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms", self.0)
    }
}

#[cfg(test)]
mod tests;
