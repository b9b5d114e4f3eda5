//! How recording goes, in plain atomics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of all recordings of a server; clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    started: AtomicU64,
    finished: AtomicU64,
    failed: AtomicU64,
    repaired: AtomicU64,
    gaps: AtomicU64,
    gap_frames: AtomicU64,
    too_many: AtomicU64,
    files_full: AtomicU64,
    reserve: AtomicU64,
    busy: AtomicU64,
    too_many_turns: AtomicU64,
    too_long: AtomicU64,
}

/// How recording went so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordingSnapshot {
    /// Files that were begun or gone on with.
    pub started: u64,
    /// Files that were finished: whole and on the disk.
    pub finished: u64,
    /// How often a recording could not begin or go on.
    pub failed: u64,
    /// Files that a crash had left and that were repaired.
    pub repaired: u64,
    /// How often a disk was too slow, so that frames are missing.
    pub gaps: u64,
    /// How many frames are missing for that.
    pub gap_frames: u64,
}

impl Counters {
    pub(crate) fn snapshot(&self) -> RecordingSnapshot {
        let inner = &self.0;
        RecordingSnapshot {
            started: read(&inner.started),
            finished: read(&inner.finished),
            failed: read(&inner.failed),
            repaired: read(&inner.repaired),
            gaps: read(&inner.gaps),
            gap_frames: read(&inner.gap_frames),
        }
    }

    /// Hits of limits, by key.
    pub(crate) fn limits(&self) -> [(&'static str, u64); 7] {
        let inner = &self.0;
        [
            ("recording.streams", read(&inner.too_many)),
            ("recording.queue.bytes", read(&inner.gaps)),
            ("recording.file", read(&inner.files_full)),
            ("recording.reserve", read(&inner.reserve)),
            ("recording.wait", read(&inner.busy)),
            ("recording.turns", read(&inner.too_many_turns)),
            ("recording.stream", read(&inner.too_long)),
        ]
    }

    pub(super) fn started(&self) {
        add(&self.0.started, 1);
    }

    pub(super) fn finished(&self) {
        add(&self.0.finished, 1);
    }

    pub(super) fn failed(&self) {
        add(&self.0.failed, 1);
    }

    pub(super) fn repaired(&self) {
        add(&self.0.repaired, 1);
    }

    pub(super) fn gap(&self, frames: u64) {
        add(&self.0.gaps, 1);
        add(&self.0.gap_frames, frames);
    }

    pub(super) fn too_many(&self) {
        add(&self.0.too_many, 1);
    }

    pub(super) fn file_full(&self) {
        add(&self.0.files_full, 1);
    }

    pub(super) fn reserve_reached(&self) {
        add(&self.0.reserve, 1);
    }

    pub(super) fn too_many_turns(&self) {
        add(&self.0.too_many_turns, 1);
    }

    pub(super) fn too_long(&self) {
        add(&self.0.too_long, 1);
    }

    pub(super) fn busy(&self) {
        add(&self.0.busy, 1);
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
