use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::{
    FileHeader, FileTracks, FlvError, Next, Reader, Tag, TagKind, TagTooLong, encode_frame,
    encode_header, tag_head, tag_tail,
};
use crate::limits::{FLV_HEADER_BYTES, FLV_TAG_BYTES};
use crate::{Frame, FrameKind, Timestamp};

/// What a reader says about `file`, fed in pieces of `piece` bytes, up to the end or an error.
fn read_in(file: &[u8], piece: usize, mut reader: Reader) -> (Vec<Next>, Result<(), FlvError>) {
    let mut seen = Vec::new();
    for piece in file.chunks(piece.max(1)).map(Bytes::copy_from_slice) {
        reader.handle_input(piece);
        loop {
            match reader.poll() {
                Ok(Next::NeedMore) => break,
                Ok(next) => seen.push(next),
                Err(error) => {
                    let more = Bytes::from(b"FLV".to_vec());
                    reader.handle_input(more.clone());
                    assert!(more.is_unique(), "a failed reader keeps nothing");
                    assert_eq!(reader.poll(), Err(error), "an error is repeated");
                    return (seen, Err(error));
                }
            }
        }
    }
    reader.handle_eof();
    match reader.poll() {
        Ok(next) => {
            assert_eq!(next, Next::End);
            assert_eq!(reader.poll(), Ok(Next::End));
            (seen, Ok(()))
        }
        Err(error) => (seen, Err(error)),
    }
}

fn read(file: &[u8]) -> (Vec<Next>, Result<(), FlvError>) {
    read_in(file, usize::MAX, Reader::new())
}

fn tags(file: &[u8]) -> Vec<Tag> {
    let (seen, result) = read(file);
    assert_eq!(result, Ok(()));
    seen.into_iter()
        .filter_map(|next| {
            if let Next::Tag(tag) = next {
                Some(tag)
            } else {
                None
            }
        })
        .collect()
}

fn write(frames: &[Frame]) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode_header(FileTracks::AudioVideo, &mut out);
    for frame in frames {
        encode_frame(frame, &mut out).unwrap();
    }
    out.to_vec()
}

fn video(ms: u32, payload: &'static [u8]) -> Frame {
    Frame::classify(
        Timestamp::from_ms(ms),
        FrameKind::Video,
        Bytes::from_static(payload),
    )
}

const GOLDEN: &[u8] = b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00\
    \x09\x00\x00\x02\x34\x56\x78\x12\x00\x00\x00\x12\x34\x00\x00\x00\x0D";

#[test]
fn a_file_is_written_byte_for_byte() {
    assert_eq!(write(&[video(0x1234_5678, b"\x12\x34")]), GOLDEN);
}

#[test]
fn a_file_is_read_byte_for_byte() {
    let (seen, result) = read(GOLDEN);
    let header = FileHeader {
        version: 1,
        tracks: FileTracks::AudioVideo,
        data_offset: 9,
    };
    let tag = Tag {
        kind: TagKind::Frame(FrameKind::Video),
        filtered: false,
        at: Timestamp::from_ms(0x1234_5678),
        stream_id: 0,
        payload: Bytes::from_static(b"\x12\x34"),
        offset: 13,
    };
    assert_eq!(
        (seen, result),
        (vec![Next::Header(header), Next::Tag(tag)], Ok(()))
    );
}

#[test]
fn files_may_follow_one_another() {
    let mut long = GOLDEN.to_vec();
    long[8] = 12;
    long.splice(9..9, *b"abc");
    let joined = [GOLDEN, &long, GOLDEN].concat();
    for piece in [1, 2, 7, joined.len()] {
        let (seen, result) = read_in(&joined, piece, Reader::new());
        assert_eq!(result, Ok(()));
        let words: Vec<_> = seen
            .iter()
            .map(|next| match next {
                Next::Header(header) => format!("header {}", header.data_offset),
                Next::Tag(tag) => format!("tag at {}: {:?}", tag.offset, tag.payload),
                other => panic!("{other:?}"),
            })
            .collect();
        let tag = |at| format!("tag at {at}: b\"\\x124\"");
        assert_eq!(words, ["header 9".to_owned(), tag(13), tag(46), tag(76),]);
    }
}

#[test]
fn a_header_without_tags_may_follow_a_file() {
    let (seen, result) = read(&[GOLDEN, &GOLDEN[..13]].concat());
    assert_eq!((seen.len(), result), (2, Ok(())));
}

#[test]
fn a_tag_that_only_begins_like_a_header_is_a_tag() {
    let (_, result) = read(&[GOLDEN, b"FLV\x02\x05\x00\x00\x00\x09\x00\x00"].concat());
    assert_eq!(result, Err(FlvError::Damaged { offset: 30 }));
}

#[test]
fn the_file_header_says_which_tracks_there_are() {
    for (tracks, flags) in [
        (FileTracks::AudioVideo, 5),
        (FileTracks::Audio, 4),
        (FileTracks::Video, 1),
        (FileTracks::Neither, 0),
    ] {
        let mut out = BytesMut::new();
        encode_header(tracks, &mut out);
        assert_eq!(out[4], flags);
        let (seen, _) = read(&out);
        assert!(matches!(seen[0], Next::Header(header) if header.tracks == tracks));
    }
}

#[test]
fn timestamps_use_the_extension_byte_past_two_to_the_twenty_four() {
    for ms in [
        0,
        0x00FF_FFFF,
        0x0100_0000,
        0x7FFF_FFFF,
        0x8000_0000,
        u32::MAX,
    ] {
        assert_eq!(tags(&write(&[video(ms, b"x")]))[0].at.ms(), ms);
    }
}

#[test]
fn times_that_go_back_are_read_as_they_are() {
    let times = [5000, 0x0100_0000, 40, 0, u32::MAX, 20];
    let file = write(&times.map(|ms| video(ms, b"x")));
    let read: Vec<_> = tags(&file).iter().map(|tag| tag.at.ms()).collect();
    assert_eq!(read, times);
}

#[test]
fn wrong_track_flags_and_reserved_bits_do_not_matter() {
    let mut file = GOLDEN.to_vec();
    file[4] = 0xFA;
    file[13] |= 0xC0;
    assert_eq!(tags(&file)[0].kind, TagKind::Frame(FrameKind::Video));
}

#[test]
fn a_data_offset_past_nine_is_stepped_over() {
    let long = [&b"FLV\x01\x05\x00\x00\x00\x0C+++"[..], &GOLDEN[9..]].concat();
    assert_eq!(tags(&long)[0].offset, 16);
}

#[test]
fn data_offsets_are_bounded() {
    for (offset, good) in [
        (8, false),
        (9, true),
        (FLV_HEADER_BYTES, true),
        (FLV_HEADER_BYTES + 1, false),
    ] {
        let mut file = b"FLV\x01\x05".to_vec();
        file.extend_from_slice(&offset.to_be_bytes());
        file.resize(usize::try_from(offset.max(9)).unwrap() + 4, 0);
        let expected = if good {
            Ok(())
        } else {
            Err(FlvError::DataOffset { offset })
        };
        assert_eq!(read(&file).1, expected);
    }
}

#[test]
fn wrong_back_pointers_do_not_matter() {
    let mut file = GOLDEN.to_vec();
    *file.last_mut().unwrap() = 0xEE;
    file.extend_from_slice(&GOLDEN[13..]);
    assert_eq!(tags(&file).len(), 2);
}

#[test]
fn a_missing_last_back_pointer_does_not_matter() {
    for missing in 1..=4 {
        assert_eq!(tags(&GOLDEN[..GOLDEN.len() - missing]).len(), 1);
    }
}

#[test]
fn amf3_script_and_unknown_tags_are_no_frames() {
    for kind in [15, 0, 31] {
        let mut file = GOLDEN.to_vec();
        file[13] = kind;
        let tag = tags(&file).remove(0);
        assert_eq!(tag.kind, TagKind::Other(kind));
        assert_eq!(tag.into_frame(), None);
    }
}

#[test]
fn a_filtered_tag_is_no_frame() {
    let mut file = GOLDEN.to_vec();
    file[13] |= 0x20;
    let tag = tags(&file).remove(0);
    assert!(tag.filtered);
    assert_eq!(tag.into_frame(), None);
}

#[test]
fn what_does_not_begin_with_flv_is_refused() {
    let (_, result) = read(b"\x47\x40\x11\x10\x00\x42\xF0\x25\x00\x01\xC1");
    let error = result.unwrap_err();
    assert_eq!(
        error,
        FlvError::NotFlv {
            found: *b"\x47\x40\x11"
        }
    );
    assert_eq!(
        error.to_string(),
        "this is not FLV: it begins with \"G@\\x11\""
    );
}

#[test]
fn tags_are_read_up_to_the_limit() {
    let file = write(&[video(0, b"12345")]);
    let limited = |limit| read_in(&file, usize::MAX, Reader::with_tag_limit(limit)).1;
    assert_eq!(limited(5), Ok(()));
    assert_eq!(
        limited(4),
        Err(FlvError::TagTooLong {
            offset: 13,
            size: 5,
            limit: 4
        })
    );
}

#[test]
fn the_default_tag_limit_is_ten_mebibytes() {
    let head = |size: u32| {
        let mut file = GOLDEN[..13].to_vec();
        file.push(9);
        file.extend_from_slice(&size.to_be_bytes()[1..]);
        file.extend_from_slice(&[0; 7]);
        file
    };
    assert_eq!(
        read(&head(FLV_TAG_BYTES)).1,
        Err(FlvError::Truncated { offset: 13 })
    );
    assert!(matches!(
        read(&head(FLV_TAG_BYTES + 1)).1,
        Err(FlvError::TagTooLong { .. })
    ));
}

#[test]
fn a_payload_of_sixteen_mebibytes_cannot_be_written() {
    let at = Timestamp::ZERO;
    assert!(tag_head(FrameKind::Video, at, 0x00FF_FFFF).is_ok());
    let too_long = TagTooLong { bytes: 0x0100_0000 };
    assert_eq!(tag_head(FrameKind::Video, at, 0x0100_0000), Err(too_long));
    assert_eq!(tag_tail(0x0100_0000), Err(too_long));
}

#[test]
fn an_empty_payload_is_written_and_read() {
    let frame = Frame::classify(Timestamp::from_ms(9), FrameKind::Audio, Bytes::new());
    assert_eq!(
        tags(&write(std::slice::from_ref(&frame)))
            .remove(0)
            .into_frame(),
        Some(frame)
    );
}

#[test]
fn a_payload_that_came_in_pieces_is_exactly_sized() {
    let payload = vec![7; 100_000];
    let frame = Frame::classify(Timestamp::ZERO, FrameKind::Data, Bytes::from(payload));
    let (seen, _) = read_in(&write(&[frame]), 1000, Reader::new());
    let Some(Next::Tag(tag)) = seen.into_iter().nth(1) else {
        panic!("no tag")
    };
    assert_eq!(tag.payload.try_into_mut().unwrap().capacity(), 100_000);
}

#[test]
fn truncation_at_every_byte_gives_the_whole_tags_before_it() {
    let frames = [
        video(0, b"\x17\x00abc"),
        video(40, b""),
        video(80, b"\x27x"),
    ];
    let file = write(&frames);
    let ends: Vec<usize> = frames
        .iter()
        .scan(13, |at, frame| {
            *at += 11 + frame.payload().len() + 4;
            Some(*at)
        })
        .collect();
    for cut in 0..file.len() {
        let (seen, result) = read(&file[..cut]);
        let tags = seen
            .iter()
            .filter(|next| matches!(next, Next::Tag(_)))
            .count();
        let whole = ends.iter().filter(|end| cut >= **end - 4).count();
        assert_eq!(tags, whole, "cut at {cut}");
        let begin = ends
            .iter()
            .rev()
            .copied()
            .chain([13])
            .find(|end| *end <= cut);
        let clean = cut >= 9 && begin.is_none_or(|begin| begin == cut)
            || ends.iter().any(|end| (end - 4..=*end).contains(&cut));
        assert_eq!(result.is_ok(), clean, "cut at {cut}: {result:?}");
        if let (Err(error), Some(begin)) = (result, begin) {
            let offset = u64::try_from(begin).unwrap();
            assert_eq!(error, FlvError::Truncated { offset });
        }
    }
}

#[test]
fn an_input_that_is_cut_off_says_where() {
    let file = write(&[video(0, b"abc"), video(40, b"def")]);
    let (seen, result) = read_in(&file[..file.len() - 5], 1, Reader::new());
    assert_eq!(seen.len(), 2, "the header and the tag that is whole");
    assert_eq!(
        result.unwrap_err().to_string(),
        "truncated at byte 31: the input ends inside what begins there"
    );
}

#[test]
fn damage_in_the_middle_is_told_apart_from_a_cut() {
    let file = write(&[video(0, &[7; 400]), video(40, &[7; 400]), video(80, b"abc")]);
    // The second tag begins at byte 428.
    for damage in [[0xFF; 64], [0x00; 64], [0x5A; 64], [0x1E; 64]] {
        let mut damaged = file.clone();
        damaged[428..492].copy_from_slice(&damage);
        let (seen, result) = read(&damaged);
        assert!(matches!(seen[1], Next::Tag(_)));
        assert_eq!(
            result.unwrap_err().to_string(),
            "damaged at byte 428: what begins there is no tag",
            "{damage:02x?}"
        );
    }
}

#[test]
fn a_tag_of_a_strange_type_among_others_is_no_damage() {
    let strange = b"\x07\0\0\x02\0\0\0\0\0\0\0ab\0\0\0\x0d";
    let file = write(&[video(0, b"abc")]);
    let tail = &write(&[video(40, b"def")])[13..];
    let (seen, result) = read(&[&file, &strange[..], tail].concat());
    assert_eq!((seen.len(), result), (4, Ok(())));
    let (_, result) = read(&[&file, &strange[..], &tail[..tail.len() - 5]].concat());
    assert_eq!(result, Err(FlvError::Truncated { offset: 48 }));
}

fn any_frame() -> impl Strategy<Value = Frame> {
    let kind = prop_oneof![
        Just(FrameKind::Audio),
        Just(FrameKind::Video),
        Just(FrameKind::Data)
    ];
    (
        any::<u32>(),
        kind,
        proptest::collection::vec(any::<u8>(), 0..300),
    )
        .prop_map(|(ms, kind, payload)| {
            Frame::classify(Timestamp::from_ms(ms), kind, payload.into())
        })
}

proptest! {
    #[test]
    fn what_was_written_is_read_back_in_any_split(
        frames in proptest::collection::vec(any_frame(), 0..12),
        piece in 1usize..64,
    ) {
        let file = write(&frames);
        let (seen, result) = read_in(&file, piece, Reader::new());
        prop_assert_eq!(result, Ok(()));
        let back: Vec<_> = seen
            .into_iter()
            .filter_map(|next| if let Next::Tag(tag) = next { tag.into_frame() } else { None })
            .collect();
        prop_assert_eq!(back, frames);
    }

    #[test]
    fn any_split_of_any_bytes_gives_the_same(
        valid in any::<bool>(),
        garbage in proptest::collection::vec(any::<u8>(), 0..200),
        piece in 1usize..16,
    ) {
        let file = if valid { [&GOLDEN[..13], &garbage].concat() } else { garbage };
        prop_assert_eq!(read(&file), read_in(&file, piece, Reader::new()));
    }
}
