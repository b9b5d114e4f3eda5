//! The poll byte: how long the client may wait before it asks again.

use std::fmt;
use std::time::Duration;

use crate::config::PollConfig;

/// The first byte of every reply to `send` and `idle`: the pause the client should make before its next idle.
///
/// ```text
///   byte     01  03  05   09   11   21    41    81    FF
///   ms        0  32  64  128  256  512  1024  2048  4064      ms = (byte − 1) × 16
/// ```
///
/// Zero is not a pause but the end of the session, so it is not a value of this type (see [`Reply::Closed`]).
///
/// [`Reply::Closed`]: crate::Reply::Closed
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PollByte(u8);

impl PollByte {
    /// Ask again at once: 0x01, 0 ms.
    pub const NOW: Self = Self(0x01);
    /// Half a second: 0x21, 512 ms, where the usual ladder of servers ends.
    pub const HALF_SECOND: Self = Self(0x21);
    /// The longest pause there is: 0xFF, 4064 ms.
    pub const LONGEST: Self = Self(0xFF);

    /// Reads a byte off the wire; `None` is the 0x00 that ends a session.
    pub const fn from_wire(byte: u8) -> Option<Self> {
        match byte {
            0 => None,
            _ => Some(Self(byte)),
        }
    }

    /// The byte whose pause is the longest that does not exceed `pause`; 4064 ms and more give [`PollByte::LONGEST`].
    pub fn from_pause(pause: Duration) -> Self {
        let steps = pause.as_millis() / MS_PER_STEP;
        u8::try_from(steps).map_or(Self::LONGEST, |steps| Self(steps.saturating_add(1)))
    }

    /// The byte for the wire, 1 to 255.
    pub const fn to_wire(self) -> u8 {
        self.0
    }

    /// The pause it asks for, 0 to 4064 ms.
    pub const fn pause(self) -> Duration {
        Duration::from_millis((self.0 as u64).saturating_sub(1).saturating_mul(16))
    }

    /// One step up the ladder 01, 03, 05, 09, 11, 21, …: 0 becomes 32 ms, everything else doubles.
    #[must_use]
    pub const fn slower(self) -> Self {
        match self.0 {
            1 | 2 => Self(3),
            byte => Self((byte - 1).saturating_mul(2).saturating_add(1)),
        }
    }
}

impl fmt::Debug for PollByte {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PollByte({:#04x} = {} ms)",
            self.0,
            self.pause().as_millis()
        )
    }
}

/// Chooses the poll byte of each reply: fast while data flows, slower step by step when idles come back empty.
#[derive(Debug)]
pub(crate) struct Ladder {
    config: PollConfig,
    empty_idles: u32,
    current: PollByte,
}

impl Ladder {
    pub(crate) fn new(config: PollConfig) -> Self {
        let config = PollConfig {
            max: config.max.max(config.min),
            ..config
        };
        Self {
            config,
            empty_idles: 0,
            current: config.min,
        }
    }

    /// Goes by other bytes from the next reply on, from where it stands as far as they go.
    pub(crate) fn set(&mut self, min: PollByte, max: PollByte) {
        let max = max.max(min);
        self.config = PollConfig {
            min,
            max,
            ..self.config
        };
        self.current = self.current.clamp(min, max);
    }

    /// The bytes that it goes by.
    pub(crate) const fn config(&self) -> PollConfig {
        self.config
    }

    /// The byte for a reply without data.
    pub(crate) fn current(&self) -> PollByte {
        self.current
    }

    /// The byte for a reply that carries data; the ladder starts again at the bottom.
    pub(crate) fn data(&mut self) -> PollByte {
        self.empty_idles = 0;
        self.current = self.config.min;
        self.current
    }

    /// An idle was held in vain. The first few keep the pace, each further one climbs a step.
    pub(crate) fn silence(&mut self) {
        self.empty_idles = self.empty_idles.saturating_add(1);
        if self.empty_idles > self.config.patience {
            self.current = self.current.slower().min(self.config.max);
        }
    }
}

const MS_PER_STEP: u128 = 16;

#[cfg(test)]
mod tests;
