//! One tunnel session, server side.

mod ends;
mod replies;
mod turns;

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Buf, Bytes};

use crate::cache::ReplyCache;
use crate::config::{TunnelConfig, TunnelPace};
use crate::counters::TunnelCounters;
use crate::downstream::Downstream;
use crate::interval::Ladder;
use crate::limits;
use crate::order::{Kind, Order, Place, Waiters};
use crate::reply::Reply;
use crate::request::{Request, RequestId};
use crate::state::{CloseReason, State};

/// One tunnel session, server side: requests in any order in, one ordered byte stream each way out.
///
/// ```text
///   handle_request ─▶ order (parked until its turn) ─▶ received ─▶ poll_received ─▶ RTMP
///                       │ its turn: now the lowest unanswered number
///                       ▼
///   poll_reply ◀─ ready ◀─ waiting ◀─ downstream ◀──────────────── write ◀──────── RTMP
///                   └▶ cache (for duplicates)
/// ```
///
/// What is past its turn and unanswered waits in `waiting`: one send, or up to [`limits::HELD_IDLES`] idles. Before a send has
/// its turn, all of them are answered. Replies are filled in the order of the numbers, each with the oldest bytes that wait.
///
/// Feed with `handle_*`, [`write`](Self::write) and [`close`](Self::close); then drain in this order until each is dry:
/// [`poll_received`](Self::poll_received), whatever the RTMP side has to say to it ([`write`](Self::write)),
/// [`poll_reply`](Self::poll_reply), [`poll_timeout`](Self::poll_timeout).
#[derive(Debug)]
pub struct ServerTunnel {
    config: TunnelConfig,
    state: State,
    order: Order,
    waiting: VecDeque<Waiting>,
    ready: VecDeque<(RequestId, Reply)>,
    cache: ReplyCache,
    received: Received,
    downstream: Downstream,
    pace: Pace,
    clock: Clock,
    counters: TunnelCounters,
}

/// A number that had its turn. Without waiters its HTTP exchange is gone, and the number waits for a retry.
#[derive(Debug)]
struct Waiting {
    sequence: u64,
    kind: Kind,
    waiters: Waiters,
    until: Instant,
}

/// Upstream bytes in order, for the RTMP side.
#[derive(Debug, Default)]
struct Received {
    queue: VecDeque<Bytes>,
    bytes: usize,
}

/// What adapts to the traffic.
#[derive(Debug)]
struct Pace {
    ladder: Ladder,
    /// The size at which the next reply is cut.
    reply_bytes: usize,
    /// What that grows to. Half of what is configured once several idles were held: with smaller replies the requests of such a
    /// client stay apart, and the line never falls idle.
    reply_bytes_max: usize,
    /// When a reply last left bytes behind.
    cut: Option<Instant>,
    /// Sends in a row that waited for an answer in vain.
    misses: u32,
}

/// Since when things have lasted.
#[derive(Debug)]
struct Clock {
    /// The last request.
    asked: Instant,
    /// The last request or reply: since then the client could have asked.
    contact: Instant,
    /// The last progress of draining.
    drained: Instant,
    polling: Polling,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Polling {
    Active,
    Stalled,
}

/// Why a waiting number is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Release {
    /// There is something to give.
    Data,
    /// It has waited long enough.
    Expired,
    /// Something came behind it.
    Overtaken,
}

impl ServerTunnel {
    /// A fresh session: the reply to `/open/1` is about to be sent.
    pub fn new(now: Instant, config: TunnelConfig) -> Self {
        let config = config.bounded();
        let pace = Pace {
            ladder: Ladder::new(config.poll),
            reply_bytes: config.reply.bytes,
            reply_bytes_max: config.reply.bytes_max,
            cut: None,
            misses: 0,
        };
        Self {
            state: State::Open,
            order: Order::new(config.order),
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
            cache: ReplyCache::default(),
            received: Received::default(),
            downstream: Downstream::default(),
            pace,
            clock: Clock {
                asked: now,
                contact: now,
                drained: now,
                polling: Polling::Active,
            },
            counters: TunnelCounters::default(),
            config,
        }
    }

    /// Feeds one request with its whole body; its reply comes out of [`poll_reply`](Self::poll_reply) under `id`.
    ///
    /// A number that was seen before is a proxy's or a client's second attempt (Q-130): it is never fed again, and answered with
    /// the bytes of the first. A truncated body must not be fed: then the session has not advanced, and the same number is welcome again.
    pub fn handle_request(&mut self, now: Instant, id: RequestId, request: Request) {
        self.handle_timeout(now);
        self.counters.requests += 1;
        self.clock.asked = now;
        self.clock.contact = now;
        self.clock.polling = Polling::Active;
        let (kind, sequence, body) = match request {
            Request::Send { sequence, body } => (Kind::Send, Some(sequence), body),
            Request::Idle { sequence } => (Kind::Idle, Some(sequence), Bytes::new()),
            Request::Close { sequence } => (Kind::Close, sequence, Bytes::new()),
        };
        if matches!(self.state, State::Closed(_)) {
            let kept = sequence.and_then(|sequence| self.cache.get(sequence.value()));
            let reply = kept.cloned().unwrap_or(Reply::Closed);
            self.ready.push_back((id, reply));
            return;
        }
        if body.len() > self.send_limit() {
            self.fail(id, CloseReason::BodyTooLong);
            return;
        }
        let sequence = self.number(kind, sequence);
        match self.order.place(sequence) {
            Place::Past => self.handle_past(now, id, sequence, &body),
            Place::Parked => self.handle_parked(now, id, sequence),
            Place::TooFar if kind != Kind::Close => {
                let expected = self.order.next();
                self.fail(id, CloseReason::TooFarAhead { sequence, expected });
            }
            Place::Free | Place::TooFar => self.handle_new(now, id, kind, sequence, body),
        }
    }

    /// The connection that waited for this reply is gone; what was or would have been answered is kept for a retry.
    pub fn handle_disconnect(&mut self, now: Instant, id: RequestId) {
        self.handle_timeout(now);
        for waiting in &mut self.waiting {
            waiting.waiters.remove(id);
        }
        for parked in self.order.iter_mut() {
            parked.waiters.remove(id);
        }
        self.ready.retain(|(waiter, _)| *waiter != id);
    }

    /// More bytes arrived on the connection that waits for this reply: it is not held any longer.
    ///
    /// librtmp pipelines without limit (Q-129), and its next request cannot be read before this one is answered.
    pub fn handle_pipelined(&mut self, now: Instant, id: RequestId) {
        self.handle_timeout(now);
        let place = self
            .waiting
            .iter()
            .position(|waiting| waiting.waiters.contains(id));
        if let Some(place) = place {
            self.release_up_to(now, place, Release::Overtaken);
        } else if self.order.has_hole() {
            self.answer_early(|parked| parked.waiters.contains(id));
        }
    }

    /// Time has passed: see [`poll_timeout`](Self::poll_timeout). Calling it early does no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.order.first_deadline().is_some_and(|due| due <= now) {
            self.order.begin_with_one();
            self.advance(now);
        }
        if let Some(reason) = self.overdue(now) {
            self.end(reason);
        }
        if self.order.early_deadline().is_some_and(|due| due <= now) {
            self.answer_late(now);
        }
        if self.stall_deadline().is_some_and(|due| due <= now) {
            self.clock.polling = Polling::Stalled;
            self.counters.stalls += 1;
        }
        self.settle(now);
    }

    /// When [`handle_timeout`](Self::handle_timeout) must be called at the latest; `None` when nothing is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [
            self.end_deadline().map(|(due, _)| due),
            self.order.hole_deadline(),
            self.order.first_deadline(),
            self.order.early_deadline(),
            self.stall_deadline(),
            self.hold_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next upstream bytes, in order and each exactly once; `None` until more arrives.
    ///
    /// While nobody takes them, requests behind [`limits::RECEIVED_BYTES`] or [`limits::RECEIVED_BODIES`] stay unanswered:
    /// that is the back-pressure.
    pub fn poll_received(&mut self, now: Instant) -> Option<Bytes> {
        let bytes = self.received.queue.pop_front()?;
        self.received.bytes = self.received.bytes.saturating_sub(bytes.len());
        self.advance(now);
        Some(bytes)
    }

    /// The next reply that can be sent, each once per request.
    pub fn poll_reply(&mut self, now: Instant) -> Option<(RequestId, Reply)> {
        self.settle(now);
        self.ready.pop_front()
    }

    /// Bytes that [`write`](Self::write) would take now: none while the client is stalled, or once the end has begun.
    pub fn writable(&self) -> usize {
        match (self.state, self.clock.polling) {
            (State::Open, Polling::Active) => self
                .config
                .lifetime
                .queue_bytes
                .saturating_sub(self.downstream.len()),
            _ => 0,
        }
    }

    /// Queues downstream bytes, as many as fit, and says how many. Pieces of a kilobyte and more are shared, not copied.
    pub fn write(&mut self, now: Instant, data: &mut dyn Buf) -> usize {
        let room = self.writable();
        self.downstream.write(now, data, room)
    }

    /// The RTMP side knows by now how fast this client may ask, and how long it may be let wait. Goes for replies that are composed and
    /// for idles that come from now on; those that are held already are held as they were.
    pub fn set_pace(&mut self, pace: TunnelPace) {
        let known = self.pace.ladder.config();
        let (min, max) = (pace.min.unwrap_or(known.min), pace.max.unwrap_or(known.max));
        self.pace.ladder.set(min, max);
        if let Some(hold) = pace.hold {
            self.config.reply.hold = hold;
            self.config = self.config.bounded();
        }
    }

    /// The RTMP side is done: what it wrote is delivered, then the next request is answered with the end.
    ///
    /// Upstream bytes are dropped from now on. Does nothing if the end has begun already.
    pub fn close(&mut self, now: Instant) {
        if self.state == State::Open {
            self.state = State::Draining;
            self.clock.drained = now;
            self.received = Received::default();
            self.advance(now);
        }
    }

    /// Where the session is in its life.
    pub fn state(&self) -> State {
        self.state
    }

    /// Whether the client has stopped polling: nothing more is queued until it asks again.
    pub fn is_stalled(&self) -> bool {
        self.clock.polling == Polling::Stalled
    }

    /// Whether as many bytes have gone each way as an RTMP handshake takes; see [`limits::PROVEN_BYTES`].
    pub fn is_proven(&self) -> bool {
        self.counters.received_bytes.min(self.counters.sent_bytes) >= limits::PROVEN_BYTES
    }

    /// The longest body of a send that is accepted now; check it before reading a body.
    pub fn send_limit(&self) -> usize {
        let order = &self.config.order;
        if self.is_proven() {
            order.send_body
        } else {
            order.send_body_unproven
        }
    }

    /// Payload bytes held in memory: parked, received, queued and kept for duplicates.
    pub fn held_bytes(&self) -> usize {
        self.order.parked_bytes() + self.received.bytes + self.downstream.len() + self.cache.bytes()
    }

    /// What happened so far.
    pub fn counters(&self) -> &TunnelCounters {
        &self.counters
    }
}

#[cfg(test)]
mod tests;
