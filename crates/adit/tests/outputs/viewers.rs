//! Who watches by HTTP is a connection like any other: listed, counted, measured, and ended by the API.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, json};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::support::{ADIT, Answer, PATIENCE, ask, get, publish, wait_for, wait_until_live};
use crate::websocket::{connect, next};

/// A server with a stream that is live, seen through its API.
struct Stage {
    server: AditServer,
    api: SocketAddr,
    bearer: String,
    _publisher: Process,
}

impl Stage {
    fn start() -> Self {
        let server = AditServer::start_with(ADIT, |command| {
            command.args(["--api", "127.0.0.1:0"]);
        });
        let api = server.printed("api on http://").parse().unwrap();
        let token = fs::read_to_string(server.printed("api token in ")).unwrap();
        let publisher = publish(&server, "cam", 120);
        wait_until_live(server.address(), "cam");
        Self {
            server,
            api,
            bearer: format!("Authorization: Bearer {}\r\n", token.trim()),
            _publisher: publisher,
        }
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    fn api(&self, method: &str, path: &str) -> Answer {
        let answer = ask(self.api, method, path, &self.bearer);
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        answer
    }

    /// The connections by this transport.
    fn connections(&self, transport: &str) -> Vec<Value> {
        let all = json(self.api("GET", "/api/v1/connections").text());
        let all = all["items"].as_array().unwrap().iter();
        all.filter(|it| it["transport"] == transport)
            .cloned()
            .collect()
    }

    /// The only connection by this transport, as soon as it is `like` that.
    fn connection(&self, transport: &str, like: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let found = self.connections(transport);
            if let [found] = found.as_slice()
                && like(found)
            {
                return found.clone();
            }
            assert!(Instant::now() < deadline, "{transport}: {found:?}");
            sleep(Duration::from_millis(50));
        }
    }

    fn kick(&self, connection: &Value) {
        let path = format!("/api/v1/connections/{}/kick", connection["id"]);
        let fields = format!(
            "{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{REASON}",
            self.bearer,
            REASON.len()
        );
        assert_eq!(ask(self.api, "POST", &path, &fields).status, 200);
    }

    /// Waits for a line with all of that.
    fn is_in_the_log(&self, parts: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        let is_it = |line: &str| parts.iter().all(|part| line.contains(part));
        while !self.server.log().lines().any(is_it) {
            assert!(
                Instant::now() < deadline,
                "{parts:?}\n{}",
                self.server.log()
            );
            sleep(Duration::from_millis(50));
        }
    }

    fn until_gone(&self, transport: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.connections(transport).is_empty() {
            assert!(Instant::now() < deadline, "{transport} is still listed");
            sleep(Duration::from_millis(50));
        }
    }

    /// The value of a series.
    fn metric(&self, series: &str) -> f64 {
        let answer = self.api("GET", "/metrics");
        let value = answer
            .text()
            .lines()
            .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value
            .unwrap_or_else(|| panic!("no {series}"))
            .parse()
            .unwrap()
    }
}

const REASON: &str = "{\"reason\":\"the show is over\"}";

/// Watches by HTTP-FLV until that ends; gives the last bytes.
fn watch(server: SocketAddr) -> JoinHandle<Vec<u8>> {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = "GET /live/cam.flv HTTP/1.1\r\nHost: a\r\nUser-Agent: a <player>\r\nConnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    std::thread::spawn(move || {
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        received.split_off(received.len().saturating_sub(5))
    })
}

#[test]
fn a_viewer_by_http_flv_is_listed_measured_and_ended() {
    let stage = Stage::start();
    let viewer = watch(stage.address());
    let listed = stage.connection("http-flv", |it| !it["delay_ms"].is_null());
    assert_eq!(listed["application"], "live", "{listed}");
    assert_eq!(listed["client"], "a <player>", "{listed}");
    assert_eq!(listed["uses"][0]["role"], "play", "{listed}");
    assert_eq!(listed["uses"][0]["name"], "cam", "{listed}");
    assert!(listed["sent_bytes"].as_u64().unwrap() > 10_000, "{listed}");
    assert!(listed["delay_ms"].as_f64().unwrap() < 2_000.0, "{listed}");
    let stream = json(stage.api("GET", "/api/v1/streams?name=cam").text());
    assert_eq!(stream["items"][0]["players"], 1, "{stream}");
    for (series, least) in [
        ("adit_connections{transport=\"http-flv\"}", 1.0),
        ("adit_players{transport=\"http-flv\"}", 1.0),
        ("adit_sent_bytes_total{transport=\"http-flv\"}", 10_000.0),
        (
            "adit_delivery_delay_seconds_count{transport=\"http-flv\"}",
            1.0,
        ),
    ] {
        assert!(stage.metric(series) >= least, "{series}");
    }
    stage.kick(&listed);
    assert_eq!(
        viewer.join().unwrap(),
        b"0\r\n\r\n",
        "the body ends as it should"
    );
    stage.until_gone("http-flv");
    assert!(stage.metric("adit_plays_total{transport=\"http-flv\"}") >= 1.0);
    stage.is_in_the_log(&[
        "opened",
        "transport=http-flv",
        "app=\"live\" stream=\"cam\"",
    ]);
    stage.is_in_the_log(&[
        "closed",
        "transport=http-flv",
        "stream=\"cam\"",
        "reason=\"ended from outside: the show is over\"",
    ]);
    stage.server.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_by_websocket_is_listed_measured_and_told_why_it_is_ended() {
    let stage = Stage::start();
    let mut socket = connect(&stage.server, "/live/cam.flv", None).await.unwrap();
    let watching = tokio::spawn(async move {
        loop {
            if let Message::Close(frame) = next(&mut socket).await {
                return frame.unwrap();
            }
        }
    });
    let listed = stage.connection("ws-flv", |it| !it["delay_ms"].is_null());
    assert_eq!(listed["uses"][0]["name"], "cam", "{listed}");
    stage.kick(&listed);
    let told = watching.await.unwrap();
    assert_eq!(told.code, CloseCode::Policy);
    assert_eq!(told.reason.as_str(), "the show is over");
    stage.until_gone("ws-flv");
    stage.server.assert_sound();
}

#[test]
fn a_viewer_by_hls_is_one_connection_whatever_it_asks_for_until_it_is_ended() {
    let stage = Stage::start();
    let server = stage.address();
    for path in ["index.m3u8", "media.m3u8"] {
        wait_for(server, &format!("/live/cam/{path}"));
    }
    let media = get(server, "/live/cam/media.m3u8");
    let hint = media
        .text()
        .lines()
        .find(|line| line.contains("PRELOAD-HINT"))
        .and_then(|line| line.split('"').nth(1))
        .unwrap()
        .to_owned();
    let part = get(server, &format!("/live/cam/{hint}"));
    assert_eq!(part.status, 200, "{part:?}");
    let listed = stage.connection("hls", |it| !it["delay_ms"].is_null());
    let sent = listed["sent_bytes"].as_u64().unwrap();
    assert!(sent > part.body.len() as u64, "{listed}");
    // From its first picture on, which is what a part adds to the delay.
    let delay = listed["delay_ms"].as_f64().unwrap();
    assert!((100.0..2_000.0).contains(&delay), "{listed}");
    assert!(stage.metric("adit_players{transport=\"hls\"}") >= 1.0);
    stage.kick(&listed);
    stage.until_gone("hls");
    for path in ["media.m3u8", hint.as_str()] {
        let answer = get(server, &format!("/live/cam/{path}"));
        assert_eq!(answer.status, 403, "{path}: {answer:?}");
    }
    for path in ["index.m3u8", "media.m3u8"] {
        assert_eq!(get(server, &format!("/live/cam/{path}")).status, 200);
    }
    let again = stage.connection("hls", |_| true);
    assert_ne!(again["id"], listed["id"]);
    // Whoever does not come again is gone after a while.
    stage.until_gone("hls");
    stage.is_in_the_log(&["closed", "transport=hls", "reason=\"the viewer has gone\""]);
    let log = stage.server.log();
    let lines = log.lines().filter(|line| line.contains("transport=hls"));
    assert_eq!(lines.count(), 4, "twice, from coming to going\n{log}");
    stage.server.assert_sound();
}

#[test]
fn the_log_says_which_stream_was_refused_by_http_and_why() {
    let server = AditServer::start_with(ADIT, |command| {
        command.env("ADIT_ACCESS__PLAY", "nobody");
    });
    for path in ["/live/cam.flv", "/live/cam/index.m3u8"] {
        assert_eq!(get(server.address(), path).status, 403, "{path}");
    }
    let line = server.log_line("status=403", PATIENCE);
    for part in [
        "request refused",
        "stream=\"live/cam\"",
        "nobody may play anything of this application: access.play = \\\"nobody\\\"",
    ] {
        assert!(line.contains(part), "no {part} in {line}");
    }
    let open = AditServer::start(ADIT);
    assert_eq!(get(open.address(), "/live/cam.flv").status, 404);
    let line = open.log_line("status=404", PATIENCE);
    let expected = "stream=\"live/cam\" reason=\"it is not live\"";
    assert!(line.contains(expected), "{line}");
}
