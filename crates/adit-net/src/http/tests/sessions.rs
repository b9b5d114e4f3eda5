//! Sessions and connections are two things.

use super::{Hand, data, echo, fetch};
use crate::testing::{Echo, Raw, close, receive, send};
use crate::{AcceptorConfig, limits};
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

#[tokio::test]
async fn one_connection_serves_many_sessions() {
    let (_server, mut client) = echo().await;
    let ids = [client.open().await, client.open().await];
    assert_ne!(ids[0], ids[1]);
    let mut back = [Vec::new(), Vec::new()];
    let mut number = 0;
    while back.iter().any(|back| back.len() < 60) {
        for (id, back) in ids.iter().zip(&mut back) {
            let body = format!("{}{number:02}", &id[..4]);
            let answer = if number < 10 {
                client
                    .ask(&format!("/send/{id}/{number}"), body.as_bytes())
                    .await
            } else {
                client.ask(&format!("/idle/{id}/{number}"), b"\0").await
            };
            back.extend_from_slice(data(&answer));
        }
        number += 1;
    }
    for (id, back) in ids.iter().zip(&back) {
        let words: Vec<_> = (0..10)
            .map(|number| format!("{}{number:02}", &id[..4]))
            .collect();
        assert_eq!(String::from_utf8_lossy(back), words.concat());
    }
}

#[tokio::test]
async fn one_session_runs_over_a_new_connection_for_each_request() {
    let (server, mut client) = echo().await;
    let id = client.open().await;
    let mut back = Vec::new();
    let mut number = 0;
    while back.len() < 50 {
        let mut client = Raw::new(server.connect().await);
        let answer = if number < 50 {
            client.ask(&format!("/send/{id}/{number}"), &[number]).await
        } else {
            client.ask(&format!("/idle/{id}/{number}"), b"\0").await
        };
        back.extend_from_slice(data(&answer));
        number += 1;
    }
    assert_eq!(back, (0..50).collect::<Vec<u8>>());
}

/// A server that lets nobody off, its test included.
fn strict() -> Echo {
    let mut config = AcceptorConfig::default();
    config.admission.exempt = Vec::new();
    Echo::start(config)
}

#[tokio::test]
async fn q197_sessions_of_one_address_with_a_connection_for_each_request_are_not_turned_away() {
    let server = strict();
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(Raw::new(server.connect().await).open().await);
    }
    // What comes in two seconds at 40 requests a second, as fast as it goes.
    for number in 0..80 {
        for id in &ids {
            let mut client = Raw::new(server.connect().await);
            let path = format!("/send/{id}/{number}");
            assert_eq!(client.ask(&path, &[3]).await.status, 200);
        }
    }
    assert_eq!(server.counters.refused_rate().value(), 0);
}

#[tokio::test]
async fn a_flood_of_connections_without_a_session_is_turned_away() {
    let server = strict();
    let id = Raw::new(server.connect().await).open().await;
    let unknown: String = id.chars().rev().collect();
    let mut flood = Vec::new();
    for _ in 0..=2 * limits::CONNECTION_RATE_PER_ADDRESS {
        let mut client = Raw::new(server.connect().await);
        // A server that has closed may answer this by a reset.
        drop(client.stream.write_all(request(&unknown).as_bytes()).await);
        flood.push(client);
    }
    let refused = async {
        while server.counters.refused_rate().value() == 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(5), refused).await.unwrap();
}

fn request(id: &str) -> String {
    format!("POST /idle/{id}/0 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n\0")
}

#[tokio::test]
async fn requests_that_overtake_each_other_are_put_in_order() {
    let (server, mut first) = echo().await;
    let mut second = Raw::new(server.connect().await);
    let id = first.open().await;
    let mut back = Vec::new();
    for pair in 0..10_u8 {
        let (early, late) = (2 * pair, 2 * pair + 1);
        second.post(&format!("/send/{id}/{late}"), &[late]).await;
        let early = first.ask(&format!("/send/{id}/{early}"), &[early]).await;
        back.extend_from_slice(data(&early));
        back.extend_from_slice(data(&second.answer().await));
    }
    let rest: Vec<u8> = (u8::try_from(back.len()).unwrap()..20).collect();
    assert_eq!(back, (0..20).take(back.len()).collect::<Vec<u8>>());
    fetch(&mut first, &id, 20, &rest).await;
}

#[tokio::test]
async fn a_request_that_comes_twice_is_taken_once_and_answered_twice_the_same() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    let mut other = server.connect().await;
    let path = format!("/send/{id}/0");
    let served = async {
        assert_eq!(receive(&mut carrier).await.unwrap().unwrap(), "once");
        send(&mut carrier, b"answer").await.unwrap();
    };
    let (answer, ()) = tokio::join!(client.ask(&path, b"once"), served);
    let mut first = data(&answer).to_vec();
    assert_eq!(other.ask(&path, b"once").await.body, answer.body);
    let mut number = 1;
    while first.len() < 6 {
        first.extend_from_slice(data(
            &client.ask(&format!("/idle/{id}/{number}"), b"\0").await,
        ));
        number += 1;
    }
    assert_eq!(first, b"answer");
    client.post(&format!("/send/{id}/{number}"), b"twice").await;
    assert_eq!(receive(&mut carrier).await.unwrap().unwrap(), "twice");
}

#[tokio::test]
async fn a_body_that_is_cut_off_leaves_the_session_as_it_was() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    let head = format!("POST /send/{id}/0 HTTP/1.1\r\nHost: a\r\n");
    for cut in [
        "Content-Length: 10\r\n\r\nhalf",
        "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let mut broken = server.connect().await;
        broken.send(format!("{head}{cut}")).await;
        broken.stream.shutdown().await.unwrap();
        while broken
            .next_answer()
            .await
            .is_some_and(|answer| answer.status >= 400)
        {}
    }
    client.post(&format!("/send/{id}/0"), b"whole").await;
    assert_eq!(receive(&mut carrier).await.unwrap().unwrap(), "whole");
}

#[tokio::test]
async fn a_held_reply_is_released_by_data() {
    let mut config = AcceptorConfig::default();
    config.tunnel.reply.hold = Duration::from_secs(4);
    let mut server = Hand::start(config);
    let (mut client, id, mut carrier) = server.open().await;
    for number in 0..5 {
        client.post(&format!("/idle/{id}/{number}"), b"\0").await;
        assert!(
            timeout(Duration::from_millis(50), client.answer())
                .await
                .is_err(),
            "held"
        );
        let begin = tokio::time::Instant::now();
        send(&mut carrier, b"news").await.unwrap();
        assert_eq!(data(&client.answer().await), b"news");
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "{:?}",
            begin.elapsed()
        );
    }
}

#[tokio::test]
async fn a_held_reply_is_released_by_whatever_comes_behind_it() {
    let mut config = AcceptorConfig::default();
    config.tunnel.reply.hold = Duration::from_secs(4);
    let mut server = Hand::start(config);
    let (mut client, id, mut carrier) = server.open().await;
    let post = |path: &str, body: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let begin = tokio::time::Instant::now();
    // In the same segment, so that nothing more has to be read to know it.
    let both = post(&format!("/idle/{id}/0"), "\0") + &post(&format!("/send/{id}/1"), "one");
    client.send(both).await;
    assert_eq!(data(&client.answer().await), b"");
    assert_eq!(receive(&mut carrier).await.unwrap().unwrap(), "one");
    client.answer().await;
    // In a later one.
    client.post(&format!("/idle/{id}/2"), b"\0").await;
    assert!(
        timeout(Duration::from_millis(50), client.answer())
            .await
            .is_err(),
        "held"
    );
    client.post(&format!("/send/{id}/3"), b"two").await;
    client.answer().await;
    assert_eq!(receive(&mut carrier).await.unwrap().unwrap(), "two");
    client.answer().await;
    assert!(
        begin.elapsed() < Duration::from_secs(3),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test]
async fn what_is_said_last_is_fetched_before_the_end() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    send(&mut carrier, b"refused, because").await.unwrap();
    let closing = tokio::spawn(async move {
        close(&mut carrier).await.unwrap();
    });
    let answer = client.ask(&format!("/idle/{id}/0"), b"\0").await;
    assert_eq!(data(&answer), b"refused, because");
    let end = client.ask(&format!("/idle/{id}/1"), b"\0").await;
    assert_eq!((end.status, &end.body[..]), (200, &b"\0"[..]));
    closing.await.unwrap();
    // A reply that got lost can still be had for a moment.
    let again = client.ask(&format!("/idle/{id}/0"), b"\0").await;
    assert_eq!(again.body, answer.body);
    let end = client.ask(&format!("/idle/{id}/2"), b"\0").await;
    assert_eq!((end.status, &end.body[..]), (200, &b"\0"[..]));
}

#[tokio::test]
async fn a_dropped_carrier_ends_the_session_at_once() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, carrier) = server.open().await;
    client.post(&format!("/idle/{id}/0"), b"\0").await;
    tokio::task::yield_now().await;
    drop(carrier);
    let end = client.answer().await;
    assert_eq!((end.status, &end.body[..]), (200, &b"\0"[..]));
    let end = client.ask(&format!("/idle/{id}/1"), b"\0").await;
    assert_eq!((end.status, &end.body[..]), (200, &b"\0"[..]));
}

#[tokio::test]
async fn a_session_follows_its_peer() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    let mut other = server.connect().await;
    assert_eq!(carrier.info().peer, client.stream.local_addr().unwrap());
    other.post(&format!("/send/{id}/0"), b"hello").await;
    receive(&mut carrier).await.unwrap();
    assert_eq!(carrier.info().peer, other.stream.local_addr().unwrap());
    client.ask(&format!("/close/{id}"), b"\0").await;
    assert_eq!(receive(&mut carrier).await.unwrap(), None);
}

#[tokio::test]
async fn writing_waits_for_a_client_that_does_not_fetch() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    let all: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let writing = {
        let all = all.clone();
        tokio::spawn(async move {
            send(&mut carrier, &all).await.unwrap();
            carrier
        })
    };
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!writing.is_finished());
    fetch(&mut client, &id, 0, &all).await;
    writing.await.unwrap();
}

#[tokio::test]
async fn reading_waits_for_a_server_that_does_not_take() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    let body = vec![7; 60_000];
    let mut sent = 0;
    loop {
        client.post(&format!("/send/{id}/{sent}"), &body).await;
        match timeout(Duration::from_millis(200), client.answer()).await {
            Ok(answer) => assert_eq!(data(&answer), b""),
            Err(_) => break,
        }
        sent += 1;
        assert!(sent < 100, "nothing stops the client");
    }
    let mut received = 0;
    while received < (sent + 1) * body.len() {
        received += receive(&mut carrier).await.unwrap().unwrap().len();
    }
    assert_eq!(data(&client.answer().await), b"");
}

#[tokio::test]
async fn more_sessions_than_allowed_are_refused() {
    let mut config = AcceptorConfig::default();
    config.sessions.sessions = 2;
    let server = Echo::start(config);
    let mut client = Raw::new(server.connect().await);
    let id = client.open().await;
    client.open().await;
    let answer = client.ask("/open/1", b"\0").await;
    assert_eq!((answer.status, &answer.body[..]), (503, &b""[..]));
    assert_eq!(server.counters.tunnel_refused_total().value(), 1);
    // Those inside notice nothing.
    assert_eq!(
        data(&client.ask(&format!("/idle/{id}/0"), b"\0").await),
        b""
    );
}

#[tokio::test]
async fn as_many_sessions_wait_to_be_accepted_as_there_is_room_and_one_more_is_refused() {
    let mut config = AcceptorConfig::default();
    config.admission.unauthenticated = usize::MAX;
    config.sessions.unproven = usize::MAX;
    let mut server = Hand::start(config);
    let mut client = server.connect().await;
    for _ in 0..limits::ACCEPT_QUEUE {
        client.open().await;
    }
    assert_eq!(client.ask("/open/1", b"\0").await.status, 503);
    let counters = server.acceptor.counters().clone();
    assert_eq!(counters.refused_queue().value(), 1);
    server.acceptor.accept().await.unwrap();
    client.open().await;
    assert_eq!(counters.refused_queue().value(), 1);
}

#[tokio::test]
async fn closing_lets_sessions_finish() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    let mut acceptor = server.acceptor;
    let closing = tokio::spawn(async move { acceptor.close().await });
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(!closing.is_finished(), "a session is open");
    assert_eq!(client.ask("/open/1", b"\0").await.status, 503);
    let answering = tokio::spawn(async move {
        send(&mut carrier, b"bye").await.unwrap();
        close(&mut carrier).await.unwrap();
    });
    assert_eq!(
        data(&client.ask(&format!("/idle/{id}/0"), b"\0").await),
        b"bye"
    );
    let end = client.ask(&format!("/idle/{id}/1"), b"\0").await;
    assert_eq!((end.status, &end.body[..]), (200, &b"\0"[..]));
    answering.await.unwrap();
    timeout(Duration::from_secs(5), closing)
        .await
        .unwrap()
        .unwrap();
    client.ends().await;
}
