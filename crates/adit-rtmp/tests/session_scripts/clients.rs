//! Whole sessions of the clients of the field: captured ones, and others by raw commands.

use adit_amf::amf0::Value;
use adit_rtmp::message::{BandwidthLimit, ControlMessage, UserControl};
use adit_rtmp::session::{MediaKind, ServerEvent};
use adit_rtmp::{MessageStreamId, Timestamp};
use bytes::Bytes;

use crate::support::*;

const FFMPEG_PLAY: &[u8] = include_bytes!("../data/ffmpeg-play.bin");
const FFMPEG_PUBLISH: &[u8] = include_bytes!("../data/ffmpeg-publish.bin");
const RTMPDUMP_PLAY: &[u8] = include_bytes!("../data/rtmpdump-play.bin");

/// The replies after those to `connect`.
fn after_connect(server: &mut Server) -> Vec<String> {
    let mut replies = server.replies();
    assert_eq!(replies[5], "3/0 onBWDone 0 null");
    replies.split_off(6)
}

const PLAY_STARTS: [&str; 4] = [
    "2/0 StreamBegin(MessageStreamId(1))",
    "5/1 onStatus 0 null {status, NetStream.Play.Reset, details: stream, clientid: 1}",
    "5/1 onStatus 0 null {status, NetStream.Play.Start, details: stream, clientid: 1}",
    "4/1 data |RtmpSampleAccess true true",
];

fn publish_starts(msid: u32, name: &str) -> [String; 2] {
    [
        format!("2/0 StreamBegin(MessageStreamId({msid}))"),
        format!(
            "5/{msid} onStatus 0 null {{status, NetStream.Publish.Start, details: {name}, clientid: 1}}"
        ),
    ]
}

// Q-080
#[test]
fn captured_ffmpeg_plays() {
    let mut server = Server::new();
    let expected = [
        "connect live",
        "length stream",
        "play 1 live:stream LiveOrRecorded All Reset",
        "buffer 1 3000",
    ];
    assert_eq!(server.feed(FFMPEG_PLAY), expected);
    let replies = after_connect(&mut server);
    assert_eq!(
        replies[..2],
        ["3/0 _result 2 null 1", "3/0 _result 3 null 0"]
    );
    assert_eq!(replies[2..], PLAY_STARTS);
}

#[test]
fn captured_ffmpeg_publishes() {
    let mut server = Server::new();
    let events = server.feed(FFMPEG_PUBLISH);
    assert_eq!(events[..2], ["connect live", "publish 1 live:pubt live"]);
    assert!(
        events[2].starts_with("Data 1 @0 02000a6f6e4d657461"),
        "{}",
        events[2]
    );
    assert!(events[3].starts_with("Video 1 @0 1700"));
    assert!(events[4].starts_with("Audio 1 @0 af00"));
    assert!(
        events[5..]
            .iter()
            .all(|line| line.starts_with("Audio 1") || line.starts_with("Video 1"))
    );
    let replies = after_connect(&mut server);
    let expected = [
        "3/0 _result 2 null undefined",
        "3/0 onFCPublish 3 null {status, NetStream.Publish.Start}",
        "3/0 _result 3 null undefined",
        "3/0 _result 4 null 1",
    ];
    assert_eq!(replies[..4], expected);
    assert_eq!(replies[4..], publish_starts(1, "pubt"));
}

#[test]
fn captured_rtmpdump_plays() {
    let mut server = Server::new();
    let expected = [
        "connect live",
        "buffer 0 300",
        "play 1 live:stream Live Limited { ms: 2000 } Reset",
        "buffer 1 36000000",
        "stop play 1",
    ];
    assert_eq!(server.feed(RTMPDUMP_PLAY), expected);
    let replies = after_connect(&mut server);
    let expected = [
        "3/0 _result 2 null 1",
        "3/0 onFCSubscribe 3 null {status, NetStream.Play.Start}",
        "3/0 _result 3 null undefined",
    ];
    assert_eq!(replies[..3], expected);
    assert_eq!(replies[3..], PLAY_STARTS);
}

// Q-083
#[test]
fn rtmpdump_without_live_asks_for_a_recording_from_0() {
    let mut server = Server::connected();
    let script = Script::new().call(1, "play", 4.0, ["stream".into(), 0.0.into()]);
    let expected = ["play 1 live:stream Beginning All Reset"];
    assert_eq!(server.feed(script.bytes()), expected);
}

// Q-037, Q-085
#[test]
fn obs_publishes_with_everything_on_chunk_stream_4() {
    let properties = object([
        ("app", "live".into()),
        ("type", "nonprivate".into()),
        ("flashVer", "FMLE/3.0 (compatible; FMSc/1.0)".into()),
        ("swfUrl", "rtmp://host/live".into()),
        ("tcUrl", "rtmp://host/live".into()),
    ]);
    let key = || Value::from("key?token=x");
    let body = |name: &str, number: f64, rest: Vec<Value>| {
        let head = [name.into(), number.into(), Value::Null];
        amf0(&head.into_iter().chain(rest).collect::<Vec<_>>())
    };
    let mut script = Script::with_handshake()
        // Before connect, on chunk stream 2.
        .chunk_size(4096)
        .command(0, ["connect".into(), 1.0.into(), properties]);
    let mut server = Server::new();
    assert_eq!(server.feed(script.take()), ["connect live"]);
    server.replies();
    script = script
        .control(&ControlMessage::WindowAckSize(2_500_000))
        .call(0, "releaseStream", 2.0, [key()])
        .call(0, "FCPublish", 3.0, [key()])
        .call(0, "createStream", 4.0, []);
    assert_eq!(server.feed(script.take()), Vec::<String>::new());
    assert_eq!(server.replies().last().unwrap(), "3/0 _result 4 null 1");
    script = script.message(
        20,
        1,
        4,
        0,
        body("publish", 5.0, vec![key(), "live".into()]),
    );
    assert_eq!(
        server.feed(script.take()),
        ["publish 1 live:key live query token=x"]
    );
    assert_eq!(server.replies(), publish_starts(1, "key"));
    let meta = amf0(&[
        "@setDataFrame".into(),
        "onMetaData".into(),
        Value::EcmaArray([("a", 1.0)].into_iter().collect()),
    ]);
    script = script
        .message(18, 1, 4, 0, meta)
        .message(9, 1, 4, 0, &b"header"[..])
        .message(8, 1, 4, 0, &b"config"[..])
        // Audio and video on one chunk stream: time goes backwards on it.
        .message(9, 1, 4, 33, &b"video"[..])
        .message(8, 1, 4, 21, &b"audio"[..])
        .message(9, 1, 4, 66, &b"video"[..]);
    let expected = [
        "Data 1 @0 02000a6f6e4d657461446174610800000001000161003ff0000000000000000009",
        r#"Video 1 @0 "header""#,
        r#"Audio 1 @0 "config""#,
        r#"Video 1 @33 "video""#,
        r#"Audio 1 @21 "audio""#,
        r#"Video 1 @66 "video""#,
    ];
    assert_eq!(server.feed(script.take()), expected);
    script = script
        .call(0, "FCUnpublish", 6.0, [key()])
        .call(0, "deleteStream", 7.0, [1.0.into()]);
    assert_eq!(server.feed(script.take()), ["unpublish 1"]);
    assert_eq!(server.eof(), ["closed: PeerEnded"]);
}

// Q-086
#[test]
fn gstreamer_gets_an_id_that_is_not_0_and_a_start() {
    // rtmp2sink: metadata on 4, audio on 5, video on 6; every command has a number.
    let properties = object([
        ("app", "live".into()),
        ("tcUrl", "rtmp://host:1935/live".into()),
        ("type", "nonprivate".into()),
        ("flashVer", "LNX 9,0,124,2".into()),
        ("fpad", false.into()),
        ("capabilities", 15.0.into()),
        ("audioCodecs", 4071.0.into()),
        ("videoCodecs", 252.0.into()),
        ("videoFunction", 1.0.into()),
    ]);
    let mut server = Server::new();
    let script = Script::with_handshake()
        .command(0, ["connect".into(), 1.0.into(), properties])
        .call(0, "releaseStream", 2.0, ["cam".into()])
        .call(0, "FCPublish", 3.0, ["cam".into()])
        .call(0, "createStream", 4.0, [])
        .call(1, "publish", 5.0, ["cam".into(), "live".into()])
        .message(8, 1, 5, 0, &b"a"[..])
        // A new message by type 3 right after type 0.
        .raw(&b"\xC5b"[..]);
    let expected = [
        "connect live",
        "publish 1 live:cam live",
        r#"Audio 1 @0 "a""#,
        r#"Audio 1 @0 "b""#,
    ];
    assert_eq!(server.feed(script.bytes()), expected);
    let replies = after_connect(&mut server);
    assert_eq!(replies[3], "3/0 _result 4 null 1");
    assert_eq!(replies[4..], publish_starts(1, "cam"));
}

// Q-090
#[test]
fn flash_player_plays_and_publishes_on_one_connection_with_amf3() {
    let properties = object([
        ("app", "chat/lobby".into()),
        ("flashVer", "WIN 32,0,0,465".into()),
        ("swfUrl", "http://host/player.swf".into()),
        ("tcUrl", "rtmp://host/chat/lobby".into()),
        ("fpad", false.into()),
        ("capabilities", 239.0.into()),
        ("audioCodecs", 3575.0.into()),
        ("videoCodecs", 252.0.into()),
        ("videoFunction", 1.0.into()),
        ("pageUrl", "http://host/".into()),
        ("objectEncoding", 3.0.into()),
    ]);
    let amf3 = |name: &str, number: f64, rest: &[Value]| {
        let head = [name.into(), number.into(), Value::Null];
        let body = amf0(
            &head
                .into_iter()
                .chain(rest.iter().cloned())
                .collect::<Vec<_>>(),
        );
        [&[0], body.as_ref()].concat()
    };
    let mut server = Server::new();
    let script = Script::with_handshake()
        .command(0, ["connect".into(), 1.0.into(), properties, "nick".into()])
        .control(&ControlMessage::WindowAckSize(2_500_000))
        .message(17, 0, 3, 0, amf3("createStream", 2.0, &[]))
        .message(17, 0, 3, 0, amf3("createStream", 3.0, &[]))
        // Flash chooses chunk stream 8 for stream 1, 13 for stream 2.
        .user_control(UserControl::SetBufferLength {
            msid: MessageStreamId::new(1),
            buffer_ms: 100,
        })
        .message(17, 1, 8, 0, amf3("receiveAudio", 0.0, &[true.into()]))
        .message(
            17,
            1,
            8,
            0,
            amf3(
                "play",
                0.0,
                &["other".into(), (-2.0).into(), (-1.0).into(), 1.0.into()],
            ),
        )
        .message(
            17,
            2,
            13,
            0,
            amf3("publish", 0.0, &["me".into(), "live".into()]),
        )
        .message(8, 2, 13, 0, &b""[..])
        .message(17, 2, 13, 5, amf3("publish", 0.0, &[false.into()]))
        .message(17, 0, 3, 6, amf3("sendMessage", 4.0, &["hello".into()]));
    let expected = [
        "connect chat/lobby nick",
        "buffer 1 100",
        "receive audio 1 On",
        "play 1 chat/lobby:other LiveOrRecorded All Reset",
        "publish 2 chat/lobby:me live",
        r#"Audio 2 @0 """#,
        "unpublish 2",
        "call sendMessage hello",
    ];
    assert_eq!(server.feed(script.bytes()), expected);
    let replies = server.replies();
    assert!(replies[4].contains("objectEncoding: 3"));
    let rest = [
        "3/0 _result 2 null 1",
        "3/0 _result 3 null 2",
        "2/0 StreamBegin(MessageStreamId(1))",
        "5/1 onStatus 0 null {status, NetStream.Play.Reset, details: other, clientid: 1}",
        "5/1 onStatus 0 null {status, NetStream.Play.Start, details: other, clientid: 1}",
        "4/1 data |RtmpSampleAccess true true",
        "2/0 StreamBegin(MessageStreamId(2))",
        "5/2 onStatus 0 null {status, NetStream.Publish.Start, details: me, clientid: 1}",
        "5/2 onStatus 0 null {status, NetStream.Unpublish.Success, details: me}",
    ];
    assert_eq!(replies[6..], rest);
}

// Q-079
#[test]
fn haivision_and_dji_wait_for_the_answer_to_checkbw() {
    let mut server = Server::connected();
    let script = Script::new().call(0, "_checkbw", 5.0, []).publish(1, "cam");
    assert_eq!(
        server.feed(script.bytes()),
        ["bandwidth Old", "publish 1 live:cam live"]
    );
    assert_eq!(server.replies()[0], "3/0 _result 5 null null");
}

// Q-070
#[test]
fn livestream_studio_waits_for_an_on_fc_publish_with_its_number() {
    let mut server = Server::connected();
    server.feed(
        Script::new()
            .call(0, "FCPublish", 3.0, ["cam".into()])
            .bytes(),
    );
    let expected = "3/0 onFCPublish 3 null {status, NetStream.Publish.Start}";
    let messages = server.reply_messages();
    assert_eq!(message_line(&messages[0]), expected);
    assert_eq!(description(&messages[0]), "cam");
}

// Q-088
#[test]
fn nginx_pushes_without_release_and_fc_publish() {
    let mut server = Server::new();
    let properties = object([
        ("app", "live".into()),
        ("tcUrl", "rtmp://host/live".into()),
        ("flashVer", "LNX.11,1,102,55".into()),
    ]);
    let script = Script::with_handshake()
        .command(0, ["connect".into(), 1.0.into(), properties])
        .call(0, "createStream", 2.0, [])
        .call(1, "publish", 0.0, ["cam".into(), "live".into()])
        .audio(1, 0, b"a");
    let expected = [
        "connect live",
        "publish 1 live:cam live",
        r#"Audio 1 @0 "a""#,
    ];
    assert_eq!(server.feed(script.bytes()), expected);
}

// Q-031
#[test]
fn cameras_send_control_messages_on_other_chunk_streams() {
    // Window on 3, chunk size on 5, ping answer on 6, also with a message stream id.
    let mut server = Server::new();
    let mut script = Script::with_handshake()
        .connect_and_create("live")
        .message(5, 0, 3, 0, &[0, 0x26, 0x25, 0xA0][..])
        .message(4, 0, 6, 0, &[0, 7, 0, 0, 0, 1][..])
        .publish(1, "cam")
        .message(1, 1, 5, 0, &[0, 0, 0x10, 0][..]);
    // From here on in chunks of 4096: the script's writer took it from the message.
    script = script.message(9, 1, 4, 7, vec![1; 4000]);
    let events = server.feed(script.bytes());
    assert_eq!(events.len(), 3);
    assert!(events[2].ends_with("4000 bytes"));
}

// Q-032
#[test]
fn our_control_messages_are_on_chunk_stream_2_and_message_stream_0() {
    // Larix for Android fails otherwise.
    let mut server = Server::connected();
    let hard = BandwidthLimit::Hard;
    let script = Script::new()
        .control(&ControlMessage::SetPeerBandwidth {
            window: 70_000,
            limit: hard,
        })
        .user_control(UserControl::PingRequest(1))
        .publish(1, "a")
        .publish(1, "b")
        .play(1, "c");
    server.feed(script.bytes());
    let controls: Vec<_> = server
        .reply_messages()
        .into_iter()
        .filter(|message| message.kind.id() < 7)
        .collect();
    assert_eq!(controls.len(), 5);
    assert!(
        controls
            .iter()
            .all(|message| (message.csid.get(), message.msid.get()) == (2, 0))
    );
}

#[test]
fn a_client_that_does_not_wait_for_any_answer_is_served() {
    // Handshake, connect and everything else in one segment.
    let mut server = Server::new();
    let script = Script::with_handshake()
        .connect_and_create("live")
        .publish(1, "cam")
        .video(1, 1, b"v");
    let expected = [
        "connect live",
        "publish 1 live:cam live",
        r#"Video 1 @1 "v""#,
    ];
    assert_eq!(server.feed(script.bytes()), expected);
}

#[test]
fn chunk_sizes_from_the_peer_take_effect_in_the_middle_of_a_session() {
    let mut server = Server::connected();
    let script = Script::new()
        .publish(1, "cam")
        .message(9, 1, 4, 0, vec![1; 1000])
        .chunk_size(60_000)
        .message(9, 1, 4, 1, vec![2; 50_000])
        .chunk_size(1)
        .message(9, 1, 4, 2, vec![3; 10])
        .chunk_size(0x7FFF_FFFF)
        .message(9, 1, 4, 3, vec![4; 100_000]);
    let events = server.feed(script.bytes());
    assert_eq!(events.len(), 5);
    assert!(events[4].ends_with("100000 bytes"));
}

// Q-084
#[test]
fn audio_and_video_out_of_order_between_each_other_stay_as_they_are() {
    let mut server = Server::connected();
    let times = [
        (8, 0),
        (9, 500),
        (8, 20),
        (9, 540),
        (8, 1000),
        (9, 580),
        (8, 40),
    ];
    let script = times
        .iter()
        .fold(Script::new().publish(1, "cam"), |script, (kind, at)| {
            script.message(*kind, 1, u32::from(*kind), *at, &b"x"[..])
        });
    let events = server.feed(script.bytes());
    let seen: Vec<_> = events[1..]
        .iter()
        .map(|line| line.split(' ').nth(2).unwrap())
        .collect();
    assert_eq!(seen, ["@0", "@500", "@20", "@540", "@1000", "@580", "@40"]);
}

// Q-026
#[test]
fn a_time_that_goes_back_by_a_negative_delta_goes_back() {
    let mut server = Server::connected();
    // Type 0 at 1000, then type 1 with an extended delta of −40.
    let script = Script::new()
        .publish(1, "cam")
        .audio(1, 1000, b"a")
        .raw(&b"\x44\xFF\xFF\xFF\0\0\x01\x08\xFF\xFF\xFF\xD8b"[..]);
    let events = server.feed(script.bytes());
    assert_eq!(events[1..], [r#"Audio 1 @1000 "a""#, r#"Audio 1 @960 "b""#]);
}

#[test]
fn a_publisher_that_comes_back_on_a_new_connection_is_somebody_elses_decision() {
    // The session does not know of other connections: the reason is the caller's.
    let mut server = Server::connected().leaving();
    server.feed(Script::new().publish(1, "cam").bytes());
    let ServerEvent::Publish(request) = server.request() else {
        panic!()
    };
    assert_eq!(request.location.name, "cam");
    assert!(server.session.accept_publish(request));
}

#[test]
fn a_player_that_only_reads_is_sent_media_as_long_as_it_answers_pings() {
    let mut server = Server::connected();
    server.feed(Script::new().play(1, "stream").bytes());
    let msid = MessageStreamId::new(1);
    let mut at = 0;
    for half_minute in 1..=60_u64 {
        for _ in 0..10 {
            at += 3_000;
            let payload = Bytes::from_static(b"frame");
            let time = Timestamp::from_ms(at);
            server
                .session
                .send_media(msid, MediaKind::Video, time, &payload)
                .unwrap();
        }
        server.run_until(half_minute * 30_000);
        server.take_output();
        let pong = Script::new()
            .user_control(UserControl::PingResponse(0))
            .bytes();
        assert_eq!(server.feed(pong), Vec::<String>::new());
    }
    assert_eq!(server.error, None);
}
