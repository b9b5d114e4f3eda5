//! Counters of shared objects.

use super::budget::{Full, Pool};
use crate::stats::Counter;

/// Plain counters, added to from anywhere.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) opened: Counter,
    pub(crate) joined: Counter,
    pub(crate) updates: Counter,
    pub(crate) lag_resyncs: Counter,
    pub(crate) throttled: Counter,
    pub(crate) refused: RefusedCounters,
}

/// How often a limit refused something.
#[derive(Debug, Default)]
pub(crate) struct RefusedCounters {
    pub(crate) objects: Counter,
    pub(crate) application_objects: Counter,
    pub(crate) address_objects: Counter,
    pub(crate) objects_bytes: Counter,
    pub(crate) application_bytes: Counter,
    pub(crate) address_bytes: Counter,
    pub(crate) per_client: Counter,
    pub(crate) slots: Counter,
    pub(crate) slot_names: Counter,
    pub(crate) values: Counter,
    pub(crate) object_bytes: Counter,
    pub(crate) locked_requests: Counter,
}

/// The numbers of all shared objects of a server at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectStats {
    /// Objects in memory.
    pub objects: usize,
    /// Bytes that they take.
    pub bytes: usize,
    /// Objects made or loaded so far.
    pub opened: u64,
    /// Members that joined so far.
    pub joined: u64,
    /// Updates told to all members of an object so far.
    pub updates: u64,
    /// Members that lagged so far behind that they got all slots again (limit `so.lag`).
    pub lag_resyncs: u64,
    /// Batches that had to wait because of the rate of their client (limit `so.rate`).
    pub throttled: u64,
    /// How often each limit refused something, in the order of [`REFUSING`].
    pub(crate) refused: [u64; 12],
}

/// The keys of the limits that refuse.
const REFUSING: [&str; 12] = [
    "so.total",
    "so.app_total",
    "so.ip_total",
    "so.total_bytes",
    "so.app_bytes",
    "so.ip_bytes",
    "so.per_conn",
    "so.props",
    "so.slot_name",
    "so.slot_value",
    "so.bytes",
    "so.locked",
];

impl ObjectStats {
    /// How often each limit was hit, by its configuration key, for metrics.
    pub fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let others = [("so.lag", self.lag_resyncs), ("so.rate", self.throttled)];
        REFUSING.into_iter().zip(self.refused).chain(others)
    }
}

impl RefusedCounters {
    pub(crate) fn full(&self, full: Full) {
        let counter = match full {
            Full::Objects(Pool::All) => &self.objects,
            Full::Objects(Pool::Application) => &self.application_objects,
            Full::Objects(Pool::Address) => &self.address_objects,
            Full::Bytes(Pool::All) => &self.objects_bytes,
            Full::Bytes(Pool::Application) => &self.application_bytes,
            Full::Bytes(Pool::Address) => &self.address_bytes,
        };
        counter.add(1);
    }

    pub(crate) fn values(&self) -> [u64; 12] {
        [
            &self.objects,
            &self.application_objects,
            &self.address_objects,
            &self.objects_bytes,
            &self.application_bytes,
            &self.address_bytes,
            &self.per_client,
            &self.slots,
            &self.slot_names,
            &self.values,
            &self.object_bytes,
            &self.locked_requests,
        ]
        .map(Counter::value)
    }
}
