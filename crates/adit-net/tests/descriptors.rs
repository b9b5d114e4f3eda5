//! A process with few file descriptors. The limit is one of the whole process, so this test has one to itself.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use adit_net::{Acceptor, AcceptorConfig};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

const DESCRIPTORS: u64 = 256;
const STOP_AT: usize = 192;

#[tokio::test]
async fn accepting_rests_while_few_descriptors_are_left_and_goes_on_soon_after() {
    setrlimit(
        Resource::Nofile,
        Rlimit {
            current: Some(DESCRIPTORS),
            maximum: getrlimit(Resource::Nofile).maximum,
        },
    )
    .unwrap();
    let mut acceptor =
        Acceptor::bind(&["127.0.0.1:0".parse().unwrap()], AcceptorConfig::default()).unwrap();
    let address = acceptor.local_addrs()[0];
    let mut inside = Vec::new();
    let mut waiting = connect(address).await;
    while let Ok(carrier) = timeout(PATIENCE, acceptor.accept()).await {
        inside.push((waiting, carrier.unwrap()));
        // Client and server are one process here: each connection costs two descriptors.
        assert!(2 * inside.len() < STOP_AT, "nothing stops it");
        waiting = connect(address).await;
    }
    assert!(2 * inside.len() > STOP_AT - 30, "{}", inside.len());
    assert_eq!(acceptor.counters().descriptor_pauses().value(), 1);
    // Files can still be opened, and more than the reserve was kept back for that.
    let files: Vec<_> = (0..50).map(|_| std::fs::File::open("/dev/null")).collect();
    assert!(files.iter().all(Result::is_ok));
    drop(files);
    // The one that waited is let in when another goes.
    inside.drain(..3);
    let served = timeout(Duration::from_secs(1), acceptor.accept()).await;
    assert!(served.unwrap().is_some());
    drop(waiting);
}

/// How long a connection that is let in may take.
const PATIENCE: Duration = Duration::from_millis(500);

async fn connect(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"\x03").await.unwrap();
    stream
}
