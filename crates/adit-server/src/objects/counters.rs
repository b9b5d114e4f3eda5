//! How often limits of shared objects were hit, beside those that the objects themselves count.

use std::sync::atomic::{AtomicU64, Ordering};

use adit_rtmp::shared_object::DecodeError;

use super::store::Full;

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
    /// Objects that were not made or not written because the store has too many.
    stored: AtomicU64,
    /// Objects that were not made or not written because the store has too many bytes.
    stored_bytes: AtomicU64,
    /// Objects that were not made or not written because the store has too many of the application.
    app_stored: AtomicU64,
    /// Objects that were not made or not written because the store has too many bytes of the application.
    app_stored_bytes: AtomicU64,
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

    /// The store has no room for another object, or for the changes of one.
    pub(super) fn store_full(&self, full: Full) {
        let counter = match full {
            Full::Objects => &self.stored,
            Full::Bytes => &self.stored_bytes,
            Full::ApplicationObjects => &self.app_stored,
            Full::ApplicationBytes => &self.app_stored_bytes,
        };
        add(counter, 1);
    }

    /// Every count by the key of its limit.
    pub(super) fn limits(&self) -> [(&'static str, u64); 10] {
        [
            ("so.events", &self.message_events),
            ("so.key", &self.message_keys),
            ("so.name", &self.message_names),
            ("so.value", &self.message_values),
            ("amf", &self.message_amf),
            ("so.loads", &self.loads),
            ("so.stored", &self.stored),
            ("so.stored_bytes", &self.stored_bytes),
            ("so.app_stored", &self.app_stored),
            ("so.app_stored_bytes", &self.app_stored_bytes),
        ]
        .map(|(key, count)| (key, count.load(Ordering::Relaxed)))
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
