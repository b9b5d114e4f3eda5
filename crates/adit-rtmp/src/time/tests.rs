use std::cmp::Ordering;

use super::Timestamp;

fn check_distance(later: u32, earlier: u32, distance: i32) {
    assert_eq!(
        Timestamp::from_ms(later).since(Timestamp::from_ms(earlier)),
        distance
    );
}

#[test]
fn distances_go_the_shorter_way_around() {
    check_distance(40, 0, 40);
    check_distance(0, 40, -40);
    check_distance(3, u32::MAX - 1, 5);
    check_distance(u32::MAX - 1, 3, -5);
    check_distance(0x7FFF_FFFF, 0, i32::MAX);
    check_distance(0x8000_0000, 0, i32::MIN);
}

#[test]
fn time_wraps_at_the_end_of_the_circle() {
    assert_eq!(
        Timestamp::from_ms(u32::MAX).wrapping_add(1),
        Timestamp::ZERO
    );
    assert_eq!(
        Timestamp::ZERO.wrapping_add(u32::MAX),
        Timestamp::from_ms(u32::MAX)
    );
}

#[test]
fn comparison_is_serial() {
    let before_wrap = Timestamp::from_ms(u32::MAX - 10);
    let after_wrap = Timestamp::from_ms(10);
    assert_eq!(before_wrap.serial_cmp(after_wrap), Ordering::Less);
    assert_eq!(after_wrap.serial_cmp(before_wrap), Ordering::Greater);
    assert_eq!(after_wrap.serial_cmp(after_wrap), Ordering::Equal);
    assert!(before_wrap.is_before(after_wrap));
    assert!(!after_wrap.is_before(before_wrap));
}

#[test]
fn the_extended_field_starts_at_the_mark_itself() {
    assert_eq!(Timestamp::from_ms(0xFF_FFFE).extended(), None);
    assert_eq!(Timestamp::from_ms(0xFF_FFFF).extended(), Some(0xFF_FFFF));
    assert_eq!(Timestamp::from_ms(0x100_0000).extended(), Some(0x100_0000));
}
