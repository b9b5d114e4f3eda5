//! Before and during the handshake, of RTMP and of TLS.

use std::time::Duration;

use adit_testkit::attack::{Attacker, client_hello};
use adit_testkit::peers::say;
use adit_testkit::random::{Random, seed};

use crate::siege::{CLOSES_WITHIN, From, Siege, Then};

/// Bytes of C0, C1 and C2 together.
const WHOLE: usize = 1 + 2 * 1536;

#[tokio::test]
async fn garbage_instead_of_a_handshake_ends_the_connection() {
    let mut siege = Siege::begin().await;
    let seed = seed();
    say(&format!("ADIT_SEED={seed}"));
    let mut random = Random::new(seed);
    let firsts = [
        0x00, 0x01, 0x02, 0x04, 0x06, 0x08, 0x09, 0x15, 0x17, 0x20, 0x7f, 0x80, 0xff,
    ];
    let rows = firsts.map(|first| {
        let mut bytes = random.bytes(5000);
        bytes[0] = first;
        (
            format!("garbage after {first:#04x}"),
            From::TheFirstByte,
            bytes,
            Then::Close,
        )
    });
    siege.check_all(rows.to_vec()).await;
}

#[tokio::test]
async fn what_only_looks_like_tls_or_a_proxy_header_ends_the_connection() {
    let mut siege = Siege::begin().await;
    let mut random = Random::new(1);
    let proxy = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";
    let binary = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x02\0\x01\0\x02";
    let rows = [
        ("TLS without a hello", tls_record(&random.bytes(300))),
        ("a TLS record of no length", vec![0x16, 3, 1, 0, 0]),
        (
            "a TLS record that is too long",
            vec![0x16, 3, 1, 0xff, 0xff, 1, 0, 0],
        ),
        ("a PROXY header from anyone", proxy.to_vec()),
        ("a binary PROXY header from anyone", binary.to_vec()),
    ];
    let rows = rows.map(|(name, bytes)| (name, From::TheFirstByte, bytes, Then::Close));
    siege.check_all(rows.to_vec()).await;
}

#[tokio::test]
async fn garbage_after_the_handshake_ends_the_connection() {
    let mut siege = Siege::begin().await;
    let seed = seed();
    say(&format!("ADIT_SEED={seed}"));
    let mut random = Random::new(seed);
    let rows = (0..12).map(|round| {
        (
            format!("garbage {round} after the handshake"),
            From::TheHandshake,
            random.bytes(100_000),
            Then::Close,
        )
    });
    siege.check_all(rows.collect()).await;
}

#[tokio::test]
async fn a_handshake_that_ends_at_any_byte_ends_the_connection_at_once() {
    let mut siege = Siege::begin().await;
    let mut attackers = Vec::new();
    for length in stops() {
        let mut attacker = Attacker::connect(siege.server().address()).await;
        attacker.write(&handshake()[..length]).await;
        attacker.finish_writing().await;
        attackers.push((length, attacker));
    }
    for (length, mut attacker) in attackers {
        let ending = attacker.ending(Duration::from_secs(3)).await;
        assert!(
            ending.closed,
            "after {length} bytes and an end: {} bytes came",
            ending.received.len()
        );
    }
    siege.assert_calm("handshakes that end").await;
}

#[tokio::test]
async fn a_handshake_that_stops_at_any_byte_ends_the_connection_in_time() {
    let mut siege = Siege::begin().await;
    let mut attackers = Vec::new();
    for length in stops() {
        let mut attacker = Attacker::connect(siege.server().address()).await;
        attacker.write(&handshake()[..length]).await;
        attackers.push((length, attacker));
    }
    siege.assert_calm("handshakes that have stopped").await;
    let waits = attackers.into_iter().map(|(length, mut attacker)| {
        tokio::spawn(async move { (length, attacker.ending(CLOSES_WITHIN).await.closed) })
    });
    for wait in waits.collect::<Vec<_>>() {
        let (length, closed) = wait.await.unwrap();
        assert!(closed, "still open after a stop at byte {length}");
    }
    siege.assert_calm("handshakes that stopped").await;
}

/// Where a handshake stops: around every border, and between.
fn stops() -> Vec<usize> {
    let borders = [
        0,
        1,
        2,
        4,
        5,
        8,
        9,
        12,
        13,
        772,
        1535,
        1536,
        1537,
        1538,
        1541,
        1545,
        3000,
        WHOLE - 1,
        WHOLE,
    ];
    let between = (0..WHOLE).step_by(173);
    borders.into_iter().chain(between).collect()
}

/// C0, C1 and a C2 that answers nothing.
fn handshake() -> Vec<u8> {
    let mut bytes = client_hello();
    bytes.resize(WHOLE, 0x33);
    bytes
}

fn tls_record(body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&[0x16, 3, 1], &length[..], body].concat()
}
