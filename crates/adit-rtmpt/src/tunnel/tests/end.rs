use super::*;

#[test]
fn a_close_is_answered_with_a_single_zero() {
    let mut bench = Bench::new();
    bench.send(0, b"a");
    bench.write(b"never fetched");
    let close = bench.close(1);
    bench.check(close, END);
    assert_eq!(bench.reason(), Some(CloseReason::Peer));
    assert_eq!(bench.tunnel.poll_timeout(), None);
}

#[test]
fn a_close_releases_a_held_idle_with_its_data_first() {
    let mut bench = Bench::with(|config| {
        config.reply.coalesce_bytes = 100;
        config.reply.coalesce_delay = Duration::from_millis(100);
    });
    let idle = bench.idle(0);
    bench.write(b"data");
    let close = bench.close(1);
    bench.check(idle, &b"\x01data"[..]);
    bench.check(close, END);
}

#[test]
fn received_bytes_can_be_taken_after_the_end() {
    let mut bench = Bench::new();
    let send = Request::Send {
        sequence: Sequence::new(0),
        body: Bytes::from_static(b"a"),
    };
    bench
        .tunnel
        .handle_request(bench.now, RequestId::new(1), send);
    let close = Request::Close { sequence: None };
    bench
        .tunnel
        .handle_request(bench.now, RequestId::new(2), close);
    assert!(matches!(bench.tunnel.state(), State::Closed(_)));
    bench.drain();
    assert_eq!(bench.received(), b"a");
}

#[test]
fn everything_written_is_delivered_before_the_end() {
    let mut bench = Bench::with(|config| {
        config.reply.bytes = 4;
        config.reply.bytes_max = 4;
    });
    bench.write(b"rejected");
    bench.server_close();
    assert_eq!(bench.tunnel.state(), State::Draining);
    assert_eq!(bench.tunnel.writable(), 0);
    let first = bench.idle(0);
    bench.check(first, &b"\x01reje"[..]);
    let second = bench.send(1, b"dropped");
    bench.check(second, &b"\x01cted"[..]);
    assert_eq!(bench.tunnel.state(), State::Draining);
    let third = bench.idle(2);
    bench.check(third, END);
    assert_eq!(bench.reason(), Some(CloseReason::Local));
    assert_eq!(bench.received(), b"");
}

#[test]
fn a_held_idle_hears_of_the_end_at_once() {
    let mut bench = Bench::new();
    let idle = bench.idle(0);
    bench.server_close();
    bench.check(idle, END);
    assert_eq!(bench.reason(), Some(CloseReason::Local));
}

#[test]
fn the_last_bytes_do_not_wait_to_be_coalesced() {
    let mut bench = Bench::with(|config| {
        config.reply.coalesce_bytes = 100;
        config.reply.coalesce_delay = Duration::from_secs(1);
    });
    let idle = bench.idle(0);
    bench.write(b"bye");
    bench.check(idle, None);
    bench.server_close();
    bench.check(idle, &b"\x01bye"[..]);
}

#[test]
fn requests_ahead_of_a_hole_hear_of_the_end_in_their_turn() {
    let mut bench = Bench::new();
    bench.write(b"bye");
    let second = bench.idle(1);
    let third = bench.idle(2);
    bench.server_close();
    let first = bench.idle(0);
    bench.check(first, &b"\x01bye"[..]);
    bench.check(second, END);
    bench.check(third, END);
}

#[test]
fn the_last_bytes_survive_a_lost_reply() {
    let mut bench = Bench::new();
    bench.write(b"bye");
    bench.server_close();
    let lost = bench.idle(0);
    assert!(bench.reply(lost).is_some());
    let retry = bench.idle(0);
    bench.check(retry, &b"\x01bye"[..]);
    let next = bench.idle(1);
    bench.check(next, END);
}

#[test]
fn draining_lasts_ten_seconds_from_the_last_progress() {
    let mut bench = Bench::with(|config| {
        config.reply.bytes = 1;
        config.reply.bytes_max = 1;
    });
    bench.write(b"abc");
    bench.server_close();
    bench.wait(9_000);
    bench.idle(0);
    bench.wait(9_000);
    let again = bench.idle(0);
    bench.check(again, &b"\x01a"[..]);
    bench.wait(999);
    assert_eq!(bench.tunnel.state(), State::Draining);
    bench.wait(1);
    assert_eq!(bench.reason(), Some(CloseReason::DrainTimeout));
}

#[test]
fn a_session_is_over_sixty_seconds_after_the_last_request() {
    let mut bench = Bench::new();
    bench.idle(0);
    bench.wait(59_999);
    assert_eq!(bench.tunnel.state(), State::Open);
    bench.wait(1);
    assert_eq!(bench.reason(), Some(CloseReason::Idle));
    let late = bench.idle(1);
    bench.check(late, END);
}

#[test]
fn a_session_that_is_never_used_ends_as_well() {
    let mut bench = Bench::new();
    bench.wait(60_000);
    assert_eq!(bench.reason(), Some(CloseReason::Idle));
}

#[test]
fn a_client_that_polls_lives_on() {
    let mut bench = Bench::new();
    for number in 0..100 {
        bench.idle(number);
        bench.wait(30_000);
    }
    assert_eq!(bench.tunnel.state(), State::Open);
}

#[test]
fn late_timers_are_caught_up_by_the_next_request() {
    let mut bench = Bench::new();
    bench.idle(0);
    bench.now += Duration::from_mins(2);
    let late = bench.idle(1);
    bench.check(late, END);
    assert_eq!(bench.reason(), Some(CloseReason::Idle));
}

#[test]
fn closing_twice_or_after_the_end_changes_nothing() {
    let mut bench = Bench::new();
    bench.close(None);
    bench.server_close();
    assert_eq!(bench.reason(), Some(CloseReason::Peer));
    let mut bench = Bench::new();
    bench.write(b"x");
    bench.server_close();
    bench.wait(5_000);
    bench.server_close();
    bench.wait(5_000);
    assert_eq!(bench.reason(), Some(CloseReason::DrainTimeout));
}

#[test]
fn a_client_may_close_while_the_server_drains() {
    let mut bench = Bench::new();
    bench.write(b"x");
    bench.server_close();
    let close = bench.close(0);
    bench.check(close, END);
    assert_eq!(bench.reason(), Some(CloseReason::Peer));
}

#[test]
fn an_ended_session_holds_only_what_may_be_asked_for_again() {
    let mut bench = Bench::new();
    bench.write(&[7; 5000]);
    bench.send(3, &[7; 5000]);
    bench.wait(5_000);
    assert_eq!(bench.reason(), Some(CloseReason::Hole { missing: 0 }));
    assert_eq!(bench.tunnel.held_bytes(), 0);
}

#[test]
fn reasons_name_whose_fault_they_are_in_plain_words() {
    for (reason, fault, text) in [
        (
            CloseReason::Peer,
            Fault::None,
            "peer: the client closed the tunnel",
        ),
        (
            CloseReason::Local,
            Fault::None,
            "local: the server closed the tunnel",
        ),
        (
            CloseReason::Idle,
            Fault::Peer,
            "idle: the client stopped polling",
        ),
        (
            CloseReason::Hole { missing: 5 },
            Fault::Peer,
            "hole: request 5 never arrived",
        ),
        (
            CloseReason::BodyTooLong,
            Fault::Limit,
            "body: the body of a send is too long",
        ),
    ] {
        assert_eq!(reason.fault(), fault);
        assert_eq!(format!("{}: {reason}", reason.label()), text);
    }
}
