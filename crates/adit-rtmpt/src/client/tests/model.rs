//! Client and server of this crate, coupled through a hostile network: two byte streams whose every byte is known.

use std::collections::{BTreeMap, VecDeque};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::client::limits;
use crate::request::{RequestId, Sequence};
use crate::{Reply as Answered, Request as Tunnelled, ServerTunnel, TunnelConfig};

/// What the network does, chances in per cent. No second attempt is lost, for there is no third.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network {
    /// One way, least and most.
    pub(super) delay_ms: (u64, u64),
    doubled: u64,
    request_lost: u64,
    reply_lost: u64,
    /// Of what is lost, how much is lost without a word.
    silent: u64,
    /// Longest body that passes.
    body: usize,
    /// Bytes a millisecond each way; 0 for as many as there are.
    pub(super) rate: u64,
}

const CALM: Network = Network {
    delay_ms: (20, 20),
    doubled: 0,
    request_lost: 0,
    reply_lost: 0,
    silent: 0,
    body: usize::MAX,
    rate: 0,
};

#[derive(Clone, Copy, Debug)]
pub(super) struct Play {
    seed: u64,
    pub(super) network: Network,
    pub(super) server: ServerKind,
    /// Bytes each way before the end.
    bytes: u64,
    /// Longest write, and longest pause between writes.
    write: usize,
    pause_ms: (u64, u64),
    ending: Ending,
}

pub(super) enum Event {
    Arrives {
        exchange: u64,
        target: String,
        body: Bytes,
    },
    Replied {
        exchange: u64,
        reply: Reply,
    },
    Fails {
        exchange: u64,
    },
    Disconnects {
        id: RequestId,
    },
    ClientWrites,
    ServerWrites,
    /// So many bytes, this once.
    ClientSays(usize),
    ServerSays(usize),
}

pub(super) struct World {
    pub(super) play: Play,
    random: u64,
    pub(super) start: Instant,
    pub(super) now: Instant,
    events: BTreeMap<(Instant, u64), Event>,
    order: u64,
    pub(super) client: ClientTunnel,
    pub(super) server: ServerTunnel,
    /// The exchange under way on each lane, and how each may end.
    current: BTreeMap<u64, (Lane, Connection)>,
    /// Which exchange a request at the server belongs to.
    ids: BTreeMap<RequestId, u64>,
    pub(super) up: Stream,
    pub(super) down: Stream,
}

/// One direction: how much was written and how much arrived, and how long each write took to arrive.
#[derive(Default)]
pub(super) struct Stream {
    /// Until when the line is taken.
    busy: Option<Instant>,
    pub(super) written: u64,
    pub(super) arrived: u64,
    writes: VecDeque<(u64, Instant)>,
    pub(super) delays: Vec<Duration>,
}

impl Stream {
    fn write(&mut self, now: Instant, len: usize) {
        self.written += len as u64;
        self.writes.push_back((self.written, now));
    }

    fn arrive(&mut self, now: Instant, bytes: &[u8]) {
        let len = bytes.len();
        assert_eq!(bytes, stretch(self.arrived, len), "at {}", self.arrived);
        self.arrived += len as u64;
        while let Some((end, since)) = self.writes.front()
            && *end <= self.arrived
        {
            self.delays.push(now - *since);
            self.writes.pop_front();
        }
    }
}

/// The bytes of a stream from a place on: a pattern with a prime period.
fn stretch(from: u64, len: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(len);
    while bytes.len() < len {
        let place = usize::try_from((from + bytes.len() as u64) % PERIOD).unwrap();
        let rest = &PATTERN[place..];
        bytes.extend_from_slice(&rest[..rest.len().min(len - bytes.len())]);
    }
    bytes.into()
}

const PERIOD: u64 = 65_521;

static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let byte = |place: u64| place.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes()[0];
    (0..PERIOD).map(byte).collect()
});

impl World {
    pub(super) fn new(play: Play) -> Self {
        let now = testing::start();
        Self {
            play,
            random: play.seed,
            start: now,
            now,
            events: BTreeMap::new(),
            order: 0,
            client: ClientTunnel::new(now, ClientConfig::default()),
            server: ServerTunnel::new(now, TunnelConfig::default()),
            current: BTreeMap::new(),
            ids: BTreeMap::new(),
            up: Stream::default(),
            down: Stream::default(),
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }

    fn between(&mut self, (least, most): (u64, u64)) -> u64 {
        least + self.random(most - least + 1)
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.random(100) < chance
    }

    fn delay(&mut self) -> u64 {
        self.between(self.play.network.delay_ms)
    }

    pub(super) fn after(&mut self, ms: u64, event: Event) {
        self.at(self.now + Duration::from_millis(ms), event);
    }

    fn at(&mut self, due: Instant, event: Event) {
        self.order += 1;
        self.events.insert((due, self.order), event);
    }

    /// When `len` bytes that set out now are there.
    fn arrival(&mut self, way: fn(&mut Self) -> &mut Stream, len: usize) -> Instant {
        let delay = Duration::from_millis(self.delay());
        if self.play.network.rate == 0 {
            return self.now + delay;
        }
        let micros = (len as u64 + HEAD_BYTES) * 1000 / self.play.network.rate;
        let now = self.now;
        let stream = way(self);
        let free = stream.busy.map_or(now, |busy| busy.max(now)) + Duration::from_micros(micros);
        stream.busy = Some(free);
        free + delay
    }

    /// Plays to the end.
    fn run(mut self) -> Self {
        self.after(0, Event::ClientWrites);
        self.after(0, Event::ServerWrites);
        self.drain();
        let mut steps = 0_u64;
        while !matches!(self.client.state(), ClientState::Closed(_)) {
            steps += 1;
            assert!(steps < 1_000_000, "no progress: {:?}", self.client);
            let failed = matches!(self.client.state(), ClientState::Failed(_));
            assert!(
                !failed,
                "{:?} {:?}",
                self.client.state(),
                self.server.state()
            );
            self.step();
            self.drain();
        }
        // A number that fell silent is asked for again later than a close waits; then all bytes are there, but no confirmation.
        let may_be_silent = self.play.network.silent > 0 && self.play.ending == Ending::Client;
        match self.client.state() {
            ClientState::Closed(Ending::Unconfirmed) if may_be_silent => {}
            state => assert_eq!(*state, ClientState::Closed(self.play.ending)),
        }
        assert_eq!(self.up.arrived, self.up.written);
        assert_eq!(self.down.arrived, self.down.written);
        assert!(self.up.arrived >= self.play.bytes);
        assert!(self.down.arrived >= self.play.bytes);
        self
    }

    /// Lets things happen until what is waited for has come.
    pub(super) fn play_until(&mut self, has_come: impl Fn(&Self) -> bool) {
        self.drain();
        while !has_come(self) {
            self.step();
            self.drain();
        }
    }

    fn step(&mut self) {
        let state = self.client.state();
        let failed = matches!(state, ClientState::Failed(_));
        assert!(!failed, "{state:?} {:?}", self.server.state());
        let event = self.events.first_key_value().map(|((due, _), _)| *due);
        let timers = [
            event,
            self.client.poll_timeout(),
            self.server.poll_timeout(),
        ];
        self.now = timers
            .into_iter()
            .flatten()
            .min()
            .expect("the play goes on");
        self.client.handle_timeout(self.now);
        self.server.handle_timeout(self.now);
        if event == Some(self.now)
            && let Some((_, event)) = self.events.pop_first()
        {
            self.happen(event);
        }
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrives {
                exchange,
                target,
                body,
            } => self.arrives(exchange, &target, body),
            Event::Replied { exchange, reply } => {
                if let Some((lane, _)) = self.current.remove(&exchange) {
                    self.client.handle_reply(self.now, lane, reply);
                }
            }
            Event::Fails { exchange } => {
                if let Some((lane, _)) = self.current.remove(&exchange) {
                    self.client
                        .handle_lane_failed(self.now, lane, LaneFailure::Lost);
                }
            }
            Event::Disconnects { id } => self.server.handle_disconnect(self.now, id),
            Event::ClientWrites => self.client_writes(),
            Event::ServerWrites => self.server_writes(),
            Event::ClientSays(len) => self.client_says(len),
            Event::ServerSays(len) => self.server_says(len),
        }
    }

    fn client_says(&mut self, len: usize) {
        let written = self.client.write(&mut stretch(self.up.written, len));
        self.up.write(self.now, written);
    }

    fn server_says(&mut self, len: usize) {
        let mut data = stretch(self.down.written, len);
        let written = self.server.write(self.now, &mut data);
        self.down.write(self.now, written);
    }

    fn write_len(&mut self) -> usize {
        let most = self.play.write as u64;
        usize::try_from(1 + self.random(most)).unwrap()
    }

    fn all_is_said(&self) -> bool {
        let is_done =
            |stream: &Stream| stream.written >= self.play.bytes && stream.arrived == stream.written;
        is_done(&self.up) && is_done(&self.down)
    }

    fn client_writes(&mut self) {
        if self.up.written < self.play.bytes {
            let len = self.write_len();
            self.client_says(len);
        } else if self.all_is_said() && self.play.ending == Ending::Client {
            self.client.close(self.now);
        }
        let pause = self.between(self.play.pause_ms);
        self.after(pause, Event::ClientWrites);
    }

    fn server_writes(&mut self) {
        if self.down.written < self.play.bytes {
            let len = self.write_len();
            self.server_says(len);
        } else if self.up.arrived == self.up.written
            && self.up.written >= self.play.bytes
            && self.play.ending == Ending::Server
        {
            self.server.close(self.now);
        }
        let pause = self.between(self.play.pause_ms);
        self.after(pause, Event::ServerWrites);
    }

    fn drain(&mut self) {
        while let Some(bytes) = self.server.poll_received(self.now) {
            self.up.arrive(self.now, &bytes);
        }
        while let Some(bytes) = self.client.poll_received() {
            self.down.arrive(self.now, &bytes);
        }
        while let Some((id, reply)) = self.server.poll_reply(self.now) {
            self.set_out(id, reply);
        }
        while let Some((lane, request)) = self.client.poll_request(self.now) {
            self.transmit(lane, request);
        }
        let bound = limits::QUEUE_BYTES + limits::RECEIVED_BYTES + 6 * limits::REPLY_BODY;
        assert!(self.client.held_bytes() <= bound);
    }

    /// A request sets out, perhaps twice, perhaps in vain.
    fn transmit(&mut self, lane: Lane, request: Request) {
        let network = self.play.network;
        self.order += 1;
        let exchange = self.order;
        self.current.retain(|_, (busy, _)| *busy != lane);
        self.current.insert(exchange, (lane, request.connection));
        let is_last_chance = request.connection == Connection::Fresh || request.verb == Verb::Close;
        if request.body.len() > network.body {
            let reply = Reply::new(413, Bytes::new());
            let delay = self.delay();
            self.after(delay, Event::Replied { exchange, reply });
            return;
        }
        if self.percent(network.doubled) {
            let delay = self.delay();
            let (target, body) = (request.target.clone(), request.body.clone());
            self.after(
                delay,
                Event::Arrives {
                    exchange,
                    target,
                    body,
                },
            );
        }
        if !is_last_chance && self.percent(network.request_lost) {
            self.fail(exchange);
            return;
        }
        let due = self.arrival(|world| &mut world.up, request.body.len());
        self.at(
            due,
            Event::Arrives {
                exchange,
                target: request.target,
                body: request.body,
            },
        );
    }

    fn fail(&mut self, exchange: u64) {
        // An unanswered open is final, and where requests are not known to be ordered silence is waited out for longer than a
        // server keeps what was not fetched.
        let may_be_silent =
            self.play.server == ServerKind::Orders && *self.client.state() != ClientState::Opening;
        if !may_be_silent || !self.percent(self.play.network.silent) {
            let delay = self.between((0, 500));
            self.after(delay, Event::Fails { exchange });
        }
    }

    fn arrives(&mut self, exchange: u64, target: &str, body: Bytes) {
        let mut parts = target.split('/').skip(1);
        let verb = parts.next().unwrap();
        if verb == "open" {
            let reply = Reply::new(200, Bytes::from_static(b"Sid_1\n"))
                .with_content(ContentType::Tunnel)
                .with_server(self.play.server);
            let delay = self.delay();
            self.after(delay, Event::Replied { exchange, reply });
            return;
        }
        assert_eq!(parts.next(), Some("Sid_1"));
        if body.len() > self.server.send_limit() {
            let reply = Reply::new(413, Bytes::new());
            let delay = self.delay();
            self.after(delay, Event::Replied { exchange, reply });
            return;
        }
        let sequence = Sequence::new(parts.next().unwrap().parse().unwrap());
        let request = match verb {
            "send" => Tunnelled::Send { sequence, body },
            "idle" => Tunnelled::Idle { sequence },
            _ => Tunnelled::Close {
                sequence: Some(sequence),
            },
        };
        self.order += 1;
        let id = RequestId::new(self.order);
        self.ids.insert(id, exchange);
        self.server.handle_request(self.now, id, request);
    }

    /// A reply sets out; if it is lost, the server may learn that the connection is gone.
    fn set_out(&mut self, id: RequestId, reply: Answered) {
        let network = self.play.network;
        let exchange = self.ids.remove(&id).expect("each request has one reply");
        let status = if reply == Answered::Superseded {
            503
        } else {
            200
        };
        let body: Vec<u8> = reply.into_body().into_segments().flatten().collect();
        let is_first = self
            .current
            .get(&exchange)
            .is_some_and(|(_, connection)| *connection == Connection::Any);
        let is_close = matches!(self.client.state(), ClientState::Closing);
        if is_first && !is_close && self.percent(network.reply_lost) {
            let delay = self.delay();
            self.after(delay, Event::Disconnects { id });
            self.fail(exchange);
            return;
        }
        let due = self.arrival(|world| &mut world.down, body.len());
        let reply = Reply::new(status, Bytes::from(body)).with_content(ContentType::Tunnel);
        self.at(due, Event::Replied { exchange, reply });
    }
}

/// The head of a request or reply.
const HEAD_BYTES: u64 = 200;

fn networks() -> impl Strategy<Value = Network> {
    (
        (0..50_u64, 0..250_u64),
        0..40_u64,
        0..20_u64,
        0..20_u64,
        0..=100_u64,
        prop_oneof![Just(usize::MAX), 600..8_000_usize],
    )
        .prop_map(
            |((least, more), doubled, request_lost, reply_lost, silent, body)| Network {
                delay_ms: (least, least + more),
                doubled,
                request_lost,
                reply_lost,
                silent,
                body,
                rate: 0,
            },
        )
}

fn plays() -> impl Strategy<Value = Play> {
    (
        any::<u64>(),
        networks(),
        prop_oneof![Just(ServerKind::Orders), Just(ServerKind::Unknown)],
        1..10_000_usize,
        1..80_u64,
        prop_oneof![Just(Ending::Client), Just(Ending::Server)],
    )
        .prop_map(|(seed, network, server, write, pause, ending)| Play {
            seed,
            network,
            server,
            bytes: 30 * write as u64,
            write,
            pause_ms: (0, pause),
            ending,
        })
}

pub(super) fn calm(server: ServerKind) -> Play {
    Play {
        seed: 7,
        network: CALM,
        server,
        bytes: 100_000,
        write: 1_000,
        pause_ms: (100, 150),
        ending: Ending::Client,
    }
}

#[test]
fn with_a_parked_idle_bytes_come_down_on_its_reply_at_once() {
    // The client says nothing but one byte to begin with.
    let mut world = World::new(Play {
        bytes: 1,
        write: 1,
        ..calm(ServerKind::Orders)
    });
    world.after(0, Event::ClientWrites);
    world.drain();
    for _ in 0..8 {
        world.step();
        world.drain();
    }
    world.play.bytes = 200;
    world.up.written += world.play.bytes;
    world.up.arrived = world.up.written;
    world.after(200, Event::ServerWrites);
    world.play_until(|world| world.down.written >= 200);
    let one_way = Duration::from_millis(20);
    let late = world.down.delays.iter().filter(|delay| **delay != one_way);
    assert_eq!(late.count(), 0, "{:?}", world.down.delays);
    assert!(world.down.delays.len() > 150);
}

#[test]
fn both_ways_at_once_no_byte_waits_longer_than_a_round_trip_more() {
    let world = World::new(calm(ServerKind::Orders)).run();
    let most = Duration::from_millis(20 + 40 + 20);
    let all = world.up.delays.iter().chain(&world.down.delays);
    let late: Vec<_> = all.filter(|delay| **delay > most).collect();
    assert!(late.is_empty(), "{late:?}");
    assert_eq!(world.client.counters().retries, 0);
}

#[test]
fn a_second_costs_few_requests_when_nothing_happens() {
    for (server, most) in [(ServerKind::Orders, 2), (ServerKind::Unknown, 3)] {
        let mut world = World::new(calm(server));
        world.client_says(1);
        world.play_until(|world| world.now >= world.start + Duration::from_mins(1));
        let requests = world.client.counters().requests;
        assert!(requests <= 60 * most, "{requests}");
        assert_eq!(*world.client.state(), ClientState::Open);
    }
}

#[test]
fn fifty_megabits_a_second_go_up_in_one_send_per_round_trip() {
    let mut world = World::new(Play {
        bytes: 20_000_000,
        write: 12_500,
        pause_ms: (1, 1),
        ..calm(ServerKind::Orders)
    });
    let start = world.start;
    // As many bytes down as prove the session, so that the server takes long bodies.
    world.server_says(4_000);
    world.after(0, Event::ClientWrites);
    world.play_until(|world| world.up.arrived >= 20_000_000);
    // 6,250 bytes a millisecond, 40 ms of round trip.
    let took = (world.now - start).as_secs_f64();
    let megabits = 160.0 / took;
    assert!(megabits > 45.0, "{megabits}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn both_streams_arrive_whole_and_in_order_whatever_the_network_does(play in plays()) {
        World::new(play).run();
    }
}
