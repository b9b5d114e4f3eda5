//! Playing: requests, answers, media through, and how it ends.

use adit_amf::amf0::Value;
use adit_rtmp::Timestamp;
use adit_rtmp::command::{Status, StatusCode};
use adit_rtmp::message::UserControl;
use adit_rtmp::session::{MediaKind, SendError, ServerEvent};
use bytes::Bytes;

use crate::support::*;

//
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

//
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

//
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
    assert_eq!(events, ["play 1 live:other Beginning All Append"]);
}

//
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
    check(0.0, 0.0, "Beginning SingleFrame");
    check(0.5, -1.0, "Recorded { from_ms: 0 } All");
    check(33.4, -1.0, "Recorded { from_ms: 33 } All");
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

//
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

//
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
}

#[test]
fn what_a_player_wants_to_receive_is_reported_before_it_plays() {
    let mut server = Server::connected();
    let script = Script::new()
        .call(1, "receiveAudio", 0.0, [false.into()])
        .call(1, "receiveVideo", 0.0, [false.into()]);
    let expected = ["receive audio 1 Off", "receive video 1 Off"];
    assert_eq!(server.feed(script.bytes()), expected);
    // There is no such message stream.
    let script = Script::new().call(7, "receiveAudio", 0.0, [false.into()]);
    assert_eq!(server.feed(script.bytes()), Vec::<String>::new());
    assert_eq!(server.replies(), Vec::<String>::new());
}

fn leaving_for(server: &mut Server) -> adit_rtmp::session::server::PlayRequest {
    match server.request() {
        ServerEvent::Play(request) => request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_said_before_a_play_is_decided_is_carried_out_when_it_is_accepted() {
    let switch = |name: &str| object([("streamName", name.into())]);
    let early = Script::new()
        .play(1, "film")
        .call(1, "pause", 0.0, [true.into(), 0.0.into()])
        .call(1, "seek", 0.0, [4000.0.into()])
        .call(1, "seek", 0.0, [9000.0.into()])
        .call(1, "play2", 0.0, [switch("low")])
        .call(1, "play2", 0.0, [switch("high")])
        .bytes();
    let mut server = Server::connected().leaving();
    let events = server.feed(early.clone());
    assert_eq!(events, ["play 1 live:film LiveOrRecorded All Reset"]);
    let request = leaving_for(&mut server);
    let overtaken = ["5/1 onStatus 0 null {error, NetStream.Play.Failed}"];
    assert_eq!(server.replies(), overtaken);
    assert!(server.session.accept_play_recorded(request));
    let expected = ["pause 1 Paused 0", "seek 1 9000", "play2 1 high"];
    assert_eq!(server.feed(Bytes::new()), expected);
    let replies = server.replies();
    let notice = "5/1 onStatus 0 null {status, NetStream.Pause.Notify}";
    assert!(replies[3].contains("NetStream.Play.Start"), "{replies:?}");
    assert_eq!(replies.last().map(String::as_str), Some(notice));
    // Nothing of it is left for a play that comes later, or for one that is refused.
    let mut server = Server::connected().leaving();
    server.feed(early);
    let request = leaving_for(&mut server);
    let code = StatusCode::PlayStreamNotFound;
    assert!(server.session.reject_play(request, code, "no film here"));
    server.feed(Script::new().play(1, "film").bytes());
    let request = leaving_for(&mut server);
    assert!(server.session.accept_play(request));
    assert_eq!(server.feed(Bytes::new()), Vec::<String>::new());
}

#[test]
fn a_transition_that_needs_nothing_that_plays_is_a_play() {
    let play2 = |transition: &str| {
        let options = object([
            ("streamName", "high".into()),
            ("transition", transition.into()),
            ("start", 1500.0.into()),
        ]);
        Script::new().call(1, "play2", 0.0, [options]).bytes()
    };
    let from = "Recorded { from_ms: 1500 } All";
    let idle = |transition, playlist: &str| {
        let events = Server::connected().feed(play2(transition));
        assert_eq!(events, [format!("play 1 live:high {from} {playlist}")]);
    };
    idle("reset", "Reset");
    idle("Resume", "Reset");
    idle("append", "Append");
    idle("appendAndWait", "Append");
    let reset = playing().feed(play2("reset"));
    assert_eq!(
        reset,
        [
            "stop play 1".to_owned(),
            format!("play 1 live:high {from} Reset")
        ]
    );
    let append = playing().feed(play2("append"));
    assert!(append[0].starts_with("play next 1 "), "{append:?}");
    assert_eq!(playing().feed(play2("switch")), ["play2 1 high"]);
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
