use std::time::Duration;

use adit_amf::Limits;
use adit_amf::amf0::{self, Object, Value};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::{Recorder, StartTime};
use crate::flv::{FileTracks, Next, Reader, Tag, TagKind, TagTooLong};
use crate::pattern::Pattern;
use crate::samples::{audio, audio_header, frame, key, video, video_header};
use crate::{Frame, FrameKind, data};

fn message(ms: u32, values: &[Value]) -> Frame {
    let mut out = BytesMut::new();
    amf0::encode_all(values, &mut out).unwrap();
    frame(FrameKind::Data, ms, &out)
}

fn metadata(members: Object) -> Frame {
    message(0, &["onMetaData".into(), Value::Object(members)])
}

fn record(start: StartTime, frames: &[Frame]) -> (Recorder, Vec<u8>) {
    let mut recorder = Recorder::new(start);
    let mut file = Vec::new();
    for frame in frames {
        file.extend_from_slice(&recorder.push(frame).unwrap());
    }
    assert_eq!(recorder.bytes(), u64::try_from(file.len()).unwrap());
    (recorder, file)
}

fn patched(recorder: &Recorder, mut file: Vec<u8>) -> Vec<u8> {
    for patch in recorder.patches() {
        let at = usize::try_from(patch.offset).unwrap();
        file[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
    }
    file
}

fn read(file: &[u8]) -> (FileTracks, Vec<Tag>) {
    let mut reader = Reader::new();
    reader.handle_input(Bytes::copy_from_slice(file));
    reader.handle_eof();
    let Ok(Next::Header(header)) = reader.poll() else {
        panic!("no header")
    };
    let mut tags = Vec::new();
    loop {
        match reader.poll().unwrap() {
            Next::Tag(tag) => tags.push(tag),
            Next::End => return (header.tracks, tags),
            next => panic!("{next:?}"),
        }
    }
}

/// The members of the first tag.
fn first_metadata(file: &[u8]) -> Object {
    let tag = read(file).1.remove(0);
    assert_eq!(
        (tag.kind, tag.at.ms()),
        (TagKind::Frame(FrameKind::Data), 0)
    );
    let values = amf0::decode_all(tag.payload, &Limits::default()).unwrap();
    assert_eq!(values[0].as_str(), Some("onMetaData"));
    values[1].as_object().unwrap().clone()
}

/// The times of the audio and video tags.
fn check_times(start: StartTime, frames: &[Frame], expected: &[u32]) {
    let (_, file) = record(start, frames);
    let media = |tag: &Tag| tag.kind != TagKind::Frame(FrameKind::Data);
    let tags = read(&file).1.into_iter().filter(media);
    let times: Vec<_> = tags.map(|tag| tag.at.ms()).collect();
    assert_eq!(times, expected);
}

#[test]
fn the_file_begins_with_metadata_even_if_the_stream_has_none() {
    let (_, file) = record(StartTime::Zero, &[video_header(5), key(7)]);
    let members = first_metadata(&file);
    assert_eq!(members.property("duration"), Some(&0.0.into()));
    assert_eq!(members.property("filesize"), Some(&0.0.into()));
    assert_eq!(members.len(), 2);
    assert_eq!(read(&file).1.len(), 3);
}

#[test]
fn the_streams_metadata_is_kept_without_what_is_about_another_file() {
    let members = Object::new()
        .with("width", 640.0)
        .with("duration", 77.0)
        .with("encoder", "x")
        .with("keyframes", Object::new().with("times", 1.0))
        .with("nested", Object::new().with("duration", 3.0));
    let (_, file) = record(StartTime::Zero, &[metadata(members), key(0)]);
    let members = first_metadata(&file);
    let names: Vec<_> = members.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["duration", "filesize", "width", "encoder", "nested"]
    );
    assert_eq!(members.property("duration"), Some(&0.0.into()));
    assert_eq!(read(&file).1.len(), 2);
}

#[test]
fn metadata_that_cannot_be_read_comes_second() {
    let broken = frame(FrameKind::Data, 9, b"\x02\x00\x0AonMetaData\x08\x00");
    assert!(broken.flags().is_metadata());
    let (_, file) = record(StartTime::Zero, &[broken.clone(), key(0)]);
    assert_eq!(first_metadata(&file).len(), 2);
    let tags = read(&file).1;
    assert_eq!(tags[1].payload, broken.payload());
    assert_eq!(tags.len(), 3);
}

#[test]
fn later_metadata_is_written_at_0_without_what_is_about_another_file() {
    let later = message(
        5000,
        &[
            "onMetaData".into(),
            Object::new()
                .with("duration", 9.0)
                .with("width", 2.0)
                .into(),
        ],
    );
    let (_, file) = record(StartTime::Zero, &[key(4900), later, video(4940)]);
    let tags = read(&file).1;
    assert_eq!(tags[2].at.ms(), 0);
    let values = amf0::decode_all(tags[2].payload.clone(), &Limits::default()).unwrap();
    assert_eq!(
        values[1].as_object(),
        Some(&Object::new().with("width", 2.0))
    );
}

#[test]
fn patches_tell_duration_size_and_tracks() {
    let check = |frames: &[Frame], tracks, seconds: f64| {
        let (recorder, file) = record(StartTime::Zero, frames);
        let size = f64::from(u32::try_from(file.len()).unwrap());
        let file = patched(&recorder, file);
        let members = first_metadata(&file);
        assert_eq!(members.property("duration"), Some(&seconds.into()));
        assert_eq!(members.property("filesize"), Some(&size.into()));
        assert_eq!(read(&file).0, tracks);
        assert_eq!(recorder.duration(), Duration::from_secs_f64(seconds));
    };
    check(
        &[key(100), video(140), audio(145)],
        FileTracks::AudioVideo,
        0.085,
    );
    check(
        &[key(100), video(133), video(166)],
        FileTracks::Video,
        0.099,
    );
    check(&[audio(0), audio(23)], FileTracks::Audio, 0.046);
    check(
        &[metadata(Object::new().with("width", 640.0)), key(3)],
        FileTracks::Video,
        0.04,
    );
    check(&[metadata(Object::new())], FileTracks::Neither, 0.0);
}

#[test]
fn there_is_nothing_to_patch_before_anything_is_written() {
    let recorder = Recorder::new(StartTime::Zero);
    assert_eq!(recorder.patches(), []);
    assert_eq!((recorder.bytes(), recorder.duration()), (0, Duration::ZERO));
}

#[test]
fn every_piece_is_whole_tags() {
    let mut recorder = Recorder::new(StartTime::Zero);
    let mut file = Vec::new();
    for (at, frame) in Pattern::new("pattern:".parse().unwrap())
        .take(150)
        .enumerate()
    {
        let piece = recorder.push(&frame).unwrap();
        file.extend_from_slice(&piece);
        assert_eq!(read(&file).1.len(), at + 1);
    }
    let back: Vec<_> = read(&file)
        .1
        .into_iter()
        .skip(1)
        .filter_map(Tag::into_frame)
        .collect();
    let sent: Vec<_> = Pattern::new("pattern:".parse().unwrap())
        .take(150)
        .skip(1)
        .collect();
    assert_eq!(back, sent);
}

#[test]
fn times_begin_at_0_or_where_they_were() {
    let frames = [
        video_header(0),
        key(90_000),
        audio(89_990),
        video(90_040),
        audio(90_013),
    ];
    check_times(StartTime::Zero, &frames, &[0, 0, 0, 40, 13]);
    check_times(
        StartTime::Kept,
        &frames,
        &[0, 90_000, 90_000, 90_040, 90_013],
    );
}

#[test]
fn times_wrap_at_two_to_the_thirty_two() {
    let most = u32::MAX;
    let frames = [key(most - 9), video(30)];
    check_times(StartTime::Zero, &frames, &[0, 40]);
    check_times(StartTime::Kept, &frames, &[most - 9, 30]);
}

#[test]
fn gaps_are_kept_up_to_ten_seconds() {
    check_times(
        StartTime::Zero,
        &[key(0), video(10_000), video(20_001), video(20_041)],
        &[0, 10_000, 10_040, 10_080],
    );
}

#[test]
fn a_stream_that_begins_anew_goes_on_in_the_recording() {
    check_times(
        StartTime::Zero,
        &[
            video_header(0),
            audio_header(0),
            key(0),
            audio(0),
            video(40),
            audio(23),
            // The second publication, 50 ms later.
            video_header(0),
            audio_header(0),
            audio(0),
            key(5),
            audio(23),
            video(45),
        ],
        &[0, 0, 0, 0, 40, 23, 40, 40, 80, 85, 103, 125],
    );
}

#[test]
fn without_new_headers_a_second_back_is_disorder_and_more_is_another_clock() {
    check_times(
        StartTime::Zero,
        &[key(5000), video(4000), video(4040), video(5040)],
        &[0, 0, 0, 40],
    );
    check_times(
        StartTime::Zero,
        &[key(5000), video(3999), video(4039)],
        &[0, 40, 80],
    );
}

#[test]
fn repeated_headers_of_a_stream_that_goes_on_change_nothing() {
    check_times(
        StartTime::Zero,
        &[
            video_header(0),
            key(100),
            video_header(140),
            key(140),
            video(180),
        ],
        &[0, 0, 0, 40, 80],
    );
}

#[test]
fn a_restart_that_is_told_needs_no_jump_and_a_key_frame() {
    let mut recorder = Recorder::new(StartTime::Zero);
    let mut file = Vec::new();
    for frame in [key(0), audio(900), video(1000)] {
        file.extend_from_slice(&recorder.push(&frame).unwrap());
    }
    recorder.restart();
    for frame in [
        video(2000),
        audio(2010),
        key(2040),
        audio(1500),
        audio(2033),
    ] {
        file.extend_from_slice(&recorder.push(&frame).unwrap());
    }
    let times: Vec<_> = read(&file)
        .1
        .iter()
        .skip(1)
        .map(|tag| tag.at.ms())
        .collect();
    assert_eq!(times, [0, 900, 1000, 1040, 1070, 1040, 1063]);
    assert_eq!(recorder.left_out(), 1);
}

#[test]
fn video_begins_at_a_key_frame() {
    let (recorder, file) = record(
        StartTime::Zero,
        &[
            video_header(0),
            video(0),
            audio(0),
            video(40),
            key(80),
            video(120),
        ],
    );
    assert_eq!(recorder.left_out(), 2);
    assert_eq!(read(&file).1.len(), 5);
}

#[test]
fn what_servers_say_to_players_is_left_out() {
    let access = message(0, &["|RtmpSampleAccess".into(), true.into(), true.into()]);
    let status = message(0, &["onStatus".into(), Object::new().into()]);
    let clear = message(0, &["@clearDataFrame".into(), "onMetaData".into()]);
    let (recorder, file) = record(StartTime::Zero, &[access, status, clear, key(0)]);
    assert_eq!(recorder.left_out(), 3);
    assert_eq!(read(&file).1.len(), 2);
}

#[test]
fn other_data_messages_keep_their_place() {
    let text = |ms| message(ms, &["onTextData".into(), Object::new().into()]);
    let (_, file) = record(
        StartTime::Zero,
        &[text(5), key(9000), text(9020), text(90_000), text(8000)],
    );
    let tags = read(&file).1;
    let times: Vec<_> = tags.iter().skip(1).map(|tag| tag.at.ms()).collect();
    assert_eq!(times, [0, 0, 20, 0, 0]);
    assert_eq!(data::name(&tags[1].payload), Some("onTextData"));
}

#[test]
fn a_frame_that_is_too_long_is_left_out_and_the_recording_goes_on() {
    let payload = |bytes| frame(FrameKind::Audio, 0, &vec![0xAF; bytes]);
    let mut recorder = Recorder::new(StartTime::Zero);
    let too_long = TagTooLong { bytes: 0x0100_0000 };
    assert_eq!(recorder.push(&payload(0x0100_0000)), Err(too_long));
    assert_eq!(recorder.bytes(), 0);
    assert!(!recorder.push(&payload(0x00FF_FFFF)).unwrap().is_empty());
}

proptest! {
    #[test]
    fn within_a_track_time_never_goes_back(
        steps in proptest::collection::vec((0..4_u8, prop_oneof![any::<u32>(), 0..20_000_u32]), 1..60),
        restart in 0..60_usize,
    ) {
        let mut recorder = Recorder::new(StartTime::Zero);
        let mut file = recorder.push(&key(1000)).unwrap().to_vec();
        for (at, (kind, ms)) in steps.into_iter().enumerate() {
            if at == restart {
                recorder.restart();
            }
            let frame = [key, audio, video_header, audio_header][usize::from(kind)](ms);
            file.extend_from_slice(&recorder.push(&frame).unwrap());
        }
        let tags = read(&file).1;
        for kind in [FrameKind::Audio, FrameKind::Video] {
            let coded = |tag: &&Tag| tag.kind == TagKind::Frame(kind) && tag.payload[1] == 1;
            let times: Vec<_> = tags.iter().filter(coded).map(|tag| tag.at.ms()).collect();
            prop_assert!(times.is_sorted(), "{times:?}");
        }
    }

    #[test]
    fn whatever_comes_the_file_is_whole(
        frames in proptest::collection::vec(
            (0..3_usize, any::<u32>(), proptest::collection::vec(any::<u8>(), 0..40), any::<bool>()),
            1..30,
        ),
    ) {
        let mut recorder = Recorder::new(StartTime::Kept);
        let mut file = Vec::new();
        let mut pieces = 0;
        for (kind, ms, body, named) in frames {
            let kind = [FrameKind::Audio, FrameKind::Video, FrameKind::Data][kind];
            let name: &[u8] = if named { b"\x02\x00\x0AonMetaData" } else { b"" };
            let piece = recorder.push(&frame(kind, ms, &[name, &body].concat())).unwrap();
            pieces += usize::from(!piece.is_empty());
            file.extend_from_slice(&piece);
        }
        if pieces > 0 {
            let file = patched(&recorder, file);
            prop_assert!(first_metadata(&file).property("filesize").is_some());
            // The first piece may be two tags, for the metadata that the stream does not have.
            prop_assert!((pieces..=pieces + 1).contains(&read(&file).1.len()));
        }
    }
}
