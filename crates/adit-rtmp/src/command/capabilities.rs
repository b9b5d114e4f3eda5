//! What enhanced RTMP lets both ends say about themselves in `connect` and the answer to it.

use adit_amf::{
    Text,
    amf0::{Object, Value},
};

use crate::limits;

/// The properties of enhanced RTMP in `connect` and its `_result`
/// [E-RTMP v2 Enhancing `NetConnection` connect Command].
///
/// Absence says nothing: OBS states none of them and publishes HEVC, AV1 and several tracks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnhancedCapabilities {
    /// `fourCcList`: codecs the sender can receive; `*` is any.
    pub four_ccs: Vec<Text>,
    /// `videoFourCcInfoMap`: what it can do with each video codec; `*` goes for all.
    pub video: Vec<(Text, CodecAbilities)>,
    /// `audioFourCcInfoMap`: the same for audio.
    pub audio: Vec<(Text, CodecAbilities)>,
    /// `capsEx`.
    pub extensions: Extensions,
    /// `videoFunction`: 1 seek to any frame, 2 HDR, 4 metadata packets, 8 large-scale tiles.
    pub video_function: u32,
}

/// What can be done with one codec: the bits of an info map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CodecAbilities(u32);

impl CodecAbilities {
    /// It can be decoded.
    pub const DECODE: Self = Self(1);
    /// It can be encoded.
    pub const ENCODE: Self = Self(2);
    /// It can be passed on.
    pub const FORWARD: Self = Self(4);

    /// The abilities of these bits; unknown ones are kept.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits on the wire.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether all of `other` are among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// The bits of `capsEx`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Extensions(u32);

impl Extensions {
    /// Understands a reconnect request.
    pub const RECONNECT: Self = Self(1);
    /// Understands several tracks.
    pub const MULTITRACK: Self = Self(2);
    /// Understands the prefix of modifiers, `ModEx`.
    pub const MOD_EX: Self = Self(4);
    /// Understands offsets in nanoseconds.
    pub const NANOSECONDS: Self = Self(8);

    /// The extensions of these bits; unknown ones are kept.
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits on the wire.
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// These and those.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` are among these.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

const FOUR_CC_LIST: &str = "fourCcList";
const VIDEO_MAP: &str = "videoFourCcInfoMap";
const AUDIO_MAP: &str = "audioFourCcInfoMap";
const CAPS_EX: &str = "capsEx";
const VIDEO_FUNCTION: &str = "videoFunction";

impl EnhancedCapabilities {
    /// What a server says that passes every codec on and interprets none.
    pub fn forwarding() -> Self {
        let any = || Text::from_static("*");
        Self {
            four_ccs: vec![any()],
            video: vec![(any(), CodecAbilities::FORWARD)],
            audio: vec![(any(), CodecAbilities::FORWARD)],
            extensions: Extensions::RECONNECT
                .union(Extensions::MULTITRACK)
                .union(Extensions::MOD_EX)
                .union(Extensions::NANOSECONDS),
            video_function: 0,
        }
    }

    /// Whether nothing is stated at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads the properties from an object, without regard to case: Red5 writes `CapsEx`.
    ///
    /// A property of the wrong type counts as absent.
    pub fn from_object(object: &Object) -> Self {
        let property = |name| object.property_ignore_case(name);
        let number = |name| property(name).and_then(Value::as_u32).unwrap_or_default();
        let list = property(FOUR_CC_LIST)
            .and_then(Value::as_array)
            .unwrap_or_default();
        let texts = list
            .iter()
            .filter_map(Value::as_text)
            .take(limits::FOUR_CC_ENTRIES);
        Self {
            four_ccs: texts.map(Text::detached).collect(),
            video: info_map(property(VIDEO_MAP)),
            audio: info_map(property(AUDIO_MAP)),
            extensions: Extensions(number(CAPS_EX)),
            video_function: number(VIDEO_FUNCTION),
        }
    }

    /// These, and for what they leave open those: a server may state them in either object.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let video_function = if self.video_function == 0 {
            other.video_function
        } else {
            self.video_function
        };
        Self {
            four_ccs: if self.four_ccs.is_empty() {
                other.four_ccs
            } else {
                self.four_ccs
            },
            video: if self.video.is_empty() {
                other.video
            } else {
                self.video
            },
            audio: if self.audio.is_empty() {
                other.audio
            } else {
                self.audio
            },
            extensions: if self.extensions.0 == 0 {
                other.extensions
            } else {
                self.extensions
            },
            video_function,
        }
    }

    /// Adds the properties that are stated to an object.
    pub fn write_into(&self, object: &mut Object) {
        if !self.four_ccs.is_empty() {
            let list: Vec<_> = self.four_ccs.iter().cloned().map(Value::String).collect();
            object.insert(FOUR_CC_LIST, list);
        }
        for (name, map) in [(VIDEO_MAP, &self.video), (AUDIO_MAP, &self.audio)] {
            if !map.is_empty() {
                let members: Object = map
                    .iter()
                    .map(|(codec, abilities)| (codec.clone(), abilities.0))
                    .collect();
                object.insert(name, members);
            }
        }
        for (name, number) in [
            (CAPS_EX, self.extensions.0),
            (VIDEO_FUNCTION, self.video_function),
        ] {
            if number != 0 {
                object.insert(name, number);
            }
        }
    }

    /// Whether a property belongs to enhanced RTMP.
    pub(super) fn knows(name: &str) -> bool {
        [FOUR_CC_LIST, VIDEO_MAP, AUDIO_MAP, CAPS_EX, VIDEO_FUNCTION]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    }
}

fn info_map(value: Option<&Value>) -> Vec<(Text, CodecAbilities)> {
    let Some(object) = value.and_then(Value::as_object) else {
        return Vec::new();
    };
    let entry =
        |(codec, bits): (&Text, &Value)| Some((codec.detached(), CodecAbilities(bits.as_u32()?)));
    object
        .iter()
        .filter_map(entry)
        .take(limits::FOUR_CC_ENTRIES)
        .collect()
}
