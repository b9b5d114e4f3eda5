use super::*;
use crate::client::limits;
use crate::interval::PollByte;

/// How long after an empty reply to an idle, given after `took` ms, the next idle comes.
#[track_caller]
fn check_pause(poll: u8, took: u64, expected_ms: u64) {
    let mut bench = Bench::opened();
    bench.wait(100);
    bench.expect(Lane::First, "/idle/Sid_1/0");
    bench.wait(took);
    bench.answer(Lane::First, &[poll]);
    if expected_ms > 0 {
        bench.wait(expected_ms - 1);
        bench.expect_quiet(Lane::First);
        bench.wait(1);
    }
    bench.expect(Lane::First, "/idle/Sid_1/1");
}

#[test]
fn the_poll_byte_is_obeyed_with_a_floor() {
    check_pause(0x01, 0, 10);
    check_pause(0x02, 0, 16);
    check_pause(0x03, 1, 32);
    check_pause(0x21, 0, 512);
    check_pause(0xFF, 0, 4064);
}

#[test]
fn no_poll_byte_asks_for_more_than_the_cap() {
    assert_eq!(PollByte::LONGEST.pause(), limits::POLL_CAP);
}

#[test]
fn after_a_held_idle_the_next_one_goes_at_once() {
    check_pause(0x21, 199, 512);
    check_pause(0x21, 200, 0);
    check_pause(0xFF, 512, 0);
}

#[test]
fn while_data_flows_the_next_idle_goes_at_once() {
    let mut bench = Bench::opened();
    bench.wait(100);
    for number in 0..5 {
        bench.expect(Lane::First, &format!("/idle/Sid_1/{number}"));
        bench.answer(Lane::First, b"\x21data");
    }
    assert_eq!(bench.received, b"data".repeat(5));
}

//
#[test]
fn a_zero_byte_with_data_behind_it_is_no_end() {
    let mut bench = Bench::opened();
    bench.wait(100);
    bench.answer(Lane::First, b"\x00data");
    assert_eq!(*bench.tunnel.state(), ClientState::Open);
    assert_eq!(bench.received, b"data");
}

//
#[test]
fn with_one_lane_nothing_is_asked_before_the_reply() {
    let mut bench = Bench::opened();
    bench.wait(100);
    bench.expect(Lane::First, "/idle/Sid_1/0");
    bench.write(&vec![1; 20_000]);
    bench.wait(100);
    bench.expect(Lane::First, "/idle/Sid_1/0");
    bench.expect_quiet(Lane::Second);
    bench.answer(Lane::First, b"\x01");
    bench.expect(Lane::First, "/send/Sid_1/1");
    bench.expect_quiet(Lane::Second);
}

#[test]
fn with_one_lane_no_idle_gets_in_the_way_of_bytes_that_wait() {
    let mut bench = Bench::opened();
    bench.write(b"a");
    bench.answer(Lane::First, b"\x01");
    bench.wait(5);
    bench.write(b"b");
    bench.wait(30);
    assert_eq!(bench.expect(Lane::First, "/send/Sid_1/1").body, "b");
}

#[test]
fn with_two_lanes_an_idle_is_parked_beside_the_sends() {
    let mut bench = Bench::ordered();
    bench.expect(Lane::Second, "/idle/Sid_1/1");
    bench.wait(50);
    bench.write(b"y");
    bench.expect(Lane::First, "/send/Sid_1/2");
    bench.expect(Lane::Second, "/idle/Sid_1/1");
    // The server lets go of the idle because of the send, and the next one is parked at once.
    bench.answer(Lane::Second, b"\x21");
    bench.expect(Lane::Second, "/idle/Sid_1/3");
}

/// How many idles are parked after data came down, on a line with such a round trip.
#[track_caller]
fn check_parked(round_trip: u64, expected: usize) {
    let mut bench = Bench::new();
    bench.wait(round_trip);
    bench.open(ServerKind::Orders);
    bench.write(b"play");
    bench.wait(round_trip);
    bench.answer(Lane::First, b"\x01");
    bench.wait(round_trip);
    assert_eq!(bench.tunnel.lanes.of(Verb::Idle).count(), 1);
    bench.answer(Lane::Second, b"\x01data");
    assert_eq!(
        bench.tunnel.lanes.of(Verb::Idle).count(),
        expected,
        "{round_trip}"
    );
}

#[test]
fn while_data_flows_more_idles_are_parked_the_longer_the_line() {
    check_parked(0, 1);
    check_parked(19, 1);
    check_parked(20, 2);
    check_parked(39, 2);
    check_parked(40, 3);
    check_parked(59, 3);
    check_parked(60, limits::IDLES);
    check_parked(400, limits::IDLES);
}

#[test]
fn when_nothing_flows_one_idle_is_parked_again() {
    let mut bench = Bench::new();
    bench.wait(40);
    bench.open(ServerKind::Orders);
    bench.write(b"play");
    bench.wait(40);
    bench.answer(Lane::First, b"\x01data");
    assert_eq!(bench.asked.len(), 3);
    for _ in 0..3 {
        bench.wait(512);
        for (lane, _) in bench.asked.clone() {
            bench.answer(lane, b"\x01");
        }
    }
    assert_eq!(bench.asked.len(), 1);
    bench.expect(Lane::Second, "/idle/Sid_1/8");
}

#[test]
fn the_first_number_is_asked_alone() {
    let mut bench = Bench::new();
    bench.open(ServerKind::Orders);
    bench.write(b"C0C1");
    bench.wait(400);
    bench.expect(Lane::First, "/send/Sid_1/0");
    bench.expect_quiet(Lane::Second);
    bench.answer(Lane::First, b"\x01S0S1S2");
    bench.expect(Lane::Second, "/idle/Sid_1/1");
}

#[test]
fn five_numbers_are_open_at_most() {
    let mut bench = Bench::ordered();
    bench.expect(Lane::Second, "/idle/Sid_1/1");
    for number in 2..=5 {
        bench.write(b"y");
        bench.wait(35);
        bench.expect(Lane::First, &format!("/send/Sid_1/{number}"));
        bench.answer(Lane::First, b"\x01");
    }
    bench.write(b"y");
    bench.wait(100);
    bench.expect_quiet(Lane::First);
    bench.answer(Lane::Second, b"\x01");
    bench.expect(Lane::First, "/send/Sid_1/6");
}

#[test]
fn data_in_a_later_reply_waits_for_the_earlier_one() {
    let mut bench = Bench::ordered();
    bench.expect(Lane::Second, "/idle/Sid_1/1");
    bench.wait(35);
    bench.write(b"y");
    bench.answer(Lane::First, b"\x01second");
    assert_eq!(bench.received, b"");
    bench.answer(Lane::Second, b"\x01first ");
    assert_eq!(bench.received, b"first second");
    assert_eq!(bench.tunnel.counters().reordered, 1);
}

#[test]
fn sends_that_follow_each_other_need_no_idles() {
    let mut bench = Bench::ordered();
    for _ in 0..500 {
        bench.write(b"frame");
        bench.wait(35);
        bench.answer(Lane::First, b"\x01");
        // The send overtook the parked idle, if there was one.
        if bench.asked.iter().any(|(lane, _)| *lane == Lane::Second) {
            bench.answer(Lane::Second, b"\x01");
        }
    }
    let counters = *bench.tunnel.counters();
    assert_eq!(counters.sends, 501);
    assert!(counters.idles < 20, "{counters:?}");
    // When the sends stop, an idle is parked again.
    bench.wait(100);
    assert_eq!(bench.tunnel.lanes.of(Verb::Idle).count(), 1);
}

#[test]
fn downstream_bytes_nobody_takes_stop_the_asking() {
    let check = |bytes: usize, asks: bool| {
        let mut bench = Bench::with(|config| config.memory.received_bytes = bytes);
        bench.open(ServerKind::Unknown);
        bench.wait(100);
        let reply = Reply::new(200, Bytes::from(vec![1; 1001]));
        bench.tunnel.handle_reply(bench.now, Lane::First, reply);
        assert_eq!(bench.tunnel.poll_request(bench.now).is_some(), asks);
        assert!(bench.tunnel.poll_received().is_some());
        assert_eq!(bench.tunnel.poll_request(bench.now).is_some(), !asks);
    };
    check(1000, false);
    check(1001, true);
}

#[test]
fn so_do_short_replies_nobody_takes() {
    let mut bench = Bench::opened();
    bench.wait(100);
    for _ in 1..limits::RECEIVED_REPLIES {
        let reply = Reply::new(200, Bytes::from_static(b"\x01x"));
        bench.tunnel.handle_reply(bench.now, Lane::First, reply);
        assert!(bench.tunnel.poll_request(bench.now).is_some());
    }
    let reply = Reply::new(200, Bytes::from_static(b"\x01x"));
    bench.tunnel.handle_reply(bench.now, Lane::First, reply);
    assert!(bench.tunnel.poll_request(bench.now).is_none());
    assert!(bench.tunnel.poll_received().is_some());
    assert!(bench.tunnel.poll_request(bench.now).is_some());
}

/// Idles in a minute of a server that answers every one empty after `hold` ms.
fn idles_in_a_minute(poll: u8, hold: u64, server: ServerKind) -> u64 {
    let mut bench = Bench::new();
    bench.open(server);
    bench.wait(100);
    let end = bench.now + Duration::from_mins(1);
    while bench.now < end {
        bench.wait(hold.max(1));
        if let Some((lane, _)) = bench.asked.first().cloned() {
            bench.answer(lane, &[poll]);
        }
    }
    bench.tunnel.counters().idles
}

#[test]
fn requests_are_few_when_nothing_happens() {
    let check = |poll, hold, server, most| {
        let idles = idles_in_a_minute(poll, hold, server);
        assert!((most / 2..=most).contains(&idles), "{idles}");
    };
    // A server that holds: about two a second.
    check(0x01, 512, ServerKind::Orders, 60 * 2);
    check(0x21, 512, ServerKind::Orders, 60 * 2);
    // One that does not, and never asks for a pause: the floor.
    check(0x01, 0, ServerKind::Unknown, 60 * 100);
    // One that asks for a pause.
    check(0x21, 0, ServerKind::Unknown, 60 * 2);
    check(0xFF, 0, ServerKind::Unknown, 16);
}
