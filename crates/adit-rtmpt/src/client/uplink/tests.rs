use super::*;
use crate::testing;

fn uplink() -> (Uplink, Instant) {
    (Uplink::new(SendConfig::default()), testing::start())
}

/// The lengths of sends that writes of some lengths lead to.
#[track_caller]
fn check(writes: &[usize], expected: &[usize]) {
    let (mut uplink, now) = uplink();
    for write in writes {
        let written = uplink.write(&mut Bytes::from(vec![1; *write]), usize::MAX);
        assert_eq!(written, *write);
    }
    let mut sends = Vec::new();
    while !uplink.is_empty() {
        sends.push(uplink.take(now).len());
    }
    assert_eq!(sends, expected);
    assert_eq!(uplink.writes.len(), 0);
}

#[test]
fn sends_hold_whole_writes_where_that_fills_half_of_them() {
    check(&[10, 20], &[30]);
    check(&[20_000, 20_000], &[20_000, 20_000]);
    check(&[10_000, 10_000, 12_768], &[32_768]);
    check(&[10_000, 10_000, 12_769], &[20_000, 12_769]);
    check(&[10_000, 40_000], &[32_768, 17_232]);
    check(&[40_000, 100], &[32_768, 7_332]);
    check(&[100_000], &[32_768, 32_768, 32_768, 1_696]);
}

#[test]
fn small_writes_are_remembered_together() {
    let (mut uplink, _) = uplink();
    for _ in 0..100_000 {
        uplink.write(&mut Bytes::from_static(b"x"), usize::MAX);
    }
    assert!(uplink.writes.len() <= 1 + 100_000 / TOGETHER * 2);
    assert_eq!(uplink.len(), 100_000);
}

#[test]
fn what_does_not_fit_is_left_with_the_writer() {
    let (mut uplink, now) = uplink();
    let mut data = Bytes::from_static(b"abc").chain(Bytes::from_static(b"def"));
    assert_eq!(uplink.write(&mut data, 4), 4);
    assert_eq!(data.remaining(), 2);
    assert_eq!(uplink.take(now), "abcd");
}

#[test]
fn returned_bytes_come_first() {
    let (mut uplink, now) = uplink();
    uplink.write(&mut Bytes::from(vec![1; 4_000]), usize::MAX);
    let body = uplink.take(now);
    uplink.write(&mut Bytes::from(vec![2; 100]), usize::MAX);
    let half = uplink.halve(body);
    let quarter = uplink.halve(half);
    assert_eq!(quarter.len(), 1_000);
    let mut rest = Vec::new();
    while !uplink.is_empty() {
        let body = uplink.take(now);
        assert!(body.len() <= 1_000);
        rest.extend_from_slice(&body);
    }
    assert_eq!(rest, [vec![1; 3_000], vec![2; 100]].concat());
}

#[test]
fn sends_shrink_again_when_little_waits() {
    let (mut uplink, now) = uplink();
    uplink.write(&mut Bytes::from(vec![1; 1 << 20]), usize::MAX);
    for _ in 0..3 {
        let body = uplink.take(now);
        uplink.answered(body.len(), Duration::ZERO);
    }
    assert_eq!(uplink.limit(), limits::SEND_BYTES_MAX_UNKNOWN);
    uplink.clear();
    for _ in 0..3 {
        uplink.write(&mut Bytes::from_static(b"x"), usize::MAX);
        uplink.take(now);
    }
    assert_eq!(uplink.limit(), limits::SEND_BYTES);
}

#[test]
fn sends_do_not_grow_where_replies_are_slow() {
    let (mut uplink, now) = uplink();
    uplink.write(&mut Bytes::from(vec![1; 1 << 20]), usize::MAX);
    let body = uplink.take(now);
    uplink.answered(body.len(), limits::GROW_WITHIN);
    assert_eq!(uplink.limit(), limits::SEND_BYTES);
}
