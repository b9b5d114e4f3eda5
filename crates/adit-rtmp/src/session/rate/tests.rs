use super::*;

/// Where a virtual clock begins.
#[expect(
    clippy::disallowed_methods,
    reason = "an instant cannot be made from nothing"
)]
fn first_instant() -> Instant {
    Instant::now()
}

#[test]
fn as_many_as_allowed_pass_at_once_and_the_next_after_its_share() {
    let now = first_instant();
    let mut rate = CommandRate::new(100);
    for _ in 0..100 {
        assert_eq!(rate.take(now), Ok(()));
    }
    let next = now + Duration::from_millis(10);
    assert_eq!(rate.take(now), Err(next));
    assert_eq!(rate.take(next), Ok(()));
    assert!(rate.take(next).is_err());
}

#[test]
fn the_allowance_is_whole_again_after_a_second() {
    let now = first_instant();
    let mut rate = CommandRate::new(3);
    for second in 0..5 {
        let now = now + Duration::from_secs(second);
        let passed = (0..10).filter(|_| rate.take(now).is_ok()).count();
        assert_eq!(passed, 3, "second {second}");
    }
}

#[test]
fn a_rate_of_nothing_is_one_a_second() {
    let now = first_instant();
    let mut rate = CommandRate::new(0);
    assert_eq!(rate.take(now), Ok(()));
    assert_eq!(rate.take(now), Err(now + SECOND));
}
