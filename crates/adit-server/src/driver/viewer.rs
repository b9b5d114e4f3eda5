//! A client of a real server for tests of what is played: recordings, live streams, both.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use adit_amf::amf0::Value;
use adit_broker::{Broker, Publication, PublisherInfo, StreamKey};
use adit_media::{Frame, FrameKind};
use adit_rtmp::command::{ClientCommand, Connect, Play, Play2, PlayDuration, PlayStart, Playlist};
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession, MediaKind};
use adit_rtmp::{MessageStreamId, Seed};
use bytes::{Buf as _, Bytes, BytesMut};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::application::{
    Application, Applications, Client, Decision, Instance, Playing, Refusal, Sources,
};
use crate::{Listener, MediaRoot, Server, ServerConfig, ServerStats};

/// A client of a server with recordings `long` of 60 s, and some of 1 s.
pub(in crate::driver) struct Viewer {
    socket: TcpStream,
    session: ClientSession,
    msid: MessageStreamId,
    /// What happened, in words; of pictures their name only.
    seen: Vec<String>,
    /// The times of pictures that were seen.
    pub(in crate::driver) times: Vec<u32>,
    pub(in crate::driver) broker: Broker,
    pub(in crate::driver) stats: ServerStats,
    _server: (oneshot::Sender<()>, TempDir),
}

/// Decides as names say.
#[derive(Debug)]
struct Guard;

impl Application for Guard {
    fn play(&self, _: &Instance, _: &Client, play: &Playing<'_>) -> Decision<Sources> {
        match &*play.location.name {
            "refused" => Decision::refuse(Refusal::new("nobody plays this")),
            "only live" => Decision::allow(Sources::Live),
            "undecided" => Decision::later(std::future::pending()),
            _ => Decision::allow(Sources::Either),
        }
    }
}

impl Viewer {
    pub(in crate::driver) async fn connect() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("live");
        std::fs::create_dir_all(&directory).unwrap();
        let names = ["b", "c", "refused", "only live"].map(|name| (name, 10));
        for (name, pictures) in [("long", 600)].into_iter().chain(names) {
            let path = directory.join(format!("{name}.flv"));
            std::fs::write(path, recording(name.as_bytes()[0], pictures)).unwrap();
        }
        let config = ServerConfig {
            media: Some(MediaRoot::open(folder.path()).unwrap()),
            applications: Applications::default().with("live", Guard),
            ..ServerConfig::default()
        };
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let server = Server::new(config, vec![listener]);
        let address = server.local_addrs()[0];
        let (broker, stats) = (server.broker().clone(), server.stats().clone());
        let (stop, told) = oneshot::channel();
        tokio::spawn(server.run(async move { drop(told.await) }));
        let seed = Seed::new([7; 32]);
        let mut viewer = Self {
            socket: TcpStream::connect(address).await.unwrap(),
            session: ClientSession::new(Instant::now(), ClientConfig::default(), &seed),
            msid: MessageStreamId::CONNECTION,
            seen: Vec::new(),
            times: Vec::new(),
            broker,
            stats,
            _server: (stop, folder),
        };
        let connect = Connect::new("live", "rtmp://localhost/live");
        viewer.session.connect(connect).unwrap();
        viewer.until("connected").await;
        viewer.session.create_stream().unwrap();
        viewer.until("created").await;
        viewer
    }

    /// One that plays `long`.
    pub(in crate::driver) async fn of_long() -> Self {
        let mut viewer = Self::connect().await;
        viewer.play("long", Playlist::Reset);
        viewer.until("long").await;
        viewer
    }

    pub(in crate::driver) fn play(&mut self, name: &str, playlist: Playlist) {
        let mut play = Play::new(name);
        play.start = PlayStart::Recorded { from_ms: 100 };
        play.playlist = playlist;
        self.send(ClientCommand::Play(play));
    }

    pub(in crate::driver) fn play2(&mut self, name: &str, transition: &str) {
        self.send(ClientCommand::Play2(Play2::new(name, transition)));
    }

    /// A live stream for so long.
    pub(in crate::driver) fn play_live(&mut self, name: &str, ms: u32, playlist: Playlist) {
        let mut play = Play::new(name);
        play.start = PlayStart::Live;
        play.duration = PlayDuration::Limited { ms };
        play.playlist = playlist;
        self.send(ClientCommand::Play(play));
    }

    pub(in crate::driver) fn call(&mut self, method: &str, argument: &str) {
        let arguments = vec![argument.into()];
        self.session.call(method.to_owned(), arguments).unwrap();
    }

    /// A publisher on the server itself.
    pub(in crate::driver) fn publish(&self, name: &str) -> Publication {
        let key = StreamKey::new("", "live", "_definst_", name).unwrap();
        let publisher = PublisherInfo::new("test", "here");
        self.broker.publish(key, publisher, Instant::now()).unwrap()
    }

    /// It leaves together with what else is sent before [`until`](Self::until).
    pub(in crate::driver) fn send(&mut self, command: ClientCommand) {
        self.session.send_command(self.msid, command).unwrap();
    }

    /// What is seen up to something that begins with `wanted`.
    pub(in crate::driver) async fn until(&mut self, wanted: &str) -> Vec<String> {
        loop {
            while let Ok(Some(event)) = self.session.poll_event(Instant::now()) {
                self.take(event);
            }
            if let Some(at) = self.seen.iter().position(|seen| seen.starts_with(wanted)) {
                return self.seen.drain(..=at).collect();
            }
            let out = self.session.output();
            let bytes = out.copy_to_bytes(out.remaining());
            self.socket.write_all(&bytes).await.unwrap();
            let mut buffer = BytesMut::with_capacity(64 * 1024);
            let read = self.socket.read_buf(&mut buffer);
            let read = timeout(Duration::from_secs(20), read).await;
            let seen = &self.seen;
            assert!(
                read.is_ok_and(|read| read.unwrap() > 0),
                "{wanted}: {seen:?}"
            );
            self.session.handle_input(Instant::now(), buffer.freeze());
        }
    }

    fn take(&mut self, event: ClientEvent) {
        self.seen.push(match event {
            ClientEvent::Connected(_) => "connected".to_owned(),
            ClientEvent::StreamCreated { msid, .. } => {
                self.msid = msid;
                "created".to_owned()
            }
            ClientEvent::Status { status, .. } => status.description().to_string(),
            ClientEvent::Media {
                kind: MediaKind::Video,
                timestamp,
                payload,
                ..
            } => {
                self.times.push(timestamp.ms());
                format!("picture {}", char::from(payload[1]))
            }
            ClientEvent::Response(response) => {
                let value = response.values.first().and_then(Value::as_number);
                format!("answer {}", value.unwrap_or(f64::NAN))
            }
            _ => return,
        });
    }
}

/// A picture of a live stream.
pub(in crate::driver) fn picture(at: u32) -> Frame {
    let at = adit_media::Timestamp::from_ms(at);
    Frame::classify(
        at,
        FrameKind::Video,
        Bytes::from_static(&[0x12, b'L', 0, 0]),
    )
}

pub(in crate::driver) fn has(seen: &[String], wanted: &str) -> bool {
    seen.iter().any(|seen| seen == wanted)
}

/// Pictures that nobody can decode, ten a second.
fn recording(name: u8, pictures: u32) -> Vec<u8> {
    let mut file = b"FLV\x01\x01\0\0\0\x09\0\0\0\0".to_vec();
    for at in 0..pictures {
        let [high, a, b, c] = (at * 100).to_be_bytes();
        file.extend([9, 0, 0, 4, a, b, c, high, 0, 0, 0, 0x12, name, 0, 0]);
        file.extend(15_u32.to_be_bytes());
    }
    file
}
