//! With which numbers what is packaged anew begins: those of one name never go back [RFC 8216 6.2.2].
//!
//! ```text
//! 4 a second since 2025 ────────────────────────────────────────────────────▶ time
//! N · N+1 · N+2 · …   forgotten        M · M+1 · …    segments are longer than a quarter of a second,
//! ▲ first                              ▲ first        so the clock is ahead of whatever they have come to
//! ```
//!
//! The clock of the machine is asked once, when the server begins: what is set back later changes nothing. Where segments were shorter all
//! the same, numbers begin behind the highest that was ever used here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use adit_broker::StreamKey;

use crate::limits::outputs::HLS_REMEMBERED;

/// Where numbers begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct First {
    /// The first segment.
    pub(super) segment: u64,
    /// Discontinuities before it. Players count from 0 to it, so this is no time.
    pub(super) discontinuities: u64,
}

/// The numbers of all names of a server.
#[derive(Debug)]
pub(super) struct Numbers {
    begun: Instant,
    /// The number of that moment.
    base: u64,
    /// Nothing that has ended went beyond it.
    highest: AtomicU64,
    names: Mutex<HashMap<StreamKey, Name>>,
}

/// What is remembered of a name.
#[derive(Clone, Copy, Debug)]
struct Name {
    /// Discontinuities before what comes next.
    discontinuities: u64,
    since: Instant,
}

/// Numbers of a second: no segment that ends with a key frame is so short.
const A_SECOND: u64 = 4;
/// From 1970 to 2025, so that numbers stay below 2^31 for long, which is as far as some players count.
const EPOCH: Duration = Duration::from_hours(482_136);

impl Numbers {
    /// For a server that begins `now`.
    pub(super) fn new(now: Instant, clock: SystemTime) -> Self {
        let since = clock.duration_since(SystemTime::UNIX_EPOCH).ok();
        let since = since.and_then(|since| since.checked_sub(EPOCH));
        Self {
            begun: now,
            base: count(since.unwrap_or_default()),
            highest: AtomicU64::new(0),
            names: Mutex::default(),
        }
    }

    /// Where a name begins that is packaged anew.
    pub(super) fn first(&self, now: Instant, name: &StreamKey) -> First {
        let elapsed = now.saturating_duration_since(self.begun);
        let clock = self.base.saturating_add(count(elapsed));
        let known = self.names().get(name).copied();
        First {
            segment: clock.max(self.highest.load(Ordering::Relaxed)),
            discontinuities: known.map_or(0, |known| known.discontinuities),
        }
    }

    /// Remembers where the next one of this name will begin at least.
    pub(super) fn remember(&self, now: Instant, name: &StreamKey, next: First) {
        self.highest.fetch_max(next.segment, Ordering::Relaxed);
        // Whoever is not known has had none; a name without segments takes the place of no other.
        if next.discontinuities == 0 {
            return;
        }
        let mut names = self.names();
        if names.len() >= HLS_REMEMBERED && !names.contains_key(name) {
            let oldest = names.iter().min_by_key(|(_, known)| known.since);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                names.remove(&oldest);
            }
        }
        let known = names.entry(name.clone()).or_insert(Name {
            discontinuities: 0,
            since: now,
        });
        known.since = now;
        known.discontinuities = known.discontinuities.max(next.discontinuities);
    }

    fn names(&self) -> MutexGuard<'_, HashMap<StreamKey, Name>> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Numbers {
    fn default() -> Self {
        Self::new(Instant::now(), SystemTime::now())
    }
}

fn count(time: Duration) -> u64 {
    let quarters = time.as_millis().saturating_mul(A_SECOND.into()) / 1000;
    u64::try_from(quarters).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
