//! Client and server sessions back to back: what each asks of the other.

use adit_amf::amf0::Value;
use adit_rtmp::command::{ClientCommand, Connect, Play, PublishKind, StatusCode};
use adit_rtmp::handshake::ClientScheme;
use adit_rtmp::session::server::Rejection;
use adit_rtmp::session::{
    ClientConfig, ClientEvent, ClientSession, MediaKind, SendError, ServerEvent,
};
use adit_rtmp::{MessageStreamId, Seed, Timestamp};
use bytes::Bytes;
use proptest::prelude::*;

use crate::pair::*;
use crate::support::*;

#[test]
fn a_client_connects_and_publishes_and_the_media_arrives() {
    for pieces in SPLITS {
        let mut pair = Pair::new(pieces);
        pair.client
            .connect(Connect::new("live", "rtmp://host/live"))
            .unwrap();
        pair.run();
        let expected = [
            "handshake DigestFirst Signed",
            "connected to FMS/3,5,7,7009",
        ];
        assert_eq!(pair.client_log(), expected);
        pair.client
            .send_command(
                MessageStreamId::CONNECTION,
                ClientCommand::ReleaseStream(Some("cam".into())),
            )
            .unwrap();
        pair.client
            .send_command(
                MessageStreamId::CONNECTION,
                ClientCommand::FcPublish(Some("cam".into())),
            )
            .unwrap();
        pair.client.create_stream().unwrap();
        pair.run();
        assert_eq!(pair.client_log(), ["Published", "stream 4 1"]);
        pair.client
            .publish(ONE, "cam?token=x", PublishKind::Live)
            .unwrap();
        pair.run();
        let expected = [
            "Control(StreamBegin(MessageStreamId(1)))",
            "1 NetStream.Publish.Start",
        ];
        assert_eq!(pair.client_log(), expected);
        assert_eq!(
            pair.server_log(),
            ["connect live", "publish 1 live:cam live query token=x"]
        );
        let payload = Bytes::from(vec![0x17; 9000]);
        pair.client
            .send_media(
                ONE,
                MediaKind::Video,
                Timestamp::from_ms(u32::MAX),
                &payload,
            )
            .unwrap();
        pair.client
            .send_media(
                ONE,
                MediaKind::Audio,
                Timestamp::from_ms(7),
                &Bytes::from_static(b"a"),
            )
            .unwrap();
        let meta = amf0(&["@setDataFrame".into(), "onMetaData".into()]);
        pair.client
            .send_media(ONE, MediaKind::Data, Timestamp::ZERO, &meta)
            .unwrap();
        pair.client
            .send_command(ONE, ClientCommand::CloseStream)
            .unwrap();
        pair.run();
        let log = pair.server_log();
        assert!(log[0].starts_with("Video 1 @4294967295 1717") && log[0].ends_with("9000 bytes"));
        let rest = [
            r#"Audio 1 @7 "a""#,
            "Data 1 @0 02000a6f6e4d65746144617461",
            "unpublish 1",
        ];
        assert_eq!(log[1..], rest);
        assert_eq!(pair.client_log(), ["1 NetStream.Unpublish.Success"]);
    }
}

#[test]
fn a_client_plays_and_the_media_arrives() {
    for pieces in SPLITS {
        let mut pair = Pair::connected(pieces);
        pair.client.set_buffer_length(ONE, 1000).unwrap();
        pair.client.play(ONE, Play::new("cam")).unwrap();
        pair.run();
        let expected = ["buffer 1 1000", "play 1 live:cam LiveOrRecorded All Reset"];
        assert_eq!(pair.server_log(), expected);
        let expected = [
            "Control(StreamBegin(MessageStreamId(1)))",
            "1 NetStream.Play.Reset",
            "1 NetStream.Play.Start",
            "Data 1 @0 0200117c52746d7053616d706c6541636365737301010101",
        ];
        assert_eq!(pair.client_log(), expected);
        for at in [0, 0xFF_FFFF, u32::MAX] {
            let payload = Bytes::from_static(b"frame");
            let at = Timestamp::from_ms(at);
            pair.server
                .send_media(ONE, MediaKind::Video, at, &payload)
                .unwrap();
        }
        pair.run();
        let expected = [
            r#"Video 1 @0 "frame""#,
            r#"Video 1 @16777215 "frame""#,
            r#"Video 1 @4294967295 "frame""#,
        ];
        assert_eq!(pair.client_log(), expected);
        pair.server.notify_play_unpublished(ONE, "cam").unwrap();
        pair.client
            .send_command(ONE, ClientCommand::DeleteStream(ONE))
            .unwrap();
        pair.run();
        let expected = [
            "Control(StreamEof(MessageStreamId(1)))",
            "1 NetStream.Play.UnpublishNotify",
        ];
        assert_eq!(pair.client_log(), expected);
        assert_eq!(pair.server_log(), ["stop play 1"]);
    }
}

#[test]
fn the_simple_handshake_does_as_well() {
    let mut config = ClientConfig::default();
    config.scheme = ClientScheme::Simple;
    let mut pair = Pair::with_config(&[100], config);
    pair.client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    pair.run();
    assert_eq!(
        pair.client_log(),
        ["handshake Simple Echoed", "connected to FMS/3,5,7,7009"]
    );
}

#[test]
fn connect_may_come_after_the_handshake_too_and_only_once() {
    let mut pair = Pair::new(&[1000]);
    pair.run();
    assert_eq!(pair.client_log(), ["handshake DigestFirst Signed"]);
    assert_eq!(pair.client.create_stream(), Err(SendError::NotConnected));
    let connect = || Connect::new("live", "rtmp://host/live");
    pair.client.connect(connect()).unwrap();
    assert_eq!(pair.client.connect(connect()), Err(SendError::NotConnected));
    pair.run();
    assert_eq!(pair.client_log(), ["connected to FMS/3,5,7,7009"]);
}

#[test]
fn a_client_may_send_everything_without_waiting() {
    let mut pair = Pair::new(&[50]);
    pair.run();
    pair.client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    pair.client.create_stream().unwrap();
    pair.client.publish(ONE, "cam", PublishKind::Live).unwrap();
    pair.client
        .send_media(
            ONE,
            MediaKind::Audio,
            Timestamp::ZERO,
            &Bytes::from_static(b"a"),
        )
        .unwrap();
    pair.run();
    assert_eq!(
        pair.server_log(),
        [
            "connect live",
            "publish 1 live:cam live",
            r#"Audio 1 @0 "a""#
        ]
    );
}

#[test]
fn a_rejected_client_hears_why_and_then_the_end() {
    let mut pair = Pair::new(&[33]);
    pair.policy = Policy::Leave;
    pair.client
        .connect(Connect::new("live", "rtmp://host/live"))
        .unwrap();
    pair.run();
    let Some(ServerEvent::Connect(request)) = pair.log.requests.pop_front() else {
        panic!()
    };
    pair.server
        .reject_connect(request, Rejection::new(StatusCode::ConnectRejected, "no"));
    pair.run();
    let expected = [
        "handshake DigestFirst Signed",
        "rejected NetConnection.Connect.Rejected",
        "Closed { reason: PeerClosed }",
    ];
    assert_eq!(pair.client_log(), expected);
    assert!(pair.client.is_closed() && pair.server.is_closed());
}

#[test]
fn a_refused_stream_is_an_event() {
    let mut pair = Pair::connected(&[1000]);
    for _ in 0..31 {
        pair.client.create_stream().unwrap();
    }
    pair.run();
    assert_eq!(pair.client_log().len(), 31);
    pair.client.create_stream().unwrap();
    pair.run();
    assert_eq!(pair.client_log(), ["no stream 34"]);
}

#[test]
fn calls_go_both_ways() {
    let mut pair = Pair::connected(&[9]);
    let asked = pair
        .client
        .call("add", vec![1.0.into(), 2.0.into()])
        .unwrap();
    pair.run();
    assert_eq!(pair.server_log(), ["call add 1 2"]);
    let Some(ServerEvent::Call(request)) = pair.log.requests.pop_front() else {
        panic!()
    };
    pair.server.reply_call(request, vec![3.0.into()]);
    pair.run();
    assert_eq!(pair.client_log(), [format!("Result {asked} 3")]);

    let asked = pair.server.call("onUser", vec!["x".into()]).unwrap();
    pair.run();
    assert_eq!(pair.client_log(), ["call onUser"]);
    let Some(ClientEvent::Call(request)) = pair.log.calls.pop_front() else {
        panic!()
    };
    pair.client.fail_call(request, "nobody home");
    pair.run();
    let line = format!("Error {asked} {{error, NetConnection.Call.Failed}}");
    assert_eq!(pair.server_log(), [line]);

    let asked = pair.server.call("onUser", vec![]).unwrap();
    pair.run();
    let Some(ClientEvent::Call(request)) = pair.log.calls.pop_front() else {
        panic!()
    };
    pair.client.reply_call(request, vec![Value::Null]);
    pair.run();
    assert_eq!(pair.server_log(), [format!("Result {asked} null")]);
}

#[test]
fn bandwidth_probes_and_pings_by_command_are_answered_by_the_client_itself() {
    let mut pair = Pair::connected(&[64]);
    for name in ["onBWCheck", "_onbwcheck"] {
        pair.server.call(name, vec!["payload".into()]).unwrap();
    }
    pair.server.call("ping", vec![]).unwrap();
    pair.run();
    assert_eq!(
        pair.server_log(),
        ["Result 1 0", "Result 2 1", "call pong "]
    );
}

#[test]
fn shared_objects_go_both_ways() {
    use adit_rtmp::message::MessageKind::{Audio, SharedObjectAmf0, SharedObjectAmf3};
    let mut pair = Pair::connected(&[64]);
    let body = Bytes::from_static(b"body");
    pair.client
        .send_shared_object(SharedObjectAmf0, body.clone())
        .unwrap();
    pair.server
        .send_shared_object(SharedObjectAmf3, body.clone())
        .unwrap();
    assert_eq!(
        pair.client.send_shared_object(Audio, body.clone()),
        Err(SendError::NotOpen)
    );
    assert_eq!(
        pair.server.send_shared_object(Audio, body),
        Err(SendError::NotOpen)
    );
    pair.run();
    assert_eq!(pair.server_log(), [r#"SharedObjectAmf0 "body""#]);
    assert_eq!(pair.client_log(), [r#"so "body""#]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_pieces_carry_any_media(
        pieces in prop::collection::vec(1_usize..3000, 1..20),
        media in prop::collection::vec((0_u8..3, any::<u32>(), 0_usize..9000), 1..20),
    ) {
        let mut pair = Pair::connected(&pieces);
        pair.client.publish(ONE, "cam", PublishKind::Live).unwrap();
        pair.run();
        pair.log = Log::default();
        let mut expected = Vec::new();
        for (kind, at, len) in media {
            let kind = [MediaKind::Audio, MediaKind::Video, MediaKind::Data][usize::from(kind)];
            let payload: Bytes = match kind {
                MediaKind::Data => amf0(&["handler".into(), "x".repeat(len).into()]),
                _ => vec![7; len].into(),
            };
            pair.client.send_media(ONE, kind, Timestamp::from_ms(at), &payload).unwrap();
            expected.push(format!("{kind:?} 1 @{at} {}", payload_text(&payload)));
        }
        pair.run();
        prop_assert_eq!(pair.server_log(), expected);
    }
}

// Q-087
#[test]
fn captured_nginx_is_a_server_for_our_client() {
    const NGINX_PUBLISH: &[u8] = include_bytes!("../data/nginx-publish.bin");
    let run = |pieces: &[usize]| {
        let now = first_instant();
        let mut client = ClientSession::new(now, ClientConfig::default(), &Seed::new([1; 32]));
        client
            .connect(Connect::new("live", "rtmp://host/live"))
            .unwrap();
        // The handshake first: the other commands need the connect before them.
        client.handle_input(now, Bytes::from_static(&NGINX_PUBLISH[..3073]));
        // nginx answers what ffmpeg asked: numbers 2 and 3 are no calls of ours, 4 is.
        for name in ["releaseStream", "FCPublish"] {
            let command = match name {
                "releaseStream" => ClientCommand::ReleaseStream(Some("pubt".into())),
                _ => ClientCommand::FcPublish(Some("pubt".into())),
            };
            client
                .send_command(MessageStreamId::CONNECTION, command)
                .unwrap();
        }
        client.create_stream().unwrap();
        let mut lines = Vec::new();
        let mut from = 3073_usize;
        for piece in pieces.iter().cycle() {
            let to = from.saturating_add(*piece).min(NGINX_PUBLISH.len());
            client.handle_input(now, Bytes::from_static(&NGINX_PUBLISH[from..to]));
            while let Some(event) = client.poll_event(now).unwrap() {
                lines.push(client_line(&event));
            }
            from = to;
            if from == NGINX_PUBLISH.len() {
                return lines;
            }
        }
        lines
    };
    let lines = run(&[usize::MAX]);
    assert_eq!(
        lines[..3],
        [
            "handshake DigestFirst Wrong",
            "connected to FMS/3,0,1,123",
            "stream 4 1"
        ]
    );
    assert!(
        lines[3..].contains(&"1 NetStream.Publish.Start".into()),
        "{lines:#?}"
    );
    assert_eq!(run(&[1]), lines);
    assert_eq!(run(&[10, 1, 100]), lines);
}
