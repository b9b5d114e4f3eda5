//! Deadlines, and how a session ends.

use std::time::Instant;

use super::{Polling, ServerTunnel};
use crate::reply::Reply;
use crate::request::RequestId;
use crate::state::{CloseReason, State};

impl ServerTunnel {
    /// Ends the session because of what a request is or brings.
    pub(super) fn fail(&mut self, id: RequestId, reason: CloseReason) {
        self.end(reason);
        self.ready.push_back((id, Reply::Closed));
    }

    /// Ends the session. Everything that waits is answered with the end.
    pub(super) fn end(&mut self, reason: CloseReason) {
        self.state = State::Closed(reason);
        self.downstream.clear();
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let waiting = waiting.map(|waiting| waiting.waiters);
        let parked = self.order.take_all().map(|parked| parked.waiters);
        for mut waiters in waiting.chain(parked) {
            for waiter in waiters.take() {
                self.ready.push_back((waiter, Reply::Closed));
            }
        }
    }

    /// Why the session must end now, if it must.
    pub(super) fn overdue(&self, now: Instant) -> Option<CloseReason> {
        if let Some((due, reason)) = self.end_deadline()
            && due <= now
        {
            return Some(reason);
        }
        let hole = self.order.hole_deadline()?;
        (hole <= now).then(|| CloseReason::Hole {
            missing: self.order.next(),
        })
    }

    pub(super) fn end_deadline(&self) -> Option<(Instant, CloseReason)> {
        let lifetime = &self.config.lifetime;
        let idle = (self.clock.asked + lifetime.idle, CloseReason::Idle);
        let drain = (
            self.clock.drained + lifetime.drain,
            CloseReason::DrainTimeout,
        );
        match self.state {
            State::Open => Some(idle),
            State::Draining => Some(if drain.0 <= idle.0 { drain } else { idle }),
            State::Closed(_) => None,
        }
    }

    /// A client that waits for us has not stopped polling.
    pub(super) fn stall_deadline(&self) -> Option<Instant> {
        let is_waited_for = self
            .waiting
            .iter()
            .any(|waiting| !waiting.waiters.is_empty());
        let is_over = matches!(self.state, State::Closed(_));
        if is_over || is_waited_for || self.clock.polling == Polling::Stalled {
            return None;
        }
        Some(self.clock.contact + self.config.lifetime.stalled)
    }

    pub(super) fn hold_deadline(&self) -> Option<Instant> {
        let awaited = self
            .waiting
            .iter()
            .filter(|waiting| !waiting.waiters.is_empty());
        let until = awaited.map(|waiting| waiting.until).min()?;
        let coalesced = self
            .downstream
            .since()
            .map(|since| since + self.coalescing(since).1);
        Some(coalesced.map_or(until, |coalesced| coalesced.min(until)))
    }
}
