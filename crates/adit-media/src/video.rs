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

mod kinds;

pub use kinds::{Codec, Command, FrameType, PacketType};

use crate::enhanced::{self, Layout, Preface, RawTracks};
use crate::read::{Reader, nibbles};
use crate::{FourCc, HeaderError};

const ENHANCED: u8 = 0x80;
const MULTITRACK: u8 = 6;

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
        if frame_type == FrameType::Command {
            return Self::command(frame_type, reader);
        }
        let (packet_type, composition_ms) = if codec.has_packet_type() {
            let at = reader.at();
            let fields = reader.u8().zip(reader.i24());
            let (packet, composition_ms) = fields.ok_or(HeaderError::Truncated { at })?;
            (PacketType::from_avc(packet), composition_ms)
        } else {
            (PacketType::CodedFrames, 0)
        };
        let track = Track {
            id: 0,
            codec,
            composition_ms,
            body: reader.rest(),
        };
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
        Self {
            timestamp_offset_ns: preface.timestamp_offset_ns,
            layout: preface.layout,
            ..Self::new(frame_type, packet_type, tracks)
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
