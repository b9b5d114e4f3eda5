//! Deadlines, on a clock that jumps.

use super::{Hand, data};
use crate::AcceptorConfig;
use crate::testing::{Echo, Raw, receive, send};
use std::io;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// About when the connection ends, in seconds from now.
async fn ends_after(client: &mut Raw<tokio::net::TcpStream>) -> u64 {
    let begin = Instant::now();
    client.ends().await;
    begin.elapsed().as_secs()
}

#[tokio::test(start_paused = true)]
async fn a_header_that_comes_too_slowly_is_not_waited_for() {
    let server = Echo::start(AcceptorConfig::default());
    let mut client = Raw::new(server.connect().await);
    client.send("POST /open/1 HTTP/1.1\r\n").await;
    let begin = Instant::now();
    let ended = async { ends_after(&mut client).await };
    assert!((9..=11).contains(&ended.await), "{:?}", begin.elapsed());
    assert_eq!(server.counters.http_header_timeouts().value(), 1);
    // Neither when a byte comes now and then.
    let mut client = Raw::new(server.connect().await);
    let begin = Instant::now();
    client.send("POST /open/1 HTTP/1.1\r\nX: ").await;
    while begin.elapsed() < 9 * SECOND {
        sleep(SECOND).await;
        client.send("x").await;
    }
    client.ends().await;
    assert!(begin.elapsed() < 12 * SECOND, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_second_header_is_measured_from_its_own_first_byte() {
    let server = Echo::start(AcceptorConfig::default());
    let mut client = Raw::new(server.connect().await);
    client.open().await;
    sleep(50 * SECOND).await;
    client.send("POST /open/1 HTTP/1.1\r\n").await;
    let after = ends_after(&mut client).await;
    assert!((9..=11).contains(&after), "{after}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_too_slowly_is_not_waited_for() {
    let server = Echo::start(AcceptorConfig::default());
    for chunked in [false, true] {
        let mut client = Raw::new(server.connect().await);
        let id = client.open().await;
        let head = format!("POST /send/{id}/0 HTTP/1.1\r\nHost: a\r\n");
        let rest = if chunked {
            "Transfer-Encoding: chunked\r\n\r\nfff\r\n"
        } else {
            "Content-Length: 60000\r\n\r\n"
        };
        client.send(format!("{head}{rest}")).await;
        let begin = Instant::now();
        while begin.elapsed() < 4 * SECOND {
            client.send("x").await;
            sleep(SECOND).await;
        }
        client.ends().await;
        assert!(
            (4..=6).contains(&begin.elapsed().as_secs()),
            "{:?}",
            begin.elapsed()
        );
    }
    assert_eq!(server.counters.http_body_timeouts().value(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_steadily_is_waited_for_half_a_minute() {
    let server = Echo::start(AcceptorConfig::default());
    let mut client = Raw::new(server.connect().await);
    let id = client.open().await;
    client
        .send(format!(
            "POST /send/{id}/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 65000\r\n\r\n"
        ))
        .await;
    let begin = Instant::now();
    for _ in 0..29 {
        client.send([0; 2000]).await;
        sleep(SECOND).await;
    }
    client.ends().await;
    assert!(
        (29..=32).contains(&begin.elapsed().as_secs()),
        "{:?}",
        begin.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_is_kept_for_a_minute() {
    let server = Echo::start(AcceptorConfig::default());
    let mut client = Raw::new(server.connect().await);
    for _ in 0..3 {
        client.open().await;
        sleep(55 * SECOND).await;
    }
    client.open().await;
    let after = ends_after(&mut client).await;
    assert!((59..=61).contains(&after), "{after}");
    assert_eq!(server.counters.http_idle_ends().value(), 1);
}

#[tokio::test]
async fn a_connection_serves_any_number_of_requests() {
    let server = Echo::start(AcceptorConfig::default());
    let mut client = Raw::new(server.connect().await);
    let id = client.open().await;
    for number in 0..3000 {
        client.ask(&format!("/send/{id}/{number}"), b"").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_with_nothing_to_hear_is_held_so_that_nobody_spins() {
    let server = Echo::start(AcceptorConfig::default());
    let mut client = Raw::new(server.connect().await);
    let id = client.open().await;
    let begin = Instant::now();
    for number in 0..10 {
        assert_eq!(
            data(&client.ask(&format!("/idle/{id}/{number}"), b"\0").await),
            b""
        );
    }
    assert!(begin.elapsed() >= 5 * SECOND, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_stops_asking_is_given_up() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    client.ask(&format!("/idle/{id}/0"), b"\0").await;
    assert!(carrier.unasked_for().unwrap() < 2 * SECOND);
    let begin = Instant::now();
    let error = receive(&mut carrier).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(error.to_string(), "the client stopped polling");
    let silence = carrier.unasked_for().unwrap().as_secs();
    assert!((59..=62).contains(&silence), "{silence}");
    let counters = server.acceptor.counters().clone();
    assert!(
        (59..=62).contains(&begin.elapsed().as_secs()),
        "{:?}",
        begin.elapsed()
    );
    assert_eq!(
        send(&mut carrier, b"x").await.unwrap_err().kind(),
        io::ErrorKind::TimedOut
    );
    drop(carrier);
    // Another connection, because the first one was silent for as long.
    let mut client = server.connect().await;
    let end = client.ask(&format!("/idle/{id}/1"), b"\0").await;
    assert_eq!((end.status, &end.body[..]), (200, &b"\0"[..]));
    sleep(17 * SECOND).await;
    assert_eq!(counters.tunnel_idle_ends().value(), 1);
    assert_eq!(counters.tunnel_stalls().value(), 1);
    assert_eq!(
        client.ask(&format!("/idle/{id}/1"), b"\0").await.status,
        410
    );
    sleep(59 * SECOND).await;
    let mut client = server.connect().await;
    assert_eq!(
        client.ask(&format!("/idle/{id}/1"), b"\0").await.status,
        404
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_comes_ends_the_session() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    client.ask(&format!("/idle/{id}/0"), b"\0").await;
    client.post(&format!("/send/{id}/2"), b"ahead").await;
    let begin = Instant::now();
    let error = receive(&mut carrier).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "request 1 never arrived");
    assert!(
        (4..=6).contains(&begin.elapsed().as_secs()),
        "{:?}",
        begin.elapsed()
    );
    // Its last replies are kept for a moment; it counts when it is forgotten, and only once.
    drop(carrier);
    sleep(10 * SECOND).await;
    assert_eq!(server.acceptor.counters().tunnel_holes().value(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_nobody_takes_is_given_up() {
    let mut server = Hand::start(AcceptorConfig::default());
    let (mut client, id, mut carrier) = server.open().await;
    let counters = server.acceptor.counters().clone();
    let writing = tokio::spawn(async move {
        let all = vec![0; 64 << 20];
        send(&mut carrier, &all).await
    });
    // Ask for much and read nothing.
    let mut number = 0;
    while counters.http_write_stalls().value() == 0 {
        let head =
            format!("POST /idle/{id}/{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\0");
        let sent = tokio::time::timeout(SECOND, async {
            use tokio::io::AsyncWriteExt;
            client.stream.write_all(head.as_bytes()).await
        });
        if matches!(sent.await, Ok(Err(_))) {
            break;
        }
        number += 1;
        assert!(number < 100_000, "nothing stops the client");
    }
    assert_eq!(counters.http_write_stalls().value(), 1);
    writing.abort();
}
