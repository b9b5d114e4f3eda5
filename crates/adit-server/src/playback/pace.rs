//! When a frame of a recording may leave: as far ahead as the player buffers, then in real time.

use std::time::{Duration, Instant};

use adit_media::Timestamp;

/// What a player buffers that has not said how much.
const DEFAULT_BUFFER: Duration = Duration::from_secs(3);
/// A full buffer may run down by this much before more is sent, so that not each frame costs a wake.
const MOST_SLACK: Duration = Duration::from_millis(250);

/// Follows the clock of a player by what it was sent.
#[derive(Debug)]
pub(super) struct Pace {
    buffer: Duration,
    /// What the player shows, and when it was.
    playhead: Option<(Instant, Timestamp)>,
    /// Nothing more leaves until then.
    rests_until: Option<Instant>,
    fullness: Fullness,
}

/// What the player was told about its buffer since it began, or went elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fullness {
    Filling,
    Full,
    /// After that it is not told again.
    Refilled,
}

/// Whether a frame may leave now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    /// It may.
    Now,
    /// It may, and is the first of the next buffer.
    NextBuffer,
    /// Not before this time.
    At(Instant),
    /// The same, and for the first time a whole buffer has left.
    BufferFull(Instant),
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            buffer: DEFAULT_BUFFER,
            playhead: None,
            rests_until: None,
            fullness: Fullness::Filling,
        }
    }
}

impl Pace {
    /// The player says how much it buffers.
    pub(super) fn set_buffer(&mut self, buffer: Duration) {
        self.buffer = buffer;
        self.rests_until = None;
    }

    /// The player begins anew with the next frame, with an empty buffer.
    pub(super) fn restart(&mut self) {
        self.playhead = None;
        self.rests_until = None;
        self.fullness = Fullness::Filling;
    }

    /// Whether a frame of this time may leave. What may has to.
    pub(super) fn ask(&mut self, now: Instant, at: Timestamp) -> Leave {
        if let Some(until) = self.rests_until.filter(|until| *until > now) {
            return Leave::At(until);
        }
        let ahead = self.ahead(now, at);
        let Some(too_far) = ahead.checked_sub(self.buffer).filter(|far| !far.is_zero()) else {
            self.rests_until = None;
            return if self.fullness == Fullness::Full {
                self.fullness = Fullness::Refilled;
                Leave::NextBuffer
            } else {
                Leave::Now
            };
        };
        let rest = too_far.saturating_add((self.buffer / 4).min(MOST_SLACK));
        let until = now.checked_add(rest).unwrap_or(now);
        self.rests_until = Some(until);
        if self.fullness == Fullness::Filling {
            self.fullness = Fullness::Full;
            Leave::BufferFull(until)
        } else {
            Leave::At(until)
        }
    }

    /// How far `at` lies before what the player shows. A player that has nothing left to show waits for the next frame.
    fn ahead(&mut self, now: Instant, at: Timestamp) -> Duration {
        let (since, shown) = *self.playhead.get_or_insert((now, at));
        let distance = u64::try_from(at.since(shown)).map(Duration::from_millis);
        let elapsed = now.saturating_duration_since(since);
        match distance {
            Ok(distance) if distance >= elapsed => distance.saturating_sub(elapsed),
            _ => {
                self.playhead = Some((now, at));
                Duration::ZERO
            }
        }
    }
}

#[cfg(test)]
mod tests;
