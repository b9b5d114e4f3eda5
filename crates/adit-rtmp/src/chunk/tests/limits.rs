//! Limits, each at its value and one past it.

use super::*;
use crate::error::Fault;
use crate::limits;
use crate::message::MessageKind;

/// Announces a message of `length` bytes and sends its first chunk.
#[track_caller]
fn check_length(phase: Phase, kind: u8, length: u32, limit: u32) {
    let mut reader = ChunkReader::new(ChunkLimits::default());
    reader.set_phase(phase);
    let wire = Wire::new().type0(6, 0, length, kind, 1).bytes(&[0; 128]);
    let kind = MessageKind::from_id(kind);
    let expected = if length <= limit {
        Ok(Vec::new())
    } else {
        Err(ChunkError::MessageTooLong {
            kind,
            length,
            limit,
        })
    };
    assert_eq!(
        read(&mut reader, &[&wire.0]),
        expected,
        "{kind:?} of {length} {phase:?}"
    );
}

#[test]
fn messages_have_a_longest_length_by_type_and_phase() {
    for (kinds, limit) in [
        (&[8, 9, 22][..], limits::MESSAGE_MEDIA),
        (&[15, 16, 17, 18, 19, 20, 0, 7, 99], limits::MESSAGE_COMMAND),
    ] {
        for kind in kinds {
            check_length(Phase::Connected, *kind, limit, limit);
            check_length(Phase::Connected, *kind, limit + 1, limit);
            let limit = limits::MESSAGE_BEFORE_CONNECT;
            check_length(Phase::BeforeConnect, *kind, limit, limit);
            check_length(Phase::BeforeConnect, *kind, limit + 1, limit);
        }
    }
}

#[test]
fn a_longest_message_comes_through() {
    let mut reader = reader();
    let payload = body(1, limits::MESSAGE_MEDIA as usize);
    let head = Wire::new()
        .control(1, 0x7FFF_FFFF)
        .type0(6, 7, limits::MESSAGE_MEDIA, 9, 1)
        .0;
    let mut messages = read(&mut reader, &[&head]).unwrap();
    let pieces: Vec<&[u8]> = payload.chunks(65_536).collect();
    messages.extend(read(&mut reader, &pieces).unwrap());
    assert_eq!(messages[1], message(9, 7, 1, 6, payload));
}

#[test]
fn there_are_64_chunk_streams() {
    let wire = (0..64).fold(Wire::new(), |wire, id| wire.type0(1000 + id, 0, 0, 8, 1));
    let again = (0..64).fold(wire.clone(), |wire, id| wire.type3(1000 + id));
    assert_eq!(read(&mut reader(), &[&again.0]).unwrap().len(), 128);
    let limit = limits::CHUNK_STREAMS;
    check_error(
        &wire.type0(3, 0, 0, 8, 1),
        ChunkError::ChunkStreams { limit },
    );
}

#[test]
fn there_are_8_unfinished_messages() {
    let unfinished = |count| {
        (0..count).fold(Wire::new(), |wire, id| {
            wire.type0(10 + id, 0, 129, 8, 1).bytes(&body(0, 128))
        })
    };
    assert_eq!(read(&mut reader(), &[&unfinished(8).0]), Ok(Vec::new()));
    let limit = limits::PARTIAL_MESSAGES;
    check_error(&unfinished(9), ChunkError::PartialMessages { limit });
    // Whole ones come between them, and a finished one makes room.
    let wire = unfinished(8).control(5, 1).type3(12).bytes(b"x");
    let wire = wire.type0(30, 0, 129, 8, 1).bytes(&body(0, 128));
    assert_eq!(read(&mut reader(), &[&wire.0]).unwrap().len(), 2);
    check_error(
        &wire.type0(31, 0, 129, 8, 1),
        ChunkError::PartialMessages { limit },
    );
}

/// Whole chunks of unfinished messages, `total` bytes of them on chunk streams from 10 on.
fn partial_bytes(total: u32, each: u32, length: u32) -> Wire {
    let mut wire = Wire::new().control(1, 1024);
    for id in 0..total / each {
        wire = wire.type0(10 + id, 0, length, 9, 1);
        for chunk in 0..each / 1024 {
            if chunk > 0 {
                wire = wire.type3(10 + id);
            }
            wire = wire.bytes(&[0; 1024]);
        }
    }
    wire
}

#[track_caller]
fn check_partial_bytes(phase: Phase, wire: &Wire, limit: u32) {
    let run = |wire: &Wire| {
        let mut reader = ChunkReader::new(ChunkLimits::default());
        reader.set_phase(phase);
        read(&mut reader, &[&wire.0]).map(|messages| messages.len())
    };
    assert_eq!(run(wire), Ok(1));
    // One more byte: another message, of one byte in one chunk.
    let more = wire.clone().type0(50, 0, 1, 8, 1).bytes(b"x");
    assert_eq!(run(&more), Err(ChunkError::PartialBytes { limit }));
}

#[test]
fn unfinished_messages_hold_16_mib() {
    let limit = limits::PARTIAL_BYTES;
    let wire = partial_bytes(limit, 4 * 1024 * 1024, 5 * 1024 * 1024);
    check_partial_bytes(Phase::Connected, &wire, limit);
}

#[test]
fn unfinished_messages_hold_256_kib_before_connect() {
    let limit = limits::PARTIAL_BYTES_BEFORE_CONNECT;
    let wire = partial_bytes(limit, 32 * 1024, 64 * 1024);
    check_partial_bytes(Phase::BeforeConnect, &wire, limit);
}

#[test]
fn a_finished_message_no_longer_counts() {
    let mut reader = reader();
    let payload = vec![0; 9_000_000];
    let wire = Wire::new().type0(6, 0, 9_000_000, 9, 1).bytes(&payload).0;
    read(&mut reader, &[&Wire::new().control(1, 0xFF_FFFF).0]).unwrap();
    for _ in 0..4 {
        assert_eq!(read(&mut reader, &[&wire]).unwrap().len(), 1);
    }
}

#[test]
fn memory_follows_what_was_sent_not_what_was_promised() {
    let mut reader = reader();
    for id in 0..8 {
        let wire = Wire::new()
            .type0(10 + id, 0, limits::MESSAGE_MEDIA, 9, 1)
            .bytes(&[0; 128]);
        assert_eq!(read(&mut reader, &[&wire.0]), Ok(Vec::new()));
    }
    assert!(reader.heap() < 40_000, "{}", reader.heap());
}

#[test]
fn a_buffer_has_room_for_what_is_at_hand_and_then_twice_as_much() {
    let wire = Wire::new()
        .control(1, 1000)
        .type0(6, 0, 60_000, 9, 1)
        .bytes(&[1; 1000])
        .0;
    let more = Wire::new().type3(6).bytes(&[1; 1000]).0;
    let mut reader = reader();
    read(&mut reader, &[&wire]).unwrap();
    let streams = 2 * size_of::<crate::chunk::stream::Stream>();
    let mut room = |pieces: usize| {
        read(&mut reader, &[&more.repeat(pieces)]).unwrap();
        reader.heap() - streams
    };
    assert_eq!(room(1), 4096);
    // Full with 4 pieces; 8 were at hand, with the 7 headers between them.
    assert_eq!(room(10), 12_007);
    assert_eq!(room(1), 24_000);
    assert_eq!(room(46), 24_000 + 35 * 1000 + 34);
}

#[test]
fn a_payload_has_exactly_its_size() {
    // Taking the whole of a buffer back needs no copy only if there is nothing around it.
    let wire = Wire::new()
        .control(1, 4096)
        .type0(6, 0, 10_000, 9, 1)
        .bytes(&[1; 4096]);
    let wire = wire.type3(6).bytes(&[2; 4096]).type3(6).bytes(&[3; 1808]).0;
    for at in [wire.len(), 5000, 9000] {
        let (one, two) = wire.split_at(at);
        let mut messages = read(&mut reader(), &[one, two]).unwrap();
        let payload = messages.pop().unwrap().payload;
        let before = payload.as_ptr();
        let buffer = payload.try_into_mut().unwrap();
        assert_eq!((buffer.as_ptr(), buffer.capacity()), (before, 10_000));
    }
}

//
#[test]
fn three_unknown_types_in_a_row_are_garbage() {
    let unknown = |wire: Wire, kind: u8| wire.type0(5, 0, 1, kind, 1).bytes(b"x");
    let two = unknown(unknown(Wire::new(), 7), 200);
    let known = two.clone().type0(4, 0, 0, 8, 1);
    let two_more = unknown(unknown(known, 0), 21);
    assert_eq!(read(&mut reader(), &[&two_more.0]).unwrap().len(), 5);
    check_error(
        &unknown(two, 23),
        ChunkError::UnknownKinds(MessageKind::Other(23)),
    );
}

//
#[test]
fn zeros_are_garbage_soon() {
    let result = read(&mut reader(), &[&[0; 1000]]);
    assert_eq!(result, Err(ChunkError::UnknownKinds(MessageKind::Other(0))));
}

// Chunk headers a second.

/// A reader with chunks of `chunk_size` bytes and a budget of 10 headers a second, one of which the
/// Set Chunk Size took at time 0.
fn small_budget(chunk_size: u32) -> ChunkReader {
    let limits = ChunkLimits {
        chunk_headers: 10,
        ..ChunkLimits::default()
    };
    let mut reader = ChunkReader::new(limits);
    reader.set_phase(Phase::Connected);
    read(&mut reader, &[&Wire::new().control(1, chunk_size).0]).unwrap();
    reader
}

/// Messages until the reader has enough of it, and what it says then.
fn messages_at(reader: &mut ChunkReader, now: Instant) -> (usize, Result<Next, ChunkError>) {
    for count in 0.. {
        match reader.poll(now) {
            Ok(Next::Message(_)) => {}
            other => return (count, other),
        }
    }
    unreachable!()
}

fn flood(messages: usize) -> Bytes {
    let wire = (0..messages).fold(Wire::new(), |wire, _| wire.type0(4, 0, 0, 8, 1));
    wire.0.into()
}

#[test]
fn more_chunk_headers_than_the_budget_wait_for_the_next_second() {
    let mut reader = small_budget(128);
    reader.feed(flood(9));
    assert_eq!(
        messages_at(&mut reader, seconds(0)),
        (9, Ok(Next::NeedMore))
    );
    assert_eq!(reader.throttled_until(), None);
    reader.feed(flood(25));
    assert_eq!(
        messages_at(&mut reader, seconds(0)),
        (0, Ok(Next::Throttled(seconds(1))))
    );
    assert_eq!(reader.throttled_until(), Some(seconds(1)));
    assert!(reader.waiting() > 0);
    let early = start() + Duration::from_millis(999);
    assert_eq!(
        messages_at(&mut reader, early),
        (0, Ok(Next::Throttled(seconds(1))))
    );
    assert_eq!(reader.throttles(), 1);
    assert_eq!(
        messages_at(&mut reader, seconds(1)),
        (10, Ok(Next::Throttled(seconds(2))))
    );
    assert_eq!(
        messages_at(&mut reader, seconds(2)),
        (10, Ok(Next::Throttled(seconds(3))))
    );
    assert_eq!(
        messages_at(&mut reader, seconds(3)),
        (5, Ok(Next::NeedMore))
    );
    assert_eq!((reader.throttled_until(), reader.throttles()), (None, 3));
}

#[test]
fn a_flood_of_tiny_chunks_ends_after_ten_seconds() {
    let mut reader = small_budget(127);
    reader.feed(flood(1000));
    assert_eq!(
        messages_at(&mut reader, seconds(0)),
        (9, Ok(Next::Throttled(seconds(1))))
    );
    for second in 1..10 {
        let throttled = Ok(Next::Throttled(seconds(second + 1)));
        assert_eq!(messages_at(&mut reader, seconds(second)), (10, throttled));
    }
    let error = ChunkError::HeaderRate { limit: 10 };
    assert_eq!(messages_at(&mut reader, seconds(10)), (0, Err(error)));
    assert_eq!(error.fault(), Fault::Limit);
}

#[test]
fn a_fast_sender_of_proper_chunks_is_only_slowed_down() {
    let mut reader = small_budget(128);
    reader.feed(flood(1000));
    messages_at(&mut reader, seconds(0)).1.unwrap();
    for second in 1..60 {
        let throttled = Ok(Next::Throttled(seconds(second + 1)));
        assert_eq!(messages_at(&mut reader, seconds(second)), (10, throttled));
    }
}

#[test]
fn a_second_within_the_budget_ends_the_flood() {
    let mut reader = small_budget(1);
    for second in 0..100 {
        // Ten seconds of too much are never in a row.
        reader.feed(flood(if second % 10 == 9 { 1 } else { 10 }));
        let (_, progress) = messages_at(&mut reader, seconds(second));
        assert!(progress.is_ok(), "second {second}");
    }
}

#[test]
fn input_that_is_never_polled_is_an_error_of_the_caller() {
    let mut reader = reader();
    for _ in 0..=limits::INPUT_PIECES {
        reader.feed(Bytes::from_static(&[0x84]));
    }
    assert!(reader.waiting() > 0);
    reader.feed(Bytes::from_static(&[0x84]));
    assert_eq!(reader.poll(start()), Err(ChunkError::NotPolled));
    assert_eq!(ChunkError::NotPolled.fault(), Fault::ApiMisuse);
}

#[test]
fn the_default_limits_are_the_named_ones() {
    let limits = ChunkLimits::default();
    assert_eq!(limits.chunk_headers, 200_000);
    assert_eq!(limits.message_media, 10 << 20);
    assert_eq!(limits.message_command, 1 << 20);
    assert_eq!(limits.message_before_connect, 64 << 10);
    assert_eq!((limits.chunk_streams, limits.partial_messages), (64, 8));
    assert_eq!(
        (limits.partial_bytes, limits.partial_bytes_before_connect),
        (16 << 20, 256 << 10)
    );
}
