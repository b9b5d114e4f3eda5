//! A carrier that is the client side of a tunnel session.

use super::lane::{Lane, Lost};
use super::{TunnelBroken, Way};
use crate::client::connector::{Connection, Progress};
use crate::client::error::DialError;
use crate::limits;
use adit_rtmpt::client::{
    self as rtmpt, ClientConfig, ClientFault, ClientState, ClientTunnel, LaneFailure,
};
use bytes::{Buf, Bytes};
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::time::{Instant, Sleep, sleep_until};

/// Drives a tunnel: requests to lanes, replies back, the clock. Dropping it drops its connections; the server finds out by itself.
pub(crate) struct ClientTunnelCarrier {
    tunnel: ClientTunnel,
    way: Arc<Way>,
    /// The connection that was made to see whether there is a way; the first lane's.
    first: Option<Pin<Box<dyn Future<Output = Lane> + Send>>>,
    /// In the order of [`rtmpt::Lane::ALL`].
    lanes: [Lane; rtmpt::Lane::ALL.len()],
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
    /// Received, but more than one read may return.
    rest: Bytes,
    obstacle: Option<DialError>,
    closing: bool,
    /// Whether anything has been answered.
    heard: bool,
}

impl ClientTunnelCarrier {
    pub(super) fn new(way: Arc<Way>, first: Connection, config: ClientConfig) -> Self {
        Self {
            tunnel: ClientTunnel::new(Instant::now().into_std(), config),
            way,
            first: Some(Box::pin(Lane::of(first))),
            lanes: Default::default(),
            timer: None,
            rest: Bytes::new(),
            obstacle: None,
            closing: false,
            heard: false,
        }
    }

    pub(super) fn state(&self) -> &ClientState {
        self.tunnel.state()
    }

    /// Why the last connection that was needed did not come about.
    pub(super) fn take_obstacle(&mut self) -> Option<DialError> {
        self.obstacle.take()
    }

    /// Ready when there is a session, or none will be.
    pub(super) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.drive(cx);
        if !self.heard && self.lanes.iter().any(Lane::has_heard) {
            self.heard = true;
            self.way.connector.tell(Progress::Answers);
        }
        match self.tunnel.state() {
            ClientState::Opening => Poll::Pending,
            _ => Poll::Ready(()),
        }
    }

    pub(crate) fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if self.rest.is_empty() {
            self.drive(cx);
            self.rest = self.tunnel.poll_received().unwrap_or_default();
        }
        if !self.rest.is_empty() {
            let count = self.rest.len().min(limits::READ_BYTES);
            return Poll::Ready(Ok(Some(self.rest.split_to(count))));
        }
        match self.tunnel.state() {
            ClientState::Closed(_) => Poll::Ready(Ok(None)),
            ClientState::Failed(error) => Poll::Ready(Err(self.broken(*error))),
            _ => Poll::Pending,
        }
    }

    pub(crate) fn poll_send<B: Buf + ?Sized>(
        &mut self,
        cx: &mut Context<'_>,
        mut out: &mut B,
    ) -> Poll<io::Result<()>> {
        loop {
            match self.tunnel.state() {
                ClientState::Failed(error) => return Poll::Ready(Err(self.broken(*error))),
                ClientState::Closing | ClientState::Closed(_) if out.has_remaining() => {
                    return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
                }
                _ => {}
            }
            let taken = self.tunnel.write(&mut out);
            self.drive(cx);
            if !out.has_remaining() {
                return Poll::Ready(Ok(()));
            }
            if taken == 0 && self.tunnel.writable() == 0 && is_alive(self.tunnel.state()) {
                return Poll::Pending;
            }
        }
    }

    pub(crate) fn unsent(&self) -> usize {
        self.tunnel.unsent_bytes()
    }

    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closing {
            self.closing = true;
            self.tunnel.close(Instant::now().into_std());
        }
        self.drive(cx);
        match self.tunnel.state() {
            ClientState::Closed(_) | ClientState::Failed(_) => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    /// Why there is no tunnel any more, with whoever stands in the way if that is known.
    fn broken(&self, error: rtmpt::ClientError) -> io::Error {
        let kind = match error.fault() {
            ClientFault::Peer => io::ErrorKind::ConnectionAborted,
            _ => io::ErrorKind::InvalidData,
        };
        let broken = TunnelBroken {
            error,
            obstacle: self.obstacle.as_ref().map(ToString::to_string),
            proxy: self.way.whole_urls().map(ToString::to_string),
        };
        io::Error::new(kind, broken)
    }

    /// Lets everything happen that can; whatever comes next wakes the task.
    fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(first) = &mut self.first {
            let Poll::Ready(lane) = first.as_mut().poll(cx) else {
                return;
            };
            let [first, ..] = &mut self.lanes;
            *first = lane;
            self.first = None;
        }
        loop {
            let now = Instant::now().into_std();
            let mut moved = self.collect(now, cx);
            if self.tunnel.poll_timeout().is_some_and(|due| due <= now) {
                self.tunnel.handle_timeout(now);
            }
            while let Some((lane, request)) = self.tunnel.poll_request(now) {
                let way = Arc::clone(&self.way);
                if let Some(lane) = self.lanes.get_mut(lane.index()) {
                    lane.begin(way, request);
                }
                moved = true;
            }
            if !moved && !self.due(cx) {
                return;
            }
        }
    }

    /// Takes the replies that are there.
    fn collect(&mut self, now: std::time::Instant, cx: &mut Context<'_>) -> bool {
        let mut moved = false;
        for (name, lane) in rtmpt::Lane::ALL.into_iter().zip(&mut self.lanes) {
            let Poll::Ready(result) = lane.poll(cx) else {
                if lane.has_moved() {
                    self.tunnel.handle_progress(now, name);
                }
                continue;
            };
            moved = true;
            match result {
                Ok(reply) => {
                    self.obstacle = None;
                    self.tunnel.handle_reply(now, name, reply);
                }
                Err(lost) => {
                    let failure = match lost {
                        Lost::Dial(error) => {
                            self.obstacle = Some(error);
                            LaneFailure::Lost
                        }
                        Lost::Connection(failure) => failure,
                    };
                    self.tunnel.handle_lane_failed(now, name, failure);
                }
            }
        }
        moved
    }

    /// Whether the time has come that the tunnel waits for; else the task is woken then.
    fn due(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(due) = self.tunnel.poll_timeout().map(Instant::from_std) else {
            self.timer = None;
            return false;
        };
        let (at, timer) = self
            .timer
            .get_or_insert_with(|| (due, Box::pin(sleep_until(due))));
        if *at != due {
            *at = due;
            timer.as_mut().reset(due);
        }
        timer.as_mut().poll(cx).is_ready()
    }
}

fn is_alive(state: &ClientState) -> bool {
    matches!(state, ClientState::Opening | ClientState::Open)
}
