use std::time::Duration;

use super::{Happening, Lasting};
use crate::relay::Skipped;

#[test]
fn a_time_span_is_never_shown_as_nothing() {
    let check = |ms: u64, expected: &str| {
        assert_eq!(Lasting(Duration::from_millis(ms)).to_string(), expected);
    };
    check(0, "0 ms");
    check(40, "40 ms");
    check(999, "999 ms");
    check(1000, "1.0 s");
    check(59_999, "59.9 s");
    check(61_500, "1 min 1 s");
    check(3_599_999, "59 min 59 s");
    check(7_380_000, "2 h 3 min");
}

#[test]
fn an_end_says_how_long_it_lasted_and_what_did_not_arrive() {
    let check = |undelivered: u64, expected: &str| {
        let end = Happening::Ended {
            frames: 12,
            lasted: Duration::from_millis(430),
            undelivered,
        };
        assert_eq!(end.to_string(), expected);
    };
    check(0, "ended after 430 ms, 12 messages");
    check(3, "ended after 430 ms, 12 messages, up to 3 did not arrive");
}

#[test]
fn what_was_left_out_is_said_with_how_long_it_was() {
    let check = |frames: u64, unsure: u64, expected: &str| {
        let skipped = Skipped {
            frames,
            lasting: Duration::from_millis(60),
            unsure,
        };
        assert_eq!(skipped.to_string(), expected);
    };
    check(0, 0, "nothing left out");
    check(3, 0, "3 messages of 60 ms left out");
    check(0, 7, "nothing left out, up to 7 may be lost");
}
