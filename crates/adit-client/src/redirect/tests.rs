use std::time::{Duration, Instant};

use super::{RedirectError, Redirects, is_inward_address};
use crate::address::{AddressError, Target};
use crate::limits;

const HERE: &str = "rtmps://me:pw@live.example.com/app/inst//key?t=1";

fn follow(from: &str, to: &str) -> Result<Target, RedirectError> {
    let current = Target::parse(from).unwrap();
    Redirects::new().redirect(&current, to)
}

#[track_caller]
fn check(to: &str, expected: &str) {
    assert_eq!(
        follow(HERE, to).map(|target| target.expose()),
        Ok(expected.to_owned()),
        "{to}"
    );
}

#[test]
fn references_are_resolved_and_the_stream_stays() {
    for (to, expected) in [
        (
            "rtmps://other.example.com/b",
            "rtmps://other.example.com/b/key?t=1",
        ),
        (
            "rtmps://other.example.com:99/b/c",
            "rtmps://other.example.com:99/b/c/key?t=1",
        ),
        (
            "rtmpts://other.example.com",
            "rtmpts://other.example.com//key?t=1",
        ),
        ("//192.0.2.0/b", "rtmps://192.0.2.0/b/key?t=1"),
        ("/b", "rtmps://me:pw@live.example.com/b/key?t=1"),
        ("b", "rtmps://me:pw@live.example.com/app/b/key?t=1"),
        (
            "rtmps://LIVE.example.com:443/b",
            "rtmps://me:pw@live.example.com:443/b/key?t=1",
        ),
        (
            "rtmps://you:x@other.example.com/b",
            "rtmps://other.example.com/b/key?t=1",
        ),
        (
            "rtmps://you:x@live.example.com/b",
            "rtmps://me:pw@live.example.com/b/key?t=1",
        ),
    ] {
        check(to, expected);
    }
}

#[test]
fn servers_are_not_followed_to_worse_places() {
    use RedirectError as E;
    for (from, to, error) in [
        (HERE, "rtmp://live.example.com/app", E::Downgrade),
        (HERE, "rtmpt://other.example.com/app", E::Downgrade),
        (
            HERE,
            "http://live.example.com/",
            E::Address(AddressError::OtherScheme {
                scheme: "http".into(),
            }),
        ),
        (HERE, "rtmps://", E::Address(AddressError::NoHost)),
        (HERE, "rtmps://127.0.0.1/app", E::Inward),
        (HERE, "//localhost/app", E::Inward),
        (HERE, "//printer.local/app", E::Inward),
        (HERE, "//[::ffff:10.0.0.1]/app", E::Inward),
        (HERE, "rtmps://live.example.com/app/inst", E::Circle),
        (HERE, "", E::Circle),
    ] {
        assert_eq!(follow(from, to), Err(error), "{to}");
    }
    assert!(follow("rtmps://h/a/b", "rtmps://h/a?node=2").is_ok());
    assert!(follow("rtmp://h/a/b", "rtmps://h/a").is_ok());
    assert!(follow("rtmp://10.0.0.1/a/b", "rtmp://10.0.0.2/a").is_ok());
}

#[test]
fn a_reconnect_may_name_nothing_or_the_same_place() {
    let current = Target::parse(HERE).unwrap();
    let mut redirects = Redirects::new();
    let now = Instant::now();
    for url in [None, Some(""), Some("/app/inst")] {
        assert_eq!(redirects.reconnect(now, &current, url).unwrap(), current);
    }
}

/// Follows so many redirects, and gives the place they lead to.
fn redirected(redirects: &mut Redirects, times: usize) -> Target {
    let mut current = Target::parse("rtmp://h0/a/key").unwrap();
    for number in 1..=times {
        let url = format!("rtmp://h{number}/a");
        current = redirects.redirect(&current, &url).unwrap();
    }
    current
}

#[test]
fn circles_and_endless_chains_are_left() {
    let mut redirects = Redirects::new();
    let current = redirected(&mut redirects, limits::REDIRECTS);
    let mut go = |url| redirects.redirect(&current, url);
    assert_eq!(go("rtmp://h1/a"), Err(RedirectError::Circle));
    assert_eq!(go("rtmp://new/a"), Err(RedirectError::TooMany));
    redirects.begin();
    redirected(&mut redirects, limits::REDIRECTS);
}

#[test]
fn reconnect_requests_are_followed_so_often_within_a_minute() {
    let current = Target::parse("rtmp://h/a/key").unwrap();
    let mut redirects = Redirects::new();
    let now = Instant::now();
    for _ in 0..limits::RECONNECTS {
        redirects.reconnect(now, &current, None).unwrap();
        redirects.begin();
    }
    let almost = now
        + limits::RECONNECT_WINDOW
            .checked_sub(Duration::from_millis(1))
            .unwrap();
    for at in [now, almost] {
        assert_eq!(
            redirects.reconnect(at, &current, None),
            Err(RedirectError::TooManyReconnects)
        );
    }
    let later = now + limits::RECONNECT_WINDOW;
    assert_eq!(redirects.reconnect(later, &current, None), Ok(current));
}

#[test]
fn redirects_and_reconnect_requests_are_counted_apart() {
    let current = Target::parse("rtmp://h/a/key").unwrap();
    let mut redirects = Redirects::new();
    redirected(&mut redirects, limits::REDIRECTS);
    let now = Instant::now();
    for _ in 0..limits::RECONNECTS {
        redirects.reconnect(now, &current, None).unwrap();
    }
    redirects.begin();
    redirected(&mut redirects, limits::REDIRECTS);
}

#[test]
fn addresses_of_ones_own_network_are_known() {
    for inward in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
    ] {
        assert!(is_inward_address(inward.parse().unwrap()), "{inward}");
    }
    for outward in [
        "192.0.2.1",
        "100.128.0.1",
        "172.32.0.1",
        "2001:db8::1",
        "64:ff9b::c000:201",
    ] {
        assert!(!is_inward_address(outward.parse().unwrap()), "{outward}");
    }
}
