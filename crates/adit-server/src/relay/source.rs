//! The local side of a push: from the broker into the backlog.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::time::Instant;

use adit_broker::{Delivery, Subscription};

use super::backlog::Backlog;

/// A local publication on its way into a backlog.
pub(super) struct Source {
    subscription: Subscription,
    pub(super) backlog: Backlog,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Ended,
}

/// The local publisher has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ended;

impl Source {
    pub(super) fn new(subscription: Subscription, backlog: Backlog) -> Self {
        Self {
            subscription,
            backlog,
            state: State::Running,
        }
    }

    pub(super) fn is_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Takes the next thing the publisher did. Cancel-safe; never ready once the publisher has ended.
    pub(super) async fn pump(&mut self) {
        if self.is_ended() {
            std::future::pending::<()>().await;
        }
        match poll_fn(|cx| self.subscription.poll_next(cx)).await {
            Delivery::Frame(frame) => self.backlog.push(Instant::now(), Arc::clone(&frame)),
            Delivery::Skipped { frames } => self.backlog.note_skipped(frames),
            Delivery::Stopped { .. } => self.state = State::Ended,
            _ => {}
        }
    }

    /// Waits for something else, and keeps what the publisher sends meanwhile.
    ///
    /// # Errors
    /// The publisher has ended before.
    pub(super) async fn keep_while<T>(
        &mut self,
        other: impl Future<Output = T>,
    ) -> Result<T, Ended> {
        tokio::pin!(other);
        loop {
            if self.is_ended() {
                return Err(Ended);
            }
            // Cancel-safe: the other future is pinned outside, `pump` holds nothing between polls.
            tokio::select! {
                biased;
                done = &mut other => return Ok(done),
                () = self.pump() => {}
            }
        }
    }
}
