//! The server's side of an object.

use std::sync::Arc;

use super::client::{Client, JoinError};
use super::content::{Changes, Size};
use super::key::ObjectKey;
use super::member::Member;
use super::registry::{Core, Registry};
use super::request::{Permission, Request};
use super::state::{Outcome, State};

/// The server's hold on an object: as long as there is one, the object is there, with or without
/// members. A clone is one more hold.
///
/// What the server does is never refused for want of rights, only by the limits, and reaches all
/// members.
#[derive(Debug)]
pub struct SharedObject<V> {
    registry: Arc<Registry<V>>,
    core: Arc<Core<V>>,
}

/// What a member may do and knows as it joins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The version of the object that it has kept, 0 for none. From a persistent object it then gets
    /// only what has changed since.
    pub known: u32,
    /// Whether it may read the object.
    pub read: Permission,
}

impl<V> SharedObject<V> {
    /// Takes over a handle that is counted already.
    pub(crate) const fn new(registry: Arc<Registry<V>>, core: Arc<Core<V>>) -> Self {
        Self { registry, core }
    }

    /// Its key.
    pub fn key(&self) -> &ObjectKey {
        &self.core.key
    }

    pub(crate) fn registry(&self) -> &Registry<V> {
        &self.registry
    }
}

impl<V: PartialEq> SharedObject<V> {
    /// Adds a member, whose first delivery is what the object holds at this moment.
    ///
    /// # Errors
    /// It may not read the object, or its client uses as many objects as it may (`so.per_conn`).
    pub fn join(&self, client: &Client, joining: Joining) -> Result<Member<V>, JoinError> {
        if joining.read == Permission::Denied {
            return Err(JoinError::NoReadAccess);
        }
        let Some(seat) = client.seat() else {
            self.registry.counters.refused.per_client.add(1);
            return Err(JoinError::TooMany);
        };
        self.registry.counters.joined.add(1);
        let id = self.registry.next_member();
        let joined = self.state(|state| state.join(id, joining.known));
        Ok(Member::new(self.clone(), seat, id, joined))
    }

    /// Its version: it begins with 1 and grows by one with each step that changes slots.
    pub fn version(&self) -> u32 {
        self.state(|state| state.content.version())
    }

    /// How many members it has.
    pub fn members(&self) -> usize {
        self.state(|state| state.log.members())
    }

    /// The value of a slot.
    pub fn value(&self, slot: &str) -> Option<Arc<V>> {
        self.state(|state| state.content.value(slot).cloned())
    }

    /// All slots, for a store or to look at.
    pub fn all(&self) -> Changes<V> {
        self.state(|state| state.content.all())
    }

    /// What has changed since a version, for a store that has that one; all slots where that is not
    /// known.
    pub fn changes_since(&self, version: u32) -> Changes<V> {
        self.state(|state| state.content.changes_since(version))
    }

    /// The same, and what the object takes with it.
    pub fn changes_and_size_since(&self, version: u32) -> (Changes<V>, Size) {
        self.state(|state| {
            let content = &state.content;
            (content.changes_since(version), content.size())
        })
    }

    /// Changes slots or sends a message, at once or, under a [`lock`](Self::lock), as a part of its
    /// step. Past a limit nothing happens, and the limit is counted.
    pub fn act(&self, request: Request<V>) {
        let outcome = self.state(|state| state.act(request));
        self.finish(outcome);
    }

    /// Keeps changes of members waiting until the guard, and every other one, is dropped. What they
    /// have asked for then follows what the server has done, and all of it is one step of the object
    /// and one update for each member.
    ///
    /// Whoever reads a slot to change it does so under a lock.
    pub fn lock(&self) -> Lock<V> {
        self.state(State::lock);
        Lock(self.clone())
    }

    /// Forgets the slots that were removed before this version: members that come back with an older
    /// one get all slots.
    pub fn purge(&self, version: u32) {
        self.state(|state| state.content.purge(version));
    }

    /// How many versions a member that comes back may be behind and still get only what has changed;
    /// `None`, as in the beginning: any number.
    pub fn set_resync_depth(&self, depth: Option<u32>) {
        self.state(|state| state.content.set_resync_depth(depth));
    }

    /// Looks at or changes the state; nothing is woken under its lock.
    pub(crate) fn state<T>(&self, look: impl FnOnce(&mut State<V>) -> T) -> T {
        look(&mut self.core.state())
    }

    /// Counts, wakes and stores what came of a step.
    pub(crate) fn finish(&self, outcome: Outcome) {
        self.registry.counters.updates.hit(outcome.is_public);
        self.registry.count(&outcome.refusals);
        if outcome.has_changed {
            self.registry.save(&self.core);
        }
        for waker in outcome.wakers {
            waker.wake();
        }
    }
}

impl<V> Clone for SharedObject<V> {
    fn clone(&self) -> Self {
        self.registry.hold(&self.core.key);
        Self {
            registry: Arc::clone(&self.registry),
            core: Arc::clone(&self.core),
        }
    }
}

impl<V> Drop for SharedObject<V> {
    fn drop(&mut self) {
        self.registry.release(&self.core.key);
    }
}

/// Keeps an object locked; see [`SharedObject::lock`].
#[derive(Debug)]
#[must_use = "the object is locked only as long as this lives"]
pub struct Lock<V: PartialEq>(SharedObject<V>);

impl<V: PartialEq> Drop for Lock<V> {
    fn drop(&mut self) {
        let outcome = self.0.state(State::unlock);
        self.0.finish(outcome);
    }
}
