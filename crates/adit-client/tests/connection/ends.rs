//! How connections end, and what is said about peers that are no servers.

use std::time::Duration;

use adit_client::connection::{ConnectionEvent, Ended, StreamError};
use adit_client::media::{Frame, FrameKind, Timestamp};
use adit_client::rtmp::command::{PublishKind, StatusCode};
use adit_client::rtmp::session::ServerEvent;
use adit_client::{Intent, Target, limits};
use bytes::Bytes;
use tokio::time::{Instant, timeout};

use crate::support::{Server, accept, client, deaf_after, options, raw};
use crate::{SOON, collecting, connected, frame, publisher};

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
