//! How a client session behaves.

use crate::{
    ChunkSize,
    handshake::ClientScheme,
    limits::{self, ChunkLimits},
    session::Timeouts,
};

/// How a client session behaves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Whether the handshake asks for signatures. Default: it does, and takes what it gets.
    pub scheme: ClientScheme,
    /// Largest chunk that is sent from `connect` on. Default 4096.
    pub chunk_size: ChunkSize,
    /// The window that the server is told to acknowledge by, bytes. Default 2,500,000.
    pub window: u32,
    /// Deadlines. Those of servers only are ignored. A silent server counts as dead only if it has
    /// answered a ping before.
    pub timeouts: Timeouts,
    /// Calls without an answer, for each direction. Default 256 (`calls`).
    pub calls: usize,
    /// Limits of the chunk reader.
    pub chunk_limits: ChunkLimits,
    /// Limits of the AMF decoder.
    pub amf_limits: adit_amf::Limits,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            scheme: ClientScheme::default(),
            chunk_size: ChunkSize::new(limits::CHUNK_SIZE_OUT).unwrap_or_default(),
            window: limits::WINDOW,
            timeouts: Timeouts::default(),
            calls: limits::CALLS,
            chunk_limits: ChunkLimits::default(),
            amf_limits: adit_amf::Limits::default(),
        }
    }
}
