//! What browsers and HTTP players get, of a server in this process: how late parts are, and what viewers leave behind.
#![cfg(test)]

use std::env;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use adit_broker::{Broker, Publication, PublisherInfo, StreamKey};
use adit_media::Frame;
use adit_media::pattern::Pattern;
use adit_net::Ports;
use adit_server::control::Control;
use adit_server::{Listener, Server, ServerConfig};
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, sleep_until};

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Running {
    address: SocketAddr,
    broker: Broker,
    control: Control,
    _stop: oneshot::Sender<()>,
}

fn start() -> Running {
    let mut config = ServerConfig::default();
    // All of them come from here, and at once.
    config.net.admission.unauthenticated = 10_000;
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let server = Server::new(config, vec![listener]);
    let (stop, stopped) = oneshot::channel();
    let running = Running {
        address: server.local_addrs()[0],
        broker: server.broker().clone(),
        control: server.control(),
        _stop: stop,
    };
    tokio::spawn(server.run(async move { stopped.await.unwrap_or(()) }));
    running
}

fn publish(broker: &Broker) -> Publication {
    let key = StreamKey::new("", "live", "_definst_", "cam").unwrap();
    broker
        .publish(key, PublisherInfo::new("1", "here"), Instant::now())
        .unwrap()
}

fn clip() -> impl Iterator<Item = Frame> {
    Pattern::new("pattern:320x180@30,200k,key=1".parse().unwrap())
}

/// Publishes the clip until it is told to end, from now on.
fn publish_in_real_time(broker: &Broker) -> (JoinHandle<()>, tokio::time::Instant) {
    let mut publication = publish(broker);
    let began = tokio::time::Instant::now();
    let publisher = tokio::spawn(async move {
        for frame in clip() {
            let due = began + Duration::from_millis(frame.at().ms().into());
            sleep_until(due).await;
            publication.push(Instant::now(), frame);
            publication.flush(Instant::now() + Duration::from_secs(1));
        }
    });
    (publisher, began)
}

/// Asks, and reads until the other end is done; nothing if there is nobody.
async fn ask(server: SocketAddr, path: &str) -> Option<Vec<u8>> {
    ask_from("127.0.0.1", server, path).await
}

/// The same from another address of this machine.
async fn ask_from(local: &str, server: SocketAddr, path: &str) -> Option<Vec<u8>> {
    ask_for(local, server, &format!("GET {path}")).await
}

/// The same for anything but a body.
async fn ask_for(local: &str, server: SocketAddr, first: &str) -> Option<Vec<u8>> {
    let socket = TcpSocket::new_v4().ok()?;
    socket.bind(SocketAddr::new(local.parse().ok()?, 0)).ok()?;
    let mut stream = socket.connect(server).await.ok()?;
    let request = format!("{first} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.ok()?;
    Some(bytes)
}

async fn get(server: SocketAddr, path: &str) -> String {
    let bytes = ask(server, path).await.unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A thousand times with `ADIT_SOAK`.
#[tokio::test(flavor = "multi_thread")]
async fn viewers_that_come_while_a_stream_ends_leave_nothing_behind() {
    let rounds = if env::var_os("ADIT_SOAK").is_some() {
        1_000
    } else {
        3
    };
    let viewers = with_descriptors_for(VIEWERS);
    let server = start();
    // What is there for good is there after the first one.
    ask(server.address, "/live/cam.flv").await;
    let tasks = || Handle::current().metrics().num_alive_tasks();
    until_deserted(&server, usize::MAX).await;
    let at_rest = tasks();
    for round in 0..rounds {
        let publication = publish_at_once(&server.broker);
        let mut asking = JoinSet::new();
        // Each round from an address of its own, which has ports for it.
        let from = format!("127.1.{}.{}", round / 250, round % 250 + 1);
        for count in 0..viewers {
            let (address, from) = (server.address, from.clone());
            asking.spawn(async move {
                sleep(Duration::from_millis(count % 300)).await;
                ask_from(&from, address, "/live/cam.flv").await
            });
        }
        // It ends in the midst of their coming.
        let some = usize::try_from(viewers / 4).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while server.control.connections().len() < some {
            assert!(
                Instant::now() < deadline,
                "nobody is let in in round {round}"
            );
            sleep(Duration::from_millis(1)).await;
        }
        drop(publication);
        let (mut played, mut late) = (0, 0);
        while let Some(ended) = asking.join_next().await {
            let answer = ended.unwrap().unwrap_or_default();
            played += u64::from(answer.starts_with(b"HTTP/1.1 200"));
            late += u64::from(answer.starts_with(b"HTTP/1.1 404"));
        }
        assert!(played > 0, "some were in time");
        assert_eq!(
            played + late,
            viewers,
            "{played} and {late} in round {round}"
        );
        until_deserted(&server, at_rest).await;
    }
}

/// As many of these viewers as there may be descriptors for, two for each and some for the rest.
fn with_descriptors_for(viewers: u64) -> u64 {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    limit
        .current
        .map_or(viewers, |most| viewers.min(most.saturating_sub(200) / 2))
}

/// What a publisher sends in two seconds, all at once.
fn publish_at_once(broker: &Broker) -> Publication {
    let mut publication = publish(broker);
    for frame in clip().take(60) {
        publication.push(Instant::now(), frame);
    }
    publication
}

/// Waits until nobody is there, no stream, and no more tasks than this.
async fn until_deserted(server: &Running, tasks: usize) {
    let deadline = Instant::now() + PATIENCE;
    let alive = || Handle::current().metrics().num_alive_tasks();
    while !server.control.connections().is_empty()
        || !server.broker.streams().is_empty()
        || alive() > tasks
    {
        assert!(
            Instant::now() < deadline,
            "{} tasks of {tasks}, {:?}",
            alive(),
            server.control.connections()
        );
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_drains_lets_viewers_go_on_and_no_other_one_begin() {
    let server = start();
    let (publisher, _) = publish_in_real_time(&server.broker);
    let index = get(server.address, "/live/cam/index.m3u8").await;
    assert!(index.starts_with("HTTP/1.1 200"), "{index}");
    server.control.drain();
    let playlist = get(server.address, "/live/cam/media.m3u8").await;
    assert!(playlist.starts_with("HTTP/1.1 200"), "{playlist}");
    let map = playlist.lines().find(|line| line.contains("EXT-X-MAP"));
    let file = format!("/live/cam/{}", map.unwrap().split('"').nth(1).unwrap());
    let stays = ask(server.address, &file).await.unwrap();
    assert!(stays.starts_with(b"HTTP/1.1 200"));
    let others = [
        ("127.0.0.1", "/live/cam.flv"),
        ("127.0.0.1", "/live/cam/index.m3u8"),
        ("127.0.0.2", "/live/cam/media.m3u8"),
        ("127.0.0.2", file.as_str()),
    ];
    for (from, path) in others {
        let answer = ask_from(from, server.address, path).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).to_lowercase();
        for expected in ["http/1.1 503", "retry-after: 5", "connection: close"] {
            assert!(answer.contains(expected), "{from} {path}: {answer}");
        }
    }
    for first in ["GET /", "GET /streams.json", "POST /open/1"] {
        let answer = ask_for("127.0.0.2", server.address, first).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 503"), "{first}: {answer}");
    }
    assert_eq!(server.control.connections().len(), 1);
    publisher.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn ports_close_when_the_last_viewer_by_hls_has_gone_and_let_nobody_else_in_before() {
    let server = start();
    let (publisher, _) = publish_in_real_time(&server.broker);
    let index = get(server.address, "/live/cam/index.m3u8").await;
    assert!(index.starts_with("HTTP/1.1 200"), "{index}");
    server.control.take_down(Ports::Closed);
    let playlist = get(server.address, "/live/cam/media.m3u8").await;
    assert!(playlist.starts_with("HTTP/1.1 200"), "{playlist}");
    for path in ["/live/cam/media.m3u8", "/live/cam.flv", "/"] {
        let answer = ask_from("127.0.0.2", server.address, path).await.unwrap();
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with("HTTP/1.1 503"), "{path}: {answer}");
    }
    let viewers = server.control.connections();
    server.control.kick(viewers[0].id.get(), "go").unwrap();
    let deadline = Instant::now() + PATIENCE;
    while ask(server.address, "/").await.is_some() {
        assert!(Instant::now() < deadline, "the port is still open");
        sleep(Duration::from_millis(10)).await;
    }
    publisher.abort();
}

const VIEWERS: u64 = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_there_within_half_a_second_of_its_first_picture() {
    let server = start();
    let (publisher, began) = publish_in_real_time(&server.broker);
    let (address, mut delays) = (server.address, Vec::new());
    let mut text = get(address, "/live/cam/media.m3u8").await;
    let first = first_of(&text).to_owned();
    for _ in 0..20 {
        let hint = text
            .lines()
            .find(|line| line.contains("PRELOAD-HINT"))
            .unwrap();
        let name = hint.split('"').nth(1).unwrap().to_owned();
        let numbers = name
            .trim_end_matches(".m4s")
            .split_once('-')
            .unwrap()
            .1
            .to_owned();
        let (segment, part) = numbers.split_once('.').unwrap();
        let path = format!("/live/cam/media.m3u8?_HLS_msn={segment}&_HLS_part={part}");
        text = get(address, &path).await;
        let elapsed = began.elapsed().as_secs_f64();
        delays.push(elapsed - time_of(&text, &first));
    }
    publisher.abort();
    delays.sort_by(f64::total_cmp);
    let (median, worst) = (delays[delays.len() / 2], delays[delays.len() - 1]);
    // To this a player adds what the playlist asks for: three parts, 1.05 s.
    assert!(worst < 0.9 && median < 0.5, "{delays:?}");
}

/// The number of the first segment of a playlist.
fn first_of(text: &str) -> &str {
    let tag = "#EXT-X-MEDIA-SEQUENCE:";
    let first = text.lines().find_map(|line| line.strip_prefix(tag));
    first.unwrap()
}

/// The media time at which the newest part of a playlist ends: that of all segments from the `first` one on.
fn time_of(text: &str, first: &str) -> f64 {
    assert_eq!(first_of(text), first, "the whole stream is listed\n{text}");
    let number = |line: &str, tag: &str| -> Option<f64> {
        line.strip_prefix(tag)?.split(',').next()?.parse().ok()
    };
    let whole: f64 = text
        .lines()
        .filter_map(|line| number(line, "#EXTINF:"))
        .sum();
    // Parts behind the last whole segment.
    let tail = text.rsplit("#EXTINF:").next().unwrap();
    let parts = tail
        .lines()
        .filter_map(|line| number(line, "#EXT-X-PART:DURATION="));
    whole + parts.sum::<f64>()
}

#[test]
fn the_time_of_a_playlist_is_that_of_its_segments_and_of_the_parts_behind_them() {
    let text = "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-PART:DURATION=1.000,URI=\"a\"\n#EXTINF:1.000,\na\n#EXT-X-PART:DURATION=0.250,URI=\"b\"\n";
    assert!((time_of(text, "0") - 1.25).abs() < 1e-9);
}
