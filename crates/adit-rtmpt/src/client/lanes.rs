//! The requests under way, one per lane.

use std::time::Instant;

use bytes::Bytes;

use super::limits;
use super::request::{Connection, Lane, Request, SessionText, Verb};

/// A request until its reply has come.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) verb: Verb,
    /// 0 where the verb has none.
    pub(super) number: u64,
    pub(super) body: Bytes,
    /// How often the driver was given it.
    pub(super) attempts: u32,
    pub(super) connection: Connection,
    pub(super) phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// The driver gets it from then on.
    Due(Instant),
    /// The driver has it.
    Asked { at: Instant, deadline: Instant },
}

impl Pending {
    pub(super) fn new(now: Instant, verb: Verb, number: u64, body: Bytes) -> Self {
        Self {
            verb,
            number,
            body,
            attempts: 0,
            connection: Connection::Any,
            phase: Phase::Due(now),
        }
    }

    /// A request without RTMP bytes: its body is one zero byte.
    pub(super) fn bare(now: Instant, verb: Verb, number: u64) -> Self {
        Self::new(now, verb, number, Bytes::from_static(&[0]))
    }

    pub(super) fn request(&self, session: Option<&SessionText>) -> Request {
        let target = match (self.verb, session) {
            (Verb::Send | Verb::Idle | Verb::Close, Some(session)) => {
                session.target(self.verb, self.number)
            }
            (verb, _) => verb.to_string(),
        };
        Request {
            verb: self.verb,
            connection: self.connection,
            target,
            body: self.body.clone(),
        }
    }

    /// When something must happen by itself, or the driver must be given it.
    pub(super) fn due(&self) -> Instant {
        match self.phase {
            Phase::Due(at) => at,
            Phase::Asked { deadline, .. } => deadline,
        }
    }
}

/// One place per lane.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    first: Option<Pending>,
    second: Option<Pending>,
    /// The second lane does not work here; what waits on it goes home to the first.
    is_second_given_up: bool,
}

impl Lanes {
    pub(super) fn get(&self, lane: Lane) -> Option<&Pending> {
        match lane {
            Lane::First => self.first.as_ref(),
            Lane::Second => self.second.as_ref(),
        }
    }

    pub(super) fn place(&mut self, lane: Lane) -> &mut Option<Pending> {
        match lane {
            Lane::First => &mut self.first,
            Lane::Second => &mut self.second,
        }
    }

    pub(super) fn is_free(&self, lane: Lane) -> bool {
        self.get(lane).is_none()
    }

    pub(super) fn holds(&self, verb: Verb) -> bool {
        let both = [&self.first, &self.second];
        both.into_iter()
            .flatten()
            .any(|pending| pending.verb == verb)
    }

    pub(super) fn is_second_given_up(&self) -> bool {
        self.is_second_given_up
    }

    /// The second lane failed twice: its request is asked once more on the first, when that is free.
    pub(super) fn give_up_second(&mut self, now: Instant, mut pending: Pending) {
        self.is_second_given_up = true;
        pending.attempts = limits::ATTEMPTS.saturating_sub(1);
        pending.connection = Connection::Any;
        pending.phase = Phase::Due(now);
        self.second = Some(pending);
        self.bring_home();
    }

    pub(super) fn bring_home(&mut self) {
        if self.is_second_given_up && self.first.is_none() {
            self.first = self.second.take();
        }
    }

    /// When a lane needs attention.
    pub(super) fn due(&self) -> Option<Instant> {
        let second = self.second.as_ref().filter(|_| !self.is_second_given_up);
        let both = [self.first.as_ref(), second];
        both.into_iter().flatten().map(Pending::due).min()
    }

    pub(super) fn clear(&mut self) {
        self.first = None;
        self.second = None;
    }
}
