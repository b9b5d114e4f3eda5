use super::{LogQuota, Verdict};
use std::time::{Duration, Instant};

const SPAN: Duration = Duration::from_secs(10);

fn ask(quota: &mut LogQuota, times: u32, now: Instant) -> usize {
    (0..times)
        .filter(|_| quota.ask(now) == Verdict::Write)
        .count()
}

#[test]
fn as_many_lines_as_allowed_are_written_and_one_more_is_counted() {
    let mut quota = LogQuota::new(3, SPAN);
    let now = Instant::now();
    assert_eq!(ask(&mut quota, 3, now), 3);
    assert_eq!(quota.take_left_out(now + SPAN), None);
    assert_eq!(ask(&mut quota, 1, now), 0);
    assert_eq!(quota.take_left_out(now + SPAN), Some(1));
}

#[test]
fn the_count_is_told_once_and_when_the_span_is_over() {
    let mut quota = LogQuota::new(1, SPAN);
    let now = Instant::now();
    assert_eq!(ask(&mut quota, 1000, now), 1);
    assert_eq!(quota.take_left_out(now + SPAN / 2), None);
    assert_eq!(quota.take_left_out(now + SPAN), Some(999));
    assert_eq!(quota.take_left_out(now + SPAN), None);
    // The next span has room again.
    assert_eq!(ask(&mut quota, 2, now + SPAN), 1);
    assert_eq!(quota.take_rest(), Some(1));
}

#[test]
fn whoever_says_little_is_never_left_out() {
    let mut quota = LogQuota::new(1, SPAN);
    let mut now = Instant::now();
    for _ in 0..100 {
        assert_eq!(ask(&mut quota, 1, now), 1);
        now += SPAN;
    }
    assert_eq!(quota.take_rest(), None);
}
