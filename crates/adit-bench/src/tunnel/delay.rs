//! A line with a round trip: a TCP forwarder that keeps every byte for half of it, in each direction.
//!
//! ```text
//!  client ─▶ [read, stamp] ─▶ queue (bounded in bytes) ─▶ [wait, write] ─▶ server      and back the same way
//! ```
//!
//! It counts the HTTP requests that pass, by their first words.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::error::{Doing as _, Result};

/// Bytes read at a time.
const READ: usize = 64 * 1024;
/// Reads under way in one direction of one connection: 16 MiB at most, more than any rate here fills.
const UNDER_WAY: usize = 256;

/// A running line to one server.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) address: SocketAddr,
    requests: Arc<AtomicU64>,
}

impl Line {
    /// Forwards to `server` with this round trip, on the current runtime, for as long as that lives.
    pub(super) async fn start(server: SocketAddr, round_trip: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .doing(|| "listening for the delayed line".to_owned())?;
        let address = listener
            .local_addr()
            .doing(|| "asking where the delayed line listens".to_owned())?;
        let requests = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connect(
                    client,
                    server,
                    round_trip / 2,
                    Arc::clone(&counter),
                ));
            }
        });
        Ok(Self { address, requests })
    }

    /// HTTP requests so far.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

async fn connect(client: TcpStream, server: SocketAddr, delay: Duration, counter: Arc<AtomicU64>) {
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    // A line has no Nagle of its own.
    if client
        .set_nodelay(true)
        .and_then(|()| server.set_nodelay(true))
        .is_err()
    {
        return;
    }
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::join!(
        forward(from_client, to_server, delay, Some(counter)),
        forward(from_server, to_client, delay, None),
    );
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    delay: Duration,
    counter: Option<Arc<AtomicU64>>,
) {
    let (queue, mut due) = mpsc::channel::<(Instant, Bytes)>(UNDER_WAY);
    let read = async move {
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(READ);
            match from.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let bytes = buffer.split().freeze();
            if let Some(counter) = &counter {
                counter.fetch_add(requests_in(&bytes), Ordering::Relaxed);
            }
            if queue.send((Instant::now() + delay, bytes)).await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((at, bytes)) = due.recv().await {
            sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        // The end travels as well.
        to.shutdown().await.unwrap_or_default();
    };
    tokio::join!(read, write);
}

/// Requests that begin in these bytes. Clients write a request's head at once, and no payload here contains the words.
fn requests_in(bytes: &[u8]) -> u64 {
    let found = memchr::memmem::find_iter(bytes, b"POST /").count();
    u64::try_from(found).unwrap_or(u64::MAX)
}
