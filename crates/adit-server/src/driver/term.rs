//! A live stream that is played for a while, or as one of several, one after the other.

use std::time::{Duration, Instant};

use adit_media::{Frame, Timestamp};
use adit_rtmp::command::PlayDuration;

use super::after;

/// When a live stream is over for its player, and what its times are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Term {
    clock: Clock,
    /// How long it plays, and how long it is waited for.
    length: Option<Duration>,
    until: Option<Instant>,
    behind: Behind,
    stand: Stand,
    since: Instant,
    last: Timestamp,
    bytes: u64,
}

/// What the times of a live stream are to its player.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// Those of the publisher.
    Own,
    /// The next frame has this time.
    Begins(Timestamp),
    /// They are so much later, wrapping.
    Moved(u32),
}

/// Whether something is to be played afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Behind {
    Nothing,
    Something,
}

/// Whether it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stand {
    Plays,
    Over,
}

impl Term {
    /// A stream that is played first, with its own times.
    pub(super) fn new(now: Instant, length: PlayDuration) -> Self {
        // What a single frame of a live stream would be, nobody has said.
        let length = match length {
            PlayDuration::Limited { ms } => Some(Duration::from_millis(ms.into())),
            _ => None,
        };
        Self {
            clock: Clock::Own,
            length,
            until: length.map(|length| after(now, length)),
            behind: Behind::Nothing,
            stand: Stand::Plays,
            since: now,
            last: Timestamp::ZERO,
            bytes: 0,
        }
    }

    /// The same for one that goes on at a time of what was played before.
    pub(super) const fn going_on_at(mut self, at: Timestamp) -> Self {
        self.clock = Clock::Begins(at);
        self.last = at;
        self
    }

    /// Whether it plays on for as long as the player stays.
    pub(super) fn is_endless(&self) -> bool {
        self.length.is_none() && self.behind == Behind::Nothing
    }

    /// Whether it plays on with the publisher's own times.
    pub(super) fn is_untouched(&self) -> bool {
        self.is_endless() && self.clock == Clock::Own
    }

    /// Frames were sent by somebody else: `bytes` of them, the last one of this time.
    pub(super) fn rode(&mut self, bytes: u64, last: Timestamp) {
        self.bytes = self.bytes.wrapping_add(bytes);
        self.last = last;
    }

    pub(super) const fn set_behind(&mut self, behind: Behind) {
        self.behind = behind;
    }

    pub(super) fn is_over(&self) -> bool {
        self.stand == Stand::Over
    }

    /// When it is over although it goes on.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.stand {
            Stand::Plays => self.until,
            Stand::Over => None,
        }
    }

    /// Lets its time run out.
    pub(super) fn pass(&mut self, now: Instant) {
        if self.until.is_some_and(|until| until <= now) {
            self.stand = Stand::Over;
        }
    }

    /// The publisher has begun, while it was waited for or anew.
    pub(super) fn started(&mut self, now: Instant) {
        self.until = self.length.map(|length| after(now, length));
        if self.clock != Clock::Own {
            self.clock = Clock::Begins(self.end());
        }
    }

    /// The publisher has ended. Without anything else to play it is waited for.
    pub(super) fn stopped(&mut self) {
        if self.behind == Behind::Something {
            self.stand = Stand::Over;
        }
    }

    /// The time of a frame for the player.
    pub(super) fn time_of(&mut self, frame: &Frame) -> Timestamp {
        let at = frame.at();
        let shift = match self.clock {
            Clock::Own => 0,
            // What is told anew to those who come later has a time of its own.
            _ if frame.flags().is_metadata() => return self.last,
            Clock::Moved(shift) => shift,
            Clock::Begins(begin) => {
                let shift = begin.ms().wrapping_sub(at.ms());
                self.clock = Clock::Moved(shift);
                shift
            }
        };
        let len = u64::try_from(frame.payload().len()).unwrap_or(0);
        self.bytes = self.bytes.wrapping_add(len);
        self.last = at.wrapping_add(shift);
        self.last
    }

    /// When its last frame is over.
    pub(super) fn end(&self) -> Timestamp {
        match self.clock {
            Clock::Begins(at) => at,
            _ => self.last.wrapping_add(Frame::USUAL_MS),
        }
    }

    /// How long it was played, and how many bytes.
    pub(super) fn played(&self, now: Instant) -> (Duration, u64) {
        (now.saturating_duration_since(self.since), self.bytes)
    }
}

#[cfg(test)]
mod tests;
