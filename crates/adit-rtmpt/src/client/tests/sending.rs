use super::*;
use crate::client::limits;

#[test]
fn first_bytes_go_at_once_and_later_ones_together_after_35_ms() {
    let mut bench = Bench::opened();
    bench.write(b"a");
    assert_eq!(bench.expect(Lane::First, "/send/Sid_1/0").body, "a");
    bench.answer(Lane::First, b"\x01");
    bench.write(b"b");
    bench.wait(10);
    bench.write(b"c");
    bench.wait(24);
    bench.expect_quiet(Lane::First);
    bench.wait(1);
    assert_eq!(bench.expect(Lane::First, "/send/Sid_1/1").body, "bc");
}

#[test]
fn bytes_after_a_silence_go_at_once() {
    let mut bench = Bench::ordered();
    bench.wait(1_000);
    bench.write(b"ack");
    assert_eq!(bench.expect(Lane::First, "/send/Sid_1/2").body, "ack");
}

#[test]
fn enough_bytes_wait_a_quarter_as_long_and_a_full_send_not_at_all() {
    let check = |len: usize, ms: u64| {
        let mut bench = Bench::opened();
        bench.write(b"a");
        bench.answer(Lane::First, b"\x01");
        bench.write(&vec![7; len]);
        if ms > 0 {
            bench.wait(ms - 1);
            bench.expect_quiet(Lane::First);
            bench.wait(1);
        }
        assert_eq!(bench.asked.len(), 1, "{len}");
    };
    check(limits::COALESCE_BYTES - 1, 35);
    check(limits::COALESCE_BYTES, 9);
    check(limits::SEND_BYTES - 1, 9);
    check(limits::SEND_BYTES, 0);
}

#[test]
fn a_send_longer_than_any_before_sets_out_alone() {
    let mut bench = Bench::ordered();
    bench.write(&[1; 10_000]);
    bench.wait(35);
    bench.expect(Lane::First, "/send/Sid_1/2");
    bench.write(&[2; 10_000]);
    bench.wait(100);
    bench.expect(Lane::First, "/send/Sid_1/2");
    bench.answer(Lane::First, b"\x01");
    assert_eq!(
        bench.expect(Lane::First, "/send/Sid_1/3").body,
        [2; 10_000].as_slice()
    );
}

#[test]
fn the_queue_takes_its_limit_and_no_more() {
    let mut bench = Bench::new();
    let limit = limits::QUEUE_BYTES;
    assert_eq!(bench.tunnel.writable(), limit);
    assert_eq!(bench.write(&vec![1; limit + 1]), limit);
    assert_eq!(bench.tunnel.writable(), 0);
    assert_eq!(bench.write(b"x"), 0);
    assert_eq!(bench.tunnel.held_bytes(), limit + 1);
}

#[test]
fn a_413_halves_the_send_and_repeats_its_number() {
    let mut bench = Bench::opened();
    let data: Vec<u8> = (0..4_000_u32).map(|at| at.to_be_bytes()[3]).collect();
    bench.write(&data);
    bench.status(Lane::First, 413);
    assert_eq!(
        bench.expect(Lane::First, "/send/Sid_1/0").body,
        data[..2_000]
    );
    bench.status(Lane::First, 413);
    let mut arrived = Vec::new();
    for number in 0..4 {
        bench.wait(35);
        let request = bench.expect(Lane::First, &format!("/send/Sid_1/{number}"));
        assert_eq!(request.body.len(), 1_000);
        arrived.extend_from_slice(&request.body);
        bench.answer(Lane::First, b"\x01");
    }
    assert_eq!(arrived, data);
    assert_eq!(bench.tunnel.counters().sent_bytes, 4_000);
    assert_eq!(bench.tunnel.counters().halved, 2);
    bench.write(&[5; 1_001]);
    bench.wait(35);
    assert_eq!(bench.expect(Lane::First, "/send/Sid_1/4").body.len(), 1_000);
}

#[test]
fn sends_are_halved_down_to_a_limit() {
    let check = |len: usize, halved: bool| {
        let mut bench = Bench::opened();
        bench.write(&vec![1; len]);
        bench.status(Lane::First, 413);
        assert_eq!(*bench.tunnel.state() == ClientState::Open, halved, "{len}");
    };
    check(limits::SEND_BYTES_MIN, false);
    check(limits::SEND_BYTES_MIN + 1, true);
}

#[test]
fn a_413_after_a_lost_attempt_ends_the_tunnel() {
    let mut bench = Bench::opened();
    bench.write(&[1; 4_000]);
    bench.lose(Lane::First);
    bench.status(Lane::First, 413);
    bench.check_error(ClientError::TooLargeLate);
}

#[test]
fn sends_grow_while_more_waits_than_fits() {
    let check = |server, most: usize| {
        let mut bench = Bench::with(|config| config.memory.queue_bytes = 4 * 1024 * 1024);
        bench.open(server);
        let mut longest = 0;
        for number in 0..40 {
            bench.write(&vec![1; 4 * 1024 * 1024]);
            let request = bench.expect(Lane::First, &format!("/send/Sid_1/{number}"));
            assert!(number > 0 || request.body.len() == limits::SEND_BYTES);
            longest = longest.max(request.body.len());
            bench.answer(Lane::First, b"\x01");
            if bench.asked.iter().any(|(lane, _)| *lane == Lane::Second) {
                break;
            }
        }
        for _ in 0..20 {
            bench.write(&vec![1; 4 * 1024 * 1024]);
            for (lane, request) in bench.asked.clone() {
                longest = longest.max(request.body.len());
                bench.answer(lane, b"\x01");
            }
        }
        assert_eq!(longest, most);
    };
    check(ServerKind::Unknown, limits::SEND_BYTES_MAX_UNKNOWN);
    check(ServerKind::Orders, limits::SEND_BYTES_MAX);
}

/// A client that has sent 10,000 bytes in one send, and then parked an idle.
fn warm() -> Bench {
    let mut bench = Bench::ordered();
    bench.write(&[1; 10_000]);
    bench.wait(35);
    bench.expect(Lane::First, "/send/Sid_1/2");
    bench.answer(Lane::Second, b"\x01");
    bench.answer(Lane::First, b"\x01");
    bench.expect(Lane::Second, "/idle/Sid_1/3");
    bench.wait(35);
    bench
}

#[test]
fn sends_grow_even_if_there_is_always_one_under_way() {
    let mut bench = warm();
    bench.write(&[2; 1_000]);
    bench.wait(1);
    let mut longest = 0;
    for _ in 0..60 {
        bench.write(&vec![3; limits::QUEUE_BYTES]);
        bench.wait(1);
        let (lane, request) = bench.asked[0].clone();
        longest = longest.max(request.body.len());
        bench.answer(lane, b"\x01");
    }
    assert_eq!(longest, limits::SEND_BYTES_MAX);
}

#[test]
fn more_than_twice_as_much_as_was_ever_accepted_waits_until_it_can_go_alone() {
    let check = |len: usize, under_way: &[usize]| {
        let mut bench = warm();
        bench.write(&[2; 1_000]);
        bench.wait(1);
        bench.write(&vec![3; len]);
        bench.wait(35);
        let sends = bench.tunnel.lanes.of(Verb::Send);
        let lengths: Vec<usize> = sends.map(|send| send.body.len()).collect();
        assert_eq!(lengths, under_way, "{len}");
        bench.answer(Lane::First, b"\x01");
        let arrived: usize = bench
            .asked
            .iter()
            .filter(|(_, request)| request.verb == Verb::Send)
            .map(|(_, request)| request.body.len())
            .sum();
        assert_eq!(arrived, len, "{len}");
    };
    check(20_000, &[1_000, 10_000, 10_000]);
    check(20_001, &[1_000]);
}

#[test]
fn against_a_server_that_orders_a_send_does_not_wait_for_the_reply_to_the_one_before() {
    let mut bench = warm();
    for (lane, number) in [
        (Lane::First, 4),
        (Lane::Third, 5),
        (Lane::Fourth, 6),
        (Lane::Fifth, 7),
    ] {
        bench.write(&[2; 1_000]);
        bench.expect(lane, &format!("/send/Sid_1/{number}"));
        bench.wait(35);
    }
    // Five numbers are open.
    bench.write(&[2; 1_000]);
    bench.wait(100);
    assert_eq!(bench.asked.len(), 5);
    bench.answer(Lane::Second, b"\x01");
    bench.answer(Lane::Third, b"\x01");
    bench.expect(Lane::Second, "/idle/Sid_1/8");
    bench.expect_quiet(Lane::Third);
    bench.answer(Lane::First, b"\x01");
    bench.expect(Lane::First, "/send/Sid_1/9");
}

#[test]
fn bytes_beside_a_send_under_way_wait_a_little_even_if_they_are_many() {
    let mut bench = warm();
    bench.write(&[2; 9_000]);
    bench.expect(Lane::First, "/send/Sid_1/4");
    bench.write(&[3; 9_000]);
    bench.wait(8);
    bench.expect_quiet(Lane::Third);
    bench.wait(1);
    bench.expect(Lane::Third, "/send/Sid_1/5");
    // As many as were accepted before in one send do not wait.
    bench.write(&[4; 10_000]);
    assert_eq!(
        bench.expect(Lane::Fourth, "/send/Sid_1/6").body.len(),
        10_000
    );
}

#[test]
fn what_is_written_in_answer_to_something_goes_at_once() {
    let mut bench = Bench::opened();
    bench.write(b"question");
    bench.answer(Lane::First, b"\x01data");
    bench.write(b"answer");
    // The idle that was next when the data came.
    bench.expect(Lane::First, "/idle/Sid_1/1");
    bench.answer(Lane::First, b"\x01");
    bench.expect(Lane::First, "/send/Sid_1/2");
}

#[test]
fn as_much_as_was_answered_soon_is_under_way_together() {
    let check = |took: u64, together: usize| {
        let mut bench = Bench::ordered();
        let body = vec![1; limits::SEND_BYTES];
        bench.wait(35);
        bench.write(&body);
        bench.wait(took);
        bench.answer(Lane::Second, b"\x01");
        bench.answer(Lane::First, b"\x01");
        for _ in 0..4 {
            bench.write(&body);
            bench.wait(35);
        }
        let sends = bench.tunnel.lanes.of(Verb::Send).count();
        assert_eq!(sends, together, "{took}");
    };
    check(999, 3);
    check(1_000, 1);
}

#[test]
fn a_413_for_a_send_that_others_have_followed_ends_the_tunnel() {
    let mut bench = warm();
    bench.write(&[2; 1_000]);
    bench.write(&[3; 10_000]);
    bench.expect(Lane::Third, "/send/Sid_1/5");
    bench.status(Lane::First, 413);
    bench.check_error(ClientError::TooLargeLate);
}

#[test]
fn a_413_for_the_last_of_several_sends_halves_it() {
    let mut bench = warm();
    bench.write(&[2; 1_000]);
    bench.write(&[3; 10_000]);
    bench.status(Lane::Third, 413);
    assert_eq!(bench.expect(Lane::Third, "/send/Sid_1/5").body.len(), 5_000);
    bench.wait(35);
    assert_eq!(
        bench.expect(Lane::Fourth, "/send/Sid_1/6").body.len(),
        5_000
    );
}
