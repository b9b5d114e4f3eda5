//! SOCKS proxies.

use crate::client::testing::{Peer, connector, echo, echoes, say, script, target};
use crate::client::{Cause, Connection, DialError, Fault, ProxyError, ProxyReply, Security, Stage};
use std::net::{IpAddr, Ipv4Addr};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

const SERVER: &[IpAddr] = &[IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))];

async fn expect(stream: &mut TcpStream, bytes: &[u8]) {
    let mut found = vec![0; bytes.len()];
    stream.read_exact(&mut found).await.unwrap();
    assert_eq!(
        found.escape_ascii().to_string(),
        bytes.escape_ascii().to_string()
    );
}

async fn through(peer: &Peer, user: &str) -> Result<Connection, DialError> {
    connector(&[("server.example", SERVER)])
        .connect(
            &target("server.example", 1935),
            &peer.route(user),
            Security::Plain,
        )
        .await
}

async fn works(user: &'static str, talk: &'static [(&'static [u8], &'static [u8])]) {
    let peer = Peer::start(vec![script(move |mut stream| async move {
        for (question, answer) in talk {
            expect(&mut stream, question).await;
            say(&mut stream, answer).await;
        }
        echo(&mut stream).await;
    })])
    .await;
    let connection = through(&peer, user).await.unwrap();
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

const V4_OK: &[u8] = b"\x00\x5a\0\0\0\0\0\0";
const V5_OK: &[u8] = b"\x05\x00\x00\x01\0\0\0\0\0\0";

#[tokio::test]
async fn every_kind_says_what_it_should() {
    works("socks4", &[(b"\x04\x01\x07\x8f\xc0\x00\x02\x07\0", V4_OK)]).await;
    works(
        "socks4a",
        &[(b"\x04\x01\x07\x8f\0\0\0\x01\0server.example\0", V4_OK)],
    )
    .await;
    works(
        "socks5",
        &[
            (b"\x05\x01\x00", b"\x05\x00"),
            (b"\x05\x01\x00\x01\xc0\x00\x02\x07\x07\x8f", V5_OK),
        ],
    )
    .await;
    works(
        "socks5h",
        &[
            (b"\x05\x01\x00", b"\x05\x00"),
            (b"\x05\x01\x00\x03\x0eserver.example\x07\x8f", V5_OK),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_password_is_given_when_there_is_one() {
    works(
        "socks5h://ali:sesame",
        &[
            (b"\x05\x02\x00\x02", b"\x05\x02"),
            (b"\x01\x03ali\x06sesame", b"\x01\x00"),
            (b"\x05\x01\x00\x03\x0eserver.example\x07\x8f", V5_OK),
        ],
    )
    .await;
}

async fn refused(user: &'static str, talk: &'static [&'static [u8]]) -> ProxyError {
    let peer = Peer::start(vec![script(move |mut stream| async move {
        let mut bytes = [0; 600];
        for answer in talk {
            assert_ne!(stream.read(&mut bytes).await.unwrap(), 0);
            say(&mut stream, answer).await;
        }
    })])
    .await;
    let error = through(&peer, user).await.unwrap_err();
    peer.finish().await;
    assert!(
        !format!("{error} {error:?}").contains("sesame"),
        "{error:?}"
    );
    match error.into_cause() {
        Cause::Proxy { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_refusal_has_its_name() {
    let error = refused("socks5h", &[b"\x05\xff"]).await;
    assert!(
        matches!(error, ProxyError::CredentialsMissing { .. }),
        "{error:?}"
    );
    let error = refused("socks5h://ali:sesame", &[b"\x05\x02", b"\x01\x01"]).await;
    assert!(
        matches!(error, ProxyError::CredentialsRefused { .. }),
        "{error:?}"
    );
    let error = refused("socks5h", &[b"\x05\x00", b"\x05\x02\x00\x01\0\0\0\0\0\0"]).await;
    assert!(matches!(error, ProxyError::Forbidden { .. }), "{error:?}");
    let error = refused("socks5h", &[b"\x05\x00", b"\x05\x05\x00\x01\0\0\0\0\0\0"]).await;
    assert!(
        matches!(error, ProxyError::TargetUnreachable { .. }),
        "{error:?}"
    );
    let error = refused("socks5h", &[b"HTTP/1.1 400 Bad\r\n\r\n"]).await;
    assert!(matches!(error, ProxyError::NotAProxy { .. }), "{error:?}");
    let error = refused("socks5h", &[]).await;
    assert!(matches!(error, ProxyError::HungUp), "{error:?}");
}

#[tokio::test]
async fn each_reply_keeps_its_number() {
    let error = refused("socks4a", &[b"\x00\x5b\0\0\0\0\0\0"]).await;
    assert!(
        matches!(
            error,
            ProxyError::TargetUnreachable {
                reply: ProxyReply::Socks4(91),
                ..
            }
        ),
        "{error:?}"
    );
    let error = refused("socks4", &[b"\x00\x5d\0\0\0\0\0\0"]).await;
    assert!(
        matches!(
            error,
            ProxyError::Other {
                reply: ProxyReply::Socks4(93)
            }
        ),
        "{error:?}"
    );
    let error = refused("socks5h", &[b"\x05\x00", b"\x05\x01\x00\x01\0\0\0\0\0\0"]).await;
    assert!(
        matches!(
            error,
            ProxyError::TargetUnreachable {
                reply: ProxyReply::Socks5(1),
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_name_that_is_unknown_here_is_no_fault_of_the_proxy() {
    let peer = Peer::start(Vec::new()).await;
    let error = connector(&[])
        .connect(
            &target("nosuch.invalid", 1935),
            &peer.route("socks5"),
            Security::Plain,
        )
        .await
        .unwrap_err();
    assert_eq!((error.stage(), error.fault()), (Stage::Proxy, Fault::Here));
    assert!(error.hint().contains("socks5h://"), "{}", error.hint());
    let expected = "cannot be told where nosuch.invalid:1935 is: the name nosuch.invalid cannot be resolved: no such name";
    assert!(error.to_string().ends_with(expected), "{error}");
    peer.finish().await;
}
