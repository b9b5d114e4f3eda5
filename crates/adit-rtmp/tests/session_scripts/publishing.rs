//! Publishing: requests, answers, media through, and how it ends.

use adit_amf::amf0::Value;
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::StatusCode;
use adit_rtmp::session::ServerEvent;

use crate::support::*;

#[test]
fn publish_is_answered_by_stream_begin_and_start() {
    let mut server = Server::connected();
    let events = server.feed(Script::new().publish(1, "cam").bytes());
    assert_eq!(events, ["publish 1 live:cam live"]);
    assert_eq!(server.replies(), PUBLISHED);
}

#[test]
fn the_transaction_of_publish_does_not_matter() {
    for transaction in [0.0, 5.0, f64::NAN, -1.0] {
        let mut server = Server::connected();
        let script = Script::new().call(1, "publish", transaction, ["cam".into(), "live".into()]);
        server.feed(script.bytes());
        assert_eq!(server.replies(), PUBLISHED);
    }
}

// Q-065
#[test]
fn the_publish_type_is_live_unless_it_is_a_known_word() {
    let check = |arguments: Vec<Value>, expected: &str| {
        let mut server = Server::connected();
        let events = server.feed(Script::new().call(1, "publish", 0.0, arguments).bytes());
        assert_eq!(events, [format!("publish 1 live:cam {expected}")]);
    };
    check(vec!["cam".into()], "live");
    check(vec!["cam".into(), Value::Null], "live");
    check(vec!["cam".into(), "live".into()], "live");
    check(vec!["cam".into(), "RECORD".into()], "record");
    check(vec!["cam".into(), "append".into()], "append");
    check(vec!["cam".into(), "appendWithGap".into()], "appendWithGap");
    // An old MediaMTX put the name of the application there.
    check(vec!["cam".into(), "app".into()], "live");
}

// Q-065
#[test]
fn who_publishes_as_an_unknown_type_is_told_that_it_is_live() {
    for (kind, told) in [
        ("live", "cam is now published"),
        (
            "weird",
            "cam is now published live: the type that was given is none of live, record, append \
             and appendWithGap",
        ),
    ] {
        let mut server = Server::connected().leaving();
        let arguments = ["cam".into(), kind.into()];
        server.feed(Script::new().call(1, "publish", 0.0, arguments).bytes());
        let ServerEvent::Publish(request) = server.request() else {
            panic!()
        };
        assert!(server.session.accept_publish(request));
        let messages = server.reply_messages();
        let start = messages.last().unwrap();
        assert_eq!(description(start), told);
    }
}

#[test]
fn a_refused_publisher_is_told_why() {
    let mut server = Server::connected().leaving();
    server.feed(Script::new().publish(1, "cam").bytes());
    let ServerEvent::Publish(request) = server.request() else {
        panic!()
    };
    let reason = "live/cam is published from 192.0.2.7 since 12:00: stop that one first";
    assert!(
        server
            .session
            .reject_publish(request, StatusCode::PublishBadName, reason)
    );
    let messages = server.reply_messages();
    let expected = "5/1 onStatus 0 null {error, NetStream.Publish.BadName, details: cam}";
    assert_eq!(
        messages.iter().map(message_line).collect::<Vec<_>>(),
        [expected]
    );
    assert_eq!(description(&messages[0]), reason);
    // The stream can be used for another attempt.
    assert_eq!(
        server.feed(Script::new().publish(1, "b").bytes()),
        ["publish 1 live:b live"]
    );
}

#[test]
fn media_waits_for_the_decision_about_its_publisher() {
    let mut server = Server::connected().leaving();
    let script = Script::new()
        .publish(1, "cam")
        .audio(1, 5, b"a")
        .video(1, 6, b"v");
    assert_eq!(server.feed(script.bytes()), ["publish 1 live:cam live"]);
    assert!(!server.session.wants_input());
    let ServerEvent::Publish(request) = server.request() else {
        panic!()
    };
    assert!(server.session.accept_publish(request));
    assert_eq!(server.events(), [r#"Audio 1 @5 "a""#, r#"Video 1 @6 "v""#]);
    assert!(server.session.wants_input());
}

// Q-076
#[test]
fn a_refused_publisher_that_goes_on_loses_the_connection_after_a_while() {
    let mut server = Server::connected().leaving();
    server.feed(Script::new().publish(1, "cam").bytes());
    let ServerEvent::Publish(request) = server.request() else {
        panic!()
    };
    assert!(
        server
            .session
            .reject_publish(request, StatusCode::PublishDenied, "no")
    );
    let mut script = Script::new();
    let mut media = move || {
        script = std::mem::take(&mut script).audio(1, 0, b"audio");
        script.take()
    };
    assert_eq!(server.feed(media()), Vec::<String>::new());
    assert_eq!(server.after(5000).feed(media()), Vec::<String>::new());
    let error = "error: the peer goes on publishing although it was refused";
    assert_eq!(server.after(1).feed(media()), [error]);
    assert_eq!(server.events(), [error], "it is repeated");
    let told = "3/0 onStatus 0 null {status, NetConnection.Connect.Closed}";
    assert_eq!(server.replies().last().unwrap(), told);
    assert!(server.session.is_closed());
}

// Q-076
#[test]
fn a_publisher_whose_stream_is_ended_is_told_why_and_may_publish_again_or_loses_the_connection() {
    let mut server = publishing().leaving();
    let end = |server: &mut Server| {
        let msid = MessageStreamId::new(1);
        server
            .session
            .end_publish(msid, StatusCode::PublishDenied, "no hevc here")
    };
    server.replies();
    assert!(end(&mut server));
    let told = "5/1 onStatus 0 null {error, NetStream.Publish.Denied, details: cam}";
    assert_eq!(server.replies(), [told]);
    // It publishes nothing any more, and what is on its way is dropped.
    assert!(!end(&mut server));
    let mut script = Script::new();
    let mut media = move || {
        script = std::mem::take(&mut script).audio(1, 0, b"audio");
        script.take()
    };
    assert_eq!(server.feed(media()), Vec::<String>::new());
    server.feed(Script::new().publish(1, "other").bytes());
    let ServerEvent::Publish(request) = server.request() else {
        panic!()
    };
    assert!(server.session.accept_publish(request));
    assert!(end(&mut server));
    assert_eq!(server.after(5000).feed(media()), Vec::<String>::new());
    let error = "error: the peer goes on publishing although it was refused";
    assert_eq!(server.after(1).feed(media()), [error]);
}

// Q-082
#[test]
fn a_second_publish_ends_the_first() {
    let mut server = publishing();
    let script = Script::new()
        .audio(1, 1, b"a")
        .publish(1, "b")
        .audio(1, 2, b"b");
    let expected = [
        r#"Audio 1 @1 "a""#,
        "unpublish 1",
        "publish 1 live:b live",
        r#"Audio 1 @2 "b""#,
    ];
    assert_eq!(server.feed(script.bytes()), expected);
}

#[test]
fn timestamps_of_publishers_pass_unchanged_across_2_to_the_24_and_the_32() {
    let times = [
        0,
        5,
        0xFF_FFFE,
        0xFF_FFFF,
        0x100_0000,
        0x100_0010,
        0x7FFF_FFFF,
        0x8000_0000,
        0xFFFF_FFFE,
        0xFFFF_FFFF,
        0,
        20,
        0xFFFF_FFF0,
        3,
    ];
    let mut server = publishing();
    let mut script = Script::new();
    for at in times {
        script = script.audio(1, at, b"a").video(1, at, b"v");
    }
    let expected: Vec<_> = times
        .iter()
        .flat_map(|at| {
            [
                format!(r#"Audio 1 @{at} "a""#),
                format!(r#"Video 1 @{at} "v""#),
            ]
        })
        .collect();
    assert_eq!(server.feed(script.bytes()), expected);
}

#[test]
fn deltas_of_a_publisher_carry_its_time_over_2_to_the_24() {
    let mut server = publishing();
    // Type 0 at 0xFFFFF0, then type 1 with a delta of 32: no extended timestamp anywhere.
    let script = Script::new()
        .audio(1, 0xFF_FFF0, b"a")
        .raw(&b"\x44\0\0\x20\0\0\x01\x08b"[..]);
    let expected = [r#"Audio 1 @16777200 "a""#, r#"Audio 1 @16777232 "b""#];
    assert_eq!(server.feed(script.bytes()), expected);
}

#[test]
fn publishing_ends_by_any_of_four_commands() {
    let success = "5/1 onStatus 0 null {status, NetStream.Unpublish.Success, details: cam}";
    let check = |command: &str, msid, transaction, arguments: Vec<Value>, expected: &[&str]| {
        let mut server = publishing();
        let script = Script::new()
            .call(msid, command, transaction, arguments)
            .audio(1, 0, b"late");
        assert_eq!(server.feed(script.bytes()), ["unpublish 1"], "{command}");
        assert_eq!(server.replies(), expected, "{command}");
        assert_eq!(server.session.stats().dropped.media, 1);
    };
    check("closeStream", 1, 0.0, vec![], &[success]);
    check("publish", 1, 0.0, vec![false.into()], &[success]);
    check("publish", 1, 0.0, vec![Value::Null], &[success]);
    check("deleteStream", 0, 6.0, vec![1.0.into()], &[]);
    let fc = [
        "3/0 onFCUnpublish 6 null {status, NetStream.Unpublish.Success}",
        "3/0 _result 6 null undefined",
        success,
    ];
    check("FCUnpublish", 0, 6.0, vec!["cam".into()], &fc);
    check("FCUnpublish", 0, 6.0, vec!["cam?token=x".into()], &fc);
    // Without a name the only stream that publishes is meant.
    check("FCUnpublish", 0, 6.0, vec![], &fc);
}

#[test]
fn an_unpublish_that_comes_late_does_not_end_the_next_publish() {
    // Encoders that begin anew say so first, and take leave of the old name afterwards (Q-082).
    let mut server = publishing();
    let script = Script::new()
        .publish(1, "next")
        .call(0, "FCUnpublish", 6.0, ["cam".into()])
        .audio(1, 0, b"a");
    let expected = [
        "unpublish 1",
        "publish 1 live:next live",
        r#"Audio 1 @0 "a""#,
    ];
    assert_eq!(server.feed(script.bytes()), expected);
}

// Q-085
#[test]
fn obs_ends_with_fc_unpublish_and_delete_stream_and_that_is_one_end() {
    let mut server = publishing();
    let script = Script::new()
        .call(0, "FCUnpublish", 6.0, ["cam".into()])
        .call(0, "deleteStream", 7.0, [1.0.into()]);
    assert_eq!(server.feed(script.bytes()), ["unpublish 1"]);
}
