//! What the thread of the store is asked for, and what wakes it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::{Duration, Instant};

use adit_broker::shared_object::{Client, ObjectKey};
use tokio::sync::oneshot;

use super::super::{ObjectError, Opened};
use crate::limits::OBJECT_LOADS;

#[derive(Debug, Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    bell: Condvar,
}

#[derive(Debug, Default)]
struct State {
    requests: VecDeque<Request>,
    /// Objects have changed.
    is_rung: bool,
    wish: Wish,
    /// Who waits until the file is lent.
    borrower: Option<oneshot::Sender<()>>,
}

/// What the thread is to do with the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Wish {
    /// Keep what changes in it.
    #[default]
    Keep,
    /// Leave it to another process until it is kept again.
    Lend,
    /// End.
    Stop,
}

#[derive(Debug)]
pub(super) enum Request {
    Load {
        client: Client,
        key: ObjectKey,
        reply: oneshot::Sender<Opened>,
    },
    Flush {
        reply: oneshot::Sender<Result<(), ObjectError>>,
    },
}

/// What there is to do.
#[derive(Debug)]
pub(super) struct Mail {
    pub(super) requests: VecDeque<Request>,
    pub(super) wish: Wish,
}

impl Inbox {
    /// Asks for something; false when too much waits, or the thread is ending.
    pub(super) fn post(&self, request: Request) -> bool {
        let mut state = self.state();
        let is_open = state.wish != Wish::Stop && state.requests.len() < OBJECT_LOADS;
        if is_open {
            state.requests.push_back(request);
            self.bell.notify_one();
        }
        is_open
    }

    pub(super) fn stop(&self) {
        self.state().wish = Wish::Stop;
        self.bell.notify_one();
    }

    /// Asks for the file to be closed until [`take_back`](Self::take_back); `borrower` is told when it is. What else is asked for waits.
    pub(super) fn lend(&self, borrower: oneshot::Sender<()>) {
        let mut state = self.state();
        if state.wish != Wish::Stop {
            state.wish = Wish::Lend;
            state.borrower = Some(borrower);
            // It may be lent already.
            state.is_rung = true;
            self.bell.notify_one();
        }
    }

    pub(super) fn take_back(&self) {
        let mut state = self.state();
        if state.wish == Wish::Lend {
            state.wish = Wish::Keep;
            self.bell.notify_one();
        }
    }

    /// The file is closed: says so to whoever has asked for that.
    pub(super) fn lent(&self) {
        if let Some(borrower) = self.state().borrower.take() {
            // Nobody may wait for it any more.
            borrower.send(()).unwrap_or_default();
        }
    }

    /// Waits until something has changed while the file is lent.
    pub(super) fn wait_lent(&self) -> Wish {
        let is_idle = |state: &mut State| !state.is_rung && state.wish == Wish::Lend;
        let waited = self.bell.wait_while(self.state(), is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.is_rung = false;
        state.wish
    }

    /// Waits for so long, unless the thread is to do something else than keep the file.
    pub(super) fn pause(&self, span: Duration) -> Wish {
        let is_idle = |state: &mut State| state.wish == Wish::Keep;
        let waited = self.bell.wait_timeout_while(self.state(), span, is_idle);
        waited.unwrap_or_else(PoisonError::into_inner).0.wish
    }

    /// Waits until there is something to do, or for `until`.
    pub(super) fn wait(&self, until: Option<Instant>) -> Mail {
        let is_idle = |state: &mut State| {
            state.requests.is_empty() && !state.is_rung && state.wish == Wish::Keep
        };
        let state = self.state();
        let mut state = match until {
            None => self
                .bell
                .wait_while(state, is_idle)
                .unwrap_or_else(PoisonError::into_inner),
            Some(until) => {
                let left = until.saturating_duration_since(Instant::now());
                let waited = self.bell.wait_timeout_while(state, left, is_idle);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
        state.is_rung = false;
        Mail {
            requests: std::mem::take(&mut state.requests),
            wish: state.wish,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Inbox {
    fn wake(self: Arc<Self>) {
        self.state().is_rung = true;
        self.bell.notify_one();
    }
}
