//! How often limits of shared objects were hit, beside those that the objects themselves count.

use std::sync::atomic::{AtomicU64, Ordering};

use adit_rtmp::shared_object::DecodeError;

#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Messages with too many events.
    message_events: AtomicU64,
    /// Messages with too long a name of a slot.
    message_keys: AtomicU64,
    /// Messages with too long a name of an object.
    message_names: AtomicU64,
    /// Messages with too long a value.
    message_values: AtomicU64,
    /// Messages beyond a limit of AMF.
    message_amf: AtomicU64,
    /// Objects that were not loaded because too many wait.
    loads: AtomicU64,
    /// Objects that were not made because the store has too many.
    stored: AtomicU64,
    /// Objects whose changes were not written because the store has too many bytes.
    stored_bytes: AtomicU64,
}

impl Counters {
    /// Notes a message that could not be read, if a limit was the reason.
    pub(super) fn refused(&self, error: &DecodeError) {
        let counter = match error.limit() {
            Some("so.events") => &self.message_events,
            Some("so.key") => &self.message_keys,
            Some("so.name") => &self.message_names,
            Some("so.value") => &self.message_values,
            Some(_) => &self.message_amf,
            None => return,
        };
        add(counter, 1);
    }

    /// Too many objects wait to be loaded.
    pub(super) fn too_many_loads(&self) {
        add(&self.loads, 1);
    }

    /// The store has too many objects, or bytes, for another object.
    pub(super) fn store_full(&self) {
        add(&self.stored, 1);
    }

    /// The store has too many bytes for the changes of so many objects.
    pub(super) fn left_out(&self, objects: u64) {
        add(&self.stored_bytes, objects);
    }

    /// Every count by the key of its limit.
    pub(super) fn limits(&self) -> [(&'static str, u64); 8] {
        [
            ("so.events", &self.message_events),
            ("so.key", &self.message_keys),
            ("so.name", &self.message_names),
            ("so.value", &self.message_values),
            ("amf", &self.message_amf),
            ("so.loads", &self.loads),
            ("so.stored", &self.stored),
            ("so.stored_bytes", &self.stored_bytes),
        ]
        .map(|(key, count)| (key, count.load(Ordering::Relaxed)))
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
