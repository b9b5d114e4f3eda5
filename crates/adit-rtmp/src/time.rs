//! Message time: milliseconds on a 32-bit circle.

use std::cmp::Ordering;

/// A point in message time, in milliseconds from a zero the sender chose; it wraps after 49.7 days.
///
/// RTMP timestamps are serial numbers: two of them are compared by the shorter way around the
/// circle, and neighbours are expected to lie within 2^31 ms of each other [RTMP 4]. There is no
/// total order on a circle, therefore this type has no `Ord`: use [`Timestamp::serial_cmp`] or
/// [`Timestamp::since`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Timestamp(u32);

impl Timestamp {
    /// The zero of message time.
    pub const ZERO: Self = Self(0);

    /// The timestamp of `ms` milliseconds.
    pub const fn from_ms(ms: u32) -> Self {
        Self(ms)
    }

    /// Milliseconds, 0 to 2^32 − 1.
    pub const fn ms(self) -> u32 {
        self.0
    }

    /// The timestamp `delta_ms` later, around the circle.
    ///
    /// A "negative" delta is the two's complement value, as broken encoders send it.
    #[must_use]
    pub const fn wrapping_add(self, delta_ms: u32) -> Self {
        Self(self.0.wrapping_add(delta_ms))
    }

    /// The signed distance from `earlier` to `self` in milliseconds, by the shorter way around.
    ///
    /// At exactly half a circle (2^31 ms) the distance is reported as −2^31.
    pub const fn since(self, earlier: Self) -> i32 {
        self.0.wrapping_sub(earlier.0).cast_signed()
    }

    /// Compares by the shorter way around the circle [RTMP 4].
    ///
    /// Not transitive over spans of more than 2^31 ms, so not a key for sorting.
    pub fn serial_cmp(self, other: Self) -> Ordering {
        self.since(other).cmp(&0)
    }

    /// Whether `self` comes before `other` by the shorter way around the circle.
    pub fn is_before(self, other: Self) -> bool {
        self.serial_cmp(other).is_lt()
    }

    /// The value of the extended timestamp field, if this time needs one [RTMP 5.3.1.3].
    ///
    /// Times from 0xFFFFFF ms (4 h 39 m 37 s) on do not fit the 24-bit field.
    pub const fn extended(self) -> Option<u32> {
        if self.0 >= Self::FIRST_EXTENDED_MS {
            Some(self.0)
        } else {
            None
        }
    }

    /// The first time that is sent with an extended timestamp, and the mark in the 24-bit field.
    pub const FIRST_EXTENDED_MS: u32 = 0xFF_FFFF;
}

#[cfg(test)]
mod tests;
