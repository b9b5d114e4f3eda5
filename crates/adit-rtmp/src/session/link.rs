//! What both ends of a connection share: handshake, chunks, control messages, accounts.

use std::time::Instant;

use adit_amf::amf0::Value;
use bytes::Bytes;

use super::{
    Dropped, LimitHits, SendError, SessionError, SessionStats, Timeouts,
    form::encode_form,
    liveness::{Liveness, Patience, Silence},
    stats::hit,
};
use crate::{
    ChunkSize, ChunkStreamId, MessageStreamId, Timestamp,
    chunk::{ChunkReader, ChunkWriter, MediaHead, Next, Phase},
    command::{Invocation, ObjectEncoding, body},
    handshake::{ClientHandshake, Progress, Proof, Scheme, ServerHandshake},
    limits::{self, ChunkLimits},
    message::{
        ControlMessage, MediaKind, Message, MessageKind, UserControl,
        ack::{OutputWindow, ReceivedBytes, SentBytes},
    },
    out::OutQueue,
};

/// One end of a connection below its commands.
#[derive(Debug)]
pub(super) struct Link {
    handshake: Handshake,
    reader: ChunkReader,
    writer: ChunkWriter,
    out: OutQueue,
    received: ReceivedBytes,
    sent: SentBytes,
    bandwidth: OutputWindow,
    liveness: Liveness,
    /// Bytes of control messages and commands that may still be in the output.
    answers: usize,
    eof: Eof,
    failed: Option<SessionError>,
    pub(super) counts: Counts,
}

/// What a link and its session count.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) hits: LimitHits,
    pub(super) dropped: Dropped,
}

/// Which handshake is going on.
#[derive(Debug)]
pub(super) enum Handshake {
    Server(Box<ServerHandshake>),
    Client(Box<ClientHandshake>),
    Done(HandshakeOutcome),
}

/// What the handshake turned out to be, as far as this end can tell.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HandshakeOutcome {
    pub(super) scheme: Option<Scheme>,
    pub(super) proof: Option<Proof>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eof {
    No,
    Seen,
}

/// What comes next.
#[derive(Debug)]
pub(super) enum Step {
    /// A message that is not about the connection itself.
    Message(Message),
    /// An event that is not answered here.
    Control(UserControl),
    /// Nothing until there is more input, or time has passed.
    Wait,
    /// Nothing any more: the peer has ended.
    Ended,
}

impl Link {
    /// A link whose handshake has begun; what it has to say first is in `out`.
    pub(super) fn new(
        now: Instant,
        handshake: Handshake,
        out: OutQueue,
        chunk_limits: ChunkLimits,
        timeouts: &Timeouts,
    ) -> Self {
        let patience = match handshake {
            Handshake::Client(_) => Patience::LongUntilAnswered,
            Handshake::Server(_) | Handshake::Done(_) => Patience::Short,
        };
        let mut sent = SentBytes::new();
        sent.send(out.len());
        Self {
            handshake,
            reader: ChunkReader::new(chunk_limits),
            writer: ChunkWriter::new(),
            out,
            received: ReceivedBytes::new(),
            sent,
            bandwidth: OutputWindow::new(),
            liveness: Liveness::new(now, timeouts, patience),
            answers: 0,
            eof: Eof::No,
            failed: None,
            counts: Counts::default(),
        }
    }

    pub(super) fn handle_input(&mut self, now: Instant, input: Bytes) {
        if self.failed.is_some() || self.eof == Eof::Seen || input.is_empty() {
            return;
        }
        self.liveness.heard(now);
        let len = input.len();
        if let Err(error) = self.shake_hands(input) {
            self.fail(error);
            return;
        }
        if let Some(number) = self.received.receive(len)
            && self.is_open()
        {
            self.write_control(&ControlMessage::Acknowledgement(number));
        }
    }

    /// Gives input to the handshake, and what comes after it to the chunk reader.
    fn shake_hands(&mut self, input: Bytes) -> Result<(), SessionError> {
        let before = self.out.len();
        let progress = match &mut self.handshake {
            Handshake::Server(handshake) => handshake.handle_input(input, &mut self.out)?,
            Handshake::Client(handshake) => handshake.handle_input(input, &mut self.out)?,
            Handshake::Done(_) => Progress::Done(input),
        };
        self.sent.send(self.out.len().saturating_sub(before));
        if let Progress::Done(rest) = progress {
            self.handshake = Handshake::Done(self.handshake_outcome());
            self.reader.feed(rest);
        }
        Ok(())
    }

    pub(super) fn handle_eof(&mut self) {
        self.eof = Eof::Seen;
        let done = match &mut self.handshake {
            Handshake::Server(handshake) => handshake.handle_eof(),
            Handshake::Client(handshake) => handshake.handle_eof(),
            Handshake::Done(_) => Ok(()),
        };
        if let Err(error) = done {
            self.fail(error.into());
        }
    }

    /// Whether the handshake is over.
    pub(super) const fn is_open(&self) -> bool {
        matches!(self.handshake, Handshake::Done(_))
    }

    /// What the handshake is known to be, so far.
    pub(super) fn handshake_outcome(&self) -> HandshakeOutcome {
        match &self.handshake {
            Handshake::Server(handshake) => HandshakeOutcome {
                scheme: handshake.scheme(),
                proof: None,
            },
            Handshake::Client(handshake) => HandshakeOutcome {
                scheme: handshake.scheme(),
                proof: handshake.proof(),
            },
            Handshake::Done(outcome) => *outcome,
        }
    }

    /// Goes on with the input until there is something to report. Control messages are dealt with
    /// here: those that change the reader it has dealt with itself.
    pub(super) fn poll(&mut self, now: Instant) -> Result<Step, SessionError> {
        loop {
            if let Some(error) = self.failed {
                return Err(error);
            }
            if !self.is_open() {
                return Ok(Step::Wait);
            }
            let message = match self.reader.poll(now) {
                Ok(Next::Message(message)) => message,
                Ok(Next::NeedMore) if self.eof == Eof::Seen => return Ok(Step::Ended),
                Ok(Next::NeedMore | Next::Throttled(_)) => return Ok(Step::Wait),
                Err(error) => return Err(self.fail(error.into())),
            };
            match ControlMessage::decode(message.kind, &message.payload) {
                Ok(Some(control)) => {
                    if let Some(event) = self.control(now, control) {
                        return Ok(Step::Control(event));
                    }
                }
                // A control message too short to mean anything.
                Ok(None) if message.kind == MessageKind::UserControl => {}
                Ok(None) => return Ok(Step::Message(message)),
                Err(error) => {
                    return Err(self.fail(SessionError::Chunk(error.into())));
                }
            }
        }
    }

    fn control(&mut self, now: Instant, control: ControlMessage) -> Option<UserControl> {
        match control {
            ControlMessage::Acknowledgement(number) => self.sent.acknowledge(number),
            ControlMessage::WindowAckSize(window) => {
                if window < limits::ACK_WINDOW_MIN {
                    hit(&mut self.counts.hits.chunks.ack_windows);
                }
                self.received.set_window(window);
            }
            ControlMessage::SetPeerBandwidth { window, limit } => {
                if let Some(window) = self.bandwidth.limit(window, limit) {
                    self.write_control(&ControlMessage::WindowAckSize(window));
                }
            }
            ControlMessage::UserControl(UserControl::PingRequest(number)) => {
                self.write_user_control(UserControl::PingResponse(number));
            }
            ControlMessage::UserControl(UserControl::PingResponse(number)) => {
                self.liveness.answered(now, number);
            }
            ControlMessage::UserControl(event) => return Some(event),
            // The reader has dealt with these.
            ControlMessage::SetChunkSize(_) | ControlMessage::Abort(_) => {}
        }
        None
    }

    /// Pings a silent peer, gives up on a dead one.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        if self.failed.is_some() || !self.is_open() {
            return;
        }
        match self.liveness.check(now) {
            Silence::Bearable => {}
            Silence::Ping(number) => self.write_user_control(UserControl::PingRequest(number)),
            Silence::Dead => {
                self.fail(SessionError::Dead);
            }
        }
    }

    /// When to handle a timeout, or to poll again.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        if self.failed.is_some() {
            return None;
        }
        let silence = self.is_open().then(|| self.liveness.deadline());
        [silence, self.reader.throttled_until()]
            .into_iter()
            .flatten()
            .min()
    }

    /// Ends everything with this error, unless there was one before; gives the one that counts.
    pub(super) fn fail(&mut self, error: SessionError) -> SessionError {
        if self.failed.is_none() {
            self.counts.hits.count_failure(error);
        }
        *self.failed.get_or_insert(error)
    }

    pub(super) const fn failure(&self) -> Option<SessionError> {
        self.failed
    }

    /// Whether there is no input that waits unparsed.
    pub(super) fn is_dry(&self) -> bool {
        self.reader.waiting() == 0
    }

    /// Lets the limits of an accepted peer hold.
    pub(super) fn set_connected(&mut self) {
        self.reader.set_phase(Phase::Connected);
    }

    pub(super) const fn output(&mut self) -> &mut OutQueue {
        &mut self.out
    }

    /// Throws away what a session that is over could not send in time.
    pub(super) fn give_up_output(&mut self) {
        if !self.out.is_empty() {
            hit(&mut self.counts.hits.deadlines.drain);
            self.out.clear();
        }
    }

    pub(super) const fn unsent(&self) -> usize {
        self.out.len()
    }

    pub(super) fn chunk_size(&self) -> ChunkSize {
        self.writer.chunk_size()
    }

    pub(super) fn stats(&self) -> SessionStats {
        SessionStats {
            received_bytes: self.received.total(),
            sent_bytes: self.sent.total(),
            acknowledged_bytes: self.sent.acknowledged(),
            round_trip: self.liveness.round_trip(),
            limit_hits: self.limit_hits(),
            dropped: self.counts.dropped,
        }
    }

    pub(super) fn limit_hits(&self) -> LimitHits {
        let mut hits = self.counts.hits;
        hits.chunks.headers = self.reader.throttles();
        hits
    }

    pub(super) fn write_control(&mut self, control: &ControlMessage) {
        let before = self.out.len();
        self.writer.write_control(control, &mut self.out);
        self.account_answer(before);
    }

    pub(super) fn write_user_control(&mut self, event: UserControl) {
        self.write_control(&ControlMessage::UserControl(event));
    }

    /// Writes a command of type 20.
    pub(super) fn write_command(
        &mut self,
        msid: MessageStreamId,
        invocation: &Invocation,
    ) -> Result<(), SendError> {
        let csid = match msid {
            MessageStreamId::CONNECTION => ChunkStreamId::COMMAND,
            _ => ChunkStreamId::STREAM,
        };
        let payload = invocation.encode()?;
        self.write_message(MessageKind::CommandAmf0, msid, csid, payload)
    }

    /// Writes a command of the application, in the types and the format of this encoding.
    pub(super) fn write_call(
        &mut self,
        encoding: ObjectEncoding,
        invocation: &Invocation,
    ) -> Result<(), SendError> {
        let payload = invocation.encode_in(encoding)?;
        let (msid, csid) = (MessageStreamId::CONNECTION, ChunkStreamId::COMMAND);
        self.write_message(encoding.command_kind(), msid, csid, payload)
    }

    /// Writes a data message, in the type and the format of this encoding.
    pub(super) fn write_data(
        &mut self,
        encoding: ObjectEncoding,
        msid: MessageStreamId,
        timestamp: Timestamp,
        values: &[Value],
    ) -> Result<(), SendError> {
        let payload = body::encode(encoding, &[], values)?;
        let before = self.out.len();
        let len = payload.len();
        let message = Message {
            kind: encoding.data_kind(),
            timestamp,
            msid,
            csid: ChunkStreamId::DATA,
            payload,
        };
        self.writer
            .write(&message, &mut self.out)
            .map_err(|_| SendError::TooLong(len))?;
        self.sent.send(self.out.len().saturating_sub(before));
        Ok(())
    }

    /// Writes any message that is no media, at time 0.
    pub(super) fn write_message(
        &mut self,
        kind: MessageKind,
        msid: MessageStreamId,
        csid: ChunkStreamId,
        payload: Bytes,
    ) -> Result<(), SendError> {
        let before = self.out.len();
        let len = payload.len();
        let message = Message {
            kind,
            timestamp: Timestamp::ZERO,
            msid,
            csid,
            payload,
        };
        self.writer
            .write(&message, &mut self.out)
            .map_err(|_| SendError::TooLong(len))?;
        self.account_answer(before);
        Ok(())
    }

    /// Writes a media message whose shared part is encoded already; allocates nothing.
    pub(super) fn write_form(
        &mut self,
        msid: MessageStreamId,
        kind: MediaKind,
        timestamp: Timestamp,
        payload_len: usize,
        tail: Bytes,
    ) -> Result<(), SendError> {
        let before = self.out.len();
        let head = MediaHead::new(kind, timestamp, msid, payload_len)
            .map_err(|_| SendError::TooLong(payload_len))?;
        head.push(&mut self.out);
        self.out.push(tail);
        self.sent.send(self.out.len().saturating_sub(before));
        Ok(())
    }

    /// What of media that somebody else has sent is left to send; `sent` bytes are all of it.
    pub(super) fn write_rest(&mut self, sent: u64, unsent: Bytes) {
        self.sent.send(usize::try_from(sent).unwrap_or(usize::MAX));
        self.out.push(unsent);
    }

    pub(super) fn write_media(
        &mut self,
        msid: MessageStreamId,
        kind: MediaKind,
        timestamp: Timestamp,
        payload: &Bytes,
    ) -> Result<(), SendError> {
        let tail = encode_form(self.chunk_size(), kind, timestamp, payload);
        self.write_form(msid, kind, timestamp, payload.len(), tail)
    }

    /// Counts what was appended to an output of `before` bytes, and ends the session when too much
    /// of it waits: whatever was sent since cannot be among what waits.
    fn account_answer(&mut self, before: usize) {
        let written = self.out.len().saturating_sub(before);
        self.sent.send(written);
        self.answers = self.answers.min(before).saturating_add(written);
        if self.answers > limits::ANSWER_BACKLOG {
            self.fail(SessionError::AnswerBacklog);
        }
    }
}
