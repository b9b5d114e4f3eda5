//! What the last look at the memory has found, and who was turned away since the start.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use super::{SHORT, Shortage, Usage};
use crate::application::Refusal;

/// The memory of a server, as it was at the last look.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    shortage: AtomicU8,
    used: AtomicU64,
    total: AtomicU64,
    refused_players: AtomicU64,
    refused_newcomers: AtomicU64,
    ended_players: AtomicU64,
}

impl Memory {
    pub(crate) fn shortage(&self) -> Shortage {
        Shortage::of_level(self.shortage.load(Ordering::Relaxed))
    }

    /// What is used of what there is; `None` where the system does not say it.
    pub(crate) fn usage(&self) -> Option<Usage> {
        let total = self.total.load(Ordering::Relaxed);
        let used = self.used.load(Ordering::Relaxed);
        (total != 0).then_some(Usage { used, total })
    }

    /// Why somebody may not begin to play; it is counted.
    pub(crate) fn refuses_player(&self) -> Option<Refusal> {
        self.refuses(Shortage::Soft, &self.refused_players)
    }

    /// Why nobody may connect or publish; it is counted.
    pub(crate) fn refuses_newcomer(&self) -> Option<Refusal> {
        self.refuses(Shortage::Hard, &self.refused_newcomers)
    }

    fn refuses(&self, from: Shortage, counter: &AtomicU64) -> Option<Refusal> {
        if self.shortage() < from {
            return None;
        }
        counter.fetch_add(1, Ordering::Relaxed);
        Some(Refusal::new(SHORT))
    }

    /// Who was turned away so far, by the key of the limit.
    pub(crate) fn limits(&self) -> [(&'static str, u64); 3] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [
            ("mem.soft", read(&self.refused_players)),
            ("mem.hard", read(&self.refused_newcomers)),
            ("mem.shed", read(&self.ended_players)),
        ]
    }

    pub(super) fn ended(&self, players: usize) {
        let players = u64::try_from(players).unwrap_or(u64::MAX);
        self.ended_players.fetch_add(players, Ordering::Relaxed);
    }

    /// Takes down what a look has found; nothing is used of nothing where the system did not say it.
    pub(super) fn note(&self, usage: Option<Usage>, shortage: Shortage) {
        let (used, total) = usage.map_or((0, 0), |usage| (usage.used, usage.total));
        self.used.store(used, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
        self.shortage.store(shortage.level(), Ordering::Relaxed);
    }
}
