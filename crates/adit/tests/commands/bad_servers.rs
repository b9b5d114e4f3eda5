//! Peers that are no servers of streams: a clear message within bounded time.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::run;

/// The longest that a command may take to give up; its deadline is 9 s.
const GIVES_UP_WITHIN: Duration = Duration::from_secs(20);

/// A peer that does the same with each connection.
fn peer(behave: impl Fn(TcpStream) + Send + Sync + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let behave = behave.clone();
            thread::spawn(move || behave(stream));
        }
    });
    address
}

/// Says `bytes` to whoever has said something, and ends the connection.
fn says(bytes: &'static [u8]) -> impl Fn(TcpStream) + Send + Sync + Clone + 'static {
    move |mut stream| {
        let mut first = [0; 4096];
        if stream.read(&mut first).is_ok() && stream.write_all(bytes).is_ok() {
            // What is not read makes the end a reset.
            thread::sleep(Duration::from_millis(200));
        }
    }
}

/// Says `bytes` over and over.
fn repeats(
    bytes: &'static [u8],
    pause: Duration,
) -> impl Fn(TcpStream) + Send + Sync + Clone + 'static {
    move |mut stream| {
        let drain = stream.try_clone().unwrap();
        thread::spawn(move || std::io::copy(&mut &drain, &mut std::io::sink()));
        while stream.write_all(bytes).is_ok() {
            thread::sleep(pause);
        }
    }
}

fn check(address: SocketAddr, words: &[&str]) {
    for scheme in ["rtmp", "rtmpt", "rtmps"] {
        let began = Instant::now();
        let failed = run(&["play", &format!("{scheme}://{address}/live/name")]);
        assert!(
            began.elapsed() < GIVES_UP_WITHIN,
            "{scheme}: {:?}",
            began.elapsed()
        );
        failed.assert_code(3);
        let error = failed.error();
        let clear = words
            .iter()
            .any(|word| error.contains(word) || failed.err.contains(word));
        assert!(clear, "{scheme}: {}", failed.err);
    }
}

#[test]
fn a_web_server_is_told_as_one() {
    let page: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n<html></html>";
    check(peer(says(page)), &["HTTP", "web", "TLS"]);
    let not_found: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    check(peer(says(not_found)), &["HTTP", "web", "TLS"]);
}

#[test]
fn garbage_is_told_as_no_rtmp() {
    let garbage = &[0xA5; 4096];
    let words = ["not RTMP", "another kind of server", "TLS"];
    check(peer(says(garbage)), &words);
    check(peer(says(b"SSH-2.0-OpenSSH_9.6\r\n")), &words);
}

#[test]
fn silence_is_given_up() {
    check(
        peer(|stream| {
            let mut stream = stream;
            drop(std::io::copy(&mut stream, &mut std::io::sink()));
        }),
        &["no answer in time"],
    );
}

#[test]
fn one_byte_a_second_is_given_up() {
    check(
        peer(repeats(b"\x03", Duration::from_secs(1))),
        &["in time", "another kind of server", "TLS"],
    );
}

#[test]
fn a_header_without_end_is_given_up() {
    let endless = |mut stream: TcpStream| {
        let drain = stream.try_clone().unwrap();
        thread::spawn(move || std::io::copy(&mut &drain, &mut std::io::sink()));
        if stream.write_all(b"HTTP/1.1 200 OK\r\nX: ").is_ok() {
            while stream.write_all(&[b'a'; 4096]).is_ok() {}
        }
    };
    check(peer(endless), &["HTTP", "nothing answers RTMP", "TLS"]);
}

#[test]
fn a_peer_that_hangs_up_is_told_as_such() {
    check(peer(drop), &["closed", "reset"]);
}
