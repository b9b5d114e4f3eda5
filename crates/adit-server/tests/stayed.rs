//! What can be done at a server with those who stayed with the one that it has taken over from.
#![cfg(test)]

#[path = "support/before.rs"]
mod before;
#[expect(dead_code, reason = "some of it is for other tests")]
#[path = "sessions/client.rs"]
mod client;
#[expect(dead_code, reason = "the servers are started here")]
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_broker::{Broker, PublisherInfo, StreamKey};
use adit_rtmp::session::MediaKind;
use adit_server::control::{Control, ControlError, StreamInfo};
use adit_server::{Listener, MediaRoot, Server, ServerConfig, Visitors};

use self::before::Before;
use self::client::Client;

/// Only reached when a test fails.
const SOON: Duration = Duration::from_secs(20);

const HEADER: &[u8] = &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f];
const KEY_FRAME: &[u8] = &[0x17, 1, 0, 0, 0, 9, 9, 9];

/// One of several servers, each of which has taken over from the one before it.
struct Generation {
    address: SocketAddr,
    control: Control,
    visitors: Visitors,
    broker: Broker,
}

impl Generation {
    /// The first one.
    fn first(media: Option<&Path>) -> Self {
        Self::run(Server::new(config(media), vec![listener()]))
    }

    /// The one after this, with a port of its own.
    fn next(&self, media: Option<&Path>) -> Self {
        let before = Arc::new(Before(self.visitors.clone()));
        let server = Server::succeeding(before, config(media), vec![listener()]);
        Self::run(server)
    }

    fn run(server: Server) -> Self {
        let (address, control) = (server.local_addrs()[0], server.control());
        let (visitors, broker) = (server.visitors(), server.broker().clone());
        tokio::spawn(server.run(std::future::pending()));
        Self {
            address,
            control,
            visitors,
            broker,
        }
    }

    /// Waits until the stream is as it is wanted here.
    async fn until(&self, what: &str, is_so: impl Fn(&StreamInfo) -> bool) -> StreamInfo {
        let begun = Instant::now();
        loop {
            if let Some(stream) = self.control.stream(&key()).filter(&is_so) {
                return stream;
            }
            assert!(begun.elapsed() < SOON, "never {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn file(&self) -> String {
        self.control.recordings()[0].file.to_string()
    }
}

fn listener() -> Listener {
    Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port")
}

fn config(media: Option<&Path>) -> ServerConfig {
    let mut config = ServerConfig::default();
    config.media = media.map(|path| MediaRoot::open(path).unwrap());
    config.recording.reserve = adit_server::Reserve::of(0);
    config
}

fn key() -> StreamKey {
    StreamKey::new("", "live", "_definst_", "cam").unwrap()
}

async fn publish(server: &Generation) -> Client {
    let mut publisher = Client::connect(server.address).await;
    publisher.publish("cam").await;
    publisher.until("NetStream.Publish.Start").await;
    for payload in [HEADER, KEY_FRAME] {
        publisher.send(MediaKind::Video, 0, payload).await;
    }
    publisher
}

#[tokio::test]
async fn a_publisher_who_stayed_is_shown_and_sent_away_through_all_the_servers_between() {
    let first = Generation::first(None);
    let second = first.next(None);
    let third = second.next(None);
    let mut publisher = publish(&first).await;
    let peer = first.control.stream(&key()).unwrap().peer.unwrap();
    assert!(peer.starts_with("127.0.0.1:"), "{peer}");
    let shows = |stream: &StreamInfo| stream.peer.as_deref() == Some(&*peer);
    let stream = third.until("shown", shows).await;
    assert!(stream.has_stayed && stream.publisher.is_none());
    assert!(!first.control.stream(&key()).unwrap().has_stayed);
    let kicked = third
        .control
        .kick_publisher(&key(), "the show is over")
        .await;
    assert_eq!(kicked, Ok(None));
    publisher.until("NetConnection.Connect.Closed").await;
    publisher.until("end").await;
    let gone = Instant::now();
    while !first.control.connections().is_empty() || third.control.stream(&key()).is_some() {
        assert!(gone.elapsed() < SOON, "never gone");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let again = third.control.kick_publisher(&key(), "again").await;
    assert!(matches!(again, Err(ControlError::NotFound(_))), "{again:?}");
    // Whoever comes back is one of the server he comes to.
    let _back = publish(&third).await;
    let back = third.control.stream(&key()).unwrap();
    assert!(!back.has_stayed && back.publisher.is_some());
}

#[tokio::test]
async fn a_publisher_who_moved_to_the_server_in_the_midst_is_sent_away_there() {
    let first = Generation::first(None);
    let second = first.next(None);
    let third = second.next(None);
    let _publisher = publish(&first).await;
    third.until("mirrored", |stream| stream.has_stayed).await;
    let mut moved = publish(&second).await;
    third
        .until("moved", |stream| {
            let peer = second.control.stream(&key()).and_then(|it| it.peer);
            stream.has_stayed && stream.peer.is_some() && stream.peer == peer
        })
        .await;
    let kicked = third.control.kick_publisher(&key(), "go").await;
    assert_eq!(kicked, Ok(None));
    moved.until("end").await;
}

#[tokio::test]
async fn what_the_server_before_publishes_itself_is_not_sent_away() {
    let first = Generation::first(None);
    let second = first.next(None);
    let relay = PublisherInfo::new("relay", "far");
    let _published = first.broker.publish(key(), relay, Instant::now()).unwrap();
    second.until("mirrored", |stream| stream.has_stayed).await;
    let kicked = second.control.kick_publisher(&key(), "go").await;
    assert!(
        matches!(kicked, Err(ControlError::Conflict(_))),
        "{kicked:?}"
    );
}

#[tokio::test]
async fn a_recording_at_the_server_before_is_shown_ended_and_not_begun_a_second_time() {
    let directory = tempfile::tempdir().unwrap();
    let first = Generation::first(Some(directory.path()));
    let second = first.next(None);
    let third = second.next(Some(directory.path()));
    let _publisher = publish(&first).await;
    third.until("mirrored", |stream| stream.has_stayed).await;
    let none = third.control.stop_recording(&key()).await;
    assert!(matches!(none, Err(ControlError::NotFound(_))), "{none:?}");
    first.control.start_recording(&key()).await.unwrap();
    third.until("recorded", |stream| stream.is_recorded).await;
    // Both would write the same file.
    let twice = third.control.start_recording(&key()).await;
    assert!(matches!(twice, Err(ControlError::Conflict(_))), "{twice:?}");
    third.control.stop_recording(&key()).await.unwrap();
    third
        .until("recorded no more", |stream| !stream.is_recorded)
        .await;
    assert!(first.control.recordings().is_empty());
    // And now here, where it can be ended without anybody else.
    third.control.start_recording(&key()).await.unwrap();
    assert_eq!(third.file(), "live/cam.flv");
    assert!(first.control.recordings().is_empty());
    third.control.stop_recording(&key()).await.unwrap();
    third
        .until("recorded no more", |stream| !stream.is_recorded)
        .await;
    assert_eq!(third.control.files().len(), 2);
}
