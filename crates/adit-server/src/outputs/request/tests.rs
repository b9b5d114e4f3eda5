use std::time::Duration;

use adit_rtmp::command::Query;

use super::{patience, without_port};
use crate::limits::outputs::WAIT;

#[test]
fn a_host_is_named_without_its_port() {
    for (field, host) in [
        ("example.com", "example.com"),
        ("example.com:8080", "example.com"),
        ("[::1]:80", "[::1]"),
        ("[::1]", "[::1]"),
        ("", ""),
    ] {
        assert_eq!(without_port(field), host, "{field}");
    }
}

#[test]
fn a_request_waits_as_long_as_it_wants_to_and_no_longer_than_it_may() {
    let longest = WAIT.as_secs();
    for (query, seconds) in [
        (String::new(), 0),
        ("token=x".to_owned(), 0),
        ("wait=".to_owned(), 0),
        ("wait=-1".to_owned(), 0),
        ("token=x&wait=5".to_owned(), 5),
        (format!("wait={longest}"), longest),
        (format!("wait={}", longest + 1), longest),
        (format!("wait={}", u64::MAX), longest),
    ] {
        let expected = Duration::from_secs(seconds);
        assert_eq!(patience(&Query::from(query.as_str())), expected, "{query}");
    }
}
