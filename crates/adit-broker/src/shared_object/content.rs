//! The slots of one object, their versions, and what remains of removed ones.
//!
//! Each step of the object raises its version by one. A slot, and for a while a removed slot, is
//! marked with the version and the author of its last change. `floor` marks the last change of which
//! nothing more is known: from a version at or above it, what has changed since can be told exactly.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::budget::{Charge, Pool};
use super::request::Refusal;
use super::update::MemberId;
use crate::limits::{LOST_VERSIONS, OBJECT_OVERHEAD, OBJECT_SLOT_OVERHEAD, ObjectLimits};

/// The slots of one object.
#[derive(Debug)]
pub(crate) struct Content<V> {
    version: u32,
    slots: BTreeMap<Arc<str>, Slot<V>>,
    bytes: usize,
    removed: BTreeMap<Arc<str>, Mark>,
    /// The names of `removed`.
    removed_bytes: usize,
    floor: Mark,
    resync_depth: Option<u32>,
    /// Whether those who come back are told only what has changed.
    tells_changes: bool,
    limits: ObjectLimits,
    charge: Charge,
}

#[derive(Debug)]
struct Slot<V> {
    value: Arc<V>,
    size: usize,
    mark: Mark,
}

/// When something changed, and by whom; `None` is the server, or nobody knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) version: u32,
    pub(crate) by: Option<MemberId>,
}

/// What an object holds, or what has changed of it since some version.
#[derive(Debug, PartialEq)]
pub struct Changes<V> {
    /// The version of the object with all this.
    pub version: u32,
    /// Whether this is all there is or only what has changed.
    pub extent: Extent,
    /// The slots, by name.
    pub slots: Vec<ChangedSlot<V>>,
    /// Slots that were removed and the versions of their removal, by name.
    pub removed: Vec<(Arc<str>, u32)>,
    /// From this version on `removed` has every removal.
    pub floor: u32,
}

/// What an object takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Its slots.
    pub slots: usize,
    /// Bytes, as the limits count them: of slots, of what is remembered of removed ones, and of the object itself.
    pub bytes: usize,
}

/// How much [`Changes`] tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All slots: whoever has others must forget them.
    All,
    /// The slots that have changed and those removed; the rest is as it was.
    Changed,
}

/// One slot of [`Changes`].
#[derive(Debug, PartialEq)]
pub struct ChangedSlot<V> {
    /// Its name.
    pub name: Arc<str>,
    /// Its value.
    pub value: Arc<V>,
    /// The size of the value, as it was given with it.
    pub size: usize,
    /// The version of its last change.
    pub version: u32,
}

impl<V> Clone for ChangedSlot<V> {
    fn clone(&self) -> Self {
        Self {
            name: Arc::clone(&self.name),
            value: Arc::clone(&self.value),
            size: self.size,
            version: self.version,
        }
    }
}

impl<V> Clone for Changes<V> {
    fn clone(&self) -> Self {
        Self {
            version: self.version,
            extent: self.extent,
            slots: self.slots.clone(),
            removed: self.removed.clone(),
            floor: self.floor,
        }
    }
}

/// How what comes out of a store follows what the object was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// It is the newest: the object was stored before it went.
    Exact,
    /// Newer changes may be lost: the server was not shut down in order. Members that come back get
    /// all slots.
    Lossy,
}

impl<V> Content<V> {
    /// An object without slots, of version 1.
    pub(crate) fn new(tells_changes: bool, limits: ObjectLimits, charge: Charge) -> Self {
        Self {
            version: 1,
            slots: BTreeMap::new(),
            bytes: 0,
            removed: BTreeMap::new(),
            removed_bytes: 0,
            floor: Mark {
                version: 1,
                by: None,
            },
            resync_depth: None,
            tells_changes,
            limits,
            charge,
        }
    }

    /// Takes over what a store has kept. Limits that are smaller than when it was stored stop only
    /// what would make the object larger.
    pub(crate) fn restore(&mut self, stored: Changes<V>, continuity: Continuity) {
        let mark = |version| Mark { version, by: None };
        for slot in stored.slots {
            let bytes = slot.name.len().saturating_add(slot.size);
            self.bytes = self.bytes.saturating_add(bytes);
            let value = Slot {
                value: slot.value,
                size: slot.size,
                mark: mark(slot.version),
            };
            self.slots.insert(slot.name, value);
        }
        match continuity {
            Continuity::Exact => {
                self.version = stored.version;
                self.floor = mark(stored.floor);
                let removed = stored.removed.into_iter();
                self.removed = removed
                    .map(|(name, version)| (name, mark(version)))
                    .collect();
                self.count_removed();
            }
            Continuity::Lossy => match stored.version.checked_add(LOST_VERSIONS) {
                Some(version) => {
                    self.version = version;
                    self.floor = mark(version);
                }
                None => self.restart(),
            },
        }
        self.settle();
    }

    /// What is charged for: names and values, and what is kept around them.
    fn owed(&self) -> usize {
        let kept = self.slots.len().saturating_add(self.removed.len());
        self.bytes
            .saturating_add(self.removed_bytes)
            .saturating_add(kept.saturating_mul(OBJECT_SLOT_OVERHEAD))
            .saturating_add(OBJECT_OVERHEAD)
    }

    /// Charges for what there is now.
    fn settle(&mut self) {
        let owed = self.owed();
        self.charge.settle(owed);
    }

    fn count_removed(&mut self) {
        self.removed_bytes = self.removed.keys().map(|name| name.len()).sum();
    }

    pub(crate) const fn version(&self) -> u32 {
        self.version
    }

    /// The version that the next step will have.
    pub(crate) const fn next_version(&self) -> u32 {
        self.version.saturating_add(1)
    }

    /// Makes sure that there is a next version. After four billion steps versions begin anew, and
    /// what has changed since an older one is not known any more.
    pub(crate) fn begin_step(&mut self) {
        if self.version == u32::MAX {
            self.restart();
        }
    }

    fn restart(&mut self) {
        self.version = 1;
        self.removed.clear();
        self.removed_bytes = 0;
        self.floor = Mark {
            version: 1,
            by: None,
        };
        for slot in self.slots.values_mut() {
            slot.mark.version = 1;
        }
    }

    /// The step is over.
    pub(crate) fn end_step(&mut self) {
        self.version = self.next_version();
    }

    pub(crate) fn value(&self, slot: &str) -> Option<&Arc<V>> {
        self.slots.get(slot).map(|slot| &slot.value)
    }

    pub(crate) fn size(&self) -> Size {
        Size {
            slots: self.slots.len(),
            bytes: self.owed(),
        }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.slots.keys()
    }

    /// The last change of a slot, or one that is at least as new.
    pub(crate) fn mark(&self, slot: &str) -> Mark {
        if let Some(slot) = self.slots.get(slot) {
            return slot.mark;
        }
        // Removals that are remembered are newer than the floor.
        self.removed.get(slot).copied().unwrap_or(self.floor)
    }

    /// Sets a slot; gives its name.
    pub(crate) fn set(
        &mut self,
        slot: &str,
        value: Arc<V>,
        size: usize,
        by: Option<MemberId>,
    ) -> Result<Arc<str>, Refusal> {
        let known = self.slots.get_key_value(slot);
        let (name, old_bytes) = match known {
            Some((name, old)) => (Arc::clone(name), slot.len().saturating_add(old.size)),
            None => (Arc::from(slot), 0),
        };
        let is_new = known.is_none();
        let bytes = slot.len().saturating_add(size);
        if slot.len() > self.limits.slot_name {
            return Err(Refusal::SlotName);
        }
        if size > self.limits.value_bytes {
            return Err(Refusal::Value);
        }
        if is_new && self.slots.len() >= self.limits.slots {
            return Err(Refusal::Slots);
        }
        let grows = bytes > old_bytes;
        let total = self.bytes.saturating_sub(old_bytes).saturating_add(bytes);
        if grows && total > self.limits.bytes {
            return Err(Refusal::Bytes);
        }
        let was_removed = self.removed.contains_key(slot);
        let mut owed = self.owed().saturating_sub(old_bytes).saturating_add(bytes);
        if is_new {
            owed = owed.saturating_add(OBJECT_SLOT_OVERHEAD);
        }
        if was_removed {
            owed = owed.saturating_sub(slot.len().saturating_add(OBJECT_SLOT_OVERHEAD));
        }
        self.charge.grow_to(owed).map_err(|full| match full {
            Pool::All => Refusal::TotalBytes,
            Pool::Application => Refusal::ApplicationBytes,
            Pool::Address => Refusal::AddressBytes,
        })?;
        self.bytes = total;
        let mark = Mark {
            version: self.next_version(),
            by,
        };
        if was_removed {
            self.removed.remove(slot);
            self.removed_bytes = self.removed_bytes.saturating_sub(slot.len());
        }
        self.slots
            .insert(Arc::clone(&name), Slot { value, size, mark });
        self.settle();
        Ok(name)
    }

    /// Why a message may not be sent.
    pub(crate) fn refuses_message(&self, handler: &str, size: usize) -> Option<Refusal> {
        if handler.len() > self.limits.slot_name {
            Some(Refusal::SlotName)
        } else {
            (size > self.limits.value_bytes).then_some(Refusal::Value)
        }
    }

    /// Removes a slot; gives its name if there was one.
    pub(crate) fn remove(&mut self, slot: &str, by: Option<MemberId>) -> Option<Arc<str>> {
        let (name, old) = self.slots.remove_entry(slot)?;
        let bytes = name.len().saturating_add(old.size);
        self.bytes = self.bytes.saturating_sub(bytes);
        let version = self.next_version();
        self.removed.insert(Arc::clone(&name), Mark { version, by });
        self.removed_bytes = self.removed_bytes.saturating_add(name.len());
        if self.removed.len() > self.limits.removed {
            // The older half at once, so that this is rare.
            let mut versions: Vec<_> = self.removed.values().map(|mark| mark.version).collect();
            let middle = versions.len() / 2;
            let (_, middle, _) = versions.select_nth_unstable(middle);
            self.forget_removed(*middle);
        }
        self.settle();
        Some(name)
    }

    /// Removes all slots.
    pub(crate) fn clear(&mut self, by: Option<MemberId>) {
        self.slots.clear();
        self.bytes = 0;
        self.removed.clear();
        self.removed_bytes = 0;
        self.settle();
        let version = self.next_version();
        self.floor = Mark { version, by };
    }

    /// Forgets the slots that were removed with this version or before.
    fn forget_removed(&mut self, last: u32) {
        let of = |mark: &Mark| mark.version <= last;
        let newest = self.removed.values().filter(|mark| of(mark));
        if let Some(version) = newest.map(|mark| mark.version).max() {
            self.removed.retain(|_, mark| !of(mark));
            self.count_removed();
            self.settle();
            if version > self.floor.version {
                self.floor = Mark { version, by: None };
            }
        }
    }

    /// Forgets the slots that were removed before this version.
    pub(crate) fn purge(&mut self, version: u32) {
        if let Some(last) = version.checked_sub(1) {
            self.forget_removed(last);
        }
    }

    /// Members that are more versions behind than this get all slots.
    pub(crate) const fn set_resync_depth(&mut self, depth: Option<u32>) {
        self.resync_depth = depth;
    }

    /// All there is.
    pub(crate) fn all(&self) -> Changes<V> {
        self.since(0, Extent::All)
    }

    /// What has changed since a version, or all there is where that is not known.
    pub(crate) fn changes_since(&self, version: u32) -> Changes<V> {
        let behind = self.version.checked_sub(version);
        let is_known = version >= self.floor.version
            && self.tells_changes
            && behind.is_some_and(|behind| self.resync_depth.is_none_or(|depth| behind <= depth));
        if is_known {
            self.since(version, Extent::Changed)
        } else {
            self.all()
        }
    }

    fn since(&self, version: u32, extent: Extent) -> Changes<V> {
        let slots = self
            .slots
            .iter()
            .filter(|(_, slot)| slot.mark.version > version);
        let removed = self
            .removed
            .iter()
            .filter(|(_, mark)| mark.version > version);
        Changes {
            version: self.version,
            extent,
            slots: slots
                .map(|(name, slot)| ChangedSlot {
                    name: Arc::clone(name),
                    value: Arc::clone(&slot.value),
                    size: slot.size,
                    version: slot.mark.version,
                })
                .collect(),
            removed: removed
                .map(|(name, mark)| (Arc::clone(name), mark.version))
                .collect(),
            floor: self.floor.version,
        }
    }
}
