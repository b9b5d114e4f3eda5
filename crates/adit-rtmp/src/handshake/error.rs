//! Why a handshake cannot go on.

use crate::error::Fault;

/// Why a handshake cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The first byte asks for RTMPE.
    #[error("peer asks for rtmpe (version {0}), which is not supported")]
    Encrypted(u8),
    /// The first byte starts a TLS record.
    #[error("peer speaks tls where plain rtmp is expected")]
    Tls,
    /// The first byte starts text, of this character.
    #[error("peer speaks a text protocol (first byte {0:#04x}), not rtmp")]
    Text(u8),
    /// The server answered with a version we do not speak.
    #[error("server answers with rtmp version {0}, expected 3")]
    Version(u8),
    /// The peer closed before the handshake was complete.
    #[error(
        "peer closed the connection in the handshake, {missing} bytes before the end of {packet}"
    )]
    Eof {
        /// The packet that was incomplete.
        packet: Packet,
        /// Bytes that it lacked.
        missing: usize,
    },
}

/// A packet of the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Packet {
    /// Client's version byte.
    C0,
    /// Client's packet.
    C1,
    /// Client's echo.
    C2,
    /// Server's version byte.
    S0,
    /// Server's packet.
    S1,
    /// Server's echo.
    S2,
}

impl std::fmt::Display for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(self, f)
    }
}

impl HandshakeError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Encrypted(_) | Self::Tls | Self::Text(_) | Self::Version(_) => {
                Fault::Incompatible
            }
            Self::Eof { .. } => Fault::Peer,
        }
    }
}
