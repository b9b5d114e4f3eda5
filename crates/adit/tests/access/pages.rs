//! What a web page of a stranger reads through the browser of somebody who is local.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;
use std::time::Instant;

use adit_testkit::process::Process;
use adit_testkit::server::Transport;

use crate::station::{PATIENCE, Station};

/// The whole answer to a request that comes from this machine, for `host`, from a page of `origin` if it is one.
fn ask(station: &Station, what: &str, host: &str, origin: Option<&str>) -> String {
    let mut socket = TcpStream::connect(station.server.address()).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let origin = origin.map(|origin| format!("Origin: {origin}\r\n"));
    let fields = format!(
        "Host: {host}\r\nConnection: close\r\n{}",
        origin.unwrap_or_default()
    );
    let request = format!("{what} HTTP/1.1\r\n{fields}\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

/// A server with a stream that is live and for local people alone, and its publisher.
fn on_air(http: &str) -> (Station, Process) {
    let station = Station::open(&format!("[access]\nplay = 'local'\n[http]\n{http}"));
    let url = station.server.url(Transport::Rtmp, "live/cam");
    let publisher = Process::start("publisher", &mut station.publisher(&url, "30m"));
    let begun = Instant::now();
    while !ask(&station, "HEAD /live/cam.flv", "localhost", None).contains(" 200 ") {
        assert!(begun.elapsed() < PATIENCE, "{}", station.server.log());
        thread::yield_now();
    }
    (station, publisher)
}

/// Whether the stream can be played, which every output and the list of streams agree about.
#[track_caller]
fn may_watch(station: &Station, host: &str, origin: Option<&str>) -> bool {
    let ways = ["HEAD /live/cam.flv", "HEAD /live/cam/index.m3u8"];
    let [flv, hls] = ways.map(|what| {
        let answer = ask(station, what, host, origin);
        let status = answer.split(' ').nth(1).unwrap().to_owned();
        assert!(["200", "401", "404"].contains(&&*status), "{answer}");
        status == "200"
    });
    let list = ask(station, "GET /streams.json", host, origin);
    let is_listed = list.contains("\"name\":\"cam\"");
    if flv {
        assert!(hls && is_listed, "{host} {origin:?}: {hls} {list}");
    } else {
        assert!(!hls && !is_listed, "{host} {origin:?}: {hls} {list}");
    }
    flv
}

#[test]
fn a_page_of_a_stranger_sees_nothing_that_is_for_local_people() {
    let (station, _publisher) = on_air("hosts = ['cam.example']\n");
    let address = station.server.address().to_string();
    for host in [
        &*address,
        "localhost:1935",
        "media",
        "media.local:1935",
        "cam.example:1935",
    ] {
        // Players and tools, and the page of the server itself.
        assert!(may_watch(&station, host, None), "{host}");
        let own = format!("http://{host}");
        assert!(may_watch(&station, host, Some(&own)), "{own}");
        for page in ["https://evil.example", "http://127.0.0.1", "null"] {
            assert!(!may_watch(&station, host, Some(page)), "{page} asks {host}");
        }
    }
    // A name that its owner made lead here, once his page was loaded.
    for host in [
        "evil.example",
        "evil.example:1935",
        "127.0.0.1.evil.example",
    ] {
        assert!(!may_watch(&station, host, None), "{host}");
        let own = format!("http://{host}");
        assert!(!may_watch(&station, host, Some(&own)), "{own}");
    }
    station.server.assert_sound();
}

#[test]
fn a_page_that_the_operator_names_is_where_its_visitor_is() {
    let (station, _publisher) = on_air("origins = ['http://player.example']\n");
    assert!(may_watch(
        &station,
        "media.local",
        Some("http://player.example")
    ));
    assert!(!may_watch(
        &station,
        "media.local",
        Some("http://other.example")
    ));
    assert!(!may_watch(&station, "player.example", None));
}
