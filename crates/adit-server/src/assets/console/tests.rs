//! Tests: where the console is, and what it may do.

use super::console;
use adit_net::http::HeaderMap;
use adit_net::http::header::{self, HeaderValue};

fn policy(host: &'static str, public: &[&str]) -> String {
    let mut asked = HeaderMap::new();
    asked.insert(header::HOST, HeaderValue::from_static(host));
    let public: Vec<_> = public
        .iter()
        .map(|address| address.parse().unwrap())
        .collect();
    let page = console("/console/", &asked, &public).unwrap();
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY]
        .to_str()
        .unwrap();
    let mut parts = policy.split("; ");
    parts
        .find(|part| part.starts_with("connect-src"))
        .unwrap()
        .to_owned()
}

#[test]
fn the_console_may_ask_itself_and_the_public_ports() {
    for (host, public, expected) in [
        ("127.0.0.1:8935", &[][..], "connect-src 'self'"),
        (
            "127.0.0.1:8935",
            &["0.0.0.0:1935", "192.0.2.7:80"],
            "connect-src 'self' http://127.0.0.1:1935 ws://127.0.0.1:1935 http://192.0.2.7:80 ws://192.0.2.7:80",
        ),
        (
            "[::1]:8935",
            &["[::]:1935", "[2001:db8::1]:80"],
            "connect-src 'self' http://[::1]:1935 ws://[::1]:1935 http://[2001:db8::1]:80 ws://[2001:db8::1]:80",
        ),
        (
            "localhost",
            &["[::]:1935"],
            "connect-src 'self' http://localhost:1935 ws://localhost:1935",
        ),
        // Nothing that somebody puts there becomes a directive.
        (
            "a; script-src *",
            &["0.0.0.0:1935"],
            "connect-src 'self' http://0.0.0.0:1935 ws://0.0.0.0:1935",
        ),
    ] {
        assert_eq!(policy(host, public), expected, "{host}");
    }
}

#[test]
fn the_files_of_the_console_are_below_it() {
    let asked = HeaderMap::new();
    let status = |path| console(path, &asked, &[]).map(|response| response.status().as_u16());
    assert_eq!(status("/console"), Some(308));
    for path in [
        "/console/",
        "/console/_adit/console/console.js",
        "/console/_adit/shared/player.js",
        "/console/_adit/vendor/mpegts.js",
    ] {
        assert_eq!(status(path), Some(200), "{path}");
    }
    for path in [
        "/",
        "/console/index.html",
        "/console/_adit/",
        "/console/_adit/README.md",
        "/consoles",
    ] {
        assert_eq!(status(path), None, "{path}");
    }
}
