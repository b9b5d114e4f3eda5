//! Tunnel sessions whose requests come over a new connection each.

use adit_testkit::attack::Attacker;
use adit_testkit::hostile::{HostileProxy, Mischief};
use rustix::process::Signal;

use super::support::{PATIENCE, Tunnelled, ask, ended, is_closed, serve, serve_at, until};

/// The proxies say that they pass requests on, so nobody is taken for local.
const ANYONE: [&str; 4] = ["--latency", "low", "--publish", "anyone"];

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drains_answers_the_requests_of_its_tunnel_sessions_and_nothing_else() {
    let server = serve(&ANYONE);
    let address = server.address();
    let proxy = HostileProxy::start(address, Mischief::NewConnection, 1).await;
    let mut client = Tunnelled::start(proxy.address(), "tunnel").await;
    server.signal(Signal::TERM);
    server.log_line("draining", PATIENCE);
    client.goes_on().await;
    for first in ["POST /open/1", "GET /", "POST /fcs/ident2"] {
        let answer = ask(address, first).await;
        assert!(answer.starts_with("HTTP/1.1 503"), "{first}: {answer}");
    }
    let mut peer = Attacker::connect(address).await;
    peer.write(&[3]).await;
    let ending = peer.ending(PATIENCE).await;
    assert!(ending.closed && ending.received.is_empty(), "{ending:?}");
    client.goes_on().await;
    assert_eq!(proxy.complaints(), [""; 0]);
    // The session ends some time after nobody asks for it any more, and with it the ports.
    drop((client, proxy));
    server.signal(Signal::TERM);
    ended(server).await;
    until("the port is closed", || is_closed(address)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_session_stays_with_its_server_while_others_take_over() {
    let state = tempfile::tempdir().unwrap();
    let at_first = "127.0.0.1:0".parse().unwrap();
    let mut servers = vec![serve_at(at_first, state.path(), &ANYONE)];
    let address = servers[0].address();
    let proxy = HostileProxy::start(address, Mischief::NewConnection, 1).await;
    let mut clients = vec![Tunnelled::start(proxy.address(), "first").await];
    for name in ["second", "third"] {
        let flags = [&ANYONE[..], &["--takeover"]].concat();
        let next = serve_at(address, state.path(), &flags);
        next.log_line("took over", PATIENCE);
        servers.push(next);
        for client in &mut clients {
            client.goes_on().await;
        }
        clients.push(Tunnelled::start(proxy.address(), name).await);
    }
    for client in &mut clients {
        client.goes_on().await;
    }
    assert_eq!(proxy.complaints(), [""; 0]);
    for server in &servers {
        server.assert_sound();
    }
    // An id that no server knows is unknown, wherever it is asked for.
    let nobody = ask(address, &format!("POST /idle/{}/1", "0".repeat(32))).await;
    assert!(nobody.starts_with("HTTP/1.1 404"), "{nobody}");
}
