//! How much memory is used of what there is, and who is turned away so that those who are there go on.
//!
//! ```text
//!  0 %                          soft 80 %           hard 90 %              shed 95 %
//!  ├─────────────────────────────┼───────────────────┼──────────────────────┼─────────▶
//!    everybody is let in           no new players      nobody new, no cached   players end,
//!                                                      groups of pictures      the slowest first
//! ```
//!
//! Publishers are never ended: what is not taken from a publisher waits in its own memory.

mod counters;
mod usage;
mod watch;

pub(crate) use self::counters::Memory;
pub use self::usage::Usage;
pub(crate) use self::usage::resident;
pub(crate) use self::watch::watch;
use crate::limits::{MEMORY_HARD, MEMORY_SHED, MEMORY_SOFT};

/// How short of memory a server is; each one includes those before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Shortage {
    /// There is enough.
    #[default]
    None,
    /// New players are refused.
    Soft,
    /// New connections and publishers are refused, and no groups of pictures are kept for players to come.
    Hard,
    /// Players are ended.
    Shed,
}

impl Shortage {
    /// 0 for none, 1 to 3 for the others in their order.
    pub const fn level(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Soft => 1,
            Self::Hard => 2,
            Self::Shed => 3,
        }
    }

    const fn of_level(level: u8) -> Self {
        match level {
            0 => Self::None,
            1 => Self::Soft,
            2 => Self::Hard,
            _ => Self::Shed,
        }
    }

    /// The name of the limit that was reached.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Soft => "soft",
            Self::Hard => "hard",
            Self::Shed => "shed",
        }
    }
}

/// From where on a server counts as short of memory, in percent of what it may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryLimits {
    /// What it may use, in bytes. Without it what the control group of the process may, or what the machine has.
    pub total: Option<u64>,
    /// Default 80 (`mem.soft`).
    pub soft: u8,
    /// Default 90 (`mem.hard`).
    pub hard: u8,
    /// Default 95 (`mem.shed`).
    pub shed: u8,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self {
            total: None,
            soft: MEMORY_SOFT,
            hard: MEMORY_HARD,
            shed: MEMORY_SHED,
        }
    }
}

impl MemoryLimits {
    /// How short of memory that is, for a server that was as short as `before` until now: one does not come and go with every
    /// allocation.
    fn shortage(&self, usage: Usage, before: Shortage) -> Shortage {
        let levels = [
            (Shortage::Shed, self.shed),
            (Shortage::Hard, self.hard),
            (Shortage::Soft, self.soft),
        ];
        let reached = |(level, percent): &(Shortage, u8)| {
            let ease = if *level <= before { EASE } else { 0 };
            usage.reaches(percent.saturating_sub(ease))
        };
        let highest = levels.into_iter().find(reached);
        highest.map_or(Shortage::None, |(level, _)| level)
    }
}

/// So many percent less have to be used before a shortage is over.
const EASE: u8 = 2;

/// What those are told who are turned away.
pub(crate) const SHORT: &str = "this server is short of memory; try again in a while";

#[cfg(test)]
mod tests;
