//! What the tests of a running server share: the server, and a client's session on a socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use adit_amf::amf0::Value;
use adit_rtmp::command::{ClientCommand, Connect, Status};
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession};
use adit_rtmp::{MessageStreamId, Seed};
use adit_server::{Listener, Objects, Server, ServerConfig, ServerStats};
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Long enough for a machine that is busy with everything else; only reached when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that stops when told to or dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stats: ServerStats,
    pub(crate) objects: Objects,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

impl Running {
    /// A server on a free port of loopback.
    pub(crate) fn with(config: ServerConfig) -> Self {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        Self::of(Server::new(config, vec![listener]))
    }

    pub(crate) fn of(server: Server) -> Self {
        let address = *server.local_addrs().first().expect("it listens");
        let stats = server.stats().clone();
        let objects = server.objects().clone();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(server.run(async move {
            // An error means that the test is over: that is a reason to stop as well.
            drop(stopped.await);
        }));
        Self {
            address,
            stats,
            objects,
            stop,
            ended,
        }
    }

    /// Tells it to stop; what this gives waits until it has, in order.
    pub(crate) fn stop(self) -> impl Future<Output = ()> {
        self.stop.send(()).expect("the server runs");
        async {
            let ended = timeout(PATIENCE, self.ended).await;
            ended.expect("the server ends").expect("without a panic");
        }
    }
}

/// What a client makes of the events of its session.
pub(crate) trait Hear {
    /// Takes an event; tells it in words if a test may wait for it.
    fn hear(&mut self, session: &mut ClientSession, event: ClientEvent) -> Option<String>;
}

/// A real client session over a real socket, driven until something is seen.
pub(crate) struct Wire<H> {
    pub(crate) socket: TcpStream,
    pub(crate) session: ClientSession,
    /// The stream that was created last.
    pub(crate) stream: MessageStreamId,
    /// What happened, in words.
    pub(crate) seen: Vec<String>,
    /// What else was made of it.
    pub(crate) heard: H,
    end: End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Ahead,
    Seen,
}

impl<H: Hear> Wire<H> {
    /// Asks for a connection.
    pub(crate) async fn ask_for(server: SocketAddr, connect: Connect, heard: H) -> Self {
        let socket = TcpStream::connect(server)
            .await
            .expect("the server listens");
        let seed = Seed::new([7; 32]);
        let mut session = ClientSession::new(Instant::now(), ClientConfig::default(), &seed);
        session.connect(connect).expect("the first request");
        let mut wire = Self {
            socket,
            session,
            stream: MessageStreamId::CONNECTION,
            seen: Vec::new(),
            heard,
            end: End::Ahead,
        };
        wire.flush().await;
        wire
    }

    /// Creates a stream once it is connected.
    pub(crate) async fn create_stream(&mut self) {
        self.until("connected").await;
        self.session.create_stream().expect("connected");
        self.until("stream created").await;
    }

    pub(crate) async fn command(&mut self, msid: MessageStreamId, command: ClientCommand) {
        let sent = self.session.send_command(msid, command);
        sent.expect("the stream exists");
        self.flush().await;
    }

    pub(crate) async fn call(&mut self, method: &str, arguments: Vec<Value>) {
        let called = self.session.call(method.to_owned(), arguments);
        called.expect("connected");
        self.flush().await;
    }

    /// Goes on until something that begins with `wanted` was seen, and gives it.
    pub(crate) async fn until(&mut self, wanted: &str) -> String {
        self.until_one_of(&[wanted]).await
    }

    /// The same for the first of several.
    pub(crate) async fn until_one_of(&mut self, wanted: &[&str]) -> String {
        self.all_until(wanted).await.pop().unwrap_or_default()
    }

    /// The same, with all that was seen before.
    pub(crate) async fn all_until(&mut self, wanted: &[&str]) -> Vec<String> {
        let is_wanted = |seen: &String| wanted.iter().any(|wanted| seen.starts_with(wanted));
        let seen = self.wait_for(|wire| {
            let at = wire.seen.iter().position(is_wanted)?;
            Some(wire.seen.drain(..=at).collect())
        });
        let seen = seen.await;
        assert!(seen.is_some(), "no {wanted:?}; seen: {:?}", self.seen);
        seen.unwrap_or_default()
    }

    /// Goes on until `find` gives something; `None` if the server ends before or takes too long.
    pub(crate) async fn wait_for<T>(
        &mut self,
        mut find: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let waiting = async {
            loop {
                self.work_off();
                match find(self) {
                    None if self.end == End::Ahead => self.turn().await,
                    found => return found,
                }
            }
        };
        timeout(PATIENCE, waiting).await.ok().flatten()
    }

    /// One write and one read.
    async fn turn(&mut self) {
        self.flush().await;
        let mut buffer = BytesMut::with_capacity(64 * 1024);
        match self.socket.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => {
                self.session.handle_eof(Instant::now());
                self.work_off();
                self.seen.push("end".to_owned());
                self.end = End::Seen;
            }
            Ok(_) => self.session.handle_input(Instant::now(), buffer.freeze()),
        }
    }

    pub(crate) async fn flush(&mut self) {
        let out = self.session.output();
        let bytes = out.copy_to_bytes(out.remaining());
        // A server that has hung up is noticed when reading.
        drop(self.socket.write_all(&bytes).await);
    }

    fn work_off(&mut self) {
        while let Ok(Some(event)) = self.session.poll_event(Instant::now()) {
            let seen = match event {
                ClientEvent::Connected(_) => Some("connected".to_owned()),
                ClientEvent::StreamCreated { msid, .. } => {
                    self.stream = msid;
                    Some("stream created".to_owned())
                }
                other => self.heard.hear(&mut self.session, other),
            };
            self.seen.extend(seen);
        }
    }
}

/// A status: its code and its description.
pub(crate) fn words(status: &Status) -> String {
    format!("{} {}", status.code_text(), status.description())
}
