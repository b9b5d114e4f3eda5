use bytes::{Buf, Bytes};
use proptest::prelude::*;

use super::digest::{self, Role};
use super::{
    ClientHandshake, ClientScheme, HandshakeError, PACKET, Packet, Progress, Proof, Scheme,
    ServerHandshake,
};
use crate::error::Fault;
use crate::out::OutQueue;
use crate::seed::Seed;
use crate::time::Timestamp;

const FFMPEG_CONNECT: &[u8] = include_bytes!("../../tests/data/ffmpeg-connect.bin");
const RTMPDUMP_CONNECT: &[u8] = include_bytes!("../../tests/data/rtmpdump-connect.bin");
const RTMPDUMP_RTMPE: &[u8] = include_bytes!("../../tests/data/rtmpdump-rtmpe.bin");
const FFMPEG_PUBLISH: &[u8] = include_bytes!("../../tests/data/ffmpeg-publish.bin");
const NGINX_PUBLISH: &[u8] = include_bytes!("../../tests/data/nginx-publish.bin");

const S1: std::ops::Range<usize> = 1..1 + PACKET;
const S2: std::ops::Range<usize> = 1 + PACKET..1 + 2 * PACKET;

fn server() -> ServerHandshake {
    ServerHandshake::new(&Seed::new([9; 32]), Timestamp::from_ms(0x0102_0304))
}

fn client(scheme: ClientScheme) -> (ClientHandshake, Bytes) {
    let mut out = OutQueue::new();
    let seed = Seed::new([5; 32]);
    let client = ClientHandshake::start(&seed, Timestamp::from_ms(0x0A0B_0C0D), scheme, &mut out);
    (client, out.copy_to_bytes(out.len()))
}

/// Feeds the pieces; gives what was written and the last progress.
fn run(
    server: &mut ServerHandshake,
    pieces: &[&[u8]],
) -> (Vec<u8>, Result<Progress, HandshakeError>) {
    let mut out = OutQueue::new();
    let mut last = Ok(Progress::NeedMore);
    let mut rest = Vec::new();
    for piece in pieces {
        last = server.handle_input(Bytes::copy_from_slice(piece), &mut out);
        if let Ok(Progress::Done(bytes)) = &last {
            rest.extend_from_slice(bytes);
        }
    }
    if let Ok(Progress::Done(bytes)) = &mut last {
        *bytes = rest.into();
    }
    (out.copy_to_bytes(out.len()).to_vec(), last)
}

/// Places in a handshake of `len` bytes: all close to a border between packets, some in between.
fn places(len: usize) -> impl Iterator<Item = usize> {
    let borders = [0, 1, S1.end, S2.end, len];
    (0..=len)
        .filter(move |at| at % 89 == 0 || borders.iter().any(|border| border.abs_diff(*at) < 3))
}

/// A C0 and C1 signed in this scheme.
fn signed_hello(scheme: Scheme) -> Vec<u8> {
    let mut hello = vec![3; 1 + PACKET];
    Seed::new([1; 32]).stream("test").fill(&mut hello[1..]);
    hello[5..9].copy_from_slice(&[10, 0, 45, 2]);
    digest::sign(&mut hello[1..], Role::Client, scheme).unwrap();
    hello
}

// Digests, against the bytes of others.

#[test]
fn digests_of_real_peers_are_found_and_their_absence_too() {
    let found = |packet: &[u8], role| digest::find(&packet[S1], role).map(|(scheme, _)| scheme);
    assert_eq!(
        found(FFMPEG_CONNECT, Role::Client),
        Some(Scheme::DigestFirst)
    );
    assert_eq!(
        found(FFMPEG_PUBLISH, Role::Client),
        Some(Scheme::DigestFirst)
    );
    assert_eq!(found(RTMPDUMP_CONNECT, Role::Client), None);
    assert_eq!(found(RTMPDUMP_RTMPE, Role::Client), Some(Scheme::KeyFirst));
    assert_eq!(
        found(NGINX_PUBLISH, Role::Server),
        Some(Scheme::DigestFirst)
    );
    assert_eq!(found(FFMPEG_CONNECT, Role::Server), None);
}

#[test]
fn the_signature_of_a_real_server_is_right() {
    let (_, c1_digest) = digest::find(&FFMPEG_PUBLISH[S1], Role::Client).unwrap();
    assert!(digest::is_signed(
        &NGINX_PUBLISH[S2],
        Role::Server,
        &c1_digest
    ));
    let mut forged = NGINX_PUBLISH[S2].to_vec();
    forged[77] ^= 1;
    assert!(!digest::is_signed(&forged, Role::Server, &c1_digest));
}

//
#[test]
fn a_publishing_ffmpeg_does_not_sign_its_c2() {
    let (_, s1_digest) = digest::find(&NGINX_PUBLISH[S1], Role::Server).unwrap();
    let c2 = &FFMPEG_PUBLISH[S2];
    assert!(!digest::is_signed(c2, Role::Client, &s1_digest));
    assert_eq!(c2, &NGINX_PUBLISH[S1]);
}

#[test]
fn a_digest_lies_where_the_sum_of_four_bytes_says() {
    for (scheme, block) in [(Scheme::DigestFirst, 8), (Scheme::KeyFirst, 772)] {
        for (sum, place) in [
            ([0, 0, 0, 0], 0),
            ([1, 2, 3, 4], 10),
            ([255, 255, 190, 0], 700),
            ([255, 255, 217, 0], 727),
            ([255, 255, 218, 0], 0),
            ([255, 255, 255, 255], 292),
        ] {
            let mut packet = [0x55; PACKET];
            packet[block..block + 4].copy_from_slice(&sum);
            let digest = digest::sign(&mut packet, Role::Server, scheme).unwrap();
            assert_eq!(
                packet[block + 4 + place..][..32],
                digest,
                "{scheme:?} {sum:?}"
            );
            assert_eq!(digest::find(&packet, Role::Server), Some((scheme, digest)));
            assert_eq!(digest::find(&packet, Role::Client), None);
        }
    }
}

// Server.

#[track_caller]
fn check_answer(hello: &[u8], scheme: Scheme) -> Vec<u8> {
    let mut server = server();
    let (answer, progress) = run(&mut server, &[&hello[..=PACKET]]);
    assert_eq!(progress, Ok(Progress::NeedMore));
    assert_eq!(server.scheme(), Some(scheme));
    assert_eq!(answer.len(), 1 + 2 * PACKET);
    assert_eq!(answer[0], 3);
    assert_eq!(answer[1..5], [1, 2, 3, 4]);
    let c1_digest = digest::find(&hello[S1], Role::Client).map(|(_, digest)| digest);
    if scheme == Scheme::Simple {
        assert_eq!(answer[5..9], [0; 4]);
        assert_eq!(digest::find(&answer[S1], Role::Server), None);
        assert_eq!(answer[S2], hello[S1]);
    } else {
        assert!(answer[5] >= 3);
        assert_eq!(digest::find(&answer[S1], Role::Server).unwrap().0, scheme);
        assert!(digest::is_signed(
            &answer[S2],
            Role::Server,
            &c1_digest.unwrap()
        ));
        assert_eq!(answer[S2][..1504], hello[S1][..1504]);
    }
    answer
}

//
#[test]
fn a_client_without_version_gets_the_simple_handshake() {
    check_answer(RTMPDUMP_CONNECT, Scheme::Simple);
}

//
#[test]
fn a_signing_client_is_answered_in_its_own_scheme() {
    check_answer(FFMPEG_CONNECT, Scheme::DigestFirst);
    check_answer(FFMPEG_PUBLISH, Scheme::DigestFirst);
    check_answer(&signed_hello(Scheme::DigestFirst), Scheme::DigestFirst);
    check_answer(&signed_hello(Scheme::KeyFirst), Scheme::KeyFirst);
}

//
#[test]
fn a_version_without_a_valid_digest_gets_the_simple_handshake() {
    let mut hello = signed_hello(Scheme::DigestFirst);
    hello[700] ^= 1;
    check_answer(&hello, Scheme::Simple);
}

#[test]
fn a_digest_under_version_zero_is_not_looked_for() {
    let mut hello = signed_hello(Scheme::DigestFirst);
    hello[5..9].fill(0);
    digest::sign(&mut hello[1..], Role::Client, Scheme::DigestFirst).unwrap();
    check_answer(&hello, Scheme::Simple);
}

#[test]
fn different_seeds_give_different_s1() {
    let hello = signed_hello(Scheme::DigestFirst);
    let mut other = ServerHandshake::new(&Seed::new([8; 32]), Timestamp::from_ms(0x0102_0304));
    let (one, _) = run(&mut server(), &[&hello]);
    let (two, _) = run(&mut other, &[&hello]);
    assert_ne!(one[9..S1.end], two[9..S1.end]);
}

//
#[test]
fn the_answer_is_one_piece() {
    let mut out = OutQueue::new();
    server()
        .handle_input(Bytes::from_static(RTMPDUMP_CONNECT), &mut out)
        .unwrap();
    assert_eq!(out.chunk().len(), 1 + 2 * PACKET);
}

#[test]
fn nothing_is_sent_before_c1_is_complete() {
    let (answer, progress) = run(&mut server(), &[&FFMPEG_CONNECT[..PACKET]]);
    assert_eq!(answer, b"");
    assert_eq!(progress, Ok(Progress::NeedMore));
}

//
#[test]
fn any_c2_ends_the_handshake_and_what_follows_it_is_kept() {
    let mut stream = FFMPEG_CONNECT.to_vec();
    stream[S2].fill(0xEE);
    let (_, progress) = run(&mut server(), &[&stream]);
    assert_eq!(
        progress,
        Ok(Progress::Done(Bytes::from(stream[S2.end..].to_vec())))
    );
}

#[test]
fn after_the_end_input_is_handed_through() {
    let mut server = server();
    run(&mut server, &[&FFMPEG_CONNECT[..S2.end]]).1.unwrap();
    assert_eq!(
        run(&mut server, &[b"abc"]).1,
        Ok(Progress::Done(Bytes::from_static(b"abc")))
    );
    assert_eq!(server.handle_eof(), Ok(()));
}

#[test]
fn a_split_anywhere_gives_the_same() {
    let whole = run(&mut server(), &[FFMPEG_CONNECT]);
    for at in places(FFMPEG_CONNECT.len()) {
        let (one, two) = FFMPEG_CONNECT.split_at(at);
        assert_eq!(run(&mut server(), &[one, two]), whole, "split at {at}");
    }
    let bytes: Vec<&[u8]> = FFMPEG_CONNECT.chunks(1).collect();
    assert_eq!(run(&mut server(), &bytes), whole);
}

#[test]
fn versions_of_rtmp_are_answered_with_3_and_other_protocols_are_named() {
    for version in 0..=255 {
        let expected = match version {
            6 | 8 | 9 => Err(HandshakeError::Encrypted(version)),
            0x16 => Err(HandshakeError::Tls),
            32.. => Err(HandshakeError::Text(version)),
            _ => Ok(()),
        };
        let mut hello = RTMPDUMP_CONNECT[..=PACKET].to_vec();
        hello[0] = version;
        let (answer, progress) = run(&mut server(), &[&hello]);
        assert_eq!(progress.clone().map(|_| ()), expected, "version {version}");
        match expected {
            Ok(()) => assert_eq!(answer[0], 3),
            Err(error) => {
                assert_eq!(error.fault(), Fault::Incompatible);
                assert_eq!(answer, b"");
            }
        }
    }
}

//
#[test]
fn rtmpe_of_a_real_client_is_refused_by_name() {
    let (answer, progress) = run(&mut server(), &[RTMPDUMP_RTMPE]);
    assert_eq!(answer, b"");
    let error = progress.unwrap_err();
    assert_eq!(
        error.to_string(),
        "peer asks for rtmpe (version 6), which is not supported"
    );
}

#[test]
fn a_failed_handshake_stays_failed() {
    let mut server = server();
    assert_eq!(
        run(&mut server, &[b"GET /"]).1,
        Err(HandshakeError::Text(b'G'))
    );
    assert_eq!(
        run(&mut server, &[FFMPEG_CONNECT]).1,
        Err(HandshakeError::Text(b'G'))
    );
    assert_eq!(server.handle_eof(), Err(HandshakeError::Text(b'G')));
}

#[test]
fn the_end_at_any_byte_of_the_handshake_is_named() {
    for at in places(S2.end) {
        let mut server = server();
        run(&mut server, &[&FFMPEG_CONNECT[..at]]).1.unwrap();
        let eof = |packet, missing| Err(HandshakeError::Eof { packet, missing });
        let expected = match at {
            0 => eof(Packet::C0, 1),
            1..=PACKET => eof(Packet::C1, S1.end - at),
            _ if at < S2.end => eof(Packet::C2, S2.end - at),
            _ => Ok(()),
        };
        assert_eq!(server.handle_eof(), expected, "end after {at} bytes");
        assert_eq!(server.handle_eof(), expected);
    }
}

// Client.

fn answer(client: &mut ClientHandshake, bytes: &[u8]) -> (Bytes, Result<Progress, HandshakeError>) {
    let mut out = OutQueue::new();
    let progress = client.handle_input(Bytes::copy_from_slice(bytes), &mut out);
    (out.copy_to_bytes(out.len()), progress)
}

#[track_caller]
fn check_pair(asked: ClientScheme, scheme: Scheme, proof: Proof) {
    let (mut client, hello) = client(asked);
    assert_eq!(hello.len(), 1 + PACKET);
    assert_eq!(hello[..5], [3, 0x0A, 0x0B, 0x0C, 0x0D]);
    let mut server = server();
    let (reply, _) = run(&mut server, &[&hello]);
    let (c2, progress) = answer(&mut client, &[&reply, b"more".as_slice()].concat());
    assert_eq!(progress, Ok(Progress::Done(Bytes::from_static(b"more"))));
    assert_eq!(client.handle_eof(), Ok(()));
    assert_eq!(
        (client.scheme(), client.proof()),
        (Some(scheme), Some(proof))
    );
    assert_eq!(server.scheme(), Some(scheme));
    if scheme == Scheme::Simple {
        assert_eq!(c2, reply[S1]);
    } else {
        let (_, s1_digest) = digest::find(&reply[S1], Role::Server).unwrap();
        assert!(digest::is_signed(&c2, Role::Client, &s1_digest));
        assert_eq!(c2[..1504], reply[S1][..1504]);
    }
    assert_eq!(run(&mut server, &[&c2]).1, Ok(Progress::Done(Bytes::new())));
}

#[test]
fn client_and_server_agree() {
    check_pair(ClientScheme::Simple, Scheme::Simple, Proof::Echoed);
    check_pair(ClientScheme::Digest, Scheme::DigestFirst, Proof::Signed);
}

#[test]
fn a_client_takes_a_server_that_does_not_sign() {
    let (mut client, hello) = client(ClientScheme::Digest);
    let reply = [&[3; 5], [0; 4].as_slice(), &[7; 1528], &hello[1..]].concat();
    let (c2, progress) = answer(&mut client, &reply);
    assert_eq!(progress, Ok(Progress::Done(Bytes::new())));
    assert_eq!(c2, reply[S1]);
    assert_eq!(
        (client.scheme(), client.proof()),
        (Some(Scheme::Simple), Some(Proof::Echoed))
    );
}

//
#[test]
fn a_client_takes_a_signed_s1_in_either_scheme_and_a_wrong_s2() {
    for scheme in [Scheme::DigestFirst, Scheme::KeyFirst] {
        let (mut client, _) = client(ClientScheme::Digest);
        let mut reply = NGINX_PUBLISH[..S2.end].to_vec();
        digest::sign(&mut reply[S1], Role::Server, scheme).unwrap();
        let (c2, progress) = answer(&mut client, &reply);
        assert_eq!(progress, Ok(Progress::Done(Bytes::new())));
        assert_eq!(
            (client.scheme(), client.proof()),
            (Some(scheme), Some(Proof::Wrong))
        );
        let (_, s1_digest) = digest::find(&reply[S1], Role::Server).unwrap();
        assert!(digest::is_signed(&c2, Role::Client, &s1_digest));
    }
}

#[test]
fn the_time_fields_of_s2_do_not_matter() {
    let (mut client, hello) = client(ClientScheme::Simple);
    let mut reply = [&[3; 1 + PACKET], &hello[1..]].concat();
    reply[S2][..8].fill(0xAB);
    answer(&mut client, &reply).1.unwrap();
    assert_eq!(client.proof(), Some(Proof::Echoed));
}

#[test]
fn c2_is_sent_as_soon_as_s1_is_complete() {
    let (mut client, hello) = client(ClientScheme::Digest);
    let (reply, _) = run(&mut server(), &[&hello]);
    assert_eq!(
        answer(&mut client, &reply[..S1.end - 1]),
        (Bytes::new(), Ok(Progress::NeedMore))
    );
    let (c2, progress) = answer(&mut client, &reply[S1.end - 1..S1.end]);
    assert_eq!((c2.len(), progress), (PACKET, Ok(Progress::NeedMore)));
}

#[test]
fn a_server_of_another_version_or_protocol_is_named() {
    let check = |first: u8, error: HandshakeError| {
        let (mut client, _) = client(ClientScheme::Digest);
        assert_eq!(answer(&mut client, &[first]).1, Err(error));
        assert_eq!(answer(&mut client, &[3; 100]).1, Err(error));
        assert_eq!(error.fault(), Fault::Incompatible);
    };
    check(6, HandshakeError::Version(6));
    check(0, HandshakeError::Version(0));
    check(0x15, HandshakeError::Tls);
    check(0x16, HandshakeError::Tls);
    check(b'H', HandshakeError::Text(b'H'));
}

#[test]
fn the_end_at_any_byte_of_the_answer_is_named() {
    for at in places(S2.end) {
        let (mut client, _) = client(ClientScheme::Digest);
        answer(&mut client, &NGINX_PUBLISH[..at]).1.unwrap();
        let eof = |packet, missing| Err(HandshakeError::Eof { packet, missing });
        let expected = match at {
            0 => eof(Packet::S0, 1),
            1..=PACKET => eof(Packet::S1, S1.end - at),
            _ if at < S2.end => eof(Packet::S2, S2.end - at),
            _ => Ok(()),
        };
        assert_eq!(client.handle_eof(), expected, "end after {at} bytes");
    }
}

proptest! {
    #[test]
    fn the_client_does_not_mind_splits(cuts in prop::collection::vec(0..NGINX_PUBLISH.len(), 0..12)) {
        let mut cuts = cuts;
        cuts.sort_unstable();
        let (mut client, _) = client(ClientScheme::Digest);
        let (mut written, mut rest, mut from) = (Vec::new(), Vec::new(), 0);
        for to in cuts.into_iter().chain([NGINX_PUBLISH.len()]) {
            let (out, progress) = answer(&mut client, &NGINX_PUBLISH[from..to]);
            written.extend_from_slice(&out);
            if let Progress::Done(bytes) = progress.unwrap() {
                rest.extend_from_slice(&bytes);
            }
            from = to;
        }
        prop_assert_eq!(written.len(), PACKET);
        prop_assert_eq!(&rest, &NGINX_PUBLISH[S2.end..]);
        prop_assert_eq!(client.scheme(), Some(Scheme::DigestFirst));
    }

    #[test]
    fn garbage_is_taken_or_refused(
        first in any::<u8>(),
        tail in any::<[u8; 32]>(),
        length in 0..4000_usize,
    ) {
        let garbage: Bytes = std::iter::once(first).chain(tail.into_iter().cycle()).take(length).collect();
        let (_, progress) = run(&mut server(), &[&garbage]);
        let refused = length > 0 && (first >= 32 || [6, 8, 9, 22].contains(&first));
        prop_assert_eq!(progress.is_err(), refused);
        let (mut client, _) = client(ClientScheme::Digest);
        let (_, progress) = answer(&mut client, &garbage);
        prop_assert_eq!(progress.is_err(), length > 0 && first != 3);
    }
}
