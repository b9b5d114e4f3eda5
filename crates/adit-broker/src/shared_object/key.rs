//! The name of a shared object inside the server.

use std::fmt;

use crate::StreamKey;
use crate::limits::OBJECT_NAME_BYTES;

/// Whether an object outlives those who use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Persistence {
    /// Gone with the last one who uses or holds it.
    Temporary,
    /// Kept in a store.
    Persistent,
}

/// Where a shared object lives: virtual host, application, instance, name, and its persistence.
///
/// A temporary and a persistent object of the same name are two objects. A clone is one reference
/// count.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey {
    place: StreamKey,
    persistence: Persistence,
}

impl ObjectKey {
    /// The key of the object that `place` names.
    ///
    /// # Errors
    /// The name is empty, longer than 256 bytes or has control characters in it. The name of a
    /// persistent object may also not be one that could lead out of a folder: it has no `\` and no
    /// `:`, and between its slashes there is always something, but not `.` or `..`.
    pub fn new(place: StreamKey, persistence: Persistence) -> Result<Self, BadObjectName> {
        let name = place.name();
        if name.is_empty() {
            return Err(BadObjectName::Empty);
        }
        if name.len() > OBJECT_NAME_BYTES {
            return Err(BadObjectName::TooLong { len: name.len() });
        }
        let is_path = || {
            name.contains(['\\', ':'])
                || name.split('/').any(|part| matches!(part, "" | "." | ".."))
        };
        if name.contains(char::is_control) || (persistence == Persistence::Persistent && is_path())
        {
            return Err(BadObjectName::Forbidden);
        }
        Ok(Self { place, persistence })
    }

    /// Virtual host, application, instance and name.
    pub const fn place(&self) -> &StreamKey {
        &self.place
    }

    /// Whether it is persistent.
    pub const fn persistence(&self) -> Persistence {
        self.persistence
    }
}

impl fmt::Display for ObjectKey {
    /// `vhost/application/instance/name`, for logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

/// Why a shared object cannot have this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadObjectName {
    /// There is nothing in it.
    #[error("the name of a shared object is empty")]
    Empty,
    /// It is too long.
    #[error("the name of a shared object has {len} bytes, {OBJECT_NAME_BYTES} are allowed")]
    TooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// It has control characters in it, or could lead out of the folder of a store.
    #[error("the name of a shared object has characters or parts that are not allowed")]
    Forbidden,
}
