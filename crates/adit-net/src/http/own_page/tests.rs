//! Tests: which pages are the server's own.

use super::{is_from_stranger, is_own_page};
use hyper::HeaderMap;
use hyper::header::{HOST, HeaderValue, ORIGIN};

#[test]
fn a_page_is_known_by_an_address_or_by_a_certificate_and_never_by_a_name_alone() {
    for (origin, host, is_own) in [
        ("http://192.0.2.7:1935", "192.0.2.7:1935", true),
        ("http://192.0.2.7", "192.0.2.7", true),
        ("http://[2001:db8::1]:8080", "[2001:db8::1]:8080", true),
        ("http://[2001:db8::1]", "[2001:db8::1]", true),
        ("http://localhost:1935", "localhost:1935", true),
        ("http://localhost", "LOCALHOST", true),
        ("https://media.example", "media.example", true),
        ("https://media.example:8443", "Media.Example:8443", true),
        // Whoever owns this name can make it lead anywhere.
        ("http://rebound.example", "rebound.example", false),
        ("http://localhost.example", "localhost.example", false),
        ("http://1.2.3.4.example", "1.2.3.4.example", false),
        // Another page.
        ("http://192.0.2.7:81", "192.0.2.7:80", false),
        ("https://media.example", "media.example:444", false),
        ("https://evil.example", "192.0.2.7", false),
        ("ftp://192.0.2.7", "192.0.2.7", false),
        ("null", "null", false),
        ("", "", false),
    ] {
        let mut fields = HeaderMap::new();
        fields.insert(HOST, HeaderValue::from_static(host));
        let own = is_own_page(&HeaderValue::from_static(origin), &fields);
        assert_eq!(own, is_own, "{origin} asks {host}");
    }
}

#[test]
fn without_a_host_there_is_nothing_to_know_a_page_by() {
    let origin = HeaderValue::from_static("http://192.0.2.7");
    assert!(!is_own_page(&origin, &HeaderMap::new()));
}

/// Whether a stranger may be behind a request to `host` from a page of `origin`, if there is one; over TLS or not.
fn strange(origin: Option<&str>, host: &str, is_tls: bool) -> bool {
    let mut fields = HeaderMap::new();
    fields.insert(HOST, host.parse().unwrap());
    if let Some(origin) = origin {
        fields.insert(ORIGIN, origin.parse().unwrap());
    }
    let hosts = ["media.example".to_owned()];
    is_from_stranger(&fields, is_tls, &hosts, |page| {
        page == "http://player.example"
    })
}

#[test]
fn a_host_that_no_stranger_can_lead_here_is_asked_by_nobody_strange() {
    for host in [
        "192.0.2.7",
        "192.0.2.7:1935",
        "[2001:db8::1]:1935",
        "[2001:db8::1]",
        "localhost:1935",
        "cam.localhost",
        "media",
        "media:1935",
        "media.local",
        "Studio.Media.LOCAL:8080",
        "media.local.",
        "media.home.arpa",
        "media.internal",
        "media.example",
        "Media.Example:1935",
        "media.example.:1935",
    ] {
        assert!(!strange(None, host, false), "{host}");
        assert!(
            !strange(Some(&format!("http://{host}")), host, false),
            "{host}"
        );
    }
    // What sends no Host is no browser.
    assert!(!is_from_stranger(&HeaderMap::new(), false, &[], |_| false));
}

#[test]
fn a_name_that_a_stranger_may_own_is_strange_unless_tls_has_shown_it() {
    for host in [
        "evil.example",
        "evil.example:1935",
        "local.evil.example",
        "evillocal.example",
        "192.0.2.7.evil.example",
        "other.media.example",
        "media.example.evil",
        ".local",
        "evil..local",
        "media.lan",
        "3221225991",
        "media:evil.example",
        "evil.example/.local",
        "evil.example@media.local",
        "",
    ] {
        assert!(strange(None, host, false), "{host}");
        assert!(!strange(None, host, true), "{host}");
    }
}

#[test]
fn a_page_of_another_site_is_strange_wherever_it_asks() {
    for is_tls in [false, true] {
        for (origin, host) in [
            ("https://evil.example", "192.0.2.7:1935"),
            ("http://192.0.2.7:81", "192.0.2.7:80"),
            ("http://media", "media.local"),
            ("http://evil.example", "evil.example"),
            ("null", "192.0.2.7"),
            ("file://", "localhost"),
        ] {
            assert!(strange(Some(origin), host, is_tls), "{origin} asks {host}");
        }
        assert!(!strange(
            Some("http://player.example"),
            "media.local",
            is_tls
        ));
    }
    assert!(!strange(Some("https://a.example"), "a.example", true));
    // Several fields are nothing that browsers send.
    let mut fields = HeaderMap::new();
    fields.append(HOST, HeaderValue::from_static("192.0.2.7"));
    fields.append(HOST, HeaderValue::from_static("evil.example"));
    assert!(is_from_stranger(&fields, false, &[], |_| false));
}
