use super::*;
use crate::client::limits;

#[test]
fn a_lost_reply_is_asked_for_once_more_on_a_fresh_connection() {
    let mut bench = Bench::opened();
    bench.write(b"abc");
    let first = bench.expect(Lane::First, "/send/Sid_1/0");
    bench.lose(Lane::First);
    let second = bench.expect(Lane::First, "/send/Sid_1/0");
    assert_eq!(second.body, first.body);
    assert_eq!(first.connection, Connection::Any);
    assert_eq!(second.connection, Connection::Fresh);
    bench.answer(Lane::First, b"\x01");
    assert_eq!(bench.tunnel.counters().retries, 1);
    // The next number has its own retry.
    bench.wait(10);
    bench.lose(Lane::First);
    bench.answer(Lane::First, b"\x01");
    bench.wait(10);
    bench.lose(Lane::First);
    bench.lose(Lane::First);
    bench.check_error(ClientError::ConnectionLost { verb: Verb::Idle });
}

#[test]
fn a_lost_open_is_repeated_once() {
    let mut bench = Bench::new();
    bench.lose(Lane::First);
    bench.lose(Lane::First);
    bench.check_error(ClientError::ConnectionLost { verb: Verb::Open });
}

#[test]
fn what_is_no_reply_at_all_is_named_when_the_fresh_connection_brings_none_either() {
    let check = |failure, expected| {
        let mut bench = Bench::new();
        bench.break_off(Lane::First, failure);
        bench.expect(Lane::First, "/open/1");
        bench.break_off(Lane::First, failure);
        bench.check_error(expected);
    };
    let verb = Verb::Open;
    check(LaneFailure::NotHttp, ClientError::NotHttp { verb });
    check(LaneFailure::HeadTooLong, ClientError::HeadTooLong { verb });
}

#[test]
fn silence_is_broken_by_a_fresh_connection_and_then_named() {
    let mut bench = Bench::opened();
    bench.write(b"abc");
    bench.wait(9_999);
    assert_eq!(bench.tunnel.counters().retries, 0);
    bench.wait(1);
    let again = bench.expect(Lane::First, "/send/Sid_1/0");
    assert_eq!(again.connection, Connection::Fresh);
    bench.wait(10_000);
    bench.check_error(ClientError::Silence {
        verb: Verb::Send,
        after: Duration::from_secs(10),
    });
}

#[test]
fn a_server_that_orders_is_asked_again_before_it_gives_up_on_the_number() {
    let mut bench = Bench::ordered();
    bench.expect(Lane::Second, "/idle/Sid_1/1");
    bench.wait(4_499);
    assert_eq!(bench.tunnel.counters().retries, 0);
    bench.wait(1);
    assert_eq!(
        bench.expect(Lane::Second, "/idle/Sid_1/1").connection,
        Connection::Fresh
    );
    assert!(limits::RETRY_AFTER > crate::limits::HOLD_MAX);
    assert!(limits::RETRY_AFTER < crate::limits::HOLE);
}

#[test]
fn progress_defers_the_end_but_not_for_ever() {
    let mut bench = Bench::opened();
    bench.write(b"abc");
    for _ in 0..59 {
        bench.wait(1_000);
        bench.tunnel.handle_progress(bench.now, Lane::First);
    }
    assert_eq!(bench.tunnel.counters().retries, 0);
    bench.wait(1_000);
    assert_eq!(bench.tunnel.counters().retries, 1);
}

#[test]
fn a_gateway_without_its_server_is_asked_again_after_a_pause() {
    for status in [408, 429, 502, 503, 504] {
        let mut bench = Bench::opened();
        bench.write(b"abc");
        bench.status(Lane::First, status);
        bench.wait(249);
        bench.expect_quiet(Lane::First);
        bench.wait(1);
        bench.expect(Lane::First, "/send/Sid_1/0");
        bench.status(Lane::First, status);
        let verb = Verb::Send;
        bench.check_error(ClientError::Unavailable { verb, status });
    }
}

#[test]
fn a_second_lane_that_does_not_work_is_done_without() {
    let mut bench = Bench::ordered();
    bench.expect(Lane::Second, "/idle/Sid_1/1");
    bench.wait(35);
    bench.write(b"y");
    bench.expect(Lane::First, "/send/Sid_1/2");
    bench.lose(Lane::Second);
    bench.lose(Lane::Second);
    bench.expect_quiet(Lane::Second);
    bench.answer(Lane::First, b"\x01second");
    bench.expect(Lane::First, "/idle/Sid_1/1");
    bench.answer(Lane::First, b"\x01first ");
    assert_eq!(bench.received, b"first second");
    bench.expect(Lane::First, "/idle/Sid_1/3");
    bench.expect_quiet(Lane::Second);
    assert_eq!(bench.tunnel.counters().lanes_lost, 1);
}

#[test]
fn a_number_is_asked_at_most_three_times_even_so() {
    let mut bench = Bench::ordered();
    bench.lose(Lane::Second);
    bench.lose(Lane::Second);
    bench.expect(Lane::First, "/idle/Sid_1/1");
    bench.lose(Lane::First);
    bench.check_error(ClientError::ConnectionLost { verb: Verb::Idle });
}

#[test]
fn a_third_lane_that_does_not_work_leaves_the_second() {
    let mut bench = Bench::ordered();
    for _ in 0..2 {
        bench.wait(35);
        bench.write(b"y");
    }
    bench.expect(Lane::First, "/send/Sid_1/2");
    bench.expect(Lane::Third, "/send/Sid_1/3");
    bench.lose(Lane::Third);
    bench.lose(Lane::Third);
    bench.expect_quiet(Lane::Third);
    bench.answer(Lane::Second, b"\x01");
    bench.answer(Lane::First, b"\x01");
    // The send comes home to the first lane, and idles stay on theirs.
    bench.expect(Lane::First, "/send/Sid_1/3");
    bench.answer(Lane::First, b"\x01");
    bench.wait(100);
    bench.expect(Lane::Second, "/idle/Sid_1/4");
    for _ in 0..2 {
        bench.write(b"z");
        bench.wait(35);
    }
    bench.expect_quiet(Lane::Third);
    assert_eq!(bench.tunnel.counters().lanes_lost, 1);
}

#[test]
fn what_is_missing_when_the_end_is_heard_is_asked_for_again_after_a_second() {
    let mut bench = Bench::ordered();
    bench.expect(Lane::Second, "/idle/Sid_1/1");
    bench.wait(35);
    bench.write(b"y");
    bench.answer(Lane::First, b"\x00");
    bench.wait(999);
    assert_eq!(bench.tunnel.counters().retries, 0);
    bench.wait(1);
    let again = bench.expect(Lane::Second, "/idle/Sid_1/1");
    assert_eq!(again.connection, Connection::Fresh);
    bench.answer(Lane::Second, b"\x01bye");
    bench.check_end(Ending::Server);
    assert_eq!(bench.received, b"bye");
}
