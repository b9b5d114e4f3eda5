//! One player: a minimal fixed RTMP client that checks what it receives.

use std::{io, net::SocketAddr, time::Instant};

use mio::{Registry, Token, event::Event};

use super::{
    Outfit,
    chunk::{ChunkParser, DEFAULT_CHUNK_SIZE, Part},
    link::Link,
    tally::Tally,
};
use crate::{
    bare_loop,
    measure::monotonic_ns,
    media::{self, Checker, Content, Mark, Received},
    publisher::CHUNK_SIZE,
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
    /// Has got there when its play is accepted, whether anything is to be seen or not.
    Join,
    /// Publishes a stream of its own, whose name ends in its number.
    Publish,
    /// Says nothing and reads chunks, as the bare loop sends them.
    Raw,
    /// Publishes without a word before it, as the bare loop takes it.
    Pour,
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
    link: Link,
    talk: Talk,
    opened: Instant,
    /// When the swarm has been asked to wake it.
    alarm: Option<Instant>,
}

/// All of a player but its link, so that both can be borrowed.
#[derive(Debug)]
struct Talk {
    stage: Stage,
    parser: ChunkParser,
    session: Session,
}

/// What the player makes of the messages; apart from the parser so that both can be borrowed.
#[derive(Debug)]
struct Session {
    errand: Errand,
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

/// What the player is there for.
#[derive(Debug)]
struct Errand {
    goal: Goal,
    number: u32,
    port: u16,
    stream: String,
    /// The message stream that the server gave.
    msid: u32,
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

/// What all players of a swarm use while they are handled.
pub(super) struct Kit<'a> {
    pub(super) registry: &'a Registry,
    pub(super) buffer: &'a mut [u8],
    pub(super) tally: &'a mut Tally,
}

impl Player {
    pub(super) fn open(
        address: SocketAddr,
        outfit: &Outfit,
        number: u32,
        registry: &Registry,
        first: Token,
    ) -> io::Result<Self> {
        let chunk_size = if outfit.goal == Goal::Raw {
            bare_loop::CHUNK_SIZE
        } else {
            DEFAULT_CHUNK_SIZE
        };
        let mut player = Self {
            link: Link::open(address, outfit, registry, first)?,
            talk: Talk {
                stage: Stage::Connecting,
                parser: ChunkParser::new(chunk_size),
                session: Session::new(outfit, number, address.port()),
            },
            opened: Instant::now(),
            alarm: None,
        };
        // A tunnel takes bytes before it has any connection, and makes one then.
        player.say(registry).map_err(io::Error::other)?;
        Ok(player)
    }

    /// Takes a readiness event of one of the player's tokens, `lane` counted from its first.
    pub(super) fn handle(&mut self, lane: usize, event: &Event, kit: &mut Kit<'_>) {
        if self.talk.stage == Stage::Lost {
            return;
        }
        let Self { link, talk, .. } = self;
        let tally = &mut *kit.tally;
        let received = link.receive((lane, event), kit.buffer, kit.registry, &mut |bytes| {
            talk.take(bytes, tally)
        });
        let said = received.and_then(|()| self.say(kit.registry));
        // Nobody will say yes to it.
        let poured = said.and_then(|()| match self.talk.session.errand.goal {
            Goal::Pour => self.talk.advance(kit.tally),
            _ => Ok(()),
        });
        if let Err(reason) = poured {
            self.lose(&reason, kit.tally);
        }
    }

    /// Time has passed.
    pub(super) fn wake(&mut self, kit: &mut Kit<'_>) {
        self.alarm = None;
        if self.talk.stage != Stage::Lost
            && let Err(reason) = self.link.wake(kit.registry)
        {
            self.lose(&reason, kit.tally);
        }
    }

    /// When the player must be woken, if the swarm does not know that yet.
    pub(super) fn new_alarm(&mut self) -> Option<Instant> {
        let due = self.link.due().filter(|_| self.talk.stage != Stage::Lost)?;
        if self.alarm.is_some_and(|alarm| alarm <= due) {
            return None;
        }
        self.alarm = Some(due);
        Some(due)
    }

    /// Sends what the player has to say by now.
    fn say(&mut self, registry: &Registry) -> Result<(), String> {
        let Self { link, talk, .. } = self;
        if talk.stage == Stage::Connecting && link.is_open() {
            talk.greet();
        }
        if talk.session.out.is_empty() {
            return Ok(());
        }
        let sent = link.send(&talk.session.out, registry);
        talk.session.out.clear();
        sent
    }

    /// Sends bytes of a published stream.
    pub(super) fn publish(&mut self, bytes: &[u8], kit: &mut Kit<'_>) {
        if self.talk.stage == Stage::Arrived
            && let Err(reason) = self.link.send(bytes, kit.registry)
        {
            self.lose(&reason, kit.tally);
        }
    }

    /// The message stream that was given to a publisher.
    pub(super) fn msid(&self) -> u32 {
        self.talk.session.errand.msid
    }

    /// How long the goal has taken, if it is reached.
    pub(super) fn arrived_after(&self) -> Option<std::time::Duration> {
        (self.talk.stage == Stage::Arrived).then(|| self.opened.elapsed())
    }

    pub(super) fn is_lost(&self) -> bool {
        self.talk.stage == Stage::Lost
    }

    /// Notes where the measured window begins.
    pub(super) fn begin_window(&mut self) {
        self.talk.session.received_before = self.talk.session.received;
    }

    /// Whether the player is there but has received nothing since the window began.
    pub(super) fn is_stalled(&self) -> bool {
        let session = &self.talk.session;
        self.talk.stage == Stage::Arrived && session.received == session.received_before
    }

    /// Why the player is not where it should be; None when it is, or is known to be lost.
    pub(super) fn straggles(&self) -> Option<String> {
        let stage = match &self.talk.stage {
            Stage::Arrived | Stage::Lost => return None,
            Stage::Connecting => "it is not connected",
            Stage::Handshake(_) => "the handshake is not complete",
            Stage::Setup => "its commands are not all answered",
            Stage::Ready => "no key frame has come",
        };
        let session = &self.talk.session;
        Some(format!(
            "player {}: {stage}, {} bytes received",
            session.errand.number, session.received
        ))
    }

    fn lose(&mut self, reason: &str, tally: &mut Tally) {
        match self.talk.stage {
            Stage::Connecting | Stage::Handshake(_) | Stage::Setup => tally.in_setup -= 1,
            Stage::Arrived => tally.arrived -= 1,
            Stage::Ready | Stage::Lost => {}
        }
        tally.lose(self.talk.session.errand.number, reason);
        self.talk.stage = Stage::Lost;
    }
}

impl Talk {
    fn greet(&mut self) {
        if matches!(self.session.errand.goal, Goal::Raw | Goal::Pour) {
            self.stage = Stage::Setup;
            return;
        }
        self.stage = Stage::Handshake(Vec::with_capacity(wire::S0_S1_S2));
        self.session.out.extend_from_slice(&wire::c0_c1());
    }

    fn take(&mut self, mut bytes: &[u8], tally: &mut Tally) -> Result<(), String> {
        let now_ns = monotonic_ns();
        tally.wire_bytes += bytes.len() as u64;
        self.session.received += bytes.len() as u64;
        if self.stage == Stage::Connecting {
            // The bare loop's first bytes may come with the news that the connection stands.
            self.greet();
        }
        if let Stage::Handshake(answer) = &mut self.stage {
            let (mine, rest) = bytes.split_at(bytes.len().min(wire::S0_S1_S2 - answer.len()));
            answer.extend_from_slice(mine);
            bytes = rest;
            if answer.len() < wire::S0_S1_S2 {
                return Ok(());
            }
            self.session.out.extend_from_slice(wire::c2(answer));
            self.session
                .out
                .extend(wire::connect(self.session.errand.port));
            self.stage = Stage::Setup;
        }
        let session = &mut self.session;
        self.parser
            .feed(bytes, |part| session.part(&part, now_ns, tally))
            .map_err(|error| error.to_string())?;
        self.session.acknowledge();
        self.advance(tally)
    }

    fn advance(&mut self, tally: &mut Tally) -> Result<(), String> {
        let session = &self.session;
        if session.news == News::Refused {
            return Err("the server refused".to_owned());
        }
        let joined = session.expected.is_some();
        // The bare loop says nothing but media, so its first bytes are its yes.
        let is_bare = matches!(session.errand.goal, Goal::Raw | Goal::Pour);
        let welcome = joined || session.news == News::Ready || is_bare;
        if self.stage == Stage::Setup && welcome {
            self.stage = Stage::Ready;
            tally.in_setup -= 1;
        }
        let needs_media = matches!(session.errand.goal, Goal::Play | Goal::Raw);
        if self.stage == Stage::Ready && (joined || !needs_media) {
            self.stage = Stage::Arrived;
            tally.arrived += 1;
        }
        Ok(())
    }
}

impl Session {
    fn new(outfit: &Outfit, number: u32, port: u16) -> Self {
        let stream = match outfit.goal {
            Goal::Publish => format!("{}-{number}", outfit.stream),
            _ => outfit.stream.clone(),
        };
        Self {
            errand: Errand {
                goal: outfit.goal,
                number,
                port,
                stream,
                msid: 0,
            },
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
            let number = self.errand.number;
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
                Reply::StreamCreated(_) if self.errand.goal == Goal::Idle => {
                    self.news = News::Ready;
                }
                Reply::StreamCreated(msid) => {
                    self.errand.msid = msid;
                    self.out.extend(if self.errand.goal == Goal::Publish {
                        wire::publish(msid, &self.errand.stream)
                    } else {
                        wire::play(msid, &self.errand.stream)
                    });
                }
                Reply::Playing => self.news = News::Ready,
                Reply::Publishing => {
                    self.out.extend(wire::set_chunk_size(CHUNK_SIZE));
                    self.out
                        .extend(wire::stream_headers(self.errand.msid, CHUNK_SIZE));
                    self.news = News::Ready;
                }
                Reply::Refused => self.news = News::Refused,
                Reply::Other => {}
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
        if self.errand.goal == Goal::Play && self.headers & codec == 0 {
            tally.faults.headers_missing += 1;
            self.headers |= codec;
        }
        tally.sample_delay(self.errand.number, content, mark, now_ns);
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

#[cfg(test)]
mod tests;
