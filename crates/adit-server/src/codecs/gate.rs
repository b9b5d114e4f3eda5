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
            FrameKind::Video => look_at::<Pictures>(rules, mark, payload)?,
            _ => look_at::<Sound>(rules, mark, payload)?,
        }
        if mark.is_some() {
            *seen = mark;
        }
        Ok(())
    }
}

/// Whether one message of this kind may be published.
fn look_at<K: Kind>(
    rules: &CodecRules,
    mark: Option<CodecMark>,
    payload: &[u8],
) -> Result<(), CodecRefused> {
    if K::allowed(rules).is_none() {
        return Ok(());
    }
    let refused = |codec| CodecRefused {
        kind: K::NAME,
        codec,
        allowed: K::allowed(rules).into_iter().flatten().collect(),
    };
    let check = |codec| {
        let is_allowed = K::allows(rules, codec);
        is_allowed
            .then_some(())
            .ok_or_else(|| refused(K::word(codec)))
    };
    if let Some(mark) = mark {
        return check(K::marked(mark));
    }
    let unknown = || refused(format!("{} in a codec that cannot be told", K::NAME));
    match K::tracks(payload) {
        Ok(mut tracks) => tracks.try_for_each(|track| check(track.map_err(|_| unknown())?)),
        Err(HeaderError::Empty) => Ok(()),
        Err(_) => Err(unknown()),
    }
}

/// What differs between video and audio: their headers, and what there are rules about.
trait Kind {
    const NAME: &'static str;
    type Codec: Copy;

    /// What may be, if not everything.
    fn allowed(rules: &CodecRules) -> Option<impl Iterator<Item = &'static str>>;
    fn allows(rules: &CodecRules, codec: Self::Codec) -> bool;
    fn marked(mark: CodecMark) -> Self::Codec;
    fn tracks(
        payload: &[u8],
    ) -> Result<impl Iterator<Item = Result<Self::Codec, HeaderError>>, HeaderError>;
    fn word(codec: Self::Codec) -> String;
}

struct Pictures;

impl Kind for Pictures {
    const NAME: &'static str = "video";
    type Codec = video::Codec;

    fn allowed(rules: &CodecRules) -> Option<impl Iterator<Item = &'static str>> {
        let allowed = rules.video.as_ref()?;
        Some(allowed.iter().map(|codec| codec.as_str()))
    }

    fn allows(rules: &CodecRules, codec: Self::Codec) -> bool {
        rules.allows_video(codec)
    }

    fn marked(mark: CodecMark) -> Self::Codec {
        mark.video()
    }

    fn tracks(
        payload: &[u8],
    ) -> Result<impl Iterator<Item = Result<Self::Codec, HeaderError>>, HeaderError> {
        let tracks = video::Header::parse(payload)?.tracks();
        Ok(tracks.map(|track| track.map(|track| track.codec)))
    }

    fn word(codec: Self::Codec) -> String {
        video_word(codec)
    }
}

struct Sound;

impl Kind for Sound {
    const NAME: &'static str = "audio";
    type Codec = audio::Codec;

    fn allowed(rules: &CodecRules) -> Option<impl Iterator<Item = &'static str>> {
        let allowed = rules.audio.as_ref()?;
        Some(allowed.iter().map(|codec| codec.as_str()))
    }

    fn allows(rules: &CodecRules, codec: Self::Codec) -> bool {
        rules.allows_audio(codec)
    }

    fn marked(mark: CodecMark) -> Self::Codec {
        mark.audio()
    }

    fn tracks(
        payload: &[u8],
    ) -> Result<impl Iterator<Item = Result<Self::Codec, HeaderError>>, HeaderError> {
        let tracks = audio::Header::parse(payload)?.tracks();
        Ok(tracks.map(|track| track.map(|track| track.codec)))
    }

    fn word(codec: Self::Codec) -> String {
        audio_word(codec)
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
