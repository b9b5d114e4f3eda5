//! TCP to whichever of a name's addresses answers first.

use super::error::{Cause, DialError, Stage};
use super::limits;
use super::target::{Host, HostName, Target};
use crate::config::SocketConfig;
use crate::listener::prepare;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

/// Who turns names into addresses.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Resolver {
    /// The system, in the order it prefers.
    System,
    /// A table; a name that is not in it does not exist.
    Table(Arc<HashMap<String, Vec<IpAddr>>>),
}

impl Resolver {
    async fn lookup(&self, name: &HostName) -> io::Result<Vec<IpAddr>> {
        match self {
            Self::System => {
                let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            }
            Self::Table(table) => table
                .get(name.as_str())
                .cloned()
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such name")),
        }
    }
}

/// The addresses of `target` in the order they are to be tried: the system's favourite first, then the families
/// in turn [RFC 8305 4], each address once.
///
/// The system is asked for both families at once, so the favourite waits for the other family's answer.
pub(super) async fn resolve(
    resolver: &Resolver,
    target: &Target,
    deadline: Duration,
) -> Result<Vec<SocketAddr>, DialError> {
    let name = match target.host() {
        Host::Ip(address) => return Ok(vec![SocketAddr::new(*address, target.port())]),
        Host::Name(name) => name,
    };
    let found = within(deadline, name, resolver.lookup(name))
        .await
        .map_err(|cause| DialError::new(Stage::Dns, cause))?;
    let addresses = interleave(found);
    if addresses.is_empty() {
        let host = name.as_str().to_owned();
        let cause = Cause::NoAddress { host };
        return Err(DialError::new(Stage::Dns, cause));
    }
    let with_port = |address| SocketAddr::new(address, target.port());
    Ok(addresses.into_iter().map(with_port).collect())
}

/// What the name service says of `name`, if it says it in time.
async fn within(
    deadline: Duration,
    name: &HostName,
    lookup: impl Future<Output = io::Result<Vec<IpAddr>>>,
) -> Result<Vec<IpAddr>, Cause> {
    match timeout(deadline, lookup).await {
        Ok(found) => found.map_err(|source| Cause::Name {
            host: name.as_str().to_owned(),
            source,
        }),
        Err(_) => Err(Cause::Silent {
            who: format!("the name service, asked for {}", name.as_str()),
            after: deadline,
        }),
    }
}

fn interleave(found: Vec<IpAddr>) -> Vec<IpAddr> {
    let first_is_v6 = found.first().is_some_and(IpAddr::is_ipv6);
    let (favourites, others): (Vec<_>, Vec<_>) = found
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let mut others = others.into_iter();
    let mut order = Vec::new();
    let mut add = |address: IpAddr| {
        if order.len() < limits::ADDRESSES && !order.contains(&address) {
            order.push(address);
        }
    };
    for favourite in favourites {
        add(favourite);
        others.next().into_iter().for_each(&mut add);
    }
    others.for_each(add);
    order
}

/// Connects to the first of `addresses` that answers. A new one is tried whenever one has failed or has had
/// `stagger` without an answer; the others go on meanwhile. Losers are closed.
pub(super) async fn connect(
    who: &Target,
    addresses: &[SocketAddr],
    socket: &SocketConfig,
    stagger: Duration,
    deadline: Duration,
) -> Result<TcpStream, DialError> {
    let end = Instant::now() + deadline;
    let mut waiting = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut last = None;
    let mut next = Instant::now();
    loop {
        if Instant::now() >= next
            && let Some(address) = waiting.next()
        {
            attempts.spawn(async move { (address, TcpStream::connect(address).await) });
            next = Instant::now() + stagger;
        }
        let more = waiting.len() > 0;
        if attempts.is_empty() && !more {
            break;
        }
        // Every arm can be dropped: a sleep, and the set, which keeps what it has.
        tokio::select! {
            biased;
            Some(done) = attempts.join_next() => match done {
                Ok((_, Ok(stream))) => {
                    prepare(&stream, socket);
                    return Ok(stream);
                }
                Ok((address, Err(error))) => {
                    last = Some(more_telling(last, obstacle(address, error, has_route)));
                    next = Instant::now();
                }
                Err(_) => next = Instant::now(),
            },
            () = sleep_until(next), if more => {}
            () = sleep_until(end) => {
                let who = who.to_string();
                return Err(DialError::new(Stage::Tcp, Cause::Silent { who, after: deadline }));
            }
        }
    }
    let cause = last.unwrap_or_else(|| Cause::NoAddress {
        host: who.host().to_string(),
    });
    Err(DialError::new(Stage::Tcp, cause))
}

/// What it means that there is no connection to `address`.
///
/// "Network unreachable" comes from this machine, which has no route, and from routers on the way; `has_route` tells.
fn obstacle(
    address: SocketAddr,
    source: io::Error,
    has_route: impl FnOnce(SocketAddr) -> bool,
) -> Cause {
    match source.kind() {
        io::ErrorKind::ConnectionRefused => Cause::Refused { address },
        // Here or on the way somebody says no (EHOSTUNREACH, EACCES, EPERM), or the host does not answer to its address.
        io::ErrorKind::HostUnreachable | io::ErrorKind::PermissionDenied => {
            Cause::TurnedAway { address, source }
        }
        io::ErrorKind::NetworkUnreachable if has_route(address) => {
            Cause::TurnedAway { address, source }
        }
        _ => Cause::Unreachable { address, source },
    }
}

/// Whether this machine knows where to send packets for `address`. None is sent.
fn has_route(address: SocketAddr) -> bool {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    UdpSocket::bind(any).is_ok_and(|socket| socket.connect(address).is_ok())
}

/// A refusal comes from the server, and a rejection from the network; that a whole family does not work here says nothing
/// about either.
fn more_telling(before: Option<Cause>, now: Cause) -> Cause {
    let rank = |cause: &Cause| match cause {
        Cause::Refused { .. } => 2,
        Cause::TurnedAway { .. } => 1,
        _ => 0,
    };
    match before {
        Some(before) if rank(&before) > rank(&now) => before,
        _ => now,
    }
}

#[cfg(test)]
mod tests;
