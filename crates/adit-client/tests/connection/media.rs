//! Media and calls: everything arrives, in order.

use std::time::Duration;

use adit_amf::amf0::Value;
use adit_client::Intent;
use adit_client::connection::{ConnectionEvent, Ended, StreamError, StreamEvent};
use adit_client::media::FrameKind;
use adit_client::network::Transport;
use adit_client::rtmp::command::{Play, PublishKind, Status, StatusCode};
use adit_client::rtmp::message::UserControl;
use adit_client::rtmp::session::{MediaKind, ServerEvent};
use bytes::Bytes;
use tokio::time::timeout;

use crate::support::{Server, accept, client, options};
use crate::{SOON, collecting, connected, frame, publisher};

async fn publishes_by(scheme: &str, transport: Transport) {
    let (server, received) = collecting();
    let target = server.target(scheme, "live/key");
    let (connection, stream) = publisher(&target).await;
    assert_eq!(connection.protocol(), transport);
    assert_eq!(connection.using_tls(), transport.is_secure());
    let metadata = b"\x02\0\x0AonMetaData\x08\0\0\0\0\0\0\x09";
    stream
        .send(frame(0, FrameKind::Data, metadata))
        .await
        .unwrap();
    stream
        .send(frame(7, FrameKind::Audio, b"\xaf\x01abc"))
        .await
        .unwrap();
    stream
        .send(frame(40, FrameKind::Video, b"\x17\x01\0\0\0def"))
        .await
        .unwrap();
    stream.close(Some(target.name())).await.unwrap();
    timeout(SOON, connection.close()).await.unwrap();
    let received = received.lock().unwrap().clone();
    // The server takes the word off again that makes it keep metadata.
    let expected = [
        (MediaKind::Data, 0, Bytes::from_static(metadata)),
        (MediaKind::Audio, 7, Bytes::from_static(b"\xaf\x01abc")),
        (
            MediaKind::Video,
            40,
            Bytes::from_static(b"\x17\x01\0\0\0def"),
        ),
    ];
    assert_eq!(received, expected);
}

#[tokio::test]
async fn what_is_published_arrives_by_rtmp() {
    publishes_by("rtmp", Transport::Rtmp).await;
}

#[tokio::test]
async fn what_is_published_arrives_by_rtmpt() {
    publishes_by("rtmpt", Transport::Rtmpt).await;
}

#[tokio::test]
async fn what_is_published_arrives_by_rtmps() {
    publishes_by("rtmps", Transport::Rtmps).await;
}

#[tokio::test]
async fn what_is_published_arrives_by_rtmpts() {
    publishes_by("rtmpts", Transport::Rtmpts).await;
}

#[tokio::test]
async fn everything_played_arrives_in_order_though_the_player_is_slow() {
    const FRAMES: u32 = 3000;
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Play(request) = event {
            let msid = request.msid;
            session.accept_play(request);
            for at in 0..FRAMES {
                let payload = Bytes::from(vec![0x27; 500]);
                let at = adit_client::rtmp::Timestamp::from_ms(at);
                session
                    .send_media(msid, MediaKind::Video, at, &payload)
                    .unwrap();
            }
        } else {
            accept(session, event);
        }
    });
    let target = server.target("rtmp", "live/key");
    let connection = connected(&target, Intent::Play).await;
    let mut stream = connection.create_stream().await.unwrap();
    stream.play(Play::new("key")).await.unwrap();
    // Long enough for everything to pile up that may.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut next = 0;
    while next < FRAMES {
        let event = timeout(SOON, stream.next_event()).await.unwrap();
        if let Some(StreamEvent::Frame(frame)) = event
            && frame.kind() == FrameKind::Video
        {
            assert_eq!(frame.at().ms(), next);
            next += 1;
        }
    }
}

/// What is still on its way of `one` when `two` is asked for: a seek, one that failed, and one that broke off.
fn leftovers() -> Vec<Status> {
    let about = |code, name: &str| Status::new(code, "of one").with("details", name);
    vec![
        about(StatusCode::SeekNotify, "one"),
        about(StatusCode::PlayStart, "one"),
        Status::new(StatusCode::SeekInvalidTime, "of one").with("details", 2.0),
        Status::new(StatusCode::SeekFailed, "of one"),
        about(StatusCode::PlayFailed, "one"),
    ]
}

#[tokio::test]
async fn what_is_on_its_way_of_something_that_played_before_is_no_answer_to_another_play() {
    let server = Server::start(|_, session, event| match event {
        ServerEvent::Play(request) if &*request.location.name == "one" => {
            session.accept_play_recorded(request);
        }
        ServerEvent::Play(request) => {
            let msid = request.msid;
            for status in leftovers() {
                session
                    .send_user_control(UserControl::StreamBegin(msid))
                    .unwrap();
                session.send_status(msid, status).unwrap();
            }
            if &*request.location.name == "two" {
                session.accept_play_recorded(request);
            } else {
                session.reject_play(request, StatusCode::PlayStreamNotFound, "no such stream");
            }
        }
        event => drop(accept(session, event)),
    });
    let target = server.target("rtmp", "live/key");
    let connection = connected(&target, Intent::Play).await;
    let mut stream = connection.create_stream().await.unwrap();
    stream.play(Play::new("one")).await.unwrap();
    stream.play(Play::new("two")).await.unwrap();
    for code in [
        None,
        None,
        Some(StatusCode::PlayReset),
        Some(StatusCode::PlayStart),
    ] {
        let event = timeout(SOON, stream.next_event()).await.unwrap();
        match (event.unwrap(), code) {
            (StreamEvent::Control(_), None) => {}
            (StreamEvent::Status(status), code) => {
                assert_eq!(status.code(), code);
                assert!(status.description().starts_with("two"), "{status:?}");
            }
            other => panic!("{other:?}"),
        }
    }
    stream.play(Play::new("one")).await.unwrap();
    let refused = stream.play(Play::new("nothing")).await;
    let Err(StreamError::Refused(status)) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(status.code(), Some(StatusCode::PlayStreamNotFound));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fast_publisher_never_starves_its_connection() {
    const FRAMES: usize = 50_000;
    let (server, received) = collecting();
    let target = server.target("rtmp", "live/key");
    let (connection, stream) = publisher(&target).await;
    for _ in 0..FRAMES {
        let sent = stream.send(frame(0, FrameKind::Audio, b"\xaf\x01a"));
        timeout(SOON, sent).await.unwrap().unwrap();
    }
    timeout(SOON, stream.close(None)).await.unwrap().unwrap();
    assert_eq!(
        timeout(SOON, connection.close()).await.unwrap(),
        Ended::Closed
    );
    assert_eq!(received.lock().unwrap().len(), FRAMES);
}

#[tokio::test]
async fn a_publisher_need_not_listen() {
    let server = Server::start(|_, session, event| {
        if let Some(ServerEvent::Media { msid, .. }) = accept(session, event) {
            let status = Status::new(StatusCode::BufferFull, "thanks");
            session.send_status(msid, status).unwrap();
        }
    });
    let target = server.target("rtmp", "live/key");
    let (connection, stream) = publisher(&target).await;
    for _ in 0..2000 {
        let sent = stream.send(frame(0, FrameKind::Audio, b"\xaf\x01a"));
        timeout(SOON, sent).await.unwrap().unwrap();
    }
    timeout(SOON, stream.close(None)).await.unwrap().unwrap();
    assert_eq!(
        timeout(SOON, connection.close()).await.unwrap(),
        Ended::Closed
    );
}

#[tokio::test]
async fn calls_go_both_ways() {
    let server = Server::start(|_, session, event| match event {
        ServerEvent::Call(request) if &*request.name == "double" => {
            let number = request.arguments[0].as_number().unwrap();
            session.reply_call(request, vec![Value::Number(2.0 * number)]);
            session.call("hello", vec!["you".into()]).unwrap();
        }
        ServerEvent::Call(request) => session.fail_call(request, "no such method"),
        event => drop(accept(session, event)),
    });
    let target = server.target("rtmp", "app");
    let mut connection = connected(&target, Intent::Play).await;
    let doubled = connection.call("double", vec![Value::Number(21.0)]).await;
    assert_eq!(doubled.unwrap(), [Value::Number(42.0)]);
    let failed = connection.call("nothing", Vec::new()).await.unwrap_err();
    assert!(failed.to_string().contains("no such method"), "{failed}");
    let event = timeout(SOON, connection.next_event()).await.unwrap();
    let Some(ConnectionEvent::Call(call)) = event else {
        panic!("{event:?}");
    };
    assert_eq!(
        (call.method(), call.arguments()),
        ("hello", &[Value::from("you")][..])
    );
    call.reply(Vec::new()).await.unwrap();
}

#[tokio::test]
async fn what_the_server_acknowledges_is_known_to_have_arrived() {
    let (server, received) = collecting();
    let target = server.target("rtmp", "live/key");
    let mut options = options(Intent::Publish);
    options.session.window = 128 * 1024;
    let connection = client().connect(&target, &options).await.unwrap();
    let mut stream = connection.create_stream().await.unwrap();
    stream
        .publish(target.name(), PublishKind::Live)
        .await
        .unwrap();
    assert_eq!(connection.stats().acknowledged_frames, 0);
    let payload: &[u8] = &[0xaf; 1000];
    for _ in 0..300 {
        stream
            .send(frame(0, FrameKind::Audio, payload))
            .await
            .unwrap();
    }
    // What the server has to say about them comes before its answer to this.
    connection.create_stream().await.unwrap();
    let stats = connection.stats();
    // All but what is less than the window.
    assert!(stats.acknowledged_frames >= 300 - 132, "{stats:?}");
    assert!(stats.acknowledged_bytes <= stats.sent_bytes);
    assert!(stats.acknowledged_frames <= received.lock().unwrap().len() as u64);
}
