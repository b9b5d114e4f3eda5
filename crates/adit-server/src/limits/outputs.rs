//! Numbers that bound what browsers get.

use std::time::Duration;

/// Bytes of the path of a stream (`http.path`).
pub(crate) const PATH_BYTES: usize = 1024;

/// Parts of such a path between slashes (`http.path`).
pub(crate) const PATH_PARTS: usize = 10;

/// Viewers by HTTP-FLV and WebSocket-FLV at once (`http.viewers`).
pub(crate) const VIEWERS: usize = 5_000;

/// The longest that a request waits for a stream that is not live (`http.wait`).
pub(crate) const WAIT: Duration = Duration::from_secs(30);

/// Live streams that the public page lists (`http.listed`); those beyond are played by who knows their names.
pub(crate) const LISTED_STREAMS: usize = 1_000;

/// Frames that are looked at before the header of an FLV stream says which tracks there are.
pub(crate) const OPENING_FRAMES: usize = 512;
