//! From the units of the file to the settings of the server, and back.

use std::time::Duration;

use adit_server::{ChunkSize, PollByte, Reserve};

use super::units::{Size, Span};

/// What a value of the file does to a value of a server.
pub(crate) trait Unit<T> {
    /// The value that the server has.
    fn of(value: &T) -> Self;
    /// Sets it.
    fn put(&self, value: &mut T);
}

/// Numbers; the ranges of their keys keep them within what the server takes.
macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Unit<$number> for u64 {
            fn of(value: &$number) -> Self {
                Self::try_from(*value).unwrap_or(Self::MAX)
            }

            fn put(&self, value: &mut $number) {
                *value = <$number>::try_from(*self).unwrap_or(<$number>::MAX);
            }
        }

        impl Unit<$number> for Size {
            fn of(value: &$number) -> Self {
                Self(Unit::of(value))
            }

            fn put(&self, value: &mut $number) {
                self.0.put(value);
            }
        }
    )*};
}

numbers!(u8, u32, u64, usize, i32);

impl Unit<Duration> for Span {
    fn of(value: &Duration) -> Self {
        Self(*value)
    }

    fn put(&self, value: &mut Duration) {
        *value = self.0;
    }
}

impl Unit<Option<u64>> for Option<Size> {
    fn of(value: &Option<u64>) -> Self {
        value.map(Size)
    }

    fn put(&self, value: &mut Option<u64>) {
        *value = self.as_ref().map(|size| size.0);
    }
}

impl Unit<PollByte> for Span {
    fn of(value: &PollByte) -> Self {
        Self(value.pause())
    }

    fn put(&self, value: &mut PollByte) {
        *value = PollByte::from_pause(self.0);
    }
}

impl Unit<Option<Duration>> for Option<Span> {
    fn of(value: &Option<Duration>) -> Self {
        value.map(Span)
    }

    fn put(&self, value: &mut Option<Duration>) {
        *value = self.as_ref().map(|span| span.0);
    }
}

impl Unit<Reserve> for Size {
    fn of(value: &Reserve) -> Self {
        Self(value.bytes())
    }

    fn put(&self, value: &mut Reserve) {
        *value = Reserve::of(self.0);
    }
}

impl Unit<ChunkSize> for Size {
    fn of(value: &ChunkSize) -> Self {
        Self(value.get().into())
    }

    fn put(&self, value: &mut ChunkSize) {
        let size = u32::try_from(self.0).ok().and_then(ChunkSize::new);
        *value = size.unwrap_or(*value);
    }
}
