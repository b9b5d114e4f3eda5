use super::Bound;
use crate::outputs::hls::segmenter::Lengths;

const LENGTHS: Lengths = Lengths {
    part: 350,
    segment: 2_000,
};

/// Two seconds are announced.
fn announced(interval: Option<i64>) -> Bound {
    let mut bound = Bound::new(LENGTHS, interval);
    bound.keep_to(2);
    bound
}

/// What is announced when the first segment was so `long` and key frames come in this `interval`.
fn check_target(long: i64, interval: Option<i64>, expected: i64) {
    let mut bound = Bound::new(LENGTHS, interval);
    assert_eq!(bound.announce(long), expected, "{long} {interval:?}");
    // Whatever comes, that stays.
    bound.note_key_frame(0);
    bound.note_key_frame(9_000);
    assert_eq!(bound.announce(11_000), expected, "{long} {interval:?}");
    assert_eq!(bound.longest(), expected * 1000 + 499);
}

#[test]
fn what_is_announced_has_room_for_the_first_segment_and_for_key_frames_as_they_come() {
    check_target(600, None, 2);
    check_target(2_499, None, 2);
    check_target(2_500, None, 3);
    check_target(600, Some(1_000), 2);
    check_target(600, Some(33), 2);
    // One is not enough, and two are three seconds.
    check_target(600, Some(1_500), 3);
    check_target(600, Some(2_499), 2);
    check_target(600, Some(2_500), 3);
    check_target(600, Some(10_000), 10);
    // Beyond that segments begin without key frames.
    check_target(600, Some(60_000), 12);
    check_target(600, Some(0), 2);
}

#[test]
fn a_target_that_was_announced_before_is_kept() {
    let mut bound = Bound::new(LENGTHS, Some(10_000));
    bound.keep_to(4);
    assert_eq!((bound.announce(9_000), bound.longest()), (4, 4_499));
}

#[test]
fn a_segment_is_as_long_as_announced_and_no_millisecond_longer() {
    let bound = announced(None);
    assert!(!bound.ends_before(0, 0, 2_459, 40), "until 2.499");
    assert!(bound.ends_before(0, 0, 2_460, 40), "until 2.500");
    // Where the clock stands still, parts have lengths all the same.
    assert!(!bound.ends_before(0, 2_498, 0, 1));
    assert!(bound.ends_before(0, 2_499, 0, 1));
    assert!(
        !bound.ends_before(0, 0, 0, 9_000),
        "there is nothing to end"
    );
}

#[test]
fn where_key_frames_are_too_far_apart_pieces_are_of_one_length() {
    let mut bound = announced(Some(2_600));
    bound.note_key_frame(0);
    assert!(!bound.ends_before(0, 0, 1_260, 40));
    assert!(bound.ends_before(0, 0, 1_261, 40));
    assert!(
        !bound.ends_before(1_261, 0, 2_560, 40),
        "the next one is in time"
    );
    // A key frame that would leave the next one out is where a segment ends.
    assert!(!bound.ends_before_key(0, false));
    assert!(bound.ends_before_key(100, true));
    let bound = announced(Some(1_000));
    assert!(
        !bound.ends_before_key(1_000, false),
        "the next one is in time"
    );
    assert!(bound.ends_before_key(1_800, false));
    assert!(bound.ends_before_key(1_500, false), "the next one is not");
}
