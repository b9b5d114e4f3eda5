//! Polling a future again without a trip through the runtime when it wakes itself.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Stands between a future and the task it is part of: woken while it is being polled, the future is polled again at once.
///
/// The HTTP library wakes its own connection twice for each request that has a body. Through the runtime, each time costs a
/// way through the run queue and wakes another thread, which looks for work and finds none; together that was half the cost
/// of an exchange.
pub(super) struct InPlace {
    relay: Arc<Relay>,
    waker: Waker,
}

#[derive(Default)]
struct Relay {
    state: AtomicU8,
    /// The task of which the future is part.
    task: Mutex<Option<Waker>>,
}

impl InPlace {
    pub(super) fn new() -> Self {
        let relay = Arc::new(Relay::default());
        let waker = Waker::from(Arc::clone(&relay));
        Self { relay, waker }
    }

    /// Calls `poll` until it is ready or waits for somebody else. After [`TURNS`] other tasks have their turn first.
    pub(super) fn poll<T>(
        &self,
        cx: &Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.relay.belong_to(cx.waker());
        let state = &self.relay.state;
        let mut inner = Context::from_waker(&self.waker);
        for _ in 0..TURNS {
            state.store(POLLED, Ordering::SeqCst);
            if let ready @ Poll::Ready(_) = poll(&mut inner) {
                return ready;
            }
            let rest = state.compare_exchange(POLLED, RESTS, Ordering::SeqCst, Ordering::SeqCst);
            if rest.is_ok() {
                return Poll::Pending;
            }
        }
        state.store(RESTS, Ordering::SeqCst);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Relay {
    fn belong_to(&self, waker: &Waker) {
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *task {
            Some(task) => task.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let seen = self
            .state
            .compare_exchange(POLLED, AGAIN, Ordering::SeqCst, Ordering::SeqCst);
        if seen == Err(RESTS) {
            let task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.as_ref().map(Waker::wake_by_ref).unwrap_or_default();
        }
    }
}

/// The future is not being polled.
const RESTS: u8 = 0;
/// The future is being polled.
const POLLED: u8 = 1;
/// The future was woken while it was polled.
const AGAIN: u8 = 2;
/// Polls in a row; a request needs three.
const TURNS: usize = 8;

#[cfg(test)]
mod tests;
