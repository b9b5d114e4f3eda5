use std::time::Duration;

use super::{Break, Recorder, StartTime};
use crate::pattern::Pattern;
use crate::repair::repair;
use crate::samples::{audio, audio_header, frame, key, video, video_header};
use crate::{Frame, FrameKind};

fn recorder(frames: &[Frame]) -> Recorder {
    let mut recorder = Recorder::new(StartTime::Zero);
    for frame in frames {
        recorder.push(frame).unwrap();
    }
    recorder
}

fn changed(header: &Frame) -> Frame {
    let mut payload = header.payload().to_vec();
    payload.push(1);
    Frame::classify(header.at(), header.kind(), payload.into())
}

fn begun() -> Vec<Frame> {
    vec![
        video_header(0),
        audio_header(0),
        key(0),
        audio(5),
        video(40),
        audio(45),
    ]
}

#[test]
fn a_stream_that_goes_on_as_it_was_has_no_break() {
    let recorder = recorder(&begun());
    for frame in [
        video_header(50),
        audio_header(50),
        key(80),
        audio(9_000),
        video(0),
        audio(45),
    ] {
        assert_eq!(recorder.break_at(&frame), None, "{frame:?}");
    }
    // Of what has not begun nothing can change.
    let fresh = Recorder::new(StartTime::Zero);
    assert_eq!(fresh.break_at(&changed(&video_header(0))), None);
    assert_eq!(fresh.break_at(&key(1_000_000)), None);
}

#[test]
fn another_header_or_codec_is_a_break() {
    let recorder = recorder(&begun());
    assert_eq!(
        recorder.break_at(&changed(&video_header(50))),
        Some(Break::Codec)
    );
    assert_eq!(
        recorder.break_at(&changed(&audio_header(50))),
        Some(Break::Codec)
    );
    // MP3 and Sorenson's H.263 have no headers.
    let mp3 = frame(FrameKind::Audio, 50, &[0x2f, 1, 2, 3]);
    let h263 = frame(FrameKind::Video, 50, &[0x12, 1, 2, 3]);
    assert_eq!(recorder.break_at(&mp3), Some(Break::Codec));
    assert_eq!(recorder.break_at(&h263), Some(Break::Codec));
}

#[test]
fn time_that_jumps_back_a_second_or_ahead_ten_is_a_break_and_less_is_none() {
    let recorder = recorder(&[video_header(0), audio_header(0), key(20_000), audio(20_000)]);
    for (at, jumps) in [
        (19_000, false),
        (18_999, true),
        (30_000, false),
        (30_001, true),
        (0, true),
    ] {
        let expected = jumps.then_some(Break::Time);
        assert_eq!(recorder.break_at(&video(at)), expected, "{at}");
        assert_eq!(recorder.break_at(&audio(at)), expected, "{at}");
    }
}

#[test]
fn the_next_file_begins_with_the_headers_that_hold() {
    let newer = changed(&audio_header(50));
    let mut frames = begun();
    frames.push(newer.clone());
    let opening = recorder(&frames).opening();
    let payloads: Vec<_> = opening
        .iter()
        .map(|frame| frame.payload().clone())
        .collect();
    assert_eq!(
        payloads,
        [video_header(0).payload().clone(), newer.payload().clone()]
    );
}

#[test]
fn patches_change_nothing_behind_the_head() {
    let mut file = Vec::new();
    let mut recorder = Recorder::new(StartTime::Zero);
    assert_eq!(recorder.head_bytes(), 0);
    for frame in Pattern::new("pattern:".parse().unwrap()).take(500) {
        file.extend_from_slice(&recorder.push(&frame).unwrap());
    }
    let head = recorder.head_bytes();
    assert!((18_000..20_000).contains(&head), "{head}");
    let end = |patch: &super::Patch| patch.offset + patch.bytes.len() as u64;
    assert!(recorder.finish().iter().all(|patch| end(patch) <= head));
    let repair = repair(std::io::Cursor::new(&file), 0).unwrap();
    assert_eq!(repair.resume().head_bytes(), head);
}

#[test]
fn a_pause_that_is_kept_moves_what_comes_behind_it() {
    let mut recorder = recorder(&begun());
    let before = recorder.duration();
    recorder.leap(Duration::from_mins(1));
    // By whatever clock.
    recorder.push(&key(7)).unwrap();
    let ahead = recorder.duration().saturating_sub(before);
    assert!((60_000..60_200).contains(&ahead.as_millis()), "{ahead:?}");
}
