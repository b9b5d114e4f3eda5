use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::stalled;
use crate::limits::REPLY_QUEUE_BYTES;
use crate::{Listener, Server, ServerConfig};

/// A server that runs until it is told to stop.
struct Running {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    fn start() -> Self {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let server = Server::new(ServerConfig::default(), vec![listener]);
        let address = server.local_addrs()[0];
        let (stop, told) = oneshot::channel();
        let task = tokio::spawn(server.run(async move { drop(told.await) }));
        Self {
            address,
            stop,
            task,
        }
    }

    /// A connection that has shaken hands, and for which the kernel keeps little.
    async fn connect(&self) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(KEPT).unwrap();
        socket.set_send_buffer_size(KEPT).unwrap();
        let mut stream = socket.connect(self.address).await.unwrap();
        let mut hello = [0; 1537];
        hello[0] = 3;
        stream.write_all(&hello).await.unwrap();
        let mut answer = [0; 3073];
        stream.read_exact(&mut answer).await.unwrap();
        stream.write_all(&answer[1..1537]).await.unwrap();
        stream
    }
}

/// Bytes in each direction.
const KEPT: u32 = 64 * 1024;

/// A ping request, and as long as its answer: 12 bytes of chunk header, event 6, a timestamp.
const PING: [u8; 18] = [2, 0, 0, 0, 0, 0, 6, 4, 0, 0, 0, 0, 0, 6, 0, 0, 0, 7];

#[tokio::test]
async fn whoever_asks_without_reading_gets_all_answers_when_it_reads() {
    let server = Running::start();
    let (mut from, mut to) = server.connect().await.into_split();
    // More than the kernel takes for a peer that does not read, so that the queue of the session fills too; few enough to be
    // answered long before a session without `connect` ends.
    let count = (3 * 1024 * 1024 + REPLY_QUEUE_BYTES) / PING.len();
    let writer = tokio::spawn(async move {
        let some = PING.repeat(1000);
        for _ in 0..count / 1000 {
            to.write_all(&some).await.unwrap();
        }
        to
    });
    // Nothing is read until the server has stopped reading.
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        !writer.is_finished(),
        "all is read, whoever takes the answers"
    );
    let mut answers = vec![0; count / 1000 * 1000 * PING.len()];
    let read = timeout(Duration::from_secs(30), from.read_exact(&mut answers));
    read.await.expect("no answer is forgotten").unwrap();
    drop(writer.await.unwrap());
}

#[test]
fn a_tunnel_whose_client_has_gone_is_not_said_to_have_stopped_reading() {
    assert_eq!(stalled(None), "the peer stopped reading");
    let silence = Some(Duration::from_millis(14_500));
    assert_eq!(stalled(silence), "no tunnel request came for 14 s");
}

#[tokio::test]
async fn a_stop_waits_for_nobody_who_has_no_session() {
    let server = Running::start();
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut session = server.connect().await;
    server.stop.send(()).unwrap();
    timeout(Duration::from_secs(5), server.task)
        .await
        .expect("stopped")
        .unwrap();
    // Its end comes in an orderly way, not as a reset.
    let mut rest = Vec::new();
    session.read_to_end(&mut rest).await.unwrap();
    drop(silent);
}
