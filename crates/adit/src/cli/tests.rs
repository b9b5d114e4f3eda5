use clap::CommandFactory as _;

use super::{Arguments, LocalListen, listen_address, local_listen};

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
fn only_an_address_given_in_full_opens_a_tunnel_to_others() {
    for text in ["1936", ":1936", "localhost:1936"] {
        assert_eq!(local_listen(text), Ok(LocalListen::Port(1936)), "{text}");
    }
    for text in ["0.0.0.0:1936", "[::]:1936", "127.0.0.1:1936"] {
        let address = LocalListen::Address(text.parse().unwrap());
        assert_eq!(local_listen(text), Ok(address));
    }
    for text in ["", ":", "65536", "example.org:80", "localhost"] {
        assert!(local_listen(text).is_err(), "{text}");
    }
}

#[test]
fn the_command_line_is_consistent() {
    Arguments::command().debug_assert();
}
