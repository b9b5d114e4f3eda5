use std::io::Cursor;
use std::time::Duration;

use adit_amf::amf0::{self, Object, Value};
use bytes::BytesMut;

use super::verify;
use crate::flv::{FileTracks, encode_frame, encode_header};
use crate::limits::VERIFY_FINDINGS;
use crate::samples::{audio, frame, key, video};
use crate::{Frame, FrameKind};

fn file(tracks: FileTracks, frames: &[Frame]) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode_header(tracks, &mut out);
    for frame in frames {
        encode_frame(frame, &mut out).unwrap();
    }
    out.to_vec()
}

fn metadata(members: Object) -> Frame {
    let mut out = BytesMut::new();
    amf0::encode_all(&["onMetaData".into(), Value::EcmaArray(members)], &mut out).unwrap();
    frame(FrameKind::Data, 0, &out)
}

fn check_bytes(file: Vec<u8>, expected: &[&str]) {
    let report = verify(Cursor::new(file)).unwrap();
    let found: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected);
    assert_eq!(report.is_whole(), expected.is_empty());
}

fn check(members: Object, frames: &[Frame], expected: &[&str]) {
    let all = [&[metadata(members)], frames].concat();
    check_bytes(file(FileTracks::AudioVideo, &all), expected);
}

#[test]
fn a_whole_file_has_no_findings_and_is_counted() {
    let frames = [key(0), audio(10), video(40), key(80)];
    check(Object::new().with("duration", 0.12), &frames, &[]);
    let bytes = file(
        FileTracks::AudioVideo,
        &[&[metadata(Object::new())], frames.as_slice()].concat(),
    );
    let report = verify(Cursor::new(&bytes)).unwrap();
    assert_eq!((report.tags, report.key_frames), (5, 2));
    assert_eq!(report.bytes, u64::try_from(bytes.len()).unwrap());
    assert_eq!(report.duration, Duration::from_millis(120));
    assert_eq!(report.tracks, FileTracks::AudioVideo);
}

#[test]
fn what_the_file_says_about_itself_is_compared() {
    let frames = [key(0), audio(0), video(40)];
    check(
        Object::new()
            .with("duration", 5.0)
            .with("lasttimestamp", 3.0)
            .with("filesize", 7.0),
        &frames,
        &[
            "duration is 5.000 s in onMetaData, the frames last 0.080 s",
            "lasttimestamp is 3.000 s in onMetaData, the last frame is at 0.040 s",
            "filesize is 7 in onMetaData, the file has 171 bytes",
        ],
    );
    check(
        Object::new().with("duration", f64::NAN),
        &frames,
        &["duration is NaN s in onMetaData, the frames last 0.080 s"],
    );
    check_bytes(
        file(FileTracks::Audio, &[metadata(Object::new()), key(0)]),
        &["the header tells of audio alone, the file has video alone"],
    );
    check_bytes(
        file(FileTracks::Video, &[key(0)]),
        &["there is no onMetaData that can be read"],
    );
}

#[test]
fn every_entry_of_the_index_is_compared() {
    let index = |entries: &[(f64, f64)]| {
        let list = |numbers: Vec<f64>| {
            Value::StrictArray(numbers.into_iter().map(Value::Number).collect())
        };
        let (times, places) = entries.iter().copied().unzip();
        let index = Object::new()
            .with("times", list(times))
            .with("filepositions", list(places));
        Object::new().with("keyframes", index)
    };
    let frames = [key(0), audio(0), key(40)];
    // The file header, the metadata with two entries, then tags of 21 and 18 bytes.
    let first = f64::from(
        u32::try_from(file(FileTracks::Video, &[metadata(index(&[(0.0, 0.0); 2]))]).len()).unwrap(),
    );
    check(index(&[(0.0, first), (0.04, first + 39.0)]), &frames, &[]);
    let wrong = |entry: usize, ms: u32, place: f64| {
        format!("entry {entry} of the seek index, {ms} ms at byte {place}, is no key frame")
    };
    check(
        index(&[(0.0, first + 21.0), (0.05, first + 40.0)]),
        &frames,
        &[&wrong(0, 0, first + 21.0), &wrong(1, 50, first + 40.0)],
    );
    check(
        Object::new().with("keyframes", Object::new().with("times", 1.0)),
        &frames,
        &["the seek index in onMetaData cannot be read"],
    );
}

#[test]
fn an_index_with_times_of_another_clock_is_a_warning_and_told_once() {
    let list =
        |numbers: [f64; 2]| Value::StrictArray(numbers.into_iter().map(Value::Number).collect());
    let members = |first: f64| {
        let index = Object::new()
            .with("times", list([0.0, 0.04]))
            .with("filepositions", list([first, first + 39.0]));
        Object::new().with("keyframes", index)
    };
    let first = file(FileTracks::Video, &[metadata(members(0.0))]).len();
    let told = members(f64::from(u32::try_from(first).unwrap()));
    let frames = [metadata(told), key(23), audio(23), key(63)];
    let report = verify(Cursor::new(file(FileTracks::AudioVideo, &frames))).unwrap();
    let found: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    let warning = format!(
        "2 entries of the seek index have other times than their key frames: entry 0 says 0 ms, and at byte {first} is 23 ms"
    );
    assert_eq!(found, [warning]);
    assert!(report.findings[0].is_warning());
    assert!(report.is_whole());
}

#[test]
fn torn_ends_pointers_types_and_times_are_told() {
    let whole = file(
        FileTracks::Video,
        &[metadata(Object::new()), key(50), video(90), video(80)],
    );
    let back = "video goes back from 90 ms to 80 ms with the tag at byte 91";
    check_bytes(whole.clone(), &[back]);
    check_bytes(
        whole[..whole.len() - 1].to_vec(),
        &[
            "the file ends inside the back pointer of the tag at byte 91",
            back,
        ],
    );
    check_bytes(
        whole[..whole.len() - 5].to_vec(),
        &["at byte 91 there is no whole tag, and 16 bytes to the end of the file"],
    );
    let mut other = whole.clone();
    other[91] = 7;
    check_bytes(other, &["the tag at byte 91 is of the unknown type 7"]);
    let mut other = whole;
    other[90] = 9;
    check_bytes(
        other,
        &[
            "the back pointer of the tag at byte 70 is 9 instead of 17",
            back,
        ],
    );
    check_bytes(b"FLV\x01".to_vec(), &["the file ends before its first tag"]);
    check_bytes(
        file(FileTracks::Video, &[]),
        &["the file ends before its first tag"],
    );
}

#[test]
fn findings_are_listed_up_to_the_limit_and_then_counted() {
    let limit = u32::try_from(VERIFY_FINDINGS).unwrap();
    let count = |back: u32| {
        let mut frames = vec![metadata(Object::new()), key(1000)];
        frames.extend((0..back).map(|at| video(999 - at)));
        let report = verify(Cursor::new(file(FileTracks::Video, &frames))).unwrap();
        (report.findings.len(), report.unlisted)
    };
    assert_eq!(count(limit), (VERIFY_FINDINGS, 0));
    assert_eq!(count(limit + 1), (VERIFY_FINDINGS, 1));
}
