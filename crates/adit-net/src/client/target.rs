//! Where to go.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU16;

/// A server's name or address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name in lower case.
    Name(HostName),
    /// An address.
    Ip(IpAddr),
}

/// A DNS name: ASCII, lower case, at most 253 bytes, labels of at most 63, no final dot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostName(String);

impl HostName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is not a host name or address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseTargetError {
    /// Nothing there.
    #[error("the host is missing")]
    Empty,
    /// Longer than names may be.
    #[error("the host name is too long: names have at most 253 bytes, each part at most 63")]
    TooLong,
    /// A character names do not have.
    #[error("the host name has a character that host names cannot have")]
    Character,
    /// A name in another script.
    #[error("the host name is not ASCII: write it in its xn-- form")]
    NotAscii,
    /// Brackets around something else than an IPv6 address.
    #[error("there is no IPv6 address between the brackets")]
    Brackets,
    /// Not a port.
    #[error("the port must be a number from 1 to 65535")]
    Port,
}

impl Host {
    /// Reads a name, an IPv4 address or an IPv6 address with or without brackets.
    ///
    /// # Errors
    ///
    /// It is none of these.
    pub fn parse(text: &str) -> Result<Self, ParseTargetError> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(ParseTargetError::Brackets)?;
            let address = inner.parse().map_err(|_| ParseTargetError::Brackets)?;
            return Ok(Self::Ip(IpAddr::V6(address)));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(ParseTargetError::Empty);
        }
        if !name.is_ascii() {
            return Err(ParseTargetError::NotAscii);
        }
        if name.len() > NAME_BYTES || name.split('.').any(|label| label.len() > LABEL_BYTES) {
            return Err(ParseTargetError::TooLong);
        }
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if !name
            .split('.')
            .all(|label| !label.is_empty() && label.bytes().all(legal))
        {
            return Err(ParseTargetError::Character);
        }
        Ok(Self::Name(HostName(name.to_ascii_lowercase())))
    }
}

/// As in an authority: IPv6 addresses in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(&name.0),
            Self::Ip(IpAddr::V4(address)) => address.fmt(f),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    host: Host,
    port: NonZeroU16,
}

impl Target {
    /// A target from its parts.
    ///
    /// # Errors
    ///
    /// The host is neither name nor address, or the port is 0.
    pub fn new(host: &str, port: u16) -> Result<Self, ParseTargetError> {
        let port = NonZeroU16::new(port).ok_or(ParseTargetError::Port)?;
        let host = Host::parse(host)?;
        Ok(Self { host, port })
    }

    /// The host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, never 0.
    pub fn port(&self) -> u16 {
        self.port.get()
    }
}

/// `host:port`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

const NAME_BYTES: usize = 253;
const LABEL_BYTES: usize = 63;

#[cfg(test)]
mod tests;
