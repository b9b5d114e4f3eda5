use std::future::poll_fn;
use std::net::Ipv4Addr;
use std::task::Poll;
use std::time::Duration;

use adit_net::client::{
    Connector, ConnectorConfig, InsecureTls, Route, Security, Target, TlsClient,
};
use adit_rtmp::session::ClientConfig;
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use super::Link;
use crate::limits;

/// A link with more to say than its peer, who reads nothing, has room for.
async fn stuck() -> (Link, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let target = Target::new("127.0.0.1", listener.local_addr().unwrap().port()).unwrap();
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    let connector = Connector::new(ConnectorConfig::new(tls));
    let connection = connector.connect(&target, &Route::Direct, Security::Plain);
    let carrier = connection.await.unwrap().into_carrier();
    let (peer, _) = listener.accept().await.unwrap();
    let mut link = Link::new(carrier, ClientConfig::default()).unwrap();
    let filler = vec![0; 64 << 20];
    let mut filler = &filler[..];
    poll_fn(|cx| {
        assert!(link.carrier.poll_send(cx, &mut filler).is_pending());
        Poll::Ready(())
    })
    .await;
    (link, peer)
}

/// How long a goodbye takes to a peer who begins to read after so long.
async fn goodbye_to(time: Duration) -> Duration {
    let (link, mut peer) = stuck().await;
    tokio::spawn(async move {
        sleep(time).await;
        let mut some = vec![0; 1 << 20];
        while peer.read(&mut some).await.is_ok_and(|count| count > 0) {}
    });
    let begin = Instant::now();
    link.close().await;
    begin.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_waited_for_so_long() {
    let some = Duration::from_millis(100);
    let just = limits::GOODBYE.checked_sub(some).unwrap();
    let taken = goodbye_to(just).await;
    assert!(taken >= just && taken < limits::GOODBYE, "{taken:?}");
    let late = goodbye_to(limits::GOODBYE + some).await;
    assert_eq!(late, limits::GOODBYE);
}
