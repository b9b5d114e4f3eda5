//! How often limits of playing files were hit.

use std::sync::atomic::{AtomicU64, Ordering};

/// What is counted for all viewers together.
#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Files that were not opened, because so many are.
    refused: AtomicU64,
    /// Files that were not opened, because so many are by clients of one address.
    share: AtomicU64,
    /// Items that found a playlist full.
    full: AtomicU64,
}

impl Counters {
    pub(super) fn file_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn share_refused(&self) {
        self.share.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn playlist_full(&self) {
        self.full.fetch_add(1, Ordering::Relaxed);
    }

    /// By the key of the limit.
    pub(super) fn limits(&self) -> [(&'static str, u64); 3] {
        [
            ("playback.files", self.refused.load(Ordering::Relaxed)),
            ("playback.share", self.share.load(Ordering::Relaxed)),
            ("playback.playlist", self.full.load(Ordering::Relaxed)),
        ]
    }
}
