//! A bound socket that listens.

use crate::error::BindError;
use crate::limits;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
#[cfg(unix)]
use std::os::fd::{AsFd as _, OwnedFd};
use tokio::net::{TcpListener, TcpStream};

use crate::config::SocketConfig;

/// A bound socket that listens, not yet served.
///
/// `[::]` takes IPv4 as well, and becomes `0.0.0.0` on a machine without IPv6.
#[derive(Debug)]
pub struct Listener {
    pub(crate) socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds `address` and listens; port 0 lets the system pick one. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// Says which address, and whether a privilege is missing or the address is taken.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        match open(address) {
            Err(error) if without_ipv6(address, &error) => {
                let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, address.port()));
                open(address).map_err(|source| BindError::new(address, source))
            }
            other => other.map_err(|source| BindError::new(address, source)),
        }
    }

    /// A socket that listens already, handed over by a service manager. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The system refuses to make it non-blocking or to name its address.
    pub fn from_socket(socket: std::net::TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from_std(socket)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address })
    }

    /// The same socket once more, for another process. It stays open until both are closed.
    ///
    /// # Errors
    ///
    /// The system has no descriptor for it.
    #[cfg(unix)]
    pub fn share(&self) -> io::Result<OwnedFd> {
        self.socket.as_fd().try_clone_to_owned()
    }

    /// The address bound, with the port the system picked.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

fn open(address: SocketAddr) -> io::Result<Listener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if let SocketAddr::V6(v6) = address {
        socket.set_only_v6(!v6.ip().is_unspecified())?;
    }
    // On Windows the option means that anybody may take the port away.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(limits::BACKLOG)?;
    Listener::from_socket(socket.into())
}

/// Whether binding failed only because the machine has no IPv6.
fn without_ipv6(address: SocketAddr, error: &io::Error) -> bool {
    let SocketAddr::V6(v6) = address else {
        return false;
    };
    v6.ip().is_unspecified()
        && (error.kind() == io::ErrorKind::AddrNotAvailable
            || error.kind() == io::ErrorKind::Unsupported
            || error.raw_os_error() == Some(ADDRESS_FAMILY_UNSUPPORTED))
}

#[cfg(target_os = "linux")]
const ADDRESS_FAMILY_UNSUPPORTED: i32 = 97;
#[cfg(windows)]
const ADDRESS_FAMILY_UNSUPPORTED: i32 = 10047;
#[cfg(not(any(target_os = "linux", windows)))]
const ADDRESS_FAMILY_UNSUPPORTED: i32 = 47;

/// Sets the options every connection has. None is worth losing a connection for.
///
/// Linux hands them on from a socket that listens to those it accepts, which saves seven system calls for each; elsewhere
/// every accepted one is set.
pub(crate) fn prepare<'a>(socket: impl Into<SockRef<'a>>, config: &SocketConfig) {
    let socket = socket.into();
    let keepalive = TcpKeepalive::new()
        .with_time(config.keepalive_idle)
        .with_interval(config.keepalive_interval);
    #[cfg(not(windows))]
    let keepalive = keepalive.with_retries(config.keepalive_probes);
    let mut results = vec![
        socket.set_tcp_nodelay(true),
        socket.set_tcp_keepalive(&keepalive),
    ];
    if let Some(bytes) = config.send_buffer_bytes {
        results.push(socket.set_send_buffer_size(bytes));
    }
    #[cfg(target_os = "linux")]
    {
        results.push(socket.set_tcp_user_timeout(Some(config.user_timeout)));
        results.push(socket.set_tcp_notsent_lowat(config.unsent_bytes));
    }
    for error in results.into_iter().filter_map(Result::err) {
        tracing::trace!(%error, "socket option not set");
    }
}

/// Whether accepted sockets have the options of the one that listens.
pub(crate) const HANDS_OPTIONS_ON: bool = cfg!(target_os = "linux");

/// Makes the kernel acknowledge what came now instead of waiting 40 ms for company.
///
/// The kernel forgets this soon, so it is asked each time. Q-181: ffmpeg sends header and
/// body of a request in two segments and waits for the first to be acknowledged.
pub(crate) fn acknowledge_now(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    if let Err(error) = SockRef::from(stream).set_tcp_quickack(true) {
        tracing::trace!(%error, "socket option not set");
    }
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

#[cfg(test)]
mod tests;
