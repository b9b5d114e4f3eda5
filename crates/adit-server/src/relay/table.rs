//! What is relayed at the moment.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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

/// Where a push stands in the table. Dropping it is leaving.
#[derive(Debug)]
pub(super) struct Place {
    table: Arc<Table>,
    id: u64,
    name: FarName,
    /// Cancelled when the push that had the name before is done.
    before: Option<CancellationToken>,
    done: CancellationToken,
}

impl Place {
    /// Ready when the push before this one is done.
    pub(super) async fn free(&self) {
        if let Some(before) = &self.before {
            before.cancelled().await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.table.lock();
        let is_same = |pushed: &Pushed| pushed.id == self.id;
        if inner.pushes.get(&self.name).is_some_and(is_same) {
            inner.pushes.remove(&self.name);
        }
        self.done.cancel();
    }
}

/// One more player of a stream of the far side.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) answered: watch::Receiver<FirstAnswer>,
    pub(super) interest: Interest,
    /// What the task needs that fetches it; nothing if there is one.
    pub(super) begin: Option<(Pull, watch::Sender<FirstAnswer>)>,
}

/// A pull in the table. Dropping it is leaving.
#[derive(Debug)]
pub(super) struct Pull {
    table: Arc<Table>,
    id: u64,
    key: StreamKey,
    players: Players,
    /// Cancelled when the stream is published here.
    cancel: CancellationToken,
}

impl Pull {
    /// Ready when it is not wanted any more; it is not in the table then.
    pub(super) async fn unwanted(&self) {
        let all_gone = async {
            loop {
                self.players.all_gone().await;
                let mut inner = self.table.lock();
                // Whoever joins does so under this lock.
                if self.players.is_empty() {
                    inner.remove_pull(self);
                    return;
                }
            }
        };
        // Both arms are cancel-safe: neither is asked again.
        tokio::select! {
            () = self.cancel.cancelled() => {}
            () = all_gone => {}
        }
    }
}

impl Drop for Pull {
    fn drop(&mut self) {
        self.table.lock().remove_pull(self);
    }
}

impl Table {
    /// Takes a far name for a local publication; nothing if another one, whose publisher is still here, has it.
    pub(super) fn claim_push(
        self: &Arc<Self>,
        target: &Target,
        key: StreamKey,
        left: CancellationToken,
    ) -> Option<Place> {
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
        let id = inner.next_id();
        let done = CancellationToken::new();
        let pushed = Pushed {
            id,
            key,
            left,
            done: done.clone(),
        };
        inner.pushes.insert(name.clone(), pushed);
        Some(Place {
            table: Arc::clone(self),
            id,
            name,
            before,
            done,
        })
    }

    /// One more player of a stream; nothing if the stream is published here.
    pub(super) fn join_pull(self: &Arc<Self>, key: &StreamKey) -> Option<Joined> {
        let mut inner = self.lock();
        let is_here = |pushed: &Pushed| pushed.key == *key && !pushed.left.is_cancelled();
        if inner.pushes.values().any(is_here) {
            return None;
        }
        if let Some(pulled) = inner.pulls.get(key) {
            return Some(Joined {
                answered: pulled.answered.clone(),
                interest: pulled.players.join(),
                begin: None,
            });
        }
        let pull = Pull {
            table: Arc::clone(self),
            id: inner.next_id(),
            key: key.clone(),
            players: Players::new(),
            cancel: CancellationToken::new(),
        };
        let (answer, answered) = watch::channel(FirstAnswer::None);
        let interest = pull.players.join();
        let pulled = Pulled {
            id: pull.id,
            players: pull.players.clone(),
            answered: answered.clone(),
            cancel: pull.cancel.clone(),
        };
        inner.pulls.insert(key.clone(), pulled);
        Some(Joined {
            answered,
            interest,
            begin: Some((pull, answer)),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn next_id(&mut self) -> u64 {
        self.last = self.last.wrapping_add(1);
        self.last
    }

    fn remove_pull(&mut self, pull: &Pull) {
        let is_same = |pulled: &Pulled| pulled.id == pull.id;
        if self.pulls.get(&pull.key).is_some_and(is_same) {
            self.pulls.remove(&pull.key);
        }
    }
}

#[cfg(test)]
mod tests;
