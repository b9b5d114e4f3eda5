use std::time::{Duration, Instant};

use adit_client::connection::{Ended, StreamError};

use super::Backoff;
use crate::cli::Retry;
use crate::connect::Failure;

fn broken() -> Failure {
    StreamError::Ended(Ended::ByServer).into()
}

/// That of a stream that has run for a moment at `now`.
fn backoff(retry: &str, now: Instant) -> Backoff {
    let mut backoff = Backoff::new(retry.parse().unwrap());
    backoff.running(now);
    backoff
}

#[test]
fn waits_double_from_one_second_to_thirty() {
    let now = Instant::now();
    let mut backoff = backoff("forever", now);
    for seconds in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0] {
        let wait = backoff.next(&broken(), now).unwrap().as_secs_f64() / seconds;
        assert!((0.74..1.26).contains(&wait), "{seconds} s: {wait}");
    }
}

#[test]
fn tries_end_when_they_were_told_to() {
    let now = Instant::now();
    let check = |retry: &str, expected: usize| {
        let mut backoff = backoff(retry, now);
        let mut at = now;
        let mut tries = 0_usize;
        while let Some(wait) = backoff.next(&broken(), at).filter(|_| tries < 100) {
            at += wait;
            tries += 1;
        }
        assert!(tries.abs_diff(expected) <= 1, "{retry}: {tries}");
    };
    check("none", 0);
    check("3", 3);
    check("1m", 6);
    check("forever", 100);
}

#[test]
fn a_stream_that_ran_for_a_while_begins_the_count_anew() {
    let now = Instant::now();
    let mut backoff = backoff("1", now);
    assert!(backoff.next(&broken(), now).is_some());
    backoff.running(now);
    let at = now + Duration::from_secs(1);
    assert!(backoff.next(&broken(), at).is_none());
    backoff.running(at);
    let at = at + Duration::from_mins(1);
    assert!(backoff.next(&broken(), at).is_some());
}

#[test]
fn the_time_spent_connecting_does_not_begin_the_count_anew() {
    let now = Instant::now();
    let mut backoff = backoff("1", now);
    assert!(backoff.next(&broken(), now).is_some());
    let at = now + Duration::from_mins(1);
    assert!(backoff.next(&broken(), at).is_none());
}

#[test]
fn the_first_connection_is_tried_again_only_for_ever() {
    let now = Instant::now();
    for (retry, expected) in [("5m", false), ("3", false), ("forever", true)] {
        let mut backoff = Backoff::new(retry.parse().unwrap());
        assert_eq!(backoff.next(&broken(), now).is_some(), expected, "{retry}");
    }
    let mut backoff = Backoff::new(Retry::Forever);
    assert!(backoff.next(&Failure::NoWay, now).is_none());
}
