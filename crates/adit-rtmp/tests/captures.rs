//! What real peers sent, through handshake and chunk reader: the exact messages, in any split.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests, outside of a test module"
)]

use std::fmt::Write as _;
use std::time::Instant;

use adit_rtmp::chunk::{ChunkReader, Next};
use adit_rtmp::handshake::{
    ClientHandshake, ClientScheme, HandshakeError, Progress, Scheme, ServerHandshake,
};
use adit_rtmp::limits::ChunkLimits;
use adit_rtmp::message::{ControlMessage, Message};
use adit_rtmp::out::OutQueue;
use adit_rtmp::{Seed, Timestamp};
use bytes::Bytes;

const FFMPEG_CONNECT: &[u8] = include_bytes!("data/ffmpeg-connect.bin");
const FFMPEG_PLAY: &[u8] = include_bytes!("data/ffmpeg-play.bin");
const FFMPEG_PUBLISH: &[u8] = include_bytes!("data/ffmpeg-publish.bin");
const NGINX_PUBLISH: &[u8] = include_bytes!("data/nginx-publish.bin");
const RTMPDUMP_CONNECT: &[u8] = include_bytes!("data/rtmpdump-connect.bin");
const RTMPDUMP_PLAY: &[u8] = include_bytes!("data/rtmpdump-play.bin");
const RTMPDUMP_RTMPE: &[u8] = include_bytes!("data/rtmpdump-rtmpe.bin");

enum Handshake {
    Server(ServerHandshake),
    Client(ClientHandshake),
}

impl Handshake {
    fn handle_input(&mut self, input: Bytes) -> Result<Progress, HandshakeError> {
        let mut out = OutQueue::new();
        match self {
            Self::Server(handshake) => handshake.handle_input(input, &mut out),
            Self::Client(handshake) => handshake.handle_input(input, &mut out),
        }
    }

    fn scheme(&self) -> Option<Scheme> {
        match self {
            Self::Server(handshake) => handshake.scheme(),
            Self::Client(handshake) => handshake.scheme(),
        }
    }
}

/// We are the server of the captured client.
fn server() -> Handshake {
    Handshake::Server(ServerHandshake::new(&Seed::new([1; 32]), Timestamp::ZERO))
}

/// We are a client of the captured server.
fn client() -> Handshake {
    let (seed, mut out) = (Seed::new([1; 32]), OutQueue::new());
    let scheme = ClientScheme::Digest;
    Handshake::Client(ClientHandshake::start(
        &seed,
        Timestamp::ZERO,
        scheme,
        &mut out,
    ))
}

/// All messages of one direction, which arrives in pieces of `size` bytes.
fn messages(
    mut handshake: Handshake,
    capture: &[u8],
    size: usize,
) -> (Option<Scheme>, Vec<Message>) {
    #[expect(
        clippy::disallowed_methods,
        reason = "there is no other way to make an Instant"
    )]
    let now = Instant::now();
    let mut reader = ChunkReader::new(ChunkLimits::default());
    let mut messages = Vec::new();
    for piece in capture.chunks(size) {
        match handshake
            .handle_input(Bytes::copy_from_slice(piece))
            .unwrap()
        {
            Progress::NeedMore => {}
            Progress::Done(rest) => reader.feed(rest),
        }
        loop {
            match reader.poll(now).unwrap() {
                Next::Message(message) => messages.push(message),
                Next::NeedMore => break,
                Next::Throttled(_) => panic!("throttled"),
            }
        }
    }
    (handshake.scheme(), messages)
}

/// A line for each message: chunk stream, message stream, time, type, length, what it says.
fn listing(messages: &[Message]) -> String {
    let mut list = String::new();
    for m in messages {
        let what = match ControlMessage::decode(m.kind, &m.payload).unwrap() {
            Some(control) => format!("{control:?}"),
            None if m.payload.first() == Some(&2) => {
                let len = usize::from(m.payload[1]) << 8 | usize::from(m.payload[2]);
                String::from_utf8_lossy(&m.payload[3..3 + len]).into_owned()
            }
            None => format!("{:02x?}", &m.payload[..5]),
        };
        let (csid, msid, time, kind) = (m.csid, m.msid, m.timestamp.ms(), m.kind);
        writeln!(
            list,
            "{csid} {msid} {time} {kind:?} {} {what}",
            m.payload.len()
        )
        .unwrap();
    }
    list
}

#[track_caller]
fn check(handshake: fn() -> Handshake, capture: &[u8], scheme: Scheme, expected: &str) {
    let whole = messages(handshake(), capture, capture.len());
    assert_eq!(whole.0, Some(scheme));
    assert_eq!(listing(&whole.1), expected);
    for size in [
        1, 2, 3, 7, 13, 128, 129, 1000, 1537, 3072, 3073, 3074, 4096, 65_536,
    ] {
        assert_eq!(
            messages(handshake(), capture, size),
            whole,
            "pieces of {size} bytes"
        );
    }
}

#[test]
fn ffmpeg_connects() {
    check(
        server,
        FFMPEG_CONNECT,
        Scheme::DigestFirst,
        "3 0 0 CommandAmf0 195 connect\n",
    );
}

#[test]
fn rtmpdump_connects() {
    check(
        server,
        RTMPDUMP_CONNECT,
        Scheme::Simple,
        "3 0 0 CommandAmf0 196 connect\n",
    );
}

#[test]
fn rtmpdump_by_rtmpe_is_refused() {
    let mut server = server();
    let error = server
        .handle_input(Bytes::from_static(RTMPDUMP_RTMPE))
        .unwrap_err();
    assert_eq!(error, HandshakeError::Encrypted(6));
}

#[test]
fn rtmpdump_after_an_rtmpe_c0_would_be_understood() {
    // The server it talked to answered 3, so it went on without encryption, with a signed C1.
    let capture = [&[3], &RTMPDUMP_RTMPE[1..]].concat();
    check(
        server,
        &capture,
        Scheme::KeyFirst,
        "3 0 0 CommandAmf0 197 connect\n",
    );
}

#[test]
fn ffmpeg_plays() {
    let expected = "\
3 0 0 CommandAmf0 198 connect
2 0 0 WindowAckSize 4 WindowAckSize(5000000)
3 0 0 CommandAmf0 25 createStream
8 0 0 CommandAmf0 37 getStreamLength
8 1 0 CommandAmf0 35 play
2 0 1 UserControl 10 UserControl(SetBufferLength { msid: MessageStreamId(1), buffer_ms: 3000 })
";
    check(server, FFMPEG_PLAY, Scheme::DigestFirst, expected);
}

#[test]
fn rtmpdump_plays() {
    let expected = "\
3 0 0 CommandAmf0 199 connect
2 0 0 WindowAckSize 4 WindowAckSize(5000000)
2 0 0 UserControl 10 UserControl(SetBufferLength { msid: MessageStreamId(0), buffer_ms: 300 })
3 0 0 CommandAmf0 25 createStream
3 0 0 CommandAmf0 33 FCSubscribe
8 1 0 CommandAmf0 44 play
2 0 0 UserControl 10 UserControl(SetBufferLength { msid: MessageStreamId(1), buffer_ms: 36000000 })
2 0 0 Acknowledgement 4 Acknowledgement(506729)
2 0 0 Acknowledgement 4 Acknowledgement(1015476)
2 0 0 Acknowledgement 4 Acknowledgement(1515953)
2 0 0 Acknowledgement 4 Acknowledgement(2022189)
3 0 0 CommandAmf0 34 deleteStream
";
    check(server, RTMPDUMP_PLAY, Scheme::Simple, expected);
}

#[test]
fn ffmpeg_publishes() {
    let expected = "\
3 0 0 CommandAmf0 141 connect
2 0 0 SetChunkSize 4 SetChunkSize(ChunkSize(60000))
3 0 0 CommandAmf0 33 releaseStream
3 0 0 CommandAmf0 29 FCPublish
3 0 0 CommandAmf0 25 createStream
8 1 0 CommandAmf0 34 publish
4 1 0 DataAmf0 309 @setDataFrame
6 1 0 Video 59 [17, 00, 00, 00, 00]
4 1 0 Audio 7 [af, 00, 12, 08, 56]
4 1 0 Audio 316 [af, 01, de, 02, 00]
6 1 23 Video 21695 [17, 01, 00, 00, 00]
4 1 23 Audio 384 [af, 01, 01, 66, 9a]
4 1 46 Audio 213 [af, 01, 01, 16, f7]
6 1 56 Video 10042 [27, 01, 00, 00, 00]
4 1 69 Audio 256 [af, 01, 00, e2, 37]
6 1 90 Video 10943 [27, 01, 00, 00, 00]
4 1 93 Audio 310 [af, 01, 00, e6, 37]
4 1 116 Audio 292 [af, 01, 00, ec, 37]
6 1 123 Video 10534 [27, 01, 00, 00, 00]
4 1 139 Audio 263 [af, 01, 00, e4, 37]
";
    check(server, FFMPEG_PUBLISH, Scheme::DigestFirst, expected);
}

#[test]
fn nginx_answers() {
    let expected = "\
2 0 0 WindowAckSize 4 WindowAckSize(5000000)
2 0 0 SetPeerBandwidth 5 SetPeerBandwidth { window: 5000000, limit: Dynamic }
2 0 0 SetChunkSize 4 SetChunkSize(ChunkSize(60000))
3 0 0 CommandAmf0 190 _result
3 0 0 CommandAmf0 29 _result
5 1 0 CommandAmf0 105 onStatus
";
    check(client, NGINX_PUBLISH, Scheme::DigestFirst, expected);
}
