//! Tests: which pages are the server's own.

use super::is_own_page;
use hyper::HeaderMap;
use hyper::header::{HOST, HeaderValue};

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
