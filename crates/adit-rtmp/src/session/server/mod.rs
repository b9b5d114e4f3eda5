//! The server's end of a connection.

mod answer;
mod commands;
mod dispatch;
mod event;
mod requests;
mod send;
mod streams;

use std::{collections::VecDeque, sync::Arc, time::Instant};

use bytes::Bytes;

pub use self::event::{Asked, ConnectRequest, PlayRequest, PublishRequest, Rejection, ServerEvent};
use self::{answer::Program, streams::Streams};
use super::{
    CloseReason, LimitHits, SessionConfig, SessionError, SessionStats,
    call::Calls,
    link::{Handshake, Link},
    rate::CommandRate,
};
use crate::{
    Seed, Timestamp,
    chunk::ChunkError,
    command::{Address, Extensions, ObjectEncoding},
    handshake::{Scheme, ServerHandshake},
    message::{Message, MessageKind, aggregate::Items},
    out::OutQueue,
};

/// The server's end of a connection; see the [module](super) for how it is driven.
///
/// ```text
/// handshake ──▶ connect ──▶ decision ──▶ connected ──▶ closed
///    10 s         10 s                     30 s until it is used
/// ```
#[derive(Debug)]
pub struct ServerSession {
    config: Arc<SessionConfig>,
    link: Link,
    phase: Phase,
    /// Where the client connected to; from the accepted `connect` on.
    address: Option<Address>,
    /// What it said about itself then.
    client_extensions: Extensions,
    client_program: Program,
    /// What the application's own messages are written in; AMF3 when the client asked for it.
    encoding: ObjectEncoding,
    streams: Streams,
    calls: Calls<()>,
    intake: Intake,
    /// The time of the last call that told it.
    now: Instant,
    /// Number of the last request to publish or play.
    serial: u64,
}

/// Where a session is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The handshake must be over by then.
    Handshake { until: Instant },
    /// A `connect` must be accepted by then.
    Connect { until: Instant, decision: Decision },
    /// Accepted. If there is a time, the connection must be used by then.
    Connected { use_by: Option<Instant> },
    /// Over, and to be reported or not. The output has time until then.
    Closed {
        reason: CloseReason,
        report: Report,
        until: Instant,
    },
}

/// Whether somebody is deciding about a `connect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decision {
    None,
    Pending,
}

/// Whether the end of the session has been reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Report {
    Due,
    Done,
}

/// Input that is taken apart but not yet reported.
#[derive(Debug)]
struct Intake {
    rate: CommandRate,
    /// A command that came too fast, and when it may be carried out.
    held: Option<(Message, Instant)>,
    /// An aggregate message that is being taken apart.
    aggregate: Option<Items>,
    /// Events that one command or one decision caused, in order. A handful at most for each message
    /// stream.
    events: VecDeque<ServerEvent>,
}

impl ServerSession {
    /// A session that waits for the first byte of the client.
    ///
    /// The configuration may be shared: pass an `Arc`. `seed` must be random, and new for each
    /// session.
    pub fn new(now: Instant, config: impl Into<Arc<SessionConfig>>, seed: &Seed) -> Self {
        let config = config.into();
        let handshake = ServerHandshake::new(seed, Timestamp::ZERO);
        let link = Link::new(
            now,
            Handshake::Server(Box::new(handshake)),
            OutQueue::new(),
            config.chunk_limits,
            &config.timeouts,
        );
        let rate = CommandRate::new(config.limits.commands_per_second);
        Self {
            link,
            phase: Phase::Handshake {
                until: now + config.timeouts.handshake,
            },
            address: None,
            client_extensions: Extensions::default(),
            client_program: Program::Other,
            encoding: ObjectEncoding::default(),
            streams: Streams::default(),
            calls: Calls::new(config.limits.calls, 0),
            intake: Intake {
                rate,
                held: None,
                aggregate: None,
                events: VecDeque::new(),
            },
            now,
            serial: 0,
            config,
        }
    }

    /// Takes bytes of the client. They are stored; poll for what they mean.
    ///
    /// Ignored after the session has closed or failed.
    pub fn handle_input(&mut self, now: Instant, input: Bytes) {
        self.now = now;
        if self.is_closing() {
            return;
        }
        self.link.handle_input(now, input);
        self.begin_connect_phase();
        self.settle_failure();
    }

    /// Takes the end of the client's bytes. What came before is still reported.
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
                self.fail(SessionError::HandshakeDeadline);
            }
            Phase::Connect {
                until,
                decision: Decision::None,
            } if now >= until => {
                self.fail(SessionError::ConnectDeadline);
            }
            Phase::Connected {
                use_by: Some(until),
            } if now >= until => {
                self.fail(SessionError::UseDeadline);
            }
            Phase::Closed { until, .. } => {
                if now >= until {
                    self.link.give_up_output();
                }
            }
            _ => {
                self.link.handle_timeout(now);
                self.settle_failure();
            }
        }
    }

    /// The next thing that happened, or nothing until there is more input or time has passed.
    ///
    /// # Errors
    ///
    /// The session failed; the same error comes from now on. The output may still hold bytes that
    /// tell the client.
    pub fn poll_event(&mut self, now: Instant) -> Result<Option<ServerEvent>, SessionError> {
        self.now = now;
        let event = self.advance();
        self.settle_failure();
        event
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) and then
    /// [`poll_event`](Self::poll_event) again, if nothing happens before.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let own = match self.phase {
            Phase::Handshake { until }
            | Phase::Connect {
                until,
                decision: Decision::None,
            } => Some(until),
            // Whoever decides bounds the time it takes.
            Phase::Connect { .. } => None,
            Phase::Connected { use_by } => use_by,
            Phase::Closed { until, .. } => return (self.link.unsent() > 0).then_some(until),
        };
        let held = self.intake.held.as_ref().map(|(_, until)| *until);
        [own, held, self.link.poll_timeout()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Bytes for the client. Take from it after polling; what is taken counts as sent.
    pub const fn output(&mut self) -> &mut OutQueue {
        self.link.output()
    }

    /// Whether the driver should read more from its carrier.
    ///
    /// It is false while a request to connect or to publish waits for its answer, while the client
    /// sends commands or chunks faster than allowed, while there are events to poll, and after the
    /// session has closed or failed.
    pub fn wants_input(&self) -> bool {
        !self.is_closing() && !self.waits_for_decision() && !self.has_unreported()
    }

    /// Whether a request to connect or to publish waits for its answer. Until then nothing else is
    /// reported; input that comes all the same is kept.
    pub fn waits_for_decision(&self) -> bool {
        let is_connecting = matches!(
            self.phase,
            Phase::Connect {
                decision: Decision::Pending,
                ..
            }
        );
        is_connecting || self.streams.asks_publish()
    }

    /// Whether there is input that was not reported yet; the beginning of a message is none.
    pub fn has_unreported(&self) -> bool {
        self.intake.held.is_some()
            || !self.intake.events.is_empty()
            || self.intake.aggregate.is_some()
            || !self.link.is_dry()
    }

    /// Whether the session is over and all its output was taken: the carrier can be closed.
    pub fn is_closed(&self) -> bool {
        self.is_closing() && self.link.unsent() == 0
    }

    /// Whether the session has closed or failed, though some output may be left.
    pub const fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closed { .. })
    }

    /// Whether a `connect` was accepted and the session goes on.
    pub const fn is_connected(&self) -> bool {
        matches!(self.phase, Phase::Connected { .. })
    }

    /// Where the client is connected to.
    pub const fn address(&self) -> Option<&Address> {
        self.address.as_ref()
    }

    /// What the messages of the application are written in: calls and their answers, data and shared
    /// objects. AMF3 when the client asked for that at `connect`.
    pub const fn object_encoding(&self) -> ObjectEncoding {
        self.encoding
    }

    /// What the handshake turned out to be, once that is known.
    pub fn handshake_scheme(&self) -> Option<Scheme> {
        self.link.handshake_outcome().scheme
    }

    /// How often the client ran into each limit.
    pub fn limit_hits(&self) -> LimitHits {
        self.link.limit_hits()
    }

    /// The accounts of this session.
    pub fn stats(&self) -> SessionStats {
        self.link.stats()
    }

    /// Ends the session: input is ignored from now on, what is in the output can still be sent.
    ///
    /// [`CloseReason::Shutdown`] tells a connected client so.
    pub fn close(&mut self, reason: CloseReason) {
        if self.is_closing() {
            return;
        }
        if reason == CloseReason::Shutdown && self.is_connected() {
            self.announce_shutdown();
        }
        self.end(reason, Report::Due);
    }

    /// The handshake is over as soon as the link says so.
    fn begin_connect_phase(&mut self) {
        if let Phase::Handshake { .. } = self.phase
            && self.link.is_open()
        {
            let until = self.now + self.config.timeouts.connect;
            self.phase = Phase::Connect {
                until,
                decision: Decision::None,
            };
        }
    }

    /// The connection is used: no deadline for that any more.
    const fn mark_used(&mut self) {
        if let Phase::Connected { use_by } = &mut self.phase {
            *use_by = None;
        }
    }

    fn fail(&mut self, error: SessionError) {
        self.link.fail(error);
        self.settle_failure();
    }

    /// After a failure of the link: tells a connected client, and ends the session, once.
    fn settle_failure(&mut self) {
        if let Some(error) = self.link.failure()
            && !self.is_closing()
        {
            if self.is_connected() {
                self.announce_failure(error);
            } else if let Phase::Connect { .. } = self.phase
                && let SessionError::Chunk(ChunkError::MessageTooLong { kind, .. }) = error
                && matches!(kind, MessageKind::CommandAmf0 | MessageKind::CommandAmf3)
            {
                self.reject_too_long(error);
            }
            self.end(CloseReason::Ended, Report::Done);
        }
    }

    fn end(&mut self, reason: CloseReason, report: Report) {
        self.intake.held = None;
        self.intake.aggregate = None;
        self.intake.events.clear();
        let until = self.now + self.config.timeouts.drain;
        self.phase = Phase::Closed {
            reason,
            report,
            until,
        };
    }
}
