//! What one client may take of the files and the reads that there are for all.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::access::sharer;
use crate::limits::playback::{FILES_PER_ADDRESS, READERS_PER_ADDRESS};

/// The shares of all addresses that have clients now.
#[derive(Debug, Default)]
pub(super) struct Shares(Mutex<HashMap<IpAddr, Weak<Share>>>);

/// The share of one address, of all its connections together.
#[derive(Debug)]
pub(super) struct Share {
    address: IpAddr,
    of: Weak<Shares>,
    handles: Arc<Semaphore>,
    readers: Arc<Semaphore>,
}

impl Shares {
    /// The share of whoever comes from there; this machine itself takes what it needs.
    pub(super) fn of(self: &Arc<Self>, peer: IpAddr) -> Option<Arc<Share>> {
        let address = sharer(peer)?;
        let mut shares = self.lock();
        if let Some(share) = shares.get(&address).and_then(Weak::upgrade) {
            return Some(share);
        }
        let share = Arc::new(Share {
            address,
            of: Arc::downgrade(self),
            handles: Arc::new(Semaphore::new(FILES_PER_ADDRESS)),
            readers: Arc::new(Semaphore::new(READERS_PER_ADDRESS)),
        });
        shares.insert(address, Arc::downgrade(&share));
        Some(share)
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Weak<Share>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Share {
    /// One more file, if there may be one.
    pub(super) fn handle(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.handles).try_acquire_owned().ok()
    }

    /// The turn to read.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        // Nobody closes it.
        Arc::clone(&self.readers).acquire_owned().await.ok()
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let Some(shares) = self.of.upgrade() else {
            return;
        };
        let mut shares = shares.lock();
        // Somebody else may have come from there meanwhile.
        if shares
            .get(&self.address)
            .is_some_and(|share| share.strong_count() == 0)
        {
            shares.remove(&self.address);
        }
    }
}
