//! The handshake: bounded output, nothing lost behind it, and any split gives the same.

use adit_rtmp::{
    Seed, Timestamp,
    handshake::{ClientHandshake, ClientScheme, HandshakeError, Progress, ServerHandshake},
    out::OutQueue,
};
use bytes::{Buf, Bytes};

use crate::input::{Dice, Input};

/// C1, C2, S1 or S2.
const PACKET: usize = 1536;

/// One byte that says which side it is, one that decides the cuts, then the peer's bytes.
pub fn handshake(data: &[u8]) {
    let mut input = Input::new(data);
    let side = input.byte();
    let dice = Dice::new(input.byte());
    let peer = input.rest();
    match side & 3 {
        0 => {
            let whole = serve([peer]);
            assert_eq!(whole, serve(dice.cut(peer)), "the split matters");
            check_server(peer, &whole);
        }
        1 => check_client(ClientScheme::Simple, dice, peer),
        2 => check_client(ClientScheme::Digest, dice, peer),
        _ => check_pair(peer),
    }
}

/// What a handshake gave: all it wrote, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    written: Bytes,
    /// What came behind the handshake, if it was completed.
    result: Result<Option<Vec<u8>>, HandshakeError>,
    eof: Result<(), HandshakeError>,
}

fn serve<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut out = OutQueue::new();
    let mut handshake = ServerHandshake::new(&Seed::new([7; 32]), Timestamp::ZERO);
    let result = run(pieces, |piece| handshake.handle_input(piece, &mut out));
    Outcome {
        written: drain(&mut out),
        result,
        eof: handshake.handle_eof(),
    }
}

fn connect<'a>(scheme: ClientScheme, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut out = OutQueue::new();
    let mut handshake =
        ClientHandshake::start(&Seed::new([9; 32]), Timestamp::ZERO, scheme, &mut out);
    let result = run(pieces, |piece| handshake.handle_input(piece, &mut out));
    assert_eq!(handshake.proof().is_some(), matches!(result, Ok(Some(_))));
    Outcome {
        written: drain(&mut out),
        result,
        eof: handshake.handle_eof(),
    }
}

fn run<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    mut handle: impl FnMut(Bytes) -> Result<Progress, HandshakeError>,
) -> Result<Option<Vec<u8>>, HandshakeError> {
    let mut behind = None;
    for piece in pieces {
        match handle(Bytes::copy_from_slice(piece)) {
            Ok(Progress::NeedMore) => assert_eq!(behind, None, "complete is complete"),
            Ok(Progress::Done(rest)) => {
                behind.get_or_insert_with(Vec::new).extend_from_slice(&rest);
            }
            Err(error) => {
                assert_eq!(
                    handle(Bytes::from_static(&[3])),
                    Err(error),
                    "an error is repeated"
                );
                return Err(error);
            }
        }
    }
    Ok(behind)
}

fn check_server(peer: &[u8], outcome: &Outcome) {
    let answered = peer.len() > PACKET && outcome.result.is_ok();
    let written = if answered { 1 + 2 * PACKET } else { 0 };
    assert_eq!(
        outcome.written.len(),
        written,
        "S0, S1 and S2 once, when C1 is there"
    );
    check_end(peer, outcome);
}

fn check_client(scheme: ClientScheme, dice: Dice, peer: &[u8]) {
    let outcome = connect(scheme, [peer]);
    assert_eq!(
        outcome,
        connect(scheme, dice.cut(peer)),
        "the split matters"
    );
    let answered = peer.len() > PACKET && outcome.result.is_ok();
    let written = 1 + PACKET + if answered { PACKET } else { 0 };
    assert_eq!(
        outcome.written.len(),
        written,
        "C0 and C1, and C2 when S1 is there"
    );
    check_end(peer, &outcome);
}

fn check_end(peer: &[u8], outcome: &Outcome) {
    let behind = peer.get(1 + 2 * PACKET..);
    match &outcome.result {
        Ok(rest) => {
            assert_eq!(
                rest.as_deref(),
                behind,
                "nothing is lost or made up behind it"
            );
            assert_eq!(outcome.eof.is_ok(), rest.is_some());
        }
        Err(error) => assert_eq!(outcome.eof, Err(*error)),
    }
}

/// Our client and our server always agree, whatever the seeds.
fn check_pair(seeds: &[u8]) {
    let mut input = Input::new(seeds);
    let mut seed = || {
        let mut bytes = [0; 32];
        bytes.fill_with(|| input.byte());
        Seed::new(bytes)
    };
    let (ours, theirs) = (seed(), seed());
    for scheme in [ClientScheme::Simple, ClientScheme::Digest] {
        let (mut up, mut down) = (OutQueue::new(), OutQueue::new());
        let mut server = ServerHandshake::new(&theirs, Timestamp::from_ms(1));
        let mut client = ClientHandshake::start(&ours, Timestamp::ZERO, scheme, &mut up);
        let done = Ok(Progress::Done(Bytes::new()));
        assert_eq!(
            server.handle_input(drain(&mut up), &mut down),
            Ok(Progress::NeedMore)
        );
        assert_eq!(client.handle_input(drain(&mut down), &mut up), done);
        assert_eq!(server.handle_input(drain(&mut up), &mut down), done);
        assert_eq!(client.scheme(), server.scheme());
    }
}

fn drain(out: &mut OutQueue) -> Bytes {
    let len = out.len();
    out.copy_to_bytes(len)
}
