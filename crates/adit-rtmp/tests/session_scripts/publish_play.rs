//! Publishing and playing: requests, answers, media through, and how they end.

use adit_amf::amf0::Value;
use adit_rtmp::command::{Status, StatusCode};
use adit_rtmp::message::UserControl;
use adit_rtmp::session::{MediaKind, SendError, ServerEvent};
use adit_rtmp::{MessageStreamId, Timestamp};
use bytes::Bytes;

use crate::support::*;

const ONE: MessageStreamId = MessageStreamId::new(1);

/// A server whose client plays `live:cam` on message stream 1.
fn playing() -> Server {
    let mut server = Server::connected();
    server.feed(Script::new().play(1, "cam").bytes());
    server.replies();
    server
}

/// A server whose client publishes `live:cam` on message stream 1.
fn publishing() -> Server {
    let mut server = Server::connected();
    server.feed(Script::new().publish(1, "cam").bytes());
    server.replies();
    server
}

const PUBLISHED: [&str; 2] = [
    "2/0 StreamBegin(MessageStreamId(1))",
    "5/1 onStatus 0 null {status, NetStream.Publish.Start, details: cam, clientid: 1}",
];

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

// Q-082
#[test]
fn a_second_play_ends_the_first_and_a_publish_ends_a_play() {
    let mut server = playing();
    let script = Script::new().play(1, "b").publish(1, "c").play(1, "d");
    let expected = [
        "stop play 1",
        "play 1 live:b LiveOrRecorded All Reset",
        "stop play 1",
        "publish 1 live:c live",
        "unpublish 1",
        "play 1 live:d LiveOrRecorded All Reset",
    ];
    assert_eq!(server.feed(script.bytes()), expected);
}

#[test]
fn a_play_that_was_overtaken_cannot_be_accepted_any_more() {
    let mut server = Server::connected().leaving();
    server.feed(Script::new().play(1, "a").play(1, "b").bytes());
    let ServerEvent::Play(second) = server.request() else {
        panic!()
    };
    let ServerEvent::Play(first) = server.request() else {
        panic!()
    };
    assert_eq!(
        (first.location.name.as_str(), second.location.name.as_str()),
        ("a", "b")
    );
    assert!(!server.session.accept_play(first));
    assert_eq!(server.replies(), Vec::<String>::new());
    assert!(server.session.accept_play(second));
    assert_eq!(server.replies().len(), 4);
}

#[test]
fn a_request_on_a_stream_that_was_deleted_cannot_be_accepted_any_more() {
    let mut server = Server::connected().leaving();
    let script = Script::new()
        .play(1, "a")
        .call(0, "deleteStream", 0.0, [1.0.into()]);
    let expected = ["play 1 live:a LiveOrRecorded All Reset", "stop play 1"];
    assert_eq!(server.feed(script.bytes()), expected);
    let ServerEvent::Play(request) = server.request() else {
        panic!()
    };
    assert!(!server.session.accept_play(request));
    assert_eq!(server.replies(), Vec::<String>::new());
}

// Q-073, Q-090
#[test]
fn play_is_answered_by_begin_reset_start_and_sample_access() {
    let check = |playlist: Option<Value>, resets: usize| {
        let mut server = Server::connected();
        let arguments = ["cam".into(), (-2.0).into(), (-1.0).into()];
        let arguments = arguments.into_iter().chain(playlist);
        server.feed(Script::new().call(1, "play", 0.0, arguments).bytes());
        let all = [
            "2/0 StreamBegin(MessageStreamId(1))",
            "5/1 onStatus 0 null {status, NetStream.Play.Reset, details: cam, clientid: 1}",
            "5/1 onStatus 0 null {status, NetStream.Play.Start, details: cam, clientid: 1}",
            "4/1 data |RtmpSampleAccess true true",
        ];
        let mut expected = all.to_vec();
        if resets == 0 {
            expected.remove(1);
        }
        assert_eq!(server.replies(), expected);
    };
    check(None, 1);
    check(Some(true.into()), 1);
    check(Some(3.0.into()), 1);
    check(Some(false.into()), 0);
    check(Some(0.0.into()), 0);
    check(Some(2.0.into()), 0);
}

// Q-097
#[test]
fn a_recording_is_told_to_be_one_and_flash_that_its_data_starts() {
    let check = |version: &str, data: Option<&str>| {
        let mut server = Server::new().leaving();
        let properties = [("app", "live".into()), ("flashVer", version.into())];
        let connect = ["connect".into(), 1.0.into(), object(properties)];
        server.feed(Script::with_handshake().command(0, connect).bytes());
        let ServerEvent::Connect(request) = server.request() else {
            panic!()
        };
        server.session.accept_connect(request);
        let mut script = Script::new().call(0, "createStream", 2.0, []);
        server.feed(script.take());
        server.replies();
        server.feed(script.play(1, "cam").bytes());
        let ServerEvent::Play(request) = server.request() else {
            panic!()
        };
        assert!(server.session.accept_play_recorded(request));
        let replies = server.replies();
        assert_eq!(replies[0], "2/0 StreamIsRecorded(MessageStreamId(1))");
        assert_eq!(replies[1], "2/0 StreamBegin(MessageStreamId(1))");
        assert_eq!(replies[4], "4/1 data |RtmpSampleAccess true true");
        assert_eq!(replies.get(5).map(String::as_str), data);
    };
    let starts = "4/1 data onStatus {status, NetStream.Data.Start}";
    check("WIN 32,0,0,465", Some(starts));
    check("MAC 11,2,202,233", Some(starts));
    check("LNX 9,0,124,2", None);
    check("", None);
}

#[test]
fn what_is_to_be_played_next_leaves_alone_what_plays() {
    let mut server = playing();
    let next = |name: &str| {
        let arguments = [name.into(), 0.0.into(), (-1.0).into(), false.into()];
        Script::new().call(1, "play", 0.0, arguments).bytes()
    };
    let events = server.feed(next("other"));
    assert_eq!(events.len(), 1, "{events:?}");
    assert!(events[0].starts_with("play next 1 "), "{events:?}");
    assert_eq!(server.replies(), Vec::<String>::new());
    let audio = Bytes::from_static(b"a");
    let sent = server
        .session
        .send_media(ONE, MediaKind::Audio, Timestamp::ZERO, &audio);
    assert_eq!(sent, Ok(()));
    // Where nothing plays it is as good as any play.
    server.feed(Script::new().call(1, "closeStream", 0.0, []).bytes());
    let events = server.feed(next("other"));
    assert_eq!(
        events,
        ["play 1 live:other Recorded { from_ms: 0 } All Append"]
    );
}

// Q-066
#[test]
fn start_and_duration_are_flags_or_milliseconds() {
    let check = |start: f64, duration: f64, expected: &str| {
        let mut server = Server::connected();
        let arguments = ["cam".into(), start.into(), duration.into()];
        let events = server.feed(Script::new().call(1, "play", 0.0, arguments).bytes());
        assert_eq!(
            events,
            [format!("play 1 live:cam {expected} Reset")],
            "{start} {duration}"
        );
    };
    check(-2.0, -1.0, "LiveOrRecorded All");
    check(-2000.0, -1000.0, "LiveOrRecorded All");
    check(-1.0, -1.0, "Live All");
    check(-1000.0, -2.0, "Live All");
    check(0.0, 0.0, "Recorded { from_ms: 0 } SingleFrame");
    check(
        1500.0,
        250.0,
        "Recorded { from_ms: 1500 } Limited { ms: 250 }",
    );
    check(-3.0, f64::NEG_INFINITY, "LiveOrRecorded All");
    check(f64::NAN, f64::NAN, "LiveOrRecorded All");
    check(
        1e300,
        f64::INFINITY,
        "Recorded { from_ms: 4294967295 } Limited { ms: 4294967295 }",
    );
}

#[test]
fn a_refused_player_is_told_why() {
    let mut server = Server::connected().leaving();
    server.feed(Script::new().play(1, "cam").bytes());
    let ServerEvent::Play(request) = server.request() else {
        panic!()
    };
    assert!(
        server
            .session
            .reject_play(request, StatusCode::PlayStreamNotFound, "no cam here")
    );
    let expected = ["5/1 onStatus 0 null {error, NetStream.Play.StreamNotFound, details: cam}"];
    assert_eq!(server.replies(), expected);
    assert_eq!(
        server
            .session
            .send_media(ONE, MediaKind::Audio, Timestamp::ZERO, &Bytes::new()),
        Err(SendError::NotOpen)
    );
}

#[test]
fn media_goes_to_players_as_it_is() {
    let mut server = playing();
    let send = [
        (MediaKind::Data, 0, Bytes::from_static(b"\x02\0\x01xtail")),
        (MediaKind::Audio, 40, Bytes::from_static(b"audio")),
        (MediaKind::Video, 41, Bytes::from(vec![7; 10_000])),
        (MediaKind::Video, 80, Bytes::new()),
    ];
    for (kind, at, payload) in &send {
        let at = Timestamp::from_ms(*at);
        server.session.send_media(ONE, *kind, at, payload).unwrap();
    }
    let got = server.reply_messages();
    assert_eq!(got.len(), send.len());
    for (message, (kind, at, payload)) in got.iter().zip(&send) {
        assert_eq!(message.kind, kind.message_kind());
        assert_eq!((message.timestamp.ms(), &message.payload), (*at, payload));
        assert_eq!((message.msid, message.csid), (ONE, kind.csid()));
    }
}

#[test]
fn the_shared_form_of_media_is_what_the_plain_way_sends() {
    for at in [0, 1000, 0xFF_FFFE, 0xFF_FFFF, 0x0100_0000, u32::MAX] {
        for len in [0, 1, 4096, 4097, 70_000] {
            let (mut plain, mut shared) = (playing(), playing());
            let (at, payload) = (Timestamp::from_ms(at), Bytes::from(vec![9; len]));
            let kind = MediaKind::Video;
            plain.session.send_media(ONE, kind, at, &payload).unwrap();
            assert_eq!(
                plain.session.form_key(kind, at),
                shared.session.form_key(kind, at)
            );
            let tail = shared.session.encode_form(kind, at, &payload);
            shared
                .session
                .send_media_form(ONE, kind, at, len, tail)
                .unwrap();
            assert_eq!(plain.take_output(), shared.take_output(), "{at:?} {len}");
        }
    }
}

#[test]
fn form_keys_differ_when_the_shared_bytes_do() {
    let connected = playing().session;
    let fresh = Server::new().session;
    let (audio, video) = (MediaKind::Audio, MediaKind::Video);
    let key = |ms| connected.form_key(video, Timestamp::from_ms(ms));
    assert_eq!(key(0), key(5000), "short times share one form");
    assert_ne!(key(0), key(0xFF_FFFF));
    assert_ne!(key(0xFF_FFFF), key(0x100_0000));
    assert_ne!(key(0), connected.form_key(audio, Timestamp::ZERO));
    assert_ne!(
        key(0),
        fresh.form_key(video, Timestamp::ZERO),
        "another chunk size"
    );
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
fn timestamps_to_players_pass_unchanged_across_2_to_the_24_and_the_32() {
    let times = [
        0xFF_FFFE,
        0xFF_FFFF,
        0x100_0000,
        0xFFFF_FFFF,
        0,
        1,
        0xFFFF_FFFF,
    ];
    let mut server = playing();
    let payload = Bytes::from(vec![1; 9000]);
    for at in times {
        server
            .session
            .send_media(ONE, MediaKind::Video, Timestamp::from_ms(at), &payload)
            .unwrap();
    }
    let got = server.reply_messages();
    assert_eq!(
        got.iter()
            .map(|message| message.timestamp.ms())
            .collect::<Vec<_>>(),
        times
    );
    assert!(got.iter().all(|message| message.payload == payload));
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

#[test]
fn playing_ends_by_any_of_three_commands_and_the_stream_stays() {
    let check = |command: &str, arguments: Vec<Value>| {
        let mut server = playing();
        assert_eq!(
            server.feed(Script::new().call(1, command, 0.0, arguments).bytes()),
            ["stop play 1"]
        );
        assert_eq!(server.replies(), Vec::<String>::new());
        let again = server.feed(Script::new().play(1, "b").bytes());
        assert_eq!(again, ["play 1 live:b LiveOrRecorded All Reset"]);
    };
    check("closeStream", vec![]);
    check("play", vec![false.into()]);
    check("play", vec![]);
}

// Q-091
#[test]
fn players_are_told_when_the_publisher_goes_and_comes() {
    let mut server = playing();
    server.session.notify_play_unpublished(ONE, "cam").unwrap();
    server.session.notify_play_published(ONE, "cam").unwrap();
    server
        .session
        .notify_play_complete(ONE, std::time::Duration::from_millis(1500), 99)
        .unwrap();
    server.session.notify_play_stopped(ONE, "cam").unwrap();
    let expected = [
        "2/0 StreamEof(MessageStreamId(1))",
        "5/1 onStatus 0 null {status, NetStream.Play.UnpublishNotify, details: cam}",
        "2/0 StreamBegin(MessageStreamId(1))",
        "5/1 onStatus 0 null {status, NetStream.Play.PublishNotify, details: cam}",
        "4/1 data onPlayStatus {status, NetStream.Play.Complete, duration: 1.5, bytes: 99}",
        "5/1 onStatus 0 null {status, NetStream.Play.Stop, details: cam}",
        "2/0 StreamEof(MessageStreamId(1))",
    ];
    assert_eq!(server.replies(), expected);
    assert_eq!(
        server.session.notify_play_stopped(ONE, "cam"),
        Err(SendError::NotOpen)
    );
}

// Q-067
#[test]
fn a_player_pauses_seeks_and_chooses() {
    let mut server = playing();
    let script = Script::new()
        .call(1, "pause", 0.0, [true.into(), 1200.0.into()])
        .call(1, "pause", 0.0, [false.into(), 1200.0.into()])
        .call(1, "pauseRaw", 0.0, [true.into(), 7.0.into()])
        .call(1, "pauseraw", 0.0, [false.into()])
        .call(1, "seek", 0.0, [4000.0.into()])
        .call(1, "receiveAudio", 0.0, [false.into()])
        .call(1, "receiveVideo", 0.0, [true.into()])
        .call(1, "receiveVideo", 0.0, [12.5.into()])
        .call(1, "receiveVideoFPS", 0.0, [0.0.into()])
        .user_control(UserControl::SetBufferLength {
            msid: ONE,
            buffer_ms: 3000,
        });
    let expected = [
        "pause 1 Paused 1200",
        "pause 1 Playing 1200",
        "pause 1 Paused 7",
        "pause 1 Playing 0",
        "seek 1 4000",
        "receive audio 1 Off",
        "receive video 1 On",
        "receive video 1 FramesPerSecond(12.5)",
        "receive video 1 Off",
        "buffer 1 3000",
    ];
    assert_eq!(server.feed(script.bytes()), expected);
    let notices = [
        "2/0 StreamEof(MessageStreamId(1))",
        "5/1 onStatus 0 null {status, NetStream.Pause.Notify}",
        "2/0 StreamBegin(MessageStreamId(1))",
        "5/1 onStatus 0 null {status, NetStream.Unpause.Notify}",
    ];
    assert_eq!(server.replies(), notices);
    let status = Status::new(StatusCode::SeekNotify, "seeking").with("details", "4000");
    server.session.send_status(ONE, status).unwrap();
    let seek = ["5/1 onStatus 0 null {status, NetStream.Seek.Notify, details: 4000}"];
    assert_eq!(server.replies(), seek);
}

#[test]
fn commands_of_a_player_that_does_not_play_are_errors() {
    let check = |command: &str, argument: Value, expected: &[&str]| {
        let mut server = Server::connected();
        let script = Script::new().call(1, command, 0.0, [argument]);
        assert_eq!(server.feed(script.bytes()), Vec::<String>::new());
        assert_eq!(server.replies(), expected, "{command}");
    };
    let failed = ["5/1 onStatus 0 null {error, NetStream.Failed}"];
    check("pause", true.into(), &failed);
    check("seek", 0.0.into(), &failed);
    check("play2", object([("streamName", "b".into())]), &failed);
    // Flash says what it wants to receive before it plays.
    check("receiveAudio", false.into(), &[]);
    check("receiveVideo", false.into(), &[]);
}

#[test]
fn play2_names_the_stream_to_go_to() {
    let mut server = playing();
    let options = object([
        ("streamName", "high".into()),
        ("transition", "switch".into()),
    ]);
    assert_eq!(
        server.feed(Script::new().call(1, "play2", 0.0, [options]).bytes()),
        ["play2 1 high"]
    );
}

// Q-063
#[test]
fn commands_on_message_stream_0_mean_the_only_stream() {
    let mut server = Server::connected();
    assert_eq!(
        server.feed(Script::new().publish(0, "cam").bytes()),
        ["publish 1 live:cam live"]
    );
    assert_eq!(server.replies(), PUBLISHED);
    let media = Script::new().audio(0, 3, b"a").video(0, 4, b"v");
    let expected = [r#"Audio 1 @3 "a""#, r#"Video 1 @4 "v""#];
    assert_eq!(server.feed(media.bytes()), expected);
    // With two streams nobody can tell which is meant.
    let script = Script::new()
        .call(0, "createStream", 3.0, [])
        .play(0, "cam")
        .audio(0, 5, b"a");
    assert_eq!(
        server.feed(script.bytes()),
        [
            r#"refused Play "cam": there is no message stream 0: create one with createStream first"#,
            r#"Audio 1 @5 "a""#
        ],
        "one publishes"
    );
    let replies = server.replies();
    assert_eq!(
        replies[1],
        "3/0 onStatus 0 null {error, NetStream.Play.Failed}"
    );
}

#[test]
fn several_streams_of_one_connection_do_not_touch_each_other() {
    let mut server = Server::connected();
    let script = Script::new()
        .call(0, "createStream", 3.0, [])
        .call(0, "createStream", 4.0, [])
        .publish(1, "a")
        .play(2, "b")
        .publish(3, "c")
        .audio(3, 1, b"c")
        .audio(1, 2, b"a")
        .audio(2, 3, b"dropped")
        .call(0, "deleteStream", 0.0, [1.0.into()])
        .audio(3, 4, b"c")
        .audio(1, 5, b"dropped");
    let expected = [
        "publish 1 live:a live",
        "play 2 live:b LiveOrRecorded All Reset",
        "publish 3 live:c live",
        r#"Audio 3 @1 "c""#,
        r#"Audio 1 @2 "a""#,
        "unpublish 1",
        r#"Audio 3 @4 "c""#,
    ];
    assert_eq!(server.feed(script.bytes()), expected);
    assert_eq!(server.session.stats().dropped.media, 2);
}

#[test]
fn a_stream_that_was_not_created_cannot_be_used() {
    let mut server = Server::connected();
    assert_eq!(
        server.feed(Script::new().publish(9, "a").play(9, "b").bytes()),
        [
            r#"refused Publish "a": there is no message stream 9: create one with createStream first"#,
            r#"refused Play "b": there is no message stream 9: create one with createStream first"#
        ]
    );
    let expected = [
        "5/9 onStatus 0 null {error, NetStream.Publish.BadName}",
        "5/9 onStatus 0 null {error, NetStream.Play.Failed}",
    ];
    assert_eq!(server.replies(), expected);
}

#[test]
fn init_stream_opens_the_stream_that_the_client_chose() {
    let mut server = Server::connected();
    let script = Script::new()
        .call(0, "initStream", 0.0, [2.0.into()])
        .call(0, "initStream", 0.0, [])
        .call(0, "createStream", 3.0, [])
        .publish(2, "cam");
    assert_eq!(server.feed(script.bytes()), ["publish 2 live:cam live"]);
    // The next id that is free.
    assert_eq!(server.replies()[0], "3/0 _result 3 null 3");
}
