//! One player: a minimal fixed RTMP client that checks what it receives.

use std::{
    io::{self, Read, Write},
    net::SocketAddr,
};

use mio::{Interest, Registry, Token, event::Event, net::TcpStream};

use super::{
    chunk::{ChunkParser, DEFAULT_CHUNK_SIZE, Part},
    tally::Tally,
};
use crate::{
    bare_loop,
    measure::monotonic_ns,
    media::{self, Checker, Content, Mark, Received},
    wire::{self, Reply},
};

/// One message in this many has its whole pattern compared by a given player.
const PATTERN_CHECKED: u32 = 8;
/// Bytes kept of a command or control message; the rest is skipped.
const MAX_BODY: usize = 4096;

/// How far a connection goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goal {
    /// Plays the stream.
    Play,
    /// Stops after createStream.
    Idle,
    /// Says nothing and reads chunks, as the bare loop sends them.
    Raw,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Connecting,
    /// S0, S1 and S2 as far as they have come.
    Handshake(Vec<u8>),
    /// Commands are being answered; for the bare loop, nothing has come yet.
    Setup,
    /// The server has said yes.
    Ready,
    /// The goal is reached; for a player, the first key frame is there.
    Arrived,
    Lost,
}

/// A connection of the swarm.
#[derive(Debug)]
pub(super) struct Player {
    socket: TcpStream,
    stage: Stage,
    parser: ChunkParser,
    session: Session,
}

/// What the player makes of the messages; apart from the parser so that both can be borrowed.
#[derive(Debug)]
struct Session {
    goal: Goal,
    number: u32,
    port: u16,
    /// One per chunk stream.
    slots: Vec<Slot>,
    /// Sequence number the next message must have; none before the first key frame.
    expected: Option<u32>,
    /// One bit for each codec whose sequence header has come, 1 audio and 2 video.
    headers: u8,
    received: u64,
    /// What had been received when the window began.
    received_before: u64,
    /// Bytes after which the server wants an acknowledgement; 0: never.
    window: u64,
    acknowledged: u64,
    out: Vec<u8>,
    news: News,
}

/// What changed while input was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    None,
    Ready,
    Refused,
}

#[derive(Debug)]
struct Slot {
    checker: Checker,
    body: Vec<u8>,
}

impl Player {
    pub(super) fn open(
        address: SocketAddr,
        goal: Goal,
        number: u32,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let mut socket = TcpStream::connect(address)?;
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE)?;
        let chunk_size = if goal == Goal::Raw {
            bare_loop::CHUNK_SIZE
        } else {
            DEFAULT_CHUNK_SIZE
        };
        Ok(Self {
            socket,
            stage: Stage::Connecting,
            parser: ChunkParser::new(chunk_size),
            session: Session::new(goal, number, address.port()),
        })
    }

    /// Takes a readiness event; `buffer` is scratch space shared by all players.
    pub(super) fn handle(&mut self, event: &Event, buffer: &mut [u8], tally: &mut Tally) {
        if self.stage == Stage::Lost {
            return;
        }
        if self.stage == Stage::Connecting {
            if !event.is_writable() {
                return;
            }
            if let Err(reason) = self.greet() {
                return self.lose(&reason, tally);
            }
        }
        if event.is_readable() || event.is_read_closed() {
            // Edge triggered: a short read has emptied the socket, unless its end was announced.
            loop {
                match self.socket.read(buffer) {
                    Ok(0) => return self.lose("the server closed the connection", tally),
                    Ok(count) => {
                        let bytes = buffer.get(..count).unwrap_or_default();
                        if let Err(reason) = self.take(bytes, tally) {
                            return self.lose(&reason, tally);
                        }
                        if count < buffer.len() && !event.is_read_closed() {
                            return;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return self.lose(&error.to_string(), tally),
                }
            }
        }
    }

    /// Notes where the measured window begins.
    pub(super) fn begin_window(&mut self) {
        self.session.received_before = self.session.received;
    }

    /// Whether the player is there but has received nothing since the window began.
    pub(super) fn is_stalled(&self) -> bool {
        self.stage == Stage::Arrived && self.session.received == self.session.received_before
    }

    /// Why the player is not where it should be; None when it is, or is known to be lost.
    pub(super) fn straggles(&self) -> Option<String> {
        let stage = match &self.stage {
            Stage::Arrived | Stage::Lost => return None,
            Stage::Connecting => "it is not connected",
            Stage::Handshake(_) => "the handshake is not complete",
            Stage::Setup => "its commands are not all answered",
            Stage::Ready => "no key frame has come",
        };
        let received = self.session.received;
        Some(format!(
            "player {}: {stage}, {received} bytes received",
            self.session.number
        ))
    }

    fn greet(&mut self) -> Result<(), String> {
        if let Some(error) = self
            .socket
            .take_error()
            .map_err(|error| error.to_string())?
        {
            return Err(error.to_string());
        }
        self.socket
            .set_nodelay(true)
            .map_err(|error| error.to_string())?;
        if self.session.goal == Goal::Raw {
            self.stage = Stage::Setup;
            return Ok(());
        }
        self.stage = Stage::Handshake(Vec::with_capacity(wire::S0_S1_S2));
        send(&mut self.socket, &wire::c0_c1())
    }

    fn take(&mut self, mut bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
        let now_ns = monotonic_ns();
        tally.wire_bytes += bytes.len() as u64;
        self.session.received += bytes.len() as u64;
        if let Stage::Handshake(answer) = &mut self.stage {
            let (mine, rest) = bytes.split_at(bytes.len().min(wire::S0_S1_S2 - answer.len()));
            answer.extend_from_slice(mine);
            bytes = rest;
            if answer.len() < wire::S0_S1_S2 {
                return Ok(());
            }
            self.session.out.extend_from_slice(wire::c2(answer));
            self.session.out.extend(wire::connect(self.session.port));
            self.stage = Stage::Setup;
        }
        let session = &mut self.session;
        self.parser
            .feed(bytes, |part| session.part(&part, now_ns, tally))
            .map_err(|error| error.to_string())?;
        self.session.acknowledge();
        self.advance(tally)?;
        if self.session.out.is_empty() {
            return Ok(());
        }
        let result = send(&mut self.socket, &self.session.out);
        self.session.out.clear();
        result
    }

    fn advance(&mut self, tally: &mut Tally) -> Result<(), String> {
        let session = &self.session;
        if session.news == News::Refused {
            return Err("the server refused".to_owned());
        }
        let joined = session.expected.is_some();
        // The bare loop says nothing but media, so its first bytes are its yes.
        let welcome = joined || session.news == News::Ready || session.goal == Goal::Raw;
        if self.stage == Stage::Setup && welcome {
            self.stage = Stage::Ready;
            tally.in_setup -= 1;
        }
        if self.stage == Stage::Ready && (joined || session.goal == Goal::Idle) {
            self.stage = Stage::Arrived;
            tally.arrived += 1;
        }
        Ok(())
    }

    fn lose(&mut self, reason: &str, tally: &mut Tally) {
        if matches!(
            self.stage,
            Stage::Connecting | Stage::Handshake(_) | Stage::Setup
        ) {
            tally.in_setup -= 1;
        }
        if self.stage == Stage::Arrived {
            tally.arrived -= 1;
        }
        tally.lose(self.session.number, reason);
        self.stage = Stage::Lost;
    }
}

impl Session {
    fn new(goal: Goal, number: u32, port: u16) -> Self {
        Self {
            goal,
            number,
            port,
            slots: Vec::new(),
            expected: None,
            headers: 0,
            received: 0,
            received_before: 0,
            window: 0,
            acknowledged: 0,
            out: Vec::new(),
            news: News::None,
        }
    }

    fn part(&mut self, part: &Part<'_>, now_ns: u64, tally: &mut Tally) {
        if part.slot >= self.slots.len() {
            self.slots.push(Slot {
                checker: Checker::new(),
                body: Vec::new(),
            });
        }
        let Some(slot) = self.slots.get_mut(part.slot) else {
            return;
        };
        let message = (part.head.kind, part.head.len);
        if matches!(part.head.kind, media::AUDIO | media::VIDEO) {
            let number = self.number;
            slot.checker
                .piece(message, part.offset, part.bytes, |sequence| {
                    sequence
                        .wrapping_add(number)
                        .is_multiple_of(PATTERN_CHECKED)
                });
            if part.completes() {
                let received = slot.checker.finish(message);
                self.media(received, part, now_ns, tally);
            }
            return;
        }
        if part.offset == 0 {
            slot.body.clear();
        }
        let room = MAX_BODY - slot.body.len();
        slot.body.extend_from_slice(
            part.bytes
                .get(..part.bytes.len().min(room))
                .unwrap_or_default(),
        );
        if part.completes() {
            let body = std::mem::take(&mut slot.body);
            self.message(part.head.kind, &body);
        }
    }

    fn message(&mut self, kind: u8, body: &[u8]) {
        match kind {
            wire::WINDOW_SIZE => {
                if let Some(size) = body.first_chunk::<4>() {
                    self.window = u64::from(u32::from_be_bytes(*size));
                }
            }
            wire::USER_CONTROL => self.out.extend(wire::ping_answer(body).unwrap_or_default()),
            wire::COMMAND => match Reply::read(body) {
                Reply::Connected => self.out.extend(wire::create_stream()),
                Reply::StreamCreated(_) if self.goal == Goal::Idle => self.news = News::Ready,
                Reply::StreamCreated(msid) => self.out.extend(wire::play(msid)),
                Reply::Playing => self.news = News::Ready,
                Reply::Refused => self.news = News::Refused,
                Reply::Publishing | Reply::Other => {}
            },
            _ => {}
        }
    }

    fn media(&mut self, received: Received, part: &Part<'_>, now_ns: u64, tally: &mut Tally) {
        let codec = if part.head.kind == media::AUDIO { 1 } else { 2 };
        let (content, mark) = match received {
            Received::Header => {
                self.headers |= codec;
                return;
            }
            Received::Corrupt => {
                tally.faults.corrupt += 1;
                return;
            }
            Received::Key(mark) => (Content::Key, mark),
            Received::Inter(mark) => (Content::Inter, mark),
            Received::Audio(mark) => (Content::Audio, mark),
        };
        tally.messages += 1;
        tally.payload_bytes += part.head.len as u64;
        if part.head.timestamp != mark.timestamp {
            tally.faults.wrong_timestamp += 1;
        }
        if self.goal == Goal::Play && self.headers & codec == 0 {
            tally.faults.headers_missing += 1;
            self.headers |= codec;
        }
        tally.sample_delay(self.number, content, mark, now_ns);
        self.in_order(content, mark, tally);
    }

    fn in_order(&mut self, content: Content, mark: Mark, tally: &mut Tally) {
        let Some(expected) = self.expected else {
            if content == Content::Key {
                self.expected = Some(mark.sequence + 1);
            }
            return;
        };
        if mark.sequence < expected {
            tally.faults.disordered += 1;
        } else {
            tally.faults.missing += u64::from(mark.sequence - expected);
            self.expected = Some(mark.sequence + 1);
        }
    }

    fn acknowledge(&mut self) {
        if self.window > 0 && self.received - self.acknowledged >= self.window {
            self.acknowledged = self.received;
            self.out.extend(wire::acknowledgement(self.received));
        }
    }
}

/// Sends a few bytes in one write: the socket is fresh or has been idle for seconds, so they fit.
fn send(socket: &mut TcpStream, bytes: &[u8]) -> Result<(), String> {
    match socket.write(bytes) {
        Ok(count) if count == bytes.len() => Ok(()),
        Ok(_) => Err("the server does not read".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
