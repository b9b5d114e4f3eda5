//! The time of a packaged stream: milliseconds that go on, whatever the publisher's clock does.

use adit_media::Timestamp;

/// Unwraps the timestamps of a stream.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The last timestamp, and what it was taken for.
    last: Option<(Timestamp, i64)>,
}

/// A step that is larger, in milliseconds, is a new beginning of the publisher's clock.
const JUMP: i32 = 10_000;
/// Time begins here, in milliseconds, so that sound may begin a little before the picture.
const BEGIN: i64 = 10_000;
/// What a new beginning of the clock is taken for, in milliseconds.
const STEP: i64 = 40;

impl Clock {
    /// What `at` is in this time, and whether the clock has jumped.
    pub(super) fn time(&mut self, at: Timestamp) -> (i64, bool) {
        let Some((last, time)) = self.last else {
            self.last = Some((at, BEGIN));
            return (BEGIN, false);
        };
        let step = at.since(last);
        let jumped = step.unsigned_abs() > JUMP.unsigned_abs();
        let step = if jumped { STEP } else { i64::from(step) };
        let time = time.saturating_add(step).max(0);
        self.last = Some((at, time));
        (time, jumped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at: &[u32], expected: &[(i64, bool)]) {
        let mut clock = Clock::default();
        let times: Vec<_> = at
            .iter()
            .map(|ms| clock.time(Timestamp::from_ms(*ms)))
            .map(|(time, jumped)| (time - BEGIN, jumped))
            .collect();
        assert_eq!(times, expected, "{at:?}");
    }

    #[test]
    fn time_goes_on_whatever_the_clock_of_the_publisher_does() {
        check(&[0, 40, 30], &[(0, false), (40, false), (30, false)]);
        check(&[7_000, 7_040], &[(0, false), (40, false)]);
        check(&[u32::MAX - 19, 20], &[(0, false), (40, false)]);
        check(
            &[60_000, 60_040, 0, 40],
            &[(0, false), (40, false), (80, true), (120, false)],
        );
        check(
            &[0, 10_000, 20_001],
            &[(0, false), (10_000, false), (10_040, true)],
        );
    }
}
