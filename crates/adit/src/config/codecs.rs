//! `[apps.NAME.codecs]`

use adit_server::{AudioCodec, CodecRules, VideoCodec};
use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Which codecs may be published to an application; whoever sends another one is told so, and published no more.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Codecs {
    /// Video. Without it any; an empty list takes no video.
    pub(crate) video: Option<Vec<Video>>,
    /// Audio. Without it any; an empty list takes no audio.
    pub(crate) audio: Option<Vec<Audio>>,
}

impl Codecs {
    /// What it means for a server; nothing where any may be published.
    pub(crate) fn rules(&self) -> Option<CodecRules> {
        if self.video.is_none() && self.audio.is_none() {
            return None;
        }
        let mut rules = CodecRules::default();
        rules.video =
            (self.video.as_ref()).map(|list| list.iter().copied().map(VideoCodec::from).collect());
        rules.audio =
            (self.audio.as_ref()).map(|list| list.iter().copied().map(AudioCodec::from).collect());
        Some(rules)
    }
}

/// Words of the file, and what they are for a server.
macro_rules! words {
    ($(#[$about:meta])* $name:ident for $codec:ty { $($(#[$doc:meta])* $word:ident),+ $(,)? }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "lowercase")]
        $(#[$about])*
        pub(crate) enum $name { $($(#[$doc])* $word,)+ }

        impl From<$name> for $codec {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word,)+ }
            }
        }
    };
}

words! {
    /// A codec of video.
    #[schemars(transform = also_called)]
    Video for VideoCodec {
        /// H.264, AVC
        #[serde(alias = "avc")]
        H264,
        /// H.265, HEVC
        #[serde(alias = "h265")]
        Hevc,
        /// H.266, VVC
        #[serde(alias = "h266")]
        Vvc,
        /// AV1
        Av1,
        /// VP8
        Vp8,
        /// VP9
        Vp9,
        /// Sorenson H.263
        H263,
        /// Screen video
        Screen,
        /// Screen video, version 2
        Screen2,
        /// On2 VP6
        Vp6,
        /// On2 VP6 with transparency
        #[serde(rename = "vp6a")]
        Vp6Alpha,
    }
}

words! {
    /// A codec of audio.
    Audio for AudioCodec {
        /// AAC
        Aac,
        /// MP3
        Mp3,
        /// Opus
        Opus,
        /// FLAC
        Flac,
        /// AC-3, Dolby Digital
        Ac3,
        /// E-AC-3, Dolby Digital Plus
        Eac3,
        /// Speex
        Speex,
        /// Nellymoser Asao
        Nellymoser,
        /// G.711 with the A-law
        #[serde(rename = "g711a")]
        G711ALaw,
        /// G.711 with the mu-law
        #[serde(rename = "g711u")]
        G711MuLaw,
        /// ADPCM
        Adpcm,
        /// Linear PCM
        Pcm,
    }
}

/// Other names that people know a codec by, and the word that `adit config print` has for it.
const OTHER_NAMES: [(&str, &str); 3] = [("avc", "h264"), ("h265", "hevc"), ("h266", "vvc")];

/// Puts the other names into the schema, which knows nothing of aliases.
fn also_called(schema: &mut Schema) {
    if let Some(words) = schema.get_mut("oneOf").and_then(Value::as_array_mut) {
        words.extend(OTHER_NAMES.map(|(name, word)| {
            json!({
                "description": format!("The same as {word}"),
                "type": "string",
                "const": name,
            })
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_schema_is_taken_and_means_what_it_says() {
        let schema = schemars::schema_for!(Video);
        let words = schema.get("oneOf").and_then(Value::as_array).unwrap();
        let video = |word: &str| serde_json::from_value::<Video>(json!(word)).unwrap();
        for word in words {
            video(word["const"].as_str().unwrap());
        }
        for (name, word) in OTHER_NAMES {
            assert_eq!(video(name), video(word));
            assert!(words.iter().any(|it| it["const"] == name), "{name}");
        }
    }

    #[test]
    fn every_codec_of_the_server_has_the_same_word_in_the_file() {
        let read = |word: &str| -> String { format!("video = [\"{word}\"]") };
        for codec in VideoCodec::ALL {
            let file: Codecs = toml::from_str(&read(codec.as_str())).unwrap();
            let rules = file.rules().unwrap();
            assert_eq!(rules.video.as_deref(), Some(&[*codec][..]));
            assert_eq!(rules.audio, None);
        }
        for codec in AudioCodec::ALL {
            let text = read(codec.as_str()).replace("video", "audio");
            let file: Codecs = toml::from_str(&text).unwrap();
            let rules = file.rules().unwrap();
            assert_eq!(rules.audio.as_deref(), Some(&[*codec][..]));
        }
    }
}
