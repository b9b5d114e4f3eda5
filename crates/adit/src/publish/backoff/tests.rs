use std::time::{Duration, Instant};

use super::Backoff;
use crate::cli::Retry;

#[test]
fn waits_double_from_one_second_to_thirty() {
    let now = Instant::now();
    let mut backoff = Backoff::new(Retry::Forever);
    for seconds in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0] {
        let wait = backoff.next(now).unwrap().as_secs_f64() / seconds;
        assert!((0.74..1.26).contains(&wait), "{seconds} s: {wait}");
    }
}

#[test]
fn tries_end_when_they_were_told_to() {
    let now = Instant::now();
    let check = |retry: &str, expected: usize| {
        let mut backoff = Backoff::new(retry.parse().unwrap());
        let mut at = now;
        let mut tries = 0_usize;
        while let Some(wait) = backoff.next(at).filter(|_| tries < 100) {
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
fn a_connection_that_lasted_begins_the_count_anew() {
    let mut backoff = Backoff::new("1".parse().unwrap());
    assert!(backoff.next(Instant::now()).is_some());
    backoff.lasted(Duration::from_secs(1));
    assert!(backoff.next(Instant::now()).is_none());
    backoff.lasted(Duration::from_mins(1));
    assert!(backoff.next(Instant::now()).is_some());
}
