//! A client, a hostile network and a tunnel against a model: two byte streams whose every byte is known by its place.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;

/// What the network does, in per cent of the requests and replies it carries.
#[derive(Clone, Copy, Debug)]
struct Network {
    delay_ms: u64,
    doubled: u64,
    request_lost: u64,
    reply_lost: u64,
    pipelined: u64,
    /// Of the connections that died, how many the server ever hears of.
    disconnect_seen: u64,
}

#[derive(Clone, Copy, Debug)]
struct Play {
    seed: u64,
    network: Network,
    first: u64,
    /// Requests the client keeps outstanding.
    outstanding: u64,
    requests: u64,
    reply_bytes: usize,
    ending: Ending,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    Client,
    ClientWithoutNumber,
    Server,
}

enum Event {
    Arrives {
        id: u64,
        number: u64,
        request: Request,
    },
    Replied {
        number: u64,
        body: Vec<u8>,
    },
    Disconnects {
        id: u64,
    },
    Pipelined {
        id: u64,
    },
    RetryDue {
        number: u64,
        attempt: u32,
    },
    /// The server's RTMP side takes what came and says something.
    Turn,
}

struct Asked {
    request: Request,
    attempt: u32,
}

struct World {
    play: Play,
    random: u64,
    now: Instant,
    events: BTreeMap<(Instant, u64), Event>,
    order: u64,
    client: Client,
    wire: Wire,
    tunnel: ServerTunnel,
    /// Bytes that the server's RTMP side took and wrote.
    taken: u64,
    written: u64,
}

#[derive(Default)]
struct Client {
    next_number: u64,
    asked: BTreeMap<u64, Asked>,
    answers: BTreeMap<u64, Vec<u8>>,
    next_answer: u64,
    sent: u64,
    heard: u64,
    closing: bool,
    ended: bool,
}

/// The HTTP exchanges under way.
#[derive(Default)]
struct Wire {
    ids: u64,
    numbers: BTreeMap<u64, u64>,
    open: BTreeSet<u64>,
}

/// The bytes of a stream from a place on: a pattern with a prime period, so that no shift of a few kilobytes fits.
fn stretch(from: u64, len: usize) -> Bytes {
    static PATTERN: LazyLock<Bytes> = LazyLock::new(|| {
        let byte = |place: usize| {
            (place % PERIOD)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15)
                .to_be_bytes()[0]
        };
        (0..8 * PERIOD).map(byte).collect()
    });
    let start = usize::try_from(from % PERIOD as u64).unwrap();
    PATTERN.slice(start..start + len)
}

const PERIOD: usize = 65_521;

impl World {
    fn new(play: Play) -> Self {
        let mut config = TunnelConfig::default();
        config.reply.bytes = play.reply_bytes;
        if play.seed.is_multiple_of(3) {
            config.reply.coalesce_bytes = 4096;
            config.reply.coalesce_delay = Duration::from_millis(10);
        }
        let now = testing::start();
        Self {
            play,
            random: play.seed,
            now,
            events: BTreeMap::new(),
            order: 0,
            client: Client {
                next_number: play.first,
                next_answer: play.first,
                ..Client::default()
            },
            wire: Wire::default(),
            tunnel: ServerTunnel::new(now, config),
            taken: 0,
            written: 0,
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % below.max(1)
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.random(100) < chance
    }

    fn after(&mut self, ms: u64, event: Event) {
        self.order += 1;
        let due = self.now + Duration::from_millis(ms);
        self.events.insert((due, self.order), event);
    }

    fn delay(&mut self) -> u64 {
        self.random(self.play.network.delay_ms + 1)
    }

    /// Plays to the end.
    fn run(mut self) -> TunnelCounters {
        self.after(0, Event::Turn);
        self.ask();
        let mut steps = 0_u64;
        while !self.client.ended {
            steps += 1;
            assert!(
                steps < self.play.requests * 200,
                "no progress: {:?}",
                self.tunnel
            );
            self.step();
            self.drain();
        }
        self.take();
        assert_eq!(
            self.client.heard, self.written,
            "everything written is heard"
        );
        assert_eq!(self.taken, self.client.sent, "everything sent is taken");
        *self.tunnel.counters()
    }

    fn step(&mut self) {
        let event_due = self.events.first_key_value().map(|((due, _), _)| *due);
        let timer_due = self.tunnel.poll_timeout();
        match (event_due, timer_due) {
            (Some(event), Some(timer)) if timer < event => self.fire(timer),
            (None, Some(timer)) => self.fire(timer),
            _ => {
                let ((due, _), event) = self.events.pop_first().expect("the play goes on");
                self.now = due;
                self.happen(event);
            }
        }
    }

    fn fire(&mut self, due: Instant) {
        self.now = self.now.max(due);
        self.tunnel.handle_timeout(self.now);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Arrives {
                id,
                number,
                request,
            } => {
                self.wire.open.insert(id);
                self.wire.numbers.insert(id, number);
                self.tunnel
                    .handle_request(self.now, RequestId::new(id), request);
            }
            Event::Replied { number, body } => self.hear(number, body),
            Event::Disconnects { id } => {
                self.wire.open.remove(&id);
                self.tunnel.handle_disconnect(self.now, RequestId::new(id));
            }
            Event::Pipelined { id } => self.tunnel.handle_pipelined(self.now, RequestId::new(id)),
            Event::RetryDue { number, attempt } => self.retry(number, attempt),
            Event::Turn => self.turn(),
        }
    }

    /// The RTMP side takes what came; it may do so after the end, too.
    fn take(&mut self) {
        while let Some(bytes) = self.tunnel.poll_received(self.now) {
            assert_eq!(
                bytes,
                stretch(self.taken, bytes.len()),
                "upstream at {}",
                self.taken
            );
            self.taken += bytes.len() as u64;
        }
    }

    /// The RTMP side takes what came and now and then says something.
    fn turn(&mut self) {
        self.take();
        if self.client.closing && self.play.ending == Ending::Server && self.all_is_taken() {
            self.tunnel.close(self.now);
        } else if self.percent(60) && !self.client.closing {
            let len = usize::try_from(self.random(20_000)).unwrap();
            let mut data = stretch(self.written, len);
            self.written += self.tunnel.write(self.now, &mut data) as u64;
        }
        if !self.client.ended {
            let pause = self.random(30);
            self.after(pause, Event::Turn);
        }
    }

    fn all_is_taken(&self) -> bool {
        self.taken == self.client.sent
    }

    /// The client is at most so many numbers ahead of its oldest missing answer, and only one until it has its first.
    fn ask(&mut self) {
        let first_answered = self.client.next_answer > self.play.first;
        let most = if first_answered {
            self.play.outstanding
        } else {
            1
        };
        while self.client.next_number - self.client.next_answer < most && !self.client.ended {
            let number = self.client.next_number;
            let done = number - self.play.first >= self.play.requests;
            let sequence = Sequence::new(number);
            let request = if done && self.play.ending != Ending::Server {
                // Close once everything is heard, so that the model need not guess what is thrown away.
                if self.client.closing
                    && self.client.asked.is_empty()
                    && self.client.heard == self.written
                {
                    let numbered = self.play.ending == Ending::Client;
                    Request::Close {
                        sequence: numbered.then_some(sequence),
                    }
                } else if self.client.asked.is_empty() {
                    self.client.closing = true;
                    Request::Idle { sequence }
                } else {
                    return;
                }
            } else if done || self.percent(50) {
                self.client.closing |= done;
                Request::Idle { sequence }
            } else {
                let len = usize::try_from(self.random(3000)).unwrap();
                let body = stretch(self.client.sent, len);
                self.client.sent += len as u64;
                Request::Send { sequence, body }
            };
            self.client.next_number += 1;
            self.client.asked.insert(
                number,
                Asked {
                    request,
                    attempt: 0,
                },
            );
            self.transmit(number);
        }
    }

    fn retry(&mut self, number: u64, attempt: u32) {
        let Some(asked) = self.client.asked.get_mut(&number) else {
            return;
        };
        if asked.attempt == attempt {
            asked.attempt += 1;
            self.transmit(number);
        }
    }

    /// One or two copies of a request set out; the first attempts may be lost.
    fn transmit(&mut self, number: u64) {
        let Asked { request, attempt } = &self.client.asked[&number];
        let (request, attempt) = (request.clone(), *attempt);
        self.after(1_300, Event::RetryDue { number, attempt });
        let copies = 1 + u64::from(self.percent(self.play.network.doubled));
        for _ in 0..copies {
            self.wire.ids += 1;
            let id = self.wire.ids;
            let delay = self.delay();
            if attempt < 2 && self.percent(self.play.network.request_lost) {
                continue;
            }
            self.after(
                delay,
                Event::Arrives {
                    id,
                    number,
                    request: request.clone(),
                },
            );
            if self.percent(self.play.network.pipelined) {
                let later = delay + self.random(100);
                self.after(later, Event::Pipelined { id });
            }
            if self.percent(self.play.network.reply_lost / 2) {
                let later = delay + self.random(600);
                self.after(later, Event::Disconnects { id });
            }
        }
    }

    /// Replies set out; some are lost, and the server learns of it late or never.
    fn drain(&mut self) {
        while let Some((id, reply)) = self.tunnel.poll_reply(self.now) {
            let id = id.value();
            if !self.wire.open.remove(&id) {
                continue;
            }
            if reply == Reply::Superseded {
                continue;
            }
            let number = self
                .wire
                .numbers
                .remove(&id)
                .expect("each request has one reply");
            let attempt = self
                .client
                .asked
                .get(&number)
                .map_or(0, |asked| asked.attempt);
            if attempt < 2 && self.percent(self.play.network.reply_lost) {
                if self.percent(self.play.network.disconnect_seen) {
                    let later = self.random(2_000);
                    self.after(later, Event::Disconnects { id });
                }
                continue;
            }
            let mut body = reply.into_body();
            let body = body.copy_to_bytes(body.remaining()).to_vec();
            let delay = self.delay();
            self.after(delay, Event::Replied { number, body });
        }
        let most = limits::AHEAD_BYTES + limits::RECEIVED_BYTES + limits::SEND_BODY_UNPROVEN;
        let most = most + limits::QUEUE_BYTES + limits::CACHED_ALWAYS * limits::REPLY_BYTES_MAX;
        assert!(self.tunnel.held_bytes() <= most);
    }

    /// The client puts the replies in the order of their numbers.
    fn hear(&mut self, number: u64, body: Vec<u8>) {
        if self.client.asked.remove(&number).is_none() {
            return;
        }
        self.client.answers.insert(number, body);
        while let Some(body) = self.client.answers.remove(&self.client.next_answer) {
            self.client.next_answer += 1;
            let (poll, data) = body.split_first().expect("a reply has a poll byte");
            if *poll == 0 {
                assert!(data.is_empty());
                assert!(
                    self.client.closing,
                    "the end came too early: {:?}",
                    self.tunnel.state()
                );
                self.client.ended = true;
                return;
            }
            assert_eq!(
                data,
                stretch(self.client.heard, data.len()),
                "downstream at {}",
                self.client.heard
            );
            self.client.heard += data.len() as u64;
        }
        self.ask();
    }
}

fn networks() -> impl Strategy<Value = Network> {
    (
        0..300_u64,
        0..60_u64,
        0..30_u64,
        0..30_u64,
        0..40_u64,
        0..=100_u64,
    )
        .prop_map(
            |(delay_ms, doubled, request_lost, reply_lost, pipelined, disconnect_seen)| Network {
                delay_ms,
                doubled,
                request_lost,
                reply_lost,
                pipelined,
                disconnect_seen,
            },
        )
}

fn plays() -> impl Strategy<Value = Play> {
    let ending = prop_oneof![
        Just(Ending::Client),
        Just(Ending::ClientWithoutNumber),
        Just(Ending::Server),
    ];
    let reply_bytes = prop_oneof![Just(1_usize), 1..2000_usize, Just(limits::REPLY_BYTES)];
    (
        any::<u64>(),
        networks(),
        0..=1_u64,
        1..=5_u64,
        reply_bytes,
        ending,
    )
        .prop_map(
            |(seed, network, first, outstanding, reply_bytes, ending)| Play {
                seed,
                network,
                first,
                outstanding,
                requests: 1_000,
                reply_bytes,
                ending,
            },
        )
}

fn hostile(network: Network) -> Play {
    Play {
        seed: 7,
        network,
        first: 0,
        outstanding: 5,
        requests: 10_000,
        reply_bytes: limits::REPLY_BYTES,
        ending: Ending::Client,
    }
}

const CALM: Network = Network {
    delay_ms: 0,
    doubled: 0,
    request_lost: 0,
    reply_lost: 0,
    pipelined: 0,
    disconnect_seen: 100,
};

#[test]
fn ten_thousand_reordered_requests_lose_nothing() {
    let counters = World::new(hostile(Network {
        delay_ms: 50,
        ..CALM
    }))
    .run();
    assert!(counters.reordered > 1_000, "{counters:?}");
    assert_eq!(counters.duplicates, 0);
}

#[test]
fn ten_thousand_doubled_requests_are_fed_once() {
    let counters = World::new(hostile(Network {
        doubled: 100,
        delay_ms: 20,
        ..CALM
    }))
    .run();
    assert!(counters.duplicates > 9_000, "{counters:?}");
}

#[test]
fn ten_thousand_requests_survive_lost_replies_and_late_disconnects() {
    let network = Network {
        reply_lost: 20,
        disconnect_seen: 50,
        delay_ms: 5,
        ..CALM
    };
    let counters = World::new(hostile(network)).run();
    assert!(counters.duplicates > 1_000, "{counters:?}");
}

#[test]
fn ten_thousand_requests_survive_a_network_that_loses_them() {
    let network = Network {
        request_lost: 20,
        delay_ms: 5,
        ..CALM
    };
    World::new(hostile(network)).run();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn both_streams_arrive_whole_and_in_order_whatever_the_network_does(play in plays()) {
        World::new(play).run();
    }
}
