use super::*;

/// A message as the parts of it add up.
#[derive(Debug, PartialEq, Eq)]
struct Whole {
    csid: u32,
    kind: u8,
    timestamp: u32,
    msid: u32,
    payload: Vec<u8>,
}

fn whole(csid: u32, kind: u8, timestamp: u32, msid: u32, payload: &[u8]) -> Whole {
    Whole {
        csid,
        kind,
        timestamp,
        msid,
        payload: payload.to_vec(),
    }
}

/// Feeds `input` in pieces of `piece` bytes.
fn read(chunk_size: u32, input: &[u8], piece: usize) -> Result<Vec<Whole>, ChunkError> {
    let mut parser = ChunkParser::new(chunk_size);
    let mut partial: Vec<Vec<u8>> = Vec::new();
    let mut messages = Vec::new();
    for bytes in input.chunks(piece) {
        parser.feed(bytes, |part| {
            partial.resize_with(partial.len().max(part.slot + 1), Vec::new);
            let payload = &mut partial[part.slot];
            if part.offset == 0 {
                payload.clear();
            }
            assert_eq!(payload.len(), part.offset, "parts follow each other");
            payload.extend_from_slice(part.bytes);
            if part.completes() {
                let MessageHead {
                    csid,
                    kind,
                    timestamp,
                    msid,
                    ..
                } = part.head;
                messages.push(whole(csid, kind, timestamp, msid, payload));
            }
        })?;
    }
    Ok(messages)
}

/// The same result for every way of cutting the input.
fn check(chunk_size: u32, input: &[u8], expected: &Result<Vec<Whole>, ChunkError>) {
    for piece in 1..=input.len() {
        assert_eq!(
            &read(chunk_size, input, piece),
            expected,
            "in pieces of {piece}"
        );
    }
}

fn bytes(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

#[test]
fn a_full_header_gives_all_fields() {
    let input = bytes(&[&[5, 0, 0, 40, 0, 0, 3, 8, 1, 0, 0, 0], b"abc"]);
    check(128, &input, &Ok(vec![whole(5, 8, 40, 1, b"abc")]));
}

#[test]
fn deltas_add_up_over_header_types_1_2_and_3() {
    let input = bytes(&[
        &[6, 0, 0, 100, 0, 0, 1, 9, 1, 0, 0, 0],
        b"a",
        &[0x46, 0, 0, 33, 0, 0, 2, 9],
        b"bc",
        &[0x86, 0, 0, 34],
        b"de",
        &[0xC6],
        b"fg",
    ]);
    let expected = vec![
        whole(6, 9, 100, 1, b"a"),
        whole(6, 9, 133, 1, b"bc"),
        whole(6, 9, 167, 1, b"de"),
        whole(6, 9, 201, 1, b"fg"),
    ];
    check(128, &input, &Ok(expected));
}

#[test]
fn a_payload_is_cut_at_the_chunk_size_and_chunk_streams_may_interleave() {
    let input = bytes(&[
        &[6, 0, 0, 0, 0, 0, 10, 9, 1, 0, 0, 0],
        b"0123",
        &[5, 0, 0, 0, 0, 0, 5, 8, 1, 0, 0, 0],
        b"abcd",
        &[0xC6],
        b"4567",
        &[0xC5],
        b"e",
        &[0xC6],
        b"89",
    ]);
    let expected = vec![
        whole(5, 8, 0, 1, b"abcde"),
        whole(6, 9, 0, 1, b"0123456789"),
    ];
    check(4, &input, &Ok(expected));
}

#[test]
fn a_new_chunk_size_holds_from_the_next_chunk_on() {
    let input = bytes(&[
        &[2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 2],
        &[6, 0, 0, 0, 0, 0, 3, 9, 1, 0, 0, 0],
        b"ab",
        &[0xC6],
        b"c",
    ]);
    let expected = vec![whole(2, 1, 0, 0, &[0, 0, 0, 2]), whole(6, 9, 0, 1, b"abc")];
    check(128, &input, &Ok(expected));
}

#[test]
fn chunk_sizes_of_zero_and_beyond_31_bits_are_errors() {
    for (size, error) in [
        (0_u32, Some(0)),
        (0x7FFF_FFFF, None),
        (0x8000_0000, Some(0x8000_0000)),
    ] {
        let input = bytes(&[&[2, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0], &size.to_be_bytes()]);
        let result = read(128, &input, 1).map(|_| ());
        assert_eq!(
            result,
            error.map_or(Ok(()), |size| Err(ChunkError::BadChunkSize(size)))
        );
    }
}

#[test]
fn an_abort_drops_the_unfinished_message() {
    let input = bytes(&[
        &[6, 0, 0, 0, 0, 0, 9, 9, 1, 0, 0, 0],
        b"abcd",
        &[2, 0, 0, 0, 0, 0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 6],
        &[0x46, 0, 0, 0, 0, 0, 2, 9],
        b"xy",
    ]);
    let expected = vec![whole(2, 2, 0, 0, &[0, 0, 0, 6]), whole(6, 9, 0, 1, b"xy")];
    check(4, &input, &Ok(expected));
}

#[test]
fn a_message_without_payload_is_a_message() {
    let input = bytes(&[&[4, 0, 0, 7, 0, 0, 0, 8, 1, 0, 0, 0], &[0xC4], &[0xC4]]);
    let expected = vec![
        whole(4, 8, 7, 1, b""),
        whole(4, 8, 14, 1, b""),
        whole(4, 8, 21, 1, b""),
    ];
    check(128, &input, &Ok(expected));
}

#[test]
fn chunk_stream_ids_of_two_and_three_bytes_are_numbers_like_any_other() {
    let input = bytes(&[
        &[0, 6, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0],
        b"a",
        &[1, 6, 0, 0, 0, 1, 0, 0, 1, 8, 1, 0, 0, 0],
        b"b",
        &[1, 255, 255, 0, 0, 0, 0, 0, 1, 8, 1, 0, 0, 0],
        b"c",
    ]);
    let expected = vec![
        whole(70, 8, 0, 1, b"a"),
        whole(70, 8, 1, 1, b"b"),
        whole(65_599, 8, 0, 1, b"c"),
    ];
    check(128, &input, &Ok(expected));
}

#[test]
fn extended_timestamps_are_read_in_every_header_type() {
    let input = bytes(&[
        &[
            6, 255, 255, 255, 0, 0, 3, 9, 1, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFE,
        ],
        b"ab",
        &[0xC6, 0xFF, 0xFF, 0xFF, 0xFE],
        b"c",
        &[0x86, 255, 255, 255, 1, 0, 0, 0],
        b"de",
        &[0xC6, 1, 0, 0, 0],
        b"f",
        &[0x86, 0, 0, 1],
        b"gh",
        &[0xC6],
        b"i",
    ]);
    let expected = vec![
        whole(6, 9, 0xFFFF_FFFE, 1, b"abc"),
        whole(6, 9, 0x00FF_FFFE, 1, b"def"),
        whole(6, 9, 0x00FF_FFFF, 1, b"ghi"),
    ];
    check(2, &input, &Ok(expected));
}

#[test]
fn a_chunk_stream_must_begin_with_a_full_header() {
    check(
        128,
        &[0x46, 0, 0, 0, 0, 0, 1, 9, 1],
        &Err(ChunkError::NoFirstHeader(6)),
    );
}

#[test]
fn a_message_must_not_be_interrupted_on_its_own_chunk_stream() {
    let head = [6, 0, 0, 0, 0, 0, 9, 9, 1, 0, 0, 0];
    let input = bytes(&[&head, b"abcd", &head]);
    check(4, &input, &Err(ChunkError::Interrupted(6)));
}

#[test]
fn as_many_chunk_streams_as_the_limit_and_not_one_more() {
    let streams = |count: u16| {
        let one = |csid: u16| {
            let [low, high] = (csid + 10).to_le_bytes();
            [1, low, high, 0, 0, 0, 0, 0, 0, 8, 1, 0, 0, 0]
        };
        (0..count).flat_map(one).collect::<Vec<u8>>()
    };
    let limit = u16::try_from(MAX_CHUNK_STREAMS).unwrap();
    assert_eq!(
        read(128, &streams(limit), 7).map(|all| all.len()),
        Ok(MAX_CHUNK_STREAMS)
    );
    assert_eq!(
        read(128, &streams(limit + 1), 7),
        Err(ChunkError::TooManyStreams)
    );
}
