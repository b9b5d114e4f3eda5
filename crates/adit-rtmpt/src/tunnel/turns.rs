//! Requests in, each in its turn.

use std::time::Instant;

use bytes::Bytes;

use super::{Release, ServerTunnel, Waiting};
use crate::limits;
use crate::order::{Kind, Parked, Place, Waiters};
use crate::reply::Reply;
use crate::request::{RequestId, Sequence};
use crate::state::{CloseReason, State};

impl ServerTunnel {
    /// The number of a request. A close without a number, or with one that cannot be its own, comes after all others.
    pub(super) fn number(&self, kind: Kind, sequence: Option<Sequence>) -> u64 {
        let sequence = sequence.map(Sequence::value);
        match sequence {
            Some(sequence) if kind != Kind::Close => sequence,
            Some(sequence) if matches!(self.order.place(sequence), Place::Free | Place::Parked) => {
                sequence
            }
            _ => self
                .order
                .close_number()
                .unwrap_or_else(|| self.order.after_all()),
        }
    }

    /// A request whose number has had its turn: never fed again, answered with what was answered.
    pub(super) fn handle_past(&mut self, now: Instant, id: RequestId, sequence: u64, body: &Bytes) {
        let mut waiting = self.waiting.iter();
        if let Some(place) = waiting.position(|waiting| waiting.sequence == sequence) {
            self.counters.duplicates += 1;
            self.join_waiting(now, id, place);
        } else if let Some(reply) = self.cache.get(sequence) {
            self.counters.duplicates += 1;
            self.ready.push_back((id, reply.clone()));
        } else if sequence == 0 && self.order.began_with_one() && !body.is_empty() {
            self.fail(id, CloseReason::MissedFirst);
        } else {
            self.counters.stale += 1;
            self.ready.push_back((id, self.empty_reply()));
        }
    }

    /// A duplicate of a waiting number: it waits for the same reply. If its connection was gone, it waits anew.
    fn join_waiting(&mut self, now: Instant, id: RequestId, place: usize) {
        let patience = |kind| self.patience(kind);
        let until = self
            .waiting
            .get(place)
            .map(|waiting| now + patience(waiting.kind));
        let Some((waiting, until)) = self.waiting.get_mut(place).zip(until) else {
            return;
        };
        if waiting.waiters.is_empty() {
            waiting.until = until;
        }
        if !waiting.waiters.add(id) {
            self.counters.superseded += 1;
            self.ready.push_back((id, Reply::Superseded));
        }
    }

    /// A duplicate of a request that waits for its turn.
    pub(super) fn handle_parked(&mut self, now: Instant, id: RequestId, sequence: u64) {
        let Some(parked) = self.order.get_mut(sequence) else {
            return;
        };
        self.counters.duplicates += 1;
        if let Some(early) = &parked.early {
            self.ready.push_back((id, early.clone()));
        } else if parked.waiters.add(id) {
            // Without waiters its time may have passed unnoticed.
            self.answer_late(now);
        } else {
            self.counters.superseded += 1;
            self.ready.push_back((id, Reply::Superseded));
        }
    }

    /// A request that was not seen before, the next one or one ahead of it.
    pub(super) fn handle_new(
        &mut self,
        now: Instant,
        id: RequestId,
        kind: Kind,
        sequence: u64,
        body: Bytes,
    ) {
        if sequence > self.order.next() {
            self.counters.reordered += 1;
        }
        if !(kind == Kind::Idle && sequence == self.order.next() && self.holds_idles()) {
            self.release(now, Release::Overtaken);
        }
        if matches!(self.state, State::Closed(_)) {
            self.ready.push_back((id, Reply::Closed));
            return;
        }
        let waiters = Waiters::one(id);
        self.order.park(
            now,
            sequence,
            Parked {
                kind,
                body,
                waiters,
                arrived: now,
                early: None,
            },
        );
        self.advance(now);
        let order = &self.config.order;
        let most = if self.is_proven() {
            order.ahead_bytes
        } else {
            order.ahead_bytes_unproven
        };
        if self.order.bytes_ahead() > most {
            self.end(CloseReason::TooManyBytesAhead {
                missing: self.order.next(),
            });
        }
    }

    /// Gives every request its turn that can have it.
    pub(super) fn advance(&mut self, now: Instant) {
        while !matches!(self.state, State::Closed(_))
            && let Some(len) = self.order.next_len()
            && (len == 0 || self.has_room_upstream())
            && let Some((sequence, request)) = self.order.take_next(now)
        {
            self.take_turn(now, sequence, request);
        }
    }

    /// The turn of a request: its bytes go up, and it waits for its answer.
    fn take_turn(&mut self, now: Instant, sequence: u64, mut request: Parked) {
        self.make_way(now, &request);
        if matches!(self.state, State::Closed(_)) {
            // The request before this one fetched the last bytes there were.
            for waiter in request.waiters.take() {
                self.ready.push_back((waiter, Reply::Closed));
            }
            return;
        }
        if request.kind == Kind::Close {
            self.cache.push(sequence, Reply::Closed, &self.config.reply);
            for waiter in request.waiters.take() {
                self.ready.push_back((waiter, Reply::Closed));
            }
            self.end(CloseReason::Peer);
            return;
        }
        self.receive(request.body);
        if let Some(early) = request.early {
            self.cache.push(sequence, early, &self.config.reply);
        } else {
            let until = now + self.patience(request.kind);
            self.waiting.push_back(Waiting {
                sequence,
                kind: request.kind,
                waiters: request.waiters,
                until,
            });
        }
    }

    /// Answers what a request overtakes: all that waits, but an idle is held beside other idles, so that a client with several
    /// connections is never without one while data flows.
    fn make_way(&mut self, now: Instant, request: &Parked) {
        if request.kind == Kind::Idle && request.early.is_none() && self.holds_idles() {
            while self.waiting.len() >= limits::HELD_IDLES {
                self.release_lowest(now, Release::Overtaken);
            }
            if !self.waiting.is_empty() {
                let config = &self.config.reply;
                self.pace.reply_bytes_max = (config.bytes_max / 2).max(config.bytes);
            }
        } else {
            self.release(now, Release::Overtaken);
        }
    }

    /// Whether nothing waits but idles.
    fn holds_idles(&self) -> bool {
        self.waiting
            .iter()
            .all(|waiting| waiting.kind == Kind::Idle)
    }

    fn receive(&mut self, body: Bytes) {
        if self.state == State::Open && !body.is_empty() {
            self.counters.received_bytes += body.len() as u64;
            self.received.bytes = self.received.bytes.saturating_add(body.len());
            self.received.queue.push_back(body);
        }
    }

    fn has_room_upstream(&self) -> bool {
        let bodies = self.received.queue.len();
        bodies == 0
            || (bodies < limits::RECEIVED_BODIES
                && self.received.bytes < self.config.lifetime.received_bytes)
    }
}
