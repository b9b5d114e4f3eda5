//! What ffmpeg and rtmpdump really send, replayed through the tunnel.

use super::*;
use crate::path::{self, Target};

/// Reads the requests of one connection: just enough HTTP for these files. A cut last request is left out.
fn requests(capture: &'static [u8]) -> Vec<(Target, Bytes)> {
    let mut requests = Vec::new();
    let mut rest = capture;
    while let Some(head_end) = find_head_end(rest) {
        let (head, after) = rest.split_at(head_end);
        let head = std::str::from_utf8(head).unwrap();
        let target = head
            .strip_prefix("POST ")
            .unwrap()
            .split(' ')
            .next()
            .unwrap();
        let length = head
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().unwrap())
            })
            .unwrap();
        if after.len() < length {
            break;
        }
        requests.push((
            path::parse(target).unwrap(),
            Bytes::from_static(&after[..length]),
        ));
        rest = &after[length..];
    }
    requests
}

/// librtmp ends some header lines with a bare line feed, but not the last.
fn find_head_end(bytes: &[u8]) -> Option<usize> {
    bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|place| place + 4)
}

fn tunnel_requests(capture: &'static [u8]) -> Vec<Request> {
    let mut requests = requests(capture).into_iter();
    assert_eq!(
        requests.next(),
        Some((Target::Open, Bytes::from_static(&[0])))
    );
    requests
        .map(|(target, body)| match target {
            Target::Send { sequence, .. } => Request::Send { sequence, body },
            Target::Idle { sequence, .. } => Request::Idle { sequence },
            Target::Close { sequence, .. } => Request::Close { sequence },
            other => panic!("unexpected {other:?}"),
        })
        .collect()
}

fn sent_bytes(requests: &[Request]) -> Vec<u8> {
    let bodies = requests.iter().map(|request| match request {
        Request::Send { body, .. } => body.as_ref(),
        _ => &[],
    });
    bodies.collect::<Vec<_>>().concat()
}

/// Replays requests in some order and gives what reaches the RTMP side.
fn replay(requests: Vec<Request>) -> (Vec<u8>, State) {
    #[expect(
        clippy::disallowed_methods,
        reason = "tests start their virtual clock somewhere"
    )]
    let mut now = Instant::now();
    let mut tunnel = ServerTunnel::new(now, TunnelConfig::default());
    let asked = requests.len();
    let (mut received, mut answered) = (Vec::new(), 0);
    tunnel.write(now, &mut Bytes::from(vec![3; 3073]));
    for (id, request) in (0..).zip(requests) {
        tunnel.handle_request(now, RequestId::new(id), request);
        while let Some(bytes) = tunnel.poll_received(now) {
            received.extend_from_slice(&bytes);
        }
        tunnel.write(now, &mut Bytes::from_static(b"some media"));
        while let Some((_, reply)) = tunnel.poll_reply(now) {
            assert!(reply == Reply::Closed || reply.into_body().remaining() >= 1);
            answered += 1;
        }
        now += Duration::from_millis(5);
    }
    assert_eq!(answered, asked);
    (received, tunnel.state())
}

fn check(capture: &'static [u8], least_requests: usize) {
    let requests = tunnel_requests(capture);
    assert!(
        requests.len() >= least_requests,
        "{} requests",
        requests.len()
    );
    let expected = sent_bytes(&requests);
    assert_eq!(expected.first(), Some(&3), "RTMP begins with its version");
    assert!(expected.len() > 3073, "the handshake and more");
    let ends_with_close = matches!(requests.last(), Some(Request::Close { .. }));

    let (received, state) = replay(requests.clone());
    assert_eq!(received, expected);
    assert_eq!(matches!(state, State::Closed(_)), ends_with_close);

    let doubled = requests
        .iter()
        .flat_map(|request| [request.clone(), request.clone()])
        .collect();
    assert_eq!(replay(doubled).0, expected, "every request twice");

    let mut shuffled = requests;
    for group in shuffled.chunks_mut(8) {
        group.reverse();
    }
    assert_eq!(
        replay(shuffled).0,
        expected,
        "groups of eight back to front"
    );
}

#[test]
fn a_playing_ffmpeg_comes_through() {
    check(
        include_bytes!("../../../tests/captures/ffmpeg-rtmpt-play.bin"),
        20,
    );
}

#[test]
fn a_playing_ffmpeg_comes_through_tls_as_well() {
    check(
        include_bytes!("../../../tests/captures/ffmpeg-rtmpts-play.bin"),
        20,
    );
}

#[test]
fn a_publishing_ffmpeg_comes_through() {
    check(
        include_bytes!("../../../tests/captures/ffmpeg-rtmpt-publish.bin"),
        6,
    );
}

#[test]
fn a_playing_rtmpdump_comes_through() {
    check(
        include_bytes!("../../../tests/captures/rtmpdump-rtmpt-play.bin"),
        400,
    );
}
