use super::*;
use crate::testing;

#[test]
fn sends_replace_idles_only_when_they_follow_each_other_closely() {
    let check = |gap: Duration, sends: u32, replaced: bool| {
        let mut now = testing::start();
        let mut pace = Pace::new(now);
        for _ in 0..sends {
            now += gap;
            pace.send(now);
            pace.send_answered(now);
            pace.empty(now, Asked::AtOnce, PollByte::NOW);
        }
        let due = pace.idle_due(false).unwrap();
        assert_eq!(due > now, replaced);
        assert_eq!(pace.idle_due(true).is_none(), replaced);
    };
    let close = limits::SENDS_CARRY;
    check(close, limits::SENDS_IN_A_ROW, true);
    check(close, limits::SENDS_IN_A_ROW - 1, false);
    check(close + Duration::from_millis(1), 20, false);
}

#[test]
fn sends_do_not_replace_idles_while_data_flows() {
    let check = |later: Duration, replaced: bool| {
        let mut now = testing::start();
        let mut pace = Pace::new(now);
        pace.data(now, 1);
        now += later;
        for _ in 0..limits::SENDS_IN_A_ROW {
            pace.send(now);
            pace.send_answered(now);
            pace.empty(now, Asked::AtOnce, PollByte::NOW);
        }
        assert_eq!(pace.idle_due(true).is_none(), replaced);
    };
    check(limits::FLOWING, false);
    check(limits::FLOWING + Duration::from_millis(1), true);
}

#[test]
fn long_replies_have_as_many_idles_parked_as_may_be() {
    let check = |len: usize, expected: usize| {
        let now = testing::start();
        let mut pace = Pace::new(now);
        pace.took(Duration::ZERO);
        pace.data(now, len);
        assert_eq!(pace.idles(), expected, "{len}");
        pace.empty(now + limits::FLOWING, Asked::AtOnce, PollByte::NOW);
        assert_eq!(pace.idles(), expected, "{len}");
        pace.empty(
            now + limits::FLOWING + Duration::from_millis(1),
            Asked::AtOnce,
            PollByte::NOW,
        );
        assert_eq!(pace.idles(), 1, "{len}");
    };
    check(limits::BULK, limits::IDLES);
    check(limits::BULK - 1, 1);
}
