//! Which ports are bound when nobody chose, and what is done about those that cannot be.

use std::env;
use std::net::{IpAddr, SocketAddr};

use adit_server::{BindError, Listener};

use crate::cli::every_address;
use crate::ui;

/// Where Flash clients, encoders and firewalls expect an RTMP server, and what stands in for ports that need a privilege.
const DEFAULTS: [Port; 3] = [
    Port {
        number: 1935,
        stand_in: None,
    },
    Port {
        number: 80,
        stand_in: Some(8080),
    },
    Port {
        number: 443,
        stand_in: Some(8443),
    },
];

struct Port {
    number: u16,
    stand_in: Option<u16>,
}

/// Binds the addresses that were asked for, all or none. One that another one of them takes in as well is left to it.
///
/// # Errors
/// The first that cannot be bound.
pub(super) fn bind_asked(addresses: &[SocketAddr]) -> Result<Vec<Listener>, BindError> {
    let needed = needed(addresses);
    needed.into_iter().map(Listener::bind).collect()
}

/// Those that need a port of their own.
fn needed(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let mut needed = Vec::new();
    for (place, address) in addresses.iter().enumerate() {
        match taken_in_by(addresses, place) {
            Some(other) if other == *address => ui::note(&format!("{address} was asked for twice")),
            Some(other) => ui::note(&format!(
                "{address} needs no port of its own: {other} takes it in"
            )),
            None => needed.push(*address),
        }
    }
    needed
}

/// The sockets of the server that was here before, as far as they are asked for, and those that are missing; all of them where
/// nothing was asked for.
///
/// # Errors
/// The first that cannot be bound.
pub(super) fn go_on_with(
    sockets: Vec<Listener>,
    addresses: &[SocketAddr],
) -> Result<Vec<Listener>, BindError> {
    if addresses.is_empty() {
        return Ok(sockets);
    }
    let needed = needed(addresses);
    let there: Vec<_> = sockets.iter().map(Listener::local_addr).collect();
    let mut sockets: Vec<_> = sockets.into_iter().map(Some).collect();
    let taken = matching(&there, &needed);
    let listeners = needed.iter().zip(taken).map(|(address, place)| {
        let socket = place.and_then(|place| sockets.get_mut(place)?.take());
        socket.map_or_else(|| Listener::bind(*address), Ok)
    });
    listeners.collect()
}

/// For each address that is needed the place of the socket that is there for it. Port 0 takes what nobody asks for by number.
fn matching(there: &[SocketAddr], needed: &[SocketAddr]) -> Vec<Option<usize>> {
    let mut free: Vec<_> = there.iter().copied().map(Some).collect();
    let mut take = |fits: &dyn Fn(SocketAddr) -> bool| {
        let place = free.iter().position(|it| it.is_some_and(fits))?;
        *free.get_mut(place)? = None;
        Some(place)
    };
    let mut taken: Vec<_> = needed
        .iter()
        .map(|asked| take(&|address| is_the_same(address, *asked)))
        .collect();
    for (asked, taken) in needed.iter().zip(&mut taken) {
        if taken.is_none() && asked.port() == 0 {
            *taken = take(&|address| address.ip() == asked.ip());
        }
    }
    taken
}

/// Whether a socket at `address` is what `asked` asks for; a machine without IPv6 has `0.0.0.0` in the place of `[::]`.
fn is_the_same(address: SocketAddr, asked: SocketAddr) -> bool {
    let is_every = asked.ip().is_unspecified() && address.ip().is_unspecified();
    address == asked || (is_every && asked.is_ipv6() && address.port() == asked.port())
}

/// Which of `addresses` answers for the one at `place` too: `[::]` takes everything, IPv4 as well, `0.0.0.0` all of IPv4.
fn taken_in_by(addresses: &[SocketAddr], place: usize) -> Option<SocketAddr> {
    let asked = addresses.get(place)?;
    // Port 0 is another one each time.
    if asked.port() == 0 {
        return None;
    }
    let (before, _) = addresses.split_at(place);
    if before.contains(asked) {
        return Some(*asked);
    }
    let takes_in = |other: &SocketAddr| {
        let covers = match other.ip() {
            IpAddr::V6(ip) => ip.is_unspecified(),
            IpAddr::V4(ip) => ip.is_unspecified() && asked.is_ipv4(),
        };
        covers && other != asked && other.port() == asked.port()
    };
    let wider = || addresses.iter().filter(|other| takes_in(other));
    // The widest that is itself bound.
    wider()
        .find(|other| other.is_ipv6())
        .or_else(|| wider().next())
        .copied()
}

/// What is bound when nobody chose, and what stands in for it.
pub(crate) fn usual() -> impl Iterator<Item = (SocketAddr, Option<SocketAddr>)> {
    DEFAULTS
        .iter()
        .map(|port| (every_address(port.number), port.stand_in.map(every_address)))
}

/// Binds 1935, 80 and 443, or 8080 and 8443 in place of the latter two.
///
/// # Errors
/// When 1935 cannot be bound: without it no encoder finds the server.
pub(super) fn bind_defaults() -> Result<Vec<Listener>, BindError> {
    let mut listeners = Vec::new();
    for port in &DEFAULTS {
        match Listener::bind(every_address(port.number)) {
            Ok(listener) => listeners.push(listener),
            Err(error) => {
                let Some(stand_in) = port.stand_in else {
                    return Err(error);
                };
                listeners.extend(bind_stand_in(port.number, stand_in, &error));
            }
        }
    }
    Ok(listeners)
}

fn bind_stand_in(wanted: u16, stand_in: u16, error: &BindError) -> Option<Listener> {
    let cause = cause(error);
    let remedy = remedy(error)
        .map(|text| format!("; {text}"))
        .unwrap_or_default();
    match Listener::bind(every_address(stand_in)) {
        Ok(listener) => {
            ui::note(&format!(
                "port {wanted} {cause}, {stand_in} stands in for it{remedy}"
            ));
            Some(listener)
        }
        Err(second) => {
            let second = self::cause(&second);
            ui::note(&format!(
                "port {wanted} {cause} and {stand_in} {second}: serving without them{remedy}"
            ));
            None
        }
    }
}

fn cause(error: &BindError) -> String {
    match error {
        BindError::Permission { .. } => "needs a privilege".to_owned(),
        BindError::InUse { .. } => "is taken by another program".to_owned(),
        other => format!("cannot be bound ({other})"),
    }
}

/// The command that makes the port available, or shows who has it.
pub(crate) fn remedy(error: &BindError) -> Option<String> {
    let port = error.address().port();
    match error {
        BindError::Permission { .. } => {
            let program = env::current_exe()
                .map_or_else(|_| "adit".to_owned(), |path| path.display().to_string());
            Some(format!(
                "to allow it, until that file is built or installed anew: sudo setcap cap_net_bind_service=+ep {program}"
            ))
        }
        BindError::InUse { .. } => Some(format!(
            "to see who has it: sudo ss -ltnp 'sport = :{port}'"
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
