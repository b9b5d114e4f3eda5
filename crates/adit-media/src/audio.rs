//! The header of an audio message, legacy and enhanced.
//!
//! ```text
//! legacy      format:4 rate:2 size:1 channels:1      [FLV E.4.2.1]
//!   AAC       packet type u8 · body
//!   others    body
//!
//! enhanced    9:4 packet type:4                      [E-RTMP v2 Enhanced Audio]
//!   [ModEx]* · [multitrack] · [FourCC] · track…
//! ```

use crate::enhanced::{self, Layout, RawTracks};
use crate::read::{Reader, nibbles};
use crate::{FourCc, HeaderError};

const ENHANCED: u8 = 9;
const MULTITRACK: u8 = 5;

/// An audio codec, however it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// PCM in the byte order of the machine that made it, id 0.
    PcmPlatform,
    /// ADPCM, id 1.
    Adpcm,
    /// MP3, id 2.
    Mp3,
    /// PCM, little-endian, id 3.
    PcmLittleEndian,
    /// Nellymoser, 16 kHz mono, id 4.
    Nellymoser16k,
    /// Nellymoser, 8 kHz mono, id 5.
    Nellymoser8k,
    /// Nellymoser, id 6.
    Nellymoser,
    /// G.711 A-law, id 7.
    G711ALaw,
    /// G.711 µ-law, id 8.
    G711MuLaw,
    /// AAC, id 10.
    Aac,
    /// Speex, id 11.
    Speex,
    /// MP3 at 8 kHz, id 14.
    Mp38k,
    /// Device specific, id 15.
    Native,
    /// Any codec of an enhanced message.
    FourCc(FourCc),
    /// A legacy id that is not defined: 12 or 13.
    Reserved(u8),
}

impl Codec {
    pub(crate) const fn from_legacy(id: u8) -> Self {
        match id {
            0 => Self::PcmPlatform,
            1 => Self::Adpcm,
            2 => Self::Mp3,
            3 => Self::PcmLittleEndian,
            4 => Self::Nellymoser16k,
            5 => Self::Nellymoser8k,
            6 => Self::Nellymoser,
            7 => Self::G711ALaw,
            8 => Self::G711MuLaw,
            10 => Self::Aac,
            11 => Self::Speex,
            14 => Self::Mp38k,
            15 => Self::Native,
            other => Self::Reserved(other),
        }
    }
}

/// What the body of an audio message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PacketType {
    /// A codec configuration; with Opus it may be empty.
    SequenceStart,
    /// Coded audio.
    CodedFrames,
    /// The end of the sequence, or a silence.
    SequenceEnd,
    /// Which channel is which speaker.
    MultichannelConfig,
    /// Not defined.
    Reserved(u8),
}

impl PacketType {
    const fn from_enhanced(bits: u8) -> Self {
        match bits {
            0 => Self::SequenceStart,
            1 => Self::CodedFrames,
            2 => Self::SequenceEnd,
            4 => Self::MultichannelConfig,
            other => Self::Reserved(other),
        }
    }

    const fn from_aac(byte: u8) -> Self {
        match byte {
            0 => Self::SequenceStart,
            1 => Self::CodedFrames,
            other => Self::Reserved(other),
        }
    }
}

/// The sampling that a legacy header claims. With AAC it is a convention (44 kHz, 16 bit, stereo)
/// whatever the audio really is; Speex is always 16 kHz mono.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sound {
    /// Samples a second: 5,512, 11,025, 22,050 or 44,100.
    pub rate_hz: u16,
    /// Bits a sample: 8 or 16.
    pub bits: u8,
    /// Channels: 1 or 2.
    pub channels: u8,
}

impl Sound {
    const fn from_bits(low: u8) -> Self {
        let rate_hz = match low >> 2 & 3 {
            0 => 5_512,
            1 => 11_025,
            2 => 22_050,
            _ => 44_100,
        };
        let bits = if low & 2 == 0 { 8 } else { 16 };
        let channels = if low & 1 == 0 { 1 } else { 2 };
        Self {
            rate_hz,
            bits,
            channels,
        }
    }
}

/// One track of an audio message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track<'a> {
    /// The track id, 0 without multitrack.
    pub id: u8,
    /// The codec.
    pub codec: Codec,
    /// What follows the header: a configuration, coded audio, a channel layout.
    pub body: &'a [u8],
}

/// The header of an audio message, and the tracks behind it.
#[derive(Clone, Debug)]
pub struct Header<'a> {
    /// What the bodies of all tracks are.
    pub packet_type: PacketType,
    /// The claimed sampling; `None` in an enhanced message.
    pub sound: Option<Sound>,
    /// Nanoseconds to add to the presentation time of this message, 0 to 999,999.
    pub timestamp_offset_ns: u32,
    /// How tracks are laid out.
    pub layout: Layout,
    tracks: Tracks<'a>,
}

impl<'a> Header<'a> {
    /// Reads the header of an audio message body.
    ///
    /// # Errors
    /// [`HeaderError`] when the message is empty (a silence marker), ends inside the header, or is
    /// enhanced in a way that cannot be taken apart. Reserved values are values, not errors.
    /// Faults inside the list of tracks show up when [`Self::tracks`] comes to them.
    pub fn parse(payload: &'a [u8]) -> Result<Self, HeaderError> {
        let mut reader = Reader::new(payload);
        let (format, low) = nibbles(reader.u8().ok_or(HeaderError::Empty)?);
        if format == ENHANCED {
            Self::enhanced(low, reader)
        } else {
            Self::legacy(format, low, reader)
        }
    }

    fn legacy(format: u8, low: u8, mut reader: Reader<'a>) -> Result<Self, HeaderError> {
        let codec = Codec::from_legacy(format);
        let packet_type = match codec {
            Codec::Aac => {
                let byte = reader.u8().ok_or_else(|| enhanced::truncated(&reader))?;
                PacketType::from_aac(byte)
            }
            _ => PacketType::CodedFrames,
        };
        let track = Track {
            id: 0,
            codec,
            body: reader.rest(),
        };
        Ok(Self {
            packet_type,
            sound: Some(Sound::from_bits(low)),
            timestamp_offset_ns: 0,
            layout: Layout::Plain,
            tracks: Tracks(Inner::Legacy(Some(track))),
        })
    }

    fn enhanced(low: u8, mut reader: Reader<'a>) -> Result<Self, HeaderError> {
        let packet = enhanced::mod_ex(&mut reader, low)?;
        let preface = enhanced::preface(reader, packet, MULTITRACK)?;
        Ok(Self {
            packet_type: PacketType::from_enhanced(preface.packet),
            sound: None,
            timestamp_offset_ns: preface.timestamp_offset_ns,
            layout: preface.layout,
            tracks: Tracks(Inner::Enhanced(RawTracks::new(&preface))),
        })
    }

    /// The tracks of the message, in order; one without multitrack. After an error the iterator
    /// ends.
    pub fn tracks(&self) -> Tracks<'a> {
        self.tracks.clone()
    }
}

/// The tracks of an audio message; see [`Header::tracks`].
#[derive(Clone, Debug)]
pub struct Tracks<'a>(Inner<'a>);

#[derive(Clone, Debug)]
enum Inner<'a> {
    Legacy(Option<Track<'a>>),
    Enhanced(RawTracks<'a>),
}

impl<'a> Iterator for Tracks<'a> {
    type Item = Result<Track<'a>, HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Legacy(track) => track.take().map(Ok),
            Inner::Enhanced(raw) => raw.next().map(|track| {
                track.map(|(id, codec, body)| Track {
                    id,
                    codec: Codec::FourCc(codec),
                    body: body.rest(),
                })
            }),
        }
    }
}

#[cfg(test)]
mod tests;
