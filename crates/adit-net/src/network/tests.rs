use super::{Network, peer_block};
use std::net::IpAddr;

fn check(network: &str, address: &str, expected: bool) {
    let network: Network = network.parse().unwrap();
    let address: IpAddr = address.parse().unwrap();
    assert_eq!(
        network.contains(address),
        expected,
        "{network} contains {address}"
    );
}

#[test]
fn an_address_lies_in_the_ranges_that_share_its_prefix() {
    check("10.0.0.0/8", "10.255.0.1", true);
    check("10.0.0.0/8", "11.0.0.1", false);
    check("10.1.2.3", "10.1.2.3", true);
    check("10.1.2.3", "10.1.2.4", false);
    check("0.0.0.0/0", "203.0.113.9", true);
    check("0.0.0.0/0", "2001:db8::1", false);
    check("2001:db8::/32", "2001:db8:ffff::1", true);
    check("2001:db8::/32", "2001:db9::1", false);
    check("::/0", "2001:db9::1", true);
}

#[test]
fn a_mapped_address_is_the_ipv4_address_it_stands_for() {
    check("10.0.0.0/8", "::ffff:10.1.1.1", true);
    check("::ffff:10.0.0.0/104", "10.1.1.1", true);
    check("::ffff:10.0.0.1", "10.0.0.1", true);
}

#[test]
fn nonsense_is_refused() {
    for text in [
        "",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "ten",
        "10.0.0.0/8/8",
    ] {
        assert!(text.parse::<Network>().is_err(), "{text:?}");
    }
}

#[test]
fn a_peer_is_an_ipv4_address_or_an_ipv6_64() {
    for (address, expected) in [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
    ] {
        let block = peer_block(address.parse().unwrap());
        assert_eq!(block.to_string(), expected);
    }
}
