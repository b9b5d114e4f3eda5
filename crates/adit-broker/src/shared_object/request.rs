//! What members ask for, and why they do not get it.

/// What one message of a member asks for: one step of the object.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch<V> {
    /// The version of the object that the member had when it asked. A slot that somebody else has
    /// changed since then stays as it is, and the member is told its value. `None`: the last one
    /// wins.
    pub based_on: Option<u32>,
    /// Whether the member may change the object and send messages to its members.
    pub write: Permission,
    /// The requests, in order.
    pub requests: Vec<Request<V>>,
}

/// One thing a member, or the server, does to an object. Sizes are encoded bytes, for the limits.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Request<V> {
    /// Set a slot. Its author is told of success, the others of the change.
    Set {
        /// The slot.
        slot: Box<str>,
        /// Its value.
        value: V,
        /// The size of the value.
        size: usize,
    },
    /// Set a slot to nothing, as null does. Its author is told of success, the others of the
    /// removal.
    Unset {
        /// The slot.
        slot: Box<str>,
    },
    /// Remove a slot. All are told of the removal.
    Remove {
        /// The slot.
        slot: Box<str>,
    },
    /// Remove all slots. All are told.
    Clear,
    /// Send a message to all members, the sender included. It is not stored.
    Send {
        /// The method to call.
        handler: Box<str>,
        /// Its arguments.
        arguments: Vec<V>,
        /// The size of all of it.
        size: usize,
    },
}

impl<V> Request<V> {
    /// How many bytes of memory it stands for.
    pub(crate) fn bytes(&self) -> usize {
        let (name, size) = match self {
            Self::Set { slot, size, .. } => (slot.len(), *size),
            Self::Unset { slot } | Self::Remove { slot } => (slot.len(), 0),
            Self::Clear => (0, 0),
            Self::Send { handler, size, .. } => (handler.len(), *size),
        };
        name.saturating_add(size)
    }
}

/// A decision of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// Allowed.
    Granted,
    /// Not allowed.
    Denied,
}

/// Why a change or a message was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The member may not write.
    #[error("no write access to the shared object")]
    NoWriteAccess,
    /// The name of the slot or of the method is too long (`so.slot_name`).
    #[error("the name of a slot is too long")]
    SlotName,
    /// The value, or the message, is too large (`so.slot_value`).
    #[error("a value is too large for a shared object")]
    Value,
    /// The object has as many slots as it may (`so.props`).
    #[error("the shared object has too many slots")]
    Slots,
    /// The object is as large as it may be (`so.bytes`).
    #[error("the shared object is too large")]
    Bytes,
    /// All objects of the server together are as large as they may be (`so.total_bytes`).
    #[error("the server has no room for more in its shared objects")]
    TotalBytes,
    /// Those of the application together are (`so.app_bytes`).
    #[error("the shared objects of the application take as much as they may")]
    ApplicationBytes,
    /// Those that were opened from one address together are (`so.ip_bytes`).
    #[error("the shared objects opened from one address take as much as they may")]
    AddressBytes,
    /// Too much waits for the object to be unlocked (`so.locked`).
    #[error("too many changes wait for the shared object to be unlocked")]
    Locked,
}
