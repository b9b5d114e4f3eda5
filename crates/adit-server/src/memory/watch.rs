//! A look at the memory, and what it asks for.

use std::time::Duration;

use tracing::{error, info, warn};

use super::{SHORT, Shortage, Usage};
use crate::server::Shared;

/// How often the server looks: before it is through with the rest of its memory, whoever sends.
pub(crate) const LOOK: Duration = Duration::from_millis(250);

/// Does what the server does when so much is used.
pub(crate) fn look(shared: &Shared, usage: Usage) {
    let memory = shared.phase.memory();
    let limits = shared.live.now().limits.memory;
    let before = memory.shortage();
    let now = limits.shortage(usage, before);
    memory.note(usage, now);
    if now != before {
        tell(usage, now);
    }
    if now >= Shortage::Hard {
        shared.broker.forget_groups();
    }
    if now == Shortage::Shed {
        let ended = shared.connections.end_slowest(SHED_PART, SHORT);
        memory.ended(ended);
    }
}

fn tell(usage: Usage, shortage: Shortage) {
    let Usage { used, total } = usage;
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

/// At each look one of so many players is ended, and one at least: memory comes back only after they have gone.
const SHED_PART: usize = 50;
