//! Time: deadlines, pings, acknowledgements; all on a virtual clock.

use std::time::Duration;

use adit_rtmp::message::{ControlMessage, UserControl};
use adit_rtmp::session::{CloseReason, ServerEvent, SessionError};
use bytes::Bytes;

use crate::support::*;

#[test]
fn the_handshake_has_ten_seconds() {
    let mut server = Server::new();
    server.feed(c0c1());
    assert_eq!(server.deadline_ms(), Some(10_000));
    assert_eq!(server.run_until(9_999), Vec::<String>::new());
    assert_eq!(
        server.run_until(10_000),
        ["error: the handshake took too long"]
    );
    // Progress within it does not move it.
    let mut server = Server::new();
    server.after(9_000).feed(c0c1());
    assert_eq!(server.deadline_ms(), Some(10_000));
}

#[test]
fn connect_has_ten_seconds_from_the_end_of_the_handshake() {
    let mut server = Server::new();
    server.after(4_000).feed(Script::with_handshake().bytes());
    assert_eq!(server.deadline_ms(), Some(14_000));
    assert_eq!(server.run_until(13_999), Vec::<String>::new());
    assert_eq!(
        server.run_until(14_000),
        ["error: no connect command was accepted in time"]
    );
}

#[test]
fn attempts_that_fail_do_not_move_the_deadline_of_connect() {
    let mut server = Server::new();
    server.feed(Script::with_handshake().bytes());
    server
        .after(9_000)
        .feed(Script::new().call(0, "connect", 1.0, []).bytes());
    assert_eq!(server.deadline_ms(), Some(10_000));
}

#[test]
fn a_decision_about_connect_is_bounded_by_whoever_makes_it() {
    let mut server = Server::new().leaving();
    server.feed(Script::with_handshake().connect("live").bytes());
    // Pings go on, and nothing ends.
    assert_eq!(server.run_until(15_000), Vec::<String>::new());
    let ServerEvent::Connect(request) = server.request() else {
        panic!()
    };
    server.take_output();
    server.session.accept_connect(request);
    assert_ne!(server.take_output().len(), 0, "it is accepted");
}

#[test]
fn a_connection_must_be_used_within_thirty_seconds() {
    let mut server = Server::connected();
    // A silent client is pinged meanwhile; answers are no use of the connection.
    assert_eq!(server.deadline_ms(), Some(20_000));
    let error = "error: connected, but nothing was published, played or called in time";
    server.run_until(25_000);
    server.feed(
        Script::new()
            .user_control(UserControl::PingResponse(1))
            .bytes(),
    );
    assert_eq!(server.deadline_ms(), Some(30_000));
    assert_eq!(server.run_until(30_000), [error]);
    let told = "3/0 onStatus 0 null {status, NetConnection.Connect.IdleTimeout}";
    assert_eq!(server.replies().last().unwrap(), told);
}

#[test]
fn publish_play_calls_and_shared_objects_are_use() {
    let check = |script: Script| {
        let mut server = Server::connected();
        server.feed(script.bytes());
        assert_eq!(server.deadline_ms(), Some(20_000), "only the ping is left");
        server.run_until(31_000);
        assert_eq!(server.error, None);
    };
    check(Script::new().publish(1, "cam"));
    check(Script::new().play(1, "cam"));
    check(Script::new().call(0, "method", 0.0, []));
    check(Script::new().message(19, 0, 3, 0, &b"so"[..]));
}

//
#[test]
fn a_silent_peer_is_pinged_every_twenty_seconds_and_dead_after_sixty() {
    let mut server = Server::connected();
    server.feed(Script::new().play(1, "cam").bytes());
    server.replies();
    assert_eq!(server.run_until(19_999), Vec::<String>::new());
    assert_eq!(server.replies(), Vec::<String>::new());
    server.run_until(20_000);
    assert_eq!(server.replies(), ["2/0 PingRequest(20000)"]);
    server.run_until(40_000);
    assert_eq!(server.replies(), ["2/0 PingRequest(40000)"]);
    assert_eq!(server.run_until(59_999), Vec::<String>::new());
    assert_eq!(
        server.run_until(60_000),
        ["error: the peer was silent for too long"]
    );
}

#[test]
fn whatever_comes_ends_the_silence_and_an_answer_gives_the_round_trip() {
    let mut server = Server::connected();
    server.feed(Script::new().play(1, "cam").bytes());
    server.run_until(20_000);
    server.after(35).feed(
        Script::new()
            .user_control(UserControl::PingResponse(20_000))
            .bytes(),
    );
    assert_eq!(
        server.session.stats().round_trip,
        Some(Duration::from_millis(35))
    );
    assert_eq!(server.deadline_ms(), Some(40_035));
    // One byte of a message is as good.
    server.run_until(40_000);
    server.feed(Bytes::from_static(b"\x03"));
    assert_eq!(server.deadline_ms(), Some(60_000));
}

#[test]
fn a_timer_that_comes_late_sends_one_ping() {
    let mut server = Server::connected();
    server.feed(Script::new().play(1, "cam").bytes());
    server.replies();
    server.after(55_000);
    server.session.handle_timeout(server.now);
    assert_eq!(server.replies(), ["2/0 PingRequest(55000)"]);
    assert_eq!(server.deadline_ms(), Some(60_000));
}

#[test]
fn timers_that_come_early_do_nothing() {
    let mut server = Server::connected();
    for _ in 0..5 {
        server.session.handle_timeout(server.now);
    }
    assert_eq!(server.replies(), Vec::<String>::new());
}

#[test]
fn pings_of_the_client_are_answered_with_their_number() {
    let mut server = Server::connected();
    let script = Script::new().user_control(UserControl::PingRequest(0xDEAD_BEEF));
    assert_eq!(server.feed(script.bytes()), Vec::<String>::new());
    assert_eq!(server.replies(), ["2/0 PingResponse(3735928559)"]);
}

#[test]
fn the_client_is_acknowledged_each_half_window_with_the_total() {
    let mut server = Server::connected();
    let mut script = Script::new().chunk_size(65_536).publish(1, "cam");
    server.feed(script.take());
    script = script.control(&ControlMessage::WindowAckSize(200_000));
    server.feed(script.take());
    server.replies();
    let mut acknowledged = Vec::new();
    for at in 0..10 {
        script = script.message(9, 1, 6, at, vec![0; 50_000]);
        server.feed(script.take());
        acknowledged.extend(server.replies());
    }
    let total = server.session.stats().received_bytes;
    assert!(acknowledged.len() >= 4, "{acknowledged:?}");
    let last: u64 = acknowledged
        .last()
        .and_then(|line| line.strip_prefix("2/0 Acknowledgement("))
        .and_then(|line| line.strip_suffix(')'))
        .unwrap()
        .parse()
        .unwrap();
    assert!(last <= total && total - last < 100_000, "{last} of {total}");
}

//
#[test]
fn a_tiny_window_gives_one_acknowledgement_per_input_at_most() {
    let mut server = Server::connected();
    server.feed(
        Script::new()
            .control(&ControlMessage::WindowAckSize(1))
            .bytes(),
    );
    for _ in 0..100 {
        server.feed(
            Script::new()
                .user_control(UserControl::StreamDry(
                    adit_rtmp::MessageStreamId::CONNECTION,
                ))
                .bytes(),
        );
    }
    assert_eq!(
        server.replies(),
        Vec::<String>::new(),
        "not even half of 64 KiB came"
    );
}

//
#[test]
fn acknowledgements_of_the_client_are_an_account_and_nothing_more() {
    let mut server = Server::connected();
    let sent = server.session.stats().sent_bytes;
    let ack = |number| {
        Script::new()
            .control(&ControlMessage::Acknowledgement(number))
            .bytes()
    };
    server.feed(ack(3000));
    assert_eq!(server.session.stats().acknowledged_bytes, 3000);
    // More than was sent, and back to the start: nothing happens.
    server.feed(ack(u32::MAX));
    server.feed(ack(0));
    assert!(server.session.stats().acknowledged_bytes <= sent);
    assert_eq!(server.error, None);
}

#[test]
fn a_bandwidth_limit_of_the_client_is_answered_with_our_window() {
    use adit_rtmp::message::BandwidthLimit::{Dynamic, Hard, Soft};
    let mut server = Server::connected();
    let limit = |window, limit| {
        Script::new()
            .control(&ControlMessage::SetPeerBandwidth { window, limit })
            .bytes()
    };
    server.feed(limit(1_000_000, Dynamic));
    assert_eq!(
        server.replies(),
        Vec::<String>::new(),
        "no limit before it was hard"
    );
    server.feed(limit(1_000_000, Hard));
    assert_eq!(server.replies(), ["2/0 WindowAckSize(1000000)"]);
    server.feed(limit(2_000_000, Soft));
    assert_eq!(server.replies(), Vec::<String>::new(), "no change");
}

#[test]
fn what_a_closed_session_cannot_send_is_thrown_away_after_five_seconds() {
    let mut server = Server::connected();
    server.session.close(CloseReason::Shutdown);
    assert_eq!(server.events(), ["closed: Shutdown"]);
    assert_eq!(server.deadline_ms(), Some(5_000));
    server.run_until(4_999);
    assert!(!server.session.is_closed());
    server.run_until(5_000);
    assert!(server.session.is_closed());
    assert_eq!(server.session.poll_timeout(), None);
}

#[test]
fn a_failed_session_repeats_its_first_error() {
    let mut server = Server::new();
    assert_eq!(
        server.run_until(10_000),
        ["error: the handshake took too long"]
    );
    server.feed(Script::with_handshake().connect("live").bytes());
    server.eof();
    server.run_until(100_000);
    for _ in 0..3 {
        let again = server.session.poll_event(server.now);
        assert!(matches!(again, Err(SessionError::HandshakeDeadline)));
    }
    assert_eq!(server.session.poll_timeout(), None);
    assert!(server.session.is_closed());
}
