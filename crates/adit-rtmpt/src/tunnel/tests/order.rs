use super::*;

#[test]
fn a_session_may_begin_with_number_zero() {
    let mut bench = Bench::new();
    let first = bench.send(0, b"a");
    bench.check(first, EMPTY);
    let second = bench.send(1, b"b");
    bench.check(second, EMPTY);
    assert_eq!(bench.received(), b"ab");
}

#[test]
fn a_session_may_begin_with_number_one() {
    let mut bench = Bench::new();
    let first = bench.send(1, b"a");
    bench.check(first, None);
    bench.wait(249);
    assert_eq!(bench.received(), b"");
    bench.wait(1);
    bench.check(first, EMPTY);
    bench.send(2, b"b");
    assert_eq!(bench.received(), b"ab");
}

#[test]
fn a_number_one_that_overtook_number_zero_waits_for_it() {
    let mut bench = Bench::new();
    let second = bench.send(1, b"b");
    bench.wait(200);
    let first = bench.send(0, b"a");
    bench.check(first, EMPTY);
    bench.check(second, EMPTY);
    assert_eq!(bench.received(), b"ab");
    assert_eq!(bench.tunnel.counters().reordered, 1);
}

#[test]
fn data_in_number_zero_after_the_beginning_with_one_ends_the_session() {
    let mut bench = Bench::new();
    bench.send(1, b"b");
    bench.wait(250);
    let late = bench.send(0, b"a");
    bench.check(late, END);
    assert_eq!(bench.reason(), Some(CloseReason::MissedFirst));
    assert_eq!(bench.received(), b"b");
}

#[test]
fn an_idle_zero_after_the_beginning_with_one_is_just_late() {
    let mut bench = Bench::new();
    bench.send(1, b"b");
    bench.wait(250);
    let late = bench.idle(0);
    bench.check(late, EMPTY);
    assert_eq!(bench.tunnel.state(), State::Open);
}

#[test]
fn no_session_begins_with_number_two() {
    let mut bench = Bench::new();
    let request = bench.send(2, b"c");
    bench.wait(4_999);
    assert_eq!(bench.tunnel.state(), State::Open);
    bench.wait(1);
    assert_eq!(bench.reason(), Some(CloseReason::Hole { missing: 0 }));
    bench.check(request, EMPTY);
}

#[test]
fn swapped_sends_are_put_right_and_answered_in_order() {
    let mut bench = Bench::new();
    let a = bench.send(0, b"a");
    bench.check(a, EMPTY);
    let c = bench.send(2, b"c");
    bench.check(c, None);
    let b = bench.send(1, b"b");
    assert_eq!(bench.received(), b"abc");
    bench.check(b, EMPTY);
    bench.check(c, EMPTY);
}

#[test]
fn data_goes_to_the_lowest_unanswered_number() {
    let mut bench = Bench::with(|config| config.reply.bytes = 2);
    let c = bench.idle(2);
    let b = bench.idle(1);
    bench.write(b"wxyz");
    bench.check(b, None);
    bench.check(c, None);
    let a = bench.idle(0);
    bench.check(a, &b"\x01wx"[..]);
    bench.check(b, &b"\x01yz"[..]);
    bench.check(c, None);
    bench.write(b"!");
    bench.check(c, &b"\x01!"[..]);
}

#[test]
fn thirty_two_numbers_ahead_wait_and_the_next_one_ends_the_session() {
    let mut bench = Bench::new();
    bench.send(0, b"0");
    for number in (2..=33).rev() {
        bench.send(number, &[u8::try_from(number).unwrap()]);
    }
    assert_eq!(bench.tunnel.state(), State::Open);
    bench.send(1, &[1]);
    let expected: Vec<u8> = std::iter::once(b'0').chain(1..=33).collect();
    assert_eq!(bench.received(), expected);

    let mut bench = Bench::new();
    bench.send(0, b"0");
    let waits = bench.send(33, b"");
    let beyond = bench.send(34, b"");
    bench.check(waits, END);
    bench.check(beyond, END);
    let reason = CloseReason::TooFarAhead {
        sequence: 34,
        expected: 1,
    };
    assert_eq!(bench.reason(), Some(reason));
    assert_eq!(reason.fault(), Fault::Peer);
}

#[test]
fn a_number_without_end_is_too_far_ahead() {
    let mut bench = Bench::new();
    bench.send(0, b"0");
    let beyond = bench.send(u64::MAX, b"");
    bench.check(beyond, END);
}

#[test]
fn a_hole_ends_the_session_after_five_seconds() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    bench.send(2, b"c");
    bench.wait(4_999);
    assert_eq!(bench.tunnel.state(), State::Open);
    bench.wait(1);
    assert_eq!(bench.reason(), Some(CloseReason::Hole { missing: 1 }));
    assert_eq!(bench.received(), b"a");
}

#[test]
fn each_hole_has_its_own_five_seconds() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    bench.send(2, b"c");
    bench.send(4, b"e");
    bench.wait(4_000);
    bench.send(1, b"b");
    bench.wait(4_000);
    bench.send(3, b"d");
    assert_eq!(bench.received(), b"abcde");
    bench.wait(10_000);
    assert_eq!(bench.tunnel.state(), State::Open);
}

#[test]
fn before_the_handshake_256_kilobytes_wait_ahead_and_not_one_byte_more() {
    for (extra, reason) in [
        (0, None),
        (1, Some(CloseReason::TooManyBytesAhead { missing: 0 })),
    ] {
        let mut bench = Bench::new();
        for number in 1..=4 {
            bench.send(number + 1, &vec![0; limits::SEND_BODY_UNPROVEN]);
        }
        bench.send(10, &vec![0; extra]);
        assert_eq!(bench.reason(), reason);
        assert!(bench.tunnel.held_bytes() <= limits::AHEAD_BYTES_UNPROVEN);
    }
}

#[test]
fn after_the_handshake_two_megabytes_wait_ahead_and_not_one_byte_more() {
    for (extra, reason) in [
        (0, None),
        (1, Some(CloseReason::TooManyBytesAhead { missing: 2 })),
    ] {
        let mut bench = Bench::proven();
        for number in 3..=34 {
            bench.send(
                number,
                &vec![0; limits::AHEAD_BYTES / 32 - usize::from(number == 34)],
            );
        }
        assert_eq!(bench.tunnel.state(), State::Open);
        let mut bench = Bench::proven();
        bench.send(3, &vec![0; limits::AHEAD_BYTES + extra]);
        assert_eq!(bench.reason(), reason);
        assert!(reason.is_none_or(|reason| reason.fault() == Fault::Limit));
    }
}

#[test]
fn a_window_of_posts_from_a_publishing_ffmpeg_fits() {
    let mut bench = Bench::proven();
    for number in (2..=34).rev() {
        bench.send(number, &vec![0; 44_320]);
    }
    assert_eq!(bench.received().len(), 33 * 44_320);
}

#[test]
fn a_body_at_the_limit_is_taken_and_a_longer_one_ends_the_session() {
    for (extra, reason) in [(0, None), (1, Some(CloseReason::BodyTooLong))] {
        let mut bench = Bench::new();
        assert_eq!(bench.tunnel.send_limit(), limits::SEND_BODY_UNPROVEN);
        bench.send(0, &vec![0; limits::SEND_BODY_UNPROVEN + extra]);
        assert_eq!(bench.reason(), reason);

        let mut bench = Bench::proven();
        assert_eq!(bench.tunnel.send_limit(), limits::SEND_BODY);
        bench.send(2, &vec![0; limits::SEND_BODY + extra]);
        assert_eq!(bench.reason(), reason);
    }
}

#[test]
fn a_retry_of_a_request_ahead_of_a_hole_does_not_wait_again() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    let lost = bench.send(2, b"c");
    bench.wait(300);
    bench.disconnect(lost);
    bench.wait(200);
    let again = bench.send(2, b"c");
    bench.check(again, EMPTY);
}

#[test]
fn a_request_ahead_of_a_hole_gets_an_empty_reply_after_half_a_second() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    let c = bench.send(2, b"c");
    bench.write(b"for number 1");
    bench.wait(499);
    bench.check(c, None);
    bench.wait(1);
    bench.check(c, EMPTY);
    let b = bench.send(1, b"b");
    bench.check(b, &b"\x01for number 1"[..]);
    assert_eq!(bench.received(), b"abc");
    assert_eq!(bench.tunnel.counters().answered_early, 1);
    let again = bench.send(2, b"c");
    bench.check(again, EMPTY);
    assert_eq!(bench.received(), b"");
}

#[test]
fn a_request_ahead_of_a_hole_is_answered_when_more_comes_behind_it() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    let c = bench.send(2, b"c");
    bench.pipelined(c);
    bench.check(c, EMPTY);
    bench.send(1, b"b");
    assert_eq!(bench.received(), b"abc");
}

#[test]
fn a_close_ahead_of_a_hole_waits_for_its_turn() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    let close = bench.close(2);
    bench.check(close, None);
    bench.wait(500);
    bench.check(close, END);
    assert_eq!(bench.tunnel.state(), State::Open);
    bench.send(1, b"b");
    assert_eq!(bench.reason(), Some(CloseReason::Peer));
    assert_eq!(bench.received(), b"ab");
}

#[test]
fn a_close_without_a_number_comes_after_all_that_were_seen() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    bench.send(2, b"c");
    let close = bench.close(None);
    let again = bench.close(None);
    bench.check(close, None);
    bench.send(1, b"b");
    bench.check(close, END);
    bench.check(again, END);
    assert_eq!(bench.received(), b"abc");
    assert_eq!(bench.reason(), Some(CloseReason::Peer));
}

#[test]
fn a_close_with_a_number_that_cannot_be_its_own_is_a_close_all_the_same() {
    for number in [0, 1, 1000, u64::MAX] {
        let mut bench = Bench::new();
        bench.send(0, b"a");
        bench.send(1, b"b");
        let close = bench.close(number);
        bench.check(close, END);
        assert_eq!(bench.reason(), Some(CloseReason::Peer), "{number}");
    }
}

#[test]
fn a_session_can_be_closed_before_anything_else() {
    let mut bench = Bench::new();
    let close = bench.close(None);
    bench.check(close, END);
    assert_eq!(bench.reason(), Some(CloseReason::Peer));
}

/// Feeds two sends of which nobody takes the bytes; says whether the second one had to wait.
fn second_waits(first_len: usize) -> bool {
    let mut bench = Bench::proven();
    for (number, len) in [(2, first_len), (3, 1)] {
        let body = Bytes::from(vec![7; len]);
        let request = Request::Send {
            sequence: Sequence::new(number),
            body,
        };
        bench
            .tunnel
            .handle_request(bench.now, RequestId::new(100 + number), request);
        bench.drain_replies();
    }
    bench.check(RequestId::new(102), EMPTY);
    bench.wait_without_taking(20_000);
    assert_eq!(bench.tunnel.state(), State::Open);
    let waits = bench.reply(RequestId::new(103)).is_none();
    bench.drain();
    assert_eq!(bench.reply(RequestId::new(103)).is_some(), waits);
    assert_eq!(bench.received().len(), first_len + 1);
    waits
}

#[test]
fn requests_wait_while_a_megabyte_is_not_taken() {
    assert!(!second_waits(limits::RECEIVED_BYTES - 1));
    assert!(second_waits(limits::RECEIVED_BYTES));
}

/// Feeds so many sends of one byte each and one more, of which nobody takes the bytes; says whether the last one had to
/// wait.
fn one_more_waits(bodies: usize) -> bool {
    let mut bench = Bench::proven();
    let last = 2 + bodies as u64;
    for number in 2..=last {
        let request = Request::Send {
            sequence: Sequence::new(number),
            body: Bytes::from_static(&[7]),
        };
        bench
            .tunnel
            .handle_request(bench.now, RequestId::new(100 + number), request);
        bench.drain_replies();
    }
    bench.check(RequestId::new(99 + last), EMPTY);
    let waits = bench.reply(RequestId::new(100 + last)).is_none();
    bench.drain();
    assert_eq!(bench.reply(RequestId::new(100 + last)).is_some(), waits);
    assert_eq!(bench.received().len(), bodies + 1);
    waits
}

#[test]
fn requests_wait_while_a_thousand_short_bodies_are_not_taken() {
    assert!(!one_more_waits(limits::RECEIVED_BODIES - 1));
    assert!(one_more_waits(limits::RECEIVED_BODIES));
}

impl Bench {
    fn wait_without_taking(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.tunnel.poll_timeout().filter(|due| *due <= end) {
            self.now = due;
            self.tunnel.handle_timeout(due);
            self.drain_replies();
        }
        self.now = end;
    }
}
