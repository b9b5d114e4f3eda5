use super::*;
use crate::client::limits;

/// What a reply to `/open/1` leads to, in words.
#[track_caller]
fn check_open(reply: Reply, fault: ClientFault, text: &str) {
    let mut bench = Bench::new();
    bench.reply(Lane::First, reply);
    check_failed(&bench, fault, text);
}

/// What a reply to an idle leads to, in words.
#[track_caller]
fn check_idle(reply: Reply, fault: ClientFault, text: &str) {
    let mut bench = Bench::opened();
    bench.wait(100);
    bench.expect(Lane::First, "/idle/Sid_1/0");
    bench.reply(Lane::First, reply);
    check_failed(&bench, fault, text);
}

#[track_caller]
fn check_failed(bench: &Bench, fault: ClientFault, text: &str) {
    let ClientState::Failed(error) = bench.tunnel.state() else {
        panic!("{:?}", bench.tunnel.state());
    };
    assert_eq!(error.to_string(), text);
    assert_eq!(error.fault(), fault);
    assert_eq!(bench.tunnel.poll_timeout(), None);
    assert_eq!(bench.tunnel.writable(), 0);
}

fn status(status: u16) -> Reply {
    Reply::new(status, Bytes::new())
}

fn body(text: &'static str) -> Reply {
    Reply::new(200, Bytes::from_static(text.as_bytes()))
}

//
#[test]
fn every_obstacle_to_opening_is_named() {
    use ClientFault::{Incompatible, Limit, Peer};
    const PAGE: &str = "an HTML page came back for /open/1: a captive portal or a web server without an RTMP tunnel answers here";
    check_open(body("<!DOCTYPE html><p>hello"), Incompatible, PAGE);
    check_open(body("\r\n <html>"), Incompatible, PAGE);
    check_open(
        body("Success").with_content(ContentType::Html),
        Incompatible,
        PAGE,
    );
    check_open(
        body("a b"),
        Incompatible,
        "the server's answer to /open/1 is not a session id",
    );
    check_open(
        body("\0"),
        Limit,
        "the server accepts no further tunnel sessions",
    );
    check_open(
        status(302),
        Incompatible,
        "/open/1 was redirected (status 302): a captive portal or a web server without an RTMP tunnel answers here",
    );
    check_open(
        status(404),
        Incompatible,
        "the server has no RTMP tunnel (status 404 for /open/1)",
    );
    check_open(
        status(405),
        Incompatible,
        "the server has no RTMP tunnel (status 405 for /open/1)",
    );
    check_open(
        status(403),
        Incompatible,
        "the server or a proxy forbids /open/1 (status 403)",
    );
    check_open(
        status(407),
        Incompatible,
        "the proxy asks for a user name and a password (status 407)",
    );
    check_open(
        status(411),
        Incompatible,
        "a proxy lost the length of /open/1 on the way (status 411)",
    );
    check_open(
        status(413),
        Limit,
        "the server or a proxy refuses even 1 bytes in one request (status 413 for /open/1)",
    );
    check_open(
        status(503),
        Peer,
        "the server or a gateway before it is not available (status 503 for /open/1)",
    );
    check_open(status(204), Peer, "unexpected status 204 for /open/1");
}

#[test]
fn every_obstacle_to_a_session_is_named() {
    use ClientFault::{Incompatible, Limit, Peer};
    check_idle(
        status(404),
        Peer,
        "the server does not know the tunnel session any more (status 404 for /idle)",
    );
    check_idle(
        status(410),
        Peer,
        "the server does not know the tunnel session any more (status 410 for /idle)",
    );
    check_idle(
        status(411),
        Incompatible,
        "a proxy lost the length of /idle on the way (status 411)",
    );
    check_idle(
        body("<html>"),
        Incompatible,
        "an HTML page came back for /idle: a captive portal or a web server without an RTMP tunnel answers here",
    );
    check_idle(
        body(""),
        Incompatible,
        "an empty answer came back for /idle, without a poll byte",
    );
    let long = Bytes::from(vec![1; limits::REPLY_BODY + 1]);
    check_idle(
        Reply::new(200, long),
        Limit,
        "the answer to /idle is longer than 1048577 bytes",
    );
}

#[test]
fn a_reply_may_be_as_long_as_the_limit() {
    let mut bench = Bench::opened();
    bench.wait(100);
    bench.answer(Lane::First, &vec![1; limits::REPLY_BODY]);
    assert_eq!(bench.received.len(), limits::REPLY_BODY - 1);
}

#[test]
fn silence_at_the_beginning_is_named_in_time() {
    let mut bench = Bench::new();
    bench.wait(4_999);
    assert_eq!(*bench.tunnel.state(), ClientState::Opening);
    bench.wait(1);
    check_failed(
        &bench,
        ClientFault::Peer,
        "no answer to /open/1 for 5000 ms",
    );
}

#[test]
fn what_was_received_before_an_obstacle_can_be_taken() {
    let mut bench = Bench::opened();
    bench.wait(100);
    bench.tunnel.handle_reply(
        bench.now,
        Lane::First,
        Reply::new(200, Bytes::from_static(b"\x01data")),
    );
    let (lane, _) = bench.tunnel.poll_request(bench.now).unwrap();
    bench
        .tunnel
        .handle_reply(bench.now, lane, Reply::new(404, Bytes::new()));
    assert!(matches!(bench.tunnel.state(), ClientState::Failed(_)));
    assert_eq!(
        bench.tunnel.poll_received(),
        Some(Bytes::from_static(b"data"))
    );
}

#[test]
fn replies_nobody_asked_for_are_counted_and_ignored() {
    let mut bench = Bench::opened();
    let reply = Reply::new(404, Bytes::new());
    bench
        .tunnel
        .handle_reply(bench.now, Lane::Second, reply.clone());
    bench.tunnel.handle_reply(bench.now, Lane::First, reply);
    bench
        .tunnel
        .handle_lane_failed(bench.now, Lane::First, LaneFailure::Lost);
    assert_eq!(*bench.tunnel.state(), ClientState::Open);
    assert_eq!(bench.tunnel.counters().unexpected, 2);
}
