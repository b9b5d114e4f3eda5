//! Looks at what is published where not every codec may be.

use std::sync::Arc;

use adit_media::{CodecMark, Frame, FrameKind, HeaderError, audio, video};

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

impl CodecGate {
    pub(crate) fn new(rules: Option<Arc<CodecRules>>) -> Self {
        Self {
            rules,
            ..Self::default()
        }
    }

    /// By which it goes.
    pub(crate) const fn rules(&self) -> Option<&Arc<CodecRules>> {
        self.rules.as_ref()
    }

    /// Whether something of each kind that there are rules for was let through.
    pub(crate) fn has_seen_all(&self) -> bool {
        self.rules.as_ref().is_none_or(|rules| {
            let video = rules.video.is_none() || self.video.is_some();
            let audio = rules.audio.is_none() || self.audio.is_some();
            video && audio
        })
    }

    /// Whether a frame may be published. What has no codec may: a message without a byte, a command to the player.
    ///
    /// # Errors
    /// It is in a codec that may not be, or in one that cannot be told: others may read what we cannot.
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
        match frame.kind() {
            FrameKind::Video => rules.look_at_video(mark, payload)?,
            _ => rules.look_at_audio(mark, payload)?,
        }
        if mark.is_some() {
            *seen = mark;
        }
        Ok(())
    }
}

impl CodecRules {
    fn look_at_video(&self, mark: Option<CodecMark>, payload: &[u8]) -> Result<(), CodecRefused> {
        let Some(allowed) = &self.video else {
            return Ok(());
        };
        let refused = |codec| CodecRefused {
            kind: "video",
            codec,
            allowed: allowed.iter().map(|codec| codec.as_str()).collect(),
        };
        let check = |codec| {
            let is_allowed = self.allows_video(codec);
            is_allowed
                .then_some(())
                .ok_or_else(|| refused(video_word(codec)))
        };
        if let Some(mark) = mark {
            return check(mark.video());
        }
        let unknown = || refused("video in a codec that cannot be told".to_owned());
        match video::Header::parse(payload) {
            Ok(header) => header
                .tracks()
                .try_for_each(|track| check(track.map_err(|_| unknown())?.codec)),
            Err(HeaderError::Empty) => Ok(()),
            Err(_) => Err(unknown()),
        }
    }

    fn look_at_audio(&self, mark: Option<CodecMark>, payload: &[u8]) -> Result<(), CodecRefused> {
        let Some(allowed) = &self.audio else {
            return Ok(());
        };
        let refused = |codec| CodecRefused {
            kind: "audio",
            codec,
            allowed: allowed.iter().map(|codec| codec.as_str()).collect(),
        };
        let check = |codec| {
            let is_allowed = self.allows_audio(codec);
            is_allowed
                .then_some(())
                .ok_or_else(|| refused(audio_word(codec)))
        };
        if let Some(mark) = mark {
            return check(mark.audio());
        }
        let unknown = || refused("audio in a codec that cannot be told".to_owned());
        match audio::Header::parse(payload) {
            Ok(header) => header
                .tracks()
                .try_for_each(|track| check(track.map_err(|_| unknown())?.codec)),
            Err(HeaderError::Empty) => Ok(()),
            Err(_) => Err(unknown()),
        }
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
