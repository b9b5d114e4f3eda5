use std::net::SocketAddr;

use super::{matching, taken_in_by};

/// For each address the one that answers for it, or nothing.
#[track_caller]
fn check(asked: &[&str], expected: &[Option<&str>]) {
    let parse = |text: &str| -> SocketAddr { text.parse().unwrap() };
    let addresses: Vec<SocketAddr> = asked.iter().map(|text| parse(text)).collect();
    let got: Vec<_> = (0..addresses.len())
        .map(|place| taken_in_by(&addresses, place))
        .collect();
    let expected: Vec<_> = expected.iter().map(|one| one.map(parse)).collect();
    assert_eq!(got, expected, "{asked:?}");
}

#[test]
fn the_address_of_everything_takes_in_all_others_of_its_port() {
    let all = Some("[::]:1935");
    check(&["[::]:1935", "0.0.0.0:1935"], &[None, all]);
    check(&["0.0.0.0:1935", "[::]:1935"], &[all, None]);
    check(
        &["127.0.0.1:1935", "[::1]:1935", "0.0.0.0:1935", "[::]:1935"],
        &[all, all, all, None],
    );
    check(&["0.0.0.0:80", "[::]:1935"], &[None, None]);
}

#[test]
fn every_ipv4_address_takes_in_ipv4_only() {
    check(
        &["127.0.0.1:80", "[::1]:80", "0.0.0.0:80"],
        &[Some("0.0.0.0:80"), None, None],
    );
}

#[test]
fn the_same_twice_is_bound_once_and_free_ports_each_time() {
    check(
        &["127.0.0.1:80", "127.0.0.1:80"],
        &[None, Some("127.0.0.1:80")],
    );
    check(&["[::]:80", "[::]:80"], &[None, Some("[::]:80")]);
    check(&["[::]:0", "0.0.0.0:0", "[::]:0"], &[None, None, None]);
}

/// For each address that is needed the place of the socket that is there for it.
#[track_caller]
fn check_matching(there: &[&str], needed: &[&str], expected: &[Option<usize>]) {
    let parse = |texts: &[&str]| -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    };
    let got = matching(&parse(there), &parse(needed));
    assert_eq!(got, expected, "{there:?} {needed:?}");
}

#[test]
fn sockets_that_are_there_are_gone_on_with_where_they_are_asked_for() {
    let there = ["[::]:1935", "127.0.0.1:80", "127.0.0.1:4001"];
    check_matching(
        &there,
        &["127.0.0.1:80", "[::]:443", "[::]:1935"],
        &[Some(1), None, Some(0)],
    );
    // What is asked for by number is not given to whoever takes any.
    check_matching(
        &there,
        &["127.0.0.1:0", "127.0.0.1:80", "127.0.0.1:0"],
        &[Some(2), Some(1), None],
    );
    check_matching(&["0.0.0.0:80"], &["[::]:80"], &[Some(0)]);
    check_matching(&["[::]:80"], &["127.0.0.1:80"], &[None]);
}
