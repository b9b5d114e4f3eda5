//! `NetConnection` and `NetStream` against a scripted server on loopback.
#![cfg(test)]

#[expect(dead_code, reason = "not every test needs all of it")]
mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use adit_amf::amf0::Value;
use adit_client::connection::{ConnectionEvent, Ended, StreamError, StreamEvent};
use adit_client::media::{Frame, FrameKind, Timestamp};
use adit_client::network::Transport;
use adit_client::rtmp::command::{Play, PublishKind, StatusCode};
use adit_client::rtmp::session::server::Rejection;
use adit_client::rtmp::session::{MediaKind, ServerEvent, ServerSession};
use adit_client::{
    ConnectError, Destination, Intent, NetConnection, NetStream, Secret, Target, limits,
};
use bytes::Bytes;
use support::{Server, accept, client, deaf_after, options, raw};
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_secs(10);

fn frame(at: u32, kind: FrameKind, payload: &'static [u8]) -> Frame {
    Frame::classify(Timestamp::from_ms(at), kind, Bytes::from_static(payload))
}

/// Everything that a server has received as media: kind, time, payload.
type Received = Arc<Mutex<Vec<(MediaKind, u32, Bytes)>>>;

async fn connected(target: &Target, intent: Intent) -> NetConnection {
    client().connect(target, &options(intent)).await.unwrap()
}

/// A connection with a stream that is published.
async fn publisher(target: &Target) -> (NetConnection, NetStream) {
    let connection = connected(target, Intent::Publish).await;
    let mut stream = connection.create_stream().await.unwrap();
    stream
        .publish(target.name(), PublishKind::Live)
        .await
        .unwrap();
    (connection, stream)
}

fn collecting() -> (Server, Received) {
    let received = Received::default();
    let seen = Arc::clone(&received);
    let server = Server::start(move |_, session, event| {
        if let Some(ServerEvent::Media {
            kind,
            timestamp,
            payload,
            ..
        }) = accept(session, event)
        {
            seen.lock().unwrap().push((kind, timestamp.ms(), payload));
        }
    });
    (server, received)
}

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

#[tokio::test]
async fn a_refused_publisher_hears_why() {
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Publish(request) = event {
            session.reject_publish(request, StatusCode::PublishBadName, "somebody is on air");
        } else {
            accept(session, event);
        }
    });
    let target = server.target("rtmp", "live/key");
    let connection = connected(&target, Intent::Publish).await;
    let mut stream = connection.create_stream().await.unwrap();
    let refused = stream
        .publish(target.name(), PublishKind::Live)
        .await
        .unwrap_err();
    assert!(refused.is_refusal());
    assert!(
        refused.to_string().contains("somebody is on air"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_refused_connect_is_reported_with_its_reason() {
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Connect(request) = event {
            let rejection = Rejection::new(StatusCode::ConnectInvalidApp, "no such application");
            session.reject_connect(request, rejection);
        }
    });
    let target = server.target("rtmp", "live/key");
    let error = client()
        .connect(&target, &options(Intent::Play))
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("no such application"), "{error}");
}

/// A server that lets nobody in before the third connection, and the applications it was asked for.
fn with_adobes_login() -> (Server, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = Server::start(move |number, session, event| {
        if let ServerEvent::Connect(request) = event {
            log.lock().unwrap().push(request.connect.app.to_string());
            let refuse = |description: &str| {
                Rejection::new(StatusCode::ConnectRejected, description.to_owned())
            };
            match number {
                0 => session.reject_connect(
                    request,
                    refuse("[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : "),
                ),
                1 => session.reject_connect(
                    request,
                    refuse("[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=me&salt=ab12&challenge=cd34&opaque=ef56"),
                ),
                _ => session.accept_connect(request),
            }
        }
    });
    (server, seen)
}

/// Me, with a password.
fn mine(server: &Server) -> Target {
    let address = format!(
        "rtmp://me:secret@localhost:{}/live/key",
        server.address.port()
    );
    Target::parse(&address).unwrap()
}

#[tokio::test]
async fn a_survey_logs_in() {
    let (server, seen) = with_adobes_login();
    let report = client()
        .probe(&mine(&server), &options(Intent::Publish))
        .await
        .unwrap();
    assert_eq!(report.attempts().len(), 1);
    assert_eq!(report.attempts()[0].outcome().as_str(), "won");
    assert_eq!(report.attempts()[0].stage().unwrap().as_str(), "connect");
    assert_eq!(seen.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_survey_says_where_the_server_sends_clients() {
    let server = Server::start(|_, session, event| redirect(session, event, 4242, "other/secret"));
    let report = client()
        .probe(&server.target("rtmp", "live/key"), &options(Intent::Play))
        .await
        .unwrap();
    let failure = report.attempts()[0].failure().unwrap().to_string();
    assert!(
        failure.contains("it sends clients on to localhost") && !failure.contains("secret"),
        "{failure}"
    );
}

#[tokio::test]
async fn a_login_in_adobes_way_takes_three_connections() {
    let (server, seen) = with_adobes_login();
    let connection = connected(&mine(&server), Intent::Publish).await;
    drop(connection);
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 3, "{seen:?}");
    assert_eq!(seen[0], "live");
    assert_eq!(seen[1], "live?authmod=adobe&user=me");
    assert!(
        seen[2].starts_with("live?authmod=adobe&user=me&challenge="),
        "{seen:?}"
    );
    assert!(
        seen[2].contains("&response=") && seen[2].contains("&opaque=ef56"),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_server_that_wants_a_login_nobody_gave_is_told_apart() {
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Connect(request) = event {
            let text = "[ AccessManager.Reject ] : [ code=403 need auth; authmod=adobe ] : ";
            session.reject_connect(request, Rejection::new(StatusCode::ConnectRejected, text));
        }
    });
    let target = server.target("rtmp", "live/key");
    let error = client()
        .connect(&target, &options(Intent::Play))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the server asks for a user and a password"
    );
}

/// Sends whoever connects to an application at another port.
fn redirect(session: &mut ServerSession, event: ServerEvent, port: u16, application: &str) {
    if let ServerEvent::Connect(request) = event {
        let rejection = Rejection::new(StatusCode::ConnectRejected, "moved")
            .redirect(format!("rtmp://localhost:{port}/{application}"));
        session.reject_connect(request, rejection);
    }
}

#[tokio::test]
async fn a_redirect_is_followed() {
    let there = Server::start(|_, session, event| drop(accept(session, event)));
    let port = there.address.port();
    let here = Server::start(move |_, session, event| redirect(session, event, port, "other"));
    let target = here.target("rtmp", "live/key");
    let connection = connected(&target, Intent::Play).await;
    assert_eq!(connection.target().port(), Some(port));
    assert_eq!(connection.target().app(), "other");
    assert_eq!(connection.target().name(), &Secret::new("key"));
}

#[tokio::test]
async fn a_circle_of_redirects_ends() {
    let ports = Arc::new(Mutex::new([0, 0]));
    let pointing = |to: usize| {
        let ports = Arc::clone(&ports);
        Server::start(move |_, session, event| {
            let port = ports.lock().unwrap()[to];
            redirect(session, event, port, "live");
        })
    };
    let (one, other) = (pointing(1), pointing(0));
    *ports.lock().unwrap() = [one.address.port(), other.address.port()];
    let target = one.target("rtmp", "live/key");
    let error = client()
        .connect(&target, &options(Intent::Play))
        .await
        .unwrap_err();
    assert_eq!(error.to_string(), "the server sends us in a circle");
}

#[tokio::test]
async fn redirects_are_counted_for_each_connection() {
    let there = Server::start(|_, session, event| drop(accept(session, event)));
    let port = there.address.port();
    let here = Server::start(move |_, session, event| redirect(session, event, port, "other"));
    let mut destination = Destination::new(here.target("rtmp", "live/key"));
    for _ in 0..=limits::REDIRECTS {
        let connected = client()
            .connect_to(&mut destination, &options(Intent::Play))
            .await;
        connected.unwrap().close().await;
    }
}

#[tokio::test]
async fn a_reconnect_request_tells_where_to_go() {
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Publish(request) = event {
            session.accept_publish(request);
            session
                .request_reconnect(Some("rtmp://localhost:7/next"), "maintenance")
                .unwrap();
        } else {
            accept(session, event);
        }
    });
    let target = server.target("rtmp", "live/key");
    let (mut connection, _stream) = publisher(&target).await;
    let event = timeout(SOON, connection.next_event()).await.unwrap();
    let Some(ConnectionEvent::ReconnectRequested { url, .. }) = event else {
        panic!("{event:?}");
    };
    let mut destination = Destination::new(target.clone());
    let now = std::time::Instant::now();
    destination
        .reconnect_requested(now, &connection, url.as_deref())
        .unwrap();
    // Nobody listens there, which shows that it was gone to.
    let error = client()
        .connect_to(&mut destination, &options(Intent::Publish))
        .await
        .unwrap_err();
    let report = error.report().unwrap();
    assert_eq!(report.attempts()[0].rung().port(), 7);
    // The place was dead, so the next try goes to the target again.
    let again = client()
        .connect_to(&mut destination, &options(Intent::Publish))
        .await
        .unwrap();
    assert_eq!(again.target(), &target);
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
async fn what_a_server_says_before_it_hangs_up_is_heard() {
    let server = Server::start(|_, session, event| {
        if let ServerEvent::Publish(request) = event {
            session.reject_publish(request, StatusCode::PublishBadName, "somebody is on air");
            session.close(adit_client::rtmp::session::CloseReason::Ended);
        } else {
            accept(session, event);
        }
    });
    let target = server.target("rtmp", "live/key");
    let connection = connected(&target, Intent::Publish).await;
    let mut stream = connection.create_stream().await.unwrap();
    let refused = stream
        .publish(target.name(), PublishKind::Live)
        .await
        .unwrap_err();
    assert!(refused.is_refusal(), "{refused}");
}

#[tokio::test]
async fn a_publisher_need_not_listen() {
    let server = Server::start(|_, session, event| {
        if let Some(ServerEvent::Media { msid, .. }) = accept(session, event) {
            let status = adit_client::rtmp::command::Status::new(StatusCode::BufferFull, "thanks");
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
async fn a_connection_that_the_server_ends_says_so_everywhere() {
    let server = Server::start(|_, session, event| {
        if let Some(ServerEvent::Media { .. }) = accept(session, event) {
            session.close(adit_client::rtmp::session::CloseReason::Ended);
        }
    });
    let target = server.target("rtmp", "live/key");
    let (mut connection, mut stream) = publisher(&target).await;
    stream
        .send(frame(0, FrameKind::Audio, b"\xaf\x01a"))
        .await
        .unwrap();
    let event = timeout(SOON, connection.next_event()).await.unwrap();
    assert!(
        matches!(
            event,
            Some(ConnectionEvent::Ended(Ended::ByServer | Ended::Broken(_)))
        ),
        "{event:?}"
    );
    assert!(
        timeout(SOON, connection.next_event())
            .await
            .unwrap()
            .is_none()
    );
    let error = stream
        .send(frame(9, FrameKind::Audio, b"\xaf\x01a"))
        .await
        .unwrap_err();
    assert!(matches!(error, StreamError::Ended(_)), "{error:?}");
    while timeout(SOON, stream.next_event()).await.unwrap().is_some() {}
}

/// nginx-rtmp does so when it has no such application.
fn hanging_up() -> Server {
    Server::start(|_, session, event| {
        if let ServerEvent::Connect(_) = event {
            session.close(adit_client::rtmp::session::CloseReason::Ended);
        }
    })
}

#[tokio::test]
async fn q227_a_server_that_hangs_up_at_connect_is_said_to_have_no_such_application() {
    let server = hanging_up();
    for scheme in ["rtmp", "rtmps", "rtmpt", "rtmpts"] {
        let target = server.target(scheme, "nosuch?token=secret/key");
        let asked = client().connect(&target, &options(Intent::Play)).await;
        let text = asked.unwrap_err().to_string();
        let expected = "the server hung up when asked for the application \"nosuch\", which is most likely not there";
        assert!(text.ends_with(expected), "{text}");
    }
}

#[tokio::test]
async fn q227_a_survey_of_a_server_that_hangs_up_at_connect_blames_no_firewall() {
    let server = hanging_up();
    let target = server.target("rtmp", "nosuch?token=secret/key");
    let report = client()
        .probe(&target, &options(Intent::Play))
        .await
        .unwrap();
    let verdict = report.verdict();
    assert_eq!(verdict.obstacle(), adit_client::plan::Obstacle::Rejected);
    let expected = format!(
        "localhost speaks RTMP on port {} and hung up when asked for the application \"nosuch\": most likely it has none of that name, so check the name in the address",
        server.address.port()
    );
    assert_eq!(verdict.sentence(), expected);
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

#[tokio::test]
async fn answers_are_waited_for_so_long() {
    let server = Server::start(|_, session, event| match event {
        ServerEvent::Publish(_) | ServerEvent::Call(_) => {}
        event => drop(accept(session, event)),
    });
    let target = server.target("rtmp", "live/key");
    let connection = connected(&target, Intent::Publish).await;
    let mut stream = connection.create_stream().await.unwrap();
    tokio::time::pause();
    let silent = |after| Err(StreamError::Silent { after });
    let begin = Instant::now();
    let published = stream.publish(target.name(), PublishKind::Live).await;
    assert_eq!(published, silent(limits::ANSWER));
    assert_eq!(begin.elapsed().as_secs(), limits::ANSWER.as_secs());
    let begin = Instant::now();
    let called = connection.call("nothing", Vec::new()).await;
    assert_eq!(called.map(drop), silent(limits::CALL));
    assert_eq!(begin.elapsed().as_secs(), limits::CALL.as_secs());
}

#[tokio::test]
async fn a_server_that_takes_nothing_is_given_up_after_a_while() {
    let (server, _) = collecting();
    let address = deaf_after(server.address, 100_000).await;
    let target = Target::parse(&format!("rtmp://{address}/live/key")).unwrap();
    let (mut connection, stream) = publisher(&target).await;
    tokio::time::pause();
    let payload: &[u8] = &[0x17; 10_000];
    let begin = Instant::now();
    // Until the kernel's buffers are full, and no further.
    let error = loop {
        match stream.send(frame(0, FrameKind::Video, payload)).await {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    let took = begin.elapsed();
    assert!(took >= limits::WRITE_STALL, "{took:?}");
    assert!(took < 2 * limits::WRITE_STALL, "{took:?}");
    assert_eq!(
        error.to_string(),
        "the connection broke: the server has taken nothing for 30 s"
    );
    assert!(connection.stats().queued_bytes >= limits::QUEUE_BYTES as u64);
    let event = connection.next_event().await;
    assert!(
        matches!(event, Some(ConnectionEvent::Ended(_))),
        "{event:?}"
    );
}

#[tokio::test]
async fn the_end_of_a_connection_waits_for_no_other() {
    let (server, _) = collecting();
    let deaf = deaf_after(server.address, 100_000).await;
    let deaf = Target::parse(&format!("rtmp://{deaf}/live/key")).unwrap();
    let client = client();
    let stuck = client.connect(&deaf, &options(Intent::Publish)).await;
    let stream = stuck.as_ref().unwrap().create_stream().await.unwrap();
    let filler = Bytes::from(vec![0x17; 8 << 20]);
    let filler = Frame::classify(Timestamp::from_ms(0), FrameKind::Video, filler);
    // Of these the kernel takes some; the rest has to wait.
    for _ in 0..4 {
        let sent = stream.send(filler.clone());
        timeout(Duration::from_millis(100), sent).await.ok();
    }
    drop((stuck, stream));
    let target = server.target("rtmp", "live/key");
    let connected = client.connect(&target, &options(Intent::Publish)).await;
    let begin = Instant::now();
    assert_eq!(connected.unwrap().close().await, Ended::Closed);
    assert!(begin.elapsed() < limits::LOSERS, "{:?}", begin.elapsed());
    let begin = Instant::now();
    client.settle().await;
    assert!(begin.elapsed() >= limits::LOSERS, "nobody was waited for");
}

/// What the verdict says about a peer that is no RTMP server.
async fn check_peer(scheme: &str, answer: &[u8], expected: &str) {
    let address = raw(answer.to_vec(), true).await;
    let target = Target::parse(&format!("{scheme}://127.0.0.1:{}/live", address.port())).unwrap();
    let asked = client().connect(&target, &options(Intent::Play)).await;
    let text = format!(
        "{:?}",
        asked.unwrap_err().report().unwrap().attempts()[0].failure()
    );
    assert!(text.contains(expected), "{text}");
}

#[tokio::test]
async fn a_web_server_in_place_of_rtmp_is_named() {
    check_peer("rtmp", b"HTTP/1.1 400 Bad Request\r\n\r\n", "AnsweredHttp").await;
}

#[tokio::test]
async fn a_tls_server_in_place_of_rtmp_is_named() {
    check_peer("rtmp", b"\x15\x03\x01\0\x02\x02\x46", "AnsweredTls").await;
}

#[tokio::test]
async fn garbage_in_place_of_rtmp_is_named() {
    check_peer("rtmp", b"SSH-2.0-OpenSSH_9\r\n", "NotRtmp").await;
}

#[tokio::test]
async fn a_peer_that_hangs_up_is_named() {
    check_peer("rtmp", b"", "Closed").await;
}

#[tokio::test]
async fn a_web_page_in_place_of_a_tunnel_is_named() {
    let page =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>";
    check_peer("rtmpt", page, "HttpStatus { status: 200 }").await;
}

#[tokio::test]
async fn silence_is_waited_out_for_so_long_and_named() {
    let address = raw(Vec::new(), false).await;
    let target = Target::parse(&format!("rtmp://127.0.0.1:{}/live", address.port())).unwrap();
    let mut options = options(Intent::Play);
    options.policy = options.policy.with_deadline(Duration::from_millis(500));
    let asked = timeout(SOON, client().connect(&target, &options))
        .await
        .unwrap();
    let error = asked.unwrap_err();
    let report = error.report().unwrap();
    let failure = report.attempts()[0].failure().unwrap();
    assert_eq!(failure.to_string(), "handshake: no answer in time");
}

#[tokio::test]
async fn a_survey_tries_every_transport_of_a_port() {
    let (server, _) = collecting();
    let target = server.target("rtmp", "live");
    let options = options(Intent::Play).with_strategy(adit_client::strategy::Strategy::Reach);
    let report = client().probe(&target, &options).await.unwrap();
    let outcomes: Vec<_> = report
        .attempts()
        .iter()
        .map(|attempt| {
            (
                attempt.rung().transport().as_str(),
                attempt.outcome().as_str(),
            )
        })
        .collect();
    let expected = [
        ("rtmp", "won"),
        ("rtmps", "works"),
        ("rtmpt", "works"),
        ("rtmpts", "works"),
    ];
    assert_eq!(outcomes, expected);
    for attempt in report.attempts() {
        assert!(attempt.entered(adit_client::plan::Stage::Connect).is_some());
        assert_eq!(
            attempt.certificate().is_some(),
            attempt.rung().transport().is_secure()
        );
    }
}
