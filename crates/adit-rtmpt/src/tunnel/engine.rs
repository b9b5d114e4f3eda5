//! What happens inside a session: turns, replies, deadlines and the end.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Polling, Release, ServerTunnel, Waiting};
use crate::limits;
use crate::order::{Kind, Parked, Place, Waiters};
use crate::reply::{Reply, ReplyBody};
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
        if self
            .waiting
            .as_ref()
            .is_some_and(|waiting| waiting.sequence == sequence)
        {
            self.counters.duplicates += 1;
            self.join_waiting(now, id);
        } else if let Some(reply) = self.cache.get(sequence) {
            self.counters.duplicates += 1;
            self.ready.push_back((id, reply.clone()));
        } else if sequence == 0 && self.order.began_with_one() && !body.is_empty() {
            self.fail(id, CloseReason::MissedFirst);
        } else {
            self.counters.stale += 1;
            let body = ReplyBody::new(self.pace.ladder.current(), Vec::new());
            self.ready.push_back((id, Reply::Ok { body }));
        }
    }

    /// A duplicate of the waiting number: it waits for the same reply. If its connection was gone, it waits anew.
    fn join_waiting(&mut self, now: Instant, id: RequestId) {
        let Some(mut waiting) = self.waiting.take() else {
            return;
        };
        if waiting.waiters.is_empty() {
            waiting.until = now + self.patience(waiting.kind);
        }
        if !waiting.waiters.add(id) {
            self.counters.superseded += 1;
            self.ready.push_back((id, Reply::Superseded));
        }
        self.waiting = Some(waiting);
    }

    /// A duplicate of a request that waits for its turn.
    pub(super) fn handle_parked(&mut self, id: RequestId, sequence: u64) {
        let Some(parked) = self.order.get_mut(sequence) else {
            return;
        };
        self.counters.duplicates += 1;
        if let Some(early) = &parked.early {
            self.ready.push_back((id, early.clone()));
        } else if !parked.waiters.add(id) {
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
        self.release(now, Release::Overtaken);
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

    /// Answers the waiting number if there is reason to.
    pub(super) fn settle(&mut self, now: Instant) {
        let Some(waiting) = &self.waiting else {
            return;
        };
        if waiting.waiters.is_empty() {
            return;
        }
        let is_draining = self.state == State::Draining;
        let has_data = self.downstream.len() > 0;
        let is_prompt = waiting.kind == Kind::Send || is_draining || self.is_coalesced(now);
        if (has_data && is_prompt) || (is_draining && !has_data) {
            self.release(now, Release::Data);
        } else if waiting.until <= now {
            self.release(now, Release::Expired);
        }
    }

    /// Answers the waiting number, whatever there is to give.
    ///
    /// If nobody waits for the reply, it carries nothing: its client may have given it up.
    pub(super) fn release(&mut self, now: Instant, why: Release) {
        let Some(Waiting {
            sequence,
            kind,
            mut waiters,
            ..
        }) = self.waiting.take()
        else {
            return;
        };
        let reply = if waiters.is_empty() {
            self.empty_reply()
        } else {
            self.clock.contact = now;
            self.compose(now, kind, why)
        };
        self.cache.push(sequence, reply.clone(), &self.config.reply);
        for waiter in waiters.take() {
            self.ready.push_back((waiter, reply.clone()));
        }
        if reply == Reply::Closed {
            self.end(CloseReason::Local);
        }
    }

    /// Answers requests ahead of a hole before their turn, with nothing in the reply.
    pub(super) fn answer_early(&mut self, is_due: impl Fn(&Parked) -> bool) {
        let empty = self.empty_reply();
        for parked in self.order.iter_mut() {
            if parked.waiters.is_empty() || !is_due(parked) {
                continue;
            }
            let reply = if parked.kind == Kind::Close {
                Reply::Closed
            } else {
                empty.clone()
            };
            for waiter in parked.waiters.take() {
                self.ready.push_back((waiter, reply.clone()));
            }
            parked.early = Some(reply);
            self.counters.answered_early += 1;
        }
    }

    /// Ends the session because of what a request is or brings.
    pub(super) fn fail(&mut self, id: RequestId, reason: CloseReason) {
        self.end(reason);
        self.ready.push_back((id, Reply::Closed));
    }

    /// Ends the session. Everything that waits is answered with the end.
    pub(super) fn end(&mut self, reason: CloseReason) {
        self.state = State::Closed(reason);
        self.downstream.clear();
        let waiting = self.waiting.take().map(|waiting| waiting.waiters);
        let parked = self.order.take_all().map(|parked| parked.waiters);
        for mut waiters in waiting.into_iter().chain(parked) {
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
            .as_ref()
            .is_some_and(|waiting| !waiting.waiters.is_empty());
        let is_over = matches!(self.state, State::Closed(_));
        if is_over || is_waited_for || self.clock.polling == Polling::Stalled {
            return None;
        }
        Some(self.clock.contact + self.config.lifetime.stalled)
    }

    pub(super) fn hold_deadline(&self) -> Option<Instant> {
        let waiting = self
            .waiting
            .as_ref()
            .filter(|waiting| !waiting.waiters.is_empty())?;
        let coalesced = self
            .downstream
            .since()
            .map(|since| since + self.config.reply.coalesce_delay);
        Some(coalesced.map_or(waiting.until, |coalesced| coalesced.min(waiting.until)))
    }

    /// The turn of a request: its bytes go up, and it becomes the lowest unanswered number.
    fn take_turn(&mut self, now: Instant, sequence: u64, mut request: Parked) {
        self.release(now, Release::Overtaken);
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
            self.waiting = Some(Waiting {
                sequence,
                kind: request.kind,
                waiters: request.waiters,
                until,
            });
        }
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

    /// Fills a reply with the oldest bytes that wait; with the end, when the last of them is gone.
    fn compose(&mut self, now: Instant, kind: Kind, why: Release) -> Reply {
        if self.state == State::Draining && self.downstream.len() == 0 {
            return Reply::Closed;
        }
        let before = self.downstream.len();
        let data = self.downstream.take(now, self.pace.reply_bytes);
        let sent = before.saturating_sub(self.downstream.len());
        self.counters.sent_bytes += sent as u64;
        if sent == 0 {
            self.note_silence(kind, why);
            return self.empty_reply();
        }
        self.clock.drained = now;
        self.pace.misses = 0;
        let config = &self.config.reply;
        self.pace.reply_bytes = if self.downstream.len() > 0 {
            self.pace
                .reply_bytes
                .saturating_mul(2)
                .min(config.bytes_max)
        } else {
            config.bytes
        };
        Reply::Ok {
            body: ReplyBody::new(self.pace.ladder.data(), data),
        }
    }

    /// Only waiting in vain says that the stream is quiet: an idle that was overtaken says nothing.
    fn note_silence(&mut self, kind: Kind, why: Release) {
        match (kind, why) {
            (Kind::Idle, Release::Expired) => {
                self.counters.silent_idles += 1;
                self.pace.ladder.silence();
            }
            (Kind::Send, Release::Expired) => {
                self.pace.misses = self.pace.misses.saturating_add(1);
            }
            _ => {}
        }
    }

    fn empty_reply(&self) -> Reply {
        Reply::Ok {
            body: ReplyBody::new(self.pace.ladder.current(), Vec::new()),
        }
    }

    /// How long a request of this kind waits for something to give.
    fn patience(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Idle => self.config.reply.hold,
            Kind::Send if self.pace.misses < limits::SEND_GRACE_MISSES => {
                self.config.reply.send_grace
            }
            Kind::Send | Kind::Close => Duration::ZERO,
        }
    }

    fn is_coalesced(&self, now: Instant) -> bool {
        let config = &self.config.reply;
        self.downstream.len() >= config.coalesce_bytes
            || self
                .downstream
                .since()
                .is_some_and(|since| since + config.coalesce_delay <= now)
    }
}
