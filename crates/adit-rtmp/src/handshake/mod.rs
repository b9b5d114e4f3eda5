//! The handshake, both sides [RTMP 5.2].
//!
//! ```text
//! client                          server
//!   C0 (1) C1 (1536)  ─────────▶
//!                     ◀─────────  S0 (1) S1 (1536) S2 (1536)   one piece
//!   C2 (1536)         ─────────▶
//!
//! C0, S0   version, 3
//! C1, S1   time u32 │ version u32, 0 in the simple form │ 1528 bytes
//! C2, S2   copy of the peer's packet, its time 2 too (Q-036), in the signed form with a signature at its end
//! ```
//!
//! Two forms exist: the simple one of the specification, and a signed one that Flash Player needs
//! before it plays H.264 ("complex" or digest handshake). A C1 with a version and a valid digest
//! asks for the signed form and gets it, in its own layout (Q-023); everything else gets the simple one (Q-024).
//! What the peer sends last (C2, S2) is never enforced: real peers get it wrong (Q-020).
//!
//! RTMPE, which is the signed form with encryption on top, is refused.

mod client;
mod collect;
mod digest;
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
    /// Complete; these bytes came after it and belong to the chunk stream (Q-038).
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

/// The version byte of plain RTMP.
const VERSION: u8 = 3;

/// Bytes of C1, C2, S1 and S2.
const PACKET: usize = 1536;

/// The version in bytes 4 to 8 of a C1 or S1; all zero in the simple form.
fn version_of(packet: &[u8]) -> &[u8] {
    packet.get(4..8).unwrap_or_default()
}

#[cfg(test)]
mod tests;
