//! A word that is given once to many tasks.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use tokio_util::sync::{CancellationToken, WaitForCancellationFuture};

/// A word that is given once. To look whether it was costs no lock, so a thousand tasks can do it at every turn.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    /// Set before the token is cancelled: whoever that wakes sees it.
    given: AtomicBool,
    token: CancellationToken,
}

impl Signal {
    /// Tells everybody who waits or will wait.
    pub(crate) fn give(&self) {
        self.given.store(true, Ordering::Release);
        self.token.cancel();
    }

    /// For one task, to look and to be woken.
    pub(crate) fn listener(&self) -> Listener<'_> {
        Listener {
            signal: self,
            waiting: None,
        }
    }

    /// What `work` comes to, or `None` once the word is given.
    pub(crate) async fn run_until_given<F: Future>(
        &self,
        mut work: Pin<&mut F>,
    ) -> Option<F::Output> {
        let mut listener = self.listener();
        poll_fn(|cx| match listener.poll(cx) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => work.as_mut().poll(cx).map(Some),
        })
        .await
    }
}

/// Waits for a [`Signal`].
pub(crate) struct Listener<'a> {
    signal: &'a Signal,
    /// What wakes the task, and which.
    waiting: Option<(Pin<Box<WaitForCancellationFuture<'a>>>, Waker)>,
}

impl Listener<'_> {
    /// Ready once the word is given.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.signal.given.load(Ordering::Acquire) {
            return Poll::Ready(());
        }
        match &self.waiting {
            Some((_, waker)) if waker.will_wake(cx.waker()) => Poll::Pending,
            _ => {
                let mut waiting = Box::pin(self.signal.token.cancelled());
                let given = waiting.as_mut().poll(cx);
                self.waiting = Some((waiting, cx.waker().clone()));
                given
            }
        }
    }
}

#[cfg(test)]
mod tests;
