//! The bytes that all objects share.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Bytes in use, and how many there may be. Relaxed: it is a sum and nothing else depends on it.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    most: usize,
}

impl Budget {
    pub(crate) const fn new(most: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            most,
        }
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Takes bytes if there is room for all of them.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.most);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .is_ok()
    }

    /// Takes bytes that are there already.
    pub(crate) fn take_anyway(&self, bytes: usize) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether there is room for anything.
    pub(crate) fn has_room(&self) -> bool {
        self.used() < self.most
    }

    /// Gives bytes back.
    pub(crate) fn give(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Budgets of which one thing takes part: it takes from all of them or from none.
#[derive(Debug)]
pub(crate) struct Budgets(Vec<Arc<Budget>>);

impl Budgets {
    pub(crate) fn new(all: impl IntoIterator<Item = Arc<Budget>>) -> Self {
        Self(all.into_iter().collect())
    }

    /// Takes bytes if there is room for all of them everywhere.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let full = self.0.iter().position(|budget| !budget.take(bytes));
        let taken = self.0.get(..full.unwrap_or_default()).unwrap_or_default();
        for budget in taken {
            budget.give(bytes);
        }
        full.is_none()
    }

    pub(crate) fn take_anyway(&self, bytes: usize) {
        for budget in &self.0 {
            budget.take_anyway(bytes);
        }
    }

    pub(crate) fn give(&self, bytes: usize) {
        for budget in &self.0 {
            budget.give(bytes);
        }
    }
}

/// A budget for each of many, as long as somebody uses it.
#[derive(Debug)]
pub(crate) struct Shares<K>(Mutex<HashMap<K, Weak<Budget>>>);

impl<K> Default for Shares<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq> Shares<K> {
    /// That of this one; it may be `most`.
    pub(crate) fn of(&self, key: K, most: usize) -> Arc<Budget> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&key).and_then(Weak::upgrade) {
            return share;
        }
        // Those that nobody uses go when there are twice as many as are used.
        if shares.len() == shares.capacity() {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(Budget::new(most));
        shares.insert(key, Arc::downgrade(&share));
        share
    }
}
