use super::*;

#[test]
fn an_answered_number_is_answered_again_with_the_same_bytes_and_never_fed_twice() {
    let mut bench = Bench::new();
    bench.write(b"data");
    let first = bench.send(0, b"a");
    bench.check(first, &b"\x01data"[..]);
    bench.write(b"more");
    let again = bench.send(0, b"a");
    bench.check(again, &b"\x01data"[..]);
    assert_eq!(bench.received(), b"a");
    assert_eq!(bench.tunnel.counters().duplicates, 1);
}

#[test]
fn a_duplicate_with_another_body_or_verb_is_still_a_duplicate() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    let other = bench.send(0, b"something else");
    bench.check(other, EMPTY);
    let idle = bench.idle(0);
    bench.check(idle, EMPTY);
    assert_eq!(bench.received(), b"a");
}

#[test]
fn both_copies_of_a_held_idle_get_the_same_reply() {
    let mut bench = Bench::new();
    let first = bench.idle(0);
    let second = bench.idle(0);
    bench.write(b"data");
    bench.check(first, &b"\x01data"[..]);
    bench.check(second, &b"\x01data"[..]);
    let third = bench.idle(0);
    bench.check(third, &b"\x01data"[..]);
}

#[test]
fn both_copies_of_a_request_ahead_of_a_hole_get_the_same_reply() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    let first = bench.send(2, b"c");
    let second = bench.send(2, b"c");
    bench.send(1, b"b");
    bench.check(first, EMPTY);
    bench.check(second, EMPTY);
    assert_eq!(bench.received(), b"abc");
}

#[test]
fn a_copy_of_an_early_answer_is_answered_at_once() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    let first = bench.send(2, b"c");
    bench.pipelined(first);
    let second = bench.send(2, b"c");
    bench.check(second, EMPTY);
}

#[test]
fn four_copies_may_wait_and_a_fifth_is_turned_away() {
    for number in [0, 3] {
        let mut bench = Bench::new();
        let copies: Vec<_> = (0..limits::WAITERS).map(|_| bench.idle(number)).collect();
        let surplus = bench.idle(number);
        bench.check(surplus, &[][..]);
        assert_eq!(bench.tunnel.counters().superseded, 1);
        bench.close(None);
        bench.wait(5_000);
        for copy in copies {
            assert!(bench.reply(copy).is_some());
        }
    }
}

#[test]
fn a_retry_after_a_lost_reply_gets_the_lost_bytes() {
    let mut bench = Bench::new();
    let lost = bench.idle(0);
    bench.write(b"data");
    assert!(bench.reply(lost).is_some());
    bench.disconnect(lost);
    let retry = bench.idle(0);
    bench.check(retry, &b"\x01data"[..]);
}

#[test]
fn data_that_comes_while_nobody_waits_is_kept_for_the_retry() {
    let mut bench = Bench::new();
    let gone = bench.idle(0);
    bench.disconnect(gone);
    bench.write(b"data");
    bench.wait(1_000);
    let retry = bench.idle(0);
    bench.check(retry, &b"\x01data"[..]);
    bench.check(gone, None);
}

#[test]
fn a_retry_of_a_held_idle_is_held_anew() {
    let mut bench = Bench::new();
    let gone = bench.idle(0);
    bench.wait(500);
    bench.disconnect(gone);
    let retry = bench.idle(0);
    bench.wait(511);
    bench.check(retry, None);
    bench.wait(1);
    bench.check(retry, EMPTY);
}

#[test]
fn data_goes_to_the_next_number_when_the_client_gave_one_up() {
    let mut bench = Bench::new();
    let gone = bench.idle(0);
    bench.disconnect(gone);
    bench.write(b"data");
    let next = bench.idle(1);
    bench.check(next, &b"\x01data"[..]);
    let late = bench.idle(0);
    bench.check(late, EMPTY);
}

#[test]
fn a_body_whose_connection_is_gone_still_counts() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    let gone = bench.send(2, b"c");
    bench.disconnect(gone);
    bench.send(1, b"b");
    assert_eq!(bench.received(), b"abc");
    let retry = bench.send(2, b"c");
    bench.check(retry, EMPTY);
    assert_eq!(bench.received(), b"");
}

#[test]
fn a_reply_that_was_ready_for_a_lost_connection_is_kept_for_the_retry() {
    let mut bench = Bench::new();
    let request = Request::Send {
        sequence: Sequence::new(0),
        body: Bytes::new(),
    };
    bench.tunnel.write(bench.now, &mut &b"data"[..]);
    bench
        .tunnel
        .handle_request(bench.now, RequestId::new(50), request);
    bench.tunnel.handle_timeout(bench.now);
    bench
        .tunnel
        .handle_disconnect(bench.now, RequestId::new(50));
    bench.drain();
    bench.check(RequestId::new(50), None);
    let retry = bench.send(0, b"");
    bench.check(retry, &b"\x01data"[..]);
}

#[test]
fn a_number_beyond_the_kept_replies_gets_the_poll_byte_alone() {
    let mut bench = Bench::new();
    bench.write(b"data");
    for number in 0..=limits::CACHED_REPLIES as u64 {
        bench.send(number, b"x");
    }
    bench.received();
    let kept = bench.send(1, b"x");
    bench.check(kept, EMPTY);
    assert_eq!(bench.tunnel.counters().stale, 0);
    let stale = bench.send(0, b"x");
    bench.check(stale, EMPTY);
    assert_eq!(bench.tunnel.counters().stale, 1);
    assert_eq!(bench.received(), b"");
}

#[test]
fn copies_after_the_end_get_what_was_answered() {
    let mut bench = Bench::new();
    bench.write(b"data");
    bench.idle(0);
    bench.close(1);
    let data = bench.idle(0);
    bench.check(data, &b"\x01data"[..]);
    let close = bench.close(1);
    bench.check(close, END);
    let beyond = bench.idle(2);
    bench.check(beyond, END);
}
