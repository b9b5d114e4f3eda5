//! What ends playing from outside: the person at the keyboard, and times that are over.

use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::connect::{Ended, Failure, Interrupt};

/// What ends playing whatever the server does.
pub(super) struct Limits {
    interrupt: Interrupt,
    /// When the time is over that was asked for.
    pub(super) deadline: Option<Instant>,
    /// Until when something has to be seen or heard.
    waiting: Option<(Instant, Wait)>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy)]
enum Wait {
    Start(Duration),
    Return(Duration),
}

impl Limits {
    pub(super) fn new(interrupt: Interrupt) -> Self {
        Self {
            interrupt,
            deadline: None,
            waiting: None,
        }
    }

    /// From now on, unless it was already, the stream has so much time to start.
    pub(super) fn wait_for_start(&mut self, time: Duration) {
        let by = Instant::now() + time;
        self.waiting.get_or_insert((by, Wait::Start(time)));
    }

    /// From now on, unless it was already, a stream that was there has so much time to come back.
    pub(super) fn wait_for_return(&mut self, time: Duration) {
        let by = Instant::now() + time;
        self.waiting.get_or_insert((by, Wait::Return(time)));
    }

    /// There is something to be seen or heard.
    pub(super) fn is_there(&mut self) {
        self.waiting = None;
    }

    /// Ready when it is enough; says why. Cancel-safe.
    pub(super) async fn reached(&mut self) -> Ended {
        let waiting = self.waiting;
        // Every arm is cancel-safe.
        tokio::select! {
            () = self.interrupt.asked() => Ended::Interrupted,
            () = until(self.deadline) => Ended::Duration,
            () = until(waiting.map(|(by, _)| by)) => Ended::Failed(match waiting {
                Some((_, Wait::Return(waited))) => Failure::NotBack { waited },
                Some((_, Wait::Start(waited))) => Failure::NotStarted { waited },
                None => Failure::Interrupted,
            }),
        }
    }
}

async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}
