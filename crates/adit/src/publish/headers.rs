//! What a server must be told again when a stream goes on over a new connection.

use adit_client::media::{Frame, FrameKind, HeaderSlot, Timestamp};

/// Headers kept; those of one stream are a few.
const KEPT: usize = 64;

/// The metadata and sequence headers in force, and whether there is video.
#[derive(Debug, Default)]
pub(super) struct Headers {
    metadata: Option<Frame>,
    slots: Vec<(HeaderSlot, Frame)>,
    has_video: bool,
}

impl Headers {
    /// Notes what a frame changes.
    pub(super) fn note(&mut self, frame: &Frame) {
        self.has_video |= frame.kind() == FrameKind::Video;
        if frame.flags().is_metadata() {
            self.metadata = Some(frame.clone());
        }
        for slot in frame.header_slots() {
            self.slots.retain(|(other, _)| *other != slot);
            if self.slots.len() < KEPT {
                self.slots.push((slot, frame.clone()));
            }
        }
    }

    /// What to send before the stream goes on at `at`. Metadata of any time but 0 is a track of subtitles for ffmpeg.
    pub(super) fn again(&self, at: Timestamp) -> Vec<Frame> {
        let mut frames: Vec<Frame> = Vec::new();
        let metadata = self.metadata.iter();
        frames.extend(metadata.map(|frame| frame.clone().with_timestamp(Timestamp::ZERO)));
        for (_, frame) in &self.slots {
            // A frame with the headers of several tracks stands in several slots.
            let frame = frame.clone().with_timestamp(at);
            if !frames.contains(&frame) {
                frames.push(frame);
            }
        }
        frames
    }

    /// Whether a stream can go on with this frame: a key frame, or any frame if there is no video.
    pub(super) fn can_go_on_with(&self, frame: &Frame) -> bool {
        if self.has_video {
            frame.kind() == FrameKind::Video && frame.flags().is_key_frame()
        } else {
            frame.kind() == FrameKind::Audio
        }
    }
}

#[cfg(test)]
mod tests;
