//! The last bytes of a session that the server ends, to clients that lose replies.

use crate::client::tunnel::tests::PATIENCE;
use crate::testing::{Raw, close, send};
use crate::{Acceptor, AcceptorConfig, limits};
use adit_rtmpt::client::limits::RETRY_AFTER;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// A server that says `bye` to a session and ends it.
fn ending() -> SocketAddr {
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut acceptor = Acceptor::bind(&[local], AcceptorConfig::default()).unwrap();
    let address = acceptor.local_addrs()[0];
    tokio::spawn(async move {
        while let Some(mut carrier) = acceptor.accept().await {
            tokio::spawn(async move {
                send(&mut carrier, b"bye").await.unwrap();
                close(&mut carrier).await.unwrap();
            });
        }
    });
    address
}

async fn client(address: SocketAddr) -> Raw<TcpStream> {
    Raw::new(TcpStream::connect(address).await.unwrap())
}

/// What the last reply with data is when it is asked for again so long after the end was heard.
async fn asked_again_after(pause: Duration) -> Vec<u8> {
    let address = ending();
    let mut first = client(address).await;
    let session = first.open().await;
    let lost = first.ask(&format!("/idle/{session}/0"), b"\0").await;
    assert_eq!(lost.body, b"\x01bye");
    let mut second = client(address).await;
    let end = second.ask(&format!("/idle/{session}/1"), b"\0").await;
    assert_eq!(end.body, [0]);
    sleep(pause).await;
    let mut third = client(address).await;
    third.ask(&format!("/idle/{session}/0"), b"\0").await.body
}

#[tokio::test(start_paused = true)]
async fn a_last_reply_that_was_lost_is_given_again_after_the_end_was_heard() {
    let again = timeout(10 * PATIENCE, asked_again_after(Duration::ZERO)).await;
    assert_eq!(again.unwrap(), b"\x01bye");
    let again = timeout(10 * PATIENCE, asked_again_after(RETRY_AFTER)).await;
    assert_eq!(again.unwrap(), b"\x01bye");
    // Once the session is forgotten, only that it has ended is known.
    let late = limits::SESSION_AFTERLIFE + 2 * limits::SESSION_TICK;
    let again = timeout(10 * PATIENCE, asked_again_after(late)).await;
    assert_eq!(again.unwrap(), [0]);
}
