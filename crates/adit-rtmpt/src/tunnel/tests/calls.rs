//! Any sequence of calls, sense or nonsense: the promises hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Call {
    Send(u64, usize),
    Idle(u64),
    Close(Option<u64>),
    Disconnect(u64),
    Pipelined(u64),
    Write(usize),
    ServerClose,
    Take,
    Reply,
    Wait(u64),
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![20 => 0..12_u64, 5 => 0..60_u64, 1 => any::<u64>()]
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        20 => (number(), 0..200_usize).prop_map(|(number, len)| Call::Send(number, len)),
        2 => (number(), 0..90_000_usize).prop_map(|(number, len)| Call::Send(number, len)),
        20 => number().prop_map(Call::Idle),
        1 => prop::option::of(number()).prop_map(Call::Close),
        6 => (0..40_u64).prop_map(Call::Disconnect),
        6 => (0..40_u64).prop_map(Call::Pipelined),
        10 => (0..100_000_usize).prop_map(Call::Write),
        1 => Just(Call::ServerClose),
        10 => Just(Call::Take),
        10 => Just(Call::Reply),
        10 => (0..700_u64).prop_map(Call::Wait),
        1 => (0..70_000_u64).prop_map(Call::Wait),
    ]
}

/// Every request that was not cut off has had one reply, and a number always the same one.
#[derive(Default)]
struct Ledger {
    asked: BTreeMap<u64, u64>,
    cut_off: BTreeSet<u64>,
    replied: BTreeSet<u64>,
    bodies: BTreeMap<u64, Vec<u8>>,
    taken: Vec<u8>,
}

impl Ledger {
    fn reply(&mut self, id: RequestId, reply: &Reply) {
        let id = id.value();
        assert!(
            self.asked.contains_key(&id) && self.replied.insert(id),
            "one reply each"
        );
        assert!(!self.cut_off.contains(&id), "nobody is there to read it");
        let number = self.asked[&id];
        let mut body = reply.clone().into_body();
        let body = body.copy_to_bytes(body.remaining()).to_vec();
        if *reply == Reply::Superseded || number == u64::MAX || body.len() == 1 {
            return;
        }
        // A reply with data is the only one with data that its number ever gets.
        assert_eq!(
            self.bodies.entry(number).or_insert_with(|| body.clone()),
            &body
        );
    }
}

struct Stage {
    tunnel: ServerTunnel,
    now: Instant,
    ledger: Ledger,
    written: u8,
}

impl Stage {
    fn perform(&mut self, id: u64, call: &Call) {
        match *call {
            Call::Send(number, len) => {
                let mark = u8::try_from(number % 251).unwrap();
                let body = Bytes::from(vec![mark; len]);
                self.ask(
                    id,
                    number,
                    Request::Send {
                        sequence: Sequence::new(number),
                        body,
                    },
                );
            }
            Call::Idle(number) => {
                self.ask(
                    id,
                    number,
                    Request::Idle {
                        sequence: Sequence::new(number),
                    },
                );
            }
            Call::Close(number) => {
                let sequence = number.map(Sequence::new);
                self.ask(id, u64::MAX, Request::Close { sequence });
            }
            Call::Disconnect(id) => {
                let ledger = &mut self.ledger;
                if ledger.asked.contains_key(&id) && !ledger.replied.contains(&id) {
                    ledger.cut_off.insert(id);
                }
                self.tunnel.handle_disconnect(self.now, RequestId::new(id));
            }
            Call::Pipelined(id) => self.tunnel.handle_pipelined(self.now, RequestId::new(id)),
            Call::Write(len) => self.write(len),
            Call::ServerClose => self.tunnel.close(self.now),
            Call::Take => self.take(),
            Call::Reply => self.reply(),
            Call::Wait(ms) => {
                self.now += Duration::from_millis(ms);
                self.tunnel.handle_timeout(self.now);
            }
        }
        let most = limits::AHEAD_BYTES + limits::RECEIVED_BYTES + 2 * limits::SEND_BODY_UNPROVEN;
        let most = most + limits::QUEUE_BYTES + limits::CACHED_ALWAYS * limits::REPLY_BYTES_MAX;
        assert!(self.tunnel.held_bytes() <= most);
    }

    fn ask(&mut self, id: u64, number: u64, request: Request) {
        self.ledger.asked.insert(id, number);
        self.tunnel
            .handle_request(self.now, RequestId::new(id), request);
    }

    fn write(&mut self, len: usize) {
        self.written = self.written.wrapping_add(1);
        let room = self.tunnel.writable();
        let taken = self
            .tunnel
            .write(self.now, &mut Bytes::from(vec![self.written; len]));
        assert_eq!(taken, room.min(len));
    }

    fn take(&mut self) {
        while let Some(bytes) = self.tunnel.poll_received(self.now) {
            assert!(bytes.iter().all(|byte| *byte == bytes[0]), "whole bodies");
            self.ledger.taken.push(bytes[0]);
        }
    }

    fn reply(&mut self) {
        while let Some((id, reply)) = self.tunnel.poll_reply(self.now) {
            self.ledger.reply(id, &reply);
        }
        assert!(self.tunnel.poll_timeout().is_none_or(|due| due > self.now));
    }

    /// Long after the last call the session is over, and nobody is left without a reply.
    fn finish(mut self) {
        self.now += Duration::from_mins(5);
        self.tunnel.handle_timeout(self.now);
        self.reply();
        self.take();
        assert!(
            matches!(self.tunnel.state(), State::Closed(_)),
            "every session ends"
        );
        assert_eq!(self.tunnel.poll_timeout(), None);
        let Ledger {
            asked,
            replied,
            cut_off,
            taken,
            ..
        } = self.ledger;
        for id in asked.keys() {
            assert!(
                replied.contains(id) || cut_off.contains(id),
                "{id} has no reply"
            );
        }
        let in_order = taken.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(
            in_order,
            "bodies come out in the order of their numbers, each once"
        );
    }
}

fn play(calls: &[Call]) {
    let now = testing::start();
    let tunnel = ServerTunnel::new(now, TunnelConfig::default());
    let mut stage = Stage {
        tunnel,
        now,
        ledger: Ledger::default(),
        written: 0,
    };
    for (id, call) in (0..).zip(calls) {
        stage.perform(id, call);
    }
    stage.finish();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_breaks_a_promise(calls in prop::collection::vec(call(), 0..300)) {
        play(&calls);
    }
}
