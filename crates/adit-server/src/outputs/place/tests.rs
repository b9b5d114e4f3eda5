use super::Places;
use crate::limits::outputs::{PATH_BYTES, PATH_PARTS};

fn check(path: &str, expected: &[(&str, &str, &str)]) {
    let places = Places::parse(path).expect(path);
    let found: Vec<_> = places
        .candidates()
        .map(|parts| (parts.application, parts.instance, parts.name))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned()))
        .collect();
    assert_eq!(found, expected, "{path}");
}

#[test]
fn a_path_means_the_likeliest_stream_first() {
    check("/a", &[("", "_definst_", "a")]);
    check("/live/a", &[("live", "_definst_", "a")]);
    check(
        "/live/_definst_/a",
        &[
            ("live", "_definst_", "a"),
            ("live", "_definst_", "_definst_/a"),
        ],
    );
    check(
        "/live/room/a",
        &[("live", "room", "a"), ("live", "_definst_", "room/a")],
    );
    check(
        "/live/b/c/d",
        &[
            ("live", "b/c", "d"),
            ("live", "b", "c/d"),
            ("live", "_definst_", "b/c/d"),
        ],
    );
}

#[test]
fn names_are_decoded_exactly_once() {
    check("/live/%C3%A4%20b", &[("live", "_definst_", "ä b")]);
    check("/live/%2561", &[("live", "_definst_", "%61")]);
    check("/live/a%2Fb", &[("live", "_definst_", "a/b")]);
    check("/live/100%", &[("live", "_definst_", "100%")]);
}

#[test]
fn what_no_stream_is_called_means_none() {
    for path in [
        "",
        "/",
        "live/a",
        "//a",
        "/live//a",
        "/live/",
        "/live/..",
        "/../a",
        "/%2e%2e/a",
        "/live/.",
        "/live/%00",
        "/live/a%0d%0aSet-Cookie:x",
        "/live/%ff",
        "/live/%1b[2J",
    ] {
        assert_eq!(Places::parse(path), None, "{path:?}");
    }
}

#[test]
fn a_path_is_as_long_and_as_deep_as_allowed_and_not_more() {
    let long = |bytes: usize| format!("/live/{}", "x".repeat(bytes - 5));
    assert!(Places::parse(&long(PATH_BYTES)).is_some());
    assert_eq!(Places::parse(&long(PATH_BYTES + 1)), None);
    assert!(Places::parse(&"/x".repeat(PATH_PARTS)).is_some());
    assert_eq!(Places::parse(&"/x".repeat(PATH_PARTS + 1)), None);
}
