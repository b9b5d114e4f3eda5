use std::time::{Duration, Instant};

use super::Watch;
use crate::limits::relay::STALL;

#[test]
fn bytes_that_wait_while_none_leave_are_stuck_after_a_while() {
    let start = Instant::now();
    let almost = STALL.saturating_sub(Duration::from_millis(1));
    let mut watch = Watch::new();
    assert!(!watch.is_stuck(start, 100, 10));
    assert!(!watch.is_stuck(start, 100, 10));
    assert!(!watch.is_stuck(start + almost, 100, 10));
    assert!(watch.is_stuck(start + STALL, 100, 10));
}

#[test]
fn a_byte_that_leaves_is_enough() {
    let start = Instant::now();
    let mut watch = Watch::new();
    watch.is_stuck(start, 100, 10);
    watch.is_stuck(start, 100, 10);
    assert!(!watch.is_stuck(start + STALL, 101, 10));
    assert!(!watch.is_stuck(start + STALL, 101, 10));
    assert!(watch.is_stuck(start + STALL * 2, 101, 10));
}

#[test]
fn nothing_is_stuck_when_nothing_waits() {
    let start = Instant::now();
    let mut watch = Watch::new();
    watch.is_stuck(start, 100, 0);
    assert!(!watch.is_stuck(start + STALL * 2, 100, 0));
}
