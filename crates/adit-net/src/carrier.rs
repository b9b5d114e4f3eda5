//! One stream of bytes to a peer, however it travels.

mod info;
mod outlet;
mod scratch;
mod socket;
mod tunnel;

pub use info::{CarrierInfo, TlsInfo, Transport};
pub(crate) use info::{Origin, canonical};
pub use outlet::Outlet;
pub(crate) use outlet::SharedTcp;
pub(crate) use scratch::read;
pub(crate) use socket::{Linger, Prefixed, Stream};

use crate::admission::{Newcomer, Permit};
use crate::client::ClientTunnelCarrier;
use crate::http::{Session, Sessions};
use adit_rtmpt::TunnelPace;
use bytes::{Buf, Bytes};
use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// An ordered, reliable, two-way stream of bytes to one peer: a TCP connection, a TLS connection, or a tunnel
/// session over as many HTTP connections as the peer likes.
///
/// One task owns a carrier and polls it. Each method remembers the task that polled it last. Dropping a
/// carrier cuts the peer off at once; [`poll_close`](Self::poll_close) says goodbye first.
pub struct Carrier {
    way: Way,
    info: CarrierInfo,
    newcomer: Option<Newcomer>,
}

enum Way {
    Socket(socket::SocketCarrier),
    Tunnel(tunnel::TunnelCarrier),
    ClientTunnel(Box<ClientTunnelCarrier>),
}

impl Carrier {
    /// A carrier over one connection, of which `prefix` has been read.
    pub(crate) fn socket(
        stream: Stream,
        prefix: Bytes,
        info: CarrierInfo,
        permit: Option<Permit>,
    ) -> Self {
        Self {
            way: Way::Socket(socket::SocketCarrier::new(stream, prefix, permit)),
            info,
            newcomer: None,
        }
    }

    /// A carrier over a tunnel session.
    pub(crate) fn tunnel(session: Arc<Session>, sessions: Sessions, info: CarrierInfo) -> Self {
        Self {
            way: Way::Tunnel(tunnel::TunnelCarrier::new(session, sessions)),
            info,
            newcomer: None,
        }
    }

    /// The same with a place among those nobody has let in yet.
    pub(crate) fn with_newcomer(mut self, newcomer: Option<Newcomer>) -> Self {
        self.newcomer = newcomer;
        self
    }

    /// A carrier over a tunnel session we opened ourselves.
    pub(crate) fn client_tunnel(tunnel: ClientTunnelCarrier, info: CarrierInfo) -> Self {
        Self {
            way: Way::ClientTunnel(Box::new(tunnel)),
            info,
            newcomer: None,
        }
    }

    /// The next bytes from the peer, at most [`READ_BYTES`](crate::limits::READ_BYTES), never empty; `None` once
    /// the peer has finished sending. Sending is still possible after that.
    ///
    /// # Errors
    ///
    /// The connection is broken; the carrier is of no further use.
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        match &mut self.way {
            Way::Socket(socket) => socket.poll_recv(cx),
            Way::Tunnel(tunnel) => tunnel.poll_recv(cx, &mut self.info),
            Way::ClientTunnel(tunnel) => tunnel.poll_recv(cx),
        }
    }

    /// Sends from `out` until it is empty. Ready when all of it has been handed to the kernel, or, in a
    /// tunnel, to the queue that the next replies are filled from; pending when the peer must take some first.
    ///
    /// # Errors
    ///
    /// The connection is broken or already closed; the carrier is of no further use.
    pub fn poll_send<B: Buf + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut B,
    ) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Socket(socket) => socket.poll_send(cx, out),
            Way::Tunnel(tunnel) => tunnel.poll_send(cx, out),
            Way::ClientTunnel(tunnel) => tunnel.poll_send(cx, out),
        }
    }

    /// Bytes that were taken by [`poll_send`](Self::poll_send) and have not reached the peer or the kernel: in a tunnel of ours,
    /// those in requests that are not answered yet.
    pub fn unsent(&self) -> usize {
        match &self.way {
            Way::Socket(_) | Way::Tunnel(_) => 0,
            Way::ClientTunnel(tunnel) => tunnel.unsent(),
        }
    }

    /// The sending side, where it is a plain TCP connection. Whoever has it sends in place of [`poll_send`](Self::poll_send).
    pub fn outlet(&self) -> Option<&Outlet> {
        match &self.way {
            Way::Socket(socket) => socket.outlet(),
            Way::Tunnel(_) | Way::ClientTunnel(_) => None,
        }
    }

    /// Ends the sending direction and waits, for a bounded time, until the peer has taken everything. Ready
    /// means that the carrier can be dropped without losing bytes that were sent.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.way {
            Way::Socket(socket) => socket.poll_close(cx),
            Way::Tunnel(tunnel) => tunnel.poll_close(cx),
            Way::ClientTunnel(tunnel) => tunnel.poll_close(cx),
        }
    }

    /// The peer was let in by whoever drives this: from now on it no longer counts among those who were not
    /// ([`AdmissionConfig::unauthenticated`](crate::AdmissionConfig::unauthenticated)).
    pub fn authenticated(&mut self) {
        self.newcomer = None;
    }

    /// How fast the client of a tunnel may ask from now on, and how long it may be let wait for an answer. Nothing to other carriers.
    pub fn set_pace(&self, pace: TunnelPace) {
        match &self.way {
            Way::Tunnel(tunnel) => tunnel.set_pace(pace),
            Way::Socket(_) | Way::ClientTunnel(_) => {}
        }
    }

    /// How long ago the client of a tunnel asked something last; `None` for other carriers, which nobody has to ask.
    ///
    /// Tells a client that has gone from one that takes its time: in a tunnel bytes leave only in answers.
    pub fn unasked_for(&self) -> Option<Duration> {
        match &self.way {
            Way::Tunnel(tunnel) => Some(tunnel.silence()),
            Way::Socket(_) | Way::ClientTunnel(_) => None,
        }
    }

    /// Who is there and how the bytes travel. In a tunnel the peer is whoever asked last.
    pub fn info(&self) -> &CarrierInfo {
        &self.info
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier")
            .field("info", &self.info)
            .finish_non_exhaustive()
    }
}
