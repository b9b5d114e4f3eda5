//! What was relayed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one relay has carried, over all of its connections. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carried {
    own: Arc<Counts>,
    /// Of which this is a part.
    whole: Option<Arc<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    messages: AtomicU64,
    bytes: AtomicU64,
}

impl Carried {
    /// One that counts from 0, and here too.
    pub(crate) fn part(&self) -> Self {
        Self {
            own: Arc::default(),
            whole: Some(Arc::clone(&self.own)),
        }
    }

    /// One message more, with so many bytes of payload.
    pub(crate) fn note(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        for counts in [Some(&self.own), self.whole.as_ref()].into_iter().flatten() {
            counts.messages.fetch_add(1, Ordering::Relaxed);
            counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// Messages so far.
    pub(crate) fn messages(&self) -> u64 {
        self.own.messages.load(Ordering::Relaxed)
    }

    /// Bytes of their payloads.
    pub(crate) fn bytes(&self) -> u64 {
        self.own.bytes.load(Ordering::Relaxed)
    }
}
