//! What is refused, and with which words.

use super::{Hand, data, echo, fetch};
use crate::testing::{Echo, Raw, receive};
use crate::{AcceptorConfig, IdentReply, limits};
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// Sends one request on a fresh connection. Expects `status`, that the connection then ends, and that nobody else notices.
async fn check_closed(request: impl AsRef<[u8]>, status: u16) {
    let (server, mut client) = echo().await;
    let mut bystander = Raw::new(server.connect().await);
    let id = bystander.open().await;
    client.send(request.as_ref()).await;
    let what = request.as_ref().escape_ascii().to_string();
    let answer = timeout(Duration::from_secs(5), client.next_answer()).await;
    let answer = answer.unwrap_or_else(|_| panic!("no answer to {what}"));
    assert_eq!(answer.map(|answer| answer.status), Some(status), "{what}");
    client.ends().await;
    let answer = bystander.ask(&format!("/send/{id}/0"), b"\x03").await;
    assert_eq!(answer.status, 200);
}

fn open_with(fields: &str) -> String {
    format!("POST /open/1 HTTP/1.1\r\nHost: a\r\n{fields}\r\n\0")
}

/// Security T8: a proxy in front and the server behind must not see different requests.
#[tokio::test]
async fn requests_that_two_readers_read_differently_are_refused() {
    for fields in [
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: 1, 1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x1\r\n",
        "Content-Length: 1 1\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: identity\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Content-Length : 1\r\n",
        "Content-Length\t: 1\r\n",
        "X: a\r\n b\r\nContent-Length: 1\r\n",
        " Content-Length: 1\r\n",
        "X: a\0b\r\nContent-Length: 1\r\n",
        "X: a\rb\r\nContent-Length: 1\r\n",
        "X: a\r\rContent-Length: 1\r\n",
        "No colon\r\nContent-Length: 1\r\n",
        ": empty\r\nContent-Length: 1\r\n",
    ] {
        check_closed(open_with(fields), 400).await;
    }
    check_closed(
        b"POST /open/1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n\0\r\n0\r\n\r\n",
        400,
    )
    .await;
}

#[tokio::test]
async fn nothing_behind_a_refused_request_is_taken_for_another() {
    let (server, mut client) = echo().await;
    let smuggled = "POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\0";
    client
        .send(format!(
            "{}{smuggled}",
            open_with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")
        ))
        .await;
    assert_eq!(client.answer().await.status, 400);
    client.ends().await;
    assert_eq!(server.counters.tunnel_opened().value(), 0);
    assert_eq!(server.counters.http_bad_headers().value(), 1);
}

#[tokio::test]
async fn request_lines_that_are_none_are_refused() {
    for line in [
        "POST /open/1\r\n",
        "POST  /open/1 HTTP/1.1\r\n",
        "POST /open/1 HTTP/1.1 \r\n",
        "POST /open/1 HTTP/2.0\r\n",
        "POST /open/1 HTTP/1.1x\r\n",
        "POST /o pen/1 HTTP/1.1\r\n",
        "POST \0 HTTP/1.1\r\n",
    ] {
        check_closed(format!("{line}Host: a\r\nContent-Length: 1\r\n\r\n\0"), 400).await;
    }
}

#[tokio::test]
async fn a_chunked_body_that_is_none_is_refused() {
    let head = "POST /open/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for body in [
        "x\r\n",
        "1\r\n\0\0\r\n",
        "-1\r\n",
        "10000000000000000\r\n",
        "1\r\n\0X\n0\r\n\r\n",
    ] {
        check_closed(format!("{head}{body}"), 400).await;
    }
}

#[tokio::test]
async fn tunnel_paths_that_cannot_be_served_are_refused() {
    for path in [
        "/open",
        "/open/2/3",
        "/send/x",
        "/idle/x/-1",
        "/idle/x/y",
        "/send/%30/1",
    ] {
        check_closed(
            format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\0"),
            400,
        )
        .await;
    }
}

#[tokio::test]
async fn the_tunnel_is_for_posts_only() {
    let id = "0".repeat(32);
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        for path in [
            "/open/1".to_owned(),
            format!("/idle/{id}/0"),
            format!("/close/{id}/0"),
        ] {
            let (_server, mut client) = echo().await;
            client
                .send(format!("{method} {path} HTTP/1.1\r\nHost: a\r\n\r\n"))
                .await;
            let answer = client.answer().await;
            assert_eq!(answer.status, 405, "{method} {path}");
            assert_eq!(answer.field("Allow"), Some("POST"));
            assert_eq!(answer.field("Access-Control-Allow-Origin"), None);
        }
    }
}

#[tokio::test]
async fn streams_of_applications_that_are_called_like_paths_of_the_tunnel_are_not_its_own() {
    for path in [
        "/open/cam.flv",
        "/open/cam/index.m3u8",
        "/send/room/cam/media.m3u8?_HLS_msn=1",
        "/idle/a%20b.flv",
        "/close/cam/7-0.mp4",
    ] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let (_server, mut client) = echo().await;
            let request =
                format!("{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            client.send(request).await;
            let mut answer = String::new();
            client.stream.read_to_string(&mut answer).await.unwrap();
            assert!(
                answer.starts_with("HTTP/1.1 404"),
                "{method} {path}: {answer}"
            );
        }
    }
    let (_server, mut client) = echo().await;
    client
        .send("POST /open/cam.flv HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
        .await;
    assert_eq!(
        client.answer().await.status,
        200,
        "what is posted is the tunnel's"
    );
}

#[tokio::test]
async fn pages_of_other_sites_cannot_drive_a_tunnel() {
    for fields in [
        "Origin: https://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://a\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: https://good.example\r\n",
    ] {
        check_closed(open_with(&format!("{fields}Content-Length: 1\r\n")), 403).await;
    }
    let mut config = AcceptorConfig::default();
    config.http.allowed_origins = vec!["https://good.example".to_owned()];
    let server = Echo::start(config);
    for (fields, status) in [
        (
            "Origin: https://good.example\r\nSec-Fetch-Site: cross-site\r\n",
            200,
        ),
        (
            "Origin: https://good.example\r\nOrigin: https://evil.example\r\n",
            403,
        ),
        ("Origin: https://good.example.evil\r\n", 403),
        ("Origin: http://a\r\n", 403),
        // The browser has checked the certificate of this name.
        ("Origin: https://a\r\n", 200),
        ("Sec-Fetch-Site: same-origin\r\n", 200),
    ] {
        let mut client = Raw::new(server.connect().await);
        client
            .send(open_with(&format!("{fields}Content-Length: 1\r\n")))
            .await;
        assert_eq!(client.answer().await.status, status, "{fields}");
    }
    assert_eq!(server.counters.tunnel_refused().value(), 3);
}

#[tokio::test]
async fn encoded_bodies_and_types_of_forms_are_refused() {
    for field in [
        "Content-Encoding: gzip",
        "Content-Encoding: deflate",
        "Content-Type: text/plain",
        "Content-Type: multipart/form-data; boundary=x",
        "Content-Type: application/x-fcs\r\nContent-Type: text/plain",
        "Content-Type:",
    ] {
        check_closed(open_with(&format!("{field}\r\nContent-Length: 1\r\n")), 415).await;
    }
}

#[tokio::test]
async fn bodies_are_as_long_as_allowed_and_not_longer() {
    let control = adit_rtmpt::limits::CONTROL_BODY;
    let send = adit_rtmpt::limits::SEND_BODY_UNPROVEN;
    let (server, mut client) = echo().await;
    let id = client.open().await;
    assert_eq!(
        client
            .ask(&format!("/idle/{id}/0"), &vec![0; control])
            .await
            .status,
        200
    );
    assert_eq!(
        client
            .ask(&format!("/send/{id}/1"), &vec![0; send])
            .await
            .status,
        200
    );
    assert_eq!(server.counters.http_body_limits().value(), 0);
    for (path, limit) in [
        ("/open/1".to_owned(), control),
        (format!("/idle/{id}/2"), control),
        (format!("/close/{id}"), control),
        ("/fcs/ident2".to_owned(), control),
        (format!("/send/{}/2", "0".repeat(32)), send),
    ] {
        // Refused by what is announced, and by what comes.
        let announced = format!("Content-Length: {}\r\n\r\n", limit + 1);
        let chunked = format!(
            "Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{}",
            limit + 1,
            "x".repeat(limit + 1)
        );
        for rest in [announced, chunked] {
            let mut client = Raw::new(server.connect().await);
            client
                .send(format!("POST {path} HTTP/1.1\r\nHost: a\r\n{rest}"))
                .await;
            let answer = client.answer().await;
            assert_eq!(answer.status, 413, "{path}");
            assert_eq!(answer.field("Connection"), Some("close"));
            client.ends().await;
        }
    }
    assert_eq!(server.counters.http_body_limits().value(), 10);
}

#[tokio::test]
async fn a_session_that_has_shaken_hands_may_send_more() {
    let (server, mut client) = echo().await;
    let id = client.open().await;
    let shake = [3; 3073];
    let answer = client.ask(&format!("/send/{id}/0"), &shake).await;
    let rest = &shake[data(&answer).len()..];
    let next = fetch(&mut client, &id, 1, rest).await;
    let large = vec![1; 2 * adit_rtmpt::limits::SEND_BODY_UNPROVEN];
    let answer = client.ask(&format!("/send/{id}/{next}"), &large).await;
    assert_eq!(answer.status, 200);
    assert_eq!(server.counters.http_body_limits().value(), 0);
}

#[tokio::test]
async fn heads_are_as_long_as_allowed_and_not_longer() {
    let request = |length: usize| {
        let bare = "POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nX: \r\n\r\n";
        let filler = "x".repeat(length - bare.len());
        bare.replace("X: ", &format!("X: {filler}")) + "\0"
    };
    let (_server, mut client) = echo().await;
    client.send(request(limits::HEADER_BYTES)).await;
    assert_eq!(client.answer().await.status, 200);
    check_closed(request(limits::HEADER_BYTES + 1), 431).await;
    // One that never ends is not waited for.
    check_closed(&request(100_000)[..90_000], 431).await;
}

#[tokio::test]
async fn heads_have_as_many_fields_as_allowed_and_not_more() {
    let request = |fields: usize| {
        let more = "X: y\r\n".repeat(fields - 2);
        format!("POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n{more}\r\n\0")
    };
    let (server, mut client) = echo().await;
    client.send(request(limits::HEADER_FIELDS)).await;
    assert_eq!(client.answer().await.status, 200);
    let mut other = Raw::new(server.connect().await);
    other.send(request(limits::HEADER_FIELDS + 1)).await;
    assert_eq!(other.answer().await.status, 431);
    other.ends().await;
    assert_eq!(server.counters.http_header_limits().value(), 1);
    assert_eq!(server.counters.http_bad_headers().value(), 0);
}

#[tokio::test]
async fn bodies_of_all_sessions_together_are_as_long_as_allowed_and_not_longer() {
    let mut config = AcceptorConfig::default();
    // Each body costs 256 bytes beside its own.
    config.http.bodies = 30_512;
    config.http.bodies_small = 20_512;
    let mut server = Hand::start(config);
    let counters = server.acceptor.counters().clone();
    let (mut first, first_id, mut carrier) = server.open().await;
    let (mut second, second_id, mut other) = server.open().await;
    // Nobody takes it on the server's side, so it stays.
    let answer = first
        .ask(&format!("/send/{first_id}/0"), &vec![1; 20_000])
        .await;
    assert_eq!(answer.status, 200);
    let answer = second
        .ask(&format!("/send/{second_id}/0"), &[2; 10_000])
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(counters.http_body_budget().value(), 0);
    // One byte more, of known length and of unknown.
    let chunked = "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n";
    for rest in ["Content-Length: 1\r\n\r\nx", chunked] {
        let mut client = server.connect().await;
        let head = format!("POST /send/{second_id}/1 HTTP/1.1\r\nHost: a\r\n");
        client.send(head + rest).await;
        let answer = client.answer().await;
        assert_eq!(answer.status, 503);
        assert_eq!(answer.field("Connection"), Some("close"));
        client.ends().await;
    }
    assert_eq!(counters.http_body_budget().value(), 2);
    // What asks or says nothing needs no memory.
    assert_eq!(
        second
            .ask(&format!("/idle/{second_id}/1"), b"\0")
            .await
            .status,
        200
    );
    // The session is as it was: once the first is taken, the same number is welcome.
    assert_eq!(receive(&mut carrier).await.unwrap().unwrap().len(), 20_000);
    let answer = second
        .ask(&format!("/send/{second_id}/2"), &[3; 10_000])
        .await;
    assert_eq!(answer.status, 200);
    let mut received = 0;
    while received < 20_000 {
        received += receive(&mut other).await.unwrap().unwrap().len();
    }
}

#[tokio::test]
async fn an_unknown_session_is_not_found_and_never_echoed() {
    let (server, mut client) = echo().await;
    let mut answers = Vec::new();
    for id in [
        "0".repeat(32),
        "ffffffffffffffffffffffffffffffff".to_owned(),
        "S0000001".to_owned(),
    ] {
        for path in [
            format!("/send/{id}/0"),
            format!("/idle/{id}/0"),
            format!("/close/{id}/0"),
        ] {
            let answer = client.ask(&path, b"\0").await;
            assert_eq!((answer.status, &answer.body[..]), (404, &b""[..]), "{path}");
            answers.push(answer.head.replace(answer.field("Date").unwrap(), ""));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "all the same");
    assert_eq!(server.counters.tunnel_unknown_ids().value(), 9);
}

#[tokio::test]
async fn ident_answers_as_configured() {
    let address = "192.0.2.7".parse().unwrap();
    for (configured, status, body) in [
        (IdentReply::NotFound, 404, ""),
        (IdentReply::Empty200, 200, ""),
        (IdentReply::Address(address), 200, "192.0.2.7"),
    ] {
        let mut config = AcceptorConfig::default();
        config.http.ident = configured;
        config.http.ident2 = configured;
        let server = Echo::start(config);
        let mut client = Raw::new(server.connect().await);
        for path in ["/fcs/ident", "/fcs/ident2"] {
            let answer = client.ask(path, b"\0").await;
            assert_eq!((answer.status, &answer.body[..]), (status, body.as_bytes()));
            client
                .send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"))
                .await;
            let answer = client.answer().await;
            assert_eq!((answer.status, &answer.body[..]), (status, body.as_bytes()));
            assert_eq!(answer.field("Connection"), Some("Keep-Alive"));
        }
        client
            .send("PUT /fcs/ident2 HTTP/1.1\r\nHost: a\r\n\r\n")
            .await;
        assert_eq!(client.answer().await.field("Allow"), Some("GET, POST"));
    }
}
