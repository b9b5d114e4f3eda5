use super::*;
use crate::client::limits;

#[test]
fn first_bytes_go_at_once_and_later_ones_together_after_20_ms() {
    let mut bench = Bench::opened();
    bench.write(b"a");
    assert_eq!(bench.expect(Lane::First, "/send/Sid_1/0").body, "a");
    bench.answer(Lane::First, b"\x01");
    bench.write(b"b");
    bench.wait(10);
    bench.write(b"c");
    bench.wait(9);
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
fn enough_bytes_do_not_wait() {
    let check = |len: usize, goes: bool| {
        let mut bench = Bench::opened();
        bench.write(b"a");
        bench.answer(Lane::First, b"\x01");
        bench.write(&vec![7; len]);
        assert_eq!(bench.asked.len(), usize::from(goes), "{len}");
    };
    check(limits::COALESCE_BYTES - 1, false);
    check(limits::COALESCE_BYTES, true);
}

#[test]
fn one_send_is_under_way_at_a_time() {
    let mut bench = Bench::ordered();
    bench.write(&[1; 10_000]);
    bench.wait(20);
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
        bench.wait(20);
        let request = bench.expect(Lane::First, &format!("/send/Sid_1/{number}"));
        assert_eq!(request.body.len(), 1_000);
        arrived.extend_from_slice(&request.body);
        bench.answer(Lane::First, b"\x01");
    }
    assert_eq!(arrived, data);
    assert_eq!(bench.tunnel.counters().sent_bytes, 4_000);
    assert_eq!(bench.tunnel.counters().halved, 2);
    bench.write(&[5; 1_001]);
    bench.wait(20);
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
            let (_, request) = bench
                .asked
                .iter()
                .find(|(lane, _)| *lane == Lane::First)
                .unwrap();
            longest = longest.max(request.body.len());
            bench.answer(Lane::First, b"\x01");
            if bench.asked.iter().any(|(lane, _)| *lane == Lane::Second) {
                bench.answer(Lane::Second, b"\x01");
            }
        }
        assert_eq!(longest, most);
    };
    check(ServerKind::Unknown, limits::SEND_BYTES_MAX_UNKNOWN);
    check(ServerKind::Orders, limits::SEND_BYTES_MAX);
}
