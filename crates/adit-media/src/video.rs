//! The header of a video message, legacy and enhanced.
//!
//! ```text
//! legacy      0 frame type:3 codec:4            [FLV E.4.3.1]
//!   AVC, HEVC (12), AV1 (13)   packet type u8 · composition time i24 · body
//!   command (frame type 5)     command u8
//!   others                     body
//!
//! enhanced    1 frame type:3 packet type:4      [E-RTMP v2 Enhanced Video]
//!   [ModEx]* · command u8 (frame type 5, unless metadata)
//!   [ModEx]* · [multitrack] · [FourCC] · track…
//! ```

use crate::enhanced::{self, Layout, Preface, RawTracks};
use crate::read::{Reader, nibbles};
use crate::{FourCc, HeaderError};

const ENHANCED: u8 = 0x80;
const MULTITRACK: u8 = 6;

/// What kind of picture a video message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FrameType {
    /// A decoder can start here.
    Key,
    /// Refers to earlier frames.
    Inter,
    /// An inter frame that nothing refers to.
    DisposableInter,
    /// A key frame that a server made.
    GeneratedKey,
    /// No picture: a command to the player. Relayed like any frame (Q-159).
    Command,
    /// 0, 6 or 7: not defined. Metadata messages have 0 here, where it means nothing.
    Reserved(u8),
}

impl FrameType {
    const fn from_bits(bits: u8) -> Self {
        match bits {
            1 => Self::Key,
            2 => Self::Inter,
            3 => Self::DisposableInter,
            4 => Self::GeneratedKey,
            5 => Self::Command,
            other => Self::Reserved(other),
        }
    }

    /// Whether a decoder can start here.
    pub const fn is_key(self) -> bool {
        matches!(self, Self::Key | Self::GeneratedKey)
    }
}

/// What the body of a video message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PacketType {
    /// A codec configuration record.
    SequenceStart,
    /// Coded frames, with a composition time where the codec has one.
    CodedFrames,
    /// The end of the sequence.
    SequenceEnd,
    /// Coded frames whose composition time is zero and not written.
    CodedFramesX,
    /// AMF name and value pairs, such as `colorInfo`. OBS sends it without a frame type (Q-162).
    Metadata,
    /// An AV1 video descriptor, in place of a configuration record.
    Mpeg2TsSequenceStart,
    /// A command to the player, no media.
    Command(Command),
    /// Not defined.
    Reserved(u8),
}

impl PacketType {
    const fn from_enhanced(bits: u8) -> Self {
        match bits {
            0 => Self::SequenceStart,
            1 => Self::CodedFrames,
            2 => Self::SequenceEnd,
            3 => Self::CodedFramesX,
            4 => Self::Metadata,
            5 => Self::Mpeg2TsSequenceStart,
            other => Self::Reserved(other),
        }
    }

    const fn from_avc(byte: u8) -> Self {
        match byte {
            0 => Self::SequenceStart,
            1 => Self::CodedFrames,
            2 => Self::SequenceEnd,
            other => Self::Reserved(other),
        }
    }
}

/// A command to the player in place of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Command {
    /// Frames that follow are decoded but not shown.
    StartSeek,
    /// Shown again from here.
    EndSeek,
    /// Not defined.
    Reserved(u8),
}

impl Command {
    const fn from_byte(byte: u8) -> Self {
        match byte {
            0 => Self::StartSeek,
            1 => Self::EndSeek,
            other => Self::Reserved(other),
        }
    }
}

/// A video codec, however it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// Sorenson H.263, id 2.
    SorensonH263,
    /// Screen video, id 3.
    Screen,
    /// On2 VP6, id 4.
    Vp6,
    /// On2 VP6 with alpha channel, id 5.
    Vp6Alpha,
    /// Screen video 2, id 6.
    Screen2,
    /// H.264, id 7. Old encoders announce H.265 under this id too (Q-152).
    Avc,
    /// H.265 as id 12, a convention of content delivery networks (Q-151).
    Hevc,
    /// AV1 as id 13, likewise (Q-151).
    Av1,
    /// Any codec of an enhanced message.
    FourCc(FourCc),
    /// A legacy id that is not defined.
    Reserved(u8),
}

impl Codec {
    const fn from_legacy(id: u8) -> Self {
        match id {
            2 => Self::SorensonH263,
            3 => Self::Screen,
            4 => Self::Vp6,
            5 => Self::Vp6Alpha,
            6 => Self::Screen2,
            7 => Self::Avc,
            12 => Self::Hevc,
            13 => Self::Av1,
            other => Self::Reserved(other),
        }
    }

    /// Legacy codecs whose header has a packet type and a composition time.
    const fn has_packet_type(self) -> bool {
        matches!(self, Self::Avc | Self::Hevc | Self::Av1)
    }

    /// Enhanced codecs whose coded frames begin with a composition time.
    fn has_composition_time(self) -> bool {
        matches!(self, Self::FourCc(FourCc::AVC | FourCc::HEVC | FourCc::VVC))
    }
}

/// One track of a video message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track<'a> {
    /// The track id, 0 without multitrack.
    pub id: u8,
    /// The codec.
    pub codec: Codec,
    /// Presentation time minus decoding time, in milliseconds, −2^23 to 2^23 − 1.
    pub composition_ms: i32,
    /// What follows the header: a configuration record, coded frames, AMF.
    pub body: &'a [u8],
}

/// The header of a video message, and the tracks behind it.
#[derive(Clone, Debug)]
pub struct Header<'a> {
    /// What kind of picture. Meaningless when the packet is metadata.
    pub frame_type: FrameType,
    /// What the bodies of all tracks are.
    pub packet_type: PacketType,
    /// Nanoseconds to add to the presentation time of this message, 0 to 999,999.
    pub timestamp_offset_ns: u32,
    /// How tracks are laid out.
    pub layout: Layout,
    tracks: Tracks<'a>,
}

impl<'a> Header<'a> {
    /// Reads the header of a video message body.
    ///
    /// # Errors
    /// [`HeaderError`] when the message is empty, ends inside the header, or is enhanced in a way
    /// that cannot be taken apart. Reserved values are values, not errors. Faults inside the list
    /// of tracks show up when [`Self::tracks`] comes to them.
    pub fn parse(payload: &'a [u8]) -> Result<Self, HeaderError> {
        let mut reader = Reader::new(payload);
        let first = reader.u8().ok_or(HeaderError::Empty)?;
        if first & ENHANCED == 0 {
            Self::legacy(first, reader)
        } else {
            Self::enhanced(first, reader)
        }
    }

    fn legacy(first: u8, mut reader: Reader<'a>) -> Result<Self, HeaderError> {
        let (frame_type, codec) = nibbles(first);
        let (frame_type, codec) = (FrameType::from_bits(frame_type), Codec::from_legacy(codec));
        let mut track = Track {
            id: 0,
            codec,
            composition_ms: 0,
            body: reader.rest(),
        };
        let mut packet_type = PacketType::CodedFrames;
        if frame_type == FrameType::Command {
            return Self::command(frame_type, reader);
        }
        if codec.has_packet_type() {
            let at = reader.at();
            let fields = reader.u8().zip(reader.i24());
            let (packet, composition_ms) = fields.ok_or(HeaderError::Truncated { at })?;
            packet_type = PacketType::from_avc(packet);
            track = Track {
                composition_ms,
                body: reader.rest(),
                ..track
            };
        }
        Ok(Self::new(
            frame_type,
            packet_type,
            Tracks(Inner::Legacy(Some(track))),
        ))
    }

    fn enhanced(first: u8, mut reader: Reader<'a>) -> Result<Self, HeaderError> {
        let (frame_type, packet) = nibbles(first & !ENHANCED);
        let frame_type = FrameType::from_bits(frame_type);
        let (packet, offset_ns) = enhanced::mod_ex(&mut reader, packet)?;
        let metadata = PacketType::from_enhanced(packet) == PacketType::Metadata;
        if frame_type == FrameType::Command && !metadata {
            return Self::command(frame_type, reader);
        }
        let preface = enhanced::preface(reader, (packet, offset_ns), MULTITRACK)?;
        Ok(Self::from_preface(frame_type, &preface))
    }

    fn command(frame_type: FrameType, mut reader: Reader<'a>) -> Result<Self, HeaderError> {
        let command = reader.u8().ok_or_else(|| enhanced::truncated(&reader))?;
        let packet_type = PacketType::Command(Command::from_byte(command));
        Ok(Self::new(
            frame_type,
            packet_type,
            Tracks(Inner::Legacy(None)),
        ))
    }

    fn from_preface(frame_type: FrameType, preface: &Preface<'a>) -> Self {
        let packet_type = PacketType::from_enhanced(preface.packet);
        let tracks = Tracks(Inner::Enhanced {
            raw: RawTracks::new(preface),
            packet_type,
        });
        let header = Self::new(frame_type, packet_type, tracks);
        let Preface {
            layout,
            timestamp_offset_ns,
            ..
        } = *preface;
        Self {
            timestamp_offset_ns,
            layout,
            ..header
        }
    }

    const fn new(frame_type: FrameType, packet_type: PacketType, tracks: Tracks<'a>) -> Self {
        Self {
            frame_type,
            packet_type,
            timestamp_offset_ns: 0,
            layout: Layout::Plain,
            tracks,
        }
    }

    /// The tracks of the message, in order: none for a command, one without multitrack. After an
    /// error the iterator ends.
    pub fn tracks(&self) -> Tracks<'a> {
        self.tracks.clone()
    }
}

/// The tracks of a video message; see [`Header::tracks`].
#[derive(Clone, Debug)]
pub struct Tracks<'a>(Inner<'a>);

#[derive(Clone, Debug)]
enum Inner<'a> {
    Legacy(Option<Track<'a>>),
    Enhanced {
        raw: RawTracks<'a>,
        packet_type: PacketType,
    },
}

impl<'a> Iterator for Tracks<'a> {
    type Item = Result<Track<'a>, HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.0 {
            Inner::Legacy(track) => track.take().map(Ok),
            Inner::Enhanced { raw, packet_type } => {
                let track = raw.next()?;
                let packet_type = *packet_type;
                Some(track.and_then(|(id, codec, body)| track_of(packet_type, id, codec, body)))
            }
        }
    }
}

fn track_of(
    packet_type: PacketType,
    id: u8,
    codec: FourCc,
    mut body: Reader<'_>,
) -> Result<Track<'_>, HeaderError> {
    let codec = Codec::FourCc(codec);
    let composition_ms = if packet_type == PacketType::CodedFrames && codec.has_composition_time() {
        body.i24().ok_or_else(|| enhanced::truncated(&body))?
    } else {
        0
    };
    Ok(Track {
        id,
        codec,
        composition_ms,
        body: body.rest(),
    })
}

#[cfg(test)]
mod tests;
