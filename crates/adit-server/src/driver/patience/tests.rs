use std::time::{Duration, Instant};

use super::Verdict::{Bearable, TooMany};
use super::{Overflows, Silence};
use crate::limits::ServerLimits;

#[test]
fn a_publisher_has_twenty_seconds_for_its_first_media_and_thirty_for_the_next() {
    let (limits, start) = (ServerLimits::default(), Instant::now());
    let mut silence = Silence::FromTheStart(start);
    assert_eq!(silence.deadline(&limits), start + Duration::from_secs(20));
    let first = start + Duration::from_secs(19);
    silence.heard(first);
    assert_eq!(silence.deadline(&limits), first + Duration::from_secs(30));
}

/// Overflows so many seconds after the start, and what is thought of each.
#[track_caller]
fn check(expected: &[(u64, super::Verdict)]) {
    let (limits, start) = (ServerLimits::default(), Instant::now());
    let mut overflows = Overflows::default();
    for (second, verdict) in expected {
        let now = start + Duration::from_secs(*second);
        assert_eq!(overflows.count(now, &limits), *verdict, "after {second} s");
    }
}

#[test]
fn the_third_overflow_within_a_minute_is_one_too_many() {
    check(&[(0, Bearable), (10, Bearable), (59, TooMany)]);
    check(&[(0, Bearable), (10, Bearable), (60, Bearable), (61, TooMany)]);
}

#[test]
fn overflows_now_and_then_are_bearable_for_ever() {
    let now_and_then: Vec<_> = (0..100).map(|n| (n * 30, Bearable)).collect();
    check(&now_and_then);
}
