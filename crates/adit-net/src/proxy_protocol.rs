//! The PROXY protocol, with which a load balancer tells whose connection it forwards.
//!
//! ```text
//! v1   PROXY TCP4 198.51.100.7 203.0.113.1 51234 1935 CR LF          at most 107 bytes
//! v2   signature (12) | version, command | family | length (2) | addresses | extensions
//! ```

use crate::limits;
use ppp::{v1, v2};
use std::net::SocketAddr;

/// How far a header has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The header is not complete.
    NeedMore,
    /// The header is complete.
    Whole {
        /// Its length; what follows is the peer's.
        length: usize,
        /// Who connected to where. `None` when the proxy speaks for itself, or does not know.
        addresses: Option<Addresses>,
    },
}

/// Both ends of the connection in front of the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
}

/// The header is wrong or too long; more bytes cannot help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a PROXY header")]
pub(crate) struct BadHeader;

/// Reads a text header from the beginning of `bytes`.
pub(crate) fn parse_v1(bytes: &[u8]) -> Result<Progress, BadHeader> {
    let line = bytes.get(..V1_BYTES).unwrap_or(bytes);
    let Some(length) = line
        .windows(2)
        .position(|pair| pair == b"\r\n")
        .map(|at| at + 2)
    else {
        return if bytes.len() < V1_BYTES {
            Ok(Progress::NeedMore)
        } else {
            Err(BadHeader)
        };
    };
    let line = bytes.get(..length).unwrap_or(bytes);
    let header = v1::Header::try_from(line).map_err(|_| BadHeader)?;
    let addresses = match header.addresses {
        v1::Addresses::Unknown => None,
        v1::Addresses::Tcp4(ip) => Some(Addresses {
            peer: (ip.source_address, ip.source_port).into(),
            local: (ip.destination_address, ip.destination_port).into(),
        }),
        v1::Addresses::Tcp6(ip) => Some(Addresses {
            peer: (ip.source_address, ip.source_port).into(),
            local: (ip.destination_address, ip.destination_port).into(),
        }),
    };
    Ok(Progress::Whole { length, addresses })
}

/// Reads a binary header from the beginning of `bytes`.
pub(crate) fn parse_v2(bytes: &[u8]) -> Result<Progress, BadHeader> {
    let Some(&[high, low]) = bytes.get(14..16) else {
        return Ok(Progress::NeedMore);
    };
    let length = 16 + usize::from(u16::from_be_bytes([high, low]));
    if length > limits::PROXY_HEADER_BYTES {
        return Err(BadHeader);
    }
    let Some(whole) = bytes.get(..length) else {
        return Ok(Progress::NeedMore);
    };
    let header = v2::Header::try_from(whole).map_err(|_| BadHeader)?;
    let addresses = match (header.command, header.protocol, header.addresses) {
        (v2::Command::Proxy, v2::Protocol::Stream, v2::Addresses::IPv4(ip)) => Some(Addresses {
            peer: (ip.source_address, ip.source_port).into(),
            local: (ip.destination_address, ip.destination_port).into(),
        }),
        (v2::Command::Proxy, v2::Protocol::Stream, v2::Addresses::IPv6(ip)) => Some(Addresses {
            peer: (ip.source_address, ip.source_port).into(),
            local: (ip.destination_address, ip.destination_port).into(),
        }),
        // LOCAL, a Unix socket or an unknown family: the connection is what it seems to be.
        _ => None,
    };
    Ok(Progress::Whole { length, addresses })
}

/// The longest text header there can be, its line end included.
const V1_BYTES: usize = 107;

#[cfg(test)]
mod tests;
