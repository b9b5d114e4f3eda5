use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::{Cause, Next, Patience, Retries};
use crate::relay::limits::{REFUSALS, RETRY_LONGEST, SETTLED};

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
fn pauses_double_up_to_the_longest() {
    let mut retries = Retries::new(Patience::Forever);
    let now = Instant::now();
    let pauses: Vec<_> = (0..7)
        .map(|_| pause(retries.next(now, Cause::Failure, MIDDLE)))
        .collect();
    assert_eq!(pauses, [1, 2, 4, 8, 15, 15, 15]);
}

#[test]
fn the_longest_pause_is_spread_by_a_quarter() {
    for (spread, expected) in [(0, RETRY_LONGEST * 3 / 4), (255, RETRY_LONGEST * 5 / 4)] {
        let mut retries = Retries::new(Patience::Forever);
        let now = Instant::now();
        let last = (0..600)
            .map(|_| retries.next(now, Cause::Failure, spread))
            .last();
        assert_eq!(last, Some(Next::After(expected)));
    }
}

#[test]
fn a_connection_that_lasted_makes_the_pauses_begin_anew() {
    let mut retries = Retries::new(Patience::Forever);
    let now = Instant::now();
    retries.next(now, Cause::Failure, MIDDLE);
    retries.note_connection(now, now + almost(SETTLED));
    assert_eq!(pause(retries.next(now, Cause::Failure, MIDDLE)), 2);
    retries.note_connection(now, now + SETTLED);
    assert_eq!(pause(retries.next(now, Cause::Failure, MIDDLE)), 1);
}

#[test]
fn refusals_are_borne_a_few_times() {
    let mut retries = Retries::new(Patience::Forever);
    let now = Instant::now();
    for _ in 0..REFUSALS {
        assert_ne!(retries.next(now, Cause::Refusal, MIDDLE), Next::GiveUp);
    }
    assert_eq!(retries.next(now, Cause::Refusal, MIDDLE), Next::GiveUp);
}

#[test]
fn refusals_that_are_not_in_a_row_are_borne_for_ever() {
    let mut retries = Retries::new(Patience::Forever);
    let now = Instant::now();
    for _ in 0..=REFUSALS {
        assert_ne!(retries.next(now, Cause::Refusal, MIDDLE), Next::GiveUp);
        assert_ne!(retries.next(now, Cause::Failure, MIDDLE), Next::GiveUp);
    }
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
