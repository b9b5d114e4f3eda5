//! The proxy in front of a model of a tunnel server that hands back every byte it gets: the proxy does its mischief, and
//! loses nothing by itself.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::{HostileProxy, Mischief};
use crate::http::{Message, Reader};
use crate::random::{Random, seed};
use crate::tunnel::Tunnel;

/// Requests sent through each kind of proxy.
const REQUESTS: u64 = 600;

#[derive(Default)]
struct Model {
    next: u64,
    pending: BytesMut,
    replies: BTreeMap<u64, Bytes>,
}

#[derive(Default)]
struct EchoServer {
    model: Mutex<Model>,
    advanced: Notify,
}

impl EchoServer {
    async fn start() -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Arc::new(Self::default());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&server).serve(stream));
            }
        });
        address
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        stream.set_nodelay(true).unwrap();
        let mut client = Reader::new(stream);
        while let Ok(Some(request)) = client.message().await {
            let body = match request.target() {
                "/open/1" => Bytes::from_static(b"id\n"),
                target => self.answer(target, &request.body).await,
            };
            let start = "HTTP/1.1 200 OK".to_owned();
            let fields = vec![("Content-Length".to_owned(), body.len().to_string())];
            let reply = Message {
                start,
                fields,
                body,
            };
            if client.stream().write_all(&reply.encode()).await.is_err() || request.closes() {
                break;
            }
        }
    }

    async fn answer(&self, target: &str, body: &Bytes) -> Bytes {
        let number: u64 = target.rsplit('/').next().unwrap().parse().unwrap();
        loop {
            let turn = self.advanced.notified();
            {
                let mut model = self.model.lock().unwrap();
                if let Some(reply) = model.replies.get(&number) {
                    return reply.clone();
                }
                if model.next == number {
                    model.next += 1;
                    if target.starts_with("/send") {
                        model.pending.extend_from_slice(body);
                    }
                    let mut reply = BytesMut::from(&[1][..]);
                    reply.extend_from_slice(&model.pending.split());
                    let reply = reply.freeze();
                    model.replies.insert(number, reply.clone());
                    self.advanced.notify_waiters();
                    return reply;
                }
            }
            turn.await;
        }
    }
}

fn check(mischief: Mischief, at_once: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async move {
        let seed = seed();
        crate::peers::say(&format!("{mischief:?}: ADIT_SEED={seed}"));
        let server = EchoServer::start().await;
        let proxy = HostileProxy::start(server, mischief, seed).await;
        let mut random = Random::new(seed);
        let mut tunnel = Tunnel::open(proxy.address(), at_once).await.unwrap();
        let (mut sent, mut received) = (Vec::new(), Vec::new());
        while tunnel.requests() < REQUESTS {
            while tunnel.has_room() && tunnel.requests() < REQUESTS {
                if random.one_in(4) {
                    tunnel.idle();
                } else {
                    let length = 2 + random.size_below(40);
                    let data = random.bytes(length);
                    sent.extend_from_slice(&data);
                    tunnel.send(data.into());
                }
            }
            received.extend_from_slice(&tunnel.answer().await.unwrap());
        }
        while tunnel.is_waiting() {
            received.extend_from_slice(&tunnel.answer().await.unwrap());
        }
        assert_eq!(proxy.complaints(), [""; 0]);
        assert!(
            received == sent,
            "{} bytes sent, {} received",
            sent.len(),
            received.len()
        );
        let done = proxy.mischief_done();
        assert!(
            done >= REQUESTS / 20,
            "{mischief:?} was done {done} times only"
        );
    });
}

#[test]
fn a_reordering_proxy_reorders_and_loses_nothing() {
    check(Mischief::Reorder, 4);
}

#[test]
fn a_duplicating_proxy_duplicates_and_loses_nothing() {
    check(Mischief::Duplicate, 2);
}

#[test]
fn a_delaying_proxy_loses_nothing() {
    check(Mischief::Delay(Duration::from_millis(1)), 4);
}

#[test]
fn a_splitting_proxy_loses_nothing() {
    check(Mischief::Split, 1);
}

#[test]
fn a_proxy_that_closes_connections_loses_nothing() {
    check(Mischief::CloseAfter(5), 2);
}

#[test]
fn an_old_proxy_loses_nothing() {
    check(Mischief::Http10, 1);
}

#[test]
fn a_proxy_without_connections_to_keep_loses_nothing() {
    check(Mischief::NewConnection, 1);
}

#[test]
fn a_proxy_that_loses_replies_loses_nothing_in_the_end() {
    check(Mischief::LoseReply, 2);
}
