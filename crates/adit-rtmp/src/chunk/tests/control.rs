//! Set Chunk Size and Abort, which act inside the reader.

use super::*;
use crate::message::{BodyError, MessageKind};

#[test]
fn a_chunk_size_holds_from_the_next_chunk_on() {
    let (picture, sound) = (body(1, 400), body(2, 150));
    let wire = Wire::new()
        .type0(6, 0, 400, 9, 1)
        .bytes(&picture[..128])
        .control(1, 200)
        .type3(6)
        .bytes(&picture[128..328])
        .control(1, 50)
        .type0(4, 0, 150, 8, 1)
        .bytes(&sound[..50])
        .type3(4)
        .bytes(&sound[50..100])
        .type3(6)
        .bytes(&picture[328..378])
        .type3(4)
        .bytes(&sound[100..])
        .type3(6)
        .bytes(&picture[378..]);
    check(
        &wire,
        &[
            (1, 0, 0, 200_u32.to_be_bytes().to_vec()),
            (1, 0, 0, 50_u32.to_be_bytes().to_vec()),
            audio(0, 1, &sound),
            (9, 0, 1, picture),
        ],
    );
}

#[test]
fn a_chunk_size_is_known_when_its_message_is_handed_out() {
    let mut reader = reader();
    read(&mut reader, &[&Wire::new().control(1, 60_000).0]).unwrap();
    assert_eq!(reader.chunk_size().get(), 60_000);
}

#[test]
fn control_messages_count_on_any_chunk_stream() {
    // Cameras send them on 3 to 6.
    let wire = Wire::new()
        .type0(5, 0, 4, 1, 1)
        .number(1, 4)
        .type0(4, 0, 2, 8, 1);
    let wire = wire.bytes(b"a").type3(4).bytes(b"b");
    check(&wire, &[(1, 0, 1, vec![0, 0, 0, 1]), audio(0, 1, b"ab")]);
}

#[track_caller]
fn check_chunk_size(size: u32, expected: Result<u32, ChunkError>) {
    let mut reader = reader();
    let read = read(&mut reader, &[&Wire::new().control(1, size).0]);
    assert_eq!(read.map(|_| reader.chunk_size().get()), expected);
}

#[test]
fn chunk_sizes_are_1_to_31_bits_and_effective_up_to_24() {
    for illegal in [0, 0x8000_0000, u32::MAX] {
        check_chunk_size(illegal, Err(BodyError::ChunkSize(illegal).into()));
    }
    for legal in [1, 127, 128, 65_536, 0xFF_FFFF] {
        check_chunk_size(legal, Ok(legal));
    }
    //
    for clamped in [0x100_0000, 134_217_728, 0x7FFF_FFFF] {
        check_chunk_size(clamped, Ok(0xFF_FFFF));
    }
}

#[test]
fn chunks_of_one_byte_work() {
    let wire = Wire::new().control(1, 1).type0(4, 0, 3, 8, 1);
    let wire = wire.bytes(b"a").type3(4).bytes(b"b").type3(4).bytes(b"c");
    check(&wire, &[(1, 0, 0, vec![0, 0, 0, 1]), audio(0, 1, b"abc")]);
}

#[test]
fn control_messages_have_exact_lengths() {
    let check_length = |kind: u8, len: u32, fits: bool| {
        let payload = [0, 0, 0, 1, 2]
            .into_iter()
            .chain([0; 100])
            .take(len as usize);
        let wire = Wire::new()
            .type0(2, 0, len, kind, 0)
            .bytes(&payload.collect::<Vec<_>>());
        let kind = MessageKind::from_id(kind);
        let expected = if fits {
            Ok(1)
        } else {
            Err(BodyError::Length {
                kind,
                len: len as usize,
            }
            .into())
        };
        let got = read(&mut reader(), &[&wire.0]).map(|messages| messages.len());
        assert_eq!(got, expected, "{kind:?} of {len}");
    };
    for kind in [1, 2, 3, 5] {
        check_length(kind, 3, false);
        check_length(kind, 4, true);
        check_length(kind, 5, false);
    }
    check_length(6, 4, false);
    check_length(6, 5, true);
    check_length(6, 6, false);
    check_length(4, 0, true);
    check_length(4, 64, true);
    check_length(4, 65, false);
}

/// One unfinished message on chunk stream 6, an abort, and what comes then.
#[track_caller]
fn check_abort(abort: impl Fn(Wire) -> Wire, then: impl Fn(Wire) -> Wire, expected: &[Seen]) {
    let wire = Wire::new().type0(6, 40, 130, 9, 1).bytes(&body(1, 128));
    check(&then(abort(wire)), expected);
}

fn aborted(csid: u32) -> Seen {
    (2, 0, 0, csid.to_be_bytes().to_vec())
}

#[test]
fn an_abort_drops_the_unfinished_message_and_keeps_the_history() {
    check_abort(
        |wire| wire.control(2, 6),
        |wire| wire.type2(6, 5).bytes(&body(7, 128)).type3(6).bytes(b"xy"),
        &[
            aborted(6),
            (9, 45, 1, [&body(7, 128), b"xy".as_slice()].concat()),
        ],
    );
}

#[test]
fn an_abort_of_another_or_an_impossible_chunk_stream_changes_nothing() {
    for other in [0, 1, 2, 3, 4, 65_599, 65_600, u32::MAX] {
        check_abort(
            |wire| wire.control(2, other),
            |wire| wire.type3(6).bytes(b"xy"),
            &[
                aborted(other),
                (9, 40, 1, [&body(1, 128), b"xy".as_slice()].concat()),
            ],
        );
    }
}

#[test]
fn an_abort_twice_or_without_an_unfinished_message_changes_nothing() {
    check_abort(
        |wire| wire.control(2, 6).control(2, 6),
        |wire| {
            wire.type1(6, 0, 1, 9)
                .bytes(b"x")
                .control(2, 6)
                .type3(6)
                .bytes(b"y")
        },
        &[
            aborted(6),
            aborted(6),
            (9, 40, 1, b"x".to_vec()),
            aborted(6),
            (9, 40, 1, b"y".to_vec()),
        ],
    );
}

#[test]
fn an_abort_of_its_own_chunk_stream_finds_nothing_unfinished() {
    let wire = Wire::new()
        .type0(9, 3, 4, 2, 0)
        .number(9, 4)
        .type3(9)
        .number(9, 4);
    check(
        &wire,
        &[(2, 3, 0, vec![0, 0, 0, 9]), (2, 6, 0, vec![0, 0, 0, 9])],
    );
}

#[test]
fn an_abort_of_chunk_stream_2_drops_a_control_message() {
    let wire = Wire::new()
        .control(1, 2)
        .type0(2, 0, 4, 5, 0)
        .bytes(&[0, 1])
        .type0(3, 0, 4, 2, 0)
        .bytes(&[0, 0])
        .type3(3)
        .bytes(&[0, 2])
        .type1(2, 0, 1, 4)
        .bytes(&[9]);
    check(
        &wire,
        &[(1, 0, 0, vec![0, 0, 0, 2]), aborted(2), (4, 0, 0, vec![9])],
    );
}

#[test]
fn an_aborted_message_no_longer_counts_as_unfinished() {
    let mut reader = reader();
    read(&mut reader, &[&Wire::new().control(1, 1 << 20).0]).unwrap();
    for _ in 0..20 {
        let wire = Wire::new()
            .type0(6, 0, 10_000_000, 9, 1)
            .bytes(&vec![0; 1 << 20]);
        read(&mut reader, &[&wire.0]).unwrap();
        assert!(reader.is_inside_message());
        read(&mut reader, &[&Wire::new().control(2, 6).0]).unwrap();
        assert!(!reader.is_inside_message());
    }
    assert!(reader.heap() <= 512);
}
