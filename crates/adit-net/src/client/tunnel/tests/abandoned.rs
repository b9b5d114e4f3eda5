//! Tunnels that are given up while they are being opened.

use super::PATIENCE;
use crate::client::testing::{Peer, connector, head, say, script, target};
use crate::client::{Route, Security};
use adit_rtmpt::client::ClientConfig;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

const WHILE: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_session_that_is_opened_for_nobody_is_closed() {
    let peer = Peer::start(vec![script(|mut stream| async move {
        assert!(head(&mut stream).await.starts_with("POST /open/1 "));
        stream.read_u8().await.unwrap();
        sleep(2 * WHILE).await;
        let id = "HTTP/1.1 200 OK\r\nContent-Type: application/x-fcs\r\nContent-Length: 17\r\n\r\n0123456789abcdef\n";
        say(&mut stream, id).await;
        let next = head(&mut stream).await;
        assert!(next.starts_with("POST /close/0123456789abcdef/"), "{next}");
        say(&mut stream, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\0").await;
    })])
    .await;
    let closing = TaskTracker::new();
    closing.close();
    let connector = connector(&[]).closing_in(closing.clone());
    let target = target("localhost", peer.address.port());
    let config = ClientConfig::default();
    let opening = connector.connect_tunnel(&target, &Route::Direct, Security::Plain, config);
    assert!(timeout(WHILE, opening).await.is_err());
    assert!(!closing.is_empty());
    timeout(PATIENCE, closing.wait()).await.unwrap();
    timeout(PATIENCE, peer.finish()).await.unwrap();
}

#[test]
fn a_tunnel_that_outlives_its_runtime_is_only_dropped() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (connector, peer) = runtime.block_on(async {
        let silent = script(|stream| async move {
            sleep(Duration::from_hours(1)).await;
            drop(stream);
        });
        (connector(&[]), Peer::start(vec![silent]).await)
    });
    let target = target("localhost", peer.address.port());
    let config = ClientConfig::default();
    let mut opening =
        Box::pin(connector.connect_tunnel(&target, &Route::Direct, Security::Plain, config));
    runtime.block_on(async { assert!(timeout(WHILE, &mut opening).await.is_err()) });
    drop(runtime);
    drop(opening);
}
