//! The tunnel against a model: whatever the network does to the requests, each byte comes out once
//! and in order, and each request is answered once.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use adit_rtmpt::{
    CloseReason, Reply, Request, RequestId, Sequence, ServerTunnel, State, TunnelConfig, limits,
};
use bytes::{Buf, Bytes};

use crate::input::Input;

/// One byte for the configuration, then what happens, step by step.
pub fn tunnel_server(data: &[u8]) {
    let mut input = Input::new(data);
    let choice = input.byte();
    let first = if choice & 64 == 0 {
        First::Zero
    } else {
        First::One
    };
    let mut model = Model::new(config(choice), first);
    while !input.is_empty() {
        model.step(&mut input);
        model.drain();
        model.check();
    }
    model.finish();
}

fn config(choice: u8) -> TunnelConfig {
    let mut config = TunnelConfig::default();
    if choice & 1 != 0 {
        config.reply.bytes = 16;
        config.reply.bytes_max = 64;
    }
    if choice & 2 != 0 {
        config.reply.coalesce_bytes = 100;
        config.reply.coalesce_delay = Duration::from_millis(50);
    }
    if choice & 4 != 0 {
        config.order.ahead = 2;
    }
    if choice & 8 != 0 {
        config.lifetime.queue_bytes = 1000;
    }
    if choice & 16 != 0 {
        config.lifetime.received_bytes = 1000;
    }
    if choice & 32 != 0 {
        config.reply.cached = 1;
    }
    config
}

/// The number of a client's first request.
#[derive(Clone, Copy, Debug)]
enum First {
    Zero,
    One,
}

/// A request that the client has made; the network delivers it late, twice or never.
#[derive(Clone, Debug)]
enum Sent {
    Data(u64, Bytes),
    Idle(u64),
    Close(Option<u64>),
}

impl Sent {
    fn number(&self) -> Option<u64> {
        match self {
            Self::Data(number, _) | Self::Idle(number) => Some(*number),
            Self::Close(number) => *number,
        }
    }

    fn request(&self) -> Request {
        match self.clone() {
            Self::Data(number, body) => Request::Send {
                sequence: Sequence::new(number),
                body,
            },
            Self::Idle(number) => Request::Idle {
                sequence: Sequence::new(number),
            },
            Self::Close(number) => Request::Close {
                sequence: number.map(Sequence::new),
            },
        }
    }
}

/// Client, network and the RTMP side of the server.
#[derive(Debug)]
struct Model {
    tunnel: ServerTunnel,
    config: TunnelConfig,
    now: Instant,
    client: Client,
    /// The data of each answered number, in front of which nothing was lost.
    answers: BTreeMap<u64, Bytes>,
    /// A reply came from which the data is no longer known.
    stale: bool,
    /// How many bytes client and server have made so far; each byte tells its place.
    up: Pattern,
    down: Pattern,
    /// Where the data of each number ends in the client's stream, and whether it has arrived.
    numbers: Vec<(usize, Arrival)>,
    /// What the RTMP side has taken, if the session began with number 0, and if it began with 1
    /// because 0 was late.
    received: [Option<Received>; 2],
    fetched: Fetched,
}

/// The client's requests and where they are.
#[derive(Debug, Default)]
struct Client {
    /// The number of the next request.
    next: u64,
    /// Made and not delivered.
    queued: Vec<Sent>,
    /// Delivered at least once.
    delivered: Vec<Sent>,
    /// Exchanges that wait for a reply.
    waiting: BTreeMap<u64, Sent>,
    exchanges: u64,
    /// The client has asked to close and makes no more requests.
    closing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    Missing,
    Arrived,
}

/// The stream that the RTMP side has taken.
#[derive(Clone, Copy, Debug)]
struct Received {
    at: usize,
    /// All numbers below this one have arrived.
    number: usize,
}

/// The stream that the client can put together from the replies.
#[derive(Clone, Copy, Debug, Default)]
struct Fetched {
    at: usize,
    /// The replies to all numbers below this one are part of it.
    number: u64,
}

impl Model {
    fn new(config: TunnelConfig, first: First) -> Self {
        let now = Instant::now();
        let mut model = Self {
            tunnel: ServerTunnel::new(now, config),
            config,
            now,
            client: Client::default(),
            answers: BTreeMap::new(),
            stale: false,
            up: Pattern::default(),
            down: Pattern::default(),
            numbers: Vec::new(),
            received: [Some(Received { at: 0, number: 0 }), None],
            fetched: Fetched::default(),
        };
        if let First::One = first {
            model.fetched.number = 1;
            model.number();
        }
        model
    }

    fn step(&mut self, input: &mut Input<'_>) {
        match input.byte() & 0x0f {
            0..=4 if self.client.closing => {}
            0 | 1 => {
                let sent = self.data(usize::from(input.short() & 0x1fff));
                self.deliver(sent);
            }
            2 => {
                let sent = Sent::Idle(self.number());
                self.deliver(sent);
            }
            3 => {
                let sent = self.data(usize::from(input.byte()));
                self.client.queued.push(sent);
            }
            4 => {
                let sent = Sent::Idle(self.number());
                self.client.queued.push(sent);
            }
            5 | 6 => {
                if let Some(at) = place(input.byte(), self.client.queued.len()) {
                    let sent = self.client.queued.swap_remove(at);
                    self.deliver(sent);
                }
            }
            7 | 8 => {
                let at = place(input.byte(), self.client.delivered.len());
                if let Some(sent) = at.and_then(|at| self.client.delivered.get(at)).cloned() {
                    self.deliver(sent);
                }
            }
            9 => {
                if let Some(id) = self.a_waiting(input.byte()) {
                    self.client.waiting.remove(&id);
                    self.tunnel.handle_disconnect(self.now, RequestId::new(id));
                }
            }
            10 => {
                if let Some(id) = self.a_waiting(input.byte()) {
                    self.tunnel.handle_pipelined(self.now, RequestId::new(id));
                }
            }
            11 => {
                let passed = Duration::from_millis(u64::from(input.byte()) << 4);
                self.wait(passed);
            }
            12 | 13 => self.write(usize::from(input.short() & 0x0fff)),
            14 => {
                if input.byte().is_multiple_of(8) {
                    self.tunnel.close(self.now);
                }
            }
            _ => {
                if input.byte().is_multiple_of(8) {
                    let number = input.byte().is_multiple_of(2).then(|| self.number());
                    self.close(number);
                }
            }
        }
    }

    fn close(&mut self, number: Option<u64>) {
        // Without a number of its own, or with one too far ahead, it takes the next one free, which
        // may be that of one of these.
        self.client.queued.clear();
        self.client.closing = true;
        self.deliver(Sent::Close(number));
    }

    fn data(&mut self, len: usize) -> Sent {
        let body = self.up.more(len);
        Sent::Data(self.number(), body)
    }

    fn number(&mut self) -> u64 {
        let number = self.client.next;
        self.client.next += 1;
        self.numbers.push((self.up.0, Arrival::Missing));
        number
    }

    fn a_waiting(&self, choice: u8) -> Option<u64> {
        let at = place(choice, self.client.waiting.len())?;
        self.client.waiting.keys().nth(at).copied()
    }

    fn deliver(&mut self, sent: Sent) {
        let id = self.client.exchanges;
        self.client.exchanges += 1;
        self.client.waiting.insert(id, sent.clone());
        self.arrive(&sent);
        self.tunnel
            .handle_request(self.now, RequestId::new(id), sent.request());
        self.client.delivered.push(sent);
        self.stale |= self.tunnel.counters().stale > 0;
    }

    fn arrive(&mut self, sent: &Sent) {
        let number = sent
            .number()
            .and_then(|number| usize::try_from(number).ok());
        if let Some((_, arrival)) = number.and_then(|number| self.numbers.get_mut(number)) {
            *arrival = Arrival::Arrived;
        }
        if let ([Some(from_zero), from_one @ None], Some((end, _))) =
            (&mut self.received, self.numbers.first())
            && from_zero.at == 0
        {
            *from_one = Some(Received {
                at: *end,
                number: 1,
            });
        }
    }

    fn write(&mut self, len: usize) {
        let room = self.tunnel.writable();
        let mut data = self.down.clone().more(len);
        let taken = self.tunnel.write(self.now, &mut data);
        assert_eq!(taken, len.min(room), "as much as fits");
        assert_eq!(data.remaining(), len - taken);
        self.down.more(taken);
    }

    /// Lets time pass, with a call at each deadline and one at the end.
    fn wait(&mut self, passed: Duration) {
        let end = self.now + passed;
        while let Some(due) = self.tunnel.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.tunnel.handle_timeout(self.now);
            self.drain();
            let next = self.tunnel.poll_timeout();
            assert!(
                next.is_none_or(|next| next > self.now),
                "a deadline that passed stays"
            );
        }
        self.now = end;
        self.tunnel.handle_timeout(end);
    }

    fn drain(&mut self) {
        while let Some(bytes) = self.tunnel.poll_received(self.now) {
            self.receive(&bytes);
        }
        while let Some((id, reply)) = self.tunnel.poll_reply(self.now) {
            let Some(sent) = self.client.waiting.remove(&id.value()) else {
                unreachable!("{id:?} was answered before, or its connection is gone");
            };
            self.take(&sent, reply);
        }
    }

    fn take(&mut self, sent: &Sent, reply: Reply) {
        match reply {
            Reply::Ok { body } => {
                assert!(
                    body.len() <= 1 + self.config.reply.bytes_max,
                    "{} bytes",
                    body.len()
                );
                let mut pieces = body.into_segments();
                assert_eq!(
                    pieces.next().map(|poll| poll.len()),
                    Some(1),
                    "the poll byte alone"
                );
                let data: Bytes = pieces.flatten().collect::<Vec<u8>>().into();
                let Some(number) = sent.number() else {
                    unreachable!("a close is answered with the end");
                };
                if self.stale {
                    return;
                }
                let first = self.answers.entry(number).or_insert_with(|| data.clone());
                assert_eq!(*first, data, "the same answer to the same number {number}");
            }
            // A close ahead of a gap may be answered before its turn.
            Reply::Closed => assert!(
                matches!(sent, Sent::Close(_)) || matches!(self.tunnel.state(), State::Closed(_)),
                "{sent:?} hears of the end in state {:?}",
                self.tunnel.state()
            ),
            _ => assert!(self.tunnel.counters().superseded > 0),
        }
    }

    /// The RTMP side takes what comes next in the client's stream, whichever way it began.
    fn receive(&mut self, bytes: &[u8]) {
        for way in &mut self.received {
            *way = way.filter(|way| Pattern::is_at(way.at, bytes));
            if let Some(way) = way {
                way.at += bytes.len();
            }
        }
        assert!(
            self.received.iter().any(Option::is_some),
            "each byte once and in order"
        );
    }

    /// Goes on over the replies in the order of their numbers, as far as they are known.
    fn fetch(&mut self) {
        let fetched = &mut self.fetched;
        while let Some(data) = self.answers.get(&fetched.number) {
            assert!(
                Pattern::is_at(fetched.at, data),
                "replies in order are the stream"
            );
            fetched.at += data.len();
            fetched.number += 1;
        }
        assert!(fetched.at <= self.down.0, "more than was written");
    }

    fn check(&mut self) {
        self.fetch();
        let arrived = |number| {
            self.numbers
                .get(number)
                .is_some_and(|(_, it)| *it == Arrival::Arrived)
        };
        for way in self.received.iter_mut().flatten() {
            while arrived(way.number) {
                way.number += 1;
            }
        }
        // Where the data in front of the first gap ends.
        let end = |way: &Received| {
            let last = way
                .number
                .checked_sub(1)
                .and_then(|last| self.numbers.get(last));
            last.map_or(0, |(end, _)| *end)
        };
        let state = self.tunnel.state();
        let mut ways = self.received.iter().flatten();
        if state == State::Open {
            assert!(
                ways.any(|way| way.at == end(way)),
                "what came in order is handed on at once"
            );
        } else {
            assert!(
                ways.any(|way| way.at <= end(way)),
                "nothing behind a gap is handed on"
            );
        }
        if state == State::Closed(CloseReason::Local) && !self.stale && self.all_known() {
            assert_eq!(
                self.fetched.at, self.down.0,
                "everything was delivered before the end"
            );
        }
        self.check_held();
    }

    fn check_held(&self) {
        let config = &self.config;
        let replies = (limits::CACHED_ALWAYS + 1) * (config.reply.bytes_max + 1);
        let held = config.order.ahead_bytes
            + config.lifetime.received_bytes
            + limits::SEND_BODY_UNPROVEN
            + config.lifetime.queue_bytes
            + config.reply.cached_bytes
            + replies;
        assert!(
            self.tunnel.held_bytes() <= held,
            "{} bytes held",
            self.tunnel.held_bytes()
        );
    }

    /// Whether the answers of all numbers but the last are known, so that none was lost.
    fn all_known(&self) -> bool {
        let known = |sent: &Sent| {
            sent.number()
                .is_none_or(|number| self.answers.contains_key(&number))
        };
        self.client.queued.is_empty() && self.client.delivered.iter().all(known)
    }

    /// In the end every request is answered, and the session is over.
    fn finish(&mut self) {
        for _ in 0..3 {
            self.wait(limits::IDLE);
            self.drain();
            self.check();
        }
        assert!(
            matches!(self.tunnel.state(), State::Closed(_)),
            "a silent session ends"
        );
        assert_eq!(self.tunnel.poll_timeout(), None);
        assert!(
            self.client.waiting.is_empty(),
            "never answered: {:?}",
            self.client.waiting
        );
    }
}

/// An endless stream of bytes that tell their place.
#[derive(Clone, Debug, Default)]
struct Pattern(usize);

impl Pattern {
    fn more(&mut self, len: usize) -> Bytes {
        let start = self.0;
        self.0 += len;
        (start..self.0).map(Self::byte).collect::<Vec<u8>>().into()
    }

    /// Whether these bytes stand at this place of the stream.
    fn is_at(at: usize, bytes: &[u8]) -> bool {
        bytes
            .iter()
            .zip(at..)
            .all(|(byte, at)| *byte == Self::byte(at))
    }

    /// 251 is prime, so no piece of the size of a power of two is like the one before.
    fn byte(at: usize) -> u8 {
        u8::try_from(at % 251).unwrap_or_default()
    }
}

fn place(choice: u8, len: usize) -> Option<usize> {
    usize::from(choice).checked_rem(len)
}
