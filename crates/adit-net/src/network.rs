//! Ranges of addresses, as in `10.0.0.0/8`.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// A range of IP addresses in CIDR form; a bare address is a range of one.
///
/// IPv4-mapped IPv6 addresses count as the IPv4 addresses they stand for, on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    base: IpAddr,
    prefix: u32,
}

/// A text that is not an address or `address/prefix`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is neither an address nor a range such as 10.0.0.0/8")]
pub struct ParseNetworkError {
    text: String,
}

impl Network {
    /// The range of all addresses that share the first `prefix` bits with `base`.
    ///
    /// Returns `None` when `prefix` is longer than the address.
    pub fn new(base: IpAddr, prefix: u8) -> Option<Self> {
        let base = base.to_canonical();
        let prefix = u32::from(prefix);
        (prefix <= width(base)).then_some(Self { base, prefix })
    }

    /// Whether `address` lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let host_bits = width(self.base) - self.prefix;
        match (self.base, address) {
            (IpAddr::V4(base), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
                base.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }

    /// The loopback ranges `127.0.0.0/8` and `::1`.
    pub fn loopback() -> [Self; 2] {
        [
            Self {
                base: IpAddr::from([127, 0, 0, 0]),
                prefix: 8,
            },
            Self {
                base: IpAddr::V6(Ipv6Addr::LOCALHOST),
                prefix: 128,
            },
        ]
    }
}

/// The block of addresses that one peer is assumed to own: an IPv4 address or an IPv6 /64. IPv4 in IPv6 is IPv4.
pub fn peer_block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

impl FromStr for Network {
    type Err = ParseNetworkError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseNetworkError {
            text: text.to_owned(),
        };
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix.parse::<u8>().map_err(|_| error())?)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().map_err(|_| error())?;
        // The width belongs to the address as written: ::ffff:10.0.0.0/104 is an IPv6 range.
        match (base, base.to_canonical(), prefix) {
            (_, canonical, None) => Ok(Self {
                base: canonical,
                prefix: width(canonical),
            }),
            (IpAddr::V6(_), IpAddr::V4(v4), Some(prefix)) if prefix >= 96 => {
                Self::new(IpAddr::V4(v4), prefix - 96).ok_or_else(error)
            }
            (_, _, Some(prefix)) => Self::new(base, prefix).ok_or_else(error),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests;
