//! Limits of shared objects.

/// Shared objects in memory (`so.total`).
pub const OBJECTS: usize = 10_000;
/// Of them, those of one application (`so.app_total`).
pub const OBJECTS_PER_APPLICATION: usize = OBJECTS / 2;
/// Of them, those that were opened from one IPv4 address or IPv6 /64 (`so.ip_total`).
pub const OBJECTS_PER_ADDRESS: usize = OBJECTS / 8;
/// Bytes that all shared objects take together (`so.total_bytes`).
pub const OBJECTS_BYTES: usize = 256 * 1024 * 1024;
/// Of them, those of one application (`so.app_bytes`).
pub const OBJECTS_BYTES_PER_APPLICATION: usize = OBJECTS_BYTES / 2;
/// Of them, those of shared objects that were opened from one IPv4 address or IPv6 /64 (`so.ip_bytes`).
pub const OBJECTS_BYTES_PER_ADDRESS: usize = OBJECTS_BYTES / 8;
/// Bytes that each shared object counts in these sums beyond its slots (`so.object_overhead`): what memory it takes, and
/// those who use it.
pub const OBJECT_OVERHEAD: usize = 2 * 1024;
/// Bytes that each slot, and each removed slot that is remembered, counts in these sums beyond its name and value
/// (`so.overhead`): what memory it takes.
pub const OBJECT_SLOT_OVERHEAD: usize = 128;
/// Shared objects one connection uses at a time (`so.per_conn`).
pub const OBJECTS_PER_CLIENT: usize = 64;
/// Changes, removals and messages one connection may ask for a second (`so.rate`).
pub const OBJECT_REQUESTS_PER_SECOND: u32 = 200;
/// Bytes of the name of a shared object (`so.object_name`).
pub const OBJECT_NAME_BYTES: usize = 256;

/// Slots of one shared object (`so.props`).
pub const OBJECT_SLOTS: usize = 1_024;
/// Bytes of the name of a slot (`so.slot_name`).
pub const OBJECT_SLOT_NAME_BYTES: usize = 256;
/// Encoded bytes of one value (`so.slot_value`).
pub const OBJECT_VALUE_BYTES: usize = 64 * 1024;
/// Bytes of the slots of one shared object, names and encoded values (`so.bytes`).
pub const OBJECT_BYTES: usize = 1024 * 1024;
/// Removed slots of one shared object that are remembered for those who come back (`so.removed`).
pub const OBJECT_REMOVED: usize = 1_024;

/// Updates a member may lag behind, and answers of its own that wait for it (`so.lag`).
pub const OBJECT_LAG_UPDATES: usize = 8_192;
/// Bytes of updates a member may lag behind (`so.lag_bytes`).
pub const OBJECT_LAG_BYTES: usize = 2 * 1024 * 1024;
/// Requests that wait while a shared object is locked (`so.locked`).
pub const OBJECT_LOCKED_REQUESTS: usize = 4_096;
/// Bytes of requests that wait while a shared object is locked (`so.locked_bytes`).
pub const OBJECT_LOCKED_BYTES: usize = 1024 * 1024;

/// How far the version of an object jumps when it comes back from a store that may not have had its
/// newest changes: so many versions can have been lost.
pub(crate) const LOST_VERSIONS: u32 = 1 << 20;

/// A bound by count and size, whichever is reached first. Exactly at the bound is within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    /// How many.
    pub count: usize,
    /// How many bytes.
    pub bytes: usize,
}

/// Shares of all objects. Exactly at the bound is within it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectShares {
    /// Objects of one application: 5,000.
    pub application_objects: usize,
    /// Objects that were opened from one address: 1,250.
    pub address_objects: usize,
    /// Bytes that the objects of one application take: 128 MiB.
    pub application_bytes: usize,
    /// Bytes that the objects take that were opened from one address: 32 MiB.
    pub address_bytes: usize,
}

/// What shared objects may hold in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectLimits {
    /// Objects: 10,000.
    pub objects: usize,
    /// Bytes that all objects take: 256 MiB.
    pub objects_bytes: usize,
    /// What one application and one address may have of them.
    pub shares: ObjectShares,
    /// Objects a client uses: 64.
    pub per_client: usize,
    /// Requests of a client a second, at least 1: 200.
    pub requests_per_second: u32,
    /// Slots of an object: 1,024.
    pub slots: usize,
    /// Bytes of the name of a slot: 256.
    pub slot_name: usize,
    /// Encoded bytes of a value, and of all arguments of a message: 64 KiB.
    pub value_bytes: usize,
    /// Bytes of the slots of an object: 1 MiB.
    pub bytes: usize,
    /// Removed slots that are remembered: 1,024.
    pub removed: usize,
    /// Updates a member may lag behind: 8,192 and 2 MiB. As many answers of its own may wait for it.
    pub lag: Backlog,
    /// Requests that wait while an object is locked: 4,096 and 1 MiB.
    pub locked: Backlog,
}

impl Default for ObjectLimits {
    fn default() -> Self {
        Self {
            objects: OBJECTS,
            objects_bytes: OBJECTS_BYTES,
            shares: ObjectShares {
                application_objects: OBJECTS_PER_APPLICATION,
                address_objects: OBJECTS_PER_ADDRESS,
                application_bytes: OBJECTS_BYTES_PER_APPLICATION,
                address_bytes: OBJECTS_BYTES_PER_ADDRESS,
            },
            per_client: OBJECTS_PER_CLIENT,
            requests_per_second: OBJECT_REQUESTS_PER_SECOND,
            slots: OBJECT_SLOTS,
            slot_name: OBJECT_SLOT_NAME_BYTES,
            value_bytes: OBJECT_VALUE_BYTES,
            bytes: OBJECT_BYTES,
            removed: OBJECT_REMOVED,
            lag: Backlog {
                count: OBJECT_LAG_UPDATES,
                bytes: OBJECT_LAG_BYTES,
            },
            locked: Backlog {
                count: OBJECT_LOCKED_REQUESTS,
                bytes: OBJECT_LOCKED_BYTES,
            },
        }
    }
}
