//! When a request is answered, and with what.

use std::time::{Duration, Instant};

use super::{Release, ServerTunnel, Waiting};
use crate::limits;
use crate::order::{Kind, Parked};
use crate::reply::{Reply, ReplyBody};
use crate::state::{CloseReason, State};

impl ServerTunnel {
    /// Answers the waiting numbers as far as there is reason to.
    pub(super) fn settle(&mut self, now: Instant) {
        while let Some((place, why)) = self.due(now) {
            self.release_up_to(now, place, why);
        }
    }

    /// The place among the waiting numbers up to which there is reason to answer, and the reason.
    fn due(&self, now: Instant) -> Option<(usize, Release)> {
        let is_awaited = |waiting: &Waiting| !waiting.waiters.is_empty();
        let place = self.waiting.iter().position(is_awaited)?;
        let lowest = self.waiting.get(place)?;
        let is_draining = self.state == State::Draining;
        let has_data = self.downstream.len() > 0;
        let is_prompt = lowest.kind == Kind::Send || is_draining || self.is_coalesced(now);
        if (has_data && is_prompt) || (is_draining && !has_data) {
            return Some((place, Release::Data));
        }
        let mut waiting = self.waiting.iter();
        let expired = waiting.position(|waiting| is_awaited(waiting) && waiting.until <= now)?;
        Some((expired, Release::Expired))
    }

    /// Answers all waiting numbers, whatever there is to give.
    pub(super) fn release(&mut self, now: Instant, why: Release) {
        while !self.waiting.is_empty() {
            self.release_lowest(now, why);
        }
    }

    /// Answers a waiting number and those before it, so that the order of the replies is that of the numbers.
    pub(super) fn release_up_to(&mut self, now: Instant, place: usize, why: Release) {
        for _ in 0..=place {
            self.release_lowest(now, why);
        }
    }

    /// Answers the lowest waiting number.
    ///
    /// If nobody waits for the reply, it carries nothing: its client may have given it up.
    pub(super) fn release_lowest(&mut self, now: Instant, why: Release) {
        let Some(Waiting {
            sequence,
            kind,
            mut waiters,
            ..
        }) = self.waiting.pop_front()
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

    /// Answers requests that have waited for their turn for too long.
    pub(super) fn answer_late(&mut self, now: Instant) {
        let wait = self.config.order.ahead_answer;
        self.answer_early(|parked| parked.arrived + wait <= now);
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

    /// Fills a reply with the oldest bytes that wait; with the end, when the last of them is gone.
    fn compose(&mut self, now: Instant, kind: Kind, why: Release) -> Reply {
        if self.state == State::Draining && self.downstream.len() == 0 {
            return Reply::Closed;
        }
        let before = self.downstream.len();
        let most = self.pace.reply_bytes.min(self.pace.reply_bytes_max);
        let data = self.downstream.take(now, most);
        let sent = before.saturating_sub(self.downstream.len());
        self.counters.sent_bytes += sent as u64;
        if sent == 0 {
            self.note_silence(kind, why);
            return self.empty_reply();
        }
        self.clock.drained = now;
        self.pace.misses = 0;
        self.adapt_size(now);
        Reply::Ok {
            body: ReplyBody::new(self.pace.ladder.data(), data),
        }
    }

    /// Replies grow while they are cut, and stay large for a while: media that comes in large messages then has one reply for
    /// each, not two.
    fn adapt_size(&mut self, now: Instant) {
        let pace = &mut self.pace;
        if self.downstream.len() > 0 {
            pace.cut = Some(now);
            pace.reply_bytes = pace.reply_bytes.saturating_mul(2).min(pace.reply_bytes_max);
        } else if pace.cut.is_none_or(|cut| cut + limits::LARGE_REPLIES < now) {
            pace.reply_bytes = self.config.reply.bytes;
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

    pub(super) fn empty_reply(&self) -> Reply {
        Reply::Ok {
            body: ReplyBody::new(self.pace.ladder.current(), Vec::new()),
        }
    }

    /// How long a request of this kind waits for something to give.
    pub(super) fn patience(&self, kind: Kind) -> Duration {
        match kind {
            Kind::Idle => self.config.reply.hold,
            Kind::Send if self.pace.misses < limits::SEND_GRACE_MISSES => {
                self.config.reply.send_grace
            }
            Kind::Send | Kind::Close => Duration::ZERO,
        }
    }

    fn is_coalesced(&self, now: Instant) -> bool {
        self.downstream.since().is_some_and(|since| {
            let (bytes, delay) = self.coalescing(since);
            self.downstream.len() >= bytes || since + delay <= now
        })
    }

    /// How many bytes a held idle waits for, and how long, when the first of them was written at `since`.
    ///
    /// Soon after a reply that was cut much is on its way down: small replies would waste the idles that are held.
    pub(super) fn coalescing(&self, since: Instant) -> (usize, Duration) {
        let config = &self.config.reply;
        let is_bulk = self
            .pace
            .cut
            .is_some_and(|cut| cut < since && since <= cut + limits::BULK);
        if is_bulk {
            (
                config.bytes.max(config.coalesce_bytes),
                limits::BULK_DELAY.max(config.coalesce_delay),
            )
        } else {
            (config.coalesce_bytes, config.coalesce_delay)
        }
    }
}
