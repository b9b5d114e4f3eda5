//! What a stream has said about itself as a whole.

use crate::limits::VOD_HEADER_BYTES;
use crate::{Frame, FrameKind, audio, video};

/// The newest metadata of a stream, and how its tracks are coded.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    metadata: Option<Frame>,
    audio: Option<audio::Codec>,
    video: Option<video::Codec>,
}

impl Setup {
    pub(super) const fn new() -> Self {
        Self {
            metadata: None,
            audio: None,
            video: None,
        }
    }

    pub(super) const fn metadata(&self) -> Option<&Frame> {
        self.metadata.as_ref()
    }

    pub(super) fn note(&mut self, frame: &Frame) {
        if frame.flags().is_metadata() {
            let is_short =
                u32::try_from(frame.payload().len()).is_ok_and(|it| it <= VOD_HEADER_BYTES);
            self.metadata = is_short.then(|| frame.clone());
        } else if is_main(frame) {
            match frame.kind() {
                FrameKind::Audio => self.audio = audio_codec(frame).or(self.audio),
                FrameKind::Video => self.video = video_codec(frame).or(self.video),
                FrameKind::Data => {}
            }
        }
    }

    /// Whether the first track of its kind is coded in another way than before.
    pub(super) fn is_left_by(&self, frame: &Frame) -> bool {
        let differs = match frame.kind() {
            FrameKind::Audio => changes(self.audio, audio_codec(frame)),
            FrameKind::Video => changes(self.video, video_codec(frame)),
            FrameKind::Data => false,
        };
        differs && is_main(frame)
    }
}

/// Media of the first track; the others come with a sequence header.
fn is_main(frame: &Frame) -> bool {
    frame.flags().is_coded() && frame.track() == 0
}

fn changes<T: PartialEq>(before: Option<T>, now: Option<T>) -> bool {
    before.zip(now).is_some_and(|(before, now)| before != now)
}

fn audio_codec(frame: &Frame) -> Option<audio::Codec> {
    let header = audio::Header::parse(frame.payload()).ok()?;
    let track = header.tracks().next()?.ok()?;
    Some(track.codec)
}

fn video_codec(frame: &Frame) -> Option<video::Codec> {
    let header = video::Header::parse(frame.payload()).ok()?;
    let track = header.tracks().next()?.ok()?;
    Some(track.codec)
}
