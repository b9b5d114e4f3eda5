//! When a request is answered, and with what.

use std::time::{Duration, Instant};

use super::{Release, ServerTunnel, Waiting};
use crate::limits;
use crate::order::{Kind, Parked};
use crate::reply::{Reply, ReplyBody};
use crate::state::{CloseReason, State};

impl ServerTunnel {
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
        let config = &self.config.reply;
        self.downstream.len() >= config.coalesce_bytes
            || self
                .downstream
                .since()
                .is_some_and(|since| since + config.coalesce_delay <= now)
    }
}
