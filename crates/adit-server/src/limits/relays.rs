//! Numbers that bound what the relays of a server do, beside those of each relay.

use std::time::Duration;

/// Relays that are asked for, and streams that are relayed at once (`relay.total`).
pub(crate) const RELAYS: usize = 100;

/// Places to which one stream is pushed at once (`relay.per_stream`).
pub(crate) const RELAYS_PER_STREAM: usize = 4;

/// Servers that a stream has come through from which on it is not pushed any further (`relay.hops`).
pub(crate) const HOPS: usize = 3;

/// How long a stream that is pulled stays published while its far side is away (`relay.hold`).
pub(crate) const HOLD: Duration = Duration::from_secs(30);

/// Bytes of the file in which relays of the API are kept (`relay.file`).
pub(crate) const RELAYS_FILE: usize = 16 * 1024 * 1024;

/// How many relays there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelayLimits {
    /// Relays that are asked for, and streams that are relayed at once. Default 100 (`relay.total`).
    pub total: usize,
    /// Places to which one stream is pushed at once. Default 4 (`relay.per_stream`).
    pub per_stream: usize,
    /// Servers that a stream has come through from which on it is not pushed any further. Default 3 (`relay.hops`).
    pub hops: usize,
    /// How long a stream that is pulled stays published while its far side is away. Default 30 s (`relay.hold`).
    pub hold: Duration,
}

impl Default for RelayLimits {
    fn default() -> Self {
        Self {
            total: RELAYS,
            per_stream: RELAYS_PER_STREAM,
            hops: HOPS,
            hold: HOLD,
        }
    }
}
