//! The words of a video header: frame type, packet type, command, codec.

use crate::FourCc;

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
    /// No picture: a command to the player. Relayed like any frame.
    Command,
    /// 0, 6 or 7: not defined. Metadata messages have 0 here, where it means nothing.
    Reserved(u8),
}

impl FrameType {
    pub(super) const fn from_bits(bits: u8) -> Self {
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
    /// AMF name and value pairs, such as `colorInfo`. OBS sends it without a frame type.
    Metadata,
    /// An AV1 video descriptor, in place of a configuration record.
    Mpeg2TsSequenceStart,
    /// A command to the player, no media.
    Command(Command),
    /// Not defined.
    Reserved(u8),
}

impl PacketType {
    pub(super) const fn from_enhanced(bits: u8) -> Self {
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

    pub(super) const fn from_avc(byte: u8) -> Self {
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
    pub(super) const fn from_byte(byte: u8) -> Self {
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
    /// H.264, id 7. Old encoders announce H.265 under this id too.
    Avc,
    /// H.265 as id 12, a convention of content delivery networks.
    Hevc,
    /// AV1 as id 13, likewise.
    Av1,
    /// Any codec of an enhanced message.
    FourCc(FourCc),
    /// A legacy id that is not defined.
    Reserved(u8),
}

impl Codec {
    pub(crate) const fn from_legacy(id: u8) -> Self {
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
    pub(super) const fn has_packet_type(self) -> bool {
        matches!(self, Self::Avc | Self::Hevc | Self::Av1)
    }

    /// Enhanced codecs whose coded frames begin with a composition time.
    pub(super) fn has_composition_time(self) -> bool {
        matches!(self, Self::FourCc(FourCc::AVC | FourCc::HEVC | FourCc::VVC))
    }
}
