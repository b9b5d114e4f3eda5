//! Servers and networks that are at fault, and what is said about them.
#![cfg(test)]

#[expect(dead_code, reason = "not every test needs all of it")]
mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use adit_client::connection::StreamError;
use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::plan::{Obstacle, Policy};
use adit_client::rtmp::command::{PublishKind, StatusCode};
use adit_client::rtmp::session::server::Rejection;
use adit_client::rtmp::session::{ServerEvent, ServerSession};
use adit_client::strategy::Strategy;
use adit_client::{Client, ConnectError, Intent, NetConnection, Target};
use support::{Server, accept, client, options, serving};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// Answers everything that comes so, and never closes.
async fn answering(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = answer.into();
    serving(move |mut stream| {
        let answer = answer.clone();
        async move {
            let mut some = [0; 8192];
            while stream.read(&mut some).await.is_ok_and(|count| count > 0) {
                if stream.write_all(&answer).await.is_err() {
                    return;
                }
            }
        }
    })
    .await
}

/// What is said about a server when only `scheme` is tried.
async fn verdict(scheme: &str, server: SocketAddr) -> (Obstacle, String) {
    let target = Target::parse(&format!("{scheme}://{server}/live/x")).unwrap();
    let error = client()
        .connect(&target, &options(Intent::Play))
        .await
        .unwrap_err();
    let ConnectError::Unreachable { report, .. } = error else {
        panic!("{error:?}");
    };
    let verdict = report.verdict();
    let sentence = verdict.sentence().to_owned();
    for wrong in ["firewall", "closed by the other side"] {
        assert!(!sentence.contains(wrong), "{sentence}");
    }
    (verdict.obstacle(), sentence)
}

async fn another_kind(scheme: &str, server: SocketAddr) {
    let (obstacle, sentence) = verdict(scheme, server).await;
    assert_eq!(obstacle, Obstacle::NoStreamServer, "{sentence}");
    assert!(sentence.starts_with("another kind of server answers on 127.0.0.1 port "));
}

#[tokio::test]
async fn what_does_not_speak_http_is_another_kind_of_server() {
    let banner = serving(|mut stream| async move {
        stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok();
    });
    another_kind("rtmpt", banner.await).await;
    let length = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nx";
    another_kind("rtmpt", answering(length).await).await;
    let garbage: Vec<u8> = (0..2000_u32)
        .map(|at| (at * 89 + 7).to_le_bytes()[0])
        .collect();
    another_kind("rtmpt", answering(garbage.clone()).await).await;
    another_kind("rtmp", answering(garbage).await).await;
}

#[tokio::test]
async fn a_head_without_end_is_another_kind_of_server() {
    let endless = serving(|mut stream| async move {
        stream.readable().await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.ok();
        while stream
            .write_all(b"X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")
            .await
            .is_ok()
        {}
    });
    another_kind("rtmpt", endless.await).await;
}

/// A server that says one byte of `answer` a second, the last one for ever.
async fn drop_by_drop(answer: &'static [u8]) -> SocketAddr {
    serving(move |mut stream| async move {
        stream.readable().await.unwrap();
        let last = answer.last().into_iter().cycle();
        for byte in answer.iter().chain(last) {
            if stream.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_byte_a_second_is_a_server_that_begins_to_answer() {
    for (scheme, answer) in [
        ("rtmpt", &b"HTTP/1.1 200 OK\r\nX: yyyyyy"[..]),
        ("rtmp", b"\x03"),
    ] {
        let (obstacle, sentence) = verdict(scheme, drop_by_drop(answer).await).await;
        assert_eq!(obstacle, Obstacle::Server, "{sentence}");
        assert!(sentence.contains("begins to answer on port "), "{sentence}");
    }
    // The first byte tells that this is no HTTP.
    another_kind("rtmpt", drop_by_drop(b"\x03").await).await;
}

/// A server that opens a tunnel, and answers everything else so.
async fn opening(answer: &'static str) -> SocketAddr {
    serving(move |mut stream| async move {
        let mut some = vec![0; 16 * 1024];
        while let Ok(count) = stream.read(&mut some).await {
            let asked = &some[..count];
            let answer = if asked.starts_with(b"POST /open/1 ") {
                "HTTP/1.1 200 OK\r\nContent-Type: application/x-fcs\r\nContent-Length: 17\r\n\r\n0123456789abcdef\n"
            } else if asked.starts_with(b"POST ") {
                answer
            } else if count == 0 {
                return;
            } else {
                continue;
            };
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_session_that_its_server_does_not_know_is_the_servers_fault() {
    let gone = opening("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    let (obstacle, sentence) = verdict("rtmpt", gone).await;
    assert_eq!(obstacle, Obstacle::Server, "{sentence}");
    assert!(
        sentence.contains("the server does not know the tunnel session any more (status 404"),
        "{sentence}"
    );
    assert!(sentence.contains("the server or a load balancer before it is at fault"));
}

#[tokio::test]
async fn garbage_behind_the_handshake_is_the_servers_fault() {
    let garbled = serving(|mut stream| async move {
        let mut asked = vec![0; 1537];
        stream.read_exact(&mut asked).await.unwrap();
        let mut answer = vec![3; 1];
        answer.extend([0; 1536]);
        answer.extend(&asked[1..]);
        stream.write_all(&answer).await.unwrap();
        stream.read_exact(&mut asked[..1536]).await.unwrap();
        stream.write_all(&[0x93; 400]).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.ok();
    });
    let target = Target::parse(&format!("rtmp://{}/live", garbled.await)).unwrap();
    let report = client()
        .probe(&target, &options(Intent::Play))
        .await
        .unwrap();
    let verdict = report.verdict();
    assert_eq!(verdict.obstacle(), Obstacle::Server, "{verdict}");
    assert!(
        verdict.sentence().contains("breaks the rules of RTMP"),
        "{verdict}"
    );
}

/// Runs a client in a runtime of its own, which ends with it as that of a command does; then the server has nobody left.
fn leaves_nobody<F: Future<Output = ()>>(
    script: impl FnMut(usize, &mut ServerSession, ServerEvent) + Send + 'static,
    visit: impl FnOnce(SocketAddr) -> F,
) {
    let host = Runtime::new().unwrap();
    let mut server = host.block_on(async { Server::start(script) });
    let guest = Runtime::new().unwrap();
    guest.block_on(visit(server.address));
    guest.shutdown_background();
    host.block_on(async {
        // A server notices what was said to it at once, and what was not after 5 s at the soonest.
        let nobody = server.open.wait_for(|open| *open == 0);
        let left = timeout(Duration::from_secs(4), nobody).await.is_err();
        assert!(!left, "{} left", *server.open.borrow());
    });
}

fn everywhere(server: SocketAddr) -> Target {
    Target::parse(&format!("rtmp://{server}/live/x")).unwrap()
}

#[test]
fn a_probe_leaves_no_session_behind() {
    let script = |_, session: &mut _, event| drop(accept(session, event));
    leaves_nobody(script, async |server| {
        let options = options(Intent::Play).with_strategy(Strategy::Reach);
        let client = client();
        let report = client.probe(&everywhere(server), &options).await.unwrap();
        client.settle().await;
        let works = report
            .attempts()
            .iter()
            .filter(|one| one.failure().is_none());
        assert_eq!(works.count(), 4, "{report:?}");
    });
}

#[test]
fn a_probe_that_is_broken_off_leaves_no_session_behind() {
    // There are four ways; the third one is under way then.
    let third = Arc::new(Notify::new());
    let told = Arc::clone(&third);
    let script = move |number, session: &mut _, event| {
        if number == 2 {
            told.notify_one();
        }
        drop(accept(session, event));
    };
    leaves_nobody(script, async |server| {
        let options = options(Intent::Play).with_strategy(Strategy::Reach);
        let (client, target) = (client(), everywhere(server));
        tokio::select! {
            biased;
            () = third.notified() => {}
            report = client.probe(&target, &options) => panic!("{report:?}"),
        }
        client.settle().await;
    });
}

#[test]
fn a_connection_that_is_refused_leaves_no_session_behind() {
    let refuse = |_, session: &mut ServerSession, event| {
        if let ServerEvent::Connect(request) = event {
            let no = Rejection::new(StatusCode::ConnectRejected, "no");
            session.reject_connect(request, no);
        }
    };
    leaves_nobody(refuse, async |server| {
        let (client, target) = (client(), by_tunnel(server));
        let connected = client.connect(&target, &options(Intent::Play)).await;
        let error = connected.unwrap_err();
        assert!(matches!(error, ConnectError::Refused { .. }), "{error}");
        client.settle().await;
    });
}

fn by_tunnel(server: SocketAddr) -> Target {
    Target::parse(&format!("rtmpt://{server}/live/x")).unwrap()
}

#[test]
fn a_connection_that_is_lost_at_connect_leaves_no_session_behind() {
    let script = |_, session: &mut _, event| drop(accept(session, event));
    leaves_nobody(script, async |server| {
        let (client, mut options) = (client(), options(Intent::Play));
        // No answer is as small as that, so it is as good as none.
        options.session.amf_limits.nodes = 1;
        options.session.timeouts.connect = Duration::from_millis(200);
        let connected = client.connect(&by_tunnel(server), &options).await;
        let error = connected.unwrap_err();
        assert!(matches!(error, ConnectError::Lost { .. }), "{error:?}");
        client.settle().await;
    });
}

#[test]
fn a_connection_that_is_broken_off_at_connect_leaves_no_session_behind() {
    let asked = Arc::new(Notify::new());
    let told = Arc::clone(&asked);
    let (left, gone) = std::sync::mpsc::channel();
    let script = move |_, session: &mut _, event| {
        if let ServerEvent::Connect(_) = event {
            told.notify_one();
            gone.recv().unwrap();
        }
        drop(accept(session, event));
    };
    leaves_nobody(script, async |server| {
        let (client, target) = (client(), by_tunnel(server));
        let options = options(Intent::Play);
        tokio::select! {
            biased;
            () = asked.notified() => {}
            connected = client.connect(&target, &options) => panic!("{connected:?}"),
        }
        left.send(()).unwrap();
        client.settle().await;
    });
}

/// A connection by a tunnel that has come about is ended so, and leaves no session behind.
fn leaves_nobody_connected(end: impl AsyncFnOnce(NetConnection)) {
    let script = |_, session: &mut ServerSession, event| match event {
        ServerEvent::Publish(request) => {
            session.reject_publish(request, StatusCode::PublishBadName, "taken");
        }
        event => drop(accept(session, event)),
    };
    leaves_nobody(script, async |server| {
        let (client, target) = (client(), by_tunnel(server));
        let connected = client.connect(&target, &options(Intent::Publish)).await;
        end(connected.unwrap()).await;
        client.settle().await;
    });
}

#[test]
fn a_connection_that_is_dropped_leaves_no_session_behind() {
    leaves_nobody_connected(async |connection| drop(connection));
    leaves_nobody_connected(async |connection| {
        let stream = connection.create_stream().await.unwrap();
        drop(connection);
        drop(stream);
    });
}

#[test]
fn a_stream_that_is_refused_leaves_no_session_behind() {
    leaves_nobody_connected(async |connection| {
        let mut stream = connection.create_stream().await.unwrap();
        let name = adit_client::Secret::new("x");
        let published = stream.publish(&name, PublishKind::Live).await;
        assert!(
            matches!(published, Err(StreamError::Refused(_))),
            "{published:?}"
        );
    });
}

#[tokio::test]
async fn a_script_given_by_hand_that_cannot_be_read_is_an_error_with_its_name() {
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    let given: GivenProxy = "pac+file:///no/such/p.pac".parse().unwrap();
    let client = Client::new(ConnectorConfig::new(tls), given);
    let mut options = options(Intent::Play).with_strategy(Strategy::Reach);
    options.policy = Policy::staggered();
    let target = Target::parse("rtmp://127.0.0.1:9/live").unwrap();
    let error = client.probe(&target, &options).await.unwrap_err();
    assert!(matches!(error, ConnectError::Proxies(_)), "{error:?}");
    assert!(error.to_string().contains("/no/such/p.pac"), "{error}");
}
