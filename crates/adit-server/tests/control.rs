//! What is seen of a running server from outside, and what can be done with it.
#![cfg(test)]

#[path = "sessions/client.rs"]
mod client;
#[expect(dead_code, reason = "the server is started here")]
mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use adit_rtmp::session::MediaKind;
use adit_server::control::{Control, ControlError, Heard, Listener as Events, Role, Way};
use adit_server::{Listener, MediaRoot, Server, ServerConfig};
use tokio::time::timeout;

use self::client::Client;

/// Only reached when a test fails.
const SOON: Duration = Duration::from_secs(20);

const HEADER: &[u8] = &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f];
const KEY_FRAME: &[u8] = &[0x17, 1, 0, 0, 0, 9, 9, 9];

fn start(config: ServerConfig) -> (SocketAddr, Control) {
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let server = Server::new(config, vec![listener]);
    let (address, control) = (server.local_addrs()[0], server.control());
    tokio::spawn(server.run(std::future::pending()));
    (address, control)
}

/// The names of the next events.
async fn next(events: &mut Events, count: usize) -> Vec<&'static str> {
    let mut names = Vec::new();
    while names.len() < count {
        match timeout(SOON, events.next()).await.expect("an event") {
            Some(Heard::Event(event)) => names.push(event.what.name()),
            other => panic!("{other:?} after {names:?}"),
        }
    }
    names
}

async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < SOON, "never {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn streams_and_connections_are_seen_with_what_they_are_and_do() {
    let (address, control) = start(ServerConfig::default());
    let mut events = control.events();
    let mut publisher = Client::connect(address).await;
    publisher.publish("cam").await;
    publisher.until("NetStream.Publish.Start").await;
    for (at_ms, payload) in [(0, HEADER), (0, KEY_FRAME), (2000, KEY_FRAME)] {
        publisher.send(MediaKind::Video, at_ms, payload).await;
    }
    let mut player = Client::connect(address).await;
    player.play("cam").await;
    player.until_media(2).await;
    assert_eq!(
        next(&mut events, 4).await,
        ["connect", "publish", "connect", "play"]
    );
    until("so far", || control.streams()[0].stats.frames == 3).await;
    let streams = control.streams();
    let [stream] = &*streams else {
        panic!("{streams:?}");
    };
    assert_eq!(
        (stream.key.application(), stream.key.name()),
        ("live", "cam")
    );
    assert_eq!((stream.players, stream.readers), (1, 1));
    assert_eq!(stream.stats.key_interval, Some(Duration::from_secs(2)));
    let codec = stream.tracks.video[0].codec_string.as_deref();
    assert_eq!(codec, Some("avc1.64001f"));
    let connections = control.connections();
    let [first, second] = &*connections else {
        panic!("{connections:?}");
    };
    assert_eq!(Some(first.id), stream.publisher);
    assert_eq!(
        (first.uses[0].role, second.uses[0].role),
        (Role::Publish, Role::Play)
    );
    assert_eq!((first.origin.way, first.origin.local), (Way::Rtmp, address));
    assert!(first.counts.received_bytes > 3000 && second.counts.sent_bytes > 3000);
    let client = first.client.as_ref().expect("it has connected");
    assert_eq!(client.address().application(), "live");
    let instances = control.instances();
    assert_eq!(instances[0].client_count(), 2);

    let before = *control.traffic().of(Way::Rtmp).unwrap();
    assert_eq!((before.open, before.publishers, before.players), (2, 1, 1));
    drop(player);
    assert_eq!(next(&mut events, 2).await, ["stop", "disconnect"]);
    until("gone", || {
        control.traffic().of(Way::Rtmp).unwrap().open == 1
    })
    .await;
    let after = *control.traffic().of(Way::Rtmp).unwrap();
    assert_eq!((after.opened, after.plays, after.players), (2, 1, 0));
    assert!(
        after.sent_bytes >= before.sent_bytes,
        "what went is not forgotten"
    );
}

#[tokio::test]
async fn a_publisher_that_is_not_wanted_hears_why_and_goes() {
    let (address, control) = start(ServerConfig::default());
    let mut publisher = Client::connect(address).await;
    publisher.publish("cam").await;
    publisher.until("NetStream.Publish.Start").await;
    let key = control.streams()[0].key.clone();
    let id = control.kick_publisher(&key, "the show is over").await;
    let id = id.unwrap().expect("a connection of this server");
    publisher.until("NetConnection.Connect.Closed").await;
    publisher.until("end").await;
    until("gone", || control.connections().is_empty()).await;
    let again = control.kick(id, "again");
    assert!(matches!(again, Err(ControlError::NotFound(_))), "{again:?}");
    let again = control.kick_publisher(&key, "again").await;
    assert!(matches!(again, Err(ControlError::NotFound(_))), "{again:?}");
}

#[tokio::test]
async fn somebody_who_only_plays_goes_too_and_so_does_one_who_has_said_nothing() {
    let (address, control) = start(ServerConfig::default());
    let mut publisher = Client::connect(address).await;
    publisher.publish("cam").await;
    publisher.until("NetStream.Publish.Start").await;
    publisher.send(MediaKind::Video, 0, KEY_FRAME).await;
    let mut player = Client::connect(address).await;
    player.play("cam").await;
    player.until_media(1).await;
    let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut silent, &[3])
        .await
        .unwrap();
    until("three", || control.connections().len() == 3).await;
    for connection in &control.connections()[1..] {
        control.kick(connection.id.get(), "not wanted").unwrap();
    }
    player.until("end").await;
    until("one", || control.connections().len() == 1).await;
    assert_eq!(control.streams()[0].players, 0);
}

#[tokio::test]
async fn a_stream_is_recorded_as_long_as_somebody_wants_it() {
    let directory = tempfile::tempdir().unwrap();
    let mut config = ServerConfig::default();
    config.media = Some(MediaRoot::open(directory.path()).unwrap());
    config.recording.reserve = adit_server::Reserve::of(0);
    let (address, control) = start(config);
    let mut publisher = Client::connect(address).await;
    publisher.publish("cam").await;
    publisher.until("NetStream.Publish.Start").await;
    let key = control.streams()[0].key.clone();
    let mut events = control.events();
    control.start_recording(&key).await.unwrap();
    let twice = control.start_recording(&key).await;
    assert!(matches!(twice, Err(ControlError::Conflict(_))), "{twice:?}");
    assert!(control.stream(&key).unwrap().is_recorded);
    publisher.send(MediaKind::Video, 0, HEADER).await;
    publisher.send(MediaKind::Video, 0, KEY_FRAME).await;
    until("written", || control.recordings()[0].bytes > 13).await;
    assert_eq!(&*control.recordings()[0].file, "live/cam.flv");
    control.stop_recording(&key).await.unwrap();
    assert_eq!(next(&mut events, 2).await, ["record", "recorded"]);
    assert!(control.recordings().is_empty());
    let none = control.stop_recording(&key).await;
    assert!(matches!(none, Err(ControlError::NotFound(_))), "{none:?}");
    let files = control.files();
    assert_eq!(files[0].path, "live/cam.flv");
    assert!(files[0].bytes > 13 && control.has_room());
}

#[tokio::test]
async fn a_server_that_drains_lets_nobody_in_and_keeps_who_is_there() {
    let (address, control) = start(ServerConfig::default());
    let mut publisher = Client::connect(address).await;
    publisher.publish("cam").await;
    publisher.until("NetStream.Publish.Start").await;
    let mut events = control.events();
    control.drain();
    control.drain();
    assert!(control.server().is_draining && control.server().is_serving);
    let late = tokio::spawn(Client::connect(address));
    until("refused", || control.stats().snapshot().closed == 1).await;
    assert!(late.await.is_err(), "nobody is let in");
    publisher.send(MediaKind::Video, 0, KEY_FRAME).await;
    until("sent", || control.streams()[0].stats.frames == 1).await;
    assert_eq!(next(&mut events, 1).await, ["drain"]);
}

#[tokio::test]
async fn settings_are_read_again_by_whoever_knows_where_they_are() {
    let (_, control) = start(ServerConfig::default());
    let nobody = control.reload();
    assert!(matches!(nobody, Err(ControlError::Unavailable(_))));
    control.on_reload(|_| Err("line 3 is wrong".to_owned()));
    let failed = control.reload();
    assert_eq!(
        failed,
        Err(ControlError::Failed("line 3 is wrong".to_owned()))
    );
}

#[tokio::test]
async fn delays_are_measured_and_a_listener_that_is_too_slow_hears_how_much_it_missed() {
    let (address, control) = start(ServerConfig::default());
    let mut slow = control.events();
    let mut publisher = Client::connect(address).await;
    publisher.publish("cam").await;
    publisher.until("NetStream.Publish.Start").await;
    publisher.send(MediaKind::Video, 0, KEY_FRAME).await;
    let mut player = Client::connect(address).await;
    player.play("cam").await;
    player.until_media(1).await;
    for number in 1..200 {
        publisher
            .send(MediaKind::Video, number * 40, KEY_FRAME)
            .await;
        player.until_media(1).await;
    }
    let delays = control.delays();
    let delays = delays.of(Way::Rtmp).unwrap();
    assert!((1..=10).contains(&delays.count()), "{delays:?}");
    assert!(delays.sum() < SOON);
    assert!(control.connections()[1].counts.delay.is_some());

    for _ in 0..600 {
        let mut client = Client::connect(address).await;
        client.play("x").await;
        client.until("NetStream.Play.Start").await;
    }
    assert!(matches!(slow.next().await, Some(Heard::Missed(_))));
    assert_eq!(control.stats().limits()["events.queue"], 1);
}
