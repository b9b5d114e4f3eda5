//! Proxies that are at fault, or say whose fault it is, and what is said about them.
#![cfg(test)]

#[expect(dead_code, reason = "not every test needs all of it")]
mod support;

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, Resolver, TlsClient};
use adit_client::plan::Obstacle;
use adit_client::strategy::ProxyType;
use adit_client::{Client, ConnectError, ConnectOptions, Intent, Target};
use adit_net::tls::{CertificateSource, Tls};
use adit_net::{Acceptor, AcceptorConfig};
use support::{Server, accept, options, serving};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// Answers what comes with one answer after the other, then hangs up.
async fn answering(answers: &[&[u8]]) -> SocketAddr {
    let answers: Vec<Vec<u8>> = answers.iter().map(|answer| answer.to_vec()).collect();
    serving(move |mut stream| {
        let answers = answers.clone();
        async move {
            let mut some = [0; 8192];
            for answer in answers {
                if stream.read(&mut some).await.is_ok_and(|count| count > 0) {
                    stream.write_all(&answer).await.ok();
                }
            }
        }
    })
    .await
}

/// A network where `localhost`, `other.test` and nothing else has a name.
fn network(tls: TlsClient) -> ConnectorConfig {
    let here = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let names = ["localhost", "other.test"].map(|name| (name.to_owned(), here.clone()));
    let mut network = ConnectorConfig::new(tls);
    network.resolver = Resolver::Table(Arc::new(HashMap::from(names)));
    network
}

fn trusting_all() -> TlsClient {
    TlsClient::insecure(InsecureTls::accept_any_certificate())
}

fn client(tls: TlsClient, proxy: &str) -> Client {
    let proxy: GivenProxy = proxy.parse().unwrap();
    Client::new(network(tls), proxy)
}

fn impatient() -> ConnectOptions {
    let mut options = options(Intent::Play);
    options.policy.stage = Duration::from_millis(800);
    options
}

async fn verdict_with(tls: TlsClient, address: &str, proxy: &str) -> (Obstacle, String) {
    let target = Target::parse(address).unwrap();
    let error = client(tls, proxy)
        .connect(&target, &impatient())
        .await
        .unwrap_err();
    let ConnectError::Unreachable { report, .. } = error else {
        panic!("{error:?}");
    };
    let verdict = report.verdict();
    (verdict.obstacle(), verdict.sentence().to_owned())
}

async fn verdict(address: &str, proxy: &str) -> (Obstacle, String) {
    verdict_with(trusting_all(), address, proxy).await
}

/// A server with TLS and a certificate of its own, which is in the file.
fn with_certificate() -> (SocketAddr, PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let source = CertificateSource::SelfSigned {
        state_directory: folder.path().to_owned(),
        names: Vec::new(),
    };
    let mut config = AcceptorConfig::default();
    config.tls = Some(Tls::load(source).unwrap());
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut acceptor = Acceptor::bind(&[loopback], config).unwrap();
    let address = acceptor.local_addrs()[0];
    tokio::spawn(async move { while acceptor.accept().await.is_some() {} });
    let file = folder.path().join("self-signed.crt");
    (address, file, folder)
}

#[tokio::test]
async fn the_certificate_of_a_proxy_is_not_taken_for_the_servers() {
    let (address, own, _own) = with_certificate();
    let port = address.port();
    for address in ["rtmp://live.test:1935/live/x", "rtmpt://live.test/live/x"] {
        let proxy = format!("https://bob:pw@localhost:{port}");
        let tls = TlsClient::system().unwrap();
        let (obstacle, sentence) = verdict_with(tls, address, &proxy).await;
        assert_eq!(obstacle, Obstacle::Certificate, "{sentence}");
        let begin = format!("the certificate of the proxy https://localhost:{port}, issued by ");
        assert!(sentence.starts_with(&begin), "{sentence}");
        assert!(sentence.contains("is not trusted here"), "{sentence}");
        assert!(!sentence.contains("live.test"), "{sentence}");

        let proxy = format!("https://bob:pw@other.test:{port}");
        let tls = TlsClient::with_ca_file(&own).unwrap();
        let (obstacle, sentence) = verdict_with(tls, address, &proxy).await;
        assert_eq!(obstacle, Obstacle::Certificate, "{sentence}");
        let begin = format!("the certificate of the proxy https://other.test:{port}, issued by ");
        assert!(sentence.starts_with(&begin), "{sentence}");
        assert!(sentence.contains(" is for "), "{sentence}");
        assert!(!sentence.contains("live.test"), "{sentence}");
    }
}

/// Who is said to be at fault when this stands where an HTTP proxy should.
async fn lies(proxy: SocketAddr, expected: &str) {
    for address in ["rtmp://live.test/live/x", "rtmp://live.test:1935/live/x"] {
        let (obstacle, sentence) = verdict(address, &format!("http://{proxy}")).await;
        assert_eq!(obstacle, Obstacle::ProxyUnreachable, "{sentence}");
        assert!(sentence.contains(&format!("http://{proxy}")), "{sentence}");
        assert!(sentence.contains(expected), "{sentence}");
    }
    let address = "rtmpt://live.test/live/x";
    let (_, sentence) = verdict(address, &format!("http://{proxy}")).await;
    assert!(sentence.contains(&format!("http://{proxy}")), "{sentence}");
}

#[tokio::test]
async fn what_is_silent_where_a_proxy_should_be_is_named() {
    let silent = serving(|mut stream| async move {
        stream.read_to_end(&mut Vec::new()).await.ok();
    });
    lies(
        silent.await,
        "does not answer as one should (no answer in time)",
    )
    .await;
}

#[tokio::test]
async fn what_hangs_up_where_a_proxy_should_be_is_named() {
    let hangs_up = answering(&[b""]).await;
    lies(hangs_up, "(closed by the other side)").await;
}

#[tokio::test]
async fn what_speaks_something_else_where_a_proxy_should_be_is_named() {
    let alert = answering(&[b"\x15\x03\x01\0\x02\x02\x46"]).await;
    lies(alert, "is not a proxy").await;
}

#[tokio::test]
async fn a_web_server_where_a_proxy_should_be_is_named() {
    let page: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>";
    lies(
        answering(&[page]).await,
        "answers with a web page (status 200)",
    )
    .await;
    let elsewhere: &[u8] =
        b"HTTP/1.1 302 Found\r\nLocation: http://login.test/\r\nContent-Length: 0\r\n\r\n";
    lies(
        answering(&[elsewhere]).await,
        "answers with a web page (status 302)",
    )
    .await;
}

#[tokio::test]
async fn a_name_that_a_socks_proxy_is_not_told_is_no_fault_of_the_proxy() {
    let proxy = answering(&[]).await;
    for kind in ["socks5", "socks4"] {
        let proxy = format!("{kind}://{proxy}");
        let (obstacle, sentence) = verdict("rtmp://nosuch.invalid/live/x", &proxy).await;
        assert_eq!(obstacle, Obstacle::Name, "{sentence}");
        assert!(
            sentence.starts_with("the name nosuch.invalid "),
            "{sentence}"
        );
        assert!(sentence.contains("socks5h://"), "{sentence}");
        assert!(!sentence.contains("cannot be used"), "{sentence}");
    }
    let (obstacle, sentence) =
        verdict("rtmp://localhost/live/x", "socks5://nosuch.invalid:1080").await;
    assert_eq!(obstacle, Obstacle::ProxyUnreachable, "{sentence}");
}

#[tokio::test]
async fn the_reply_of_a_socks_proxy_is_told_in_words_and_by_number() {
    let check = async |proxy: String, expected: &str| {
        let (obstacle, sentence) = verdict("rtmp://live.test:1935/live/x", &proxy).await;
        assert_eq!(obstacle, Obstacle::ProxyForbids, "{sentence}");
        assert!(sentence.contains(expected), "{expected}: {sentence}");
    };
    for (reply, expected) in [
        (
            1,
            "cannot reach live.test (SOCKS 5 reply 1: general failure)",
        ),
        (
            2,
            "forbids the way to live.test port 1935 (SOCKS 5 reply 2: not allowed by its rules)",
        ),
        (
            3,
            "cannot reach live.test (SOCKS 5 reply 3: network unreachable)",
        ),
        (
            4,
            "cannot reach live.test (SOCKS 5 reply 4: host unreachable)",
        ),
        (
            5,
            "cannot reach live.test (SOCKS 5 reply 5: connection refused)",
        ),
        (
            6,
            "cannot reach live.test (SOCKS 5 reply 6: time to live expired)",
        ),
        (7, "(SOCKS 5 reply 7: command not supported)"),
        (8, "(SOCKS 5 reply 8: kind of address not supported)"),
    ] {
        let refusal = [5, reply, 0, 1, 0, 0, 0, 0, 0, 0];
        let proxy = answering(&[b"\x05\x00", &refusal]).await;
        check(format!("socks5h://{proxy}"), expected).await;
    }
    for (reply, expected) in [
        (
            91,
            "cannot reach live.test (SOCKS 4 reply 91: rejected or failed)",
        ),
        (92, "(SOCKS 4 reply 92: "),
        (93, "(SOCKS 4 reply 93: "),
    ] {
        let refusal = [0, reply, 0, 0, 0, 0, 0, 0];
        let proxy = answering(&[&refusal]).await;
        check(format!("socks4a://{proxy}"), expected).await;
    }
}

/// A proxy that tells the first line of each connection, and makes connections to `server` if it is asked for them.
async fn telling(server: SocketAddr) -> (SocketAddr, mpsc::UnboundedReceiver<String>) {
    let (tell, told) = mpsc::unbounded_channel();
    let address = serving(move |mut client| {
        let tell = tell.clone();
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = client.read_u8().await else {
                    return;
                };
                head.push(byte);
            }
            let line = String::from_utf8(head).unwrap();
            let line = line.split("\r\n").next().unwrap().to_owned();
            tell.send(line.clone()).ok();
            if !line.starts_with("CONNECT ") {
                client
                    .write_all(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
                    .await
                    .ok();
                return;
            }
            let mut server = TcpStream::connect(server).await.unwrap();
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok();
            copy_bidirectional(&mut client, &mut server).await.ok();
        }
    })
    .await;
    (address, told)
}

#[tokio::test]
async fn a_tunnel_that_may_only_connect_sends_no_whole_urls() {
    let server = Server::start(|_, session, event| {
        accept(session, event);
    });
    for kind in [ProxyType::ConnectOnly, ProxyType::Connect] {
        let (proxy, mut told) = telling(server.address).await;
        let client = client(trusting_all(), &format!("http://{proxy}"));
        let target = Target::parse("rtmpt://live.test/live/x").unwrap();
        let mut options = impatient();
        options.proxy_type = kind;
        let connection = client.connect(&target, &options).await.unwrap();
        assert_eq!(told.recv().await.unwrap(), "CONNECT live.test:80 HTTP/1.1");
        connection.close().await;
        client.settle().await;
        while let Ok(line) = told.try_recv() {
            assert_eq!(line, "CONNECT live.test:80 HTTP/1.1");
        }
    }
}

#[tokio::test]
async fn the_port_that_a_proxy_forbids_is_named() {
    let refusal: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    let proxy = answering(&[refusal]).await;
    let (obstacle, sentence) =
        verdict("rtmp://live.test:1935/live/x", &format!("http://{proxy}")).await;
    assert_eq!(obstacle, Obstacle::ProxyForbids, "{sentence}");
    assert!(
        sentence.contains("allow CONNECT to live.test port 1935"),
        "{sentence}"
    );
    assert!(!sentence.contains("443"), "{sentence}");
}
