//! `CONNECT` through proxies of every temper.

use crate::client::testing::{
    Peer, Script, connector, echo, echoes, field, head, say, script, target,
};
use crate::client::{
    AuthScheme, Cause, Connection, DialError, Fault, ProxyError, ProxyReply, Security, Stage,
    limits,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn through(peer: &Peer, user: &str) -> Result<Connection, DialError> {
    connector(&[])
        .connect(
            &target("server.example", 443),
            &peer.route(user),
            Security::Plain,
        )
        .await
}

async fn refusal(peer: &Peer, user: &str) -> ProxyError {
    let error = through(peer, user).await.unwrap_err();
    assert_eq!(error.stage(), Stage::Proxy);
    let text = format!("{error} {error:?} {}", error.hint());
    assert!(!text.contains("sesame"), "a password is shown: {text}");
    match error.into_cause() {
        Cause::Proxy { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

/// One connection that reads a request and answers it.
fn answers(answer: &'static str) -> Script {
    script(move |mut stream| async move {
        let head = head(&mut stream).await;
        assert!(
            head.starts_with("CONNECT server.example:443 HTTP/1.1\r\n"),
            "{head}"
        );
        assert_eq!(field(&head, "host"), Some("server.example:443"));
        assert_eq!(field(&head, "proxy-authorization"), None);
        say(&mut stream, answer).await;
        echo(&mut stream).await;
    })
}

async fn opens(answer: &'static str) {
    let peer = Peer::start(vec![answers(answer)]).await;
    let connection = through(&peer, "http").await.unwrap();
    assert_eq!(
        connection.proxy().unwrap().address().port(),
        peer.address.port()
    );
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

#[tokio::test]
async fn any_2xx_opens_the_tunnel_whatever_length_it_states() {
    opens("HTTP/1.1 200 Connection established\r\n\r\n").await;
    opens("HTTP/1.0 200 OK\r\nProxy-Agent: old\r\n\r\n").await;
    opens("HTTP/1.1 204 No Content\r\n\r\n").await;
    opens("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n").await;
    opens("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
}

async fn early(answer: &'static str) {
    let peer = Peer::start(vec![answers(answer)]).await;
    let mut stream = through(&peer, "http").await.unwrap().into_stream();
    let mut bytes = [0; 5];
    stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"EARLY");
    echoes(&mut stream).await;
    drop(stream);
    peer.finish().await;
}

#[tokio::test]
async fn bytes_right_behind_the_answer_are_kept() {
    early("HTTP/1.1 200 OK\r\n\r\nEARLY").await;
    early("HTTP/1.1 204 No Content\r\n\r\nEARLY").await;
    early("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nEARLY").await;
}

#[tokio::test]
async fn a_head_may_come_byte_by_byte() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        head(&mut stream).await;
        for byte in b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\n" {
            say(&mut stream, [*byte]).await;
            tokio::task::yield_now().await;
        }
        echo(&mut stream).await;
    })])
    .await;
    echoes(&mut through(&peer, "http").await.unwrap().into_stream()).await;
    peer.finish().await;
}

async fn refused(answer: &'static str) -> (ProxyError, Fault) {
    let peer = Peer::start(vec![answers(answer)]).await;
    let error = refusal(&peer, "http").await;
    let fault = error.fault();
    peer.finish().await;
    (error, fault)
}

#[tokio::test]
async fn each_refusal_has_its_name() {
    let (error, fault) = refused("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
    assert!(
        matches!(
            error,
            ProxyError::Forbidden {
                reply: ProxyReply::Status(403),
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(fault, Fault::Proxy);
    let (error, _) = refused("HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n").await;
    assert!(
        matches!(
            error,
            ProxyError::NoConnect {
                reply: ProxyReply::Status(405)
            }
        ),
        "{error:?}"
    );
    let (error, fault) = refused("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n").await;
    assert!(
        matches!(error, ProxyError::TargetUnreachable { .. }),
        "{error:?}"
    );
    assert_eq!(fault, Fault::Server);
    let (error, fault) = refused(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: 13\r\n\r\n<html></html>",
    )
    .await;
    assert!(
        matches!(error, ProxyError::Captive { status: 200 }),
        "{error:?}"
    );
    assert_eq!(fault, Fault::Network);
    let (error, _) = refused(
        "HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    assert!(
        matches!(error, ProxyError::Captive { status: 302 }),
        "{error:?}"
    );
    let (error, _) = refused("SSH-2.0-OpenSSH_9.2\r\n\r\n").await;
    assert!(matches!(error, ProxyError::NotAProxy { .. }), "{error:?}");
}

#[tokio::test]
async fn a_proxy_that_hangs_up_is_said_to() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        head(&mut stream).await;
    })])
    .await;
    let error = refusal(&peer, "http").await;
    assert!(matches!(error, ProxyError::HungUp), "{error:?}");
    peer.finish().await;
}

#[tokio::test]
async fn an_endless_head_is_cut() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        head(&mut stream).await;
        say(&mut stream, "HTTP/1.1 200 OK\r\nX: ").await;
        let filler = [b'x'; 4096];
        while AsyncWriteExt::write_all(&mut stream, &filler).await.is_ok() {}
    })])
    .await;
    let error = refusal(&peer, "http").await;
    assert!(matches!(error, ProxyError::HeadTooLarge), "{error:?}");
    peer.finish().await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_proxy_is_given_up() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        head(&mut stream).await;
        tokio::time::sleep(Duration::from_hours(1)).await;
        drop(stream);
    })])
    .await;
    let error = refusal(&peer, "http").await;
    assert!(matches!(error, ProxyError::Silent { .. }), "{error:?}");
}

async fn challenge(stream: &mut TcpStream, fields: &str) -> String {
    let head = head(stream).await;
    say(
        stream,
        format!("HTTP/1.1 407 Who\r\n{fields}Content-Length: 4\r\n\r\nbody"),
    )
    .await;
    head
}

#[tokio::test]
async fn basic_is_said_only_when_asked_for_and_on_the_same_connection() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        let first = challenge(&mut stream, "Proxy-Authenticate: Basic realm=\"x\"\r\n").await;
        assert_eq!(field(&first, "proxy-authorization"), None);
        let second = head(&mut stream).await;
        // ali baba:sesame
        assert_eq!(
            field(&second, "proxy-authorization"),
            Some("Basic YWxpIGJhYmE6c2VzYW1l")
        );
        say(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
        echo(&mut stream).await;
    })])
    .await;
    let connection = through(&peer, "http://ali%20baba:sesame").await.unwrap();
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

#[tokio::test]
async fn a_proxy_that_closes_after_407_is_asked_on_a_new_connection() {
    let peer = Peer::start(vec![
        script(|mut stream| async move {
            head(&mut stream).await;
            say(
                &mut stream,
                "HTTP/1.0 407 Who\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\nno length",
            )
            .await;
        }),
        script(|mut stream| async move {
            let second = head(&mut stream).await;
            assert!(field(&second, "proxy-authorization").is_some());
            say(&mut stream, "HTTP/1.0 200 OK\r\n\r\n").await;
            echo(&mut stream).await;
        }),
    ])
    .await;
    let connection = through(&peer, "http://ali:sesame").await.unwrap();
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

#[tokio::test]
async fn digest_is_preferred_and_a_stale_nonce_is_answered_once_more() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        challenge(
            &mut stream,
            "Proxy-Authenticate: Basic realm=\"x\"\r\n\
             Proxy-Authenticate: Digest realm=\"a, b\", qop=\"auth,auth-int\", nonce=\"one\", algorithm=MD5\r\n",
        )
        .await;
        let second = challenge(
            &mut stream,
            "Proxy-Authenticate: digest realm=\"a, b\", qop=\"auth\", nonce=\"two\", stale=true\r\n",
        )
        .await;
        let said = field(&second, "proxy-authorization").unwrap();
        assert!(said.starts_with("Digest "), "{said}");
        assert!(said.contains("uri=\"server.example:443\"") && said.contains("qop=auth,"), "{said}");
        assert!(said.contains("nonce=\"one\""), "{said}");
        let third = head(&mut stream).await;
        assert!(field(&third, "proxy-authorization").unwrap().contains("nonce=\"two\""));
        say(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
        echo(&mut stream).await;
    })])
    .await;
    let connection = through(&peer, "http://ali:sesame").await.unwrap();
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

/// A challenge as squid's `ntlm_fake_auth` makes it: 40 bytes and the target's name, no target info.
const SHORT_NTLM: &str = "TlRMTVNTUAACAAAACQAJACgAAAACAgAAASNFZ4mrze8AAAAAAAAAAFdPUktHUk9VUA==";

#[tokio::test]
async fn ntlm_takes_three_messages_on_one_connection() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        challenge(
            &mut stream,
            "Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic\r\n",
        )
        .await;
        let fields = format!("Proxy-Authenticate: NTLM {SHORT_NTLM}\r\n");
        let second = challenge(&mut stream, &fields).await;
        let said = field(&second, "proxy-authorization").unwrap();
        assert!(said.starts_with("NTLM TlRMTVNTUAABAAAA"), "{said}");
        let third = head(&mut stream).await;
        let said = field(&third, "proxy-authorization").unwrap();
        assert!(said.starts_with("NTLM TlRMTVNTUAADAAAA"), "{said}");
        say(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
        echo(&mut stream).await;
    })])
    .await;
    let connection = through(&peer, "http://CORP%5Cali:sesame").await.unwrap();
    echoes(&mut connection.into_stream()).await;
    peer.finish().await;
}

#[tokio::test]
async fn refused_credentials_are_not_tried_in_a_weaker_way() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        let both =
            "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\"\r\nProxy-Authenticate: Basic\r\n";
        challenge(&mut stream, both).await;
        challenge(&mut stream, both).await;
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    })])
    .await;
    let error = refusal(&peer, "http://ali:sesame").await;
    let scheme = AuthScheme::Digest;
    assert!(
        matches!(error, ProxyError::CredentialsRefused { scheme: found } if found == scheme),
        "{error:?}"
    );
    peer.finish().await;
}

#[tokio::test]
async fn missing_credentials_and_unknown_schemes_are_told_apart() {
    let negotiate = || {
        script(|mut stream| async move {
            challenge(&mut stream, "Proxy-Authenticate: Negotiate\r\n").await;
        })
    };
    let peer = Peer::start(vec![negotiate(), negotiate()]).await;
    let error = refusal(&peer, "http").await;
    assert_eq!(
        error.to_string(),
        "wants a user name and password (it offers negotiate)"
    );
    let error = refusal(&peer, "http://ali:sesame").await;
    assert!(
        matches!(error, ProxyError::UnknownSchemes { .. }),
        "{error:?}"
    );
    peer.finish().await;
}

#[tokio::test]
async fn a_proxy_that_asks_for_ever_is_asked_only_so_often() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        for _ in 0..limits::PROXY_ROUNDS {
            let stale = "Proxy-Authenticate: Digest realm=\"x\", nonce=\"n\", stale=true\r\n";
            challenge(&mut stream, stale).await;
        }
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    })])
    .await;
    let error = refusal(&peer, "http://ali:sesame").await;
    assert!(matches!(error, ProxyError::TooManyRounds), "{error:?}");
    peer.finish().await;
}

/// A 200 with a head of `bytes` bytes.
async fn with_head_of(bytes: usize) -> Result<(), ProxyError> {
    let peer = Peer::start(vec![script(move |mut stream| async move {
        head(&mut stream).await;
        let start = "HTTP/1.1 200 OK\r\nX: ";
        let filler = "x".repeat(bytes - start.len() - 4);
        let whole = format!("{start}{filler}\r\n\r\n");
        drop(AsyncWriteExt::write_all(&mut stream, whole.as_bytes()).await);
        echo(&mut stream).await;
    })])
    .await;
    match through(&peer, "http").await {
        Ok(connection) => {
            echoes(&mut connection.into_stream()).await;
            Ok(())
        }
        Err(error) => match error.into_cause() {
            Cause::Proxy { error, .. } => Err(error),
            other => panic!("{other:?}"),
        },
    }
}

#[tokio::test]
async fn a_head_is_taken_up_to_its_limit() {
    with_head_of(limits::HEAD_BYTES - 1).await.unwrap();
    let error = with_head_of(2 * limits::HEAD_BYTES).await.unwrap_err();
    assert!(matches!(error, ProxyError::HeadTooLarge), "{error:?}");
}

async fn with_fields(count: usize) -> bool {
    let peer = Peer::start(vec![script(move |mut stream| async move {
        head(&mut stream).await;
        let fields = "X: y\r\n".repeat(count);
        say(&mut stream, format!("HTTP/1.1 200 OK\r\n{fields}\r\n")).await;
        echo(&mut stream).await;
    })])
    .await;
    through(&peer, "http").await.is_ok()
}

#[tokio::test]
async fn so_many_fields_are_taken_and_no_more() {
    assert!(with_fields(limits::HEAD_FIELDS).await);
    assert!(!with_fields(limits::HEAD_FIELDS + 1).await);
}

/// A proxy that asks for a login with a page so long; whether the answer comes over the same connection.
async fn keeps_its_connection_behind(page: usize) -> bool {
    let ask = async move |stream: &mut TcpStream| {
        head(stream).await;
        let fields = "Proxy-Authenticate: Basic realm=\"x\"\r\n";
        say(
            stream,
            format!("HTTP/1.1 407 Who\r\n{fields}Content-Length: {page}\r\n\r\n"),
        )
        .await;
        // Whoever has read enough may hang up before the end.
        stream.write_all(&vec![b'x'; page]).await.ok();
    };
    let open = async |mut stream: TcpStream| {
        say(&mut stream, "HTTP/1.1 200 OK\r\n\r\n").await;
        echo(&mut stream).await;
    };
    let same = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&same);
    let peer = Peer::start(vec![
        script(move |mut stream| async move {
            ask(&mut stream).await;
            if stream.peek(&mut [0]).await.is_ok_and(|count| count > 0) {
                seen.store(true, Ordering::Relaxed);
                head(&mut stream).await;
                open(stream).await;
            }
        }),
        script(move |mut stream| async move {
            if stream.peek(&mut [0]).await.is_ok_and(|count| count > 0) {
                head(&mut stream).await;
                open(stream).await;
            }
        }),
    ])
    .await;
    let connection = through(&peer, "http://ali:sesame").await.unwrap();
    echoes(&mut connection.into_stream()).await;
    same.load(Ordering::Relaxed)
}

#[tokio::test]
async fn so_much_of_a_refusals_body_is_read_to_keep_the_connection() {
    assert!(keeps_its_connection_behind(limits::DRAIN_BYTES).await);
    assert!(!keeps_its_connection_behind(limits::DRAIN_BYTES + 1).await);
}
