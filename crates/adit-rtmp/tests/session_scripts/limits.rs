//! Limits: what passes at each, and what happens one past it.

use adit_amf::amf0::Value;
use adit_rtmp::command::TransactionId;
use adit_rtmp::limits;
use adit_rtmp::message::ControlMessage;
use adit_rtmp::session::{CloseReason, SendError, ServerEvent};

use crate::support::*;

/// A server with this many message streams, which needs time for the commands.
fn with_streams(count: u32) -> Server {
    let mut server = Server::connected();
    for _ in 1..count {
        server.feed(Script::new().call(0, "createStream", 3.0, []).bytes());
    }
    server.replies();
    server.after(1_000);
    server
}

fn connect_with(app: &str, tc_url: &str) -> Vec<String> {
    let mut server = Server::new();
    let properties = object([("app", app.into()), ("tcUrl", tc_url.into())]);
    let script = Script::with_handshake();
    server.feed(
        script
            .command(0, ["connect".into(), 1.0.into(), properties])
            .bytes(),
    );
    assert_eq!(
        server.session.is_connected(),
        server.session.limit_hits().names == 0
    );
    server.replies()
}

#[test]
fn thirty_two_message_streams() {
    let mut server = with_streams(32);
    let script = Script::new().call(0, "createStream", 4.0, []);
    server.feed(script.bytes());
    assert_eq!(
        server.replies(),
        ["3/0 _error 4 null {error, NetConnection.Call.Failed}"]
    );
    assert_eq!(server.session.limit_hits().streams, 1);
    // Deleting one makes room; its id is not used again.
    let script = Script::new()
        .call(0, "deleteStream", 0.0, [5.0.into()])
        .call(0, "createStream", 4.0, []);
    server.feed(script.bytes());
    assert_eq!(server.replies(), ["3/0 _result 4 null 33"]);
    // An id of the client's own choice is no way around it.
    server.feed(
        Script::new()
            .call(0, "initStream", 4.0, [500.0.into()])
            .bytes(),
    );
    assert_eq!(
        server.replies(),
        ["3/0 _error 4 null {error, NetConnection.Call.Failed}"]
    );
    assert_eq!(server.session.limit_hits().streams, 2);
}

#[test]
fn sixteen_plays() {
    let mut server = with_streams(17);
    for msid in 1..=16 {
        assert_eq!(
            server.feed(Script::new().play(msid, "cam").bytes()).len(),
            1
        );
    }
    server.replies();
    assert_eq!(
        server.feed(Script::new().play(17, "cam").bytes()),
        [r#"refused Play "cam": this connection plays 16 streams already"#]
    );
    assert_eq!(
        server.replies(),
        ["5/17 onStatus 0 null {error, NetStream.Play.Failed}"]
    );
    assert_eq!(server.session.limit_hits().plays, 1);
    // One that plays already may play something else.
    let events = server.feed(Script::new().play(16, "b").bytes());
    assert_eq!(
        events,
        ["stop play 16", "play 16 live:b LiveOrRecorded All Reset"]
    );
    // After one has stopped there is room.
    let events = server.feed(
        Script::new()
            .call(3, "closeStream", 0.0, [])
            .play(17, "cam")
            .bytes(),
    );
    assert_eq!(
        events,
        ["stop play 3", "play 17 live:cam LiveOrRecorded All Reset"]
    );
}

#[test]
fn four_publishes() {
    let mut server = with_streams(5);
    for msid in 1..=4 {
        let events = server.feed(Script::new().publish(msid, &format!("cam{msid}")).bytes());
        assert_eq!(events.len(), 1);
    }
    server.replies();
    assert_eq!(
        server.feed(Script::new().publish(5, "cam5").bytes()),
        [r#"refused Publish "cam5": this connection publishes 4 streams already"#]
    );
    assert_eq!(
        server.replies(),
        ["5/5 onStatus 0 null {error, NetStream.Publish.BadName}"]
    );
    assert_eq!(server.session.limit_hits().publishes, 1);
}

#[test]
fn a_hundred_commands_a_second_and_the_rest_waits() {
    let mut server = Server::connected();
    // The second before is over.
    server.after(1_000);
    let ping = |script: Script| script.call(0, "method", 0.0, []);
    let hundred = (0..100).fold(Script::new(), |script, _| ping(script));
    assert_eq!(server.feed(hundred.bytes()).len(), 100);
    assert!(server.session.wants_input());
    assert_eq!(server.session.limit_hits().commands, 0);
    let two = ping(ping(Script::new())).audio(1, 0, b"a").bytes();
    assert_eq!(server.feed(two).len(), 0);
    assert!(!server.session.wants_input());
    assert_eq!(server.session.limit_hits().commands, 1);
    assert_eq!(server.deadline_ms(), Some(1_010));
    assert_eq!(server.run_until(1_009).len(), 0);
    assert_eq!(server.run_until(1_010).len(), 1);
    assert_eq!(server.run_until(1_019).len(), 0);
    assert_eq!(server.run_until(1_020).len(), 1);
    assert!(server.session.wants_input());
    assert_eq!(server.error, None);
}

#[test]
fn two_hundred_and_fifty_six_calls_without_an_answer() {
    let mut server = Server::connected();
    for number in 0..256_u32 {
        let call = Script::new().call(0, "method", f64::from(number) + 10.0, []);
        assert_eq!(server.after(10).feed(call.bytes()).len(), 1);
    }
    let one_more = || Script::new().call(0, "method", 7.0, []).bytes();
    assert_eq!(server.after(10).feed(one_more()), Vec::<String>::new());
    assert_eq!(
        server.replies().last().unwrap(),
        "3/0 _error 7 null {error, NetConnection.Call.Failed}"
    );
    assert_eq!(server.session.limit_hits().calls, 1);
    // Calls that want no answer do not count.
    assert_eq!(
        server
            .after(10)
            .feed(Script::new().call(0, "method", 0.0, []).bytes())
            .len(),
        1
    );
    server.left.pop();
    let ServerEvent::Call(request) = server.request() else {
        panic!()
    };
    server.session.fail_call(request, "no");
    assert_eq!(server.after(10).feed(one_more()).len(), 1);
}

#[test]
fn two_hundred_and_fifty_six_calls_of_ours() {
    let mut server = Server::connected();
    for _ in 0..256 {
        server.session.call("method", vec![]).unwrap();
    }
    assert_eq!(
        server.session.call("method", vec![]),
        Err(SendError::TooManyCalls(256))
    );
    let answer = ["_result".into(), 200.0.into(), Value::Null];
    server.feed(Script::new().command(0, answer).bytes());
    let next = server.session.call("method", vec![]).unwrap();
    assert_eq!(next, TransactionId::from_number(257.0));
}

#[test]
fn names_have_their_lengths() {
    let publish = |name: &str| {
        let mut server = Server::connected();
        let events = server.feed(Script::new().publish(1, name).bytes());
        let refused = events[0].starts_with(r#"refused Publish "": the "#);
        assert_eq!(u64::from(refused), server.session.limit_hits().names);
        server.replies().last().unwrap().clone()
    };
    let long = |len| "n".repeat(len);
    assert!(publish(&long(limits::STREAM_NAME)).contains("Publish.Start"));
    assert!(publish(&long(limits::STREAM_NAME + 1)).contains("BadName"));
    assert!(publish(&format!("n?{}", long(limits::QUERY))).contains("Publish.Start"));
    assert!(publish(&format!("n?{}", long(limits::QUERY + 1))).contains("BadName"));
    let connect = |app: String, tc_url: String| connect_with(&app, &tc_url).join(" ");
    let good = "NetConnection.Connect.Success";
    let bad = "NetConnection.Connect.InvalidApp";
    assert!(connect(long(limits::APPLICATION), String::new()).contains(good));
    assert!(connect(long(limits::APPLICATION + 1), String::new()).contains(bad));
    assert!(connect("a".into(), long(limits::TC_URL)).contains(good));
    assert!(connect("a".into(), long(limits::TC_URL + 1)).contains(bad));
    assert!(connect(format!("a?{}", long(limits::QUERY)), String::new()).contains(good));
    assert!(connect(format!("a?{}", long(limits::QUERY + 1)), String::new()).contains(bad));
}

#[test]
fn command_names_have_their_length() {
    let call = |len: usize| {
        let mut server = Server::connected();
        let script = Script::new().call(0, &"c".repeat(len), 4.0, []);
        let events = server.feed(script.bytes()).len();
        (events, server.session.limit_hits().names, server.replies())
    };
    assert_eq!(call(limits::COMMAND_NAME), (1, 0, vec![]));
    let error = "3/0 _error 4 null {error, NetConnection.Call.Failed}".to_owned();
    assert_eq!(call(limits::COMMAND_NAME + 1), (0, 1, vec![error]));
}

#[test]
fn deep_arguments_are_an_error_and_counted() {
    let call = |depth: usize| {
        let mut server = Server::connected();
        let deep = (0..depth).fold(Value::Null, |inner, _| Value::StrictArray(vec![inner]));
        let events = server
            .feed(Script::new().call(0, "method", 4.0, [deep]).bytes())
            .len();
        (
            events,
            server.session.limit_hits().amf,
            server.replies().len(),
        )
    };
    assert_eq!(call(32), (1, 0, 0));
    assert_eq!(call(33), (0, 1, 1));
}

#[test]
fn messages_before_connect_are_small_and_after_it_are_not() {
    let mut server = Server::new();
    let script = Script::with_handshake().message(9, 1, 4, 0, vec![0; 64 * 1024]);
    assert_eq!(server.feed(script.bytes()), Vec::<String>::new());
    let mut server = Server::new();
    let script = Script::with_handshake().message(9, 1, 4, 0, vec![0; 64 * 1024 + 1]);
    assert!(server.feed(script.bytes())[0].starts_with("error: message of type 9"));
    let mut server = Server::connected();
    let script = Script::new()
        .publish(1, "cam")
        .message(9, 1, 4, 0, vec![0; 64 * 1024 + 1]);
    assert_eq!(server.feed(script.bytes()).len(), 2);
}

#[test]
fn a_connect_that_is_too_long_to_be_read_is_rejected_in_words() {
    let mut server = Server::new();
    let app = "a".repeat(70_000);
    let events = server.feed(Script::with_handshake().connect(&app).bytes());
    assert!(events[0].starts_with("error: message of type 20"));
    let messages = server.reply_messages();
    let rejected = "3/0 _error 1 null {error, NetConnection.Connect.Rejected}";
    assert_eq!(message_line(&messages[0]), rejected);
    let told = description(&messages[0]);
    assert!(told.ends_with("at most 65536 are allowed"), "{told}");
}

#[test]
fn a_peer_that_asks_and_does_not_read_is_cut_off() {
    let mut server = Server::connected();
    let event = adit_rtmp::message::UserControl::PingRequest(1);
    let thousand = (0..1000).fold(Script::new(), |script, _| {
        script.user_control(event.clone())
    });
    let thousand = thousand.bytes();
    let mut fed = 0;
    while server.error.is_none() {
        server.after(10).feed(thousand.clone());
        fed += 1;
        assert!(fed < 1000, "never cut off");
    }
    let waiting = server.session.output().len();
    assert!(waiting < limits::ANSWER_BACKLOG + 1000, "{waiting}");
    assert_eq!(server.session.limit_hits().answers, 1);
    // One that reads may ask for ever.
    let mut server = Server::connected();
    for _ in 0..fed {
        server.after(10).feed(thousand.clone());
        server.take_output();
    }
    assert_eq!(server.error, None);
}

/// The limits that were hit, by their keys.
#[track_caller]
fn check_hits(server: &Server, expected: &[(&str, u64)]) {
    let hits: Vec<_> = server
        .session
        .limit_hits()
        .by_key()
        .filter(|(_, hits)| *hits > 0)
        .collect();
    assert_eq!(hits, expected, "{:?}", server.error);
    let total: u64 = expected.iter().map(|(_, hits)| hits).sum();
    assert_eq!(server.session.limit_hits().total(), total);
}

#[test]
fn a_limit_that_ends_a_session_is_counted_under_its_key_once() {
    let check = |script: Script, key: &str| {
        let mut server = Server::connected();
        server.feed(script.bytes());
        assert!(server.error.is_some(), "{key}");
        server.feed(Script::new().audio(1, 0, b"later").bytes());
        check_hits(&server, &[(key, 1)]);
    };
    // Type 0, a time of 0, three bytes of length, type, message stream 0; one chunk of 128 bytes.
    let begin = |csid: u8, length: [u8; 3], kind: u8| {
        [
            &[csid, 0, 0, 0][..],
            &length,
            &[kind, 0, 0, 0, 0],
            &[0; 128],
        ]
        .concat()
    };
    let many = |count: u8, length: [u8; 3]| {
        let begun = (10..10 + count).flat_map(|csid| begin(csid, length, 9));
        Script::new().raw(begun.collect::<Vec<u8>>())
    };
    check(many(1, [0xFF, 0xFF, 0xFF]), "msg");
    check(many(9, [0, 1, 0]), "csid.partial");
    let streams = (0..65).fold(Script::new(), |script, n| {
        script.message(8, 1, 100 + n, 0, "")
    });
    check(streams, "csid.live");
    let unknown = (0..3).fold(Script::new(), |script, _| script.message(99, 1, 5, 0, "x"));
    check(unknown, "msg.unknown");
}

#[test]
fn bytes_of_unfinished_messages_are_counted_under_their_key() {
    let mut server = Server::new();
    let mut wire = Vec::new();
    // Each lacks its last byte, and four are 256 KiB already: too much before `connect`.
    for csid in 10..15_u8 {
        wire.extend([csid, 0, 0, 0, 1, 0, 0, 9, 0, 0, 0, 0]);
        wire.extend(vec![0; 65_535]);
    }
    let script = Script::with_handshake().chunk_size(65_535).raw(wire);
    server.feed(script.bytes());
    check_hits(&server, &[("partial.bytes", 1)]);
}

#[test]
fn a_deadline_that_passes_is_counted_under_its_key() {
    let mut server = Server::new();
    server.run_until(10_000);
    check_hits(&server, &[("hs.deadline", 1)]);
    let mut server = Server::new();
    server.feed(Script::with_handshake().bytes());
    server.run_until(10_000);
    check_hits(&server, &[("connect.deadline", 1)]);
    let mut server = Server::connected();
    server.run_until(30_000);
    check_hits(&server, &[("use.deadline", 1)]);
    let mut server = Server::connected();
    server.feed(Script::new().play(1, "cam").bytes());
    server.run_until(60_000);
    check_hits(&server, &[("dead", 1)]);
    let mut server = Server::connected();
    server.session.close(CloseReason::Shutdown);
    server.run_until(5_000);
    check_hits(&server, &[("drain", 1)]);
}

#[test]
fn a_window_below_the_smallest_is_counted_and_one_at_it_is_not() {
    let window = |bytes: u32| {
        let mut server = Server::connected();
        let script = Script::new().control(&ControlMessage::WindowAckSize(bytes));
        server.feed(script.bytes());
        server
    };
    check_hits(&window(limits::ACK_WINDOW_MIN), &[]);
    check_hits(&window(limits::ACK_WINDOW_MIN - 1), &[("ack.min", 1)]);
}

#[test]
fn a_refused_publisher_that_goes_on_is_counted_under_its_key() {
    let mut server = Server::connected().leaving();
    server.feed(Script::new().publish(1, "cam").bytes());
    let ServerEvent::Publish(request) = server.request() else {
        panic!()
    };
    let code = adit_rtmp::command::StatusCode::PublishBadName;
    server.session.reject_publish(request, code, "no");
    server
        .after(5_000)
        .feed(Script::new().audio(1, 0, b"a").bytes());
    check_hits(&server, &[]);
    server
        .after(1)
        .feed(Script::new().audio(1, 0, b"a").bytes());
    check_hits(&server, &[("publish.refused", 1)]);
}
