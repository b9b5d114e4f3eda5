use super::{Codec, Command, FrameType, Header, PacketType, Track};
use crate::limits::{MOD_EX_PER_MESSAGE, TRACKS_PER_MESSAGE};
use crate::{FourCc, HeaderError, Layout};

/// A header and its tracks, flat, for comparison.
type Read<'a> = (FrameType, PacketType, Vec<Track<'a>>);

fn read(payload: &[u8]) -> Result<Read<'_>, HeaderError> {
    let header = Header::parse(payload)?;
    let tracks = header.tracks().collect::<Result<_, _>>()?;
    Ok((header.frame_type, header.packet_type, tracks))
}

#[track_caller]
fn check(payload: &[u8], expected: &Result<Read<'_>, HeaderError>) {
    assert_eq!(&read(payload), expected);
}

const fn track(codec: Codec, composition_ms: i32, body: &[u8]) -> Track<'_> {
    Track {
        id: 0,
        codec,
        composition_ms,
        body,
    }
}

#[test]
fn legacy_avc_has_a_packet_type_and_a_composition_time() {
    check(
        b"\x17\x00\x00\x00\x00record",
        &Ok((
            FrameType::Key,
            PacketType::SequenceStart,
            vec![track(Codec::Avc, 0, b"record")],
        )),
    );
    check(
        b"\x27\x01\x00\x00\x28nalu",
        &Ok((
            FrameType::Inter,
            PacketType::CodedFrames,
            vec![track(Codec::Avc, 40, b"nalu")],
        )),
    );
    check(
        b"\x17\x02\x00\x00\x00",
        &Ok((
            FrameType::Key,
            PacketType::SequenceEnd,
            vec![track(Codec::Avc, 0, b"")],
        )),
    );
}

#[test]
fn composition_time_is_signed() {
    check(
        b"\x27\x01\xFF\xFF\xD8nalu",
        &Ok((
            FrameType::Inter,
            PacketType::CodedFrames,
            vec![track(Codec::Avc, -40, b"nalu")],
        )),
    );
    check(
        b"\x27\x01\x80\x00\x00nalu",
        &Ok((
            FrameType::Inter,
            PacketType::CodedFrames,
            vec![track(Codec::Avc, -(1 << 23), b"nalu")],
        )),
    );
}

#[test]
fn hevc_as_id_12_and_av1_as_id_13_have_the_header_of_avc() {
    check(
        b"\x1C\x00\x00\x00\x00record",
        &Ok((
            FrameType::Key,
            PacketType::SequenceStart,
            vec![track(Codec::Hevc, 0, b"record")],
        )),
    );
    check(
        b"\x2D\x01\x00\x00\x00obu",
        &Ok((
            FrameType::Inter,
            PacketType::CodedFrames,
            vec![track(Codec::Av1, 0, b"obu")],
        )),
    );
}

#[test]
fn other_legacy_codecs_have_a_body_right_after_the_first_byte() {
    for (first, codec) in [
        (0x22, Codec::SorensonH263),
        (0x23, Codec::Screen),
        (0x24, Codec::Vp6),
        (0x25, Codec::Vp6Alpha),
        (0x26, Codec::Screen2),
        (0x28, Codec::Reserved(8)),
    ] {
        check(
            &[first, 0xAA],
            &Ok((
                FrameType::Inter,
                PacketType::CodedFrames,
                vec![track(codec, 0, &[0xAA])],
            )),
        );
    }
}

#[test]
fn frame_types_are_the_three_bits_after_the_first() {
    for (bits, frame_type) in [
        (0, FrameType::Reserved(0)),
        (1, FrameType::Key),
        (2, FrameType::Inter),
        (3, FrameType::DisposableInter),
        (4, FrameType::GeneratedKey),
        (6, FrameType::Reserved(6)),
        (7, FrameType::Reserved(7)),
    ] {
        assert_eq!(read(&[bits << 4 | 2, 1]).unwrap().0, frame_type);
        let mut enhanced = vec![0x80 | bits << 4 | 1];
        enhanced.extend_from_slice(b"av01x");
        assert_eq!(read(&enhanced).unwrap().0, frame_type);
    }
}

#[test]
fn a_command_frame_has_a_command_and_no_track() {
    for (byte, command) in [
        (0, Command::StartSeek),
        (1, Command::EndSeek),
        (9, Command::Reserved(9)),
    ] {
        let expected = (FrameType::Command, PacketType::Command(command), vec![]);
        check(&[0x57, byte], &Ok(expected.clone()));
        check(&[0xD1, byte], &Ok(expected));
    }
    check(b"\x57", &Err(HeaderError::Truncated { at: 1 }));
}

#[test]
fn enhanced_coded_frames_have_a_composition_time_for_avc_hevc_and_vvc_only() {
    for (codec, composition) in [
        (*b"avc1", true),
        (*b"hvc1", true),
        (*b"vvc1", true),
        (*b"av01", false),
        (*b"vp09", false),
    ] {
        let payload = [&[0x91], &codec[..], &[0, 0, 5, 0xAA]].concat();
        let body: &[u8] = if composition {
            &[0xAA]
        } else {
            &[0, 0, 5, 0xAA]
        };
        let ms = if composition { 5 } else { 0 };
        let codec = Codec::FourCc(FourCc(codec));
        check(
            &payload,
            &Ok((
                FrameType::Key,
                PacketType::CodedFrames,
                vec![track(codec, ms, body)],
            )),
        );
    }
}

#[test]
fn enhanced_coded_frames_x_have_no_composition_time() {
    check(
        b"\xA3hvc1\x00\x00\x05",
        &Ok((
            FrameType::Inter,
            PacketType::CodedFramesX,
            vec![track(Codec::FourCc(FourCc::HEVC), 0, &[0, 0, 5])],
        )),
    );
}

#[test]
fn every_enhanced_packet_type_is_told_apart() {
    for (bits, packet) in [
        (0, PacketType::SequenceStart),
        (1, PacketType::CodedFrames),
        (2, PacketType::SequenceEnd),
        (3, PacketType::CodedFramesX),
        (4, PacketType::Metadata),
        (5, PacketType::Mpeg2TsSequenceStart),
        (8, PacketType::Reserved(8)),
        (15, PacketType::Reserved(15)),
    ] {
        let payload = [&[0x90 | bits], &b"av01body"[..]].concat();
        assert_eq!(read(&payload).unwrap().1, packet);
    }
}

#[test]
fn metadata_is_metadata_even_in_a_command_frame() {
    assert_eq!(
        read(b"\xD4hvc1\x02\x00\x09colorInfo\x06").unwrap().1,
        PacketType::Metadata
    );
}

#[test]
fn one_track_takes_the_rest_of_the_message() {
    check(
        b"\x96\x00avc1\x03record",
        &Ok((
            FrameType::Key,
            PacketType::SequenceStart,
            vec![Track {
                id: 3,
                codec: Codec::FourCc(FourCc::AVC),
                composition_ms: 0,
                body: b"record",
            }],
        )),
    );
}

#[test]
fn many_tracks_are_read_to_the_end() {
    let av1 = Codec::FourCc(FourCc::AV1);
    check(
        b"\x96\x11av01\x00\x00\x00\x02ab\x01\x00\x00\x00\x02\x00\x00\x01c",
        &Ok((
            FrameType::Key,
            PacketType::CodedFrames,
            vec![
                track(av1, 0, b"ab"),
                Track {
                    id: 1,
                    ..track(av1, 0, b"")
                },
                Track {
                    id: 2,
                    ..track(av1, 0, b"c")
                },
            ],
        )),
    );
}

#[test]
fn many_codecs_name_their_codec_each() {
    let payload = b"\xA6\x21hvc1\x00\x00\x00\x04\x00\x00\x07hav01\x01\x00\x00\x01a";
    let header = Header::parse(payload).unwrap();
    assert_eq!(header.layout, Layout::ManyTracksManyCodecs);
    check(
        payload,
        &Ok((
            FrameType::Inter,
            PacketType::CodedFrames,
            vec![
                track(Codec::FourCc(FourCc::HEVC), 7, b"h"),
                Track {
                    id: 1,
                    ..track(Codec::FourCc(FourCc::AV1), 0, b"a")
                },
            ],
        )),
    );
}

#[test]
fn a_track_that_claims_more_than_there_is_ends_the_list_with_an_error() {
    let header = Header::parse(b"\x96\x11av01\x00\x00\x00\x01a\x01\x00\x00\x09b").unwrap();
    let tracks: Vec<_> = header.tracks().collect();
    assert_eq!(tracks[0].unwrap().body, b"a");
    assert_eq!(tracks[1], Err(HeaderError::Truncated { at: 11 }));
    assert_eq!(tracks.len(), 2);
}

#[test]
fn multitrack_inside_multitrack_and_unknown_multitrack_types_are_refused() {
    check(b"\x96\x16av01\x00", &Err(HeaderError::NestedMultitrack));
    check(
        b"\x96\x31av01\x00",
        &Err(HeaderError::UnknownMultitrackType { kind: 3 }),
    );
}

#[test]
fn mod_ex_gives_nanoseconds_and_the_packet_type_behind_it() {
    let header = Header::parse(b"\x97\x02\x0F\x42\x3F\x01av01frame").unwrap();
    assert_eq!(header.timestamp_offset_ns, 999_999);
    assert_eq!(header.packet_type, PacketType::CodedFrames);
    assert_eq!(header.tracks().next().unwrap().unwrap().body, b"frame");
}

#[test]
fn mod_ex_offsets_past_a_millisecond_are_cut_and_short_or_unknown_ones_ignored() {
    for (block, expected) in [
        (&b"\x02\xFF\xFF\xFF\x01"[..], 999_999),
        (b"\x01\x00\x01\x01", 0),
        (b"\x02\x00\x00\x01\x11", 0),
    ] {
        let payload = [b"\x97", block, b"av01x"].concat();
        assert_eq!(
            Header::parse(&payload).unwrap().timestamp_offset_ns,
            expected
        );
    }
}

#[test]
fn mod_ex_size_255_is_an_escape_to_sixteen_bits() {
    let short = [&[0x97, 0xFE], &[0; 255][..], &[0x01], b"av01x"].concat();
    let long = [&[0x97, 0xFF, 0x01, 0x00], &[0; 257][..], &[0x01], b"av01x"].concat();
    for payload in [short, long] {
        check(
            &payload,
            &Ok((
                FrameType::Key,
                PacketType::CodedFrames,
                vec![track(Codec::FourCc(FourCc::AV1), 0, b"x")],
            )),
        );
    }
}

#[test]
fn mod_ex_before_multitrack_is_read() {
    let payload = b"\x97\x02\x00\x00\x09\x06\x01avc1\x02\x00\x00\x03nalu";
    let header = Header::parse(payload).unwrap();
    assert_eq!(
        (header.timestamp_offset_ns, header.layout),
        (9, Layout::OneTrack)
    );
    let track = header.tracks().next().unwrap().unwrap();
    assert_eq!(
        (track.id, track.composition_ms, track.body),
        (2, 3, &b"nalu"[..])
    );
}

#[test]
fn mod_ex_blocks_are_counted() {
    let message = |blocks: usize| {
        let mut payload = vec![0x97];
        for left in (0..blocks).rev() {
            payload.extend_from_slice(&[0, 0, if left == 0 { 0x11 } else { 0x17 }]);
        }
        payload.extend_from_slice(b"av01x");
        payload
    };
    assert!(read(&message(MOD_EX_PER_MESSAGE)).is_ok());
    check(
        &message(MOD_EX_PER_MESSAGE + 1),
        &Err(HeaderError::TooManyModEx),
    );
}

#[test]
fn tracks_are_counted() {
    let message = |tracks: usize| {
        let mut payload = b"\x96\x11av01".to_vec();
        for id in 0..tracks {
            payload.extend_from_slice(&[u8::try_from(id % 256).unwrap(), 0, 0, 0]);
        }
        payload
    };
    assert_eq!(
        read(&message(TRACKS_PER_MESSAGE)).unwrap().2.len(),
        TRACKS_PER_MESSAGE
    );
    check(
        &message(TRACKS_PER_MESSAGE + 1),
        &Err(HeaderError::TooManyTracks),
    );
}

#[test]
fn a_message_cut_anywhere_in_its_header_says_where() {
    check(b"", &Err(HeaderError::Empty));
    check(b"\x17", &Err(HeaderError::Truncated { at: 1 }));
    check(b"\x17\x01\x00\x00", &Err(HeaderError::Truncated { at: 1 }));
    check(b"\x91hvc", &Err(HeaderError::Truncated { at: 1 }));
    check(b"\x91hvc1\x00", &Err(HeaderError::Truncated { at: 5 }));
    check(
        b"\x96\x11hvc1\x00\x00\x00\x02ab",
        &Err(HeaderError::Truncated { at: 10 }),
    );
    check(b"\x97\x02\x00", &Err(HeaderError::Truncated { at: 2 }));
    check(b"\x96", &Err(HeaderError::Truncated { at: 1 }));
    check(b"\x96\x01avc1", &Err(HeaderError::Truncated { at: 6 }));
}
