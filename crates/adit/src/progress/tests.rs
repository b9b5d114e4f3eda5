use std::time::Duration;

use adit_client::media::{FrameKind, Timestamp};

use super::{BitRate, Clock, Played, Rate, Size};

#[test]
fn figures_are_short() {
    let clock = |seconds| Clock(Duration::from_secs(seconds)).to_string();
    assert_eq!(clock(0), "00:00:00");
    assert_eq!(clock(3_723), "01:02:03");
    assert_eq!(clock(360_000), "100:00:00");
    let size = |bytes| Size(bytes).to_string();
    assert_eq!(size(999), "999 B");
    assert_eq!(size(12_345), "12 kB");
    assert_eq!(size(12_345_678), "12.3 MB");
    assert_eq!(size(12_345_678_901), "12.34 GB");
    let rate = |bits| BitRate(bits).to_string();
    assert_eq!(rate(504_000), "504 kbit/s");
    assert_eq!(rate(2_512_345), "2.51 Mbit/s");
}

#[test]
fn a_rate_looks_back_over_the_last_marks_only() {
    let mut rate = Rate::default();
    let mut at = |seconds, total| rate.per_second(Duration::from_secs(seconds), total);
    assert_eq!(at(0, 100), None);
    assert_eq!(at(1, 200), Some(100));
    assert_eq!(at(2, 300), Some(100));
    assert_eq!(at(3, 300), Some(66));
    assert_eq!(at(4, 300), Some(50));
    assert_eq!(at(5, 300), Some(25));
    assert_eq!(at(6, 300), Some(0));
}

#[test]
fn what_comes_at_once_in_the_beginning_is_no_rate() {
    let mut rate = Rate::default();
    assert_eq!(rate.per_second(Duration::ZERO, 0), None);
    assert_eq!(rate.per_second(Duration::from_millis(7), 1), None);
    assert_eq!(rate.per_second(Duration::from_millis(507), 16), Some(31));
}

#[test]
fn what_was_played_is_the_sum_of_steps_without_jumps() {
    let mut played = Played::default();
    for ms in [1000, 1040, 1020, 1080, 60_000, 60_040, 0, 40, u32::MAX] {
        played.note(FrameKind::Video, Timestamp::from_ms(ms));
    }
    assert_eq!(played.time(), Duration::from_millis(80 + 40 + 40));
}

#[test]
fn files_one_behind_the_other_count_each() {
    let mut played = Played::default();
    for _ in 0..2 {
        for ms in (0..=3000).step_by(40) {
            played.note(FrameKind::Video, Timestamp::from_ms(ms));
            played.note(FrameKind::Audio, Timestamp::from_ms(ms + 10));
        }
    }
    assert_eq!(played.time(), Duration::from_millis(2 * 3010));
}

#[test]
fn tracks_with_clocks_of_their_own_do_not_jump_at_each_frame() {
    let mut played = Played::default();
    for ms in (0..=1000).step_by(40) {
        played.note(FrameKind::Audio, Timestamp::from_ms(ms));
        played.note(FrameKind::Video, Timestamp::from_ms(ms + 3_600_000));
    }
    assert_eq!(played.time(), Duration::from_secs(1));
}
