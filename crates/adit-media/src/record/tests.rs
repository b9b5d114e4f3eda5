use std::io::Cursor;
use std::time::Duration;

use adit_amf::Limits;
use adit_amf::amf0::{self, Object, Value};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

use super::{Patch, Recorder, StartTime};
use crate::flv::{FileTracks, Next, Reader, Tag, TagKind, TagTooLong};
use crate::limits::RECORD_INDEX_ENTRIES;
use crate::pattern::Pattern;
use crate::repair::repair;
use crate::samples::{audio, audio_header, frame, key, video, video_header};
use crate::verify::verify;
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
        apply(&patch, &mut file);
    }
    file
}

fn apply(patch: &Patch, file: &mut [u8]) {
    let at = usize::try_from(patch.offset).unwrap();
    file[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
}

fn finished(recorder: &Recorder, mut file: Vec<u8>) -> Vec<u8> {
    for patch in recorder.finish() {
        apply(&patch, &mut file);
    }
    file
}

/// The seek index: milliseconds, and the tag at each place.
fn index(file: &[u8]) -> Vec<(u32, Tag)> {
    let members = first_metadata(file);
    let Some(keyframes) = members.property("keyframes") else {
        return Vec::new();
    };
    let list = |name| {
        keyframes
            .as_object()
            .unwrap()
            .property(name)
            .unwrap()
            .as_array()
            .unwrap()
    };
    let tags = read(file).1;
    let points = list("times").iter().zip(list("filepositions"));
    points
        .map(|(time, place)| {
            let place = u64::from(place.as_u32().unwrap());
            let tag = tags.iter().find(|tag| tag.offset == place).unwrap();
            let ms = Value::Number(time.as_number().unwrap() * 1000.0 + 0.5);
            (ms.as_u32().unwrap(), tag.clone())
        })
        .collect()
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

/// What stands before the members of the stream while there is no index.
const OWN: [&str; 6] = [
    "duration",
    "filesize",
    "lasttimestamp",
    "hasKeyframes",
    "reserved",
    "spacer",
];

fn names(members: &Object) -> Vec<&str> {
    members.iter().map(|(name, _)| name.as_str()).collect()
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
    assert_eq!(names(&members), OWN);
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
    let expected = [OWN.as_slice(), &["width", "encoder", "nested"]].concat();
    assert_eq!(names(&members), expected);
    assert_eq!(members.property("duration"), Some(&0.0.into()));
    assert_eq!(read(&file).1.len(), 2);
}

#[test]
fn metadata_that_cannot_be_read_comes_second() {
    let broken = frame(FrameKind::Data, 9, b"\x02\x00\x0AonMetaData\x08\x00");
    assert!(broken.flags().is_metadata());
    let (_, file) = record(StartTime::Zero, &[broken.clone(), key(0)]);
    assert_eq!(names(&first_metadata(&file)), OWN);
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

#[test]
fn a_finished_recording_has_an_index_of_its_key_frames() {
    let about = metadata(Object::new().with("width", 640.0));
    let frames = [
        about,
        video_header(0),
        key(100),
        audio(110),
        video(140),
        key(180),
        video_header(180),
        video(220),
        key(260),
    ];
    let (recorder, file) = record(StartTime::Zero, &frames);
    let length = file.len();
    assert!(index(&file).is_empty());
    let file = finished(&recorder, file);
    assert_eq!(file.len(), length);
    let found = index(&file);
    assert_eq!(found.len(), 3);
    for (ms, tag) in found {
        assert_eq!((ms, &tag.payload), (tag.at.ms(), key(0).payload()));
    }
    let members = first_metadata(&file);
    let expected = [
        "duration",
        "filesize",
        "lasttimestamp",
        "hasKeyframes",
        "keyframes",
        "spacer",
        "width",
    ];
    assert_eq!(names(&members), expected);
    assert_eq!(members.property("hasKeyframes"), Some(&true.into()));
    assert_eq!(members.property("lasttimestamp"), Some(&0.16.into()));
    assert!(verify(Cursor::new(file)).unwrap().is_whole());
}

#[test]
fn an_index_has_as_many_entries_as_the_limit_and_then_every_second_one() {
    let check = |count: usize, expected: usize| {
        let frames: Vec<_> = (0..count)
            .map(|at| key(u32::try_from(at * 40).unwrap()))
            .collect();
        let (recorder, file) = record(StartTime::Zero, &frames);
        let file = finished(&recorder, file);
        assert_eq!(index(&file).len(), expected, "{count}");
        assert!(verify(Cursor::new(file)).unwrap().is_whole());
    };
    check(RECORD_INDEX_ENTRIES, RECORD_INDEX_ENTRIES);
    check(RECORD_INDEX_ENTRIES + 1, RECORD_INDEX_ENTRIES / 2 + 1);
}

#[test]
fn a_recording_whose_headers_changed_has_no_index() {
    let other = frame(FrameKind::Video, 80, b"\x17\x00\x00\x00\x00y");
    let (recorder, file) = record(StartTime::Zero, &[video_header(0), key(0), other, key(80)]);
    assert!(index(&finished(&recorder, file)).is_empty());
}

#[test]
fn a_file_can_be_read_whatever_has_been_written_of_its_index() {
    let (recorder, mut file) = record(StartTime::Zero, &[video_header(0), key(0), key(40)]);
    for patch in recorder.finish() {
        let at = usize::try_from(patch.offset).unwrap();
        for cut in [1, patch.bytes.len() / 2, patch.bytes.len()] {
            file[at..at + cut].copy_from_slice(&patch.bytes[..cut]);
            let tag = read(&file).1.remove(0);
            let whole = amf0::decode_all(tag.payload.clone(), &Limits::default()).is_ok();
            let hidden = data::name(&tag.payload) == Some("onMetaDat-");
            assert!(whole || hidden, "{cut} of {} at {at}", patch.bytes.len());
            // Whatever was left is made right.
            let repair = repair(Cursor::new(&file), 0).unwrap();
            let mut repaired = file.clone();
            for patch in repair.patches() {
                apply(&patch, &mut repaired);
            }
            assert_eq!(index(&repaired).len(), 2);
        }
    }
    assert_eq!(index(&file).len(), 2);
}

#[test]
fn a_gap_is_marked_where_it_is_and_video_goes_on_at_a_key_frame() {
    let (mut recorder, mut file) = record(StartTime::Zero, &[key(0), video(40), audio(50)]);
    file.extend(recorder.gap(Duration::from_millis(2500), 77));
    for frame in [video(3000), audio(3010), key(3040)] {
        file.extend(recorder.push(&frame).unwrap());
    }
    let tags = read(&finished(&recorder, file.clone())).1;
    let seen: Vec<_> = tags[1..]
        .iter()
        .map(|tag| (tag.kind, tag.at.ms()))
        .collect();
    let [sound, picture, data] =
        [FrameKind::Audio, FrameKind::Video, FrameKind::Data].map(TagKind::Frame);
    assert_eq!(
        seen,
        [
            (picture, 0),
            (picture, 40),
            (sound, 50),
            (data, 50),
            (sound, 3010),
            (picture, 3040)
        ]
    );
    let values = amf0::decode_all(tags[4].payload.clone(), &Limits::default()).unwrap();
    assert_eq!(values[0].as_str(), Some("onCuePoint"));
    let cue = values[1].as_object().unwrap();
    assert_eq!(cue.property("name").and_then(Value::as_str), Some("gap"));
    assert_eq!(cue.property("time"), Some(&0.05.into()));
    let lost = cue
        .property("parameters")
        .and_then(Value::as_object)
        .unwrap();
    assert_eq!(lost.property("seconds"), Some(&2.5.into()));
    assert_eq!(lost.property("frames"), Some(&77.0.into()));
    assert!(
        verify(Cursor::new(finished(&recorder, file)))
            .unwrap()
            .is_whole()
    );
    assert!(
        Recorder::new(StartTime::Zero)
            .gap(Duration::ZERO, 1)
            .is_empty()
    );
}

#[test]
fn a_recording_that_is_gone_on_with_has_the_time_and_the_index_of_all() {
    let about = metadata(Object::new().with("width", 640.0));
    let (recorder, file) = record(
        StartTime::Zero,
        &[about, video_header(0), key(0), video(40), key(80)],
    );
    let mut file = finished(&recorder, file);
    for round in 1..3_u32 {
        let repair = repair(Cursor::new(&file), 0).unwrap();
        assert_eq!(repair.lost_bytes(), 0);
        let mut recorder = repair.resume();
        for frame in [
            metadata(Object::new()),
            video_header(9000),
            video(9000),
            key(9040),
            video(9080),
        ] {
            file.extend(recorder.push(&frame).unwrap());
        }
        assert_eq!(recorder.bytes(), u64::try_from(file.len()).unwrap());
        // Not finished, and finished.
        assert!(!verify(Cursor::new(&file)).unwrap().is_whole());
        file = finished(&recorder, file);
        let report = verify(Cursor::new(&file)).unwrap();
        assert_eq!(report.findings, []);
        assert_eq!(
            report.duration,
            Duration::from_millis(120 + u64::from(round) * 80)
        );
        assert_eq!(report.key_frames, 2 + u64::from(round));
        assert_eq!(index(&file).len(), usize::try_from(2 + round).unwrap());
    }
    assert_eq!(first_metadata(&file).property("width"), Some(&640.0.into()));
}

#[test]
fn a_file_of_another_program_is_gone_on_with_and_keeps_its_layout() {
    let mut out = BytesMut::new();
    crate::flv::encode_header(FileTracks::Video, &mut out);
    let about = Object::new()
        .with("encoder", "x")
        .with("duration", 1.0)
        .with("filesize", 5.0);
    for frame in [metadata(about), key(0), video(40)] {
        crate::flv::encode_frame(&frame, &mut out).unwrap();
    }
    let mut file = out.to_vec();
    let mut recorder = repair(Cursor::new(&file), 0).unwrap().resume();
    file.extend(recorder.push(&key(700)).unwrap());
    let file = finished(&recorder, file);
    assert_eq!(verify(Cursor::new(&file)).unwrap().findings, []);
    let members = first_metadata(&file);
    assert_eq!(names(&members), ["encoder", "duration", "filesize"]);
    assert_eq!(members.property("duration"), Some(&0.12.into()));
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
