//! The tunnel's client through proxies that do what proxies do: not one byte lost, doubled or out of order.

use super::middle::{Login, Middle, Mischief, Order};
use super::{PATIENCE, open};
use crate::client::testing::connector;
use crate::client::{Route, Security};
use crate::testing::{Echo, close};
use crate::{AcceptorConfig, Carrier};
use adit_rtmpt::client::ClientConfig;
use bytes::Bytes;
use std::future::poll_fn;
use std::io;
use std::task::Poll;
use std::time::Duration;
use tokio::time::timeout;

pub(super) const MEBIBYTE: usize = 1024 * 1024;

/// So many bytes go there and come back while more are sent, then the end is said and heard.
pub(super) async fn echoed(mut carrier: Carrier, bytes: usize) {
    let mut sent: Vec<u8> = (0..=250).cycle().take(bytes).collect();
    // The server believes in a session once it begins like RTMP.
    sent[0] = 3;
    let mut out = Bytes::from(sent.clone());
    let mut back = Vec::new();
    poll_fn(|cx| {
        loop {
            let _sent = carrier.poll_send(cx, &mut out)?;
            match carrier.poll_recv(cx)? {
                Poll::Ready(Some(bytes)) => back.extend_from_slice(&bytes),
                Poll::Ready(None) => panic!("an end before all bytes"),
                Poll::Pending => return Poll::Pending,
            }
            if back.len() >= sent.len() {
                return Poll::Ready(Ok::<_, io::Error>(()));
            }
        }
    })
    .await
    .unwrap();
    assert!(back == sent, "the bytes are not the same");
    close(&mut carrier).await.unwrap();
}

/// Sends bytes through a proxy as if it were the server, and says how many connections and requests that took.
async fn through(mischief: Mischief, order: Order, bytes: usize) -> (usize, usize) {
    let server = Echo::start(AcceptorConfig::default());
    let middle = Middle::start(server.address, mischief, Login::None, order).await;
    let config = ClientConfig::default();
    let carrier = open(&connector(&[]), middle.address, &Route::Direct, config)
        .await
        .unwrap();
    let run = timeout(3 * PATIENCE, echoed(carrier, bytes)).await;
    assert!(run.is_ok(), "{mischief:?} {order:?}: no end");
    (middle.connections(), middle.requests())
}

async fn both(mischief: Mischief, bytes: usize) {
    through(mischief, Order::Told, bytes).await;
    through(mischief, Order::Hidden, bytes).await;
}

#[tokio::test]
async fn a_server_that_says_it_orders_gets_several_connections_and_another_one_only_one() {
    let (connections, _) = through(Mischief::Nothing, Order::Told, MEBIBYTE).await;
    assert!((2..=5).contains(&connections), "{connections}");
    let (connections, _) = through(Mischief::Nothing, Order::Hidden, MEBIBYTE).await;
    assert_eq!(connections, 1);
}

#[tokio::test]
async fn a_proxy_that_reorders_loses_nothing() {
    both(Mischief::Reorder, MEBIBYTE).await;
}

#[tokio::test]
async fn a_proxy_that_sends_everything_twice_doubles_nothing() {
    both(Mischief::Duplicate, MEBIBYTE).await;
}

#[tokio::test]
async fn a_proxy_that_closes_after_five_requests_loses_nothing() {
    for order in [Order::Told, Order::Hidden] {
        let (connections, requests) = through(Mischief::CloseAfter(5), order, MEBIBYTE).await;
        assert!(connections >= requests / 5, "{connections} {requests}");
    }
}

#[tokio::test]
async fn a_proxy_that_speaks_http_1_0_without_keep_alive_loses_nothing() {
    for order in [Order::Told, Order::Hidden] {
        let (connections, requests) = through(Mischief::Http10, order, MEBIBYTE).await;
        assert!(connections >= requests, "{connections} {requests}");
    }
}

#[tokio::test]
async fn a_proxy_that_refuses_more_than_64_kilobytes_gets_less() {
    both(Mischief::TooLarge(65_536), MEBIBYTE).await;
    both(Mischief::TooLarge(1_500), 65_536).await;
}

#[tokio::test]
async fn a_proxy_that_buffers_every_body_for_a_second_is_only_slow() {
    both(Mischief::Buffer(Duration::from_secs(1)), 256 * 1024).await;
}

#[tokio::test]
async fn plain_tunnels_go_through_proxies_with_every_kind_of_login() {
    for (login, order) in [
        (Login::None, Order::Told),
        (Login::Basic, Order::Told),
        (Login::Basic, Order::Hidden),
        (Login::Digest, Order::Told),
        (Login::Ntlm, Order::Told),
        (Login::Ntlm, Order::Hidden),
    ] {
        let server = Echo::start(AcceptorConfig::default());
        let middle = Middle::start(server.address, Mischief::Nothing, login, order).await;
        let carrier = open(
            &connector(&[]),
            server.address,
            &middle.route(),
            ClientConfig::default(),
        )
        .await
        .unwrap();
        assert_eq!(carrier.info().proxied_by, Some(middle.address));
        timeout(PATIENCE, echoed(carrier, MEBIBYTE)).await.unwrap();
        match login {
            Login::None => assert_eq!(middle.logins(), 0),
            // Bound to the connection.
            Login::Ntlm => assert_eq!(middle.logins(), middle.connections()),
            _ => assert!(middle.logins() >= middle.requests(), "{login:?}"),
        }
    }
}

#[tokio::test]
async fn tunnels_inside_tls_go_directly_and_through_proxies_that_connect() {
    use crate::tls::{CertificateSource, Tls};
    let directory = tempfile::tempdir().unwrap();
    let tls = Tls::load(CertificateSource::SelfSigned {
        state_directory: directory.path().to_owned(),
        names: Vec::new(),
    })
    .unwrap();
    let config = AcceptorConfig {
        tls: Some(tls),
        ..AcceptorConfig::default()
    };
    let mut server = Echo::start(config);
    let target = crate::client::testing::target("localhost", server.address.port());
    for login in [
        None,
        Some(Login::None),
        Some(Login::Basic),
        Some(Login::Digest),
        Some(Login::Ntlm),
    ] {
        let middle = match login {
            Some(login) => {
                let told = Order::Told;
                Some(Middle::start(server.address, Mischief::Nothing, login, told).await)
            }
            None => None,
        };
        let route = middle.as_ref().map_or(Route::Direct, Middle::route);
        let connector = connector(&[]);
        let opening =
            connector.connect_tunnel(&target, &route, Security::Tls, ClientConfig::default());
        let carrier = timeout(PATIENCE, opening).await.unwrap().unwrap();
        assert_eq!(carrier.info().transport, crate::Transport::Rtmpts);
        timeout(PATIENCE, echoed(carrier, MEBIBYTE)).await.unwrap();
        let served = server.served().await;
        assert_eq!(served.info.transport, crate::Transport::Rtmpts);
        assert_eq!(served.result.unwrap(), MEBIBYTE);
        if let Some(middle) = middle {
            assert!((2..=5).contains(&middle.connections()));
        }
    }
}
