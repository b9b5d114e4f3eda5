//! One tunnel session, server side.

use std::time::Instant;

use bytes::{Buf, Bytes};

use crate::config::TunnelConfig;
use crate::counters::TunnelCounters;
use crate::reply::Reply;
use crate::request::{Request, RequestId};

/// Where a session is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum State {
    /// Both directions work.
    Open,
    /// The RTMP side is done; what it wrote is still being fetched.
    Draining,
    /// Over. Received bytes can still be taken, every request is answered with the end.
    Closed(CloseReason),
}

/// Whose doing an end was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Nobody's: one side said it was done.
    None,
    /// The client, or the network between, broke the rules of the tunnel.
    Peer,
    /// A limit of ours was hit.
    Limit,
}

/// Why a session is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client asked for it.
    #[error("the client closed the tunnel")]
    Peer,
    /// The RTMP side asked for it and all it wrote was fetched.
    #[error("the server closed the tunnel")]
    Local,
    /// The RTMP side asked for it, but the client did not fetch what was left.
    #[error("the server closed the tunnel and the client did not fetch the rest")]
    DrainTimeout,
    /// The client has asked nothing for too long.
    #[error("the client stopped polling")]
    Idle,
    /// A number never arrived.
    #[error("request {missing} never arrived")]
    Hole {
        /// The missing number.
        missing: u64,
    },
    /// A number too far ahead of the next expected one.
    #[error("request {sequence} is too far ahead of {expected}")]
    TooFarAhead {
        /// The number that came.
        sequence: u64,
        /// The number that should have come.
        expected: u64,
    },
    /// Too many bytes waited for a missing number.
    #[error("too many bytes wait for request {missing}")]
    TooManyBytesAhead {
        /// The missing number.
        missing: u64,
    },
    /// A body longer than allowed.
    #[error("the body of a send is too long")]
    BodyTooLong,
    /// Number 0 arrived with data after the session had begun with number 1.
    #[error("request 0 arrived after the session had begun with request 1")]
    MissedFirst,
}

impl CloseReason {
    /// Whose doing it was.
    pub const fn fault(self) -> Fault {
        match self {
            Self::Peer | Self::Local => Fault::None,
            Self::Hole { .. }
            | Self::TooFarAhead { .. }
            | Self::MissedFirst
            | Self::Idle
            | Self::DrainTimeout => Fault::Peer,
            Self::TooManyBytesAhead { .. } | Self::BodyTooLong => Fault::Limit,
        }
    }
}

/// One tunnel session, server side: requests in any order in, one ordered byte stream each way out.
#[derive(Debug)]
pub struct ServerTunnel {
    config: TunnelConfig,
    counters: TunnelCounters,
}

#[expect(
    unused_variables,
    clippy::needless_pass_by_value,
    reason = "signatures first; the bodies follow"
)]
impl ServerTunnel {
    /// A fresh session: the reply to `/open/1` is about to be sent.
    pub fn new(now: Instant, config: TunnelConfig) -> Self {
        Self {
            config,
            counters: TunnelCounters::default(),
        }
    }

    /// Feeds one request with its whole body; its reply comes out of [`poll_reply`](Self::poll_reply) under `id`.
    pub fn handle_request(&mut self, now: Instant, id: RequestId, request: Request) {}

    /// The connection that waited for this reply is gone; what was or would have been answered is kept for a retry.
    pub fn handle_disconnect(&mut self, now: Instant, id: RequestId) {}

    /// More bytes arrived on the connection that waits for this reply: it must not be held any longer.
    pub fn handle_pipelined(&mut self, now: Instant, id: RequestId) {}

    /// Time has passed: see [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Instant) {}

    /// When [`handle_timeout`](Self::handle_timeout) must be called at the latest; `None` when nothing is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The next upstream bytes, in order and each exactly once; `None` until more arrives.
    pub fn poll_received(&mut self, now: Instant) -> Option<Bytes> {
        None
    }

    /// The next reply that can be sent.
    pub fn poll_reply(&mut self, now: Instant) -> Option<(RequestId, Reply)> {
        None
    }

    /// Bytes that [`write`](Self::write) would take now.
    pub fn writable(&self) -> usize {
        0
    }

    /// Queues downstream bytes, as many as fit, and says how many.
    pub fn write(&mut self, now: Instant, data: &mut dyn Buf) -> usize {
        0
    }

    /// The RTMP side is done: what it wrote is delivered, then the next request is answered with the end.
    pub fn close(&mut self, now: Instant) {}

    /// Where the session is in its life.
    pub fn state(&self) -> State {
        State::Open
    }

    /// Whether the client has stopped polling: nothing more is queued until it asks again.
    pub fn is_stalled(&self) -> bool {
        false
    }

    /// Whether as many bytes have gone each way as an RTMP handshake takes; see [`limits::PROVEN_BYTES`](crate::limits::PROVEN_BYTES).
    pub fn is_proven(&self) -> bool {
        false
    }

    /// The longest body of a send that is accepted now; check it before reading a body.
    pub fn send_limit(&self) -> usize {
        self.config.order.send_body_unproven
    }

    /// What happened so far.
    pub fn counters(&self) -> &TunnelCounters {
        &self.counters
    }
}
