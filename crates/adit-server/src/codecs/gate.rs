//! Looks at what is published where not every codec may be.

use std::sync::Arc;

use adit_media::{CodecMark, Frame, FrameKind, audio, video};

use super::{CodecRules, audio_word, video_word};

/// Looks at what one publisher sends. What goes on in the codec that it began with costs a comparison.
#[derive(Debug, Default)]
pub(crate) struct CodecGate {
    /// Nothing where every codec may be.
    rules: Option<Arc<CodecRules>>,
    video: Option<CodecMark>,
    audio: Option<CodecMark>,
}

/// A codec that may not be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CodecRefused {
    kind: &'static str,
    codec: String,
    allowed: Vec<&'static str>,
}

/// What was found in a message that may be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Codec,
    /// Nothing that a player could play.
    Nothing,
}

impl CodecGate {
    pub(crate) fn new(rules: Option<Arc<CodecRules>>) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    /// Whether a frame may be published.
    ///
    /// # Errors
    /// It is in a codec that may not be.
    pub(crate) fn check(&mut self, frame: &Frame) -> Result<(), CodecRefused> {
        let Some(rules) = &self.rules else {
            return Ok(());
        };
        let payload = frame.payload();
        let mark = CodecMark::of(frame.kind(), payload);
        let seen = match frame.kind() {
            FrameKind::Video => &mut self.video,
            FrameKind::Audio => &mut self.audio,
            FrameKind::Data => return Ok(()),
        };
        if mark.is_some() && mark == *seen {
            return Ok(());
        }
        let found = match frame.kind() {
            FrameKind::Video => rules.look_at_video(payload)?,
            _ => rules.look_at_audio(payload)?,
        };
        if found == Found::Codec {
            *seen = mark;
        }
        Ok(())
    }
}

impl CodecRules {
    fn look_at_video(&self, payload: &[u8]) -> Result<Found, CodecRefused> {
        let Ok(header) = video::Header::parse(payload) else {
            return Ok(Found::Nothing);
        };
        let mut found = Found::Nothing;
        for track in header.tracks().flatten() {
            if !self.allows_video(track.codec) {
                let allowed = self.video.iter().flatten();
                return Err(CodecRefused {
                    kind: "video",
                    codec: video_word(track.codec),
                    allowed: allowed.map(|codec| codec.as_str()).collect(),
                });
            }
            found = Found::Codec;
        }
        Ok(found)
    }

    fn look_at_audio(&self, payload: &[u8]) -> Result<Found, CodecRefused> {
        let Ok(header) = audio::Header::parse(payload) else {
            return Ok(Found::Nothing);
        };
        let mut found = Found::Nothing;
        for track in header.tracks().flatten() {
            if !self.allows_audio(track.codec) {
                let allowed = self.audio.iter().flatten();
                return Err(CodecRefused {
                    kind: "audio",
                    codec: audio_word(track.codec),
                    allowed: allowed.map(|codec| codec.as_str()).collect(),
                });
            }
            found = Found::Codec;
        }
        Ok(found)
    }
}

impl CodecRefused {
    /// What a publisher is told who sent it to this application.
    pub(crate) fn words(&self, application: &str) -> String {
        let Self {
            kind,
            codec,
            allowed,
        } = self;
        if allowed.is_empty() {
            return format!("{application} takes no {kind}, and this is {codec}");
        }
        let allowed = allowed.join(", ");
        format!("{application} takes no {codec}; {kind} may be {allowed}")
    }
}
