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

fn play(calls: Vec<Call>) {
    let mut bench = Bench::with(|_| {});
    let mut ledger = Ledger::default();
    let mut written = 0_u8;
    for (id, call) in (0..).zip(calls) {
        let now = bench.now;
        let tunnel = &mut bench.tunnel;
        let request = match call {
            Call::Send(number, len) => {
                // The bodies of all attempts differ, and each says whose it is.
                let mark = u8::try_from(number % 251).unwrap();
                let body = Bytes::from(vec![mark; len]);
                Some((
                    number,
                    Request::Send {
                        sequence: Sequence::new(number),
                        body,
                    },
                ))
            }
            Call::Idle(number) => Some((
                number,
                Request::Idle {
                    sequence: Sequence::new(number),
                },
            )),
            Call::Close(number) => {
                let sequence = number.map(Sequence::new);
                Some((u64::MAX, Request::Close { sequence }))
            }
            Call::Disconnect(id) => {
                if ledger.asked.contains_key(&id) && !ledger.replied.contains(&id) {
                    ledger.cut_off.insert(id);
                }
                tunnel.handle_disconnect(now, RequestId::new(id));
                None
            }
            Call::Pipelined(id) => {
                tunnel.handle_pipelined(now, RequestId::new(id));
                None
            }
            Call::Write(len) => {
                written = written.wrapping_add(1);
                let room = tunnel.writable();
                let taken = tunnel.write(now, &mut Bytes::from(vec![written; len]));
                assert_eq!(taken, room.min(len));
                None
            }
            Call::ServerClose => {
                tunnel.close(now);
                None
            }
            Call::Take => {
                while let Some(bytes) = tunnel.poll_received(now) {
                    assert!(bytes.iter().all(|byte| *byte == bytes[0]), "whole bodies");
                    ledger.taken.push(bytes[0]);
                }
                None
            }
            Call::Reply => {
                while let Some((id, reply)) = tunnel.poll_reply(now) {
                    ledger.reply(id, &reply);
                }
                assert!(tunnel.poll_timeout().is_none_or(|due| due > now));
                None
            }
            Call::Wait(ms) => {
                bench.now += Duration::from_millis(ms);
                tunnel.handle_timeout(bench.now);
                None
            }
        };
        if let Some((number, request)) = request {
            ledger.asked.insert(id, number);
            tunnel.handle_request(now, RequestId::new(id), request);
        }
        let most = limits::AHEAD_BYTES + limits::RECEIVED_BYTES + 2 * limits::SEND_BODY_UNPROVEN;
        let most = most + limits::QUEUE_BYTES + limits::CACHED_ALWAYS * limits::REPLY_BYTES_MAX;
        assert!(bench.tunnel.held_bytes() <= most);
    }
    bench.now += Duration::from_mins(5);
    bench.tunnel.handle_timeout(bench.now);
    while let Some((id, reply)) = bench.tunnel.poll_reply(bench.now) {
        ledger.reply(id, &reply);
    }
    assert!(
        matches!(bench.tunnel.state(), State::Closed(_)),
        "every session ends"
    );
    assert_eq!(bench.tunnel.poll_timeout(), None);
    for id in ledger.asked.keys() {
        assert!(
            ledger.replied.contains(id) || ledger.cut_off.contains(id),
            "{id} has no reply"
        );
    }
    let in_order = ledger.taken.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(
        in_order,
        "bodies come out in the order of their numbers, each once"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_calls_breaks_a_promise(calls in prop::collection::vec(call(), 0..300)) {
        play(calls);
    }
}
