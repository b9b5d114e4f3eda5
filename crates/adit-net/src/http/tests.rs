//! The HTTP side over real sockets, with what real clients send.

mod clients;
mod handler;
mod refusals;
mod sessions;
mod timing;

use crate::testing::{Answer, Echo, Raw};
use crate::{Acceptor, AcceptorConfig, Carrier};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpStream;

/// A server that sends everything back, and a connection to it.
async fn echo() -> (Echo, Raw<TcpStream>) {
    let server = Echo::start(AcceptorConfig::default());
    let client = Raw::new(server.connect().await);
    (server, client)
}

/// A server whose carriers the test drives.
struct Hand {
    acceptor: Acceptor,
    address: SocketAddr,
}

impl Hand {
    fn start(config: AcceptorConfig) -> Self {
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let acceptor = Acceptor::bind(&[local], config).unwrap();
        let address = acceptor.local_addrs()[0];
        Self { acceptor, address }
    }

    async fn connect(&self) -> Raw<TcpStream> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Raw::new(stream)
    }

    /// A client with an open session, and the server's end of it.
    async fn open(&mut self) -> (Raw<TcpStream>, String, Carrier) {
        let mut client = self.connect().await;
        let id = client.open().await;
        (client, id, self.acceptor.accept().await.unwrap())
    }
}

/// The RTMP bytes of a reply, without the poll byte.
fn data(answer: &Answer) -> &[u8] {
    assert_eq!(answer.status, 200, "{answer:?}");
    let (poll, data) = answer.body.split_first().expect("a poll byte");
    assert_ne!(*poll, 0, "the session is over");
    data
}

/// Asks until `expected` has come back, with idles numbered from `next` on; says the number after the last.
async fn fetch(client: &mut Raw<TcpStream>, id: &str, mut next: u64, expected: &[u8]) -> u64 {
    let mut back = Vec::new();
    while back.len() < expected.len() {
        let answer = client.ask(&format!("/idle/{id}/{next}"), b"\0").await;
        back.extend_from_slice(data(&answer));
        next += 1;
    }
    assert!(back == expected);
    next
}
