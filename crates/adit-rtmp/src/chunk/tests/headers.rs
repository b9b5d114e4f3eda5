//! Header forms, histories, interleaving, what a header may do inside a message.

use super::*;
use crate::id::ChunkStreamId;

#[test]
fn type_0_says_everything() {
    let wire = Wire::new().bytes(&[
        0x06, 0x00, 0x01, 0x02, 0x00, 0x00, 0x03, 0x09, 0x01, 0x00, 0x00, 0x00, b'a', b'b', b'c',
    ]);
    check(&wire, &[(9, 0x102, 1, b"abc".to_vec())]);
}

#[test]
fn the_message_stream_id_is_little_endian() {
    let wire = Wire::new().bytes(&[6, 0, 0, 0, 0, 0, 0, 9, 0x78, 0x56, 0x34, 0x12]);
    check(&wire, &[(9, 0, 0x1234_5678, Vec::new())]);
}

/// The table of [RTMP 5.3.2.1].
#[test]
fn example_1_of_the_specification() {
    let wire = Wire::new()
        .type0(3, 1000, 32, 8, 12345)
        .bytes(&body(1, 32))
        .type2(3, 20)
        .bytes(&body(2, 32))
        .type3(3)
        .bytes(&body(3, 32))
        .type3(3)
        .bytes(&body(4, 32));
    let expected = [1000, 1020, 1040, 1060]
        .into_iter()
        .zip(1..)
        .map(|(time, first)| audio(time, 12345, &body(first, 32)))
        .collect::<Vec<_>>();
    check(&wire, &expected);
}

/// The table of [RTMP 5.3.2.2].
#[test]
fn example_2_of_the_specification() {
    let video = body(9, 307);
    let wire = Wire::new()
        .type0(4, 1000, 307, 9, 12346)
        .bytes(&video[..128])
        .type3(4)
        .bytes(&video[128..256])
        .type3(4)
        .bytes(&video[256..]);
    check(&wire, &[(9, 1000, 12346, video)]);
}

#[test]
fn types_1_and_2_keep_what_they_leave_out() {
    let wire = Wire::new()
        .type0(4, 10, 2, 8, 7)
        .bytes(b"ab")
        .type1(4, 5, 3, 9)
        .bytes(b"cde")
        .type2(4, 6)
        .bytes(b"fgh")
        .type3(4)
        .bytes(b"ijk");
    check(
        &wire,
        &[
            audio(10, 7, b"ab"),
            (9, 15, 7, b"cde".to_vec()),
            (9, 21, 7, b"fgh".to_vec()),
            (9, 27, 7, b"ijk".to_vec()),
        ],
    );
}

#[test]
fn ids_have_one_two_and_three_bytes() {
    for (header, id) in [
        (&[0x02][..], 2),
        (&[0x3F], 63),
        (&[0x00, 0], 64),
        (&[0x00, 255], 319),
        (&[0x01, 0, 0], 64),
        (&[0x01, 255, 0], 319),
        (&[0x01, 0, 1], 320),
        (&[0x01, 255, 255], 65_599),
    ] {
        let wire = [header, &[0, 0, 5, 0, 0, 1, 8, 1, 0, 0, 0, b'x']].concat();
        let messages = read(&mut reader(), &[&wire]).unwrap();
        assert_eq!(messages, [message(8, 5, 1, id, b"x".to_vec())]);
    }
}

//
#[test]
fn the_form_of_an_id_does_not_matter_for_its_history() {
    let wire = Wire::new()
        .bytes(&[0x01, 36, 0])
        .bytes(&[0, 0, 5, 0, 0, 130, 8, 1, 0, 0, 0])
        .bytes(&body(0, 128))
        .bytes(&[0xC0, 36])
        .bytes(b"yz");
    check(
        &wire,
        &[audio(5, 1, &[&body(0, 128), b"yz".as_slice()].concat())],
    );
}

#[test]
fn messages_of_no_length_exist() {
    let wire = Wire::new()
        .type0(4, 1, 0, 8, 1)
        .type3(4)
        .type2(4, 7)
        .type1(4, 1, 1, 9)
        .bytes(b"x");
    check(
        &wire,
        &[
            audio(1, 1, b""),
            audio(2, 1, b""),
            audio(9, 1, b""),
            (9, 10, 1, b"x".to_vec()),
        ],
    );
}

#[test]
fn chunks_of_different_streams_interleave() {
    let (sound, picture) = (body(1, 200), body(2, 300));
    let wire = Wire::new()
        .type0(6, 40, 300, 9, 1)
        .bytes(&picture[..128])
        .type0(4, 41, 200, 8, 1)
        .bytes(&sound[..128])
        .type3(6)
        .bytes(&picture[128..256])
        .control(5, 70_000)
        .type3(4)
        .bytes(&sound[128..])
        .type3(6)
        .bytes(&picture[256..]);
    check(
        &wire,
        &[
            (5, 0, 0, 70_000_u32.to_be_bytes().to_vec()),
            audio(41, 1, &sound),
            (9, 40, 1, picture),
        ],
    );
}

#[test]
fn a_message_of_exactly_one_chunk_has_no_second() {
    let wire = Wire::new()
        .type0(4, 1, 128, 8, 1)
        .bytes(&body(3, 128))
        .type3(4)
        .bytes(&body(4, 128));
    check(
        &wire,
        &[audio(1, 1, &body(3, 128)), audio(2, 1, &body(4, 128))],
    );
}

#[test]
fn type_and_length_may_change_with_every_message_of_a_chunk_stream() {
    // librtmp and OBS send audio, video and data on one chunk stream.
    let wire = Wire::new()
        .type0(4, 100, 1, 9, 1)
        .bytes(b"v")
        .type1(4, 3, 2, 8)
        .bytes(b"aa")
        .type1(4, 30, 3, 9)
        .bytes(b"vvv")
        .type0(4, 110, 2, 8, 1)
        .bytes(b"bb");
    check(
        &wire,
        &[
            (9, 100, 1, b"v".to_vec()),
            audio(103, 1, b"aa"),
            (9, 133, 1, b"vvv".to_vec()),
            audio(110, 1, b"bb"),
        ],
    );
}

// D4.

#[test]
fn a_chunk_stream_may_begin_with_type_1() {
    // Bytes that librtmp sends as its first ping.
    let wire = Wire::new().bytes(&[0x42, 0, 0, 0, 0, 0, 6, 4, 0, 7, 0, 0, 0, 9]);
    check(&wire, &[(4, 0, 0, vec![0, 7, 0, 0, 0, 9])]);
    let wire = Wire::new()
        .type1(9, 25, 1, 8)
        .bytes(b"x")
        .type3(9)
        .bytes(b"y");
    check(&wire, &[audio(25, 0, b"x"), audio(50, 0, b"y")]);
}

//
#[test]
fn a_chunk_stream_does_not_begin_with_type_2_or_3() {
    let no_history = |format| ChunkError::NoHistory {
        csid: csid(33),
        format,
    };
    check_error(&Wire::new().type2(33, 0), no_history(2));
    check_error(&Wire::new().type3(33), no_history(3));
    check_error(&Wire::new().type0(4, 0, 0, 8, 1).type3(33), no_history(3));
}

// D5, D6.

#[track_caller]
fn check_inside(longer: impl Fn(Wire) -> Wire, expected: Result<Seen, ChunkError>) {
    let payload = body(1, 130);
    let wire = longer(Wire::new().type0(4, 50, 130, 8, 1).bytes(&payload[..128]));
    let wire = wire
        .bytes(&payload[128..])
        .type3(4)
        .bytes(&payload[..128])
        .type3(4)
        .bytes(b"xy");
    match expected {
        Ok(first) => {
            let second = audio(100, 1, &[&payload[..128], b"xy"].concat());
            check(&wire, &[first, second]);
        }
        Err(error) => check_error(&wire, error),
    }
}

//
#[test]
fn a_longer_header_inside_a_message_is_taken_if_it_announces_the_same_message() {
    let same = || Ok(audio(50, 1, &body(1, 130)));
    check_inside(|wire| wire.type3(4), same());
    check_inside(|wire| wire.type2(4, 9), same());
    check_inside(|wire| wire.type1(4, 9, 130, 8), same());
    check_inside(|wire| wire.type0(4, 50, 130, 8, 1), same());
    check_inside(|wire| wire.type0(4, 77, 130, 8, 1), same());
}

//
#[test]
fn another_message_inside_an_unfinished_one_is_an_error() {
    let interrupted = || {
        Err(ChunkError::Interrupted {
            csid: ChunkStreamId::DATA,
        })
    };
    check_inside(|wire| wire.type0(4, 50, 131, 8, 1), interrupted());
    check_inside(|wire| wire.type0(4, 50, 130, 9, 1), interrupted());
    check_inside(|wire| wire.type0(4, 50, 130, 8, 2), interrupted());
    check_inside(|wire| wire.type1(4, 0, 129, 8), interrupted());
    check_inside(|wire| wire.type1(4, 0, 130, 9), interrupted());
}

#[test]
fn the_end_of_input_inside_a_message_can_be_told() {
    let wire = Wire::new()
        .type0(4, 50, 130, 8, 1)
        .bytes(&body(1, 128))
        .type3(4)
        .bytes(b"ab")
        .0;
    for at in 0..=wire.len() {
        let mut reader = reader();
        read(&mut reader, &[&wire[..at]]).unwrap();
        assert_eq!(
            reader.is_inside_message(),
            at != 0 && at != wire.len(),
            "after {at} bytes"
        );
        assert_eq!(reader.waiting(), 0);
    }
}

#[test]
fn an_idle_reader_holds_next_to_nothing() {
    let mut reader = reader();
    let mut wire = Wire::new().control(5, 2_500_000);
    for id in [3, 8, 4, 6, 7] {
        wire = wire.type0(id, 0, 4, 20, 1).bytes(b"abcd");
    }
    let wire = wire
        .type0(3, 0, 100, 20, 0)
        .bytes(&body(0, 100))
        .bytes(&[0x83, 0]);
    let input = Bytes::from(wire.0);
    reader.feed(input.clone());
    drain(&mut reader).unwrap();
    assert!(input.is_unique(), "the reader kept the input");
    assert!(
        size_of::<ChunkReader>() <= 400,
        "{}",
        size_of::<ChunkReader>()
    );
    assert!(reader.heap() <= 1024, "{}", reader.heap());
}

#[test]
fn debug_output_hides_payloads() {
    let mut reader = reader();
    let wire = Wire::new()
        .type0(4, 0, 3, 8, 1)
        .bytes(b"KEY")
        .type0(4, 0, 9, 8, 1)
        .bytes(b"KEY");
    let messages = read(&mut reader, &[&wire.0]).unwrap();
    reader.feed(Bytes::from_static(b"KEY"));
    let mut out = crate::out::OutQueue::new();
    out.push(messages[0].payload.clone());
    let shown = format!("{messages:?} {reader:?} {out:?}");
    assert!(
        !shown.contains("KEY") && !shown.contains("75, 69, 89"),
        "{shown}"
    );
}
