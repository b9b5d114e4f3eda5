//! What all objects share: how many there may be, and how many bytes they may take.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::limits::OBJECT_OVERHEAD;

/// Whose objects a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    All,
    Application,
    Address,
}

/// What is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Objects(Pool),
    Bytes(Pool),
}

/// How much is in use, and how much may be. Relaxed: it is a sum and nothing else depends on it.
#[derive(Debug)]
struct Gauge {
    used: AtomicUsize,
    most: usize,
}

impl Gauge {
    const fn new(most: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            most,
        }
    }

    /// Takes so much if there is room for all of it.
    fn take(&self, more: usize) -> bool {
        let sum = |used: usize| used.checked_add(more).filter(|sum| *sum <= self.most);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum)
            .is_ok()
    }

    /// Takes what is there already.
    fn take_anyway(&self, more: usize) {
        self.used.fetch_add(more, Ordering::Relaxed);
    }

    fn give(&self, less: usize) {
        self.used.fetch_sub(less, Ordering::Relaxed);
    }
}

/// How many objects there may be together, and how many bytes they may take.
#[derive(Debug)]
pub(crate) struct Budget {
    objects: Gauge,
    bytes: Gauge,
}

impl Budget {
    pub(crate) const fn new(objects: usize, bytes: usize) -> Self {
        Self {
            objects: Gauge::new(objects),
            bytes: Gauge::new(bytes),
        }
    }

    /// The bytes in use.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes.used.load(Ordering::Relaxed)
    }
}

/// What one object takes of all the budgets that it is charged to, or of none; given back when this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    budgets: Vec<(Pool, Arc<Budget>)>,
    bytes: usize,
}

impl Charge {
    /// Charges for an object without slots.
    pub(crate) fn new(
        budgets: impl IntoIterator<Item = (Pool, Arc<Budget>)>,
    ) -> Result<Self, Full> {
        let mut charge = Self {
            budgets: Vec::new(),
            bytes: 0,
        };
        for (pool, budget) in budgets {
            if !budget.objects.take(1) {
                return Err(Full::Objects(pool));
            }
            charge.budgets.push((pool, budget));
        }
        charge.grow_to(OBJECT_OVERHEAD).map_err(Full::Bytes)?;
        Ok(charge)
    }

    /// Takes what is missing to so many bytes, or says where there is no room for them.
    pub(crate) fn grow_to(&mut self, bytes: usize) -> Result<(), Pool> {
        let more = bytes.saturating_sub(self.bytes);
        if more == 0 {
            return Ok(());
        }
        for (at, (pool, budget)) in self.budgets.iter().enumerate() {
            if !budget.bytes.take(more) {
                let taken = self.budgets.iter().take(at);
                taken.for_each(|(_, budget)| budget.bytes.give(more));
                return Err(*pool);
            }
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Charges for the bytes that there are now.
    pub(crate) fn settle(&mut self, bytes: usize) {
        for (_, budget) in &self.budgets {
            budget.bytes.give(self.bytes.saturating_sub(bytes));
            budget.bytes.take_anyway(bytes.saturating_sub(self.bytes));
        }
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        for (_, budget) in &self.budgets {
            budget.bytes.give(self.bytes);
            budget.objects.give(1);
        }
    }
}

/// A budget for each of many, as long as somebody uses it.
#[derive(Debug)]
pub(crate) struct Shares<K>(Mutex<Table<K>>);

#[derive(Debug)]
struct Table<K> {
    budgets: HashMap<K, Weak<Budget>>,
    /// With so many, those that nobody uses go.
    full: usize,
}

/// A table of fewer is not looked through.
const FEW: usize = 64;

impl<K> Default for Shares<K> {
    fn default() -> Self {
        Self(Mutex::new(Table {
            budgets: HashMap::new(),
            full: FEW,
        }))
    }
}

impl<K: Hash + Eq> Shares<K> {
    /// That of this one; it may have so many objects, and so many bytes.
    pub(crate) fn of(&self, key: K, objects: usize, bytes: usize) -> Arc<Budget> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(budget) = table.budgets.get(&key).and_then(Weak::upgrade) {
            return budget;
        }
        if table.budgets.len() >= table.full {
            table.budgets.retain(|_, budget| budget.strong_count() > 0);
            // Not again before as many have come as are left: each newcomer pays for two.
            table.full = table.budgets.len().saturating_mul(2).max(FEW);
        }
        let budget = Arc::new(Budget::new(objects, bytes));
        table.budgets.insert(key, Arc::downgrade(&budget));
        budget
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_that_nobody_uses_go_and_those_in_use_are_not_looked_through_for_each_newcomer() {
        let shares = Shares::default();
        let state = || {
            let table = shares.0.lock().unwrap();
            (table.budgets.len(), table.full)
        };
        let kept: Vec<_> = (0..100).map(|key| shares.of(key, 1, 1)).collect();
        // Looked through once, at the sixty-fifth.
        assert_eq!(state(), (100, 2 * FEW));
        for key in 100..10_000 {
            drop(shares.of(key, 1, 1));
            let (all, full) = state();
            assert!(all <= 200 && full <= 200, "{all} of {full}");
        }
        assert!(Arc::ptr_eq(&kept[7], &shares.of(7, 1, 1)));
        drop(kept);
        for key in 0..1_000 {
            drop(shares.of(key, 1, 1));
        }
        assert!(state().0 <= FEW);
    }
}
