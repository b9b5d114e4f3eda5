//! The addresses by which other machines may reach this one.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, UdpSocket};

/// What a certificate of this machine has to cover, as text: every address that leads further than to itself.
pub(super) fn of_this_machine() -> Vec<String> {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let known = in_routes(&read("/proc/net/fib_trie"));
    let known = known
        .into_iter()
        .chain(in_interfaces(&read("/proc/net/if_inet6")));
    let mut addresses: Vec<IpAddr> = known.chain(by_default_route()).collect();
    addresses.retain(leads_further);
    addresses.sort();
    addresses.dedup();
    addresses.truncate(MOST);
    addresses.iter().map(ToString::to_string).collect()
}

/// Those of IPv4 in the kernel's routes: an address stands above the line that says what it is.
fn in_routes(text: &str) -> Vec<IpAddr> {
    let mut last = None;
    let mut found = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse::<Ipv4Addr>().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(last.map(IpAddr::from));
        }
    }
    found
}

/// Those of IPv6 among the kernel's interfaces, each at the start of a line in 32 digits.
fn in_interfaces(text: &str) -> Vec<IpAddr> {
    let first = text.lines().filter_map(|line| line.split(' ').next());
    first
        .filter(|digits| digits.len() == 32)
        .filter_map(|digits| u128::from_str_radix(digits, 16).ok())
        .map(|bits| Ipv6Addr::from_bits(bits).into())
        .collect()
}

/// Those that the default routes would use; on systems without the files above there is nothing else.
fn by_default_route() -> Vec<IpAddr> {
    // Connecting a UDP socket sends nothing; these are addresses for documentation, which nobody has.
    [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")]
        .into_iter()
        .filter_map(|(any, far)| {
            let socket = UdpSocket::bind(any).ok()?;
            socket.connect(far).ok()?;
            Some(socket.local_addr().ok()?.ip())
        })
        .collect()
}

fn leads_further(address: &IpAddr) -> bool {
    !address.is_loopback()
        && !address.is_unspecified()
        && match address {
            IpAddr::V4(ip) => !ip.is_link_local(),
            // No URL can name its interface.
            IpAddr::V6(ip) => !ip.is_unicast_link_local(),
        }
}

/// A certificate does not name more of them.
const MOST: usize = 32;

#[cfg(test)]
mod tests;
