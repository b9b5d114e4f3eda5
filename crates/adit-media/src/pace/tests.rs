use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{JUMP, Loop, NothingToRepeat, Pacer};
use crate::samples::{audio, frame, video, video_header};
use crate::{Frame, FrameKind};

#[expect(
    clippy::disallowed_methods,
    reason = "a first instant can be had in no other way; from there on time is made up"
)]
fn first_instant() -> Instant {
    Instant::now() + Duration::from_secs(1000)
}

fn metadata(ms: u32) -> Frame {
    frame(
        FrameKind::Data,
        ms,
        b"\x02\x00\x0AonMetaData\x08\x00\x00\x00\x00\x00\x00\x09",
    )
}

fn other_metadata(ms: u32) -> Frame {
    frame(
        FrameKind::Data,
        ms,
        b"\x02\x00\x0AonMetaData\x08\x00\x00\x00\x00\x00\x01a\x05\x00\x00\x09",
    )
}

fn cleared(ms: u32) -> Frame {
    frame(
        FrameKind::Data,
        ms,
        b"\x02\x00\x0F@clearDataFrame\x02\x00\x0AonMetaData",
    )
}

fn cue_point(ms: u32) -> Frame {
    frame(FrameKind::Data, ms, b"\x02\x00\x0AonCuePoint\x05")
}

fn end_of_sequence(ms: u32) -> Frame {
    frame(FrameKind::Video, ms, b"\x17\x02\x00\x00\x00")
}

/// When frames are due, in milliseconds after the first was asked about.
fn check_due(frames: &[Frame], expected: &[i64]) {
    let start = first_instant();
    let mut pacer = Pacer::new();
    let due: Vec<i64> = frames
        .iter()
        .map(|frame| {
            let due = pacer.due(frame, start);
            match due.checked_duration_since(start) {
                Some(after) => i64::try_from(after.as_millis()).unwrap(),
                None => -i64::try_from((start - due).as_millis()).unwrap(),
            }
        })
        .collect();
    assert_eq!(due, expected);
}

#[test]
fn frames_are_due_as_their_timestamps_say() {
    check_due(
        &[
            video(5000),
            audio(5010),
            video(5040),
            audio(5033),
            video(5080),
        ],
        &[0, 10, 40, 33, 80],
    );
}

#[test]
fn time_wraps_past_two_to_the_thirty_two() {
    check_due(&[video(u32::MAX - 19), video(20), video(60)], &[0, 40, 80]);
}

#[test]
fn metadata_and_headers_are_due_with_what_came_before() {
    check_due(
        &[
            metadata(0),
            video_header(0),
            video(90_000),
            video(90_040),
            metadata(0),
            video_header(7),
            video(90_080),
        ],
        &[0, 0, 0, 40, 40, 40, 80],
    );
}

#[test]
fn ten_seconds_are_waited_for_and_longer_gaps_are_not() {
    check_due(
        &[video(0), video(10_000), video(20_001), video(20_041)],
        &[0, 10_000, 10_000, 10_040],
    );
    assert_eq!(JUMP, Duration::from_secs(10));
}

#[test]
fn a_second_back_is_late_and_longer_jumps_begin_anew() {
    check_due(&[video(5000), video(4000), video(4040)], &[0, -1000, -960]);
    check_due(
        &[video(5000), video(5040), video(4039), video(4079)],
        &[0, 40, 40, 80],
    );
}

#[test]
fn a_short_file_behind_another_is_not_rushed() {
    check_due(
        &[
            video(0),
            audio(5),
            video(2000),
            audio(2005),
            video_header(0),
            video(0),
            audio(5),
            video(40),
            audio(28),
        ],
        &[0, 5, 2000, 2005, 2005, 2005, 2010, 2045, 2033],
    );
}

#[test]
fn a_track_that_begins_far_behind_the_other_is_late_with_it() {
    check_due(
        &[video(0), video(5000), audio(0), audio(23)],
        &[0, 5000, 0, 23],
    );
}

#[test]
fn a_jump_of_both_tracks_leaves_them_together() {
    check_due(
        &[
            video(0),
            audio(5),
            video(40),
            video(900_000),
            audio(900_005),
            audio(900_028),
            video(900_040),
        ],
        &[0, 5, 40, 40, 45, 68, 80],
    );
}

#[test]
fn tracks_with_clocks_far_apart_are_both_paced() {
    check_due(
        &[
            video(0),
            audio(1_000_000),
            video(40),
            audio(1_000_023),
            video(80),
            audio(1_000_046),
        ],
        &[0, 0, 40, 23, 80, 46],
    );
}

#[test]
fn after_a_restart_the_next_frame_is_due_at_once() {
    let start = first_instant();
    let later = start + Duration::from_secs(30);
    let mut pacer = Pacer::new();
    assert_eq!(pacer.due(&video(0), start), start);
    assert_eq!(
        pacer.due(&video(40), later),
        start + Duration::from_millis(40)
    );
    assert_eq!(pacer.late(later), Duration::from_millis(29_960));
    assert_eq!(pacer.late(start), Duration::ZERO);
    pacer.restart();
    assert_eq!(pacer.late(later), Duration::ZERO);
    assert_eq!(pacer.due(&video(80), later), later);
}

/// The times of three turns of a clip.
fn check_turns(clip: &[Frame], expected: [&[u32]; 3]) {
    let mut repeat = Loop::new();
    for (turn, expected) in expected.into_iter().enumerate() {
        let sent = clip.iter().cloned().filter_map(|frame| repeat.frame(frame));
        let times: Vec<_> = sent.map(|frame| frame.at().ms()).collect();
        assert_eq!(times, expected, "turn {turn}");
        repeat.begin_again().unwrap();
    }
}

#[test]
fn a_repeated_clip_goes_on_after_its_last_frame() {
    check_turns(
        &[video(0), video(40), video(80)],
        [&[0, 40, 80], &[120, 160, 200], &[240, 280, 320]],
    );
}

#[test]
fn the_track_that_ends_last_decides() {
    check_turns(
        &[audio(0), video(0), audio(23), video(40), audio(46)],
        [
            &[0, 0, 23, 40, 46],
            &[80, 80, 103, 120, 126],
            &[160, 160, 183, 200, 206],
        ],
    );
}

#[test]
fn headers_are_repeated_where_the_turn_begins() {
    check_turns(
        &[
            cue_point(0),
            video_header(0),
            video(5000),
            cue_point(5010),
            video(5040),
        ],
        [
            &[0, 0, 5000, 5010, 5040],
            &[5080, 5080, 5080, 5090, 5120],
            &[5160, 5160, 5160, 5170, 5200],
        ],
    );
}

#[test]
fn metadata_that_was_told_last_is_not_told_again() {
    check_turns(
        &[metadata(0), video(5000), metadata(5010), video(5040)],
        [&[0, 5000, 5010, 5040], &[5080, 5120], &[5160, 5200]],
    );
}

#[test]
fn metadata_that_was_cleared_is_told_again() {
    check_turns(
        &[metadata(0), video(0), cleared(10), video(40)],
        [&[0, 0, 10, 40], &[0, 80, 90, 120], &[0, 160, 170, 200]],
    );
}

#[test]
fn q164_metadata_that_is_told_again_is_told_at_zero() {
    check_turns(
        &[metadata(7), video(5000), other_metadata(5010), video(5040)],
        [
            &[7, 5000, 5010, 5040],
            &[0, 5080, 0, 5120],
            &[0, 5160, 0, 5200],
        ],
    );
}

#[test]
fn ends_of_sequences_are_left_out() {
    check_turns(
        &[video(0), video(40), end_of_sequence(40)],
        [&[0, 40], &[80, 120], &[160, 200]],
    );
}

#[test]
fn a_clip_of_one_frame_has_a_length_all_the_same() {
    check_turns(&[video(7)], [&[7], &[47], &[87]]);
    check_turns(&[audio(7)], [&[7], &[30], &[53]]);
}

#[test]
fn repeated_time_wraps() {
    let most = u32::MAX;
    check_turns(
        &[video(most - 39), video(0)],
        [&[most - 39, 0], &[40, 80], &[120, 160]],
    );
}

#[test]
fn a_jump_inside_the_clip_is_there_in_each_turn() {
    check_turns(
        &[video(60_000), video(60_040), video(0), video(40)],
        [
            &[60_000, 60_040, 0, 40],
            &[60_080, 60_120, 80, 120],
            &[60_160, 60_200, 160, 200],
        ],
    );
}

#[test]
fn a_clip_without_media_cannot_be_repeated() {
    let mut repeat = Loop::new();
    assert_eq!(repeat.begin_again(), Err(NothingToRepeat));
    assert!(repeat.frame(metadata(0)).is_some());
    assert!(repeat.frame(video_header(0)).is_some());
    assert_eq!(repeat.begin_again(), Err(NothingToRepeat));
    assert!(repeat.frame(video(0)).is_some());
    assert_eq!(repeat.begin_again(), Ok(()));
    assert_eq!(repeat.begin_again(), Err(NothingToRepeat), "an empty turn");
}

proptest! {
    #[test]
    fn no_frame_is_waited_for_longer_than_a_jump(times in proptest::collection::vec((any::<u32>(), any::<bool>()), 1..50)) {
        let now = first_instant();
        let mut pacer = Pacer::new();
        let mut before = now;
        for (ms, is_video) in times {
            let frame = if is_video { video(ms) } else { audio(ms) };
            let due = pacer.due(&frame, now);
            prop_assert!(due <= before + JUMP);
            before = before.max(due);
        }
    }
}
