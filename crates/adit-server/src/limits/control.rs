//! What looking at a server may cost it.

/// Events that wait for a listener; one that is slower misses the oldest (`events.queue`).
pub(crate) const EVENTS_WAITING: usize = 1_024;

/// Streams whose speed is measured (`control.streams`).
pub(crate) const PULSE_STREAMS: usize = 10_000;

/// Looks at each of them that are kept, one a second.
pub(crate) const PULSE_LOOKS: usize = 11;

/// Files that are listed at most (`control.files`).
pub(crate) const FILES_LISTED: usize = 10_000;

/// Streams of the server that was here before which are played from this one (`mirror.streams`).
pub(crate) const MIRRORED_STREAMS: usize = 10_000;

/// Bytes of one message of them (`mirror.frame`), as many as RTMP has at most.
pub(crate) const MIRROR_FRAME_BYTES: usize = 0x00ff_ffff;

/// Bytes of a body that the API reads (`api.body`).
pub(crate) const API_BODY: usize = 16 * 1024;

/// Connections to the API; one more waits (`api.connections`).
pub(crate) const API_CONNECTIONS: usize = 128;

/// A request to the API has this long to say what it wants (`api.header_deadline`).
pub(crate) const API_HEADER: std::time::Duration = std::time::Duration::from_secs(10);

/// Bytes of the head of a request to the API (`api.header`).
pub(crate) const API_HEADER_BYTES: usize = 8 * 1024;

/// Fields of the head of a request to the API (`api.header`).
pub(crate) const API_HEADER_FIELDS: usize = 64;
