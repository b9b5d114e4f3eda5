use std::time::Duration;

use adit_client::media::{Frame, FrameKind, Timestamp};
use adit_client::rtmp::command::{PlayDuration, PlayStart};
use bytes::Bytes;

use super::Part;

fn picture(ms: u32) -> Frame {
    let payload = Bytes::from_static(&[0x27, 1, 0, 0, 0, 9]);
    Frame::classify(Timestamp::from_ms(ms), FrameKind::Video, payload)
}

fn key_frame(ms: u32) -> Frame {
    let payload = Bytes::from_static(&[0x17, 1, 0, 0, 0, 9]);
    Frame::classify(Timestamp::from_ms(ms), FrameKind::Video, payload)
}

fn sound(ms: u32) -> Frame {
    let payload = Bytes::from_static(&[0xAF, 1, 9]);
    Frame::classify(Timestamp::from_ms(ms), FrameKind::Audio, payload)
}

fn asked(part: &mut Part) -> (u32, Option<u32>) {
    let (start, duration) = part.request();
    let PlayStart::Recorded { from_ms } = start else {
        panic!("{start:?}");
    };
    match duration {
        PlayDuration::Limited { ms } => (from_ms, Some(ms)),
        _ => (from_ms, None),
    }
}

fn part(start: u64, length: Option<u64>) -> Part {
    Part::new(
        Duration::from_millis(start),
        length.map(Duration::from_millis),
    )
}

/// How many of the frames belong to it.
fn taken(part: &mut Part, times: &[u32]) -> usize {
    let frames = times.iter().map(|ms| picture(*ms));
    frames.take_while(|frame| !part.note(frame)).count()
}

#[test]
fn the_lead_from_the_key_frame_on_takes_nothing_from_the_end() {
    let mut part = part(10_000, Some(3_000));
    assert_eq!(asked(&mut part), (10_000, Some(3_000)));
    let times = [8_023, 9_000, 10_000, 11_023, 12_000, 12_999, 13_000, 14_000];
    assert_eq!(taken(&mut part, &times), 6);
}

#[test]
fn a_server_that_counts_from_the_place_asked_for_is_understood() {
    let mut part = part(500, Some(3_000));
    assert_eq!(asked(&mut part), (500, Some(3_000)));
    assert_eq!(taken(&mut part, &[700, 2_000, 3_699, 3_700]), 3);
}

#[test]
fn after_a_break_what_has_not_come_is_asked_for_whatever_the_lead() {
    let mut part = part(10_000, Some(10_000));
    asked(&mut part);
    assert_eq!(taken(&mut part, &[8_000, 12_500]), 2);
    assert_eq!(asked(&mut part), (12_500, Some(7_500)));
    // Broken again before it has come as far as it was.
    assert_eq!(taken(&mut part, &[12_000]), 1);
    assert_eq!(asked(&mut part), (12_500, Some(7_500)));
    assert_eq!(taken(&mut part, &[12_000, 19_999, 20_000]), 2);
}

#[test]
fn without_a_length_it_goes_to_the_end() {
    let mut part = part(0, None);
    assert_eq!(asked(&mut part), (0, None));
    assert_eq!(taken(&mut part, &[0, 4_000_000]), 2);
    assert_eq!(asked(&mut part), (4_000_000, None));
}

#[test]
fn a_server_that_counts_from_its_key_frame_is_asked_again_from_where_it_was() {
    let mut part = part(60_000, Some(30_000));
    asked(&mut part);
    // Nobody knows how long before 60 s the first one is; the next is not before it.
    assert!(!part.note(&key_frame(0)));
    assert_eq!(taken(&mut part, &[1_000, 1_960]), 2);
    assert_eq!(asked(&mut part), (60_000, Some(30_000)));
    assert!(!part.note(&key_frame(0)));
    assert_eq!(taken(&mut part, &[1_000, 1_960]), 2);
    assert!(!part.note(&sound(1_990)));
    assert!(!part.note(&key_frame(2_000)));
    assert_eq!(taken(&mut part, &[5_000, 12_000]), 2);
    assert_eq!(asked(&mut part), (70_000, Some(20_000)));
    // Broken again: it goes on from there, and ends.
    assert!(!part.note(&key_frame(0)));
    assert!(!part.note(&key_frame(2_000)));
    assert_eq!(taken(&mut part, &[21_960, 22_000]), 1);
}

#[test]
fn sound_alone_begins_where_it_was_asked_to() {
    let mut part = part(60_000, None);
    asked(&mut part);
    assert!(!part.note(&sound(0)));
    assert!(!part.note(&sound(7_000)));
    assert_eq!(asked(&mut part), (67_000, None));
}

#[test]
fn a_clock_of_the_recording_is_believed_where_it_is_further() {
    let mut part = part(3_000, None);
    asked(&mut part);
    assert!(!part.note(&key_frame(0)));
    assert!(!part.note(&key_frame(8_000)));
    assert_eq!(taken(&mut part, &[9_000]), 1);
    assert_eq!(asked(&mut part), (9_000, None));
}
