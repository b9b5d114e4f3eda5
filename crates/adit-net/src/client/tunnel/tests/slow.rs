//! Servers that are slow, and servers that are dead.

use super::middle::drip;
use super::{PATIENCE, open};
use crate::client::Route;
use crate::client::testing::{Peer, connector, script};
use crate::testing::{receive, send};
use adit_rtmpt::client::ClientConfig;
use std::io;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

/// Talks to a server that pauses before each of `count` bytes, and says how many came before the end.
async fn hears(pause_ms: u64, count: usize) -> (usize, io::Error) {
    let pause = Duration::from_millis(pause_ms);
    let slow = script(move |stream| drip(stream, pause, count));
    // Where the retry goes.
    let dead = script(|mut stream| async move {
        drop(stream.read_to_end(&mut Vec::new()).await);
    });
    let peer = Peer::start(vec![slow, dead]).await;
    let mut config = ClientConfig::default();
    config.timeouts.reply = Duration::from_millis(600);
    config.timeouts.longest = Duration::from_secs(3);
    let mut carrier = open(&connector(&[]), peer.address, &Route::Direct, config)
        .await
        .unwrap();
    send(&mut carrier, b"\x03").await.unwrap();
    let mut heard = 0;
    let run = async {
        loop {
            match receive(&mut carrier).await {
                Ok(Some(bytes)) => heard += bytes.len(),
                Ok(None) => panic!("a silent server is no end"),
                Err(error) => return error,
            }
        }
    };
    let error = timeout(PATIENCE, run).await.unwrap();
    (heard, error)
}

#[tokio::test]
async fn a_slow_reply_is_waited_for_but_not_for_ever_and_a_dead_server_is_named() {
    // 1.5 s for a reply, with a byte every 150 ms.
    let (heard, _) = hears(150, 10).await;
    assert_eq!(heard, 10);
    // Longer than may be.
    let (heard, error) = hears(150, 1000).await;
    assert_eq!(heard, 0);
    assert_eq!(error.kind(), io::ErrorKind::ConnectionAborted);
    // Slower than counts as alive.
    let (heard, _) = hears(2_000, 10).await;
    assert_eq!(heard, 0);
}
