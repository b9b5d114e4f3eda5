//! What a player was sent.

use adit_media::{Frame, FrameKind, Timestamp};

/// A difference between two frames past this is a gap, not a frame that lasts so long, in milliseconds.
const GAP_MS: i32 = 1000;

/// Counts what was sent and follows its time.
#[derive(Debug, Default)]
pub(super) struct Sent {
    bytes: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    audio: Side,
    video: Side,
}

#[derive(Clone, Copy, Debug, Default)]
struct Side {
    last: Option<Timestamp>,
    step_ms: Option<u32>,
}

impl Sent {
    /// Takes note of a frame.
    pub(super) fn push(&mut self, frame: &Frame) {
        let len = u64::try_from(frame.payload().len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(len);
        if !frame.flags().is_coded() {
            return;
        }
        let at = frame.at();
        self.first.get_or_insert(at);
        self.last = Some(at);
        let side = match frame.kind() {
            FrameKind::Audio => &mut self.audio,
            _ => &mut self.video,
        };
        if let Some(last) = side.last
            && let step @ 1..=GAP_MS = at.since(last)
        {
            side.step_ms = u32::try_from(step).ok();
        }
        side.last = Some(at);
    }

    /// The player is elsewhere now.
    pub(super) fn moved_to(&mut self, at: Timestamp) {
        self.last = Some(at);
        self.audio.last = None;
        self.video.last = None;
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The time of the last frame.
    pub(super) const fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// When the last frames of both kinds are over.
    pub(super) fn end(&self) -> Timestamp {
        let ends = [self.audio, self.video].into_iter().filter_map(|side| {
            let step = side.step_ms.unwrap_or(Frame::USUAL_MS);
            side.last.map(|last| last.wrapping_add(step))
        });
        let later = |one: Timestamp, other| if one.is_before(other) { other } else { one };
        ends.reduce(later).or(self.last).unwrap_or_default()
    }

    /// From the first frame to the end, in milliseconds.
    pub(super) fn duration_ms(&self) -> u32 {
        let span = self.first.map_or(0, |first| self.end().since(first));
        u32::try_from(span).unwrap_or(0)
    }
}
