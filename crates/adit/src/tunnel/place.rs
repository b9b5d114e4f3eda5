//! Where a tunnel listens, and whether it would lead to itself.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use adit_client::Target;
use adit_server::{BindError, Listener};
use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::cli::LocalListen;

/// Binds what was asked for: a port alone on both loopback addresses.
///
/// # Errors
/// The address, or either of the two, cannot be had. A machine without IPv6 listens on IPv4 alone.
pub(super) fn bind(listen: LocalListen) -> Result<Vec<Listener>, BindError> {
    let port = match listen {
        LocalListen::Address(address) => return Ok(vec![Listener::bind(address)?]),
        LocalListen::Port(port) => port,
    };
    let first = Listener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    let same = first.local_addr().port();
    match Listener::bind(SocketAddr::from((Ipv6Addr::LOCALHOST, same))) {
        Ok(second) => Ok(vec![first, second]),
        // `localhost` would lead some programs to whoever has it. A free port was asked for, and this one is free enough.
        Err(error @ (BindError::InUse { .. } | BindError::Permission { .. })) if port != 0 => {
            Err(error)
        }
        Err(error) => {
            tracing::debug!(%error, "IPv4 alone");
            Ok(vec![first])
        }
    }
}

/// Which of these addresses `target` leads to, if it leads back here.
pub(super) async fn itself(target: &Target, listening: &[SocketAddr]) -> Option<SocketAddr> {
    let port = target.port_or_default();
    let mine: Vec<SocketAddr> = listening
        .iter()
        .copied()
        .filter(|address| address.port() == port)
        .collect();
    if mine.is_empty() {
        return None;
    }
    let ips = addresses(target).await;
    mine.into_iter()
        .find(|address| ips.iter().any(|ip| leads_to(*ip, address.ip())))
}

/// The addresses of the server; none where that takes too long, for then it is not this machine.
async fn addresses(target: &Target) -> Vec<IpAddr> {
    if let Some(ip) = target.host().ip() {
        return vec![ip];
    }
    let name = target.host().to_string();
    match timeout(NAME, lookup_host((name, 0))).await {
        Ok(Ok(found)) => found.map(|address| address.ip()).collect(),
        _ => Vec::new(),
    }
}

/// Whether a connection to `ip` comes in at a socket that listens on `listening`.
fn leads_to(ip: IpAddr, listening: IpAddr) -> bool {
    // To an address of nobody a connection goes to this machine.
    let ip = match ip.to_canonical() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    match listening {
        _ if ip == listening => true,
        // A machine can bind its own addresses only.
        IpAddr::V4(any) => any.is_unspecified() && ip.is_ipv4() && is_own(ip),
        IpAddr::V6(any) => any.is_unspecified() && is_own(ip),
    }
}

fn is_own(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

/// How long a name may take: those of this machine take no time.
const NAME: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
