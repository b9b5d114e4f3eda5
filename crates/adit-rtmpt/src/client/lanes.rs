//! The requests under way, one per lane.

use std::time::{Duration, Instant};

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
    fn due(&self) -> Instant {
        match self.phase {
            Phase::Due(at) => at,
            Phase::Asked { deadline, .. } => deadline,
        }
    }

    /// How long it has been under way.
    pub(super) fn took(&self, now: Instant) -> Duration {
        match self.phase {
            Phase::Asked { at, .. } => now.saturating_duration_since(at),
            Phase::Due(_) => Duration::ZERO,
        }
    }

    fn is_due(&self) -> bool {
        matches!(self.phase, Phase::Due(_))
    }
}

/// One place per lane. Lanes from `usable` on do not work here; what is due there goes home to the first.
#[derive(Debug)]
pub(super) struct Lanes {
    places: [Option<Pending>; Lane::ALL.len()],
    usable: usize,
}

impl Default for Lanes {
    fn default() -> Self {
        Self {
            places: Default::default(),
            usable: Lane::ALL.len(),
        }
    }
}

impl Lanes {
    pub(super) fn get(&self, lane: Lane) -> Option<&Pending> {
        self.places.get(lane.index())?.as_ref()
    }

    pub(super) fn place(&mut self, lane: Lane) -> &mut Option<Pending> {
        let [first, second, third, fourth, fifth] = &mut self.places;
        match lane {
            Lane::First => first,
            Lane::Second => second,
            Lane::Third => third,
            Lane::Fourth => fourth,
            Lane::Fifth => fifth,
        }
    }

    /// The first of some lanes that works and has nothing under way.
    pub(super) fn free(&self, lanes: &[Lane]) -> Option<Lane> {
        let is_free = |lane: &Lane| self.is_usable(*lane) && self.get(*lane).is_none();
        lanes.iter().copied().find(is_free)
    }

    pub(super) fn are_free(&self) -> bool {
        self.all().next().is_none()
    }

    /// All requests under way, with their lanes.
    pub(super) fn all(&self) -> impl Iterator<Item = &Pending> {
        self.places.iter().flatten()
    }

    /// The requests of a kind that are under way.
    pub(super) fn of(&self, verb: Verb) -> impl Iterator<Item = &Pending> {
        self.all().filter(move |pending| pending.verb == verb)
    }

    pub(super) fn is_usable(&self, lane: Lane) -> bool {
        lane.index() < self.usable
    }

    /// Whether there are others than the first.
    pub(super) fn are_several(&self) -> bool {
        self.usable > 1
    }

    /// A lane failed twice, so it and those behind it are done without: its request is asked once more on the first, when that
    /// is free.
    pub(super) fn give_up(&mut self, now: Instant, lane: Lane, mut pending: Pending) {
        self.usable = self.usable.min(lane.index()).max(1);
        pending.attempts = limits::ATTEMPTS.saturating_sub(1);
        pending.connection = Connection::Any;
        pending.phase = Phase::Due(now);
        *self.place(lane) = Some(pending);
        self.bring_home();
    }

    /// Moves the oldest request of the lanes that do not work to the first, if that is free.
    pub(super) fn bring_home(&mut self) {
        let Some((first, others)) = self.places.split_first_mut() else {
            return;
        };
        let given_up = others.iter_mut().skip(self.usable.saturating_sub(1));
        let homeless = given_up.filter(|place| place.as_ref().is_some_and(Pending::is_due));
        let number = |place: &&mut Option<Pending>| place.as_ref().map(|pending| pending.number);
        if first.is_none()
            && let Some(oldest) = homeless.min_by_key(number)
        {
            *first = oldest.take();
        }
    }

    /// What is under way must be answered by then, if it is the first attempt.
    pub(super) fn hasten(&mut self, by: Instant) {
        for pending in self.places.iter_mut().flatten() {
            if let Phase::Asked { deadline, .. } = &mut pending.phase
                && pending.attempts < limits::ATTEMPTS
            {
                *deadline = by.min(*deadline);
            }
        }
    }

    /// When a lane needs attention.
    pub(super) fn due(&self) -> Option<Instant> {
        let lanes = Lane::ALL.into_iter().filter_map(|lane| {
            let pending = self.get(lane)?;
            (self.is_usable(lane) || !pending.is_due()).then(|| pending.due())
        });
        lanes.min()
    }

    pub(super) fn clear(&mut self) {
        self.places = Default::default();
    }
}
