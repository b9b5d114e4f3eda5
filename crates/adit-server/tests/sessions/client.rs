//! A client for tests: a real client session over a real socket, driven until something is seen.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use adit_rtmp::command::{ClientCommand, Connect, Play, PublishKind, Status};
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession, MediaKind};
use adit_rtmp::{MessageStreamId, Seed, Timestamp};
use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Long enough for a machine that is busy with everything else; only reached when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client {
    pub(crate) socket: TcpStream,
    session: ClientSession,
    pub(crate) stream: MessageStreamId,
    pub(crate) seen: Vec<String>,
    pub(crate) media: Vec<(MediaKind, u32, Bytes)>,
}

impl Client {
    /// Connects to the application `live` and creates a stream.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let socket = TcpStream::connect(server)
            .await
            .expect("the server listens");
        let session =
            ClientSession::new(Instant::now(), ClientConfig::default(), &Seed::new([7; 32]));
        let stream = MessageStreamId::CONNECTION;
        let mut client = Self {
            socket,
            session,
            stream,
            seen: Vec::new(),
            media: Vec::new(),
        };
        let mut connect = Connect::default();
        connect.app = "live".into();
        connect.tc_url = Some("rtmp://localhost/live".into());
        client
            .session
            .connect(connect)
            .expect("nothing else was asked");
        client.until("connected").await;
        client.session.create_stream().expect("connected");
        client.until("stream created").await;
        client
    }

    pub(crate) async fn publish(&mut self, name: &str) {
        self.publish_as(name, PublishKind::Live).await;
    }

    pub(crate) async fn publish_as(&mut self, name: &str, kind: PublishKind) {
        self.session
            .publish(self.stream, name.to_owned(), kind)
            .expect("the stream exists");
        self.flush().await;
    }

    pub(crate) async fn play(&mut self, name: &str) {
        self.session
            .play(self.stream, Play::new(name.to_owned()))
            .expect("the stream exists");
        self.flush().await;
    }

    pub(crate) async fn command(&mut self, command: ClientCommand) {
        self.session
            .send_command(self.stream, command)
            .expect("the stream exists");
        self.flush().await;
    }

    pub(crate) async fn call(&mut self, method: &str) {
        self.session
            .call(method.to_owned(), Vec::new())
            .expect("connected");
        self.flush().await;
    }

    pub(crate) async fn send(&mut self, kind: MediaKind, at_ms: u32, payload: &[u8]) {
        let at = Timestamp::from_ms(at_ms);
        let payload = Bytes::copy_from_slice(payload);
        self.session
            .send_media(self.stream, kind, at, &payload)
            .expect("publishing");
        self.flush().await;
    }

    /// Goes on until something that begins with `wanted` was seen: a status code or one of the words of [`describe`].
    pub(crate) async fn until(&mut self, wanted: &str) {
        self.until_one_of(&[wanted]).await;
    }

    /// The same for the first of several; gives what was seen.
    pub(crate) async fn until_one_of(&mut self, wanted: &[&str]) -> String {
        let is_wanted = |seen: &String| wanted.iter().any(|wanted| seen.starts_with(wanted));
        let waiting = async {
            loop {
                self.work_off();
                if let Some(at) = self.seen.iter().position(is_wanted) {
                    return self.seen.drain(..=at).next_back().expect("at least this");
                }
                self.turn().await;
            }
        };
        let found = timeout(PATIENCE, waiting).await.ok();
        assert!(found.is_some(), "no {wanted:?}; seen: {:?}", self.seen);
        found.unwrap_or_default()
    }

    /// Goes on until `count` media messages have come, and takes them.
    pub(crate) async fn until_media(&mut self, count: usize) -> Vec<(MediaKind, u32, Bytes)> {
        let waiting = async {
            loop {
                self.work_off();
                if self.media.len() >= count {
                    return;
                }
                self.turn().await;
            }
        };
        let came = timeout(PATIENCE, waiting).await.is_ok();
        assert!(
            came,
            "{} of {count} media messages; seen: {:?}",
            self.media.len(),
            self.seen
        );
        self.media.drain(..count).collect()
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
            }
            Ok(_) => self.session.handle_input(Instant::now(), buffer.freeze()),
        }
    }

    async fn flush(&mut self) {
        let out = self.session.output();
        let bytes = out.copy_to_bytes(out.remaining());
        // A server that has hung up is noticed when reading.
        drop(self.socket.write_all(&bytes).await);
    }

    fn work_off(&mut self) {
        while let Ok(Some(event)) = self.session.poll_event(Instant::now()) {
            match event {
                ClientEvent::StreamCreated { msid, .. } => {
                    self.stream = msid;
                    self.seen.push("stream created".to_owned());
                }
                // What the server says about the stream itself (`|RtmpSampleAccess`) is none of its media.
                ClientEvent::Media {
                    kind: MediaKind::Data,
                    ..
                } => {}
                ClientEvent::Media {
                    kind,
                    timestamp,
                    payload,
                    ..
                } => {
                    self.media.push((kind, timestamp.ms(), payload));
                }
                other => self.seen.push(describe(&other)),
            }
        }
    }
}

fn describe(event: &ClientEvent) -> String {
    match event {
        ClientEvent::Connected(_) => "connected".to_owned(),
        ClientEvent::Status { status, .. } => words(status),
        ClientEvent::Response(response) => match response.status() {
            Some(status) => words(&status),
            None => "response".to_owned(),
        },
        other => format!("{other:?}"),
    }
}

fn words(status: &Status) -> String {
    format!("{} {}", status.code_text(), status.description())
}
