use bytes::Bytes;
use proptest::prelude::*;

use super::Frame;
use crate::{FrameFlags, FrameKind, HeaderPurpose, HeaderSlot, Timestamp};

const PLAIN: FrameFlags = FrameFlags::NONE;
const CODED: FrameFlags = FrameFlags::CODED;
const KEY: FrameFlags = FrameFlags::CODED.with(FrameFlags::KEY_FRAME);
const HEADER: FrameFlags = FrameFlags::SEQUENCE_HEADER;
const END: FrameFlags = FrameFlags::END_OF_SEQUENCE;

fn frame(kind: FrameKind, payload: &[u8]) -> Frame {
    Frame::classify(Timestamp::ZERO, kind, Bytes::copy_from_slice(payload))
}

#[track_caller]
fn check(kind: FrameKind, payload: &[u8], flags: FrameFlags) {
    assert_eq!(
        frame(kind, payload).flags(),
        flags,
        "{}",
        payload.escape_ascii()
    );
}

#[track_caller]
fn check_slots(kind: FrameKind, payload: &[u8], expected: &[(u8, HeaderPurpose)]) {
    let slots: Vec<_> = expected
        .iter()
        .map(|&(track, purpose)| HeaderSlot {
            kind,
            track,
            purpose,
        })
        .collect();
    let frame = frame(kind, payload);
    assert_eq!(frame.header_slots(), slots, "{}", payload.escape_ascii());
    assert_eq!(frame.flags().is_sequence_header(), !slots.is_empty());
}

#[test]
fn legacy_video_is_told_apart() {
    use FrameKind::Video;
    check(Video, b"\x17\x00\x00\x00\x00\x01", HEADER);
    check(Video, b"\x17\x01\x00\x00\x00\x01", KEY);
    check(Video, b"\x47\x01\x00\x00\x00\x01", KEY);
    check(Video, b"\x27\x01\x00\x00\x00\x01", CODED);
    check(
        Video,
        b"\x37\x01\x00\x00\x00\x01",
        CODED.with(FrameFlags::DISPOSABLE),
    );
    check(Video, b"\x17\x02\x00\x00\x00", END);
    check(Video, b"\x12\x00", KEY);
    check(Video, b"\x22\x00", CODED);
    check(Video, b"\x32\x00", CODED.with(FrameFlags::DISPOSABLE));
}

#[test]
fn hevc_as_id_12_is_told_apart() {
    check(FrameKind::Video, b"\x1C\x00\x00\x00\x00\x01", HEADER);
    check(FrameKind::Video, b"\x1C\x01\x00\x00\x00\x01", KEY);
    check(FrameKind::Video, b"\x2C\x01\x00\x00\x00\x01", CODED);
}

#[test]
fn av1_as_id_13_is_told_apart() {
    check(FrameKind::Video, b"\x1D\x00\x00\x00\x00\x01", HEADER);
    check(FrameKind::Video, b"\x1D\x01\x00\x00\x00\x01", KEY);
}

#[test]
fn hevc_under_id_7_is_classified_like_avc() {
    // The first bytes of an HEVCDecoderConfigurationRecord: classification never looks inside.
    check(
        FrameKind::Video,
        b"\x17\x00\x00\x00\x00\x01\x01\x60",
        HEADER,
    );
}

#[test]
fn enhanced_video_is_told_apart() {
    use FrameKind::Video;
    check(Video, b"\x90hvc1\x01", HEADER);
    check(Video, b"\x95av01\x80", HEADER);
    check(Video, b"\x84hvc1\x02\x00\x09colorInfo\x06", HEADER);
    check(Video, b"\x91hvc1\x00\x00\x00\x01", KEY);
    check(Video, b"\x93hvc1\x01", KEY);
    check(Video, b"\x91av01\x01", KEY);
    check(Video, b"\xA1vp09\x01", CODED);
    check(Video, b"\xB3avc1\x01", CODED.with(FrameFlags::DISPOSABLE));
    check(Video, b"\x92hvc1", END);
    check(Video, b"\x91abcd\x01", KEY);
    check(Video, b"\x97\x02\x00\x00\x01\x01av01\x01", KEY);
}

#[test]
fn multitrack_video_is_told_apart_and_knows_its_smallest_track() {
    let header = frame(FrameKind::Video, b"\x96\x00avc1\x03record");
    assert_eq!((header.flags(), header.track()), (HEADER, 3));
    let key = frame(
        FrameKind::Video,
        b"\x96\x11av01\x02\x00\x00\x01a\x01\x00\x00\x01b",
    );
    assert_eq!((key.flags(), key.track()), (KEY, 1));
}

#[test]
fn empty_video_frames_and_headers_are_ordinary() {
    use FrameKind::Video;
    check(Video, b"", PLAIN);
    check(Video, b"\x17\x01\x00\x00\x00", PLAIN);
    check(Video, b"\x17\x00\x00\x00\x00", PLAIN);
    check(Video, b"\x90hvc1", PLAIN);
    check(Video, b"\x91hvc1\x00\x00\x00", PLAIN);
    check(Video, b"\x12", PLAIN);
}

#[test]
fn a_command_frame_is_ordinary() {
    check(FrameKind::Video, b"\x57\x00", PLAIN);
    check(FrameKind::Video, b"\xD1\x01", PLAIN);
}

#[test]
fn unknown_video_is_ordinary() {
    use FrameKind::Video;
    check(Video, b"\x18\x01\x02\x03", PLAIN);
    check(Video, b"\x98av01\x01", PLAIN);
    check(Video, b"\x96\x31av01\x00a", PLAIN);
    check(Video, b"\x17", PLAIN);
    check(Video, b"\x91av", PLAIN);
}

#[test]
fn legacy_audio_is_told_apart() {
    use FrameKind::Audio;
    check(Audio, b"\xAF\x00\x12\x10", HEADER);
    check(Audio, b"\xAF\x01\x21", CODED);
    check(Audio, b"\x2F\xFF\xFB", CODED);
}

#[test]
fn enhanced_audio_is_told_apart() {
    use FrameKind::Audio;
    check(Audio, b"\x90OpusOpusHead", HEADER);
    check(Audio, b"\x94Opus\x01\x02\x00\x00\x00\x03", HEADER);
    check(Audio, b"\x91Opus\x01", CODED);
    check(Audio, b"\x92Opus", END);
}

#[test]
fn an_empty_sequence_start_means_something_for_some_audio_codecs() {
    use FrameKind::Audio;
    for (payload, flags) in [
        (b"\x90Opus", HEADER),
        (b"\x90ac-3", HEADER),
        (b"\x90ec-3", HEADER),
        (b"\x90.mp3", HEADER),
        (b"\x90mp4a", PLAIN),
        (b"\x90fLaC", PLAIN),
    ] {
        check(Audio, payload, flags);
    }
}

#[test]
fn an_empty_aac_configuration_is_no_header() {
    check(FrameKind::Audio, b"\xAF\x00", PLAIN);
}

#[test]
fn silence_and_empty_audio_are_ordinary() {
    use FrameKind::Audio;
    check(Audio, b"", PLAIN);
    check(Audio, b"\xAF", PLAIN);
    check(Audio, b"\xAF\x01", PLAIN);
    check(Audio, b"\x91Opus", PLAIN);
    check(Audio, b"\x94Opus", PLAIN);
    check(Audio, b"\xC0\x01", PLAIN);
}

#[test]
fn data_messages_are_told_apart_by_name() {
    use FrameKind::Data;
    check(Data, b"\x02\x00\x0AonMetaData\x05", FrameFlags::METADATA);
    check(
        Data,
        b"\x02\x00\x0F@clearDataFrame\x02\x00\x0AonMetaData",
        FrameFlags::CLEARS_METADATA,
    );
    check(Data, b"\x02\x00\x0AonCuePoint\x05", PLAIN);
}

#[test]
fn a_four_byte_timecode_message_is_ordinary() {
    check(FrameKind::Data, b"\x00\x00\x00\x01", PLAIN);
}

#[test]
fn a_header_names_its_slots() {
    use HeaderPurpose::{Channels, Color, Config};
    check_slots(
        FrameKind::Video,
        b"\x17\x00\x00\x00\x00\x01",
        &[(0, Config)],
    );
    check_slots(FrameKind::Video, b"\x95av01\x80", &[(0, Config)]);
    check_slots(
        FrameKind::Video,
        b"\x86\x04hvc1\x02\x02\x00\x00",
        &[(2, Color)],
    );
    check_slots(FrameKind::Audio, b"\xAF\x00\x12\x10", &[(0, Config)]);
    check_slots(FrameKind::Audio, b"\x94Opus\x00\x02", &[(0, Channels)]);
    check_slots(FrameKind::Audio, b"\xAF\x01\x12\x10", &[]);
    check_slots(FrameKind::Data, b"\x02\x00\x0AonMetaData", &[]);
}

#[test]
fn a_header_for_many_tracks_names_each_once_and_no_empty_one() {
    use HeaderPurpose::Config;
    check_slots(
        FrameKind::Video,
        b"\x96\x10av01\x03\x00\x00\x01a\x01\x00\x00\x00\x03\x00\x00\x01b\x00\x00\x00\x01c",
        &[(3, Config), (0, Config)],
    );
}

#[test]
fn of_a_track_list_that_breaks_off_the_tracks_before_the_break_count() {
    check_slots(
        FrameKind::Video,
        b"\x96\x10av01\x03\x00\x00\x01a\x01\x00\xFF\xFFb",
        &[(3, HeaderPurpose::Config)],
    );
}

#[test]
fn another_time_is_all_that_with_timestamp_changes() {
    let frame = frame(FrameKind::Video, b"\x12\x00");
    let later = frame.clone().with_timestamp(Timestamp::from_ms(7));
    assert_eq!(later.at().ms(), 7);
    assert_eq!(later.with_timestamp(Timestamp::ZERO), frame);
}

proptest! {
    #[test]
    fn classification_takes_any_bytes(
        kind in prop_oneof![Just(FrameKind::Audio), Just(FrameKind::Video), Just(FrameKind::Data)],
        first in any::<u8>(),
        mut payload in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        if let Some(byte) = payload.first_mut() {
            *byte = first;
        }
        let frame = frame(kind, &payload);
        prop_assert_eq!(&frame.payload()[..], &payload[..]);
        prop_assert_eq!(frame.header_slots().is_empty(), !frame.flags().is_sequence_header());
        if frame.flags().is_key_frame() {
            prop_assert!(frame.flags().is_coded() && kind == FrameKind::Video);
        }
    }

    #[test]
    fn a_message_cut_anywhere_is_still_a_frame(cut in 0usize..40) {
        for payload in [
            &b"\x97\x02\x00\x00\x01\x06\x21hvc1\x00\x00\x00\x04\x00\x00\x07hav01\x01\x00\x00\x01a"[..],
            b"\x17\x01\x00\x00\x00\x01",
        ] {
            let cut = cut.min(payload.len());
            frame(FrameKind::Video, &payload[..cut]);
            frame(FrameKind::Audio, &payload[..cut]);
        }
    }
}
