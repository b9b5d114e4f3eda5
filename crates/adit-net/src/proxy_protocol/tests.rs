use super::{Addresses, BadHeader, Progress, parse_v1, parse_v2};
use crate::limits;
use ppp::v2::{Builder, Command, Protocol, Version};
use proptest::prelude::*;
use std::net::SocketAddr;

const V1: &[u8] = b"PROXY TCP4 198.51.100.7 203.0.113.1 51234 1935\r\n";

fn addresses(peer: &str, local: &str) -> Addresses {
    Addresses {
        peer: peer.parse().unwrap(),
        local: local.parse().unwrap(),
    }
}

fn v2(command: Command, peer: &str, local: &str) -> Vec<u8> {
    let ends: (SocketAddr, SocketAddr) = (peer.parse().unwrap(), local.parse().unwrap());
    Builder::with_addresses(Version::Two | command, Protocol::Stream, ends)
        .build()
        .unwrap()
}

fn check_v1(bytes: &[u8], expected: &Result<Progress, BadHeader>) {
    assert_eq!(
        &parse_v1(bytes),
        expected,
        "{:?}",
        bytes.escape_ascii().to_string()
    );
}

#[test]
fn a_text_header_names_both_ends() {
    let whole = Ok(Progress::Whole {
        length: V1.len(),
        addresses: Some(addresses("198.51.100.7:51234", "203.0.113.1:1935")),
    });
    check_v1(V1, &whole);
    check_v1(&[V1, b"\x03abc\r\n"].concat(), &whole);
    let v6 = b"PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n";
    check_v1(
        v6,
        &Ok(Progress::Whole {
            length: v6.len(),
            addresses: Some(addresses("[2001:db8::1]:1", "[2001:db8::2]:2")),
        }),
    );
}

#[test]
fn a_text_header_may_know_nothing() {
    for line in [
        &b"PROXY UNKNOWN\r\n"[..],
        b"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n",
    ] {
        check_v1(
            line,
            &Ok(Progress::Whole {
                length: line.len(),
                addresses: None,
            }),
        );
    }
}

#[test]
fn a_text_header_ends_within_107_bytes() {
    check_v1(&[b'P'; 106], &Ok(Progress::NeedMore));
    check_v1(&[b'P'; 107], &Err(BadHeader));
}

#[test]
fn nonsense_in_a_text_header_is_refused() {
    for line in [
        &b"PROXY TCP4 1.2.3 4.5.6.7 1 2\r\n"[..],
        b"PROXY TCP4 1.2.3.4 4.5.6.7 1 65536\r\n",
        b"PROXY TCP4 1.2.3.4 4.5.6.7 1\r\n",
        b"PROXY TCP5 1.2.3.4 4.5.6.7 1 2\r\n",
        b"PROXY TCP4 ::1 ::2 1 2\r\n",
        b"PROXY \xff\r\n",
    ] {
        check_v1(line, &Err(BadHeader));
    }
}

#[test]
fn a_binary_header_names_both_ends() {
    for (peer, local) in [
        ("198.51.100.7:51234", "203.0.113.1:1935"),
        ("[2001:db8::1]:1", "[2001:db8::2]:2"),
    ] {
        let header = v2(Command::Proxy, peer, local);
        let expected = Ok(Progress::Whole {
            length: header.len(),
            addresses: Some(addresses(peer, local)),
        });
        assert_eq!(parse_v2(&header), expected);
        assert_eq!(parse_v2(&[&header, &b"\x03abc"[..]].concat()), expected);
    }
}

#[test]
fn a_health_check_of_the_proxy_names_nobody() {
    let header = v2(Command::Local, "198.51.100.7:51234", "203.0.113.1:1935");
    assert_eq!(
        parse_v2(&header),
        Ok(Progress::Whole {
            length: header.len(),
            addresses: None
        })
    );
}

#[test]
fn a_binary_header_may_be_as_long_as_the_limit_and_not_longer() {
    let header = |length: usize| {
        let mut bytes = v2(Command::Proxy, "198.51.100.7:51234", "203.0.113.1:1935");
        let rest = u16::try_from(length - 16).unwrap();
        bytes[14..16].copy_from_slice(&rest.to_be_bytes());
        // One extension fills what is left.
        let extension = length - bytes.len() - 3;
        bytes.push(4);
        bytes.extend(u16::try_from(extension).unwrap().to_be_bytes());
        bytes.resize(length, 0);
        bytes
    };
    let most = header(limits::PROXY_HEADER_BYTES);
    assert!(matches!(parse_v2(&most), Ok(Progress::Whole { length, .. }) if length == most.len()));
    assert_eq!(parse_v2(&most[..most.len() - 1]), Ok(Progress::NeedMore));
    assert_eq!(
        parse_v2(&header(limits::PROXY_HEADER_BYTES + 1)[..16]),
        Err(BadHeader)
    );
}

#[test]
fn a_binary_header_of_another_version_is_refused() {
    let mut header = v2(Command::Proxy, "198.51.100.7:51234", "203.0.113.1:1935");
    header[12] = 0x31;
    assert_eq!(parse_v2(&header), Err(BadHeader));
}

#[test]
fn a_prefix_of_a_header_is_not_an_answer() {
    for length in 0..V1.len() {
        check_v1(&V1[..length], &Ok(Progress::NeedMore));
    }
    let header = v2(Command::Proxy, "[2001:db8::1]:1", "[2001:db8::2]:2");
    for length in 0..header.len() {
        assert_eq!(parse_v2(&header[..length]), Ok(Progress::NeedMore));
    }
}

proptest! {
    #[test]
    fn no_bytes_upset_the_parsers(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for (signature, parse) in [
            (&b"PROXY "[..], parse_v1 as fn(&[u8]) -> Result<Progress, BadHeader>),
            (b"\r\n\r\n\0\r\nQUIT\n", parse_v2),
        ] {
            let header = [signature, &bytes[..]].concat();
            if let Ok(Progress::Whole { length, .. }) = parse(&header) {
                prop_assert!(length <= header.len());
            }
        }
    }
}
