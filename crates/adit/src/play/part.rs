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
    /// The first frame of this connection, and where in the recording it is.
    first: Option<(Timestamp, Duration)>,
}

impl Part {
    /// From `start` on, so long; to the end if `None`.
    pub(super) fn new(start: Duration, length: Option<Duration>) -> Self {
        Self {
            reached: start,
            until: length.map(|length| start.saturating_add(length)),
            first: None,
        }
    }

    /// What is asked of the next connection: all that has not come.
    pub(super) fn request(&mut self) -> (PlayStart, PlayDuration) {
        self.first = None;
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
    /// Pictures begin with the key frame before the place that was asked for. Where the first frame is later than that, the
    /// server counts from there.
    pub(super) fn note(&mut self, frame: &Frame) -> bool {
        if frame.kind() == FrameKind::Data || !frame.flags().is_coded() {
            return false;
        }
        let own = Duration::from_millis(frame.at().ms().into());
        let (first, place) = *self
            .first
            .get_or_insert((frame.at(), own.min(self.reached)));
        let ahead = u64::try_from(frame.at().since(first)).unwrap_or(0);
        let place = place.saturating_add(Duration::from_millis(ahead));
        let is_over = self.until.is_some_and(|until| place >= until);
        if !is_over {
            self.reached = self.reached.max(place);
        }
        is_over
    }
}

#[cfg(test)]
mod tests;
