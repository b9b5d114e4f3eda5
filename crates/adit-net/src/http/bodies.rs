//! Memory for the bodies of tunnel requests, shared by all connections.
//!
//! A body counts from its first byte on: while it is collected, while it waits for its turn in a session, and until the
//! RTMP side has read the last of it. The count travels with the bytes and ends with them.

use crate::config::HttpConfig;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What all bodies of an acceptor may hold. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Bodies(Arc<Budget>);

#[derive(Debug)]
struct Budget {
    most: usize,
    small: usize,
    held: AtomicUsize,
}

/// What the bodies of one session hold. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Share(Arc<AtomicUsize>);

/// A body that grows as it comes.
#[derive(Debug)]
pub(super) struct Collected {
    bytes: Vec<u8>,
    place: Place,
    /// The length that was announced, 0 for none.
    expected: usize,
}

/// Memory taken from the budget; dropping it gives it back.
#[derive(Debug)]
struct Place {
    bodies: Bodies,
    share: Share,
    bytes: usize,
}

/// There is no memory for so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoRoom;

impl Bodies {
    pub(crate) fn new(config: &HttpConfig) -> Self {
        Self(Arc::new(Budget {
            most: config.bodies,
            small: config.bodies_small,
            held: AtomicUsize::new(0),
        }))
    }

    /// A body for the session of `share`, of `expected` bytes if that was announced.
    pub(super) fn collect(&self, share: &Share, expected: usize) -> Collected {
        Collected {
            bytes: Vec::new(),
            place: Place {
                bodies: self.clone(),
                share: share.clone(),
                bytes: 0,
            },
            expected,
        }
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.0.held.load(Ordering::Relaxed)
    }
}

impl Collected {
    /// Appends what came. Memory grows with what is there, and never beyond what was announced.
    pub(super) fn append(&mut self, data: &[u8]) -> Result<(), NoRoom> {
        let needed = self.bytes.len().saturating_add(data.len());
        if needed > self.bytes.capacity() {
            let ample = self.bytes.capacity().saturating_mul(2).max(FIRST_ROOM);
            let ample = if self.expected >= needed {
                ample.min(self.expected)
            } else {
                ample
            };
            self.reserve(needed.max(ample))?;
        }
        self.bytes.extend_from_slice(data);
        Ok(())
    }

    fn reserve(&mut self, capacity: usize) -> Result<(), NoRoom> {
        self.place.grow(capacity.saturating_add(PER_BODY))?;
        let more = capacity.saturating_sub(self.bytes.len());
        self.bytes.try_reserve_exact(more).map_err(|_| NoRoom)
    }

    /// The whole body. Its place in the budget is free when the last of it is dropped.
    pub(super) fn finish(self) -> Bytes {
        if self.bytes.is_empty() {
            Bytes::new()
        } else {
            Bytes::from_owner(self)
        }
    }
}

impl AsRef<[u8]> for Collected {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Place {
    fn grow(&mut self, bytes: usize) -> Result<(), NoRoom> {
        let more = bytes.saturating_sub(self.bytes);
        let of_session = self.share.0.load(Ordering::Relaxed).saturating_add(more);
        let Budget { most, small, held } = &*self.bodies.0;
        let allowed = if of_session <= *small {
            *most
        } else {
            most / 2
        };
        held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            held.checked_add(more).filter(|held| *held <= allowed)
        })
        .map_err(|_| NoRoom)?;
        self.share.0.fetch_add(more, Ordering::Relaxed);
        self.bytes = self.bytes.saturating_add(more);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.bodies.0.held.fetch_sub(self.bytes, Ordering::Relaxed);
        self.share.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// What a body costs beside its bytes: without it, bodies of one byte would cost a hundred times what they count.
const PER_BODY: usize = 256;
/// The least that is set aside for a body longer than that.
const FIRST_ROOM: usize = 1024;

#[cfg(test)]
mod tests;
