//! Whether the peer is still there.

use std::time::{Duration, Instant};

use super::Timeouts;
use crate::command::wrapping_ms;

/// Counts silence, says when to ping and when to give up.
///
/// Silence is time without input; whatever comes ends it. Pings carry our milliseconds since the
/// start, so that an answer tells the round trip.
#[derive(Debug, Clone)]
pub(super) struct Liveness {
    started: Instant,
    heard: Instant,
    /// Pings sent since the peer was heard.
    unanswered: u32,
    last_ping: Option<(u32, Instant)>,
    round_trip: Option<Duration>,
    ping_after: Duration,
    dead_after: Duration,
    patience: Patience,
}

/// Whose silence is fatal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Anybody's: a client answers pings.
    Short,
    /// That of a peer that has answered a ping before: some servers never do, and have nothing to
    /// say to a publisher for hours.
    LongUntilAnswered,
}

/// What is to be done about silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing yet.
    Bearable,
    /// Send a ping with this number.
    Ping(u32),
    /// Give up.
    Dead,
}

impl Liveness {
    pub(super) fn new(now: Instant, timeouts: &Timeouts, patience: Patience) -> Self {
        Self {
            started: now,
            heard: now,
            unanswered: 0,
            last_ping: None,
            round_trip: None,
            ping_after: timeouts.ping,
            dead_after: timeouts.dead,
            patience,
        }
    }

    /// Something came.
    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = self.heard.max(now);
        self.unanswered = 0;
    }

    /// The answer to a ping came.
    pub(super) fn answered(&mut self, now: Instant, number: u32) {
        self.patience = Patience::Short;
        if let Some((sent, at)) = self.last_ping
            && sent == number
        {
            self.round_trip = Some(now.saturating_duration_since(at));
            self.last_ping = None;
        }
    }

    /// The last round trip that was measured.
    pub(super) const fn round_trip(&self) -> Option<Duration> {
        self.round_trip
    }

    /// What is to be done now.
    pub(super) fn check(&mut self, now: Instant) -> Silence {
        let silence = now.saturating_duration_since(self.heard);
        if self.patience == Patience::Short && silence >= self.dead_after {
            Silence::Dead
        } else if now >= self.next_ping() {
            // A late timer sends one ping, not several.
            let periods = silence.as_nanos().checked_div(self.ping_after.as_nanos());
            let periods = periods.and_then(|periods| u32::try_from(periods).ok());
            self.unanswered = periods.unwrap_or(u32::MAX);
            let number = wrapping_ms(now.saturating_duration_since(self.started));
            self.last_ping = Some((number, now));
            Silence::Ping(number)
        } else {
            Silence::Bearable
        }
    }

    /// When to check again.
    pub(super) fn deadline(&self) -> Instant {
        match self.patience {
            Patience::Short => self.next_ping().min(self.heard + self.dead_after),
            Patience::LongUntilAnswered => self.next_ping(),
        }
    }

    fn next_ping(&self) -> Instant {
        let silence = self
            .ping_after
            .saturating_mul(self.unanswered.saturating_add(1));
        self.heard.checked_add(silence).unwrap_or(self.heard)
    }
}
