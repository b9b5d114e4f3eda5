//! Of what a stream is made, as far as its headers and metadata say.

use std::sync::Arc;

use adit_amf::amf0::{self, Object, Value};
use adit_broker::SharedFrame;
use adit_media::{Frame, FrameKind, audio, video};

use crate::codecs::{audio_word, video_word};

/// The tracks of a stream that were found.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Tracks {
    /// Video, by track.
    pub video: Vec<VideoTrack>,
    /// Audio, by track.
    pub audio: Vec<AudioTrack>,
    /// The program that encodes, as the metadata says.
    pub encoder: Option<String>,
}

/// A video track.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct VideoTrack {
    /// Its number, 0 where there is only one.
    pub track: u8,
    /// The codec, such as `h264`.
    pub codec: String,
    /// The codec as browsers want it, such as `avc1.64001f`, where its header was read.
    pub codec_string: Option<String>,
    /// Pixels, as the metadata says.
    pub width: Option<u32>,
    /// Pixels, as the metadata says.
    pub height: Option<u32>,
    /// Pictures a second, as the metadata says.
    pub frame_rate: Option<f64>,
}

/// An audio track.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AudioTrack {
    /// Its number, 0 where there is only one.
    pub track: u8,
    /// The codec, such as `aac`.
    pub codec: String,
    /// The codec as browsers want it, such as `mp4a.40.2`, where its header was read.
    pub codec_string: Option<String>,
    /// Samples a second.
    pub sample_rate: Option<u32>,
    /// Channels.
    pub channels: Option<u8>,
}

impl Tracks {
    /// Reads what a broker gives as samples of a stream.
    pub(crate) fn of(samples: &[Arc<SharedFrame>]) -> Self {
        let mut tracks = Self::default();
        let frames = || samples.iter().map(|sample| sample.frame());
        for frame in frames() {
            match frame.kind() {
                FrameKind::Video => tracks.add_video(frame),
                FrameKind::Audio => tracks.add_audio(frame),
                FrameKind::Data => {}
            }
        }
        for metadata in frames().filter(|frame| frame.flags().is_metadata()) {
            tracks.describe(metadata);
        }
        tracks.video.sort_by_key(|track| track.track);
        tracks.audio.sort_by_key(|track| track.track);
        tracks
    }

    fn add_video(&mut self, frame: &Frame) {
        let Ok(header) = video::Header::parse(frame.payload()) else {
            return;
        };
        let is_config = header.packet_type == video::PacketType::SequenceStart;
        for track in header.tracks().flatten() {
            let codec = video_word(track.codec);
            let config = if is_config { track.body } else { &[] };
            match self.video.iter_mut().find(|it| it.track == track.id) {
                Some(known) if known.codec == codec => {}
                Some(other) => other.codec = codec,
                None => self.video.push(VideoTrack {
                    track: track.id,
                    codec_string: (codec == "h264").then(|| avc(config)).flatten(),
                    codec,
                    ..VideoTrack::default()
                }),
            }
        }
    }

    fn add_audio(&mut self, frame: &Frame) {
        let Ok(header) = audio::Header::parse(frame.payload()) else {
            return;
        };
        let is_config = header.packet_type == audio::PacketType::SequenceStart;
        for track in header.tracks().flatten() {
            if self.audio.iter().any(|it| it.track == track.id) {
                continue;
            }
            let codec = audio_word(track.codec);
            let claimed = header.sound.filter(|_| codec != "aac");
            let mut found = AudioTrack {
                track: track.id,
                sample_rate: claimed.map(|sound| sound.rate_hz.into()),
                channels: claimed.map(|sound| sound.channels),
                codec_string: None,
                codec,
            };
            if found.codec == "aac" && is_config {
                found.read_aac(track.body);
            }
            self.audio.push(found);
        }
    }

    /// What `onMetaData` says about the first tracks.
    fn describe(&mut self, metadata: &Frame) {
        let limits = adit_amf::Limits::default();
        let Ok(values) = amf0::decode_all(metadata.payload().clone(), &limits) else {
            return;
        };
        let members = values.iter().find_map(|value| match value {
            Value::Object(members) | Value::EcmaArray(members) => Some(members),
            _ => None,
        });
        let Some(members) = members else { return };
        if let Some(video) = self.video.first_mut() {
            video.width = whole(members, "width");
            video.height = whole(members, "height");
            let rate = members.property("framerate").and_then(Value::as_number);
            video.frame_rate = rate.filter(|rate| (0.001..1_000.0).contains(rate));
        }
        let encoder = members.property("encoder").and_then(Value::as_str);
        self.encoder = encoder.map(|name| name.chars().take(ENCODER_CHARACTERS).collect());
    }
}

impl AudioTrack {
    /// An `AudioSpecificConfig`: 5 bits object type, 4 bits index of the sampling frequency, 4 bits channels.
    fn read_aac(&mut self, config: &[u8]) {
        let [first, second, ..] = *config else { return };
        let object_type = first >> 3;
        let frequency = usize::from((first & 7) << 1 | second >> 7);
        self.codec_string = Some(format!("mp4a.40.{object_type}"));
        self.sample_rate = AAC_FREQUENCIES.get(frequency).copied();
        self.channels = Some(second >> 3 & 0x0f).filter(|channels| *channels > 0);
    }
}

/// The sampling frequencies that AAC has numbers for.
const AAC_FREQUENCIES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// What is kept of the name of an encoder.
const ENCODER_CHARACTERS: usize = 100;

fn whole(members: &Object, name: &str) -> Option<u32> {
    let number = members.property(name)?.as_number()?;
    let is_one = (1.0..=65_535.0).contains(&number);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within the range"
    )]
    is_one.then_some(number as u32)
}

/// Profile, constraints and level stand behind the version of an `AVCDecoderConfigurationRecord`.
fn avc(config: &[u8]) -> Option<String> {
    let [_, profile, constraints, level, ..] = *config else {
        return None;
    };
    Some(format!("avc1.{profile:02x}{constraints:02x}{level:02x}"))
}

#[cfg(test)]
mod tests {
    use adit_media::Timestamp;
    use bytes::{Bytes, BytesMut};

    use super::*;

    fn shared(kind: FrameKind, payload: &[u8]) -> Arc<SharedFrame> {
        let payload = Bytes::copy_from_slice(payload);
        let frame = Frame::classify(Timestamp::ZERO, kind, payload);
        Arc::new(SharedFrame::new(frame))
    }

    #[test]
    fn headers_and_metadata_say_of_what_a_stream_is_made() {
        let avc = [0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff];
        let aac = [0xaf, 0, 0x11, 0x90];
        let mut metadata = BytesMut::new();
        let members = Object::default()
            .with("width", 1280.0)
            .with("height", 720.0)
            .with("framerate", 25.0)
            .with("encoder", "obs");
        let words = [Value::String("onMetaData".into()), members.into()];
        amf0::encode_all(&words, &mut metadata).unwrap();
        let samples = [
            shared(FrameKind::Data, &metadata),
            shared(FrameKind::Video, &avc),
            shared(FrameKind::Audio, &aac),
            shared(FrameKind::Video, &[0x27, 1, 0, 0, 0, 9]),
            shared(FrameKind::Audio, &[0xaf, 1, 9]),
        ];
        let tracks = Tracks::of(&samples);
        let [video] = &*tracks.video else {
            panic!("{tracks:?}");
        };
        assert_eq!(video.codec, "h264");
        assert_eq!(video.codec_string.as_deref(), Some("avc1.64001f"));
        assert_eq!((video.width, video.height), (Some(1280), Some(720)));
        assert_eq!(video.frame_rate, Some(25.0));
        let [audio] = &*tracks.audio else {
            panic!("{tracks:?}");
        };
        assert_eq!(audio.codec_string.as_deref(), Some("mp4a.40.2"));
        assert_eq!((audio.sample_rate, audio.channels), (Some(48_000), Some(2)));
        assert_eq!(tracks.encoder.as_deref(), Some("obs"));
    }

    #[test]
    fn codecs_without_headers_are_known_by_their_frames() {
        let samples = [
            shared(FrameKind::Video, &[0x12, 1]),
            shared(FrameKind::Audio, &[0x2e, 1]),
        ];
        let tracks = Tracks::of(&samples);
        assert_eq!(tracks.video[0].codec, "h263");
        assert_eq!(tracks.audio[0].codec, "mp3");
        assert_eq!(tracks.audio[0].sample_rate, Some(44_100));
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        let samples = [
            shared(FrameKind::Video, &[]),
            shared(FrameKind::Audio, &[]),
            shared(FrameKind::Audio, &[0xaf, 0]),
            shared(FrameKind::Data, &[2, 0, 10, b'o']),
        ];
        let tracks = Tracks::of(&samples);
        assert!(tracks.video.is_empty());
        assert_eq!(tracks.audio[0].sample_rate, None);
    }
}
