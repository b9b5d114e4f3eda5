//! The client's end of a connection.

mod config;
mod dispatch;
mod event;
mod send;

use std::{sync::Arc, time::Instant};

use adit_amf::amf0::Value;
use bytes::Bytes;

pub use self::config::ClientConfig;
pub use self::event::ClientEvent;
use super::{
    CloseReason, SessionError, SessionStats,
    call::Calls,
    link::{Handshake, Link},
};
use crate::{
    ChunkSize, Seed, Timestamp,
    command::{Invocation, ObjectEncoding},
    handshake::ClientHandshake,
    message::{ControlMessage, aggregate::Items},
    out::OutQueue,
};

/// The client's end of a connection; see the [module](super) for how it is driven.
///
/// The mirror of [`ServerSession`](super::ServerSession). The order of things:
///
/// ```text
/// new ─▶ connect ─▶ Connected ─▶ create_stream ─▶ StreamCreated ─▶ publish or play ─▶ Status …
/// ```
///
/// `connect` may be called at once; it is sent as soon as the handshake allows. The other commands
/// may follow without waiting for its answer.
#[derive(Debug)]
pub struct ClientSession {
    config: Arc<ClientConfig>,
    link: Link,
    phase: Phase,
    /// Whether the end of the handshake has been reported.
    shaken: Report,
    /// A `connect` that waits for the end of the handshake.
    connect: Option<Invocation>,
    /// Which encoding that `connect` asks for.
    asked_encoding: ObjectEncoding,
    /// What the application's own messages are written in.
    encoding: ObjectEncoding,
    calls: Calls<Asked>,
    /// An aggregate message that is being taken apart.
    aggregate: Option<Items>,
    /// Calls of `onBWCheck` answered; the value of the next answer.
    probes: u32,
    /// The time of the last call that told it.
    now: Instant,
}

/// Where a session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The handshake must be over by then.
    Handshake {
        until: Instant,
    },
    /// The caller has not called `connect` yet.
    Idle,
    /// The server must answer by then.
    Connecting {
        until: Instant,
    },
    Connected,
    /// Over, and to be reported or not. The output has time until then.
    Closed {
        reason: CloseReason,
        report: Report,
        until: Instant,
    },
}

/// Whether something has been reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Report {
    Due,
    Done,
}

/// What a call of ours was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Connect,
    CreateStream,
    Call,
}

impl ClientSession {
    /// A session that begins its handshake: the first packet is in the output.
    ///
    /// The configuration may be shared: pass an `Arc`. `seed` must be random, and new for each
    /// session.
    pub fn new(now: Instant, config: impl Into<Arc<ClientConfig>>, seed: &Seed) -> Self {
        let config = config.into();
        let mut out = OutQueue::new();
        let handshake = ClientHandshake::start(seed, Timestamp::ZERO, config.scheme, &mut out);
        let link = Link::new(
            now,
            Handshake::Client(Box::new(handshake)),
            out,
            config.chunk_limits,
            &config.timeouts,
        );
        Self {
            link,
            phase: Phase::Handshake {
                until: now + config.timeouts.handshake,
            },
            shaken: Report::Done,
            connect: None,
            asked_encoding: ObjectEncoding::default(),
            encoding: ObjectEncoding::default(),
            // `connect` is always 1.
            calls: Calls::new(config.calls, 1),
            aggregate: None,
            probes: 0,
            now,
            config,
        }
    }

    /// Takes bytes of the server. They are stored; poll for what they mean.
    ///
    /// Ignored after the session has closed or failed.
    pub fn handle_input(&mut self, now: Instant, input: Bytes) {
        self.now = now;
        if self.is_closing() {
            return;
        }
        self.link.handle_input(now, input);
        if let Phase::Handshake { .. } = self.phase
            && self.link.is_open()
        {
            self.phase = Phase::Idle;
            self.shaken = Report::Due;
            self.send_connect();
        }
        self.settle_failure();
    }

    /// Takes the end of the server's bytes. What came before is still reported.
    pub fn handle_eof(&mut self, now: Instant) {
        self.now = now;
        if !self.is_closing() {
            self.link.handle_eof();
            self.settle_failure();
        }
    }

    /// Lets the deadlines that have passed take effect; early and late calls do no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        match self.phase {
            Phase::Handshake { until } if now >= until => {
                self.link.fail(SessionError::HandshakeDeadline);
            }
            Phase::Connecting { until } if now >= until => {
                self.link.fail(SessionError::ConnectDeadline);
            }
            Phase::Closed { until, .. } => {
                if now >= until {
                    self.link.give_up_output();
                }
            }
            _ => self.link.handle_timeout(now),
        }
        self.settle_failure();
    }

    /// The next thing that happened, or nothing until there is more input or time has passed.
    ///
    /// # Errors
    ///
    /// The session failed; the same error comes from now on.
    pub fn poll_event(&mut self, now: Instant) -> Result<Option<ClientEvent>, SessionError> {
        self.now = now;
        let event = self.advance();
        self.settle_failure();
        event
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and then
    /// [`poll_event`](Self::poll_event) again, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.phase {
            Phase::Handshake { until } | Phase::Connecting { until } => Some(until),
            Phase::Idle | Phase::Connected => None,
            Phase::Closed { until, .. } => return (self.link.unsent() > 0).then_some(until),
        };
        [own, self.link.poll_timeout()].into_iter().flatten().min()
    }

    /// Bytes for the server. Take from it after polling; what is taken counts as sent.
    pub const fn output(&mut self) -> &mut OutQueue {
        self.link.output()
    }

    /// Whether the driver should read more from its carrier: false while there are events to poll,
    /// while the server is faster than allowed, and after the session has closed or failed.
    pub fn wants_input(&self) -> bool {
        !self.is_closing() && self.aggregate.is_none() && self.link.is_dry()
    }

    /// Whether the session is over and all its output was taken: the carrier can be closed.
    pub fn is_closed(&self) -> bool {
        self.is_closing() && self.link.unsent() == 0
    }

    /// Whether the session has closed or failed, though some output may be left.
    pub const fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closed { .. })
    }

    /// Whether the server has accepted the `connect` and the session goes on.
    pub const fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Connected)
    }

    /// What the messages of the application are written in: calls and their answers, data and shared
    /// objects. AMF3 from the answer of a server on that was asked for AMF3 and agreed (Q-111).
    pub const fn object_encoding(&self) -> ObjectEncoding {
        self.encoding
    }

    /// The size of the chunks that are sent.
    pub fn chunk_size(&self) -> ChunkSize {
        self.link.chunk_size()
    }

    /// The accounts of this session.
    pub fn stats(&self) -> SessionStats {
        self.link.stats()
    }

    /// Ends the session: input is ignored from now on, what is in the output can still be sent.
    pub fn close(&mut self, reason: CloseReason) {
        if !self.is_closing() {
            self.end(reason, Report::Due);
        }
    }

    /// Sends the `connect` that waits, with the chunk size before it, as OBS does.
    fn send_connect(&mut self) {
        if let Some(invocation) = self.connect.take() {
            self.link
                .write_control(&ControlMessage::SetChunkSize(self.config.chunk_size));
            // It was encoded once when it was given, so it can be.
            self.write_invocation(&invocation);
            self.calls.sent(invocation.transaction, Asked::Connect);
            self.phase = Phase::Connecting {
                until: self.now + self.config.timeouts.connect,
            };
        }
    }

    /// After a failure of the link: ends the session, once.
    fn settle_failure(&mut self) {
        if self.link.failure().is_some() && !self.is_closing() {
            self.end(CloseReason::Ended, Report::Done);
        }
    }

    fn end(&mut self, reason: CloseReason, report: Report) {
        self.aggregate = None;
        let until = self.now + self.config.timeouts.drain;
        self.phase = Phase::Closed {
            reason,
            report,
            until,
        };
    }

    /// The value of the next answer to a bandwidth probe: any will do, librtmp counts them.
    fn next_probe(&mut self) -> Value {
        let probe = self.probes;
        self.probes = self.probes.wrapping_add(1);
        probe.into()
    }
}
