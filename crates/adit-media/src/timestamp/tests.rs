use std::cmp::Ordering;

use super::Timestamp;

#[track_caller]
fn check(a: u32, b: u32, expected: Ordering) {
    let (a, b) = (Timestamp::from_ms(a), Timestamp::from_ms(b));
    assert_eq!(a.serial_cmp(b), expected);
    assert_eq!(a.is_before(b), expected == Ordering::Less);
}

#[test]
fn order_follows_the_clock() {
    check(0, 1, Ordering::Less);
    check(1, 0, Ordering::Greater);
    check(7, 7, Ordering::Equal);
    check(0x00FF_FFFF, 0x0100_0000, Ordering::Less);
}

#[test]
fn order_survives_the_wrap_at_two_to_the_thirty_two() {
    check(u32::MAX, 0, Ordering::Less);
    check(5, u32::MAX - 5, Ordering::Greater);
}

#[test]
fn distance_is_signed_and_goes_the_short_way_round() {
    let late = Timestamp::from_ms(u32::MAX).wrapping_add(10);
    assert_eq!(late.ms(), 9);
    assert_eq!(late.since(Timestamp::from_ms(u32::MAX)), 10);
    assert_eq!(Timestamp::from_ms(u32::MAX).since(late), -10);
    assert_eq!(late.wrapping_sub(10).ms(), u32::MAX);
}

#[test]
fn half_the_circle_is_before_in_both_directions() {
    let (a, b) = (Timestamp::ZERO, Timestamp::from_ms(1 << 31));
    assert_eq!((a.since(b), b.since(a)), (i32::MIN, i32::MIN));
}

#[test]
fn it_prints_its_unit() {
    assert_eq!(Timestamp::from_ms(40).to_string(), "40 ms");
}
