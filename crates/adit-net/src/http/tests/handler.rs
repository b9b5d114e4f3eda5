//! Requests that are not the tunnel's.

use super::echo;
use crate::http::{
    HttpBody, HttpFuture, HttpHandler, Request, RequestBody, Response, StatusCode, header,
};
use crate::testing::{Echo, Raw};
use crate::{AcceptorConfig, CarrierInfo};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};
use hyper::header::HeaderValue;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;

#[tokio::test]
async fn nothing_is_found_where_nobody_put_anything() {
    let (_server, mut client) = echo().await;
    for path in [
        "/",
        "/index.html",
        "/fcs/other",
        "/opened",
        "/crossdomain.xml",
        "*",
    ] {
        client
            .send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"))
            .await;
        let answer = client.answer().await;
        assert_eq!(
            (answer.status, &answer.body[..]),
            (404, &b"not found\n"[..]),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_front_page_is_plain_text_for_whoever_reads_it_and_nothing_else() {
    let mut config = AcceptorConfig::default();
    config.http.front_page = Some(Bytes::from_static(b"a server\n"));
    let server = Echo::start(config);
    let mut client = Raw::new(server.connect().await);
    for (request, status, body) in [
        ("GET /", 200, "a server\n"),
        ("GET /?x=1", 200, "a server\n"),
        ("GET http://a/", 200, "a server\n"),
        ("GET /x", 404, "not found\n"),
        ("DELETE /", 404, "not found\n"),
    ] {
        client
            .send(format!(
                "{request} HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n"
            ))
            .await;
        let answer = client.answer().await;
        let got = String::from_utf8(answer.body.clone()).unwrap();
        assert_eq!((answer.status, got.as_str()), (status, body), "{request}");
        let kind = answer.field("Content-Type");
        assert_eq!(kind, Some("text/plain; charset=utf-8"), "{request}");
    }
    // A browser is answered by the handler, which is none here.
    client
        .send("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/xml, Text/HTML;q=0.9, */*\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.status, 404);
    client
        .send("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    let mut head = String::new();
    client.stream.read_to_string(&mut head).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.ends_with("\r\n\r\n"), "no body: {head}");
}

/// Answers with what it is asked.
struct Mirror;

impl HttpHandler for Mirror {
    fn handle(&self, request: Request<RequestBody>, info: &CarrierInfo) -> HttpFuture {
        let transport = info.transport;
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let path = head.uri.path().to_owned();
            assert_ne!(path, "/panic");
            if path == "/stream" {
                return Response::new(HttpBody::streamed(Repeated(3)));
            }
            let Ok(body) = body.collect().await else {
                let mut response = Response::new(HttpBody::default());
                *response.status_mut() = StatusCode::BAD_REQUEST;
                return response;
            };
            let body = body.to_bytes();
            let text = format!(
                "{} {path} {transport} {}",
                head.method,
                String::from_utf8_lossy(&body)
            );
            Response::new(HttpBody::from(Bytes::from(text)))
        })
    }
}

/// The word `part`, so many times, of a length nobody knows before.
struct Repeated(u8);

impl Body for Repeated {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Poll::Ready(self.0.checked_sub(1).map(|left| {
            self.0 = left;
            Ok(Frame::data(Bytes::from_static(b"part")))
        }))
    }
}

fn mirror() -> Echo {
    let mut config = AcceptorConfig::default();
    config.http.handler = Arc::new(Mirror);
    Echo::start(config)
}

#[tokio::test]
async fn a_handler_sees_the_request_and_its_body() {
    let server = mirror();
    let mut client = Raw::new(server.connect().await);
    let answer = client.ask("/a?b=c", b"hello").await;
    assert_eq!(
        String::from_utf8(answer.body).unwrap(),
        "POST /a rtmpt hello"
    );
    let chunks = "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    client
        .send(format!("PUT /b HTTP/1.1\r\nHost: a\r\n{chunks}"))
        .await;
    assert_eq!(client.answer().await.body, b"PUT /b rtmpt hello");
    // The tunnel's paths are not its business.
    client.open().await;
}

#[tokio::test]
async fn a_handler_may_answer_piece_by_piece() {
    let server = mirror();
    let mut client = server.connect().await;
    let mut raw = Raw::new(&mut client);
    raw.send("GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;
    let mut all = String::new();
    client.read_to_string(&mut all).await.unwrap();
    assert!(
        all.ends_with("\r\n\r\n4\r\npart\r\n4\r\npart\r\n4\r\npart\r\n0\r\n\r\n"),
        "{all}"
    );
}

#[tokio::test]
async fn a_small_body_that_nobody_reads_costs_nothing() {
    let (_server, mut client) = echo().await;
    for body in ["", "x", "hello"] {
        let answer = client.ask("/unread", body.as_bytes()).await;
        assert_eq!(answer.status, 404);
    }
}

#[tokio::test]
async fn any_split_of_the_bytes_gives_the_same_answers() {
    let script = "\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nGET / HTTP/1.\
                  GET /b HTTP/1.1\nHost: a\n\n\
                  PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n1\r\n\n\r\n0\r\nT: u\r\n\r\n\
                  POST /d HTTP/1.1\r\nContent-Length: 0\r\n\r\n\
                  GET /e HTTP/1.1\r\nConnection: close\r\n\r\n";
    let script = script.replace("HTTP/1.GET", "HTTP/1GET");
    let server = mirror();
    for step in [1, 2, 3, 5, 17, 64, script.len()] {
        let mut client = Raw::new(server.connect().await);
        for piece in script.as_bytes().chunks(step) {
            client.send(piece).await;
            // Let it arrive by itself.
            tokio::task::yield_now().await;
        }
        let mut answers = Vec::new();
        while let Some(answer) = client.next_answer().await {
            answers.push(String::from_utf8(answer.body).unwrap());
        }
        let expected = [
            "POST /a rtmpt GET / HTTP/1",
            "GET /b rtmpt ",
            "PUT /c rtmpt hello\n",
            "POST /d rtmpt ",
            "GET /e rtmpt ",
        ];
        assert_eq!(answers, expected, "{step}");
    }
}

/// Answers when it is told to, and says when it is asked.
struct Late {
    asked: Arc<Notify>,
    go: Arc<Notify>,
}

impl HttpHandler for Late {
    fn handle(&self, request: Request<RequestBody>, _: &CarrierInfo) -> HttpFuture {
        let path = request.uri().path().to_owned();
        let go = Arc::clone(&self.go);
        self.asked.notify_one();
        Box::pin(async move {
            go.notified().await;
            Response::new(HttpBody::from(Bytes::from(path)))
        })
    }
}

#[tokio::test]
async fn a_request_that_came_early_is_served_after_a_late_answer() {
    let (asked, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let mut config = AcceptorConfig::default();
    config.http.handler = Arc::new(Late {
        asked: Arc::clone(&asked),
        go: Arc::clone(&go),
    });
    let server = Echo::start(config);
    let mut client = Raw::new(server.connect().await);
    client
        .send("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n")
        .await;
    for path in ["/a", "/b"] {
        timeout(Duration::from_secs(5), asked.notified())
            .await
            .expect(path);
        // The connection finds out that nothing more can be done now.
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
        go.notify_one();
        assert_eq!(client.answer().await.body, path.as_bytes());
    }
}

#[tokio::test]
async fn a_handler_that_does_not_read_the_body_costs_the_connection_and_no_more() {
    let (_server, mut client) = echo().await;
    client
        .send("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nPOST /open/1 HTTP/1.1\r\n\r\n")
        .await;
    assert_eq!(client.answer().await.status, 404);
    client.ends().await;
}

#[tokio::test]
async fn a_handler_that_panics_ends_its_own_connection() {
    let server = mirror();
    let mut bystander = Raw::new(server.connect().await);
    let id = bystander.open().await;
    let mut client = Raw::new(server.connect().await);
    client.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.ends().await;
    assert_eq!(
        bystander.ask(&format!("/idle/{id}/0"), b"\0").await.status,
        200
    );
}

/// Answers every request by another protocol, which says the same in capitals.
struct Louder;

impl HttpHandler for Louder {
    fn handle(&self, request: Request<RequestBody>, _: &CarrierInfo) -> HttpFuture {
        let status = if request.uri().path() == "/yes" {
            StatusCode::SWITCHING_PROTOCOLS
        } else {
            StatusCode::FORBIDDEN
        };
        let mut response = Response::new(HttpBody::upgraded(|mut stream| async move {
            let mut word = [0; 5];
            while stream.read_exact(&mut word).await.is_ok() {
                word.make_ascii_uppercase();
                stream.write_all(&word).await.unwrap();
            }
        }));
        *response.status_mut() = status;
        let fields = response.headers_mut();
        fields.insert(header::UPGRADE, HeaderValue::from_static("louder"));
        fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        Box::pin(std::future::ready(response))
    }
}

#[tokio::test]
async fn a_connection_goes_on_with_another_protocol_and_what_came_early_is_not_lost() {
    let mut config = AcceptorConfig::default();
    config.http.handler = Arc::new(Louder);
    let server = Echo::start(config);
    let upgrade = "HTTP/1.1\r\nHost: a\r\nUpgrade: louder\r\nConnection: Upgrade\r\n\r\n";
    let mut client = server.connect().await;
    client
        .write_all(format!("GET /yes {upgrade}hello").as_bytes())
        .await
        .unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"HELLO") {
        assert_ne!(client.read_buf(&mut answer).await.unwrap(), 0, "{answer:?}");
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    client.write_all(b"again").await.unwrap();
    let mut word = [0; 5];
    client.read_exact(&mut word).await.unwrap();
    assert_eq!(&word, b"AGAIN");
    // Whoever is refused stays with HTTP.
    let mut refused = Raw::new(server.connect().await);
    for _ in 0..2 {
        refused.send(format!("GET /no {upgrade}")).await;
        let answer = refused.answer().await;
        assert_eq!((answer.status, answer.body.len()), (403, 0));
    }
}
