//! What a connection is doing, shared by the three parts that are in it: the bytes, the request, the response.

use super::framing::{Ambiguity, BadChunk, BodyFrame};
use super::upgrade::Upgrade;
use crate::config::HttpConfig;
use crate::limits;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::time::Instant;

/// The state of one HTTP connection.
///
/// ```text
///          ┌────────────────────────────────── response sent ─────────────────────────────┐
///          ▼                                                                              │
///        Idle ─ first byte ─▶ Head ─ empty line ─▶ Parsing ─ begin() ─▶ Body ─ last byte ─▶ Serving
/// ```
#[derive(Debug)]
pub(super) struct Exchange {
    state: Mutex<State>,
    keep_alive: Duration,
    header_deadline: Duration,
    body_deadline: Duration,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    ambiguity: Option<Ambiguity>,
    /// The response is out.
    responded: bool,
    /// The next request, or the end of the stream, has begun to arrive.
    followed: bool,
    /// The task of the connection, while what has followed waits for the response to be out.
    follower: Option<Waker>,
    /// Since when the peer has taken nothing of what is to be written.
    write_blocked: Option<Instant>,
    /// When whoever holds the response back wants to be asked again.
    held_until: Option<Instant>,
    /// What follows the response in place of another request.
    upgrade: Option<Upgrade>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between requests.
    Idle { since: Instant },
    /// A head has begun to arrive.
    Head { since: Instant },
    /// A head is handed to the parser; so many bytes are left.
    Parsing { left: usize },
    /// The request is being served while its body arrives.
    Body {
        frame: BodyFrame,
        since: Instant,
        received: u64,
        waiting: bool,
    },
    /// The request has arrived whole.
    Serving,
}

/// What there is to do at a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// To ask whoever holds the response back.
    Held,
    /// To end the connection.
    Overdue(Overdue),
}

/// Which time is up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// Silence between requests: not a fault.
    KeepAlive,
    Header,
    Body,
    Write,
}

impl Overdue {
    /// What the operator hears of it.
    pub(super) fn words(self) -> Option<&'static str> {
        match self {
            Self::KeepAlive => None,
            Self::Header => Some("http head not whole in time"),
            Self::Body => Some("http body came too slowly"),
            Self::Write => Some("the peer does not take an http response"),
        }
    }
}

/// A request that cannot be served, whatever it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BadRequest {
    /// Two readers could see two different requests.
    Ambiguous(Ambiguity),
    /// The parser and the count of bytes disagree about where it ends.
    OutOfStep,
    /// A transfer coding other than `chunked` alone.
    Coding,
}

impl BadRequest {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Ambiguous(_) => "two readers could take it for different requests",
            Self::OutOfStep => "where its head ends is unclear",
            Self::Coding => "a transfer coding other than chunked",
        }
    }
}

impl Exchange {
    pub(super) fn new(config: &HttpConfig) -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Idle {
                    since: Instant::now(),
                },
                ambiguity: None,
                responded: false,
                followed: false,
                follower: None,
                write_blocked: None,
                held_until: None,
                upgrade: None,
            }),
            keep_alive: config.keep_alive,
            header_deadline: config.header_deadline,
            body_deadline: config.body_deadline,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn phase(&self) -> Phase {
        self.state().phase
    }

    /// The first bytes of a head are there.
    pub(super) fn head_began(&self) {
        let mut state = self.state();
        if matches!(state.phase, Phase::Idle { .. }) {
            state.phase = Phase::Head {
                since: Instant::now(),
            };
        }
    }

    /// A head of `length` bytes goes to the parser.
    pub(super) fn head_arrived(&self, length: usize, ambiguity: Option<Ambiguity>) {
        let mut state = self.state();
        state.phase = Phase::Parsing { left: length };
        state.ambiguity = ambiguity;
        state.followed = false;
    }

    /// `count` bytes of the head went to the parser.
    pub(super) fn head_taken(&self, count: usize) {
        if let Phase::Parsing { left } = &mut self.state().phase {
            *left = left.saturating_sub(count);
        }
    }

    /// The parser has understood the head; its body is framed like this.
    pub(super) fn begin(&self, frame: BodyFrame) -> Result<(), BadRequest> {
        let mut state = self.state();
        if state.phase != (Phase::Parsing { left: 0 }) {
            return Err(BadRequest::OutOfStep);
        }
        state.responded = false;
        state.phase = if frame.is_done() {
            Phase::Serving
        } else {
            Phase::Body {
                frame,
                since: Instant::now(),
                received: 0,
                waiting: false,
            }
        };
        state
            .ambiguity
            .map_or(Ok(()), |found| Err(BadRequest::Ambiguous(found)))
    }

    /// Takes what belongs to the body from the beginning of `bytes`, and says how many that are.
    pub(super) fn take_body(&self, bytes: &[u8]) -> Result<usize, BadChunk> {
        let mut state = self.state();
        let Phase::Body {
            frame,
            received,
            waiting,
            ..
        } = &mut state.phase
        else {
            return Ok(0);
        };
        let taken = frame.take(bytes)?;
        *received = received.saturating_add(taken as u64);
        *waiting = false;
        if frame.is_done() {
            state.arrived();
        }
        Ok(taken)
    }

    /// The body is wanted, and nothing is there.
    pub(super) fn body_awaited(&self) {
        if let Phase::Body { waiting, .. } = &mut self.state().phase {
            *waiting = true;
        }
    }

    /// The response is out, or at least out of our hands.
    pub(super) fn responded(&self) {
        let mut state = self.state();
        state.responded = true;
        if state.phase == Phase::Serving {
            state.arrived();
        }
        // What followed has been read already, so the socket will not wake the task for it.
        if let Some(waker) = state.follower.take() {
            waker.wake();
        }
    }

    /// Something came after the request that is being served. The task is woken at once if that is news, for whoever
    /// holds a reply back, and again when the response is out.
    pub(super) fn follow(&self, cx: &Context<'_>) {
        let mut state = self.state();
        if !std::mem::replace(&mut state.followed, true) {
            cx.waker().wake_by_ref();
        }
        state.follower = Some(cx.waker().clone());
    }

    /// Whether something came after the request that is being served, so that it must not be held up.
    pub(super) fn is_followed(&self) -> bool {
        self.state().followed
    }

    pub(super) fn write_blocked(&self) {
        self.state().write_blocked.get_or_insert_with(Instant::now);
    }

    pub(super) fn write_progressed(&self) {
        self.state().write_blocked = None;
    }

    /// The response is held back; whoever does that is asked again at this time. `None` when it no longer is.
    pub(super) fn hold_until(&self, due: Option<Instant>) {
        self.state().held_until = due;
    }

    /// The response that goes out now changes the protocol.
    pub(super) fn upgrade(&self, upgrade: Upgrade) {
        self.state().upgrade = Some(upgrade);
    }

    /// What the connection is to go on with, if not with HTTP.
    pub(super) fn take_upgrade(&self) -> Option<Upgrade> {
        self.state().upgrade.take()
    }

    /// When something has to be done at the latest: when the peer's patience with us, or ours with it, ends, or when a
    /// response was held back long enough.
    pub(super) fn deadline(&self) -> Option<(Instant, Due)> {
        let state = self.state();
        let held = state.held_until.map(|until| (until, Due::Held));
        let write = state
            .write_blocked
            .map(|since| (since + limits::WRITE_STALL, Due::Overdue(Overdue::Write)));
        let overdue = state.overdue(self);
        let overdue = overdue.map(|(at, what)| (at, Due::Overdue(what)));
        [held, write, overdue]
            .into_iter()
            .flatten()
            .min_by_key(|(at, _)| *at)
    }
}

impl State {
    /// When the phase has lasted too long.
    fn overdue(&self, exchange: &Exchange) -> Option<(Instant, Overdue)> {
        match self.phase {
            Phase::Idle { since } => Some((since + exchange.keep_alive, Overdue::KeepAlive)),
            Phase::Head { since } => Some((since + exchange.header_deadline, Overdue::Header)),
            Phase::Body {
                since,
                received,
                waiting: true,
                ..
            } => {
                let earned = Duration::from_secs(received / limits::BODY_RATE);
                let allowed = earned.max(limits::BODY_GRACE).min(exchange.body_deadline);
                Some((since + allowed, Overdue::Body))
            }
            Phase::Body { .. } | Phase::Parsing { .. } | Phase::Serving => None,
        }
    }

    /// The request has arrived whole. Its response may be out already, if it did not depend on the body.
    fn arrived(&mut self) {
        self.phase = if self.responded {
            Phase::Idle {
                since: Instant::now(),
            }
        } else {
            Phase::Serving
        };
    }
}
