//! What a program of the operator's is asked and told about a playlist.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use adit_client::connection::StreamEvent;
use adit_client::media::pattern::Pattern;
use adit_client::media::record::{Recorder, StartTime};
use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::rtmp::command::{Play, PlayStart};
use adit_client::{Client, ConnectOptions, Intent, NetStream, Target};
use adit_testkit::process::Process;
use adit_testkit::server::Transport;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::matrix::get;
use crate::station::{PATIENCE, Station, outcome};

/// A program that says no to `forbidden` and yes to all else, and what it heard.
#[derive(Clone)]
struct Hook {
    url: String,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hook = Self {
            url: format!("http://{}/hook", listener.local_addr().unwrap()),
            heard: Arc::default(),
        };
        let own = hook.clone();
        thread::spawn(move || {
            for socket in listener.incoming() {
                let own = own.clone();
                thread::spawn(move || own.serve(socket.unwrap()));
            }
        });
        hook
    }

    fn serve(&self, mut socket: TcpStream) {
        let mut input = BufReader::new(socket.try_clone().unwrap());
        let (mut line, mut length) = (String::new(), 0);
        while input.read_line(&mut line).is_ok_and(|count| count > 0) {
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                let mut body = vec![0; length];
                input.read_exact(&mut body).unwrap();
                let heard: Value = serde_json::from_slice(&body).unwrap();
                let status = match heard["stream"].as_str() {
                    Some("forbidden") => "403 Forbidden",
                    _ => "200 OK",
                };
                self.heard.lock().unwrap().push(heard);
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
                socket.write_all(answer.as_bytes()).unwrap();
            }
            line.clear();
        }
    }

    /// The streams of all events of a kind, in the order of their names.
    fn streams(&self, event: &str) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let of_kind = heard.iter().filter(|heard| heard["event"] == event);
        let mut streams: Vec<_> = of_kind
            .map(|heard| heard["stream"].as_str().unwrap().to_owned())
            .collect();
        streams.sort();
        streams
    }

    async fn until_heard(&self, event: &str, streams: &[&str]) {
        let begun = Instant::now();
        while self.streams(event) != streams {
            assert!(begun.elapsed() < PATIENCE, "{:?}", self.heard);
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A second and a half.
fn record(station: &Station, name: &str) {
    let mut recorder = Recorder::new(StartTime::Kept);
    let frames = Pattern::new("pattern:160x96@10,100k,key=1".parse().unwrap()).take(80);
    let pushed = frames.map(|frame| recorder.push(&frame).unwrap());
    let bytes: Vec<u8> = pushed.flat_map(|bytes| bytes.to_vec()).collect();
    fs::create_dir_all(station.file("vod")).unwrap();
    fs::write(station.file(&format!("vod/{name}.flv")), bytes).unwrap();
}

fn recording(name: &str) -> Play {
    let mut play = Play::new(name);
    play.start = PlayStart::Recorded { from_ms: 0 };
    play
}

async fn until(stream: &mut NetStream, code: &str) {
    let waiting = async {
        loop {
            match stream.next_event().await.expect("the connection ended") {
                StreamEvent::Status(status) if status.code_text() == code => return,
                _ => {}
            }
        }
    };
    timeout(PATIENCE, waiting).await.expect(code);
}

#[tokio::test]
async fn each_item_of_a_playlist_is_asked_for_and_its_end_is_told() {
    let hook = Hook::start();
    let station = Station::open(&format!(
        "[server]\nmedia = 'MEDIA'\n[access.callbacks]\nplay = '{0}'\nended = '{0}'\n",
        hook.url
    ));
    for name in ["one", "two", "three"] {
        record(&station, name);
    }
    let url = station.server.url(Transport::Rtmp, "vod/any");
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    let client = Client::new(ConnectorConfig::new(tls), GivenProxy::None);
    let options = ConnectOptions::new(Intent::Play);
    let target = Target::parse(&url).unwrap();
    let connection = client.connect(&target, &options).await.unwrap();
    let mut stream = connection.create_stream().await.unwrap();
    stream.play(recording("one")).await.unwrap();
    for name in ["two", "forbidden", "absent", "three"] {
        stream.enqueue(recording(name)).await.unwrap();
    }
    let asked = ["absent", "forbidden", "one", "three", "two"];
    hook.until_heard("play", &asked).await;
    stream.set_buffer(3_600_000).await.unwrap();
    until(&mut stream, "NetStream.Play.Complete").await;
    drop((stream, connection));
    // What was refused has not begun.
    let ended = ["absent", "one", "three", "two"];
    hook.until_heard("play_end", &ended).await;
    for heard in &*hook.heard.lock().unwrap() {
        let is_end = heard["event"] != "play";
        assert_eq!(heard["seconds"].is_number(), is_end, "{heard}");
    }
    station.server.assert_sound();
}

#[test]
fn a_viewer_by_hls_is_asked_about_when_he_begins_and_not_at_every_request() {
    let hook = Hook::start();
    let station = Station::open(&format!("[access.callbacks]\nplay = '{}'\n", hook.url));
    let url = station.server.url(Transport::Rtmp, "live/cam");
    let _publisher = Process::start("publisher", &mut station.publisher(&url, "5m"));
    let address = station.server.address();
    let begun = Instant::now();
    while get(address, "live/cam/index.m3u8?a=1", "").0 != 200 {
        assert!(begun.elapsed() < PATIENCE, "{}", station.server.log());
        thread::sleep(Duration::from_millis(50));
    }
    let asked = || hook.streams("play").len();
    let (before, begun) = (asked(), Instant::now());
    for _ in 0..40 {
        let (status, text) = get(
            address,
            "live/cam/media.m3u8?a=1&_HLS_msn=0&_HLS_part=0",
            "",
        );
        assert_eq!(status, 200, "{text}");
    }
    // Every ten seconds once more.
    let again = usize::try_from(begun.elapsed().as_secs() / 10).unwrap() + 1;
    let count = asked() - before;
    assert!(count <= again, "{count} times in {:?}", begun.elapsed());
    // Who shows something else, and who begins again, is asked about at once.
    for path in ["media.m3u8?a=2", "index.m3u8?a=1"] {
        let before = asked();
        assert_eq!(get(address, &format!("live/cam/{path}"), "").0, 200);
        assert!(asked() > before, "{path}");
    }
    let refused = get(address, "live/forbidden/media.m3u8", "").0;
    assert_eq!(refused, 403);
    station.server.assert_sound();
}

#[test]
fn an_application_has_its_own_program_asked_or_none() {
    let (all, own) = (Hook::start(), Hook::start());
    let station = Station::open(&format!(
        "[access.callbacks]\nplay = '{0}'\npublish = '{0}'\n[apps.own.callbacks]\nplay = '{1}'\n[apps.free.callbacks]\nplay = 'none'\n",
        all.url, own.url
    ));
    let address = station.server.address();
    for (path, status) in [
        ("live/forbidden.flv", 403),
        ("own/forbidden.flv", 403),
        ("free/forbidden.flv", 404),
        ("own/other.flv", 404),
    ] {
        assert_eq!(get(address, path, "").0, status, "{path}");
    }
    assert_eq!(all.streams("play"), ["forbidden"]);
    assert_eq!(own.streams("play"), ["forbidden", "other"]);
    // What an application says nothing about is asked as of all.
    for application in ["own", "free"] {
        let path = format!("{application}/forbidden");
        let url = station.server.url(Transport::Rtmp, &path);
        let (succeeded, said) = outcome(&mut station.publisher(&url, "200ms"));
        assert!(!succeeded, "{said}");
    }
    assert_eq!(all.streams("publish"), ["forbidden", "forbidden"]);
    station.server.assert_sound();
}
