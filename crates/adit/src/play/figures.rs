//! What there is to say about a stream that is being played.

use std::time::{Duration, Instant};

use adit_client::media::{Frame, FrameKind, audio, video};

use crate::progress::{BitRate, Clock, Played, Rate};

/// The accounts of what came.
#[derive(Debug, Clone)]
pub(super) struct Figures {
    /// Audio and video messages.
    pub(super) frames: u64,
    /// Bytes of them.
    pub(super) bytes: u64,
    /// When the first one came.
    pub(super) first: Option<Instant>,
    played: Played,
    pictures: u64,
    codecs: Codecs,
    bit_rate: Rate,
    picture_rate: Rate,
}

/// Codecs by name, as far as they have been heard and seen.
#[derive(Debug, Clone, Default)]
struct Codecs {
    video: Option<String>,
    audio: Option<String>,
}

impl Figures {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            frames: 0,
            bytes: 0,
            first: None,
            played: Played::default(),
            pictures: 0,
            codecs: Codecs::default(),
            bit_rate: Rate::default(),
            picture_rate: Rate::default(),
        }
    }

    /// Notes a frame; data messages do not count.
    pub(super) fn note(&mut self, frame: &Frame) {
        if frame.kind() == FrameKind::Data {
            return;
        }
        self.first.get_or_insert_with(Instant::now);
        self.frames = self.frames.saturating_add(1);
        let size = u64::try_from(frame.payload().len()).unwrap_or(u64::MAX);
        self.bytes = self.bytes.saturating_add(size);
        if frame.flags().is_sequence_header() {
            self.codecs.note(frame);
            return;
        }
        self.played.note(frame.kind(), frame.at());
        if frame.kind() == FrameKind::Video {
            self.pictures = self.pictures.saturating_add(1);
        }
        if self.frames <= CODECS_WITHIN {
            self.codecs.note(frame);
        }
    }

    /// How much was played, by the clock of the stream.
    pub(super) fn duration(&self) -> Duration {
        self.played.time()
    }

    /// Time, bit rate, pictures a second and codecs.
    pub(super) fn line(&mut self) -> String {
        // By the clock of the stream, because the first seconds come at once.
        let time = self.duration();
        let bits = self.bit_rate.per_second(time, self.bytes.saturating_mul(8));
        let pictures = self.picture_rate.per_second(time, self.pictures);
        let mut parts = vec![Clock(time).to_string()];
        parts.extend(bits.map(|bits| BitRate(bits).to_string()));
        let pictures = pictures.filter(|_| self.pictures > 0);
        parts.extend(pictures.map(|pictures| format!("{pictures} fps")));
        let codecs = [&self.codecs.video, &self.codecs.audio];
        parts.extend(codecs.into_iter().flatten().cloned());
        parts.join("  ")
    }
}

impl Codecs {
    fn note(&mut self, frame: &Frame) {
        match frame.kind() {
            FrameKind::Video => self.video = video_codec(frame.payload()).or(self.video.take()),
            FrameKind::Audio => self.audio = audio_codec(frame.payload()).or(self.audio.take()),
            FrameKind::Data => {}
        }
    }
}

fn video_codec(payload: &[u8]) -> Option<String> {
    let header = video::Header::parse(payload).ok()?;
    let track = header.tracks().next()?.ok()?;
    Some(match track.codec {
        video::Codec::Avc => "H.264".to_owned(),
        video::Codec::Hevc => "H.265".to_owned(),
        video::Codec::Av1 => "AV1".to_owned(),
        video::Codec::FourCc(name) => name.to_string(),
        video::Codec::Vp6 | video::Codec::Vp6Alpha => "VP6".to_owned(),
        video::Codec::SorensonH263 => "H.263".to_owned(),
        other => format!("{other:?}"),
    })
}

fn audio_codec(payload: &[u8]) -> Option<String> {
    let header = audio::Header::parse(payload).ok()?;
    let track = header.tracks().next()?.ok()?;
    Some(match track.codec {
        audio::Codec::Aac => "AAC".to_owned(),
        audio::Codec::Mp3 | audio::Codec::Mp38k => "MP3".to_owned(),
        audio::Codec::FourCc(name) => name.to_string(),
        other => format!("{other:?}"),
    })
}

/// Frames without a sequence header tell their codec as well; that of the first ones is enough.
const CODECS_WITHIN: u64 = 100;
