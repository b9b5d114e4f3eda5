//! A member's side of an object.

use std::task::{Context, Poll};
use std::time::Instant;

use super::client::Seat;
use super::content::Changes;
use super::object::SharedObject;
use super::request::Batch;
use super::state::Told;
use super::update::{Delivery, MemberId, MemberUpdate};

/// One who uses an object; dropping it releases the object.
///
/// What it gets, in this order:
///
/// 1. [`Delivery::Joined`] with the slots as they were when it joined.
/// 2. Every [`Delivery::Update`] since then, in the order of the object, which is the same for all
///    members, with the answers to its own requests in between.
/// 3. When it was too slow: [`Delivery::Resynced`] with all slots, in place of the updates and answers
///    it has missed.
#[derive(Debug)]
pub struct Member<V: PartialEq> {
    object: SharedObject<V>,
    seat: Seat,
    id: MemberId,
    joined: Option<Changes<V>>,
}

/// A batch came too soon; nothing of it was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Throttled<V> {
    /// When to ask again. Until then the client should not be read, so that it slows down.
    pub until: Instant,
    /// The batch.
    pub batch: Batch<V>,
}

impl<V: PartialEq> Member<V> {
    pub(crate) const fn new(
        object: SharedObject<V>,
        seat: Seat,
        id: MemberId,
        joined: Changes<V>,
    ) -> Self {
        Self {
            object,
            seat,
            id,
            joined: Some(joined),
        }
    }

    /// The object.
    pub const fn object(&self) -> &SharedObject<V> {
        &self.object
    }

    /// Asks for changes: one step of the object and one update for each member. The answer comes as a
    /// delivery. While the object is locked it waits.
    ///
    /// # Errors
    /// [`Throttled`] when the client has asked for more than its rate allows (`so.rate`).
    pub fn ask(&self, now: Instant, batch: Batch<V>) -> Result<(), Throttled<V>> {
        if let Err(until) = self.seat.0.pay(now, batch.requests.len()) {
            self.object.registry().counters.throttled.add(1);
            return Err(Throttled { until, batch });
        }
        let outcome = self.object.state(|state| state.ask(self.id, batch));
        self.object.finish(outcome);
        Ok(())
    }

    /// The next delivery. `Pending` only when the member has everything; the task of the newest call is
    /// then woken when there is more.
    pub fn poll_next(&mut self, cx: &Context<'_>) -> Poll<Delivery<V>> {
        if let Some(joined) = self.joined.take() {
            return Poll::Ready(Delivery::Joined(joined));
        }
        let mut told = self.object.state(|state| state.next(self.id));
        if matches!(told, Told::Nothing) {
            // Foreign code, like the drop of the old one: not under the lock.
            let waker = cx.waker().clone();
            let (again, old) = self.object.state(|state| match state.next(self.id) {
                Told::Nothing => (Told::Nothing, state.log.arm(self.id, waker)),
                told => (told, Some(waker)),
            });
            drop(old);
            told = again;
        }
        match told {
            Told::Nothing => Poll::Pending,
            Told::Update(update) => {
                let member = self.id;
                Poll::Ready(Delivery::Update(MemberUpdate { update, member }))
            }
            Told::Resync(changes) => {
                self.object.registry().counters.lag_resyncs.add(1);
                Poll::Ready(Delivery::Resynced(changes))
            }
        }
    }
}

impl<V: PartialEq> Drop for Member<V> {
    fn drop(&mut self) {
        let old = self.object.state(|state| state.log.leave(self.id));
        drop(old);
    }
}
