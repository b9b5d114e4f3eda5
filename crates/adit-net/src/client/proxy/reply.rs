//! What a proxy answers, by number and in words.

use std::fmt;

/// The answer of a proxy that makes no connection.
///
/// ```
/// use adit_net::client::ProxyReply;
///
/// assert_eq!(ProxyReply::Status(502).to_string(), "status 502");
/// assert_eq!(ProxyReply::Socks5(5).to_string(), "SOCKS 5 reply 5: connection refused");
/// assert_eq!(ProxyReply::Socks4(91).to_string(), "SOCKS 4 reply 91: rejected or failed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyReply {
    /// An HTTP status.
    Status(u16),
    /// The reply field of SOCKS 4 and 4a: 91 to 93.
    Socks4(u8),
    /// The reply field of SOCKS 5 [RFC 1928 6]: 1 to 8.
    Socks5(u8),
}

impl fmt::Display for ProxyReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "status {status}"),
            Self::Socks4(reply) => write!(f, "SOCKS 4 reply {reply}: {}", in_socks_4(*reply)),
            Self::Socks5(reply) => write!(f, "SOCKS 5 reply {reply}: {}", in_socks_5(*reply)),
        }
    }
}

fn in_socks_4(reply: u8) -> &'static str {
    match reply {
        91 => "rejected or failed",
        92 => "no identd answers on this machine",
        93 => "this machine's identd names another user",
        _ => "unknown",
    }
}

fn in_socks_5(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "command not supported",
        8 => "kind of address not supported",
        _ => "unknown",
    }
}
