//! Recordings by a client of a real server: what is told, and in which order.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use adit_rtmp::command::{ClientCommand, Connect, Play, Play2, PlayStart, Playlist, Receive};
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession, MediaKind};
use adit_rtmp::{MessageStreamId, Seed};
use bytes::{Buf as _, BytesMut};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{Transition, Wishes};
use crate::limits::playback::WISHES;
use crate::{Listener, MediaRoot, Server, ServerConfig};

/// A client of a server with recordings `long` of 60 s, and `b` and `c` of 1 s.
struct Viewer {
    socket: TcpStream,
    session: ClientSession,
    msid: MessageStreamId,
    /// What happened, in words; of pictures their name only.
    seen: Vec<String>,
    _server: (oneshot::Sender<()>, TempDir),
}

impl Viewer {
    async fn connect() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("live");
        std::fs::create_dir_all(&directory).unwrap();
        for (name, pictures) in [("long", 600), ("b", 10), ("c", 10)] {
            let path = directory.join(format!("{name}.flv"));
            std::fs::write(path, recording(name.as_bytes()[0], pictures)).unwrap();
        }
        let config = ServerConfig {
            media: Some(MediaRoot::open(folder.path()).unwrap()),
            ..ServerConfig::default()
        };
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let server = Server::new(config, vec![listener]);
        let address = server.local_addrs()[0];
        let (stop, told) = oneshot::channel();
        tokio::spawn(server.run(async move { drop(told.await) }));
        let seed = Seed::new([7; 32]);
        let mut viewer = Self {
            socket: TcpStream::connect(address).await.unwrap(),
            session: ClientSession::new(Instant::now(), ClientConfig::default(), &seed),
            msid: MessageStreamId::CONNECTION,
            seen: Vec::new(),
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
    async fn of_long() -> Self {
        let mut viewer = Self::connect().await;
        viewer.play("long", Playlist::Reset);
        viewer.until("long").await;
        viewer
    }

    fn play(&mut self, name: &str, playlist: Playlist) {
        let mut play = Play::new(name);
        play.start = PlayStart::Recorded { from_ms: 100 };
        play.playlist = playlist;
        self.send(ClientCommand::Play(play));
    }

    fn play2(&mut self, name: &str, transition: &str) {
        self.send(ClientCommand::Play2(Play2::new(name, transition)));
    }

    /// It leaves together with what else is sent before [`until`](Self::until).
    fn send(&mut self, command: ClientCommand) {
        self.session.send_command(self.msid, command).unwrap();
    }

    /// What is seen up to something that begins with `wanted`.
    async fn until(&mut self, wanted: &str) -> Vec<String> {
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
                payload,
                ..
            } => {
                format!("picture {}", char::from(payload[1]))
            }
            _ => return,
        });
    }
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

fn has(seen: &[String], wanted: &str) -> bool {
    seen.iter().any(|seen| seen == wanted)
}

#[tokio::test]
async fn what_was_to_follow_a_play_that_was_refused_does_not_follow_another() {
    let mut viewer = Viewer::connect().await;
    viewer.play("nothing", Playlist::Reset);
    viewer.play("b", Playlist::Append);
    viewer.until("there is no recording of nothing").await;
    viewer.play("c", Playlist::Reset);
    let seen = viewer.until("c has ended").await;
    assert!(has(&seen, "picture c"), "{seen:?}");
    assert!(!has(&seen, "picture b"), "{seen:?}");
}

#[tokio::test]
async fn what_is_appended_right_after_a_reset_is_played_after_it() {
    let mut viewer = Viewer::of_long().await;
    viewer.play2("b", "reset");
    viewer.play2("c", "append");
    let seen = viewer.until("c has ended").await;
    assert!(has(&seen, "b: it is about to play"), "{seen:?}");
    assert!(has(&seen, "b plays from now on"), "{seen:?}");
    assert!(has(&seen, "picture b"), "{seen:?}");
}

#[tokio::test]
async fn of_two_resets_the_last_one_counts() {
    let mut viewer = Viewer::of_long().await;
    viewer.play2("b", "reset");
    viewer.play2("c", "reset");
    let seen = viewer.until("c has ended").await;
    assert!(!has(&seen, "b plays from now on"), "{seen:?}");
}

#[tokio::test]
async fn who_wants_no_pictures_gets_none_after_a_reset_either() {
    let mut viewer = Viewer::of_long().await;
    viewer.send(ClientCommand::ReceiveVideo(Receive::Off));
    viewer.play2("b", "reset");
    let seen = viewer.until("b has ended").await;
    assert!(!has(&seen, "picture b"), "{seen:?}");
}

#[test]
fn the_buffers_of_so_many_streams_are_remembered() {
    let msid = MessageStreamId::new;
    let most = u32::try_from(WISHES).unwrap();
    let mut wishes = Wishes::default();
    for stream in 1..=most {
        wishes.set_buffer(msid(stream), stream);
        wishes.set_buffer(msid(stream), stream + 1);
    }
    let buffer = |wishes: &Wishes, stream| wishes.buffer(msid(stream));
    assert_eq!(buffer(&wishes, 1), Some(Duration::from_millis(2)));
    wishes.set_buffer(msid(most + 1), 7);
    assert_eq!(buffer(&wishes, 1), None);
    assert_eq!(buffer(&wishes, 2), Some(Duration::from_millis(3)));
    assert_eq!(buffer(&wishes, most + 1), Some(Duration::from_millis(7)));
}

#[test]
fn transitions_have_the_names_of_flash_in_any_case() {
    let check = |text, expected| assert_eq!(Transition::parse(text), expected);
    check("switch", Some(Transition::Switch));
    check("appendAndWait", Some(Transition::Append));
    check("SWAP", Some(Transition::Swap));
    check("resume", Some(Transition::Reset));
    check("fade", None);
}
