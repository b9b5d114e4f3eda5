//! Tunnels to our own server, directly and through proxies, and to servers that are none.

mod abandoned;
mod delays;
mod ends;
mod middle;
mod middles;
mod slow;

use super::{TunnelError, pointed_to};
use crate::client::limits;
use crate::client::testing::{Peer, connector, field, head, say, script, target};
use crate::client::{Cause, Connector, Host, ProxyError, Route, Security};
use crate::testing::{Echo, close, receive, send};
use crate::{AcceptorConfig, Carrier, Transport};
use adit_rtmpt::client::{ClientConfig, ClientError, ServerKind, Verb};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for a real clock to be no part of what is tested.
const PATIENCE: Duration = Duration::from_secs(20);

async fn open(
    connector: &Connector,
    server: SocketAddr,
    route: &Route,
    config: ClientConfig,
) -> Result<Carrier, TunnelError> {
    let target = target("localhost", server.port());
    let opening = connector.connect_tunnel(&target, route, Security::Plain, config);
    timeout(PATIENCE, opening).await.unwrap()
}

/// An RTMP handshake's worth of bytes goes there and comes back, then the end is said and heard.
async fn carries(mut carrier: Carrier) {
    // The server believes in a session once it begins like RTMP.
    let mut sent = vec![3u8];
    sent.extend((0..200_000u32).map(|index| index.to_le_bytes()[0]));
    let run = async {
        let mut back = Vec::new();
        for piece in sent.chunks(50_000) {
            send(&mut carrier, piece).await.unwrap();
        }
        while back.len() < sent.len() {
            back.extend_from_slice(&receive(&mut carrier).await.unwrap().unwrap());
        }
        assert!(back == sent, "the bytes are not the same");
        close(&mut carrier).await.unwrap();
    };
    timeout(PATIENCE, run).await.unwrap();
}

async fn works_with(kind: ServerKind) {
    let mut server = Echo::start(AcceptorConfig::default());
    let mut config = ClientConfig::default();
    config.server = kind;
    let carrier = open(&connector(&[]), server.address, &Route::Direct, config)
        .await
        .unwrap();
    assert_eq!(carrier.info().transport, Transport::Rtmpt);
    carries(carrier).await;
    assert_eq!(server.served().await.info.transport, Transport::Rtmpt);
}

#[tokio::test]
async fn a_tunnel_carries_bytes_over_one_lane_and_over_two() {
    works_with(ServerKind::Unknown).await;
    works_with(ServerKind::Orders).await;
}

/// A proxy that wants Basic on its first request and then lets whole URLs pass, `requests` of them on each connection.
fn forwards(server: SocketAddr, requests: usize) -> crate::client::testing::Script {
    script(move |mut client| async move {
        let mut server = TcpStream::connect(server).await.unwrap();
        for _ in 0..requests {
            let Some(head) = maybe_head(&mut client).await else {
                return;
            };
            let length: usize = field(&head, "content-length").unwrap().parse().unwrap();
            let mut body = vec![0; length];
            client.read_exact(&mut body).await.unwrap();
            if field(&head, "proxy-authorization").is_none() {
                say(
                    &mut client,
                    "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
                )
                .await;
                continue;
            }
            assert!(head.starts_with("POST http://localhost:"), "{head}");
            say(&mut server, [head.as_bytes(), &body].concat()).await;
            let answer = crate::client::testing::head(&mut server).await;
            let length: usize = field(&answer, "content-length").unwrap().parse().unwrap();
            let mut body = vec![0; length];
            server.read_exact(&mut body).await.unwrap();
            say(&mut client, [answer.as_bytes(), &body].concat()).await;
        }
    })
}

async fn maybe_head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

#[tokio::test]
async fn a_proxy_gets_whole_urls_and_its_password_on_every_connection() {
    let server = Echo::start(AcceptorConfig::default());
    let scripts = (0..200).map(|_| forwards(server.address, 5)).collect();
    let proxy = Peer::start(scripts).await;
    let route = proxy.route("http://ali:sesame");
    let carrier = open(
        &connector(&[]),
        server.address,
        &route,
        ClientConfig::default(),
    )
    .await
    .unwrap();
    assert_eq!(carrier.info().proxied_by, Some(proxy.address));
    carries(carrier).await;
}

#[tokio::test]
async fn a_tunnel_goes_through_socks_too() {
    let server = Echo::start(AcceptorConfig::default());
    let address = server.address;
    let scripts = (0..9)
        .map(|_| {
            script(move |mut client| async move {
                let mut hello = [0; 3];
                client.read_exact(&mut hello).await.unwrap();
                say(&mut client, b"\x05\x00").await;
                let mut place = [0; 4 + 1 + 9 + 2];
                client.read_exact(&mut place).await.unwrap();
                say(&mut client, b"\x05\x00\x00\x01\0\0\0\0\0\0").await;
                let mut server = TcpStream::connect(address).await.unwrap();
                drop(copy_bidirectional(&mut client, &mut server).await);
            })
        })
        .collect();
    let proxy = Peer::start(scripts).await;
    let route = proxy.route("socks5h");
    let carrier = open(&connector(&[]), address, &route, ClientConfig::default())
        .await
        .unwrap();
    carries(carrier).await;
}

async fn refused(answer: &'static str, route: &str) -> TunnelError {
    let scripts = (0..4)
        .map(|_| {
            script(move |mut stream| async move {
                head(&mut stream).await;
                stream.read_u8().await.unwrap();
                say(&mut stream, answer).await;
            })
        })
        .collect();
    let peer = Peer::start(scripts).await;
    let route = match route {
        "direct" => Route::Direct,
        kind => peer.route(kind),
    };
    open(
        &connector(&[]),
        peer.address,
        &route,
        ClientConfig::default(),
    )
    .await
    .unwrap_err()
}

#[tokio::test]
async fn a_redirect_to_a_login_page_says_where_that_is() {
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: http://login.example/in?x=1\r\nContent-Length: 0\r\n\r\n";
    let error = refused(redirect, "direct").await;
    assert!(
        matches!(&error, TunnelError::Tunnel { redirected_to: Some(host), .. } if host == "login.example"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_redirect_to_another_page_of_the_same_server_is_no_portal() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n";
    let error = refused(redirect, "direct").await;
    assert!(
        matches!(&error, TunnelError::Tunnel { redirected_to: Some(host), .. } if host == "localhost"),
        "{error:?}"
    );
    assert!(error.hint().contains("web server"), "{}", error.hint());
}

#[test]
fn a_relative_location_points_to_the_server_itself() {
    let check = |location: &str, expected: Option<&str>| {
        let found = pointed_to(location, &Host::parse("live.example").unwrap());
        assert_eq!(found.as_deref(), expected, "{location}");
    };
    check("http://login.example/in?x=1", Some("login.example"));
    check("https://Live.Example:8443/", Some("live.example"));
    check("//login.example/in", Some("login.example"));
    check("https://[2001:db8::1]/", Some("[2001:db8::1]"));
    for relative in [
        "/login",
        "login.html",
        "?next=http://x.example/",
        "",
        "../a:b",
    ] {
        check(relative, Some("live.example"));
    }
    check("http://", None);
    check("mailto:a@b.example", None);
}

#[tokio::test]
async fn what_is_no_tunnel_is_told_by_name() {
    let page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    let error = refused(page, "direct").await;
    assert!(
        matches!(
            error,
            TunnelError::Tunnel {
                error: ClientError::Page { .. },
                ..
            }
        ),
        "{error:?}"
    );
    let error = refused("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "direct").await;
    assert!(
        matches!(
            error,
            TunnelError::Tunnel {
                error: ClientError::NoTunnel { status: 404 },
                ..
            }
        ),
        "{error:?}"
    );
    assert!(!error.hint().is_empty());
}

#[tokio::test]
async fn what_is_not_http_is_told_by_name() {
    let check = |error: TunnelError, expected: ClientError| {
        let TunnelError::Tunnel { error: found, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*found, expected);
        assert!(!error.hint().is_empty());
    };
    let not_http = ClientError::NotHttp { verb: Verb::Open };
    for garbage in [
        "\0\u{1}\u{2}\u{3}",
        "hello\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "SSH-2.0-x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: some\r\n\r\n",
    ] {
        check(refused(garbage, "direct").await, not_http);
    }
    let endless = format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(limits::HEAD_BYTES));
    check(
        refused(endless.leak(), "direct").await,
        ClientError::HeadTooLong { verb: Verb::Open },
    );
    check(
        refused("", "direct").await,
        ClientError::ConnectionLost { verb: Verb::Open },
    );
    let greeting = || {
        script(|mut stream| async move {
            say(&mut stream, "220 mail.example\r\n").await;
            stream.read_to_end(&mut Vec::new()).await.ok();
        })
    };
    let server = Peer::start((0..4).map(|_| greeting()).collect()).await;
    let opened = open(
        &connector(&[]),
        server.address,
        &Route::Direct,
        ClientConfig::default(),
    )
    .await;
    check(opened.unwrap_err(), not_http);
}

#[tokio::test]
async fn a_proxy_that_does_not_speak_http_is_told_by_name() {
    let TunnelError::Dial(error) = refused("hello\r\n", "http").await else {
        panic!();
    };
    let text = error.to_string();
    assert!(text.starts_with("the proxy http://localhost:"), "{text}");
    assert!(text.ends_with("what it says is not HTTP"), "{text}");
}

#[tokio::test]
async fn a_proxy_without_our_password_is_told_by_name() {
    let asks = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let error = refused(asks, "http").await;
    let TunnelError::Dial(error) = error else {
        panic!("{error:?}");
    };
    let Cause::Proxy { error, .. } = error.into_cause() else {
        panic!();
    };
    assert!(
        matches!(error, ProxyError::CredentialsMissing { .. }),
        "{error:?}"
    );
}

/// A proxy that opens a session, and answers everything else so.
async fn breaks_off(answer: &'static str) -> String {
    let scripts = (0..50)
        .map(|_| {
            script(move |mut stream| async move {
                while let Some(head) = maybe_head(&mut stream).await {
                    let length: usize = field(&head, "content-length").unwrap().parse().unwrap();
                    stream.read_exact(&mut vec![0; length]).await.unwrap();
                    let opens = head.contains("/open/1 ");
                    let opened = "HTTP/1.1 200 OK\r\nContent-Type: application/x-fcs\r\nContent-Length: 17\r\n\r\n0123456789abcdef\n";
                    say(&mut stream, if opens { opened } else { answer }).await;
                }
            })
        })
        .collect();
    let proxy = Peer::start(scripts).await;
    let route = proxy.route("http");
    let mut carrier = open(
        &connector(&[]),
        proxy.address,
        &route,
        ClientConfig::default(),
    )
    .await
    .unwrap();
    let end = timeout(PATIENCE, receive(&mut carrier)).await.unwrap();
    end.unwrap_err().to_string()
}

#[tokio::test]
async fn a_proxy_that_begins_to_refuse_is_named() {
    let asks = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    let error = breaks_off(asks).await;
    assert!(error.starts_with("the proxy http://localhost:"), "{error}");
    assert!(error.contains("wants a user name and password"), "{error}");
    let error = breaks_off("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n").await;
    assert!(error.contains("by way of http://localhost:"), "{error}");
}

#[tokio::test]
async fn a_body_in_chunks_that_are_none_is_not_http() {
    let bad = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n";
    let TunnelError::Tunnel { error, .. } = refused(bad, "direct").await else {
        panic!();
    };
    assert_eq!(error, ClientError::NotHttp { verb: Verb::Open });
}
