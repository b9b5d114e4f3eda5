//! Codecs: what they are called, and which of them a publisher may send.

mod gate;

use adit_media::{FourCc, audio, video};
use adit_rtmp::command::{CodecAbilities, EnhancedCapabilities};

pub(crate) use self::gate::{CodecGate, CodecRefused};

/// Codecs of one kind: the word for each, and the four characters of enhanced RTMP, if it has any.
macro_rules! codecs {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $codec:ident = $word:literal, $four_cc:expr;)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $codec,)+
        }

        impl $name {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$codec,)+];

            /// The word for it, in the configuration, the API and lists of streams.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$codec => $word,)+ }
            }

            const fn four_cc(self) -> Option<FourCc> {
                match self { $(Self::$codec => $four_cc,)+ }
            }

            fn named(name: FourCc) -> Option<Self> {
                let mut all = Self::ALL.iter().copied();
                all.find(|codec| codec.four_cc() == Some(name))
            }
        }
    };
}

codecs! {
    /// A codec of video.
    VideoCodec {
        /// H.264, AVC.
        H264 = "h264", Some(FourCc::AVC);
        /// H.265, HEVC.
        Hevc = "hevc", Some(FourCc::HEVC);
        /// H.266, VVC.
        Vvc = "vvc", Some(FourCc::VVC);
        /// AV1.
        Av1 = "av1", Some(FourCc::AV1);
        /// VP8.
        Vp8 = "vp8", Some(FourCc::VP8);
        /// VP9.
        Vp9 = "vp9", Some(FourCc::VP9);
        /// Sorenson H.263.
        H263 = "h263", None;
        /// Screen video.
        Screen = "screen", None;
        /// Screen video, version 2.
        Screen2 = "screen2", None;
        /// On2 VP6.
        Vp6 = "vp6", None;
        /// On2 VP6 with transparency.
        Vp6Alpha = "vp6a", None;
    }
}

codecs! {
    /// A codec of audio.
    AudioCodec {
        /// AAC.
        Aac = "aac", Some(FourCc::AAC);
        /// MP3.
        Mp3 = "mp3", Some(FourCc::MP3);
        /// Opus.
        Opus = "opus", Some(FourCc::OPUS);
        /// FLAC.
        Flac = "flac", Some(FourCc::FLAC);
        /// AC-3, Dolby Digital.
        Ac3 = "ac3", Some(FourCc::AC3);
        /// E-AC-3, Dolby Digital Plus.
        Eac3 = "eac3", Some(FourCc::EAC3);
        /// Speex.
        Speex = "speex", None;
        /// Nellymoser Asao.
        Nellymoser = "nellymoser", None;
        /// G.711 with the A-law.
        G711ALaw = "g711a", None;
        /// G.711 with the mu-law.
        G711MuLaw = "g711u", None;
        /// ADPCM.
        Adpcm = "adpcm", None;
        /// Linear PCM.
        Pcm = "pcm", None;
    }
}

impl VideoCodec {
    /// The one that a message names, if there is a word for it.
    fn of(codec: video::Codec) -> Option<Self> {
        use video::Codec;
        Some(match codec {
            Codec::SorensonH263 => Self::H263,
            Codec::Screen => Self::Screen,
            Codec::Screen2 => Self::Screen2,
            Codec::Vp6 => Self::Vp6,
            Codec::Vp6Alpha => Self::Vp6Alpha,
            Codec::Avc => Self::H264,
            Codec::Hevc => Self::Hevc,
            Codec::Av1 => Self::Av1,
            Codec::FourCc(name) => return Self::named(name),
            _ => return None,
        })
    }
}

impl AudioCodec {
    /// The one that a message names, if there is a word for it.
    fn of(codec: audio::Codec) -> Option<Self> {
        use audio::Codec;
        Some(match codec {
            Codec::PcmPlatform | Codec::PcmLittleEndian => Self::Pcm,
            Codec::Adpcm => Self::Adpcm,
            Codec::Mp3 | Codec::Mp38k => Self::Mp3,
            Codec::Nellymoser16k | Codec::Nellymoser8k | Codec::Nellymoser => Self::Nellymoser,
            Codec::G711ALaw => Self::G711ALaw,
            Codec::G711MuLaw => Self::G711MuLaw,
            Codec::Aac => Self::Aac,
            Codec::Speex => Self::Speex,
            Codec::FourCc(name) => return Self::named(name),
            _ => return None,
        })
    }
}

/// What a codec of video is called.
pub(crate) fn video_word(codec: video::Codec) -> String {
    match (VideoCodec::of(codec), codec) {
        (Some(known), _) => known.as_str().to_owned(),
        (None, video::Codec::FourCc(other)) => other.to_string(),
        (None, video::Codec::Reserved(id)) => format!("video {id}"),
        _ => "unknown".to_owned(),
    }
}

/// What a codec of audio is called.
pub(crate) fn audio_word(codec: audio::Codec) -> String {
    match (AudioCodec::of(codec), codec) {
        (Some(known), _) => known.as_str().to_owned(),
        (None, audio::Codec::FourCc(other)) => other.to_string(),
        (None, audio::Codec::Reserved(id)) => format!("audio {id}"),
        _ => "unknown".to_owned(),
    }
}

/// Which codecs may be published. The default is any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodecRules {
    /// Those of video; an empty list is no video at all.
    pub video: Option<Vec<VideoCodec>>,
    /// Those of audio; an empty list is no audio at all.
    pub audio: Option<Vec<AudioCodec>>,
}

impl CodecRules {
    /// What a client is told that may send these, where others are told what is usual.
    pub(crate) fn offer(&self, usual: &EnhancedCapabilities) -> EnhancedCapabilities {
        let video = self.video.as_deref().unwrap_or(VideoCodec::ALL).iter();
        let video: Vec<_> = video.filter_map(|codec| codec.four_cc()).collect();
        let audio = self.audio.as_deref().unwrap_or(AudioCodec::ALL).iter();
        let audio: Vec<_> = audio.filter_map(|codec| codec.four_cc()).collect();
        let text = |name: &FourCc| name.to_string().into();
        let forwarded = |names: &[FourCc]| {
            let names = names.iter().map(text);
            names.map(|name| (name, CodecAbilities::FORWARD)).collect()
        };
        let mut offer = usual.clone();
        offer.four_ccs = video.iter().chain(&audio).map(text).collect();
        if self.video.is_some() {
            offer.video = forwarded(&video);
        }
        if self.audio.is_some() {
            offer.audio = forwarded(&audio);
        }
        offer
    }

    fn allows_video(&self, codec: video::Codec) -> bool {
        let known = VideoCodec::of(codec);
        let allowed = self.video.as_ref();
        allowed.is_none_or(|allowed| known.is_some_and(|codec| allowed.contains(&codec)))
    }

    fn allows_audio(&self, codec: audio::Codec) -> bool {
        let known = AudioCodec::of(codec);
        let allowed = self.audio.as_ref();
        allowed.is_none_or(|allowed| known.is_some_and(|codec| allowed.contains(&codec)))
    }
}

#[cfg(test)]
mod tests;
