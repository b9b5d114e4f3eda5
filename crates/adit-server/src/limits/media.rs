//! Numbers that bound recording and the names of files.

/// Bytes between two slashes of the name of a file (`media.name`): what is added to it still fits in what file systems hold.
pub(crate) const MEDIA_NAME_BYTES: usize = 200;

/// Parts between slashes in application, instance and name together (`media.depth`).
pub(crate) const MEDIA_NAME_PARTS: usize = 8;
