//! The other commands: the junk list, wrong arguments, calls in both directions, AMF3.

use adit_amf::amf0::Value;
use adit_rtmp::session::ServerEvent;
use bytes::Bytes;

use crate::support::*;

fn check(script: Script, events: &[&str], replies: &[&str]) {
    let mut server = Server::connected();
    assert_eq!(server.feed(script.bytes()), events);
    assert_eq!(server.replies(), replies);
}

// Q-070
#[test]
fn what_old_encoders_ask_is_answered_with_the_number_they_gave() {
    let one = |name, argument: Option<Value>, replies: &[&str]| {
        check(Script::new().call(0, name, 4.0, argument), &[], replies);
    };
    let cam = || Some(Value::from("cam"));
    one("releaseStream", cam(), &["3/0 _result 4 null undefined"]);
    one("releaseStream", None, &["3/0 _result 4 null undefined"]);
    let start = "3/0 onFCPublish 4 null {status, NetStream.Publish.Start}";
    one("FCPublish", cam(), &[start, "3/0 _result 4 null undefined"]);
    let play = "3/0 onFCSubscribe 4 null {status, NetStream.Play.Start}";
    one(
        "FCSubscribe",
        cam(),
        &[play, "3/0 _result 4 null undefined"],
    );
    let stop = "3/0 onFCUnsubscribe 4 null {status, NetStream.Play.Stop}";
    one(
        "FCUnsubscribe",
        cam(),
        &[stop, "3/0 _result 4 null undefined"],
    );
    one("getStreamLength", None, &["3/0 _result 4 null 0"]);
    one("createStream", None, &["3/0 _result 4 null 2"]);
}

#[test]
fn who_asks_for_the_bandwidth_is_answered_and_may_be_measured() {
    for (name, event) in [
        ("checkBandwidth", "bandwidth Native"),
        ("_checkbw", "bandwidth Old"),
    ] {
        let mut server = Server::connected();
        assert_eq!(
            server.feed(Script::new().call(0, name, 4.0, []).bytes()),
            [event]
        );
        assert_eq!(server.replies(), ["3/0 _result 4 null null"], "{name}");
        // Only one who wants to know it has to be answered.
        assert_eq!(
            server.feed(Script::new().call(0, name, 0.0, []).bytes()),
            [event]
        );
        assert_eq!(server.replies(), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn the_length_of_a_stream_is_asked_for_and_answered_in_seconds() {
    let mut server = Server::connected();
    let ask = Script::new().call(0, "getStreamLength", 4.0, ["mp4:cam".into()]);
    assert_eq!(server.feed(ask.bytes()), ["length mp4:cam"]);
    assert_eq!(server.replies(), ["3/0 _result 4 null 0"]);
    // Who does not wait for the answer asks for nothing.
    let ask = Script::new().call(0, "getStreamLength", 0.0, ["mp4:cam".into()]);
    assert_eq!(server.feed(ask.bytes()), Vec::<String>::new());
    assert_eq!(server.replies(), Vec::<String>::new());
    let (name, location) = server.session.locate("mp4:cam?a=b").unwrap();
    assert_eq!((name.name(), &*location.application), ("cam", "live"));
}

#[test]
fn what_wants_no_answer_gets_none() {
    let script = Script::new()
        .call(0, "releaseStream", 0.0, ["cam".into()])
        .call(0, "releaseStream", 0.0, [])
        .call(0, "createStream", f64::NAN, []);
    check(script, &[], &[]);
}

#[test]
fn wrong_arguments_are_errors_and_the_connection_goes_on() {
    let wrong = |msid, name: &str, transaction: f64, arguments: Vec<Value>, reply: &str| {
        let script = Script::new().call(msid, name, transaction, arguments).call(
            0,
            "releaseStream",
            9.0,
            [],
        );
        let mut server = Server::connected();
        let events = server.feed(script.bytes());
        let refused = match name {
            "publish" => vec![r#"refused Publish "": publish: "#],
            "play" => vec![r#"refused Play "": play: "#],
            _ => vec![],
        };
        assert_eq!(events.len(), refused.len(), "{events:?}");
        let mut both = events.iter().zip(refused);
        assert!(
            both.all(|(event, start)| event.starts_with(start)),
            "{events:?}"
        );
        assert_eq!(server.replies(), [reply, "3/0 _result 9 null undefined"]);
    };
    let nothing = || object([]);
    let failed = "3/0 _error 4 null {error, NetConnection.Call.Failed}";
    let invalid = "5/1 onStatus 0 null {error, NetStream.InvalidArg}";
    let bad_name = "5/1 onStatus 0 null {error, NetStream.Publish.BadName}";
    let not_played = "5/1 onStatus 0 null {error, NetStream.Play.Failed}";
    wrong(1, "publish", 0.0, vec![7.0.into()], bad_name);
    wrong(1, "publish", 4.0, vec![true.into()], bad_name);
    wrong(1, "publish", 0.0, vec!["cam".into(), 7.0.into()], bad_name);
    wrong(1, "play", 0.0, vec![nothing()], not_played);
    wrong(1, "play", 0.0, vec![true.into()], not_played);
    wrong(1, "play", 0.0, vec![Value::Null], not_played);
    wrong(1, "play", 4.0, vec![], not_played);
    wrong(1, "publish", 0.0, vec![Value::Null], bad_name);
    wrong(1, "publish", 4.0, vec![], bad_name);
    wrong(1, "play", 0.0, vec!["cam".into(), "now".into()], not_played);
    wrong(
        1,
        "play",
        0.0,
        vec!["cam".into(), Value::Null, nothing()],
        not_played,
    );
    let reset = vec!["cam".into(), 0.0.into(), 0.0.into(), "yes".into()];
    wrong(1, "play", 0.0, reset, not_played);
    wrong(1, "play2", 0.0, vec!["cam".into()], invalid);
    wrong(1, "play2", 0.0, vec![nothing()], invalid);
    wrong(1, "play2", 4.0, vec![], failed);
    wrong(1, "pause", 0.0, vec!["yes".into()], invalid);
    wrong(1, "pause", 0.0, vec![], invalid);
    wrong(1, "pause", 0.0, vec![true.into(), "now".into()], invalid);
    wrong(1, "PAUSERAW", 4.0, vec![1.0.into()], failed);
    let no_time = "5/1 onStatus 0 null {error, NetStream.Seek.InvalidTime}";
    wrong(1, "seek", 0.0, vec!["1".into()], no_time);
    wrong(1, "seek", 4.0, vec![], no_time);
    wrong(1, "seek", 0.0, vec![f64::NAN.into()], no_time);
    wrong(1, "seek", 0.0, vec![(-1.0).into()], no_time);
    wrong(1, "receiveAudio", 0.0, vec![], invalid);
    wrong(1, "receiveVideo", 0.0, vec!["no".into()], invalid);
    wrong(0, "deleteStream", 4.0, vec![], failed);
    wrong(0, "deleteStream", 4.0, vec!["1".into()], failed);
    wrong(0, "deleteStream", 4.0, vec![(-1.0).into()], failed);
    wrong(0, "initStream", 4.0, vec!["1".into()], failed);
    wrong(0, "releaseStream", 4.0, vec![false.into()], failed);
    wrong(0, "FCPublish", 4.0, vec![nothing()], failed);
    wrong(0, "FCUnpublish", 4.0, vec![1.0.into()], failed);
    wrong(0, "FCSubscribe", 4.0, vec![1.0.into()], failed);
    wrong(0, "getStreamLength", 4.0, vec![Value::Unsupported], failed);
}

#[test]
fn play_without_a_name_ends_what_is_played_and_is_told_if_that_is_nothing() {
    let mut server = Server::connected();
    server.feed(Script::new().play(1, "cam").bytes());
    server.replies();
    let nothing = Script::new().call(1, "play", 0.0, [Value::Null]).bytes();
    assert_eq!(server.feed(nothing.clone()), ["stop play 1"]);
    assert_eq!(server.replies(), Vec::<String>::new());
    let events = server.feed(nothing);
    let missing = "play: the stream name is missing, it has to be a string";
    assert_eq!(events, [format!(r#"refused Play "": {missing}"#)]);
    let messages = server.reply_messages();
    assert_eq!(description(&messages[0]), missing);
    // Who says in so many words that it stops has nothing to be told.
    let stop = Script::new().call(1, "play", 0.0, [false.into()]).bytes();
    assert_eq!(server.feed(stop), Vec::<String>::new());
    assert_eq!(server.replies(), Vec::<String>::new());
}

#[test]
fn a_command_whose_name_is_a_number_is_answered_by_its_transaction() {
    let script = Script::new().command(0, [7.0.into(), 4.0.into(), Value::Null]);
    let failed = "3/0 _error 4 null {error, NetConnection.Call.Failed}";
    check(script, &[], &[failed]);
    check(
        Script::new().command(0, [7.0.into(), Value::Null]),
        &[],
        &[],
    );
}

#[test]
fn a_transaction_that_is_text_is_none_and_the_arguments_stay_in_their_places() {
    let text = Value::from("four");
    let create = ["createStream".into(), text.clone(), Value::Null];
    check(Script::new().command(0, create), &[], &[]);
    let play = ["play".into(), text, Value::Null, 7.0.into()];
    let mut server = Server::connected();
    server.feed(Script::new().command(1, play).bytes());
    let messages = server.reply_messages();
    let told = "play: the stream name is not a string";
    assert_eq!(description(&messages[0]), told);
}

#[test]
fn names_that_cannot_be_used_are_refused_and_reported_without_their_query() {
    let bad_name = "5/1 onStatus 0 null {error, NetStream.Publish.BadName}";
    let not_played = "5/1 onStatus 0 null {error, NetStream.Play.Failed}";
    let control = "the stream name contains a control character";
    for bad in ["a\u{7}b", "a\0b"] {
        let refused = format!(r#"refused Publish "": {control}"#);
        check(Script::new().publish(1, bad), &[&refused], &[bad_name]);
        let refused = format!(r#"refused Play "": {control}"#);
        check(Script::new().play(1, bad), &[&refused], &[not_played]);
    }
    let mut server = Server::connected();
    let script = Script::new().publish(9, "mp4:cam?token=secret");
    let refused = r#"refused Publish "cam": there is no message stream 9: create one with createStream first"#;
    assert_eq!(server.feed(script.bytes()), [refused]);
}

// ffmpeg does so with a URL that has no path at all.
#[test]
fn no_name_anywhere_is_refused_and_reported() {
    let ask = |name: &str, reply: &str, refused: &str| {
        let mut server = Server::new();
        server.feed(Script::with_handshake().connect_and_create("").bytes());
        server.replies();
        let script = Script::new().call(1, name, 0.0, ["".into()]);
        assert_eq!(server.feed(script.bytes()), [refused]);
        assert_eq!(server.replies(), [reply]);
    };
    ask(
        "publish",
        "5/1 onStatus 0 null {error, NetStream.Publish.BadName}",
        r#"refused Publish "": there is no stream name"#,
    );
    ask(
        "play",
        "5/1 onStatus 0 null {error, NetStream.Play.Failed}",
        r#"refused Play "": there is no stream name"#,
    );
}

#[test]
fn the_description_of_a_wrong_argument_says_which_it_was() {
    let mut server = Server::connected();
    server.feed(Script::new().call(1, "seek", 4.0, ["x".into()]).bytes());
    let messages = server.reply_messages();
    assert_eq!(
        description(&messages[0]),
        "seek: the time to seek to is not a number"
    );
}

#[test]
fn deleting_or_closing_a_stream_that_is_not_there_is_nothing() {
    let script = Script::new()
        .call(0, "deleteStream", 0.0, [77.0.into()])
        .call(77, "closeStream", 0.0, [])
        .call(1, "closeStream", 0.0, []);
    check(script, &[], &[]);
}

#[test]
fn a_command_that_cannot_be_decoded_is_answered_as_far_as_it_can_be_read() {
    let broken = |body: &'static [u8], replies: &[&str]| {
        let script = Script::new()
            .message(20, 0, 3, 0, body)
            .call(0, "releaseStream", 9.0, []);
        let mut server = Server::connected();
        let events = server.feed(script.bytes());
        let is_play = replies.iter().any(|reply| reply.contains("Play.Failed"));
        assert_eq!(events.len(), usize::from(is_play), "{events:?}");
        assert_eq!(server.session.stats().dropped.commands, 1);
        let expected: Vec<_> = replies
            .iter()
            .copied()
            .chain(["3/0 _result 9 null undefined"])
            .collect();
        assert_eq!(server.replies(), expected);
    };
    // No name at all: there is nobody to answer.
    broken(b"", &[]);
    broken(b"\x05", &[]);
    broken(b"\x00\x40\x10\0\0\0\0\0\0", &[]);
    broken(b"\x02\x00\x09play", &[]);
    broken(b"\x03\0\0\x09", &[]);
    // A name, and no number that can be read.
    broken(
        b"\x02\0\x04play\x00\x40",
        &["3/0 onStatus 0 null {error, NetStream.Play.Failed}"],
    );
    broken(
        b"\x02\0\x04calc\x00\x40",
        &["3/0 onStatus 0 null {error, NetConnection.Call.Failed}"],
    );
    // A name and a number: 4.
    let failed = ["3/0 onStatus 0 null {error, NetStream.Play.Failed}"];
    broken(b"\x02\0\x04play\0\x40\x10\0\0\0\0\0\0\xFF", &failed);
    broken(
        b"\x02\0\x04play\0\x40\x10\0\0\0\0\0\0\x05\x02\xFF\xFF",
        &failed,
    );
    broken(
        b"\x02\0\x04play\0\x40\x10\0\0\0\0\0\0\x05\x02\0\x01\xFF",
        &failed,
    );
    broken(b"\x02\0\x04play\0\x40\x10\0\0\0\0\0\0\x07\0\0", &failed);
}

// Q-069
#[test]
fn a_command_without_a_transaction_is_understood() {
    // ffmpeg sends onFCPublish like this; what matters is that the rest moves up.
    let info = object([("code", "NetStream.Publish.Start".into())]);
    let script = Script::new().command(0, ["onFCPublish".into(), Value::Null, info]);
    let call = "call onFCPublish {NetStream.Publish.Start}";
    check(script, &[call], &[]);
    check(
        Script::new().command(0, ["hello".into()]),
        &["call hello "],
        &[],
    );
}

#[test]
fn an_unknown_command_is_a_call_that_somebody_answers() {
    let mut server = Server::connected();
    let arguments = [1.0.into(), "two".into()];
    let script = Script::new().call(0, "service.method", 7.0, arguments.clone());
    assert_eq!(server.feed(script.bytes()), ["call service.method 1 two"]);
    let ServerEvent::Call(request) = server.request() else {
        panic!()
    };
    assert!(request.wants_answer());
    server
        .session
        .reply_call(request, vec![object([("sum", 3.0.into())])]);
    assert_eq!(server.replies(), ["3/0 _result 7 null {sum: 3}"]);

    server.feed(Script::new().call(0, "nothing", 8.0, []).bytes());
    let ServerEvent::Call(request) = server.request() else {
        panic!()
    };
    server
        .session
        .fail_call(request, "the application has no method nothing");
    let messages = server.reply_messages();
    let expected = "3/0 _error 8 null {error, NetConnection.Call.Failed}";
    assert_eq!(message_line(&messages[0]), expected);
    assert_eq!(
        description(&messages[0]),
        "the application has no method nothing"
    );

    server.feed(Script::new().call(0, "tell", 0.0, arguments).bytes());
    let ServerEvent::Call(request) = server.request() else {
        panic!()
    };
    assert!(!request.wants_answer());
    server.session.fail_call(request, "nobody hears this");
    assert_eq!(server.replies(), Vec::<String>::new());
}

#[test]
fn an_answer_that_amf_cannot_express_is_an_error() {
    let mut server = Server::connected();
    server.feed(Script::new().call(0, "deep", 7.0, []).bytes());
    let ServerEvent::Call(request) = server.request() else {
        panic!()
    };
    let deep = (0..200).fold(Value::Null, |inner, _| Value::StrictArray(vec![inner]));
    server.session.reply_call(request, vec![deep]);
    assert_eq!(
        server.replies(),
        ["3/0 _error 7 null {error, NetConnection.Call.Failed}"]
    );
}

#[test]
fn the_server_calls_the_client_and_hears_the_answer() {
    let mut server = Server::connected();
    let first = server.session.call("onHello", vec!["x".into()]).unwrap();
    let second = server.session.call("onBye", vec![]).unwrap();
    assert_eq!((first.number(), second.number()), (1.0, 2.0));
    assert_eq!(
        server.replies(),
        ["3/0 onHello 1 null x", "3/0 onBye 2 null"]
    );
    let script = Script::new()
        .command(0, ["_result".into(), 2.0.into(), Value::Null, "bye".into()])
        .command(0, ["_error".into(), 1.0.into(), Value::Null, "no".into()])
        // Answered already, and never asked.
        .command(0, ["_result".into(), 1.0.into(), Value::Null])
        .command(0, ["_result".into(), 99.0.into(), Value::Null]);
    assert_eq!(server.feed(script.bytes()), ["Result 2 bye", "Error 1 no"]);
}

// Q-064
#[test]
fn commands_of_type_17_are_read_with_and_without_their_selector() {
    let body = amf0(&["createStream".into(), 5.0.into(), Value::Null]);
    let with: Bytes = [&[0], body.as_ref()].concat().into();
    for payload in [body, with] {
        check(
            Script::new().message(17, 0, 3, 0, payload),
            &[],
            &["3/0 _result 5 null 2"],
        );
    }
}

#[test]
fn arguments_in_amf3_are_arguments() {
    // "play", 0, null, then an AMF3 string "cam" and an AMF3 integer 1500.
    let head = amf0(&["play".into(), 0.0.into(), Value::Null]);
    let body = [&[0], head.as_ref(), b"\x11\x06\x07cam\x11\x04\x8B\x5C"].concat();
    let mut server = Server::connected();
    let events = server.feed(Script::new().message(17, 1, 8, 0, body).bytes());
    assert_eq!(
        events,
        ["play 1 live:cam Recorded { from_ms: 1500 } All Reset"]
    );
    // play2 with an anonymous AMF3 object {streamName: "b"}.
    let head = amf0(&["play2".into(), 0.0.into(), Value::Null]);
    let object = b"\x11\x0A\x0B\x01\x15streamName\x06\x03b\x01";
    let body = [&[0], head.as_ref(), object].concat();
    assert_eq!(
        server.feed(Script::new().message(17, 1, 8, 0, body).bytes()),
        ["play2 1 b"]
    );
}

#[test]
fn the_chunk_stream_and_the_message_stream_of_a_command_do_not_matter() {
    let body = || amf0(&["createStream".into(), 5.0.into(), Value::Null]);
    for (msid, csid) in [
        (0, 2),
        (0, 3),
        (1, 8),
        (7, 63),
        (0, 64),
        (0, 319),
        (0, 65_599),
    ] {
        let script = Script::new().message(20, msid, csid, 99, body());
        check(script, &[], &["3/0 _result 5 null 2"]);
    }
}

#[test]
fn shared_object_messages_are_handed_on() {
    let script = Script::new()
        .message(19, 0, 3, 0, &b"so"[..])
        .message(16, 0, 3, 0, &b"so3"[..]);
    check(
        script,
        &[r#"SharedObjectAmf0 "so""#, r#"SharedObjectAmf3 "so3""#],
        &[],
    );
}

#[test]
fn unknown_message_types_are_dropped_until_there_are_three_in_a_row() {
    let mut server = Server::connected();
    let script = Script::new()
        .message(7, 0, 3, 0, &b"x"[..])
        .message(21, 0, 3, 0, &b"x"[..])
        .call(0, "releaseStream", 9.0, [])
        .message(99, 0, 3, 0, &b"x"[..]);
    assert_eq!(server.feed(script.bytes()), Vec::<String>::new());
    assert_eq!(server.session.stats().dropped.unknown, 3);
    assert_eq!(server.replies(), ["3/0 _result 9 null undefined"]);
    let script = Script::new()
        .message(10, 0, 3, 0, &b"x"[..])
        .message(11, 0, 3, 0, &b"x"[..]);
    assert!(server.feed(script.bytes())[0].starts_with("error: message of unknown type"));
}
