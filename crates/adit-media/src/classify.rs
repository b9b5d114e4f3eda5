//! From the header of a message to the few facts that a relay acts on.

use crate::video::PacketType as VideoPacket;
use crate::{FourCc, FrameFlags, FrameKind, audio, data, video};

/// What [`class`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Class {
    pub(crate) flags: FrameFlags,
    pub(crate) track: u8,
}

/// What a sequence header is for. A late player needs the newest header of every slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HeaderSlot {
    /// Audio or video.
    pub kind: FrameKind,
    /// The track it describes.
    pub track: u8,
    /// What it says about the track.
    pub purpose: HeaderPurpose,
}

/// What a sequence header says about its track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderPurpose {
    /// How to set up the decoder: a configuration record, an AV1 video descriptor, an AAC
    /// configuration.
    Config,
    /// Which channel is which speaker.
    Channels,
    /// Colour space and dynamic range.
    Color,
}

/// Reads as much of a message as it takes to classify it. Whatever cannot be read is an ordinary
/// message; of a list of tracks that breaks off, the tracks before the break count.
pub(crate) fn class(kind: FrameKind, payload: &[u8]) -> Class {
    match kind {
        FrameKind::Audio => audio_class(payload),
        FrameKind::Video => video_class(payload),
        FrameKind::Data => data_class(payload),
    }
    .unwrap_or_default()
}

/// The slots of a message that [`class`] called a sequence header.
pub(crate) fn slots(kind: FrameKind, payload: &[u8]) -> Vec<HeaderSlot> {
    let mut slots = Vec::new();
    match kind {
        FrameKind::Audio => audio_slots(payload, &mut slots),
        FrameKind::Video => video_slots(payload, &mut slots),
        FrameKind::Data => None,
    };
    slots
}

/// How the first track in a message is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Coding {
    pub(crate) track: u8,
    pub(crate) codec: Codec,
}

/// A codec, as the header of each message tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Audio(audio::Codec),
    Video(video::Codec),
}

impl Coding {
    /// Whether both are of the same track.
    pub(crate) fn is_of_track_of(self, other: Self) -> bool {
        let is_same_kind = matches!(
            (self.codec, other.codec),
            (Codec::Audio(_), Codec::Audio(_)) | (Codec::Video(_), Codec::Video(_))
        );
        is_same_kind && self.track == other.track
    }

    /// Whether the same track is coded in another way.
    pub(crate) fn differs_from(self, other: Self) -> bool {
        self.is_of_track_of(other) && self.codec != other.codec
    }
}

/// How a coded frame, or what a sequence header is for, is coded.
pub(crate) fn coding(kind: FrameKind, payload: &[u8], flags: FrameFlags) -> Option<Coding> {
    if !flags.is_coded() && !flags.is_sequence_header() {
        return None;
    }
    match kind {
        FrameKind::Audio => {
            let track = audio::Header::parse(payload).ok()?.tracks().next()?.ok()?;
            let codec = Codec::Audio(track.codec);
            Some(Coding {
                track: track.id,
                codec,
            })
        }
        FrameKind::Video => {
            let track = video::Header::parse(payload).ok()?.tracks().next()?.ok()?;
            let codec = Codec::Video(track.codec);
            Some(Coding {
                track: track.id,
                codec,
            })
        }
        FrameKind::Data => None,
    }
}

fn video_class(payload: &[u8]) -> Option<Class> {
    let header = video::Header::parse(payload).ok()?;
    let first = video_tracks(&header).map(|track| track.id).min()?;
    let flags = match header.packet_type {
        VideoPacket::SequenceEnd => FrameFlags::END_OF_SEQUENCE,
        _ if video_tracks(&header).all(|track| is_hollow(&track)) => FrameFlags::NONE,
        packet if video_purpose(packet).is_some() => FrameFlags::SEQUENCE_HEADER,
        VideoPacket::CodedFrames | VideoPacket::CodedFramesX => picture(header.frame_type),
        _ => FrameFlags::NONE,
    };
    Some(Class {
        flags,
        track: first,
    })
}

const fn picture(frame_type: video::FrameType) -> FrameFlags {
    match frame_type {
        video::FrameType::Key | video::FrameType::GeneratedKey => {
            FrameFlags::CODED.with(FrameFlags::KEY_FRAME)
        }
        video::FrameType::DisposableInter => FrameFlags::CODED.with(FrameFlags::DISPOSABLE),
        _ => FrameFlags::CODED,
    }
}

fn video_tracks<'a>(header: &video::Header<'a>) -> impl Iterator<Item = video::Track<'a>> {
    header.tracks().map_while(Result::ok)
}

/// Nothing in it, or in a codec nobody knows: DJI sends such frames and headers, and they
/// must neither become a starting point nor replace a good header.
fn is_hollow(track: &video::Track<'_>) -> bool {
    track.body.is_empty() || matches!(track.codec, video::Codec::Reserved(_))
}

const fn video_purpose(packet: VideoPacket) -> Option<HeaderPurpose> {
    match packet {
        VideoPacket::SequenceStart | VideoPacket::Mpeg2TsSequenceStart => {
            Some(HeaderPurpose::Config)
        }
        VideoPacket::Metadata => Some(HeaderPurpose::Color),
        _ => None,
    }
}

fn video_slots(payload: &[u8], slots: &mut Vec<HeaderSlot>) -> Option<()> {
    let header = video::Header::parse(payload).ok()?;
    let purpose = video_purpose(header.packet_type)?;
    for track in video_tracks(&header).filter(|track| !is_hollow(track)) {
        add(
            slots,
            HeaderSlot {
                kind: FrameKind::Video,
                track: track.id,
                purpose,
            },
        );
    }
    Some(())
}

fn audio_class(payload: &[u8]) -> Option<Class> {
    let header = audio::Header::parse(payload).ok()?;
    let first = audio_tracks(&header).map(|track| track.id).min()?;
    let packet = header.packet_type;
    let flags = match packet {
        audio::PacketType::SequenceEnd => FrameFlags::END_OF_SEQUENCE,
        _ if audio_tracks(&header).all(|track| is_silent(packet, &track)) => FrameFlags::NONE,
        _ if audio_purpose(packet).is_some() => FrameFlags::SEQUENCE_HEADER,
        audio::PacketType::CodedFrames => FrameFlags::CODED,
        audio::PacketType::Reserved(_)
        | audio::PacketType::MultichannelConfig
        | audio::PacketType::SequenceStart => FrameFlags::NONE,
    };
    Some(Class {
        flags,
        track: first,
    })
}

fn audio_tracks<'a>(header: &audio::Header<'a>) -> impl Iterator<Item = audio::Track<'a>> {
    header.tracks().map_while(Result::ok)
}

/// Nothing in it, or in a codec nobody knows. The start of an Opus, AC-3 or MP3 sequence
/// may be empty and still means something; that of AAC or FLAC may not.
fn is_silent(packet: audio::PacketType, track: &audio::Track<'_>) -> bool {
    let empty_start = packet == audio::PacketType::SequenceStart
        && matches!(track.codec, audio::Codec::FourCc(codec) if codec != FourCc::AAC && codec != FourCc::FLAC);
    track.body.is_empty() && !empty_start || matches!(track.codec, audio::Codec::Reserved(_))
}

const fn audio_purpose(packet: audio::PacketType) -> Option<HeaderPurpose> {
    match packet {
        audio::PacketType::SequenceStart => Some(HeaderPurpose::Config),
        audio::PacketType::MultichannelConfig => Some(HeaderPurpose::Channels),
        _ => None,
    }
}

fn audio_slots(payload: &[u8], slots: &mut Vec<HeaderSlot>) -> Option<()> {
    let header = audio::Header::parse(payload).ok()?;
    let purpose = audio_purpose(header.packet_type)?;
    for track in audio_tracks(&header).filter(|track| !is_silent(header.packet_type, track)) {
        add(
            slots,
            HeaderSlot {
                kind: FrameKind::Audio,
                track: track.id,
                purpose,
            },
        );
    }
    Some(())
}

fn add(slots: &mut Vec<HeaderSlot>, slot: HeaderSlot) {
    if !slots.contains(&slot) {
        slots.push(slot);
    }
}

fn data_class(payload: &[u8]) -> Option<Class> {
    let flags = match data::name(payload)? {
        data::ON_META_DATA => FrameFlags::METADATA,
        data::CLEAR_DATA_FRAME if data::clears_metadata(payload) => FrameFlags::CLEARS_METADATA,
        _ => FrameFlags::NONE,
    };
    Some(Class { flags, track: 0 })
}
