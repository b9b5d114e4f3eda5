//! Frames that were let go before the far side acknowledged them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Sent;

/// Which frames of this connection are kept no more although they may be lost, in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Doubt(VecDeque<Sent>);

impl Doubt {
    /// One more, unless there are `most` already: then the oldest is taken for arrived.
    pub(super) fn note(&mut self, sent: Sent, most: usize) {
        self.0.push_back(sent);
        if self.0.len() > most {
            self.0.pop_front();
        }
    }

    /// So many frames of the connection have arrived.
    pub(super) fn settle(&mut self, acknowledged: u64) {
        self.drop_while(|sent| sent.number <= acknowledged);
    }

    /// What was sent longer ago than `duration` is not lost any more.
    pub(super) fn expire(&mut self, now: Instant, duration: Duration) {
        self.drop_while(|sent| now.saturating_duration_since(sent.at) > duration);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many there are.
    pub(super) fn frames(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    fn drop_while(&mut self, is_settled: impl Fn(&Sent) -> bool) {
        while self.0.front().is_some_and(&is_settled) {
            self.0.pop_front();
        }
    }
}
