//! Looks at the memory again and again, and does what that asks for.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tracing::{error, info, warn};

use super::usage::Gauge;
use super::{SHORT, Shortage, Usage};
use crate::server::Shared;

/// Looks until it is dropped. Cancel-safe.
pub(crate) async fn watch(shared: &Shared) {
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut gauge = Gauge::new();
    let mut shedding = Shedding::default();
    loop {
        looks.tick().await;
        let total = shared.live.now().limits.memory.total;
        // Files of the kernel: they cost a tenth of a millisecond here, and more on large machines.
        let reading = tokio::task::spawn_blocking(move || {
            let usage = gauge.read(total);
            (gauge, usage)
        });
        let (back, usage) = reading.await.unwrap_or_else(|_| (Gauge::new(), None));
        gauge = back;
        look(shared, usage, &mut shedding);
    }
}

fn look(shared: &Shared, usage: Option<Usage>, shedding: &mut Shedding) {
    let memory = shared.phase.memory();
    let limits = shared.live.now().limits.memory;
    let before = memory.shortage();
    // Where the system does not say it, nobody is turned away for it.
    let now = usage.map_or(Shortage::None, |usage| limits.shortage(usage, before));
    memory.note(usage, now);
    if now != before {
        tell(usage, now);
    }
    if now >= Shortage::Hard {
        shared.broker.forget_groups();
    }
    let Some(usage) = usage.filter(|_| now == Shortage::Shed) else {
        *shedding = Shedding::default();
        return;
    };
    if shedding.is_of_use() {
        let ended = shared.connections.end_slowest(SHED_PART, SHORT);
        memory.ended(ended);
        shedding.note(usage, ended);
    }
}

/// What has come of ending players.
#[derive(Debug, Default)]
struct Shedding {
    /// The least that was used since it began.
    least: Option<u64>,
    /// How often players were ended since that was less than before.
    in_vain: u32,
}

impl Shedding {
    /// Whether players are still worth ending: others may use the memory, or the allocator may keep what was given back to it.
    const fn is_of_use(&self) -> bool {
        self.in_vain <= IN_VAIN
    }

    /// So many were ended while so much was used.
    fn note(&mut self, usage: Usage, ended: usize) {
        if ended == 0 {
            return;
        }
        if self.least.is_none_or(|least| usage.used < least) {
            self.least = Some(usage.used);
            self.in_vain = 0;
            return;
        }
        self.in_vain = self.in_vain.saturating_add(1);
        if !self.is_of_use() {
            let Usage { used, total } = usage;
            error!(
                used,
                total,
                "no memory has come of ending players: those who are left stay; look for who else uses it"
            );
        }
    }
}

fn tell(usage: Option<Usage>, shortage: Shortage) {
    let Some(Usage { used, total }) = usage else {
        return warn!("the system does not say any more how much memory is used");
    };
    match shortage {
        Shortage::None => info!(used, total, "there is enough memory again"),
        Shortage::Soft => warn!(used, total, "short of memory: new players are refused"),
        Shortage::Hard => error!(
            used,
            total, "short of memory: new connections and publishers are refused"
        ),
        Shortage::Shed => error!(
            used,
            total, "short of memory: players are ended, the slowest first"
        ),
    }
}

/// How often the server looks: before it is through with the rest of its memory, whoever sends.
const LOOK: Duration = Duration::from_millis(250);

/// Each time one of so many players is ended, and one at least: memory comes back only after they have gone.
const SHED_PART: usize = 50;

/// So often players are ended although nothing came of it the last time: at most a tenth of them, or a handful.
const IN_VAIN: u32 = 4;

#[cfg(test)]
mod tests;
