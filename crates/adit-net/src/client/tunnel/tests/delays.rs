//! What the tunnel adds on a real clock, beside the direct way, over a line with a round trip of 40 ms. The bounds are wide, for
//! the machine may be busy; `cargo test -p adit-net --lib delays -- --nocapture` prints the figures. Those of the design, on a
//! virtual clock, are tests of the core (`adit_rtmpt::client`, `tests/cost.rs`).

use super::open;
use crate::client::testing::{connector, target};
use crate::client::{Route, Security};
use crate::testing::{receive, send};
use crate::{Acceptor, AcceptorConfig, Carrier};
use adit_rtmpt::client::ClientConfig;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, tcp};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

const ONE_WAY: Duration = Duration::from_millis(20);
const MESSAGE: usize = 2_000;
const MESSAGES: u32 = 100;

/// A line in front of a server; it counts what looks like a request.
struct Line {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Line {
    async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(server).await.unwrap();
                client.set_nodelay(true).unwrap();
                server.set_nodelay(true).unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(carry(from_client, to_server, Arc::clone(&count)));
                tokio::spawn(carry(from_server, to_client, Arc::default()));
            }
        });
        Self { address, requests }
    }
}

async fn carry(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    requests: Arc<AtomicUsize>,
) {
    let (sender, mut receiver) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    tokio::spawn(async move {
        while let Some((due, bytes)) = receiver.recv().await {
            sleep_until(due).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    let mut bytes = vec![0; 65_536];
    while let Ok(count) = from.read(&mut bytes).await {
        if count == 0 {
            return;
        }
        if bytes.starts_with(b"POST ") {
            requests.fetch_add(1, Ordering::Relaxed);
        }
        drop(sender.send((Instant::now() + ONE_WAY, bytes[..count].to_vec())));
    }
}

/// Both ends of a carrier over the line.
async fn ends(tunnelled: bool) -> (Carrier, Carrier, Line) {
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let mut acceptor = Acceptor::bind(&[local], AcceptorConfig::default()).unwrap();
    let line = Line::to(acceptor.local_addrs()[0]).await;
    let connector = connector(&[]);
    let opening = async {
        let mut client = if tunnelled {
            open(
                &connector,
                line.address,
                &Route::Direct,
                ClientConfig::default(),
            )
            .await
            .unwrap()
        } else {
            let target = target("localhost", line.address.port());
            connector
                .connect(&target, &Route::Direct, Security::Plain)
                .await
                .unwrap()
                .into_carrier()
        };
        send(&mut client, &[3; 3073]).await.unwrap();
        client
    };
    let accepting = async {
        let server = acceptor.accept().await.unwrap();
        tokio::spawn(async move { while acceptor.accept().await.is_some() {} });
        server
    };
    let (mut client, mut server) = tokio::join!(opening, accepting);
    let mut read = 0;
    while read < 3073 {
        read += receive(&mut server).await.unwrap().unwrap().len();
    }
    let answer = send(&mut server, &[3; 3073]);
    let hearing = async {
        let mut read = 0;
        while read < 3073 {
            read += receive(&mut client).await.unwrap().unwrap().len();
        }
    };
    let (answered, ()) = tokio::join!(answer, hearing);
    answered.unwrap();
    (client, server, line)
}

/// 30 messages a second from one end to the other: the delays, sorted.
async fn delays(mut from: Carrier, mut to: Carrier) -> Vec<Duration> {
    let start = Instant::now() + Duration::from_millis(100);
    let at = |index: u32| start + index * Duration::from_micros(33_333);
    let talking = async {
        for index in 0..MESSAGES {
            // The carrier is driven while it waits.
            drop(timeout_at(at(index), receive(&mut from)).await);
            send(&mut from, &[7; MESSAGE]).await.unwrap();
        }
        drop(timeout(Duration::from_secs(1), receive(&mut from)).await);
    };
    let hearing = async {
        let mut delays = Vec::new();
        let mut read = 0;
        while read < MESSAGE * usize::try_from(MESSAGES).unwrap() {
            read += receive(&mut to).await.unwrap().unwrap().len();
            while delays.len() < read / MESSAGE {
                let index = u32::try_from(delays.len()).unwrap();
                delays.push(at(index).elapsed());
            }
        }
        delays
    };
    let ((), mut delays) = tokio::join!(talking, hearing);
    delays.sort_unstable();
    delays
}

/// The delays one way, reported, and the requests they took.
async fn measured(name: &str, tunnelled: bool, up: bool) -> (Vec<Duration>, usize) {
    let (client, server, line) = ends(tunnelled).await;
    let before = line.requests.load(Ordering::Relaxed);
    let delays = if up {
        delays(client, server).await
    } else {
        delays(server, client).await
    };
    let requests = line.requests.load(Ordering::Relaxed) - before;
    let at = |part: usize| percentile(&delays, part).as_secs_f64() * 1e3;
    println!(
        "{name}: median {:.1} ms, p99 {:.1} ms, most {:.1} ms; {requests} requests",
        at(50),
        at(99),
        at(100)
    );
    (delays, requests)
}

fn percentile(delays: &[Duration], part: usize) -> Duration {
    delays[(delays.len() - 1) * part / 100]
}

#[tokio::test]
async fn a_tunnel_adds_less_than_a_round_trip_to_the_direct_way() {
    let ((direct, _), _, (up, up_requests), (down, down_requests)) = tokio::join!(
        measured("direct up", false, true),
        measured("direct down", false, false),
        measured("tunnel up", true, true),
        measured("tunnel down", true, false)
    );
    for (delays, requests) in [(up, up_requests), (down, down_requests)] {
        let added = percentile(&delays, 50).saturating_sub(percentile(&direct, 50));
        assert!(added < 2 * ONE_WAY, "{added:?}");
        let most = usize::try_from(MESSAGES).unwrap() * 4 / 3;
        assert!(requests <= most, "{requests}");
    }
}

/// Megabits a second of a transfer one way.
async fn throughput(name: &str, tunnelled: bool, up: bool) -> f64 {
    const BYTES: u32 = 8 * 1024 * 1024;
    let (client, server, line) = ends(tunnelled).await;
    let (mut from, mut to) = if up {
        (client, server)
    } else {
        (server, client)
    };
    let before = line.requests.load(Ordering::Relaxed);
    let start = Instant::now();
    let bytes = usize::try_from(BYTES).unwrap();
    let data = vec![7; bytes];
    let talking = async {
        for piece in data.chunks(16 * 1024) {
            send(&mut from, piece).await.unwrap();
        }
        drop(timeout(Duration::from_secs(1), receive(&mut from)).await);
    };
    let hearing = async {
        let mut read = 0;
        while read < bytes {
            read += receive(&mut to).await.unwrap().unwrap().len();
        }
        start.elapsed()
    };
    let ((), took) = tokio::join!(talking, hearing);
    let megabits = f64::from(BYTES) * 8.0 / 1e6 / took.as_secs_f64();
    let requests = line.requests.load(Ordering::Relaxed) - before;
    println!("{name}: {megabits:.0} Mbit/s, {requests} requests");
    megabits
}

#[tokio::test]
async fn a_tunnel_carries_much_more_than_one_body_for_each_round_trip() {
    throughput("direct up", false, true).await;
    throughput("direct down", false, false).await;
    // 50 is the goal; this runs beside other tests and without optimisation.
    assert!(throughput("tunnel up", true, true).await > 20.0);
    assert!(throughput("tunnel down", true, false).await > 20.0);
}
