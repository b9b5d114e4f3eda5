//! The time of a viewer: from 0, and never back.

use adit_media::{Frame, Timestamp};

/// Turns the time of a stream into that of one viewer.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// What time of the stream is 0.
    base: Option<Timestamp>,
    last: u32,
}

/// A little disorder between audio and video is usual; what goes back by more begins anew, in milliseconds.
const DISORDER: i32 = 1_000;

impl Clock {
    /// The time at which `frame` is due, from the first frame on that is not metadata.
    ///
    /// Metadata that is stamped 0 stays so: ffmpeg takes metadata of any other time for a track of subtitles.
    pub(super) fn time(&mut self, frame: &Frame) -> Timestamp {
        let at = frame.at();
        if frame.flags().is_metadata() && (at == Timestamp::ZERO || self.base.is_none()) {
            return Timestamp::ZERO;
        }
        let base = *self.base.get_or_insert(at);
        let ahead = at.since(base.wrapping_add(self.last));
        if ahead < -DISORDER {
            // The publisher began its clock again: go on from where we are.
            self.base = Some(at.wrapping_sub(self.last));
        }
        let since = at.since(self.base.unwrap_or(base));
        let time = if ahead < 0 && since < 0 {
            // Earlier than the first one, which happens when sound begins a little before the picture.
            0
        } else {
            since.cast_unsigned()
        };
        if ahead > 0 {
            self.last = time;
        }
        Timestamp::from_ms(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_media::FrameKind;
    use bytes::Bytes;

    fn check(at: &[u32], expected: &[u32]) {
        let mut clock = Clock::default();
        let times: Vec<u32> = at
            .iter()
            .map(|ms| {
                let payload = Bytes::from_static(&[0x27, 1, 0, 0, 0, 1]);
                let frame = Frame::classify(Timestamp::from_ms(*ms), FrameKind::Video, payload);
                clock.time(&frame).ms()
            })
            .collect();
        assert_eq!(times, expected, "{at:?}");
    }

    #[test]
    fn the_first_frame_is_at_zero_and_the_rest_keeps_its_distance() {
        check(&[0, 0, 40, 80], &[0, 0, 40, 80]);
        check(&[5_000, 5_040, 5_020, 5_080], &[0, 40, 20, 80]);
        check(&[1_000, 990, 1_040], &[0, 0, 40]);
    }

    #[test]
    fn time_goes_on_where_the_clock_of_the_publisher_wraps_and_where_it_begins_again() {
        check(&[u32::MAX - 9, 30, 70], &[0, 40, 80]);
        check(&[60_000, 60_040, 0, 40], &[0, 40, 40, 80]);
        check(&[0, 3_000_000_000, 3_000_000_040], &[0, 0, 40]);
    }

    #[test]
    fn a_stream_may_last_longer_than_half_the_circle() {
        let day = 86_400_000_u32;
        let days: Vec<u32> = (0..60).map(|count| day.wrapping_mul(count)).collect();
        check(&days, &days);
    }
}
