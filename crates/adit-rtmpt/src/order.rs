//! Requests in the order of their numbers.

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;

use crate::config::OrderConfig;
use crate::limits;
use crate::reply::Reply;
use crate::request::RequestId;

/// What a request asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Send,
    Idle,
    Close,
}

/// The HTTP exchanges that wait for the reply to one number: the request and its duplicates.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Vec<RequestId>);

impl Waiters {
    pub(crate) fn one(id: RequestId) -> Self {
        Self(vec![id])
    }

    /// Adds a duplicate; `false` when [`limits::WAITERS`] wait already.
    pub(crate) fn add(&mut self, id: RequestId) -> bool {
        let has_room = self.0.len() < limits::WAITERS;
        if has_room {
            self.0.push(id);
        }
        has_room
    }

    pub(crate) fn remove(&mut self, id: RequestId) {
        self.0.retain(|waiter| *waiter != id);
    }

    pub(crate) fn contains(&self, id: RequestId) -> bool {
        self.0.contains(&id)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self) -> Vec<RequestId> {
        std::mem::take(&mut self.0)
    }
}

/// A request that waits for its turn.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) kind: Kind,
    pub(crate) body: Bytes,
    pub(crate) waiters: Waiters,
    pub(crate) arrived: Instant,
    /// The reply, if it was given before the turn came.
    pub(crate) early: Option<Reply>,
}

/// Where a number stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Its turn has passed.
    Past,
    /// It waits for its turn.
    Parked,
    /// It is the next one, or ahead of it within the window.
    Free,
    /// It is beyond the window.
    TooFar,
}

/// The next number and those that wait behind it.
///
/// ```text
///    past           next   hole   parked         beyond the window
///   ───────────────┬──────┬──────┬───────┬──────┬─────────────────▶ numbers
///    answered      │  5   │  6   │ 7   8 │ … 37 │  38
/// ```
///
/// The first number is 0 for most clients and 1 for some (Q-122). A 1 that comes first may have overtaken the 0, so it waits
/// a moment for it.
#[derive(Debug)]
pub(crate) struct Order {
    config: OrderConfig,
    next: u64,
    first: First,
    parked: BTreeMap<u64, Parked>,
    parked_bytes: usize,
    hole_since: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum First {
    Unknown,
    Zero,
    One,
}

impl Order {
    pub(crate) fn new(config: OrderConfig) -> Self {
        Self {
            config,
            next: 0,
            first: First::Unknown,
            parked: BTreeMap::new(),
            parked_bytes: 0,
            hole_since: None,
        }
    }

    /// The number whose turn it is.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The number after all that were seen.
    pub(crate) fn after_all(&self) -> u64 {
        self.parked
            .last_key_value()
            .map_or(self.next, |(last, _)| last.saturating_add(1))
    }

    /// The number of a close that waits for its turn.
    pub(crate) fn close_number(&self) -> Option<u64> {
        let close = self
            .parked
            .iter()
            .find(|(_, request)| request.kind == Kind::Close);
        close.map(|(sequence, _)| *sequence)
    }

    pub(crate) fn place(&self, sequence: u64) -> Place {
        match sequence.checked_sub(self.next) {
            None => Place::Past,
            Some(_) if self.parked.contains_key(&sequence) => Place::Parked,
            Some(ahead) if ahead <= self.config.ahead => Place::Free,
            Some(_) => Place::TooFar,
        }
    }

    /// Whether the session began with number 1, so that a number 0 can no longer be served.
    pub(crate) fn began_with_one(&self) -> bool {
        self.first == First::One
    }

    /// Lets a request wait for its turn.
    pub(crate) fn park(&mut self, now: Instant, sequence: u64, request: Parked) {
        self.parked_bytes = self.parked_bytes.saturating_add(request.body.len());
        self.parked.insert(sequence, request);
        self.look_for_hole(now);
    }

    /// The body length of the request whose turn it is, if it is here.
    pub(crate) fn next_len(&self) -> Option<usize> {
        self.parked
            .get(&self.next)
            .map(|request| request.body.len())
    }

    /// Takes the request whose turn it is, if it is here.
    pub(crate) fn take_next(&mut self, now: Instant) -> Option<(u64, Parked)> {
        let sequence = self.next;
        let request = self.parked.remove(&sequence)?;
        self.parked_bytes = self.parked_bytes.saturating_sub(request.body.len());
        self.next = self.next.saturating_add(1);
        if self.first == First::Unknown {
            self.first = First::Zero;
        }
        self.look_for_hole(now);
        Some((sequence, request))
    }

    /// Takes everything that waits, in order: the session is over.
    pub(crate) fn take_all(&mut self) -> impl Iterator<Item = Parked> {
        self.parked_bytes = 0;
        self.hole_since = None;
        std::mem::take(&mut self.parked).into_values()
    }

    pub(crate) fn get_mut(&mut self, sequence: u64) -> Option<&mut Parked> {
        self.parked.get_mut(&sequence)
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Parked> {
        self.parked.values_mut()
    }

    /// Whether a number is missing in front of others.
    pub(crate) fn has_hole(&self) -> bool {
        self.hole_since.is_some()
    }

    /// Bytes that wait, those of the next number included.
    pub(crate) fn parked_bytes(&self) -> usize {
        self.parked_bytes
    }

    /// Bytes that wait behind a missing number or behind the next one.
    pub(crate) fn bytes_ahead(&self) -> usize {
        self.parked_bytes
            .saturating_sub(self.next_len().unwrap_or(0))
    }

    /// When the missing number must have come.
    pub(crate) fn hole_deadline(&self) -> Option<Instant> {
        self.hole_since.map(|since| since + self.config.hole)
    }

    /// When a first number 1 has waited long enough for a number 0.
    pub(crate) fn first_deadline(&self) -> Option<Instant> {
        if self.first != First::Unknown || !self.has_hole() {
            return None;
        }
        self.parked
            .get(&1)
            .map(|request| request.arrived + self.config.first_grace)
    }

    /// Makes 1 the first number.
    pub(crate) fn begin_with_one(&mut self) {
        self.next = 1;
        self.first = First::One;
        self.hole_since = None;
    }

    /// When the next request ahead of the hole gets its early reply.
    pub(crate) fn early_deadline(&self) -> Option<Instant> {
        if !self.has_hole() {
            return None;
        }
        let unanswered = self
            .parked
            .values()
            .filter(|request| !request.waiters.is_empty());
        unanswered
            .map(|request| request.arrived + self.config.ahead_answer)
            .min()
    }

    fn look_for_hole(&mut self, now: Instant) {
        if self.parked.is_empty() || self.parked.contains_key(&self.next) {
            self.hole_since = None;
        } else {
            self.hole_since.get_or_insert(now);
        }
    }
}
