//! Limits of the memory of the process, in percent of what it may use.

/// From here on new players are refused (`mem.soft`).
pub(crate) const MEMORY_SOFT: u8 = 80;

/// From here on nobody new is let in, and no groups of pictures are kept for players to come (`mem.hard`).
pub(crate) const MEMORY_HARD: u8 = 90;

/// From here on players are ended, the slowest first (`mem.shed`).
pub(crate) const MEMORY_SHED: u8 = 95;
