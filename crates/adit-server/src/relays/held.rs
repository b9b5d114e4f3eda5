//! What a far side sends at first, until it is known whether it may be published here.

use std::mem;
use std::time::Instant;

use adit_media::Frame;

use crate::limits::relay::{HELD_BYTES, HELD_DURATION, HELD_FRAMES};

/// Frames that wait until something of each kind that there are rules for has come. Not every stream has sound and pictures, so they wait
/// for a while only.
#[derive(Debug, Default)]
pub(super) struct Held {
    frames: Vec<Frame>,
    bytes: usize,
    /// When the first came.
    since: Option<Instant>,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) fn keep(&mut self, now: Instant, frame: Frame) {
        self.since.get_or_insert(now);
        self.bytes = self.bytes.saturating_add(frame.payload().len());
        self.frames.push(frame);
    }

    /// Whether what is held has waited for long enough, or is enough.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        let is_full = self.frames.len() >= HELD_FRAMES || self.bytes >= HELD_BYTES;
        is_full || self.due().is_some_and(|due| due <= now)
    }

    /// When it has waited for long enough.
    pub(super) fn due(&self) -> Option<Instant> {
        self.since?.checked_add(HELD_DURATION)
    }

    /// All there is, in order.
    pub(super) fn take(&mut self) -> Vec<Frame> {
        mem::take(self).frames
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use adit_media::{FrameKind, Timestamp};
    use bytes::Bytes;

    use super::*;

    fn frame(bytes: usize) -> Frame {
        let payload = Bytes::from(vec![0xaf; bytes]);
        Frame::classify(Timestamp::ZERO, FrameKind::Audio, payload)
    }

    /// Whether it is over before the last and with the last of so many frames.
    #[track_caller]
    fn check(count: usize, bytes: usize) {
        let (mut held, now) = (Held::default(), Instant::now());
        for _ in 1..count {
            held.keep(now, frame(bytes));
        }
        assert!(!held.is_over(now), "{count} of {bytes}");
        held.keep(now, frame(bytes));
        assert!(held.is_over(now), "{count} of {bytes}");
        assert_eq!(held.take().len(), count);
        assert!(held.is_empty() && !held.is_over(now));
    }

    #[test]
    fn so_many_frames_and_bytes_are_held_and_not_more() {
        check(HELD_FRAMES, 1);
        check(4, HELD_BYTES / 4);
        check(1, HELD_BYTES);
    }

    #[test]
    fn nothing_is_held_for_longer_than_its_time() {
        let (mut held, now) = (Held::default(), Instant::now());
        assert_eq!(held.due(), None);
        held.keep(now, frame(1));
        let end = now + HELD_DURATION;
        let before = end.checked_sub(Duration::from_millis(1)).unwrap();
        held.keep(before, frame(1));
        assert_eq!(held.due(), Some(end));
        assert!(!held.is_over(before));
        assert!(held.is_over(end));
        held.take();
        assert_eq!(held.due(), None);
    }
}
