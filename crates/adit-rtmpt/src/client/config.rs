//! What can be configured on the client side.

use std::time::Duration;

use super::limits;

/// How one [`ClientTunnel`](super::ClientTunnel) behaves. Make it with `default()` and change fields.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ClientConfig {
    /// What is known about the server beforehand. Default [`ServerKind::Unknown`]; the reply to `/open/1` may tell more.
    pub server: ServerKind,
    /// Whether to ask `/fcs/ident2` first. Default [`Ident2::Skip`].
    pub ident2: Ident2,
    /// How sends are cut.
    pub sends: SendConfig,
    /// How long things may take.
    pub timeouts: TimeoutConfig,
    /// What may be held in memory.
    pub memory: MemoryConfig,
}

/// Whether a server puts requests into the order of their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum ServerKind {
    /// Nobody knows: one request at a time on one connection, which is right for every server.
    ///
    /// Red5, crtmpserver and others feed requests to RTMP as they arrive, whatever their numbers.
    #[default]
    Unknown,
    /// It orders by number and replays replies: one connection for sends and one with a parked idle.
    Orders,
}

impl ServerKind {
    /// The response header field by which a server says, in its reply to `/open/1`, that it orders.
    pub const FIELD: &'static str = "adit-tunnel";

    /// The value of [`FIELD`](Self::FIELD) that means [`Orders`](Self::Orders). Others are reserved.
    pub const ORDERED: &'static str = "ordered";

    /// Reads the value of [`FIELD`](Self::FIELD), in any case; `None` where the field is missing.
    pub fn from_field(value: Option<&[u8]>) -> Self {
        match value {
            Some(value)
                if value
                    .trim_ascii()
                    .eq_ignore_ascii_case(Self::ORDERED.as_bytes()) =>
            {
                Self::Orders
            }
            _ => Self::Unknown,
        }
    }
}

/// Whether to ask `/fcs/ident2` for the address behind a load balancer.
///
/// Servers answer it in so many ways that a failure says nothing; it is ignored.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum Ident2 {
    /// Open at once.
    #[default]
    Skip,
    /// Ask first; see [`ClientTunnel::address`](super::ClientTunnel::address).
    Ask,
}

/// How sends are cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct SendConfig {
    /// So many bytes go after a quarter of `coalesce_delay` ([`limits::COALESCE_BYTES`]).
    pub coalesce_bytes: usize,
    /// The shortest time between sends of fewer bytes ([`limits::COALESCE_DELAY`]).
    pub coalesce_delay: Duration,
    /// Longest body to begin with ([`limits::SEND_BYTES`]); taken as at least [`limits::SEND_BYTES_MIN`].
    pub bytes: usize,
    /// Longest body when much waits ([`limits::SEND_BYTES_MAX`]); taken as at least `bytes`.
    pub bytes_max: usize,
}

/// How long things may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TimeoutConfig {
    /// For `/open/1` ([`limits::OPEN_TIMEOUT`]).
    pub open: Duration,
    /// Without progress, for everything else ([`limits::REPLY_TIMEOUT`]).
    pub reply: Duration,
    /// With progress ([`limits::REPLY_LONGEST`]).
    pub longest: Duration,
    /// For [`close`](super::ClientTunnel::close), the last bytes included ([`limits::CLOSE_TIMEOUT`]).
    pub close: Duration,
}

/// What may be held in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct MemoryConfig {
    /// Upstream bytes that may wait ([`limits::QUEUE_BYTES`]).
    pub queue_bytes: usize,
    /// Downstream bytes that may wait before nothing more is asked for ([`limits::RECEIVED_BYTES`]).
    pub received_bytes: usize,
}

impl Default for SendConfig {
    fn default() -> Self {
        Self {
            coalesce_bytes: limits::COALESCE_BYTES,
            coalesce_delay: limits::COALESCE_DELAY,
            bytes: limits::SEND_BYTES,
            bytes_max: limits::SEND_BYTES_MAX,
        }
    }
}

impl Default for TimeoutConfig {
    fn default() -> Self {
        Self {
            open: limits::OPEN_TIMEOUT,
            reply: limits::REPLY_TIMEOUT,
            longest: limits::REPLY_LONGEST,
            close: limits::CLOSE_TIMEOUT,
        }
    }
}

impl Default for MemoryConfig {
    fn default() -> Self {
        Self {
            queue_bytes: limits::QUEUE_BYTES,
            received_bytes: limits::RECEIVED_BYTES,
        }
    }
}
