//! Makes a local publisher wait that is faster than the far side takes.
//!
//! As if it were connected to the far side itself: what its socket does not take it feels, and can send less. While the far side is
//! away nobody waits, and what has come meanwhile holds up nobody either, for as long as it becomes less.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::limits::relay::{PRESSURE_OFF, PRESSURE_ON};

/// Shared by the task that relays and the task that reads from the publisher.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pressure(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    is_on: bool,
    /// The least that has waited on this connection.
    least: u64,
    waker: Option<Waker>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            is_on: false,
            least: u64::MAX,
            waker: None,
        }
    }
}

impl Pressure {
    /// So many bytes wait for a far side that is there.
    pub(super) fn set(&self, waiting_bytes: u64) {
        let mut inner = self.lock();
        inner.least = inner.least.min(waiting_bytes);
        let more = waiting_bytes.saturating_sub(inner.least);
        if more > PRESSURE_ON {
            inner.is_on = true;
        } else if inner.is_on && more <= PRESSURE_OFF {
            Self::lift(inner);
        }
    }

    /// The far side is away.
    pub(super) fn begin_anew(&self) {
        let mut inner = self.lock();
        inner.least = u64::MAX;
        Self::lift(inner);
    }

    fn lift(mut inner: MutexGuard<'_, Inner>) {
        inner.is_on = false;
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ready when the publisher may be read from; else the task is woken then.
    pub(crate) fn poll_open(&self, cx: &Context<'_>) -> Poll<()> {
        let mut inner = self.lock();
        if !inner.is_on {
            return Poll::Ready(());
        }
        inner.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
