//! One object: its slots, its members, its locks, in the order in which all of it happens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Waker;

use super::budget::Charge;
use super::content::{Changes, Content, Extent};
use super::log::{Log, Next};
use super::request::{Batch, Refusal, Request};
use super::step::{Author, Step};
use super::update::{Change, MemberId, Update};
use crate::limits::ObjectLimits;

#[derive(Debug)]
pub(crate) struct State<V> {
    pub(crate) content: Content<V>,
    pub(crate) log: Log<V>,
    step: Step<V>,
    locks: usize,
    waiting: Waiting<V>,
    limits: ObjectLimits,
}

/// What members have asked for while the object is locked.
#[derive(Debug)]
struct Waiting<V> {
    batches: VecDeque<(MemberId, Batch<V>)>,
    requests: usize,
    bytes: usize,
}

/// What came of a step, for those who count, wake and store.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Members to wake, after the lock is released.
    pub(crate) wakers: Vec<Waker>,
    /// All members are told something.
    pub(crate) is_public: bool,
    /// Slots have changed.
    pub(crate) has_changed: bool,
    /// What was refused.
    pub(crate) refusals: Vec<Refusal>,
}

impl<V: PartialEq> State<V> {
    pub(crate) fn new(tells_changes: bool, limits: ObjectLimits, charge: Charge) -> Self {
        Self {
            content: Content::new(tells_changes, limits, charge),
            log: Log::new(limits),
            step: Step::default(),
            locks: 0,
            waiting: Waiting {
                batches: VecDeque::new(),
                requests: 0,
                bytes: 0,
            },
            limits,
        }
    }

    /// What a member asks for; it waits while the object is locked.
    pub(crate) fn ask(&mut self, id: MemberId, batch: Batch<V>) -> Outcome {
        if self.locks > 0 {
            return self.wait(id, batch);
        }
        self.content.begin_step();
        self.apply(id, batch);
        self.end()
    }

    fn wait(&mut self, id: MemberId, batch: Batch<V>) -> Outcome {
        let requests = self.waiting.requests.saturating_add(batch.requests.len());
        let bytes = batch.requests.iter().map(Request::bytes);
        let bytes = bytes.fold(self.waiting.bytes, usize::saturating_add);
        if requests <= self.limits.locked.count && bytes <= self.limits.locked.bytes {
            (self.waiting.requests, self.waiting.bytes) = (requests, bytes);
            self.waiting.batches.push_back((id, batch));
            return Outcome::default();
        }
        // At once and beside the step that the lock keeps open.
        let mut refused = Step::default();
        if let Some(trusted_from) = self.log.trusted_from(id) {
            let mut author = Author {
                member: Some(id),
                based_on: batch.based_on,
                trusted_from,
            };
            for request in &batch.requests {
                refused.deny(&self.content, &mut author, request, Refusal::Locked);
            }
        }
        let ended = refused.end(&mut self.content);
        self.tell(ended)
    }

    fn apply(&mut self, id: MemberId, batch: Batch<V>) {
        let mut gone = 0;
        let mut author = Author {
            member: Some(id),
            based_on: batch.based_on,
            trusted_from: self.log.trusted_from(id).unwrap_or(&mut gone),
        };
        self.step.apply(&mut self.content, &mut author, batch);
    }

    /// What the server does; under a lock it becomes part of the step that ends with the lock.
    pub(crate) fn act(&mut self, request: Request<V>) -> Outcome {
        if self.locks == 0 {
            self.content.begin_step();
        }
        let mut author = Author {
            member: None,
            based_on: None,
            trusted_from: &mut 0,
        };
        self.step.request(&mut self.content, &mut author, request);
        if self.locks == 0 {
            self.end()
        } else {
            Outcome::default()
        }
    }

    pub(crate) fn lock(&mut self) {
        if self.locks == 0 {
            self.content.begin_step();
        }
        self.locks = self.locks.saturating_add(1);
    }

    /// Ends one lock; with the last one all that was done and asked for meanwhile becomes one step.
    pub(crate) fn unlock(&mut self) -> Outcome {
        self.locks = self.locks.saturating_sub(1);
        if self.locks > 0 {
            return Outcome::default();
        }
        (self.waiting.requests, self.waiting.bytes) = (0, 0);
        for (id, batch) in std::mem::take(&mut self.waiting.batches) {
            self.apply(id, batch);
        }
        self.end()
    }

    fn end(&mut self) -> Outcome {
        let ended = self.step.end(&mut self.content);
        self.tell(ended)
    }

    /// Hands an update to those whom it concerns.
    fn tell(&mut self, ended: Option<(Update<V>, bool)>) -> Outcome {
        let mut outcome = Outcome::default();
        let Some((update, has_changed)) = ended else {
            return outcome;
        };
        outcome.has_changed = has_changed;
        let refusals = update.changes.iter().filter_map(|it| it.what.refusal());
        outcome.refusals = refusals.collect();
        outcome.is_public = update.changes.iter().any(|it| it.what.is_public());
        if outcome.is_public {
            self.log.append(update, &mut outcome.wakers);
            return outcome;
        }
        // Answers only, most often to one member.
        let version = update.version;
        let mut rest = update.changes;
        while let Some(id) = rest.first().and_then(|change| change.by) {
            let is_own = |change: &mut Change<V>| change.by == Some(id);
            let own = rest.extract_if(.., is_own).collect();
            let update = Update::new(version, own, 0);
            self.log.append_own(id, update, &mut outcome.wakers);
        }
        outcome
    }

    /// Adds a member that knows a version of the object, 0 for none; gives what it does not know.
    pub(crate) fn join(&mut self, id: MemberId, known: u32) -> Changes<V> {
        let joined = self.content.changes_since(known);
        // All slots are under way: they undo what it sets before it has heard of them.
        let trusted_from = match joined.extent {
            Extent::All => joined.version.max(known.saturating_add(1)),
            Extent::Changed => 0,
        };
        self.log.join(id, trusted_from);
        joined
    }

    /// What a member gets next.
    pub(crate) fn next(&mut self, id: MemberId) -> Told<V> {
        match self.log.next(id) {
            Next::Update(update) => Told::Update(update),
            Next::Nothing => Told::Nothing,
            Next::Lost => {
                self.log.find(id, self.content.next_version());
                Told::Resync(self.content.all())
            }
        }
    }
}

/// What a member gets next.
#[derive(Debug)]
pub(crate) enum Told<V> {
    Update(Arc<Update<V>>),
    Resync(Changes<V>),
    Nothing,
}
