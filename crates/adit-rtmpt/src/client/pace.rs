//! When to ask for more: the poll byte, and what makes it superfluous.

use std::time::{Duration, Instant};

use super::limits;
use crate::interval::PollByte;

/// Decides when the next idle is due.
///
/// * Data came: at once, there may be more.
/// * Nothing came although the server held the idle: at once, it holds the next one too.
/// * Nothing came because a send overtook the idle, or in reply to a send, and the server orders: at once, it will hold it.
/// * Nothing came at once: after the pause the poll byte asks for, within [`limits::POLL_FLOOR`] and [`limits::POLL_CAP`].
///
/// While sends follow each other and nothing comes down but in their replies, there is no idle at all.
#[derive(Debug)]
pub(super) struct Pace {
    idle_at: Instant,
    /// The last reply.
    replied: Instant,
    /// The last reply with data.
    data: Option<Instant>,
    /// The last reply with as much of it as makes replies the bottleneck.
    bulk: Option<Instant>,
    /// The last reply to a send.
    send_replied: Option<Instant>,
    /// Sends in a row.
    sends: u32,
    /// The shortest time a request took, which is a round trip or little more.
    round_trip: Option<Duration>,
}

/// What an empty reply was given to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Asked {
    /// An idle, that long ago.
    Idle(Duration),
    /// Something that makes the next idle due at once.
    AtOnce,
    /// Something else.
    Other,
}

impl Pace {
    /// The session was opened.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            idle_at: now + limits::FIRST_IDLE,
            replied: now,
            data: None,
            bulk: None,
            send_replied: None,
            sends: 0,
            round_trip: None,
        }
    }

    /// A reply brought so many bytes of data.
    pub(super) fn data(&mut self, now: Instant, len: usize) {
        self.replied = now;
        self.data = Some(now);
        if len >= limits::BULK {
            self.bulk = Some(now);
        }
        self.idle_at = now;
    }

    /// A reply brought nothing.
    pub(super) fn empty(&mut self, now: Instant, asked: Asked, poll: PollByte) {
        self.replied = now;
        let pause = poll.pause().clamp(limits::POLL_FLOOR, limits::POLL_CAP);
        self.idle_at = match asked {
            Asked::AtOnce => now,
            Asked::Idle(took) if took >= limits::HELD => now,
            Asked::Idle(_) | Asked::Other => now + pause,
        };
    }

    /// A send sets out.
    pub(super) fn send(&mut self, now: Instant) {
        let follows = self
            .send_replied
            .is_some_and(|replied| now <= replied + limits::SENDS_CARRY);
        self.sends = if follows {
            self.sends.saturating_add(1)
        } else {
            1
        };
    }

    /// A send was answered.
    pub(super) fn send_answered(&mut self, now: Instant) {
        self.send_replied = Some(now);
    }

    /// A request was answered after so long. Says how much longer that is than a round trip.
    pub(super) fn took(&mut self, took: Duration) -> Duration {
        let round_trip = self.round_trip.map_or(took, |best| best.min(took));
        self.round_trip = Some(round_trip);
        took.saturating_sub(round_trip)
    }

    /// When the next idle is due; `None` while a send is under way that serves as well.
    pub(super) fn idle_due(&self, is_sending: bool) -> Option<Instant> {
        match self.send_replied {
            Some(replied) if self.sends_in_a_row() && !self.flows() => {
                (!is_sending).then(|| self.idle_at.max(replied + limits::SENDS_CARRY))
            }
            _ => Some(self.idle_at),
        }
    }

    /// How many idles to park where they do not get in each other's way.
    ///
    /// One while nothing flows. Else so many that one is always at the server, if something comes down every
    /// [`limits::IDLE_EACH`], and as many as may be while replies are long. Sends that follow each other release what is parked, so with them there is one.
    pub(super) fn idles(&self) -> usize {
        if !self.flows() || self.sends_in_a_row() {
            return 1;
        }
        if self.lasts(self.bulk) {
            return limits::IDLES;
        }
        let round_trip = self.round_trip.unwrap_or_default().as_millis();
        let more = round_trip / limits::IDLE_EACH.as_millis().max(1);
        usize::try_from(more)
            .unwrap_or(limits::IDLES)
            .saturating_add(1)
            .min(limits::IDLES)
    }

    fn flows(&self) -> bool {
        self.lasts(self.data)
    }

    /// Whether something happened shortly before the last reply.
    fn lasts(&self, happened: Option<Instant>) -> bool {
        happened.is_some_and(|at| self.replied <= at + limits::FLOWING)
    }

    fn sends_in_a_row(&self) -> bool {
        self.sends >= limits::SENDS_IN_A_ROW
    }
}

#[cfg(test)]
mod tests;
