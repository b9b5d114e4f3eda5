//! The local side of a push: from the broker into the backlog.

use std::future::{Future, pending, poll_fn};
use std::sync::Arc;
use std::time::Instant;

use adit_broker::{Delivery, Subscription};
use tokio_util::sync::CancellationToken;

use super::backlog::{Backlog, BufferLimits};
use super::{after, until};
use crate::limits::relay::DRAIN;

/// A local publication on its way into a backlog.
pub(crate) struct Source {
    subscription: Subscription,
    pub(super) backlog: Backlog,
    state: State,
    /// When nothing more is wanted of it.
    stop: CancellationToken,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// What is left may leave until then.
    Ended {
        drain_by: Instant,
    },
}

/// The local publisher has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended;

impl Source {
    pub(super) fn new(subscription: Subscription, backlog: Backlog) -> Self {
        Self {
            subscription,
            backlog,
            state: State::Running,
            stop: CancellationToken::new(),
        }
    }

    /// One that ends at `stop` as if the publisher did.
    pub(crate) fn until(subscription: Subscription, stop: CancellationToken) -> Self {
        Self {
            stop,
            ..Self::new(subscription, Backlog::new(BufferLimits::default()))
        }
    }

    /// Until when what is left may leave; nothing while the publisher is there.
    pub(super) fn drain_by(&self) -> Option<Instant> {
        match self.state {
            State::Running => None,
            State::Ended { drain_by } => Some(drain_by),
        }
    }

    /// Takes the next thing the publisher did. Cancel-safe; never ready once the publisher has ended.
    pub(super) async fn pump(&mut self) {
        if self.state != State::Running {
            pending::<()>().await;
        }
        let next = poll_fn(|cx| self.subscription.poll_next(cx));
        // Both arms are cancel-safe.
        let delivery = tokio::select! {
            biased;
            () = self.stop.cancelled() => return self.end(),
            delivery = next => delivery,
        };
        match delivery {
            Delivery::Frame(frame) => self.backlog.push(Instant::now(), Arc::clone(&frame)),
            Delivery::Skipped { frames } => self.backlog.note_skipped(frames),
            Delivery::Stopped { .. } => self.end(),
            _ => {}
        }
    }

    fn end(&mut self) {
        let drain_by = after(DRAIN);
        self.state = State::Ended { drain_by };
    }

    /// Waits for something else, and keeps what the publisher sends meanwhile.
    ///
    /// # Errors
    /// The publisher has ended before.
    pub(crate) async fn keep_while<T>(
        &mut self,
        other: impl Future<Output = T>,
    ) -> Result<T, Ended> {
        tokio::pin!(other);
        while self.state == State::Running {
            // Cancel-safe: the other future is pinned outside, `pump` holds nothing between polls.
            tokio::select! {
                biased;
                done = &mut other => return Ok(done),
                () = self.pump() => {}
            }
        }
        Err(Ended)
    }

    /// Waits for something without which what is left cannot leave: as [`Self::keep_while`], but a publisher that has ended is
    /// waited for as long as the rest may take to leave, if there is any.
    ///
    /// # Errors
    /// The publisher has ended, and nothing is left or it has taken too long.
    pub(super) async fn deliver_while<T>(
        &mut self,
        other: impl Future<Output = T>,
    ) -> Result<T, Ended> {
        tokio::pin!(other);
        loop {
            let drain_by = self.drain_by();
            if drain_by.is_some_and(|by| self.backlog.undelivered() == 0 || Instant::now() >= by) {
                return Err(Ended);
            }
            // Cancel-safe, as above.
            tokio::select! {
                biased;
                done = &mut other => return Ok(done),
                () = self.pump() => {}
                () = until(drain_by) => {}
            }
        }
    }
}
