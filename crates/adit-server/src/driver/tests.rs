use std::future::{Future as _, poll_fn};
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use adit_rtmp::command::{ClientCommand, Connect, Play, PlayStart, Receive};
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession};
use adit_rtmp::{MessageStreamId, Seed};
use bytes::{Buf as _, BytesMut};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::stalled;
use crate::limits::REPLY_QUEUE_BYTES;
use crate::{Listener, MediaRoot, Server, ServerConfig};

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

/// A connection that plays a recording of large pictures, and the number of turns that its driver has had.
async fn player_of_large_pictures(media: &std::path::Path) -> (Player, Arc<AtomicUsize>) {
    let folder = media.join("live");
    std::fs::create_dir(&folder).unwrap();
    let mut file = b"FLV\x01\x01\0\0\0\x09\0\0\0\0".to_vec();
    for at in 0..LARGE_PICTURES {
        let [_, size @ ..] = u32::try_from(LARGE).unwrap().to_be_bytes();
        let [high, time @ ..] = (at * 100).to_be_bytes();
        file.extend([&[9], &size[..], &time, &[high, 0, 0, 0, 0x12]].concat());
        file.resize(file.len() + LARGE - 1, 0);
        file.extend(u32::try_from(LARGE + 11).unwrap().to_be_bytes());
    }
    std::fs::write(folder.join("large.flv"), file).unwrap();
    let config = ServerConfig {
        media: Some(MediaRoot::open(media).unwrap()),
        ..ServerConfig::default()
    };
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let mut server = Server::new(config, vec![listener]);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(KEPT).unwrap();
    let socket = socket.connect(server.local_addrs()[0]).await.unwrap();
    let seed = Seed::new([7; 32]);
    let mut session = ClientSession::new(Instant::now(), ClientConfig::default(), &seed);
    session
        .connect(Connect::new("live", "rtmp://localhost/live"))
        .unwrap();
    let mut player = Player { socket, session };
    // By its first bytes the server knows what it speaks.
    player.send().await;
    let driver = server.accept().await;
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    tokio::spawn(async move {
        let _server = server;
        let mut driver = pin!(driver);
        poll_fn(|cx| {
            counted.fetch_add(1, Ordering::Relaxed);
            driver.as_mut().poll(cx)
        })
        .await;
    });
    let is_connected = |event: &ClientEvent| matches!(event, ClientEvent::Connected(_));
    player.until(is_connected).await;
    player.session.create_stream().unwrap();
    let is_created = |event: &ClientEvent| matches!(event, ClientEvent::StreamCreated { .. });
    player.until(is_created).await;
    (player, turns)
}

struct Player {
    socket: TcpStream,
    session: ClientSession,
}

impl Player {
    async fn send(&mut self) {
        let out = self.session.output();
        let bytes = out.copy_to_bytes(out.remaining());
        self.socket.write_all(&bytes).await.unwrap();
    }

    async fn until(&mut self, is_wanted: impl Fn(&ClientEvent) -> bool) {
        loop {
            while let Some(event) = self.session.poll_event(Instant::now()).unwrap() {
                if is_wanted(&event) {
                    return;
                }
            }
            self.send().await;
            let mut buffer = BytesMut::with_capacity(64 * 1024);
            self.socket.read_buf(&mut buffer).await.unwrap();
            self.session.handle_input(Instant::now(), buffer.freeze());
        }
    }

    /// Plays, and says as much more at the same time.
    fn play(&mut self, more: usize) {
        let msid = MessageStreamId::new(1);
        let mut play = Play::new("large");
        play.start = PlayStart::Recorded { from_ms: 0 };
        self.session
            .send_command(msid, ClientCommand::Play(play))
            .unwrap();
        self.session.set_buffer_length(msid, 300).unwrap();
        for _ in 0..more {
            let command = ClientCommand::ReceiveAudio(Receive::On);
            self.session.send_command(msid, command).unwrap();
        }
    }
}

/// Bytes of a picture: more than is queued for a peer before its commands have to wait.
const LARGE: usize = 400_000;
const LARGE_PICTURES: u32 = 50;

/// Turns of a driver that waits: a few, for a timer that rings early.
const FEW: usize = 50;

async fn a_player_that_stops_reading_costs_few_turns(more: usize) {
    let media = tempfile::tempdir().unwrap();
    let (mut player, turns) = player_of_large_pictures(media.path()).await;
    player.play(more);
    player.send().await;
    // Nothing more fits the socket after that, and the next picture is due.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let before = turns.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let spent = turns.load(Ordering::Relaxed) - before;
    assert!(spent <= FEW, "{spent} turns");
}

#[tokio::test]
async fn a_recording_that_is_due_for_a_player_that_does_not_read_costs_no_time() {
    a_player_that_stops_reading_costs_few_turns(0).await;
}

#[tokio::test]
async fn commands_that_came_too_fast_from_a_player_that_does_not_read_cost_no_time() {
    a_player_that_stops_reading_costs_few_turns(2_000).await;
}
