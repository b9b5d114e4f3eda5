//! The handshake, both sides.
//!
//! ```text
//! client                          server
//!   C0 (1) C1 (1536)  ─────────▶
//!                     ◀─────────  S0 (1) S1 (1536) S2 (1536)   one piece
//!   C2 (1536)         ─────────▶
//! ```

mod client;
mod error;
mod server;

use bytes::Bytes;

pub use self::client::{ClientHandshake, ClientScheme, Proof};
pub use self::error::{HandshakeError, Packet};
pub use self::server::ServerHandshake;

/// How far a handshake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Waits for bytes of the peer.
    NeedMore,
    /// Complete; these bytes came after it and belong to the chunk stream.
    Done(Bytes),
}

/// What the handshake turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// Echo only [RTMP 5.2].
    Simple,
    /// Signed, the digest in the first of the two blocks.
    DigestFirst,
    /// Signed, the digest in the second of the two blocks.
    KeyFirst,
}
