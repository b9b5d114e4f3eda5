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

/// What was recorded of `frames`, gone on with.
fn resumed(frames: &[Frame]) -> (Vec<u8>, Recorder) {
    let mut recorder = Recorder::new(StartTime::Zero);
    let mut file = Vec::new();
    for frame in frames {
        file.extend_from_slice(&recorder.push(frame).unwrap());
    }
    let repair = repair(std::io::Cursor::new(&file), 0).unwrap();
    assert_eq!(repair.bytes(), file.len() as u64);
    (file, repair.resume())
}

#[test]
fn what_a_file_holds_is_known_when_it_is_gone_on_with_whether_it_has_headers_or_not() {
    let h263 = |at, kind: u8| frame(FrameKind::Video, at, &[kind << 4 | 2, 1, 2, 3]);
    let mp3 = |at| frame(FrameKind::Audio, at, &[0x2f, 1, 2, 3]);
    let enhanced_mp3 = frame(FrameKind::Audio, 0, b"\x91.mp3\x01\x02");
    let avc = || vec![video_header(0), audio_header(0), key(0), audio(5)];
    let flash = || vec![h263(0, 1), mp3(5), h263(40, 2), mp3(31)];
    let check = |file: &[Frame], next: &Frame, expected| {
        let (_, recorder) = resumed(file);
        assert_eq!(recorder.break_at(next), expected, "{next:?}");
    };
    for next in [&h263(0, 1), &h263(0, 2), &mp3(0), &enhanced_mp3] {
        check(&avc(), next, Some(Break::Codec));
    }
    for next in [
        &video_header(0),
        &audio_header(0),
        &key(0),
        &audio(0),
        &enhanced_mp3,
    ] {
        check(&flash(), next, Some(Break::Codec));
    }
    for next in [&h263(0, 1), &mp3(0)] {
        check(&flash(), next, None);
    }
    for next in [&video_header(0), &audio_header(0), &key(0), &audio(0)] {
        check(&avc(), next, None);
    }
    // A track that the file does not have is of no other codec.
    check(&[h263(0, 1)], &mp3(0), None);
}

#[test]
fn what_another_stream_has_sent_does_not_open_the_next_file() {
    let (_, mut recorder) = resumed(&begun());
    assert!(recorder.opening().is_empty());
    recorder.push(&audio_header(0)).unwrap();
    assert_eq!(recorder.opening().len(), 1);
}

#[test]
fn a_recorder_and_who_looks_at_its_file_agree_how_long_a_frame_behind_a_gap_lasts() {
    for pause in [20, 3000, 9999, 10_000] {
        let (mut file, mut recorder) = resumed(&begun());
        recorder.leap(Duration::from_millis(pause));
        let told = recorder.duration();
        file.extend_from_slice(&recorder.push(&audio(0)).unwrap());
        for patch in recorder.finish() {
            let at = usize::try_from(patch.offset).unwrap();
            file[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
        }
        let report = crate::verify::verify(std::io::Cursor::new(&file)).unwrap();
        assert_eq!(report.duration, recorder.duration());
        assert!(report.is_whole(), "{:?}", report.findings);
        // The pause itself, and no more than a usual frame.
        let more = recorder.duration().saturating_sub(told).as_millis();
        let pause = u128::from(pause);
        assert!((pause..pause + 81).contains(&more), "{more}");
    }
}
