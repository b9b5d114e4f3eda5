//! Listening sockets and everybody who comes in through them.

mod descriptors;
mod leaving;

pub use self::leaving::Ports;

use crate::admission::{Admission, Refusal};
use crate::carrier::{Carrier, Origin, Stream, canonical};
use crate::config::AcceptorConfig;
use crate::connection;
use crate::counters::Counters;
use crate::error::BindError;
use crate::http::{self, Bodies, Sessions};
use crate::limits;
use crate::listener::{self, Listener};
use crate::signal::Signal;
use crate::turned_away::TurnedAway;
use bytes::Bytes;
use descriptors::Descriptors;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{SetOnce, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Accepts peers on any number of sockets and hands out a [`Carrier`] for each that wants to speak RTMP.
///
/// Dropping it stops listening and cuts HTTP connections off, and with them tunnel sessions;
/// [`close`](Self::close) lets them finish.
#[derive(Debug)]
pub struct Acceptor {
    carriers: mpsc::Receiver<Carrier>,
    addresses: Vec<SocketAddr>,
    door: Arc<Door>,
}

/// What all connections of an acceptor share.
#[derive(Debug)]
pub(crate) struct Door {
    pub(crate) config: AcceptorConfig,
    pub(crate) counters: Counters,
    pub(crate) admission: Admission,
    pub(crate) sessions: Sessions,
    pub(crate) bodies: Bodies,
    pub(crate) carriers: mpsc::Sender<Carrier>,
    pub(crate) phases: Phases,
    pub(crate) turned_away: TurnedAway,
    /// Held by every connection of which it is not known yet what it speaks.
    pub(crate) unknown: Arc<()>,
    descriptors: Descriptors,
    tasks: TaskTracker,
}

/// The steps in which an acceptor ends, each one including those before it.
#[derive(Debug, Default)]
pub(crate) struct Phases {
    /// The ports are let go of; whoever is there goes on.
    leaving: SetOnce<Ports>,
    /// Nobody new is let in, and nobody is waited for to show what he speaks.
    pub(crate) stop: CancellationToken,
    /// HTTP connections end after the reply they owe.
    pub(crate) finish: Signal,
    /// Everything ends now.
    pub(crate) abort: Signal,
}

impl Acceptor {
    /// Binds all `addresses` and starts to accept. Must be called inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// The first address that cannot be bound; none is then served.
    pub fn bind(addresses: &[SocketAddr], config: AcceptorConfig) -> Result<Self, BindError> {
        let listeners: Result<Vec<_>, _> = addresses.iter().copied().map(Listener::bind).collect();
        Ok(Self::start(listeners?, config))
    }

    /// Starts to accept on sockets already bound. Must be called inside a tokio runtime.
    pub fn start(listeners: Vec<Listener>, config: AcceptorConfig) -> Self {
        let (sender, carriers) = mpsc::channel(limits::ACCEPT_QUEUE);
        let addresses = listeners.iter().map(Listener::local_addr).collect();
        let counters = Counters::default();
        let door = Arc::new(Door {
            admission: Admission::new(config.admission.clone()),
            sessions: Sessions::new(&config, counters.clone()),
            bodies: Bodies::new(&config.http),
            descriptors: Descriptors::of_this_process(&config.admission),
            config,
            counters,
            carriers: sender,
            phases: Phases::default(),
            turned_away: TurnedAway::new(),
            unknown: Arc::default(),
            tasks: TaskTracker::new(),
        });
        for listener in listeners {
            if listener::HANDS_OPTIONS_ON {
                listener::prepare(&listener.socket, &door.config.socket);
            }
            door.tasks.spawn(Arc::clone(&door).listen(listener.socket));
        }
        door.tasks.spawn(Arc::clone(&door).keep_time());
        if let Some(tls) = &door.config.tls {
            let watch = tls.clone().watch(door.counters.clone());
            let stop = door.phases.stop.clone();
            door.tasks
                .spawn(async move { stop.run_until_cancelled(watch).await });
        }
        Self {
            carriers,
            addresses,
            door,
        }
    }

    /// The addresses listened on, in the order they were given, with the ports the system picked.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What happened so far.
    pub fn counters(&self) -> &Counters {
        &self.door.counters
    }

    /// Who is let in; its limits may change while the ports are served.
    pub fn admission(&self) -> &Admission {
        &self.door.admission
    }

    /// The next peer that wants to speak RTMP; `None` once [`close`](Self::close) was called. Cancel-safe.
    pub async fn accept(&mut self) -> Option<Carrier> {
        self.carriers.recv().await
    }

    /// As [`accept`](Self::accept), for tasks that poll.
    pub fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<Option<Carrier>> {
        self.carriers.poll_recv(cx)
    }

    /// Stops listening, lets go of peers that have not shown yet what they speak, lets the tunnel sessions that are still open use their HTTP connections until their
    /// carriers are closed or dropped, then lets HTTP connections answer what they were asked. Carriers
    /// that nobody took are dropped.
    ///
    /// Close the carriers before or meanwhile. How long this may take is the caller's decision; dropping the
    /// acceptor cuts it short.
    pub async fn close(&mut self) {
        self.door.phases.stop.cancel();
        self.carriers.close();
        // Also those for which a place was taken before the queue closed.
        while let Some(carrier) = self.carriers.recv().await {
            drop(carrier);
        }
        self.door.sessions.none_left().await;
        self.door.phases.finish.give();
        self.door.tasks.close();
        self.door.tasks.wait().await;
    }
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.door.phases.stop.cancel();
        self.door.phases.finish.give();
        self.door.phases.abort.give();
    }
}

impl Door {
    async fn listen(self: Arc<Self>, socket: TcpListener) {
        let stop = self.phases.stop.clone();
        let accepting = async {
            // Both arms are cancel-safe: `accept` holds no connection between polls.
            tokio::select! {
                () = self.accept_all(&socket) => {}
                () = self.ports_let_go() => {}
            }
        };
        stop.run_until_cancelled(accepting).await;
    }

    async fn accept_all(self: &Arc<Self>, socket: &TcpListener) {
        let mut complaint = Complaint::default();
        loop {
            match socket.accept().await {
                Ok((stream, peer)) => {
                    if self.descriptors.are_scarce(&stream) {
                        complaint.say("few file descriptors are left");
                        self.wait_for_descriptors(socket).await;
                    }
                    self.admit(stream, peer);
                }
                Err(error) if is_exhaustion(&error) => {
                    complaint.say(&error);
                    self.counters.descriptor_pauses().count();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
                // The peer gave up before it was let in.
                Err(error) => tracing::debug!(%error, "connection lost before it was accepted"),
            }
        }
    }

    /// Lets those who come wait in the kernel's queue while too many descriptors are in use.
    async fn wait_for_descriptors(&self, socket: &TcpListener) {
        self.counters.descriptor_pauses().count();
        while self.descriptors.would_be_scarce(socket) {
            tokio::time::sleep(ACCEPT_PAUSE).await;
        }
    }

    fn admit(self: &Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        self.counters.accepted().count();
        let permit = self.admission.enter().and_then(|mut permit| {
            // A trusted proxy says later whose connection it is; that address is counted then.
            if !self.is_trusted(peer) {
                permit.bind(peer.ip(), std::time::Instant::now())?;
            }
            Ok(permit)
        });
        match permit {
            Ok(permit) => {
                if !listener::HANDS_OPTIONS_ON {
                    listener::prepare(&stream, &self.config.socket);
                }
                let door = Arc::clone(self);
                self.tasks.spawn(async move {
                    let connection = pin!(connection::serve(&door, stream, peer, permit));
                    door.phases.abort.run_until_given(connection).await;
                });
            }
            Err(refusal) => {
                self.count_refusal(refusal);
                let reason = format!("not let in: {refusal}");
                self.turned_away
                    .connection(canonical(peer), stream.local_addr().ok(), &reason);
            }
        }
    }

    /// Serves HTTP on a connection that another process has accepted.
    pub(crate) fn serve_link(self: Arc<Self>, stream: Stream, origin: Origin) {
        let Ok(permit) = self.admission.enter() else {
            return self.count_refusal(Refusal::Total);
        };
        let door = Arc::clone(&self);
        self.tasks.spawn(async move {
            let serving = http::serve(&door, stream, Bytes::new(), origin, permit);
            door.phases.abort.run_until_given(pin!(serving)).await;
        });
    }

    pub(crate) fn is_trusted(&self, peer: SocketAddr) -> bool {
        self.config
            .trusted_proxies
            .iter()
            .any(|network| network.contains(peer.ip()))
    }

    pub(crate) fn count_refusal(&self, refusal: Refusal) {
        match refusal {
            Refusal::Total => self.counters.refused_total().count(),
            Refusal::PerAddress => self.counters.refused_per_address().count(),
            Refusal::Rate => self.counters.refused_rate().count(),
            Refusal::Addresses => self.counters.refused_addresses().count(),
            Refusal::Unauthenticated => self.counters.refused_unauthenticated().count(),
        }
    }

    /// Wakes tunnel sessions whose time has come while nobody asks for anything, and tells how many were turned away.
    async fn keep_time(self: Arc<Self>) {
        let mut ticks = tokio::time::interval(limits::SESSION_TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let finish = &self.phases.finish;
        while finish.run_until_given(pin!(ticks.tick())).await.is_some() {
            self.sessions.handle_timeout(Instant::now().into_std());
            self.turned_away.sum_up();
        }
        // Nobody can reach those that are left.
        self.sessions.hang_up(Instant::now().into_std());
    }
}

/// Tells the operator that nobody is accepted, once a second and not for every attempt.
#[derive(Default)]
struct Complaint(Option<Instant>);

impl Complaint {
    fn say(&mut self, cause: impl Display) {
        if self.0.is_none_or(|at| at.elapsed() >= COMPLAINT_INTERVAL) {
            self.0 = Some(Instant::now());
            tracing::error!(%cause, "accepting no connections for now");
        }
    }
}

/// Whether accepting fails for want of something that other connections hold.
fn is_exhaustion(error: &io::Error) -> bool {
    // Everything that is not about the one connection that was about to be accepted.
    !matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
            | io::ErrorKind::PermissionDenied
    )
}

/// How long accepting rests when it fails.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often that is logged.
const COMPLAINT_INTERVAL: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
