//! The time of a packaged stream: milliseconds that go on, whatever the publisher's clock does.

use adit_media::{FrameKind, Timestamp};

/// Unwraps the timestamps of a stream.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// The last timestamp, and what it was taken for.
    last: Option<(Timestamp, i64)>,
    /// The latest time so far.
    end: i64,
    /// The newest timestamp of pictures since the publisher's clock began, and of sound.
    newest: Newest,
}

#[derive(Debug, Default)]
struct Newest {
    video: Option<Timestamp>,
    audio: Option<Timestamp>,
}

/// A step that is larger, in milliseconds, is a new beginning of the publisher's clock.
const JUMP: i32 = 10_000;
/// So is one that leads further back, in milliseconds, from the newest of its own kind: a little disorder is usual, and how far apart
/// pictures and sound are sent is not to be known.
const DISORDER: i32 = 1_000;
/// Time begins here, in milliseconds, so that sound may begin a little before the picture.
const BEGIN: i64 = 10_000;
/// What a new beginning of the clock is taken for, in milliseconds.
const STEP: i64 = 40;

impl Clock {
    /// What `at` is in this time, and whether the clock has jumped.
    pub(super) fn time(&mut self, kind: FrameKind, at: Timestamp) -> (i64, bool) {
        let begin = self.end.saturating_add(STEP).max(BEGIN);
        let (last, time) = self.last.unwrap_or((at, begin));
        let step = at.since(last);
        let back = (self.newest.of(kind)).map_or(0, |newest| newest.since(at));
        let jumped = step.unsigned_abs() > JUMP.unsigned_abs() || back > DISORDER;
        let time = if jumped {
            self.newest = Newest::default();
            self.end.saturating_add(STEP)
        } else {
            time.saturating_add(step.into()).max(0)
        };
        let newest = self.newest.of(kind);
        if newest.is_none_or(|newest| at.since(newest) > 0) {
            *newest = Some(at);
        }
        self.end = self.end.max(time);
        self.last = Some((at, time));
        (time, jumped)
    }

    /// What comes is by another clock.
    pub(super) fn begin_again(&mut self) {
        self.last = None;
        self.newest = Newest::default();
    }
}

impl Newest {
    const fn of(&mut self, kind: FrameKind) -> &mut Option<Timestamp> {
        match kind {
            FrameKind::Audio => &mut self.audio,
            _ => &mut self.video,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(at: &[u32], expected: &[(i64, bool)]) {
        let pictures: Vec<_> = at.iter().map(|ms| (FrameKind::Video, *ms)).collect();
        check_both(&pictures, expected);
    }

    fn check_both(at: &[(FrameKind, u32)], expected: &[(i64, bool)]) {
        let mut clock = Clock::default();
        let times: Vec<_> = at
            .iter()
            .map(|(kind, ms)| clock.time(*kind, Timestamp::from_ms(*ms)))
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

    #[test]
    fn a_step_back_of_more_than_a_second_is_a_new_beginning_and_a_smaller_one_is_disorder() {
        check(
            &[2_000, 1_000, 2_040],
            &[(0, false), (-1_000, false), (40, false)],
        );
        check(&[2_000, 999, 1_039], &[(0, false), (40, true), (80, false)]);
        // A clock that runs backwards is noticed though no step is large.
        check(
            &[5_000, 4_400, 3_900],
            &[(0, false), (-600, false), (40, true)],
        );
    }

    #[test]
    fn another_clock_goes_on_where_the_last_one_was() {
        for begin in [0, 1_050, 5_000_000] {
            let mut clock = Clock::default();
            clock.time(FrameKind::Video, Timestamp::from_ms(1_000));
            clock.begin_again();
            for (at, expected) in [(begin, 40), (begin + 30, 70)] {
                let time = clock.time(FrameKind::Video, Timestamp::from_ms(at));
                assert_eq!(time, (BEGIN + expected, false), "{begin}");
            }
        }
    }

    #[test]
    fn sound_may_be_sent_long_after_its_picture_but_does_not_go_back_by_itself() {
        use FrameKind::{Audio, Video};
        check_both(
            &[
                (Video, 5_000),
                (Audio, 2_000),
                (Video, 5_040),
                (Audio, 2_040),
            ],
            &[(0, false), (-3_000, false), (40, false), (-2_960, false)],
        );
        // Both go back, and that is one beginning.
        check_both(
            &[(Video, 5_000), (Audio, 5_010), (Video, 0), (Audio, 10)],
            &[(0, false), (10, false), (50, true), (60, false)],
        );
    }
}
