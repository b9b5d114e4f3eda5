use clap::CommandFactory as _;

use super::{Arguments, listen_address};

fn check(text: &str, expected: Result<&str, ()>) {
    let parsed = listen_address(text).map(|address| address.to_string());
    assert_eq!(parsed.as_deref().map_err(|_| ()), expected, "{text}");
}

#[test]
fn an_address_to_listen_on_is_written_in_four_ways() {
    check("127.0.0.1:1935", Ok("127.0.0.1:1935"));
    check("[::1]:0", Ok("[::1]:0"));
    check("localhost:80", Ok("127.0.0.1:80"));
    check(":1935", Ok("[::]:1935"));
    check("1935", Ok("[::]:1935"));
}

#[test]
fn what_is_no_address_is_refused() {
    for text in [
        "",
        "example.org:80",
        "127.0.0.1",
        "127.0.0.1:65536",
        ":x",
        "::1:1935:",
    ] {
        check(text, Err(()));
    }
}

#[test]
fn the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}
