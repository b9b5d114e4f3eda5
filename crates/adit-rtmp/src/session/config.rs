//! How a server session behaves.

use std::time::Duration;

use adit_amf::Text;

use crate::{
    ChunkSize,
    command::EnhancedCapabilities,
    limits::{self, ChunkLimits},
};

/// How a server session behaves. The default is safe on the open internet.
///
/// One of these is shared by all sessions of a listener; see
/// [`ServerSession::new`](super::ServerSession::new).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Largest chunk that is sent from the accepted `connect` on. Default 4096.
    pub chunk_size: ChunkSize,
    /// The window that the peer is told to acknowledge by, and its bandwidth, bytes. Default 2,500,000.
    pub window: u32,
    /// `fmsVer` in the answer to `connect`; some clients parse the numbers.
    pub server_version: Text,
    /// What is said about enhanced RTMP. Default: everything is forwarded.
    pub enhanced: EnhancedCapabilities,
    /// Deadlines.
    pub timeouts: Timeouts,
    /// Limits on what one peer can make the session do.
    pub limits: SessionLimits,
    /// Limits of the chunk reader.
    pub chunk_limits: ChunkLimits,
    /// Limits of the AMF decoder.
    pub amf_limits: adit_amf::Limits,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            chunk_size: ChunkSize::new(limits::CHUNK_SIZE_OUT).unwrap_or_default(),
            window: limits::WINDOW,
            server_version: Text::from_static("FMS/3,5,7,7009"),
            enhanced: EnhancedCapabilities::forwarding(),
            timeouts: Timeouts::default(),
            limits: SessionLimits::default(),
            chunk_limits: ChunkLimits::default(),
            amf_limits: adit_amf::Limits::default(),
        }
    }
}

/// The deadlines of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the start to the end of the handshake. Default 10 s (`hs.deadline`).
    pub handshake: Duration,
    /// From there to a `connect`, the time of deciding about it left aside. Default 10 s (`connect.deadline`).
    pub connect: Duration,
    /// From there to the first publish, play, call or shared object. Default 30 s (`use.deadline`).
    pub first_use: Duration,
    /// Silence after which the peer is pinged, and again and again. Default 20 s (`ping`).
    pub ping: Duration,
    /// Silence after which the peer counts as dead. Default 60 s (`dead`).
    pub dead: Duration,
    /// How long a refused publisher may go on. Default 5 s.
    pub refused: Duration,
    /// How long the last bytes of a closed session may wait. Default 5 s (`drain`).
    pub drain: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: limits::HANDSHAKE_DEADLINE,
            connect: limits::CONNECT_DEADLINE,
            first_use: limits::USE_DEADLINE,
            ping: limits::PING_AFTER,
            dead: limits::DEAD_AFTER,
            refused: limits::REFUSED_GRACE,
            drain: limits::DRAIN_DEADLINE,
        }
    }
}

/// Limits on what one peer can make a session do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLimits {
    /// Message streams. Default 32 (`streams`).
    pub streams: usize,
    /// Streams that play. Default 16 (`plays`).
    pub plays: usize,
    /// Streams that publish. Default 4 (`publishes`).
    pub publishes: usize,
    /// Calls without an answer, for each direction. Default 256 (`calls`).
    pub calls: usize,
    /// Commands a second; more of them wait. At least 1 is taken. Default 100 (`cmds`).
    pub commands_per_second: u32,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            streams: limits::STREAMS,
            plays: limits::PLAYS,
            publishes: limits::PUBLISHES,
            calls: limits::CALLS,
            commands_per_second: limits::COMMANDS_PER_SECOND,
        }
    }
}
