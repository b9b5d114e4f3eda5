//! The part of a recording that is asked for, by the clock of the recording.

use std::time::Duration;

use adit_client::media::{Frame, FrameKind, Timestamp};
use adit_client::rtmp::command::{PlayDuration, PlayStart};

/// Which part of a recording is wanted, and how far it has come.
#[derive(Debug)]
pub(super) struct Part {
    /// Up to where it is there.
    reached: Duration,
    /// Where it ends, unless with the recording.
    until: Option<Duration>,
    /// What this connection was asked to begin with.
    asked: Duration,
    /// The first frame of this connection, and where in the recording it is at least.
    first: Option<(Timestamp, Duration)>,
    pictures: Pictures,
}

/// How far the pictures of a connection have come.
///
/// A recording begins with the key frame at or before the place that was asked for. Some servers call that one 0, so that nothing
/// tells how long before that place it is; but the next key frame is behind it for certain.
#[derive(Clone, Copy, Debug)]
enum Pictures {
    /// None yet: sound needs no key frame and begins at the place.
    None,
    /// Those from the first key frame on.
    Lead,
    /// The second key frame was then.
    Beyond(Timestamp),
}

impl Part {
    /// From `start` on, so long; to the end if `None`.
    pub(super) fn new(start: Duration, length: Option<Duration>) -> Self {
        Self {
            reached: start,
            until: length.map(|length| start.saturating_add(length)),
            asked: start,
            first: None,
            pictures: Pictures::None,
        }
    }

    /// What is asked of the next connection: all that has not come.
    pub(super) fn request(&mut self) -> (PlayStart, PlayDuration) {
        self.asked = self.reached;
        self.first = None;
        self.pictures = Pictures::None;
        let ms = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        let from_ms = ms(self.reached);
        let duration = match self.until {
            Some(until) => PlayDuration::Limited {
                ms: ms(until.saturating_sub(self.reached)).max(1),
            },
            None => PlayDuration::All,
        };
        (PlayStart::Recorded { from_ms }, duration)
    }

    /// Notes a frame; says whether it is behind the end, for servers that know of none.
    ///
    /// Where the first frame is later than what was asked for, the server counts from there.
    pub(super) fn note(&mut self, frame: &Frame) -> bool {
        if frame.kind() == FrameKind::Data || !frame.flags().is_coded() {
            return false;
        }
        self.note_picture(frame);
        let own = Duration::from_millis(frame.at().ms().into());
        let (first, place) = *self.first.get_or_insert((frame.at(), own.min(self.asked)));
        let later = |than: Timestamp, place: Duration| {
            let ahead = u64::try_from(frame.at().since(than)).unwrap_or(0);
            place.saturating_add(Duration::from_millis(ahead))
        };
        let by_its_clock = later(first, place);
        // All of these are never too far: rather something comes twice after a break than not at all.
        let place = match self.pictures {
            Pictures::None => by_its_clock.max(later(first, self.asked)),
            Pictures::Lead => by_its_clock,
            Pictures::Beyond(key) => by_its_clock.max(later(key, self.asked)),
        };
        let is_over = self.until.is_some_and(|until| place >= until);
        if !is_over {
            self.reached = self.reached.max(place);
        }
        is_over
    }

    fn note_picture(&mut self, frame: &Frame) {
        if frame.kind() != FrameKind::Video {
            return;
        }
        self.pictures = match self.pictures {
            Pictures::None => Pictures::Lead,
            Pictures::Lead if frame.flags().is_key_frame() => Pictures::Beyond(frame.at()),
            known => known,
        };
    }
}

#[cfg(test)]
mod tests;
