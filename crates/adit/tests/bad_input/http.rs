//! The tunnel's HTTP: framing that can be read in two ways, limits, and ids that were never given out.

use std::net::Ipv4Addr;

use adit_testkit::Bytes;
use adit_testkit::attack::Attacker;
use adit_testkit::tunnel::Tunnel;

use crate::siege::{From, Siege, Then};

/// A second request hidden behind a first whose end is doubtful; it must never be answered.
const HIDDEN: &str = "POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-fcs\r\nContent-Length: 1\r\n\r\n\0";

#[tokio::test]
async fn framing_that_two_readers_could_read_in_two_ways_is_refused() {
    let mut siege = Siege::begin().await;
    let rows: Vec<(&str, &str, &str)> = vec![
        (
            "a length and chunks",
            "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "chunks and a length",
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            "0\r\n\r\n",
        ),
        (
            "two lengths",
            "Content-Length: 1\r\nContent-Length: 2\r\n",
            "\0\0",
        ),
        ("a list of two lengths", "Content-Length: 1, 2\r\n", "\0\0"),
        ("a length with a sign", "Content-Length: +1\r\n", "\0"),
        ("a negative length", "Content-Length: -1\r\n", "\0"),
        ("a length in hex", "Content-Length: 0x1\r\n", "\0"),
        (
            "a length with a space inside",
            "Content-Length: 1 1\r\n",
            "\0",
        ),
        (
            "a length that overflows",
            "Content-Length: 18446744073709551617\r\n",
            "\0",
        ),
        ("an empty length", "Content-Length:\r\n", "\0"),
        (
            "chunks of another name",
            "Transfer-Encoding: xchunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "chunks and identity",
            "Transfer-Encoding: chunked, identity\r\n",
            "0\r\n\r\n",
        ),
        (
            "chunks twice",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "0\r\n\r\n",
        ),
        (
            "chunks behind a vertical tab",
            "Transfer-Encoding: \x0bchunked\r\n",
            "0\r\n\r\n",
        ),
        ("gzip", "Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
        ("a space before the colon", "Content-Length : 1\r\n", "\0"),
        (
            "a folded line",
            "X-A: 1\r\n Content-Length: 1\r\nContent-Length: 1\r\n",
            "\0",
        ),
        (
            "a line that begins with a space",
            " Content-Length: 1\r\n",
            "\0",
        ),
        (
            "a NUL in a value",
            "X-A: a\0b\r\nContent-Length: 1\r\n",
            "\0",
        ),
        (
            "a lone CR in a value",
            "X-A: a\rContent-Length: 5\r\nContent-Length: 1\r\n",
            "\0",
        ),
        (
            "a field without a colon",
            "Content-Length 1\r\nContent-Length: 1\r\n",
            "\0",
        ),
        (
            "a field without a name",
            ": 1\r\nContent-Length: 1\r\n",
            "\0",
        ),
        (
            "chunk sizes that overflow",
            "Transfer-Encoding: chunked\r\n",
            "10000000000000001\r\n\0\r\n0\r\n\r\n",
        ),
        (
            "a negative chunk",
            "Transfer-Encoding: chunked\r\n",
            "-1\r\n\0\r\n0\r\n\r\n",
        ),
        (
            "a chunk that is longer than it says",
            "Transfer-Encoding: chunked\r\n",
            "1\r\n\0\0\0\r\n0\r\n\r\n",
        ),
        (
            "a chunk size that is no number",
            "Transfer-Encoding: chunked\r\n",
            "zz\r\n\0\r\n0\r\n\r\n",
        ),
    ];
    let refuse = Then::Refuse(&[400, 411, 413, 415, 501]);
    let head = "POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-fcs\r\n";
    let mut requests: Vec<_> = rows
        .into_iter()
        .map(|(name, fields, body)| {
            (
                name,
                From::TheFirstByte,
                format!("{head}{fields}\r\n{body}{HIDDEN}"),
                refuse,
            )
        })
        .collect();
    let old = "POST /open/1 HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    requests.push((
        "chunks in HTTP/1.0",
        From::TheFirstByte,
        format!("{old}{HIDDEN}"),
        refuse,
    ));
    siege.check_all(requests).await;
}

#[tokio::test]
async fn requests_that_are_too_long_or_make_no_sense_are_refused() {
    let mut siege = Siege::begin().await;
    let long = |count: usize| "a".repeat(count);
    let open = |fields: &str| {
        format!(
            "POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-fcs\r\n{fields}\r\n"
        )
    };
    let refuse = Then::Refuse(&[400, 404, 405, 411, 413, 414, 415, 417, 431, 501, 505]);
    let answer = Then::Answer(&[400, 404, 405, 411, 413, 415]);
    let rows: Vec<(&str, String, Then)> = vec![
        (
            "a target of 1 MB",
            format!("POST /{} HTTP/1.1\r\n\r\n", long(1 << 20)),
            refuse,
        ),
        (
            "a field of 64 KB",
            open(&format!("X-A: {}\r\n", long(64 << 10))),
            refuse,
        ),
        ("10,000 fields", open(&"X-A: b\r\n".repeat(10_000)), refuse),
        ("100 fields", open(&"X-A: b\r\n".repeat(100)), refuse),
        (
            "a method of 10 KB",
            format!("POST{} / HTTP/1.1\r\n\r\n", long(10 << 10)),
            Then::Close,
        ),
        (
            "HTTP/9.9",
            "POST /open/1 HTTP/9.9\r\nHost: a\r\n\r\n".to_owned(),
            refuse,
        ),
        ("no version", "POST /open/1\r\n\r\n".to_owned(), refuse),
        (
            "an open of 1 MiB",
            open("Content-Length: 1048576\r\n"),
            refuse,
        ),
        (
            "an open of 4 GiB",
            open("Content-Length: 4294967296\r\n"),
            refuse,
        ),
        (
            "GET /open/1",
            "GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            answer,
        ),
        (
            "PUT /open/1",
            "PUT /open/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n".to_owned(),
            answer,
        ),
        (
            "a path that climbs",
            "GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            answer,
        ),
        (
            "a compressed open",
            open("Content-Encoding: gzip\r\nContent-Length: 1\r\n") + "\0",
            answer,
        ),
        (
            "an id of 2 KB",
            format!(
                "POST /send/{}/0 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\0",
                long(1500)
            ),
            answer,
        ),
        (
            "a number of 40 digits",
            format!(
                "POST /send/{}/{} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n\0",
                long(32),
                "9".repeat(40)
            ),
            answer,
        ),
    ];
    let rows = rows
        .into_iter()
        .map(|(name, request, then)| (name, From::TheFirstByte, request, then));
    siege.check_all(rows.collect()).await;
}

#[tokio::test]
async fn ids_that_were_never_given_out_lead_nowhere_and_guessing_is_slowed_down() {
    let mut siege = Siege::begin().await;
    let victim = Tunnel::open(siege.server().address(), 1).await.unwrap();
    let request = |id: &str, verb: &str| {
        format!(
            "POST /{verb}/{id}/0 HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-fcs\r\nContent-Length: 1\r\n\r\n\0"
        )
    };
    let near = flip_last(victim.id());
    let upper = victim.id().to_uppercase();
    let ids = [
        near.as_str(),
        upper.as_str(),
        &victim.id()[1..],
        "1",
        "%00",
        &"0".repeat(32),
    ];
    let strangers = ids.into_iter().filter(|id| *id != victim.id());
    let rows = strangers.flat_map(|id| {
        ["send", "idle", "close"].map(|verb| {
            (
                format!("{verb} with {id}"),
                From::TheFirstByte,
                request(id, verb),
                Then::Answer(&[400, 404]),
            )
        })
    });
    siege.check_all(rows.collect()).await;
    let guesser = Ipv4Addr::new(127, 77, 0, 1);
    for guess in 0..200_u32 {
        let mut attacker = Attacker::connect_from(siege.server().address(), guesser).await;
        attacker
            .write(request(&format!("{guess:032x}"), "idle").as_bytes())
            .await;
        let reply = attacker.read(12, std::time::Duration::from_secs(2)).await;
        assert!(!reply.starts_with(b"HTTP/1.1 200"), "guess {guess} hit");
        if reply.is_empty() {
            // Turned away at the door, for a second or for good.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    siege.assert_calm("guessing").await;
    drop(victim);
}

#[tokio::test]
async fn a_tunnel_holds_nothing_but_its_share() {
    let mut siege = Siege::begin().await;
    let server = siege.server().address();
    let mut tunnel = Tunnel::open(server, 1).await.unwrap();
    tunnel.send(Bytes::from(vec![0xff; 60_000]));
    assert!(
        tunnel.answer().await.is_err() || tunnel_ends(&mut tunnel).await,
        "garbage in a tunnel ends the session"
    );
    siege.assert_calm("garbage in a tunnel").await;

    // Numbers far ahead with bodies that are parked, and a number that never comes.
    for number in [1_u64, 2, 3, 30, 31, 32, 33, 1000, u64::MAX] {
        let tunnel = Tunnel::open(server, 1).await.unwrap();
        let mut attacker = Attacker::connect(server).await;
        let body = "x".repeat(60_000);
        let request = format!(
            "POST /send/{}/{number} HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-fcs\r\nContent-Length: {}\r\n\r\n{body}",
            tunnel.id(),
            body.len()
        );
        attacker.write(request.as_bytes()).await;
        siege
            .assert_calm(&format!("number {number} before 0"))
            .await;
    }
}

async fn tunnel_ends(tunnel: &mut Tunnel) -> bool {
    for _ in 0..20 {
        tunnel.idle();
        if tunnel.answer().await.is_err() {
            return true;
        }
    }
    false
}

fn flip_last(id: &str) -> String {
    let last = if id.ends_with('0') { '1' } else { '0' };
    let mut text = id[..id.len() - 1].to_owned();
    text.push(last);
    text
}
