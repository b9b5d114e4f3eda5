//! The client side of one tunnel.
//!
//! [`ClientTunnel`] turns two byte streams into POSTs and back. It says what to ask ([`Request`]) on which HTTP connection
//! ([`Lane`]); the driver owns connections, proxies and HTTP, and hands back replies or tells that a connection was lost.
//!
//! ```text
//!   Unknown server, one lane              A server that orders, several lanes
//!
//!   First                                 First                Second                      Third
//!     POST /open/1        → SID             POST /open/1 → SID
//!     POST /send/SID/0    → …               POST /send/0 → …
//!     POST /idle/SID/1    → …               POST /send/2 → …     POST /idle/1 → … (parked)
//!     POST /send/SID/2    → …               POST /send/4         POST /idle/3 → … (parked)   POST /send/5
//!     POST /close/SID/3   → 00              POST /close/6 → 00
//! ```
//!
//! With one lane nothing is asked before the last reply is here, because many servers take requests as they arrive, whatever
//! their numbers (Q-134). Against a server that orders a send does not wait for
//! the reply to the one before, and while data flows several idles are parked, so that neither direction waits for a round trip.
//! A server says that it orders with the header field [`ServerKind::FIELD`] in its reply to `/open/1`;
//! configuration can say it too. The session id is no help: other servers have ids of the same shape.

pub mod limits;

mod config;
mod counters;
mod downlink;
mod engine;
mod error;
mod lanes;
mod pace;
mod reply;
mod request;
mod uplink;

use std::net::IpAddr;
use std::time::Instant;

use bytes::{Buf, Bytes};

pub use config::{ClientConfig, Ident2, MemoryConfig, SendConfig, ServerKind, TimeoutConfig};
pub use counters::ClientCounters;
pub use error::{ClientError, ClientFault, ClientState, Ending, LaneFailure};
pub use reply::{ContentType, Reply};
pub use request::{Connection, Lane, Request, Verb};

use downlink::Downlink;
use lanes::{Lanes, Pending, Phase};
use pace::Pace;
use request::SessionText;
use uplink::Uplink;

/// One tunnel, client side: two ordered byte streams in, numbered requests out.
///
/// ```text
///   write ─▶ uplink (coalesced) ─▶ send ─┐
///                                        ├─▶ lanes ─▶ poll_request ─▶ HTTP
///               pace (poll byte) ─▶ idle ─┘      ▲
///                                                └──── handle_reply ◀─ HTTP
///   poll_received ◀─ downlink (in order) ◀───────┘
/// ```
///
/// Feed with `handle_*`, [`write`](Self::write) and [`close`](Self::close); then drain in this order until each is dry:
/// [`poll_received`](Self::poll_received), whatever there is to [`write`](Self::write), [`poll_request`](Self::poll_request),
/// [`poll_timeout`](Self::poll_timeout).
///
/// A number keeps its body until its reply has come; it is asked once, and once again on a fresh connection if the first was
/// lost, fell silent, or led to a gateway that had no server. Servers that order never feed the bytes twice. For others it is a
/// risk (Q-134), but the alternative is a tunnel that is certainly broken.
#[derive(Debug)]
pub struct ClientTunnel {
    config: ClientConfig,
    state: ClientState,
    server: ServerKind,
    session: Option<SessionText>,
    address: Option<IpAddr>,
    lanes: Lanes,
    uplink: Uplink,
    downlink: Downlink,
    pace: Pace,
    /// What "at once" is where a point in time is asked for.
    start: Instant,
    close_by: Option<Instant>,
    counters: ClientCounters,
}

impl ClientTunnel {
    /// A tunnel that is about to ask for a session.
    pub fn new(now: Instant, config: ClientConfig) -> Self {
        let first = match config.ident2 {
            Ident2::Ask => Verb::Ident2,
            Ident2::Skip => Verb::Open,
        };
        let mut lanes = Lanes::default();
        *lanes.place(Lane::First) = Some(Pending::bare(now, first, 0));
        let mut tunnel = Self {
            state: ClientState::Opening,
            server: ServerKind::Unknown,
            session: None,
            address: None,
            lanes,
            uplink: Uplink::new(config.sends),
            downlink: Downlink::default(),
            pace: Pace::new(now),
            start: now,
            close_by: None,
            counters: ClientCounters::default(),
            config,
        };
        tunnel.set_server(config.server);
        tunnel
    }

    /// The next request to send, and on which lane; `None` until something happens or [`poll_timeout`](Self::poll_timeout).
    ///
    /// Each lane has at most one request under way. It ends with [`handle_reply`](Self::handle_reply) or
    /// [`handle_lane_failed`](Self::handle_lane_failed), or by giving out a request with [`Connection::Fresh`] for the same lane,
    /// which replaces it.
    pub fn poll_request(&mut self, now: Instant) -> Option<(Lane, Request)> {
        self.lanes.bring_home();
        self.plan(now);
        Lane::ALL
            .into_iter()
            .find_map(|lane| self.give_out(now, lane).map(|request| (lane, request)))
    }

    /// Takes the reply to the request under way on a lane.
    ///
    /// Interim replies (1xx), proxy authentication and redirects that can be followed are the driver's matter.
    pub fn handle_reply(&mut self, now: Instant, lane: Lane, reply: Reply) {
        match self.lanes.place(lane).take() {
            Some(pending) if pending.attempts > 0 => self.replied(now, lane, pending, reply),
            other => {
                *self.lanes.place(lane) = other;
                self.counters.unexpected += 1;
            }
        }
    }

    /// There is no whole reply on a lane, and there will be none.
    ///
    /// A kept connection that is closed while no request is under way is no failure; telling of it does no harm.
    pub fn handle_lane_failed(&mut self, now: Instant, lane: Lane, failure: LaneFailure) {
        let is_asked = self
            .lanes
            .get(lane)
            .is_some_and(|pending| matches!(pending.phase, Phase::Asked { .. }));
        if is_asked && let Some(pending) = self.lanes.place(lane).take() {
            let error = ClientError::of_failure(pending.verb, failure);
            self.lost(now, lane, pending, error);
        }
    }

    /// Bytes of the request or its reply have moved on a lane: it is slow but not silent.
    pub fn handle_progress(&mut self, now: Instant, lane: Lane) {
        let timeouts = self.config.timeouts;
        if let Some(pending) = self.lanes.place(lane)
            && matches!(pending.verb, Verb::Send | Verb::Idle)
            && let Phase::Asked { at, deadline } = &mut pending.phase
        {
            *deadline = (now + timeouts.reply).min(*at + timeouts.longest);
        }
    }

    /// Time has passed: see [`poll_timeout`](Self::poll_timeout). Calling it early does no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.close_by.is_some_and(|due| due <= now) {
            self.end(ClientState::Closed(Ending::Unconfirmed));
        }
        for lane in Lane::ALL {
            let is_silent = self.lanes.get(lane).is_some_and(
                |pending| matches!(pending.phase, Phase::Asked { deadline, .. } if deadline <= now),
            );
            if is_silent && let Some(pending) = self.lanes.place(lane).take() {
                self.fell_silent(now, lane, pending);
            }
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) and [`poll_request`](Self::poll_request) must be called at the latest;
    /// `None` when nothing is due. Lies ahead once everything is drained.
    pub fn poll_timeout(&self) -> Option<Instant> {
        [
            self.close_by,
            self.lanes.due(),
            self.close_due(),
            self.send_due().map(|(_, due)| due),
            self.idle_due().map(|(_, due)| due),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// The next downstream bytes, in order and each exactly once; `None` until more arrives.
    ///
    /// While nobody takes them, nothing more is asked for: that is the back-pressure.
    pub fn poll_received(&mut self) -> Option<Bytes> {
        self.downlink.poll()
    }

    /// Bytes that [`write`](Self::write) would take now: none once the end has begun.
    pub fn writable(&self) -> usize {
        match self.state {
            ClientState::Opening | ClientState::Open => self
                .config
                .memory
                .queue_bytes
                .saturating_sub(self.uplink.len()),
            _ => 0,
        }
    }

    /// Queues upstream bytes, as many as fit, and says how many. What is written together is sent together where it fits.
    pub fn write(&mut self, data: &mut dyn Buf) -> usize {
        let room = self.writable();
        self.uplink.write(data, room)
    }

    /// The caller is done: what was written is sent, then the session is closed, all within
    /// [`TimeoutConfig::close`]. Downstream bytes are dropped from now on.
    ///
    /// Closing before there is a session, as the loser of a race does, closes it as soon as there is one. Does nothing if the
    /// end has begun already.
    pub fn close(&mut self, now: Instant) {
        let is_asked_for = self.lanes.get(Lane::First).is_some_and(|pending| {
            pending.verb == Verb::Open && matches!(pending.phase, Phase::Asked { .. })
        });
        match self.state {
            ClientState::Opening if !is_asked_for => {
                self.end(ClientState::Closed(Ending::Client));
            }
            ClientState::Opening | ClientState::Open => {
                self.state = ClientState::Closing;
                self.close_by = Some(now + self.config.timeouts.close);
                self.downlink.drop_received();
            }
            _ => {}
        }
    }

    /// Tells what is known about the server by now. Takes effect from the next request on.
    pub fn set_server(&mut self, server: ServerKind) {
        self.server = server;
        if server == ServerKind::Orders {
            self.uplink.allow_most();
        }
    }

    /// What is known about the server.
    pub fn server(&self) -> ServerKind {
        self.server
    }

    /// The address that `/fcs/ident2` gave: connect there from now on, with the `Host` and the TLS name of before.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// Where the tunnel is in its life.
    pub fn state(&self) -> &ClientState {
        &self.state
    }

    /// Payload bytes held in memory: queued, under way and received.
    pub fn held_bytes(&self) -> usize {
        self.lanes.all().map(|pending| pending.body.len()).fold(
            self.uplink.len() + self.downlink.held_bytes(),
            usize::saturating_add,
        )
    }

    /// Upstream bytes that no reply has confirmed yet: queued, and under way in sends.
    pub fn unsent_bytes(&self) -> usize {
        self.lanes
            .of(Verb::Send)
            .map(|pending| pending.body.len())
            .fold(self.uplink.len(), usize::saturating_add)
    }

    /// What happened so far.
    pub fn counters(&self) -> &ClientCounters {
        &self.counters
    }
}

#[cfg(test)]
mod tests;
