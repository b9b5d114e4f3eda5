//! One stream being played: from the broker's log into the session's output queue.

use std::task::{Context, Poll};
use std::time::Instant;

use adit_broker::{Delivery, SharedFrame, Subscription};
use adit_media::FrameKind;
use adit_rtmp::command::{Status, StatusCode};
use adit_rtmp::session::{MediaKind, SendError, ServerSession};
use adit_rtmp::{ChunkSize, MessageStreamId, Timestamp};
use bytes::Buf as _;
use tracing::debug;

use super::Step;
use super::boarding::Passage;
use super::gates::Gates;
use super::leaving::TAKEN_DOWN;
use super::patience::{Overflows, Verdict};
use super::sample::Sample;
use super::summary::Stage;
use super::term::Term;
use super::wishes::{Flow, Wish};
use crate::fanout::{Fanout, Gauge, Rider};
use crate::limits::{FRAMES_PER_TURN, ServerLimits, WRITE_AHEAD_BYTES};

/// A `play` that was accepted.
pub(super) struct Player {
    msid: MessageStreamId,
    subscription: Subscription,
    gates: Gates,
    paused: Flow,
    waited: bool,
    /// The server is taken down: whoever can follows the stream elsewhere when it stops.
    leaves: bool,
    source: Source,
    stage: Stage,
    term: Term,
    overflows: Overflows,
    overflow: Verdict,
    passage: Passage,
}

/// Where media comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// Nobody publishes the stream.
    Nobody,
    Publisher,
    /// Nobody does any more, which has not been [noted](Player::take_stopped).
    Gone,
}

impl Player {
    pub(super) fn new(
        msid: MessageStreamId,
        subscription: Subscription,
        term: Term,
        wish: Wish,
    ) -> Self {
        Self {
            msid,
            subscription,
            gates: Gates::of(wish),
            paused: wish.flow,
            waited: false,
            leaves: false,
            source: Source::Nobody,
            stage: Stage::Granted,
            term,
            overflows: Overflows::default(),
            overflow: Verdict::Bearable,
            passage: Passage::default(),
        }
    }

    pub(super) const fn gates(&mut self) -> &mut Gates {
        &mut self.gates
    }

    pub(super) const fn term(&mut self) -> &mut Term {
        &mut self.term
    }

    /// Whether it goes on for as long as the player stays.
    pub(super) fn is_endless(&self) -> bool {
        self.term.is_endless()
    }

    /// When it is over although the stream goes on.
    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.term.deadline()
    }

    /// A live stream goes on while a player pauses; on return it continues at the next key frame.
    pub(super) fn set_paused(&mut self, flow: Flow) {
        if self.paused == Flow::Off && flow == Flow::On {
            self.gates.wait_for_key_frame();
        }
        self.paused = flow;
    }

    /// Moves frames into the session's queue until it is full or the log is drained; idle only in the latter case, when the log
    /// wakes the task.
    pub(super) fn fill(
        &mut self,
        cx: &mut Context<'_>,
        (session, sample): (&mut ServerSession, &mut Sample),
        limits: &ServerLimits,
        now: Instant,
    ) -> Step {
        self.term.pass(now);
        for _ in 0..FRAMES_PER_TURN {
            if self.term.is_over() {
                return Step::Idle;
            }
            if session.output().remaining() >= WRITE_AHEAD_BYTES {
                return Step::Full;
            }
            let Poll::Ready(delivery) = self.subscription.poll_next(cx) else {
                self.waited = true;
                self.stage = self.stage.max(Stage::Waits);
                return Step::Idle;
            };
            match &delivery {
                // One that was not waited for lay in the log before the player came.
                Delivery::Frame(frame) if self.waited => sample.passes(frame),
                Delivery::Skipped { .. } => self.overflow = self.overflows.count(now, limits),
                Delivery::Started { .. } => {
                    self.stage = Stage::Started;
                    self.source = Source::Publisher;
                    if self.waited {
                        self.term.started(now);
                    }
                }
                Delivery::Stopped { .. } => {
                    self.source = Source::Gone;
                    self.term.stopped();
                }
                _ => {}
            }
            if let Err(error) = self.deliver(session, delivery) {
                debug!(%error, stream = self.subscription.key().name(), "not delivered");
            }
        }
        Step::More
    }

    /// Lets a lane serve it, if it gets all there is just as it comes.
    pub(super) fn board(
        &mut self,
        fanout: &Fanout,
        chunk_size: ChunkSize,
        rider: impl FnOnce() -> Rider,
    ) {
        let is_plain = self.source == Source::Publisher
            && self.waited
            && self.paused == Flow::On
            && self.gates.are_open()
            && self.term.is_untouched();
        if is_plain && self.passage.is_due() {
            let msid = self.msid;
            let gauge = Gauge { chunk_size, msid };
            let seat = fanout.board(&mut self.subscription, gauge, rider);
            self.passage.board(seat);
        }
    }

    /// Whether a lane serves it.
    pub(super) const fn passage(&self) -> &Passage {
        &self.passage
    }

    /// From now on serves itself; what the lane has not sent goes into the session's queue. `None` if nobody knows what was sent.
    pub(super) fn alight(&mut self, session: &mut ServerSession) -> Option<()> {
        let seat = self.passage.alight()?;
        let subscription = &mut self.subscription;
        let left = seat.leave(|place| subscription.resume(place))?;
        session.send_rest_of_media(left.bytes, left.unsent);
        if let Some(last) = left.last {
            self.term.rode(left.payload, last);
        }
        Some(())
    }

    /// The server is taken down.
    pub(super) const fn leave(&mut self) {
        self.leaves = true;
    }

    /// Whether somebody publishes what it plays.
    pub(super) fn has_source(&self) -> bool {
        self.source == Source::Publisher
    }

    /// Whether its publisher has gone since this was asked last.
    pub(super) fn take_stopped(&mut self) -> bool {
        let has_stopped = self.source == Source::Gone;
        if has_stopped {
            self.source = Source::Nobody;
        }
        has_stopped
    }

    /// How far it has come.
    pub(super) fn stage(&self) -> Stage {
        self.stage
    }

    /// Whether it fell behind so often that going on would help nobody.
    pub(super) fn is_hopeless(&self) -> bool {
        self.overflow == Verdict::TooMany
    }

    fn deliver(
        &mut self,
        session: &mut ServerSession,
        delivery: Delivery,
    ) -> Result<(), SendError> {
        let delivery = match delivery {
            Delivery::Frame(frame) => return self.forward(session, &frame),
            other => other,
        };
        let name = self.subscription.key().name();
        match delivery {
            // A player that found the stream running was told so when its `play` was accepted.
            Delivery::Started { .. } if !self.waited => Ok(()),
            Delivery::Started { .. } => session.notify_play_published(self.msid, name),
            Delivery::Skipped { frames } => {
                let description =
                    format!("{frames} messages were left out: the line to this player is too slow");
                session.send_status(
                    self.msid,
                    Status::new(StatusCode::PlayInsufficientBandwidth, description),
                )
            }
            Delivery::Stopped { .. } => {
                self.waited = true;
                if self.leaves && session.request_reconnect(None, TAKEN_DOWN).is_ok() {
                    // It is about to go; that the stream has stopped here would only end it.
                    self.source = Source::Nobody;
                    return Ok(());
                }
                session.notify_play_unpublished(self.msid, name)
            }
            _ => Ok(()),
        }
    }

    fn forward(
        &mut self,
        session: &mut ServerSession,
        shared: &SharedFrame,
    ) -> Result<(), SendError> {
        let frame = shared.frame();
        if !self.lets_through(shared) {
            return Ok(());
        }
        let kind = media_kind(frame.kind());
        let at = Timestamp::from_ms(self.term.time_of(frame).ms());
        let key = session.form_key(kind, at);
        let tail = shared.form(key.get(), || session.encode_form(kind, at, frame.payload()));
        session.send_media_form(self.msid, kind, at, frame.payload().len(), tail)
    }

    fn lets_through(&mut self, shared: &SharedFrame) -> bool {
        let (kind, flags) = (shared.frame().kind(), shared.frame().flags());
        if self.paused == Flow::Off && !flags.is_sequence_header() && kind != FrameKind::Data {
            return false;
        }
        self.gates.let_through(kind, flags)
    }
}

/// What media of the broker is to a session.
pub(crate) fn media_kind(kind: FrameKind) -> MediaKind {
    match kind {
        FrameKind::Audio => MediaKind::Audio,
        FrameKind::Video => MediaKind::Video,
        FrameKind::Data => MediaKind::Data,
    }
}

/// The same the other way.
pub(super) fn frame_kind(kind: MediaKind) -> FrameKind {
    match kind {
        MediaKind::Audio => FrameKind::Audio,
        MediaKind::Video => FrameKind::Video,
        MediaKind::Data => FrameKind::Data,
    }
}
