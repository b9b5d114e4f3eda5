//! Limits of shared object messages.

/// Events in one shared object message, each pair of a slot and its value counted (`so.events`).
pub const SHARED_OBJECT_EVENTS: usize = 256;
/// Longest name of a shared object, in bytes (`so.name`).
pub const SHARED_OBJECT_NAME: usize = 256;
/// Longest name of a slot of a shared object, in bytes (`so.key`).
pub const SHARED_OBJECT_KEY: usize = 256;
/// Longest value of a slot, and longest message of all arguments together, as encoded, in bytes
/// (`so.value`).
pub const SHARED_OBJECT_VALUE: usize = 64 * 1024;

/// Length from which on we begin another message rather than put one more event into it, in bytes.
pub const SHARED_OBJECT_BODY: usize = 256 * 1024;
