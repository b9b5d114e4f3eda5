//! The time of a stream that is pulled over one connection after the other: it never goes back.
//!
//! A far side gives a new player what it has kept since the last key frame. After a break some of that has come before, and is left out; a far
//! side that has begun anew counts from 0 again, and is moved behind what there was.

use std::time::{Duration, Instant};

use adit_media::{Frame, FrameKind, Timestamp};
use bytes::Bytes;

/// What is ahead by more than the break lasted and this, is another clock.
const AHEAD: Duration = Duration::from_secs(10);
/// Sound that is behind by no more than this has come before.
const BEHIND_MS: i32 = 10_000;

/// Gives the frames of one publication their times.
#[derive(Debug, Default)]
pub(super) struct Timeline {
    /// What is added to the times of the far side, wrapping.
    shift: u32,
    /// Where each kind of media is.
    audio: Option<Timestamp>,
    video: Option<Timestamp>,
    newest: Option<Newest>,
    /// The newest key frame, with the time that the far side gave it.
    key: Option<(Timestamp, Bytes)>,
    line: Line,
}

#[derive(Clone, Copy, Debug)]
struct Newest {
    time: Timestamp,
    arrival: Instant,
}

/// What is known of the connection of this moment.
#[derive(Clone, Copy, Debug, Default)]
enum Line {
    /// Its times go on from those before.
    #[default]
    Known,
    /// It is new, and has brought nothing that could be compared.
    New,
    /// It repeats what was there up to these times.
    Repeats {
        audio: Option<Timestamp>,
        video: Option<Timestamp>,
    },
}

impl Timeline {
    /// From here on frames come over another connection.
    pub(super) fn begin_line(&mut self) {
        if self.newest.is_some() {
            self.line = Line::New;
        }
    }

    /// The frame at its time; nothing if it has come before.
    pub(super) fn take(&mut self, now: Instant, frame: Frame) -> Option<Frame> {
        if !frame.flags().is_coded() {
            return Some(self.beside(frame));
        }
        if let (Line::New, Some(newest)) = (self.line, self.newest) {
            if self.video.is_some() && !is_key(&frame) {
                // Nobody can see or compare it yet.
                return None;
            }
            self.line = self.compare(now, newest, &frame);
        }
        let time = frame.at().wrapping_add(self.shift);
        if let Line::Repeats { audio, video } = self.line {
            let edge = match frame.kind() {
                FrameKind::Video => video,
                _ => audio,
            };
            if edge.is_some_and(|edge| time.since(edge) <= 0) {
                return None;
            }
        }
        self.note(now, time, &frame);
        Some(frame.with_timestamp(time))
    }

    /// Whether what is first on a connection goes on from what there was; sets the shift.
    fn compare(&mut self, now: Instant, newest: Newest, frame: &Frame) -> Line {
        let same_key =
            |(at, payload): &(Timestamp, Bytes)| *at == frame.at() && payload == frame.payload();
        let repeats = Line::Repeats {
            audio: self.audio,
            video: self.video,
        };
        if self.key.as_ref().is_some_and(same_key) {
            return repeats;
        }
        let away = now.saturating_duration_since(newest.arrival);
        let ahead = frame.at().wrapping_add(self.shift).since(newest.time);
        let most = i32::try_from(away.saturating_add(AHEAD).as_millis()).unwrap_or(i32::MAX);
        if (1..=most).contains(&ahead) {
            return Line::Known;
        }
        if self.video.is_none() && (-BEHIND_MS..=0).contains(&ahead) {
            return repeats;
        }
        // Another clock: it goes on from where we would be.
        let away = u32::try_from(away.as_millis())
            .unwrap_or(u32::MAX >> 1)
            .max(1);
        let time = newest.time.wrapping_add(away);
        self.shift = time.ms().wrapping_sub(frame.at().ms());
        Line::Known
    }

    /// The time of what is no media itself.
    fn beside(&self, frame: Frame) -> Frame {
        let Some(newest) = self.newest else {
            return frame;
        };
        // metadata stays at 0.
        if frame.flags().is_metadata() && frame.at() == Timestamp::ZERO {
            return frame;
        }
        let time = frame.at().wrapping_add(self.shift);
        let is_certain = !matches!(self.line, Line::New) && time.since(newest.time) >= 0;
        frame.with_timestamp(if is_certain { time } else { newest.time })
    }

    fn note(&mut self, now: Instant, time: Timestamp, frame: &Frame) {
        match frame.kind() {
            FrameKind::Video => self.video = Some(time),
            _ => self.audio = Some(time),
        }
        if self.newest.is_none_or(|newest| time.since(newest.time) > 0) {
            self.newest = Some(Newest { time, arrival: now });
        }
        if is_key(frame) {
            self.key = Some((frame.at(), frame.payload().clone()));
        }
    }
}

fn is_key(frame: &Frame) -> bool {
    frame.kind() == FrameKind::Video && frame.flags().is_key_frame()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A coded frame of the far side: a key frame, another picture, or sound; the number tells payloads apart.
    #[derive(Clone, Copy, Debug)]
    enum Sent {
        Key(u32, u8),
        Picture(u32),
        Sound(u32),
        /// The sequence header of the video.
        Header(u32),
        /// Another connection, after so many milliseconds.
        Break(u64),
    }
    use Sent::{Break, Header, Key, Picture, Sound};

    #[track_caller]
    fn check(sent: &[Sent], expected: &[u32]) {
        let mut timeline = Timeline::default();
        let mut now = Instant::now();
        let mut times = Vec::new();
        for each in sent {
            let (kind, at, body) = match *each {
                Key(at, number) => (FrameKind::Video, at, vec![0x17, 1, 0, 0, 0, number]),
                Picture(at) => (FrameKind::Video, at, vec![0x27, 1, 0, 0, 0, 9]),
                Sound(at) => (FrameKind::Audio, at, vec![0xaf, 1, 2, 3]),
                Header(at) => (FrameKind::Video, at, vec![0x17, 0, 0, 0, 0, 1]),
                Break(ms) => {
                    now += Duration::from_millis(ms);
                    timeline.begin_line();
                    continue;
                }
            };
            let frame = Frame::classify(Timestamp::from_ms(at), kind, Bytes::from(body));
            times.extend(timeline.take(now, frame).map(|frame| frame.at().ms()));
        }
        assert_eq!(times, expected, "{sent:?}");
    }

    #[test]
    fn times_are_left_alone_while_a_connection_lasts() {
        check(
            &[
                Header(0),
                Key(1000, 1),
                Sound(990),
                Picture(1040),
                Sound(1010),
            ],
            &[0, 1000, 990, 1040, 1010],
        );
    }

    #[test]
    fn what_has_come_before_is_left_out_and_the_group_goes_on() {
        check(
            &[
                Key(1000, 1),
                Picture(1040),
                Sound(1045),
                Picture(1080),
                Break(500),
                Header(1000),
                Key(1000, 1),
                Picture(1040),
                Sound(1045),
                Picture(1080),
                Sound(1068),
                Picture(1120),
            ],
            &[1000, 1040, 1045, 1080, 1080, 1068, 1120],
        );
    }

    #[test]
    fn a_later_group_of_the_same_clock_keeps_its_time() {
        check(
            &[
                Key(1000, 1),
                Picture(1040),
                Break(3000),
                Sound(3900),
                Key(4000, 2),
                Sound(4010),
            ],
            &[1000, 1040, 4000, 4010],
        );
    }

    #[test]
    fn a_far_side_that_begins_anew_goes_on_from_here() {
        check(
            &[
                Key(60_000, 1),
                Picture(60_040),
                Break(2000),
                Header(0),
                Key(0, 1),
                Picture(40),
            ],
            &[60_000, 60_040, 60_040, 62_040, 62_080],
        );
        // So does one whose clock is far ahead.
        check(
            &[Key(1000, 1), Break(2000), Key(900_000, 2), Picture(900_040)],
            &[1000, 3000, 3040],
        );
        // And one that is a little behind, with another picture.
        check(
            &[
                Key(5000, 1),
                Picture(5040),
                Break(1000),
                Key(3000, 2),
                Picture(3040),
            ],
            &[5000, 5040, 6040, 6080],
        );
    }

    #[test]
    fn the_clock_may_wrap() {
        check(
            &[
                Key(u32::MAX - 20, 1),
                Picture(19),
                Break(100),
                Key(u32::MAX - 20, 1),
                Picture(19),
                Picture(59),
            ],
            &[u32::MAX - 20, 19, 59],
        );
    }

    #[test]
    fn sound_alone_goes_on_too() {
        check(
            &[
                Sound(1000),
                Sound(1023),
                Break(200),
                Sound(1000),
                Sound(1023),
                Sound(1046),
            ],
            &[1000, 1023, 1046],
        );
        check(
            &[Sound(90_000), Break(200), Sound(0), Sound(23)],
            &[90_000, 90_200, 90_223],
        );
    }
}
