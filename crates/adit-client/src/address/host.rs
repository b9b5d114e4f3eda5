//! Hosts: names and addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::error::AddressError;
use crate::limits;

/// A host name in lower case, or an IP address.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Host(Inner);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Inner {
    Name(Arc<str>),
    Ip(IpAddr),
}

impl Host {
    /// Reads a host: a name, an IPv4 address, or an IPv6 address in brackets.
    ///
    /// # Errors
    ///
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if let Some(rest) = text.strip_prefix('[') {
            let inside = rest.strip_suffix(']').ok_or(AddressError::BadIpv6)?;
            return parse_ipv6(inside);
        }
        if text.is_empty() {
            return Err(AddressError::NoHost);
        }
        if text.contains(':') {
            return Err(AddressError::Ipv6WithoutBrackets);
        }
        if text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
        {
            let ip: Ipv4Addr = text.parse().map_err(|_| AddressError::BadIpv4)?;
            return Ok(Self(Inner::Ip(ip.into())));
        }
        parse_name(text)
    }

    /// The name, if it is one and not an address.
    pub fn name(&self) -> Option<&str> {
        match &self.0 {
            Inner::Name(name) => Some(name),
            Inner::Ip(_) => None,
        }
    }

    /// The address, if it is one and not a name.
    pub fn ip(&self) -> Option<IpAddr> {
        match self.0 {
            Inner::Name(_) => None,
            Inner::Ip(ip) => Some(ip),
        }
    }

    /// The host as it stands in an address and in `Host:` lines, IPv6 in brackets.
    pub fn in_url(&self) -> String {
        match &self.0 {
            Inner::Ip(IpAddr::V6(ip)) => format!("[{ip}]"),
            _ => self.to_string(),
        }
    }
}

/// The host without brackets, as resolvers and TLS take it.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Name(name) => f.write_str(name),
            Inner::Ip(ip) => ip.fmt(f),
        }
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Host({self})")
    }
}

impl From<IpAddr> for Host {
    fn from(ip: IpAddr) -> Self {
        Self(Inner::Ip(ip))
    }
}

fn parse_ipv6(text: &str) -> Result<Host, AddressError> {
    if text.contains('%') {
        return Err(AddressError::Ipv6Zone);
    }
    let ip: Ipv6Addr = text.parse().map_err(|_| AddressError::BadIpv6)?;
    Ok(Host(Inner::Ip(ip.into())))
}

fn parse_name(text: &str) -> Result<Host, AddressError> {
    if !text.is_ascii() {
        return Err(AddressError::HostNotAscii);
    }
    let odd = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if let Some(character) = text.chars().find(odd) {
        return Err(AddressError::HostCharacter { character });
    }
    let relative = text.strip_suffix('.').unwrap_or(text);
    let fits = |label: &str| !label.is_empty() && label.len() <= limits::HOST_LABEL;
    if relative.len() > limits::HOST_NAME || !relative.split('.').all(fits) {
        return Err(AddressError::HostLabel);
    }
    Ok(Host(Inner::Name(text.to_ascii_lowercase().into())))
}
