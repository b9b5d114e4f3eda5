//! What looking at a server may cost it.

/// Events that wait for a listener; one that is slower misses the oldest (`events.queue`).
pub(crate) const EVENTS_WAITING: usize = 1_024;

/// Streams whose speed is measured (`control.streams`).
pub(crate) const PULSE_STREAMS: usize = 10_000;

/// Looks at each of them that are kept, one a second.
pub(crate) const PULSE_LOOKS: usize = 11;

/// Files that are listed at most (`control.files`).
pub(crate) const FILES_LISTED: usize = 10_000;
