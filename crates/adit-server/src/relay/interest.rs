//! How many local players want a stream of the far side.

use tokio::sync::watch;
use tokio::time::timeout;

use crate::limits::relay::IDLE;

/// The players of one stream, as the task sees them that fetches it.
#[derive(Clone, Debug)]
pub(super) struct Players(watch::Sender<usize>);

/// One player. Dropping it is leaving.
#[derive(Debug)]
pub(crate) struct Interest(watch::Sender<usize>);

impl Players {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// One more.
    pub(super) fn join(&self) -> Interest {
        self.0
            .send_modify(|players| *players = players.saturating_add(1));
        Interest(self.0.clone())
    }

    /// Ready when there has been no player for a while.
    pub(super) async fn all_gone(&self) {
        let mut players = self.0.subscribe();
        loop {
            // It cannot be closed while `self` holds a sender.
            drop(players.wait_for(|players| *players == 0).await);
            let comes = players.wait_for(|players| *players > 0);
            if timeout(IDLE, comes).await.is_err() {
                return;
            }
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        *self.0.borrow() == 0
    }
}

impl Drop for Interest {
    fn drop(&mut self) {
        self.0
            .send_modify(|players| *players = players.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests;
