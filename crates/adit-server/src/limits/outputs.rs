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

/// How long a request waits for a stream that a relay fetches when it is asked for (`http.fetch`).
pub(crate) const FETCH: Duration = Duration::from_secs(10);

/// Live streams that the public page lists (`http.listed`); those beyond are played by who knows their names.
pub(crate) const LISTED_STREAMS: usize = 1_000;

/// Frames that are looked at before the header of an FLV stream says which tracks there are.
pub(crate) const OPENING_FRAMES: usize = 512;

/// Bytes of a message from a viewer by WebSocket, who has nothing to say (`websocket.message`).
pub(crate) const WEBSOCKET_MESSAGE: usize = 4 * 1024;

/// How often a viewer by WebSocket is asked whether it is still there (`websocket.ping`).
pub(crate) const WEBSOCKET_PING: Duration = Duration::from_secs(20);

/// A viewer by WebSocket that says nothing for so long is gone (`websocket.dead`).
pub(crate) const WEBSOCKET_DEAD: Duration = Duration::from_mins(1);

/// A viewer by WebSocket that takes nothing for so long while something waits for it is gone (`websocket.stall`).
pub(crate) const WEBSOCKET_STALL: Duration = Duration::from_secs(20);

/// Streams that are packaged for HLS at once (`hls.streams`).
pub(crate) const HLS_STREAMS: usize = 100;

/// A stream for which nobody asks for so long is packaged no more (`hls.idle`).
pub(crate) const HLS_IDLE: Duration = Duration::from_secs(30);

/// Viewers by HLS that are listed and can be ended; those beyond only watch (`hls.viewers`).
pub(crate) const HLS_VIEWERS: usize = 5_000;

/// Whoever asks for nothing of a stream for so long watches it no more (`hls.viewer_gone`).
pub(crate) const HLS_VIEWER_GONE: Duration = Duration::from_secs(20);

/// For so long a viewer by HLS goes on without the callback being asked about him again (`hls.grant`).
pub(crate) const HLS_GRANT: Duration = Duration::from_secs(10);

/// Viewers by HLS of whom is remembered that the callback allowed it (`hls.grants`).
pub(crate) const HLS_GRANTS: usize = 5_000;

/// Bytes of the segments of one stream (`hls.bytes`).
pub(crate) const HLS_BYTES: usize = 64 * 1024 * 1024;

/// Bytes of one part; it ends early when it has more (`hls.part_bytes`).
pub(crate) const PART_BYTES: usize = 4 * 1024 * 1024;

/// Bytes of one segment; it ends, also without a key frame, when it has more (`hls.segment_bytes`).
pub(crate) const SEGMENT_BYTES: usize = 24 * 1024 * 1024;

/// Segments, at most, that are kept for slow players though no playlist lists them any more (`hls.spare`).
pub(crate) const SPARE_SEGMENTS: usize = 64;

/// A playlist is waited for that begins so many segments after the newest one, and no further (`hls.ahead`).
pub(crate) const RESERVED_SEGMENTS: u64 = 2;

/// The longest that a request waits for the first segment of a stream, or for a part that was announced (`hls.wait`).
pub(crate) const HLS_READY: Duration = Duration::from_secs(10);

/// A stream that is published again within so long goes on in its playlists; after that they say that it has ended (`hls.ending`).
pub(crate) const HLS_ENDING: Duration = Duration::from_secs(5);

/// Names of which is remembered how many discontinuities their playlists have had (`hls.remembered`).
pub(crate) const HLS_REMEMBERED: usize = 1_000;

/// Names that another server goes on with and that are not begun here for a while (`hls.given`).
pub(crate) const HLS_GIVEN: usize = 1_000;

/// Names of the server that was here before of which is remembered that it has them (`hls.inherited`).
pub(crate) const HLS_INHERITED: usize = 10_000;
