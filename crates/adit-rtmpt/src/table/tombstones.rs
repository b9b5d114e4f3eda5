//! What is remembered of closed sessions.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use crate::limits;
use crate::session_id::SessionId;

/// Closed sessions, oldest first, for [`limits::TOMBSTONE_GONE`], at most [`limits::TOMBSTONES`].
#[derive(Debug, Default)]
pub(super) struct Tombstones {
    closed: HashMap<SessionId, Instant>,
    oldest_first: VecDeque<(Instant, SessionId)>,
}

/// How long ago a session was closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Grave {
    /// Its client may not know yet.
    Fresh,
    /// Its client has had time to learn it.
    Old,
}

impl Tombstones {
    /// Remembers a session; says how many others were forgotten early to make room.
    pub(super) fn add(&mut self, now: Instant, id: SessionId) -> u64 {
        self.sweep(now);
        let mut dropped = 0;
        while self.oldest_first.len() >= limits::TOMBSTONES {
            self.forget_oldest();
            dropped += 1;
        }
        self.closed.insert(id, now);
        self.oldest_first.push_back((now, id));
        dropped
    }

    pub(super) fn get(&self, now: Instant, id: SessionId) -> Option<Grave> {
        let age = now.saturating_duration_since(*self.closed.get(&id)?);
        if age < limits::TOMBSTONE_ENDED {
            Some(Grave::Fresh)
        } else if age < limits::TOMBSTONE_GONE {
            Some(Grave::Old)
        } else {
            None
        }
    }

    pub(super) fn sweep(&mut self, now: Instant) {
        while let Some((closed, _)) = self.oldest_first.front()
            && now.saturating_duration_since(*closed) >= limits::TOMBSTONE_GONE
        {
            self.forget_oldest();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.oldest_first.len()
    }

    fn forget_oldest(&mut self) {
        if let Some((_, id)) = self.oldest_first.pop_front() {
            self.closed.remove(&id);
        }
    }
}
