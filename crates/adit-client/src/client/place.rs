//! Where this machine is: what tells the user's networks apart, and the time.

use std::net::{IpAddr, UdpSocket};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::address::Host;
use crate::memory::UnixSeconds;

/// A name for the network that leads to the world: the prefix of this machine's own address in it.
///
/// Two networks that give out the same addresses look the same; then a way that worked in one is tried first in the other, which
/// costs little. Empty where there is no network.
pub(super) fn local_network(host: &Host) -> String {
    let far = match host.ip() {
        Some(ip) => ip,
        // An address of nobody: connecting a datagram socket only asks the routing table.
        None => IpAddr::from([192, 0, 2, 1]),
    };
    let any = match far {
        IpAddr::V4(_) => "0.0.0.0:0",
        IpAddr::V6(_) => "[::]:0",
    };
    let own = UdpSocket::bind(any)
        .and_then(|socket| socket.connect((far, 9)).and_then(|()| socket.local_addr()));
    match own.map(|own| own.ip()) {
        Ok(IpAddr::V4(own)) => {
            let [a, b, c, _] = own.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(own)) => {
            let [a, b, c, d, ..] = own.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => String::new(),
    }
}

/// The wall clock.
pub(super) fn now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixSeconds(since.map_or(0, |since| since.as_secs()))
}
