//! Limits of commands and sessions.

use std::time::Duration;

/// Longest path of an application with its instance, in bytes (`name.app`).
pub const APPLICATION: usize = 128;
/// Longest stream name without its query, in bytes (`name.stream`).
pub const STREAM_NAME: usize = 256;
/// Longest `tcUrl` in bytes (`name.tc_url`).
pub const TC_URL: usize = 2048;
/// Longest query string of an application or a stream name, in bytes (`name.query`).
pub const QUERY: usize = 2048;
/// Longest name of a command, in bytes (`name.command`).
pub const COMMAND_NAME: usize = 128;
/// Bytes that are kept of `flashVer`, `swfUrl`, `pageUrl` and `type`; the rest is cut off
/// (`name.client_text`).
pub const CLIENT_TEXT: usize = 512;
/// Codecs that are kept of an enhanced RTMP list or map; the rest is ignored
/// (`connect.four_cc`).
pub const FOUR_CC_ENTRIES: usize = 64;

/// Message streams of one connection (`streams`).
pub const STREAMS: usize = 32;
/// Streams of one connection that play at a time (`plays`).
pub const PLAYS: usize = 16;
/// Streams of one connection that publish at a time (`publishes`).
pub const PUBLISHES: usize = 4;
/// Calls without an answer, counted for each direction (`calls`).
pub const CALLS: usize = 256;
/// Commands a second from one peer; more of them wait (`cmds`).
pub const COMMANDS_PER_SECOND: u32 = 100;
/// Answers that may wait unsent while the peer goes on asking, in bytes (`output.backlog`).
pub const ANSWER_BACKLOG: usize = 4 * 1024 * 1024;

/// From the first byte possible to the end of the handshake (`hs.deadline`).
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// From the end of the handshake to a `connect`; what deciding about it takes does not count (`connect.deadline`).
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// From the accepted `connect` to the first publish, play, call or shared object (`use.deadline`).
pub const USE_DEADLINE: Duration = Duration::from_secs(30);
/// How long a peer may be silent before it is pinged, and again between pings (`ping`).
pub const PING_AFTER: Duration = Duration::from_secs(20);
/// How long a peer may be silent before it counts as dead (`dead`).
pub const DEAD_AFTER: Duration = Duration::from_mins(1);
/// How long a publisher that was refused may go on sending media (`publish.refused`).
pub const REFUSED_GRACE: Duration = Duration::from_secs(5);
/// How long the last bytes of a closing session may wait to be sent (`drain`).
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// The window we ask the peer to acknowledge by, and the bandwidth we tell it, in bytes.
pub const WINDOW: u32 = 2_500_000;
/// The chunk size we send with, in bytes: larger ones broke reconnects of old OBS (Q-077) (`chunk.out`).
pub const CHUNK_SIZE_OUT: u32 = 4096;
