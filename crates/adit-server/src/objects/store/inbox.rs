//! What the thread of the store is asked for, and what wakes it.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Wake;
use std::time::Instant;

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
    is_stopping: bool,
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
    pub(super) is_stopping: bool,
}

impl Inbox {
    /// Asks for something; false when too much waits, or the thread is ending.
    pub(super) fn post(&self, request: Request) -> bool {
        let mut state = self.state();
        let is_open = !state.is_stopping && state.requests.len() < OBJECT_LOADS;
        if is_open {
            state.requests.push_back(request);
            self.bell.notify_one();
        }
        is_open
    }

    pub(super) fn stop(&self) {
        self.state().is_stopping = true;
        self.bell.notify_one();
    }

    /// Waits until there is something to do, or for `until`.
    pub(super) fn wait(&self, until: Option<Instant>) -> Mail {
        let is_idle =
            |state: &mut State| state.requests.is_empty() && !state.is_rung && !state.is_stopping;
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
            is_stopping: state.is_stopping,
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
