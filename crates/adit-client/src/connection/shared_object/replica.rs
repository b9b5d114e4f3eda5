//! The copy of a shared object, without I/O: messages in, updates out.

use std::collections::{BTreeMap, VecDeque};
use std::slice;

use adit_amf::amf0::{Object, Value, decode_all, encode_all};
use adit_amf::{Limits, Text, amf3};
use adit_rtmp::shared_object::{Event, Persistence, SharedObjectMessage};
use bytes::BytesMut;

use super::update::{Author, ObjectChange, ObjectEdit, ObjectUpdate};
use crate::limits;

/// What this client knows of an object.
#[derive(Debug)]
pub(super) struct Replica {
    name: Text,
    persistence: Persistence,
    version: u32,
    slots: BTreeMap<Text, Slot>,
    /// About how much memory the slots take.
    weight: usize,
    /// Own requests without an answer, the oldest first; at most [`limits::OBJECT_PENDING`].
    pending: VecDeque<Own>,
    is_joined: bool,
}

#[derive(Debug)]
struct Slot {
    value: Value,
    weight: usize,
}

/// An own request to change a slot.
#[derive(Debug)]
struct Own {
    slot: Text,
    asked: Asked,
    standing: Standing,
}

#[derive(Debug)]
enum Asked {
    Set(Value),
    Remove,
}

/// Whether somebody else's change of the slot was told after the request had left. It may have been the answer, if the server has
/// refused the request for it; or not, if the request came after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Plain,
    Challenged,
}

/// The server puts more into an object than this client keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Replica {
    pub(super) const fn new(name: Text, persistence: Persistence) -> Self {
        Self {
            name,
            persistence,
            version: 0,
            slots: BTreeMap::new(),
            weight: 0,
            pending: VecDeque::new(),
            is_joined: false,
        }
    }

    pub(super) const fn name(&self) -> &Text {
        &self.name
    }

    pub(super) const fn persistence(&self) -> Persistence {
        self.persistence
    }

    pub(super) const fn version(&self) -> u32 {
        self.version
    }

    pub(super) const fn is_joined(&self) -> bool {
        self.is_joined
    }

    pub(super) fn value(&self, slot: &str) -> Option<&Value> {
        self.slots.get(slot).map(|slot| &slot.value)
    }

    pub(super) fn slots(&self) -> Object {
        let slots = self.slots.iter();
        slots
            .map(|(name, slot)| (name.clone(), slot.value.clone()))
            .collect()
    }

    /// The slots that own requests without an answer are about, the oldest first.
    pub(super) fn unconfirmed_slots(&self) -> Vec<Text> {
        self.pending.iter().map(|own| own.slot.clone()).collect()
    }

    /// Whether a change that this client has asked for is neither made nor refused.
    pub(super) fn waits_for_answer(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The message that asks to use the object. What was asked for on an earlier connection is forgotten.
    pub(super) fn join(&mut self) -> SharedObjectMessage {
        self.pending.clear();
        self.is_joined = false;
        if self.persistence == Persistence::Temporary {
            // It may be another object of the same name, whose versions mean nothing to this copy.
            self.version = 0;
        }
        self.message(vec![Event::Use])
    }

    pub(super) fn release(&self) -> SharedObjectMessage {
        self.message(vec![Event::Release])
    }

    /// The message that asks for changes, to be [noted](Self::note) when it is sent.
    pub(super) fn request(&self, edit: ObjectEdit) -> SharedObjectMessage {
        self.message(edit.events)
    }

    fn message(&self, events: Vec<Event>) -> SharedObjectMessage {
        let mut message = SharedObjectMessage::new(self.name.clone(), self.persistence);
        message.version = self.version;
        message.events = events;
        message
    }

    /// Remembers what was asked for, for the answers.
    pub(super) fn note(&mut self, request: SharedObjectMessage) {
        for event in request.events {
            let (slot, asked) = match event {
                Event::RequestChange { key, value } => (key, Asked::Set(value)),
                Event::RequestRemove { key } => (key, Asked::Remove),
                _ => continue,
            };
            if self.pending.len() >= limits::OBJECT_PENDING {
                self.pending.pop_front();
            }
            self.pending.push_back(Own {
                slot,
                asked,
                standing: Standing::Plain,
            });
        }
    }

    /// Takes a message of the server about this object; gives what it has changed, or nothing if that is nothing.
    ///
    /// # Errors
    ///
    /// The object is too large to be kept.
    pub(super) fn apply(
        &mut self,
        message: SharedObjectMessage,
    ) -> Result<Option<ObjectUpdate>, TooLarge> {
        let mut changes = Vec::with_capacity(message.events.len());
        if message.events.contains(&Event::UseSuccess) {
            changes.push(ObjectChange::Joined);
            self.is_joined = true;
            if self.version == 0 {
                // It was asked for as by one who knows nothing, so whatever is not told is gone.
                self.clear(&mut changes);
            }
        }
        let tells = |event: &Event| !matches!(event, Event::Status { .. });
        if message.events.iter().any(tells) {
            self.version = message.version;
        }
        for event in message.events {
            self.handle(event, &mut changes)?;
        }
        let version = self.version;
        Ok((!changes.is_empty()).then_some(ObjectUpdate { version, changes }))
    }

    fn handle(&mut self, event: Event, changes: &mut Vec<ObjectChange>) -> Result<(), TooLarge> {
        match event {
            Event::Change { key, value } => self.changed(key, value, changes)?,
            Event::Success { key } => {
                if let Some(asked) = self.answered(&key) {
                    self.confirm(key, asked, changes)?;
                }
            }
            Event::Accepted { key, value } => {
                drop(self.answered(&key));
                self.confirm(key, Asked::Set(value), changes)?;
            }
            Event::Remove { key } => {
                let by = self.removed_by(&key);
                self.remove(key, by, changes);
            }
            Event::Clear => self.clear(changes),
            Event::Message { handler, arguments } => {
                changes.push(ObjectChange::Message { handler, arguments });
            }
            Event::Status { code, level } => changes.push(ObjectChange::Refused { code, level }),
            // What only clients say, what this one has waited for, and what nobody has explained.
            _ => {}
        }
        Ok(())
    }

    /// A slot has a value that the server tells: somebody else's, or that of this client itself.
    fn changed(
        &mut self,
        key: Text,
        value: Value,
        changes: &mut Vec<ObjectChange>,
    ) -> Result<(), TooLarge> {
        let own = self.pending.iter().position(|own| own.slot == key);
        let is_own = own.is_some_and(|at| {
            let asked = self.pending.get(at).map(|own| &own.asked);
            matches!(asked, Some(Asked::Set(asked)) if *asked == value)
        });
        let by = if let (true, Some(at)) = (is_own, own) {
            self.pending.remove(at);
            Author::Me
        } else {
            self.challenge(&key);
            Author::Others
        };
        self.set(key, value, by, changes)
    }

    fn confirm(
        &mut self,
        key: Text,
        asked: Asked,
        changes: &mut Vec<ObjectChange>,
    ) -> Result<(), TooLarge> {
        match asked {
            Asked::Set(value) if !value.is_null() => self.set(key, value, Author::Me, changes),
            _ => {
                self.remove(key, Author::Me, changes);
                Ok(())
            }
        }
    }

    /// The own request that a success answers: the first that nothing has come in between of, or else the first.
    fn answered(&mut self, key: &Text) -> Option<Asked> {
        let of_slot = |own: &Own| own.slot == *key;
        let plain = |own: &Own| of_slot(own) && own.standing == Standing::Plain;
        let first_plain = self.pending.iter().position(plain);
        let at = first_plain.or_else(|| self.pending.iter().position(of_slot))?;
        let answered = self.pending.remove(at)?;
        if first_plain.is_some() {
            // Those before it were refused.
            let mut index = 0;
            self.pending.retain(|own| {
                let is_older = index < at;
                index += 1;
                !(is_older && own.slot == *key)
            });
        }
        Some(answered.asked)
    }

    fn removed_by(&mut self, key: &Text) -> Author {
        let first = self.pending.iter().position(|own| own.slot == *key);
        let is_own = first.is_some_and(|at| {
            let asked = self.pending.get(at).map(|own| &own.asked);
            matches!(asked, Some(Asked::Remove))
        });
        if let (true, Some(at)) = (is_own, first) {
            self.pending.remove(at);
            return Author::Me;
        }
        self.challenge(key);
        Author::Others
    }

    fn challenge(&mut self, key: &Text) {
        let of_slot = self.pending.iter_mut().filter(|own| own.slot == *key);
        of_slot.for_each(|own| own.standing = Standing::Challenged);
    }

    fn set(
        &mut self,
        slot: Text,
        value: Value,
        by: Author,
        changes: &mut Vec<ObjectChange>,
    ) -> Result<(), TooLarge> {
        let weight = weight(&slot, &value);
        // Not shares of the message that they came in: that would stay in memory as a whole.
        let kept = Slot {
            value: detached(&value),
            weight,
        };
        let old = self.slots.insert(slot.detached(), kept);
        let old = old.map_or(0, |old| old.weight);
        self.weight = self.weight.saturating_sub(old).saturating_add(weight);
        if self.slots.len() > limits::OBJECT_SLOTS || self.weight > limits::OBJECT_BYTES {
            return Err(TooLarge);
        }
        changes.push(ObjectChange::Set { slot, value, by });
        Ok(())
    }

    fn remove(&mut self, slot: Text, by: Author, changes: &mut Vec<ObjectChange>) {
        if let Some(old) = self.slots.remove(&slot) {
            self.weight = self.weight.saturating_sub(old.weight);
            changes.push(ObjectChange::Removed { slot, by });
        } else if by == Author::Me {
            // It was not there, and what was asked for is true all the same.
            changes.push(ObjectChange::Removed { slot, by });
        }
    }

    fn clear(&mut self, changes: &mut Vec<ObjectChange>) {
        for own in &mut self.pending {
            own.standing = Standing::Challenged;
        }
        if !self.slots.is_empty() {
            self.slots.clear();
            self.weight = 0;
            changes.push(ObjectChange::Cleared);
        }
    }

    /// Everything there is, for who has missed what was told.
    pub(super) fn snapshot(&self) -> ObjectUpdate {
        let slots = self.slots.iter().map(|(slot, kept)| ObjectChange::Set {
            slot: slot.clone(),
            value: kept.value.clone(),
            by: Author::Others,
        });
        ObjectUpdate {
            version: self.version,
            changes: [ObjectChange::Missed, ObjectChange::Cleared]
                .into_iter()
                .chain(slots)
                .collect(),
        }
    }
}

/// The value in bytes of its own.
fn detached(value: &Value) -> Value {
    let mut bytes = BytesMut::new();
    let copy = encode_all(slice::from_ref(value), &mut bytes)
        .ok()
        .and_then(|()| decode_all(bytes.freeze(), &Limits::default()).ok())
        .and_then(|values| values.into_iter().next());
    // What came by a wire can be written to one; a large value of an embedding program may not.
    copy.unwrap_or_else(|| value.clone())
}

/// About how many bytes of memory a slot takes.
fn weight(name: &Text, value: &Value) -> usize {
    let values = value.descendants().map(|value| match value {
        Value::Avm(value) => value.descendants().map(avm_weight).sum(),
        Value::Object(members) | Value::EcmaArray(members) => VALUE + names(members.iter()),
        Value::TypedObject { class, members } => VALUE + class.len() + names(members.iter()),
        Value::String(text) | Value::Xml(text) => VALUE + text.len(),
        _ => VALUE,
    });
    name.len() + values.sum::<usize>()
}

fn avm_weight(value: &amf3::Value) -> usize {
    VALUE
        + match value {
            amf3::Value::String(text) | amf3::Value::Xml(text) | amf3::Value::XmlDocument(text) => {
                text.len()
            }
            amf3::Value::ByteArray(bytes) => bytes.len(),
            amf3::Value::VectorInt(vector) => 4 * vector.items.len(),
            amf3::Value::VectorUint(vector) => 4 * vector.items.len(),
            amf3::Value::VectorDouble(vector) => 8 * vector.items.len(),
            amf3::Value::Object(object) => {
                names(object.dynamic().iter().map(|(name, _)| (name, ())))
            }
            amf3::Value::Array(array) => {
                names(array.associative.iter().map(|(name, _)| (name, ())))
            }
            _ => 0,
        }
}

fn names<'a, T>(members: impl Iterator<Item = (&'a Text, T)>) -> usize {
    members.map(|(name, _)| VALUE + name.len()).sum()
}

/// What a value takes beside its texts.
const VALUE: usize = 48;

#[cfg(test)]
mod tests;
