use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::{Cause, Next, Patience, Retries};
use crate::limits::relay::{BUFFER_DURATION, REFUSALS, RETRY_LONGEST, RETRY_UNWANTED, SETTLED};

/// In the middle of the spread.
const MIDDLE: u8 = 127;

fn almost(span: Duration) -> Duration {
    span.saturating_sub(Duration::from_millis(1))
}

/// In whole seconds.
fn pause(next: Next) -> u64 {
    match next {
        Next::After(pause) => (pause + Duration::from_millis(500)).as_secs(),
        Next::GiveUp => panic!("given up"),
    }
}

#[test]
fn a_pause_is_a_third_of_the_break_within_its_limits() {
    let mut retries = Retries::new(Patience::Forever);
    let start = Instant::now();
    let mut check = |seconds: u64, expected: u64| {
        let now = start + Duration::from_secs(seconds);
        assert_eq!(pause(retries.next(now, Cause::Failure, MIDDLE)), expected);
    };
    check(0, 1);
    check(3, 1);
    check(6, 2);
    check(20, 7);
    check(45, 15);
    check(1000, 15);
}

#[test]
fn the_longest_pause_is_spread_by_a_quarter() {
    for (spread, expected) in [(0, RETRY_LONGEST * 3 / 4), (255, RETRY_LONGEST * 5 / 4)] {
        let mut retries = Retries::new(Patience::Forever);
        let start = Instant::now();
        retries.next(start, Cause::Failure, spread);
        let late = start + Duration::from_mins(10);
        assert_eq!(
            retries.next(late, Cause::Failure, spread),
            Next::After(expected)
        );
    }
}

#[test]
fn what_is_not_taken_here_is_tried_again_after_a_long_pause_each_time() {
    let mut retries = Retries::endless();
    let start = Instant::now();
    for minutes in [0, 6, 12] {
        let now = start + Duration::from_mins(minutes);
        let next = retries.next(now, Cause::Unwanted, MIDDLE);
        assert_eq!(pause(next), RETRY_UNWANTED.as_secs());
    }
}

#[test]
fn a_break_of_twenty_seconds_ends_before_the_buffer_does() {
    let mut retries = Retries::new(Patience::Forever);
    let (start, mut at) = (Instant::now(), Duration::ZERO);
    while at < Duration::from_secs(20) {
        let Next::After(pause) = retries.next(start + at, Cause::Failure, 255) else {
            panic!("given up");
        };
        at += pause;
    }
    assert!(at < BUFFER_DURATION, "{at:?}");
}

#[test]
fn a_connection_that_lasted_makes_the_pauses_begin_anew() {
    let mut retries = Retries::new(Patience::Forever);
    let start = Instant::now();
    let late = start + Duration::from_secs(30);
    retries.next(start, Cause::Failure, MIDDLE);
    retries.note_connection(late, late + almost(SETTLED));
    assert_eq!(pause(retries.next(late, Cause::Failure, MIDDLE)), 10);
    retries.note_connection(late, late + SETTLED);
    assert_eq!(pause(retries.next(late, Cause::Failure, MIDDLE)), 1);
}

#[test]
fn refusals_are_borne_for_a_while() {
    let mut retries = Retries::new(Patience::Forever);
    let start = Instant::now();
    retries.next(start, Cause::Refusal, MIDDLE);
    let almost = start + almost(REFUSALS);
    assert_ne!(retries.next(almost, Cause::Refusal, MIDDLE), Next::GiveUp);
    let then = start + REFUSALS;
    assert_eq!(retries.next(then, Cause::Refusal, MIDDLE), Next::GiveUp);
}

#[test]
fn refusals_that_are_not_in_a_row_are_borne_for_ever() {
    let mut retries = Retries::new(Patience::Forever);
    let start = Instant::now();
    retries.next(start, Cause::Refusal, MIDDLE);
    let then = start + REFUSALS;
    assert_ne!(retries.next(then, Cause::Failure, MIDDLE), Next::GiveUp);
    assert_ne!(retries.next(then, Cause::Refusal, MIDDLE), Next::GiveUp);
}

#[test]
fn patience_ends_after_so_many_tries_or_so_long() {
    let now = Instant::now();
    let mut none = Retries::new(Patience::None);
    assert_eq!(none.next(now, Cause::Failure, MIDDLE), Next::GiveUp);

    let mut times = Retries::new(Patience::Times(NonZeroU32::new(2).unwrap()));
    assert_ne!(times.next(now, Cause::Failure, MIDDLE), Next::GiveUp);
    assert_ne!(times.next(now, Cause::Failure, MIDDLE), Next::GiveUp);
    assert_eq!(times.next(now, Cause::Failure, MIDDLE), Next::GiveUp);

    let span = Duration::from_mins(5);
    let mut long = Retries::new(Patience::For(span));
    assert_ne!(long.next(now, Cause::Failure, MIDDLE), Next::GiveUp);
    assert_ne!(
        long.next(now + almost(span), Cause::Failure, MIDDLE),
        Next::GiveUp
    );
    assert_eq!(long.next(now + span, Cause::Failure, MIDDLE), Next::GiveUp);
}
