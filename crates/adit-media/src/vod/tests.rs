use std::io::Cursor;
use std::time::Duration;

use adit_amf::amf0::{self, Object, Value};
use bytes::BytesMut;
use proptest::prelude::*;

use super::{Recording, VodError};
use crate::flv::{FileTracks, encode_frame, encode_header};
use crate::limits::{FLV_TAG_BYTES, VOD_HEADER_BYTES, VOD_HEADERS, VOD_INDEX_ENTRIES};
use crate::pattern::Pattern;
use crate::record::{Recorder, StartTime};
use crate::samples::{audio, audio_header, frame, key, video, video_header};
use crate::{Frame, FrameKind, Timestamp};

fn file(frames: &[Frame]) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode_header(FileTracks::AudioVideo, &mut out);
    for frame in frames {
        encode_frame(frame, &mut out).unwrap();
    }
    out.to_vec()
}

fn open(file: Vec<u8>) -> Recording<Cursor<Vec<u8>>> {
    Recording::open(Cursor::new(file)).unwrap()
}

fn rest(recording: &mut Recording<Cursor<Vec<u8>>>) -> Vec<Frame> {
    std::iter::from_fn(|| recording.next_frame().unwrap()).collect()
}

/// What is played apart from metadata.
fn media(recording: &mut Recording<Cursor<Vec<u8>>>) -> Vec<Frame> {
    let mut frames = rest(recording);
    frames.retain(|frame| frame.kind() != FrameKind::Data);
    frames
}

fn told(frame: &Frame, name: &str) -> Option<f64> {
    let values = amf0::decode_all(frame.payload().clone(), &adit_amf::Limits::default()).unwrap();
    values[1]
        .as_object()
        .unwrap()
        .property(name)
        .and_then(Value::as_number)
}

fn metadata(members: Object) -> Frame {
    let mut out = BytesMut::new();
    amf0::encode_all(&["onMetaData".into(), Value::EcmaArray(members)], &mut out).unwrap();
    frame(FrameKind::Data, 0, &out)
}

/// Key frames every 40 ms, each of which begins at 13 + 21 · n behind the file header.
fn keys(count: u32) -> Vec<Frame> {
    (0..count).map(|at| key(at * 40)).collect()
}

fn seek(recording: &mut Recording<Cursor<Vec<u8>>>, ms: u32) -> u32 {
    recording.seek(Timestamp::from_ms(ms)).unwrap().ms()
}

#[test]
fn a_file_is_played_from_its_beginning_with_its_true_duration() {
    let frames: Vec<_> = Pattern::new("pattern:96x96,50k".parse().unwrap())
        .take(300)
        .collect();
    let mut recording = open(file(&frames));
    let played = rest(&mut recording);
    assert_eq!(played[1..], frames[1..]);
    assert_eq!(told(&played[0], "width"), Some(96.0));
    let duration = recording.duration();
    assert_eq!(told(&played[0], "duration"), Some(duration.as_secs_f64()));
    let last = u64::from(frames.last().unwrap().at().ms());
    let over = duration.checked_sub(Duration::from_millis(last)).unwrap();
    assert!(over <= Duration::from_millis(40), "{duration:?}");
    assert_eq!(recording.tracks(), FileTracks::AudioVideo);
    assert_eq!(
        (recording.ends_early(), recording.left_out().len()),
        (None, 0)
    );
}

#[test]
fn a_file_that_does_not_begin_at_0_says_when_it_begins() {
    let frames = [video_header(0), key(500), video(540)];
    assert_eq!(open(file(&frames)).begins_at().ms(), 500);
    assert_eq!(open(file(&keys(3))).begins_at().ms(), 0);
    assert_eq!(open(file(&[])).begins_at().ms(), 0);
}

#[test]
fn a_file_without_metadata_is_announced_with_its_duration() {
    let mut recording = open(file(&[video_header(0), key(0), video(40)]));
    let played = rest(&mut recording);
    assert_eq!(told(&played[0], "duration"), Some(0.08));
    assert_eq!(played.len(), 4);
}

#[test]
fn what_metadata_says_about_the_bytes_of_the_file_is_not_told_on() {
    let about = Object::new()
        .with("duration", 99.0)
        .with("filesize", 1.0)
        .with("framerate", 25.0);
    let mut recording = open(file(&[metadata(about), key(0)]));
    let first = recording.next_frame().unwrap().unwrap();
    let numbers = ["duration", "filesize", "framerate"].map(|name| told(&first, name));
    assert_eq!(numbers, [Some(0.04), None, Some(25.0)]);
}

#[test]
fn after_a_seek_come_the_headers_that_hold_there() {
    let other = frame(FrameKind::Video, 100, b"\x17\x00\x00\x00\x00y");
    let frames = [
        video_header(0),
        audio_header(0),
        key(0),
        audio(5),
        other.clone(),
        key(100),
        video(140),
    ];
    let mut recording = open(file(&frames));
    assert_eq!(seek(&mut recording, 120), 100);
    let at = Timestamp::from_ms(100);
    let headers = [audio_header(0), other].map(|header| header.with_timestamp(at));
    assert_eq!(
        media(&mut recording),
        [headers.as_slice(), &frames[5..]].concat()
    );
    assert_eq!(seek(&mut recording, 99), 0);
    assert_eq!(media(&mut recording), frames);
}

#[test]
fn of_sound_alone_every_frame_is_found() {
    let frames: Vec<_> = (0..100).map(|at| audio(at * 23)).collect();
    let mut recording = open(file(&frames));
    assert_eq!(recording.tracks(), FileTracks::Audio);
    assert_eq!(seek(&mut recording, 100), 92);
    assert_eq!(media(&mut recording), frames[4..]);
}

#[test]
fn before_the_first_key_frame_is_the_beginning_and_behind_the_end_the_last_one() {
    let frames = [audio(500), key(1000), video(1040), key(2000), video(2040)];
    let mut recording = open(file(&frames));
    assert_eq!(seek(&mut recording, 999), 500);
    assert_eq!(media(&mut recording), frames);
    assert_eq!(seek(&mut recording, u32::MAX), 2000);
    assert_eq!(media(&mut recording), frames[3..]);
}

#[test]
fn an_index_that_is_true_saves_looking_at_the_whole_file() {
    let check = |shift: f64, expected: bool| {
        let all = keys(2000);
        let about = |offset: f64| {
            let points = (0..2000_u32).step_by(50);
            let times = points
                .clone()
                .map(|at| Value::Number(f64::from(at) * 0.04 + shift));
            let offsets = points.map(|at| Value::Number(f64::from(at * 21) + offset));
            Object::new().with(
                "keyframes",
                Object::new()
                    .with("times", Value::StrictArray(times.collect()))
                    .with("filepositions", Value::StrictArray(offsets.collect())),
            )
        };
        let front = file(&[metadata(about(0.0))]).len();
        let front = f64::from(u32::try_from(front).unwrap());
        let frames: Vec<_> = [metadata(about(front))].into_iter().chain(all).collect();
        let mut recording = open(file(&frames));
        let super::Format::Flv(flv) = &recording.0 else {
            panic!("it is FLV")
        };
        assert_eq!(flv.is_told(), expected, "{shift}");
        assert_eq!(recording.duration(), Duration::from_secs(80));
        for target in [0, 39, 40, 1999, 2000, 55_555, 79_999] {
            assert_eq!(seek(&mut recording, target), target / 40 * 40, "{target}");
        }
    };
    check(0.0, true);
    check(0.002, true);
    check(-0.001, true);
    check(0.004, false);
}

#[test]
fn an_index_that_lies_where_it_was_not_compared_is_found_out_by_a_seek() {
    let all = keys(2000);
    // Entry 777 is of the tag before its own.
    let about = |offset: f64| {
        let times = (0..2000).map(|at| Value::Number(f64::from(at) * 0.04));
        let offsets = (0..2000).map(|at| {
            Value::Number(f64::from(if at == 777 { 777 * 21 - 1 } else { at * 21 }) + offset)
        });
        Object::new().with(
            "keyframes",
            Object::new()
                .with("times", Value::StrictArray(times.collect()))
                .with("filepositions", Value::StrictArray(offsets.collect())),
        )
    };
    let front = f64::from(u32::try_from(file(&[metadata(about(0.0))]).len()).unwrap());
    let frames: Vec<_> = [metadata(about(front))].into_iter().chain(all).collect();
    let mut recording = open(file(&frames));
    assert_eq!(seek(&mut recording, 777 * 40 + 20), 777 * 40);
    let super::Format::Flv(flv) = &recording.0 else {
        panic!("it is FLV")
    };
    assert!(!flv.is_told());
}

#[test]
fn an_index_as_long_as_allowed_is_taken_and_a_longer_one_is_not() {
    let check = |entries: usize, expected: bool| {
        let numbers = || Value::StrictArray(vec![Value::Number(0.0); entries]);
        let about = Object::new().with(
            "keyframes",
            Object::new()
                .with("times", numbers())
                .with("filepositions", numbers()),
        );
        let members = super::metadata::members(metadata(about).payload());
        let taken = members.as_ref().and_then(super::metadata::index);
        assert_eq!(taken.is_some(), expected, "{entries}");
    };
    check(VOD_INDEX_ENTRIES, true);
    check(VOD_INDEX_ENTRIES + 1, false);
}

#[test]
fn an_index_that_makes_no_sense_is_not_taken() {
    let check = |times: &[f64], offsets: &[f64]| {
        let list = |numbers: &[f64]| {
            Value::StrictArray(numbers.iter().copied().map(Value::Number).collect())
        };
        let index = Object::new()
            .with("times", list(times))
            .with("filepositions", list(offsets));
        let about = Object::new().with("keyframes", index);
        let mut recording = open(file(&[metadata(about), key(0), key(40)]));
        assert_eq!(seek(&mut recording, 50), 40, "{times:?} {offsets:?}");
    };
    check(&[], &[]);
    check(&[0.0], &[]);
    check(&[f64::NAN], &[13.0]);
    check(&[0.0], &[f64::INFINITY]);
    check(&[0.0], &[-1.0]);
    check(&[0.0, 1e300], &[13.0, 1e300]);
    check(&[0.0, 0.04], &[9e15, 8e15]);
}

#[test]
fn headers_are_kept_up_to_the_limits() {
    let header = |bytes: usize, ms: u32, last: u8| {
        let body = [b"\x17\x00\x00\x00\x00".as_slice(), &vec![last; bytes - 5]].concat();
        frame(FrameKind::Video, ms, &body)
    };
    let largest = usize::try_from(VOD_HEADER_BYTES).unwrap();
    let count = |frames: Vec<Frame>| {
        let mut recording = open(file(&frames));
        let last = frames.last().unwrap().at();
        recording.seek(last).unwrap();
        let headers = media(&mut recording);
        let found = headers
            .iter()
            .filter(|frame| frame.flags().is_sequence_header());
        found.map(|frame| frame.payload()[5]).collect::<Vec<_>>()
    };
    assert_eq!(count(vec![header(largest, 0, 7), key(0), key(40)]), [7]);
    assert!(count(vec![header(largest + 1, 0, 7), key(0), key(40)]).is_empty());
    let many = |number: usize| {
        let headers = (0..number).map(|at| header(6, 0, u8::try_from(at).unwrap()));
        headers.chain([key(0), key(40)]).collect()
    };
    let last = u8::try_from(VOD_HEADERS).unwrap();
    assert_eq!(count(many(VOD_HEADERS)), [last - 1]);
    assert_eq!(count(many(VOD_HEADERS + 1)), [last - 1]);
}

#[test]
fn a_frame_of_the_largest_size_is_played_and_a_larger_one_is_an_error() {
    let limit = usize::try_from(FLV_TAG_BYTES).unwrap();
    let large = |bytes| frame(FrameKind::Audio, 40, &vec![0xAF; bytes]);
    let mut recording = open(file(&[key(0), large(limit), key(80)]));
    assert_eq!(media(&mut recording).len(), 3);
    let mut recording = open(file(&[key(0), large(limit + 1), key(80)]));
    let mut frames = Vec::new();
    let error = loop {
        match recording.next_frame() {
            Ok(frame) => frames.extend(frame),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, VodError::FrameTooLong { .. }), "{error}");
    // And the one behind it.
    assert_eq!(recording.next_frame().unwrap(), Some(key(80)));
}

#[test]
fn what_is_neither_flv_nor_mp4_is_told() {
    let check = |file: &[u8], expected: &str| {
        let error = Recording::open(Cursor::new(file.to_vec())).unwrap_err();
        assert_eq!(error.to_string(), expected);
    };
    check(b"", "the file is empty");
    check(
        b"RIFF\x00\x00\x00\x00WAVE",
        "this is neither FLV nor MP4: it begins with \"RIFF\\x00\\x00\\x00\\x00\"",
    );
    check(
        b"FLV\x01\x05",
        "truncated at byte 0: the input ends inside what begins there",
    );
    check(
        b"FLV\x01\x05\x00\x00\x00\x01",
        "the data offset 1 is not between 9 and 65536",
    );
    check(
        b"\x00\x00\x00\x08ftyp",
        "the MP4 file has no moov box, as if it was not finished",
    );
    check(
        b"\x00\x00\x00\x08ftyp\x00\x00\x00\x08moov",
        "nothing in the file can be played",
    );
    check(
        b"\x00\x00\x00\x10moov\x00\x00\x00\x08trak",
        "the MP4 box trak at byte 8 has no mdia",
    );
}

#[test]
fn another_source_of_the_same_recording_begins_at_its_beginning() {
    let frames = keys(10);
    let bytes = file(&frames);
    let mut first = open(bytes.clone());
    seek(&mut first, 200);
    let mut second = first.reopen(Cursor::new(bytes)).unwrap();
    assert_eq!(media(&mut second), frames);
    assert_eq!(media(&mut first), frames[5..]);
}

#[test]
fn zeros_behind_the_last_tag_are_its_end() {
    let mut bytes = file(&keys(3));
    let end = u64::try_from(bytes.len()).unwrap();
    bytes.extend([0; 5000]);
    let mut recording = open(bytes);
    assert_eq!(recording.ends_early(), Some(end));
    assert_eq!(media(&mut recording), keys(3));
}

#[test]
fn times_that_wrap_are_found() {
    let start = u32::MAX - 60;
    let frames: Vec<_> = (0..4).map(|at| key(start.wrapping_add(at * 40))).collect();
    let mut recording = open(file(&frames));
    assert_eq!(recording.duration(), Duration::from_millis(160));
    assert_eq!(seek(&mut recording, 19), 19);
    assert_eq!(media(&mut recording), frames[2..]);
}

/// A file with video and sound whose times do not go back, and which index it has.
fn any_file() -> impl Strategy<Value = (Vec<Frame>, Vec<u8>)> {
    let steps = proptest::collection::vec((0..4_u8, 0..400_u32), 1..120);
    (steps, any::<bool>()).prop_map(|(steps, recorded)| {
        let mut ms = 0;
        let frames: Vec<_> = [video_header(0), audio_header(0), key(0)]
            .into_iter()
            .chain(steps.into_iter().map(|(kind, step)| {
                ms += step;
                [key, video, audio, video][usize::from(kind)](ms)
            }))
            .collect();
        if !recorded {
            let bytes = file(&frames);
            return (frames, bytes);
        }
        let mut recorder = Recorder::new(StartTime::Kept);
        let mut bytes = Vec::new();
        for frame in &frames {
            bytes.extend(recorder.push(frame).unwrap());
        }
        for patch in recorder.finish() {
            let at = usize::try_from(patch.offset).unwrap();
            bytes[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
        }
        (frames, bytes)
    })
}

proptest! {
    #[test]
    fn a_seek_finds_the_last_key_frame_at_or_before((frames, bytes) in any_file(), targets in proptest::collection::vec(0..50_000_u32, 1..20)) {
        let mut recording = open(bytes);
        for target in targets {
            let is_key = |frame: &&Frame| frame.flags().is_key_frame() && frame.at().ms() <= target;
            let best = frames.iter().rposition(|frame| is_key(&frame)).unwrap();
            prop_assert_eq!(seek(&mut recording, target), frames[best].at().ms());
            let played = media(&mut recording);
            let coded: Vec<_> = played.iter().filter(|frame| frame.flags().is_coded()).cloned().collect();
            prop_assert_eq!(&coded, &frames[best..]);
            prop_assert_eq!(played.len(), coded.len() + 2);
        }
    }

    #[test]
    fn of_a_file_that_was_cut_all_whole_tags_are_played(cut in 13..2000_usize) {
        let frames = keys(90);
        let bytes = file(&frames);
        let cut = cut.min(bytes.len());
        let mut recording = open(bytes[..cut].to_vec());
        // 11 of the header, 6 of the body; the back pointer is not needed.
        let whole = (cut - 13 + 4) / 21;
        prop_assert_eq!(media(&mut recording), &frames[..whole]);
        let is_whole = matches!((cut - 13) % 21, 0 | 17..);
        prop_assert_eq!(recording.ends_early().is_none(), is_whole);
    }

    #[test]
    fn whatever_a_file_is_it_is_played_without_harm(
        begin in 0..3_usize,
        mut bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let begin: &[u8] = [b"FLV\x01\x05\x00\x00\x00\x09\x00\x00\x00\x00".as_slice(), b"\x00\x00\x00\x08ftyp", b""][begin];
        bytes.splice(0..0, begin.iter().copied());
        if let Ok(mut recording) = Recording::open(Cursor::new(bytes)) {
            let mut read = 0;
            while let Ok(Some(_)) = recording.next_frame() {
                read += 1;
                prop_assert!(read < 1000);
            }
            recording.seek(Timestamp::from_ms(500)).unwrap();
        }
    }
}

#[test]
fn a_source_that_fails_is_an_error_and_no_end() {
    #[derive(Debug)]
    struct Failing(Cursor<Vec<u8>>, u64);
    impl std::io::Seek for Failing {
        fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
            self.0.seek(to)
        }
    }
    impl std::io::Read for Failing {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.position() >= self.1 {
                return Err(std::io::Error::other("the disk is broken"));
            }
            self.0.read(buffer)
        }
    }
    let bytes = file(&keys(1000));
    let error = Recording::open(Failing(Cursor::new(bytes), 5000)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the file cannot be read: the disk is broken"
    );
}
