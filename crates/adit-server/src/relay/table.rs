//! What is relayed at the moment.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use adit_broker::StreamKey;
use adit_client::{Secret, Target};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::interest::{Interest, Players};
use super::pull::FirstAnswer;

/// All pushes and pulls. Those who make them are bounded by the sessions of the server.
#[derive(Debug, Default)]
pub(super) struct Table(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    pushes: HashMap<FarName, Pushed>,
    pulls: HashMap<StreamKey, Pulled>,
    last: u64,
}

/// A stream at the far side: its application and its name, without the query.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct FarName(String, Secret);

#[derive(Debug)]
struct Pushed {
    id: u64,
    key: StreamKey,
    /// Cancelled when the local publisher has left.
    left: CancellationToken,
    /// Cancelled when the task is done.
    done: CancellationToken,
}

#[derive(Debug)]
struct Pulled {
    id: u64,
    players: Players,
    answered: watch::Receiver<FirstAnswer>,
    cancel: CancellationToken,
}

/// A push may begin, once the one before it under the same name is done.
pub(super) struct Claim {
    pub(super) place: Place,
    pub(super) before: Option<CancellationToken>,
}

/// Where a push stands in the table.
pub(super) struct Place {
    id: u64,
    name: FarName,
    done: CancellationToken,
}

impl Table {
    /// Takes a far name for a local publication; nothing if another one, whose publisher is still here, has it.
    pub(super) fn claim_push(
        &self,
        target: &Target,
        key: StreamKey,
        left: CancellationToken,
    ) -> Option<Claim> {
        let mut inner = self.lock();
        let name = FarName(target.app().to_owned(), target.name().clone());
        let before = match inner.pushes.get(&name) {
            Some(other) if !other.left.is_cancelled() => return None,
            Some(other) => Some(other.done.clone()),
            None => None,
        };
        if let Some(pull) = inner.pulls.remove(&key) {
            pull.cancel.cancel();
        }
        inner.last = inner.last.wrapping_add(1);
        let id = inner.last;
        let done = CancellationToken::new();
        let pushed = Pushed {
            id,
            key,
            left,
            done: done.clone(),
        };
        inner.pushes.insert(name.clone(), pushed);
        let place = Place { id, name, done };
        Some(Claim { place, before })
    }

    /// The task of a push is done.
    pub(super) fn leave_push(&self, place: &Place) {
        let mut inner = self.lock();
        if inner
            .pushes
            .get(&place.name)
            .is_some_and(|pushed| pushed.id == place.id)
        {
            inner.pushes.remove(&place.name);
        }
        place.done.cancel();
    }

    /// One more player of a stream, for which `start` starts a task if there is none; nothing if the stream is published here.
    pub(super) fn join_pull(
        &self,
        key: &StreamKey,
        start: impl FnOnce(Pull) -> watch::Receiver<FirstAnswer>,
    ) -> Option<(watch::Receiver<FirstAnswer>, Interest)> {
        let mut inner = self.lock();
        let is_here = |pushed: &Pushed| pushed.key == *key && !pushed.left.is_cancelled();
        if inner.pushes.values().any(is_here) {
            return None;
        }
        inner.last = inner.last.wrapping_add(1);
        let id = inner.last;
        let pulled = inner.pulls.entry(key.clone()).or_insert_with(|| {
            let (players, cancel) = (Players::new(), CancellationToken::new());
            let answered = start(Pull {
                id,
                key: key.clone(),
                players: players.clone(),
                cancel: cancel.clone(),
            });
            Pulled {
                id,
                players,
                answered,
                cancel,
            }
        });
        Some((pulled.answered.clone(), pulled.players.join()))
    }

    /// Ready when a pull is not wanted any more; it is not in the table then.
    pub(super) async fn unwanted(&self, pull: &Pull) {
        // Both arms are cancel-safe: nothing is lost when `all_gone` is asked anew.
        tokio::select! {
            () = pull.cancel.cancelled() => {}
            () = async {
                loop {
                    pull.players.all_gone().await;
                    let mut inner = self.lock();
                    // Whoever joins does so under this lock.
                    if pull.players.is_empty() {
                        inner.remove_pull(pull);
                        return;
                    }
                }
            } => {}
        }
    }

    /// The task of a pull is done.
    pub(super) fn leave_pull(&self, pull: &Pull) {
        self.lock().remove_pull(pull);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remove_pull(&mut self, pull: &Pull) {
        let is_same = |pulled: &Pulled| pulled.id == pull.id;
        if self.pulls.get(&pull.key).is_some_and(is_same) {
            self.pulls.remove(&pull.key);
        }
    }
}

/// A pull in the table.
pub(super) struct Pull {
    id: u64,
    key: StreamKey,
    players: Players,
    /// Cancelled when the stream is published here.
    cancel: CancellationToken,
}
