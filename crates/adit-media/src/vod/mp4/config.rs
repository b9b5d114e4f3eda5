//! From the description of a codec in an MP4 file to what stands in front of its frames in RTMP.

use std::io::{Read, Seek};

use bytes::{BufMut, Bytes, BytesMut};
use shiguredo_mp4::boxes::EsdsBox;

use super::boxes::{Boxes, Place, one};
use super::table::Sample;
use crate::read::Reader;
use crate::vod::VodError;
use crate::{FourCc, FrameKind};

/// Bytes of a video sample entry before the boxes in it.
const VISUAL_BYTES: u64 = 78;
/// Bytes of an audio sample entry before the boxes in it, and of those of `QuickTime`, version 1 and 2.
const AUDIO_BYTES: [u64; 3] = [28, 44, 64];

const AUDIO_EX: u8 = 0x90;
const VIDEO_EX: u8 = 0x80;
const SEQUENCE_START: u8 = 0;
const CODED_FRAMES: u8 = 1;
const CODED_FRAMES_X: u8 = 3;
const KEY: u8 = 1 << 4;
const INTER: u8 = 2 << 4;
const AVC: u8 = 7;
const AAC: u8 = 0xAF;

/// A codec that RTMP carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Avc,
    Hevc,
    Av1,
    Aac,
    Opus,
    /// With the first byte of each message.
    Mp3(u8),
}

/// What a sample entry says.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) codec: Codec,
    /// The message of the sequence header.
    pub(super) header: Option<Bytes>,
    /// Width and height of pictures; samples a second and channels of sound.
    pub(super) shape: (u32, u32),
}

impl Codec {
    pub(super) const fn kind(self) -> FrameKind {
        match self {
            Self::Avc | Self::Hevc | Self::Av1 => FrameKind::Video,
            Self::Aac | Self::Opus | Self::Mp3(_) => FrameKind::Audio,
        }
    }

    pub(super) const fn name(self) -> FourCc {
        match self {
            Self::Avc => FourCc::AVC,
            Self::Hevc => FourCc::HEVC,
            Self::Av1 => FourCc::AV1,
            Self::Aac => FourCc::AAC,
            Self::Opus => FourCc::OPUS,
            Self::Mp3(_) => FourCc::MP3,
        }
    }

    /// The codec as a number of `onMetaData`: a legacy id, or four characters.
    pub(super) fn id(self) -> f64 {
        match self {
            Self::Avc => f64::from(AVC),
            Self::Aac => 10.0,
            Self::Mp3(first) => f64::from(first >> 4),
            enhanced => f64::from(enhanced.name().as_u32()),
        }
    }

    /// What stands in front of a sample.
    pub(super) fn front(self, sample: &Sample, composition_ms: i32) -> Vec<u8> {
        let frame = if sample.is_key { KEY } else { INTER };
        let mut front = Vec::with_capacity(8);
        match self {
            Self::Avc => front.extend([frame | AVC, CODED_FRAMES]),
            Self::Hevc if composition_ms == 0 => front.push(VIDEO_EX | frame | CODED_FRAMES_X),
            Self::Hevc | Self::Av1 => front.push(VIDEO_EX | frame | CODED_FRAMES),
            Self::Aac => front.extend([AAC, CODED_FRAMES]),
            Self::Opus => front.push(AUDIO_EX | CODED_FRAMES),
            Self::Mp3(first) => front.push(first),
        }
        if matches!(self, Self::Hevc | Self::Av1 | Self::Opus) {
            front.extend(self.name().0);
        }
        if self == Self::Avc || self == Self::Hevc && composition_ms != 0 {
            let [_, time @ ..] = composition_ms.to_be_bytes();
            front.extend(time);
        }
        front
    }

    /// The sequence header with this configuration.
    fn header(self, config: &[u8]) -> Option<Bytes> {
        let mut out = BytesMut::with_capacity(config.len().saturating_add(8));
        match self {
            Self::Avc => out.put_slice(&[KEY | AVC, SEQUENCE_START, 0, 0, 0]),
            Self::Hevc | Self::Av1 => out.put_u8(VIDEO_EX | KEY | SEQUENCE_START),
            Self::Aac => out.put_slice(&[AAC, SEQUENCE_START]),
            Self::Opus => out.put_u8(AUDIO_EX | SEQUENCE_START),
            Self::Mp3(_) => return None,
        }
        if matches!(self, Self::Hevc | Self::Av1 | Self::Opus) {
            out.put_slice(&self.name().0);
        }
        out.put_slice(config);
        Some(out.freeze())
    }
}

/// Reads a sample entry; `None` if its codec is not played, or its configuration is not there.
pub(super) fn entry<S: Read + Seek>(
    boxes: &mut Boxes<'_, S>,
    place: &Place,
) -> Result<Option<Entry>, VodError> {
    match &place.name.0 {
        b"avc1" | b"avc3" => video(boxes, place, Codec::Avc, *b"avcC"),
        b"hvc1" | b"hev1" => video(boxes, place, Codec::Hevc, *b"hvcC"),
        b"av01" => video(boxes, place, Codec::Av1, *b"av1C"),
        b"mp4a" => mp4a(boxes, place),
        b"Opus" => opus(boxes, place),
        b".mp3" => {
            let (rate, channels) = sound(boxes, place)?;
            Ok(Some(mp3(rate, channels)))
        }
        _ => Ok(None),
    }
}

fn video<S: Read + Seek>(
    boxes: &mut Boxes<'_, S>,
    place: &Place,
    codec: Codec,
    config: [u8; 4],
) -> Result<Option<Entry>, VodError> {
    let children = boxes.within(place.inside.saturating_add(VISUAL_BYTES), place.end)?;
    let Some(config) = one(&children, config) else {
        return Ok(None);
    };
    let config = boxes.inside(config)?;
    if config.is_empty() {
        return Ok(None);
    }
    let shape = boxes.numbers(place.inside.saturating_add(24))?;
    Ok(Some(Entry {
        codec,
        header: codec.header(&config),
        shape,
    }))
}

/// Samples a second and channels.
fn sound<S: Read + Seek>(boxes: &mut Boxes<'_, S>, place: &Place) -> Result<(u32, u32), VodError> {
    let (channels, _) = boxes.numbers(place.inside.saturating_add(16))?;
    let (rate, _) = boxes.numbers(place.inside.saturating_add(24))?;
    Ok((rate, channels))
}

/// The box of this name in an audio sample entry, of whichever version that is.
fn in_audio<S: Read + Seek>(
    boxes: &mut Boxes<'_, S>,
    place: &Place,
    name: [u8; 4],
) -> Result<Option<Place>, VodError> {
    for bytes in AUDIO_BYTES {
        let children = boxes.within(place.inside.saturating_add(bytes), place.end)?;
        if let Some(found) = one(&children, name) {
            return Ok(Some(*found));
        }
        if let Some(wave) = one(&children, *b"wave") {
            let children = boxes.children(wave)?;
            return Ok(one(&children, name).copied());
        }
    }
    Ok(None)
}

fn mp4a<S: Read + Seek>(
    boxes: &mut Boxes<'_, S>,
    place: &Place,
) -> Result<Option<Entry>, VodError> {
    let Some(esds) = in_audio(boxes, place, *b"esds")? else {
        return Ok(None);
    };
    let shape @ (rate, channels) = sound(boxes, place)?;
    let config = boxes.read::<EsdsBox>(&esds)?.es.dec_config_descr;
    Ok(match config.object_type_indication {
        // MPEG-4 audio, MPEG-2 AAC of three profiles.
        0x40 | 0x66..=0x68 => config
            .dec_specific_info
            .filter(|info| !info.payload.is_empty())
            .map(|info| Entry {
                codec: Codec::Aac,
                header: Codec::Aac.header(&info.payload),
                shape,
            }),
        // MPEG-2 and MPEG-1 audio.
        0x69 | 0x6B => Some(mp3(rate, channels)),
        _ => None,
    })
}

/// MP3 says all about itself in its frames; the header has only the rates that FLV knows [FLV E.4.2.1].
fn mp3(rate: u32, channels: u32) -> Entry {
    let (format, code) = match rate {
        8000 => (14, 0),
        0..=9000 => (2, 0),
        9001..=16_000 => (2, 1),
        16_001..=24_000 => (2, 2),
        _ => (2, 3),
    };
    let stereo = u8::from(channels != 1);
    Entry {
        codec: Codec::Mp3(format << 4 | code << 2 | 2 | stereo),
        header: None,
        shape: (rate, channels),
    }
}

fn opus<S: Read + Seek>(
    boxes: &mut Boxes<'_, S>,
    place: &Place,
) -> Result<Option<Entry>, VodError> {
    let Some(dops) = in_audio(boxes, place, *b"dOps")? else {
        return Ok(None);
    };
    let shape = sound(boxes, place)?;
    let config = boxes.inside(&dops)?;
    Ok(id_header(&config).map(|config| Entry {
        codec: Codec::Opus,
        header: Codec::Opus.header(&config),
        shape,
    }))
}

/// The ID header of Opus [RFC 7845 5.1], which has the numbers of `dOps` the other way round.
///
/// ```text
/// dOps        0 · channels · pre-skip u16 · rate u32 · gain i16 · family · mapping
/// "OpusHead"  1 · channels · pre-skip u16 · rate u32 · gain i16 · family · mapping    (little-endian)
/// ```
fn id_header(dops: &[u8]) -> Option<Vec<u8>> {
    let mut reader = Reader::new(dops);
    let _version = reader.u8()?;
    let channels = reader.u8()?;
    let pre_skip = reader.u16()?;
    let rate = u32::from_be_bytes(reader.four()?);
    let gain = reader.u16()?;
    let mut out = b"OpusHead\x01".to_vec();
    out.push(channels);
    out.extend(pre_skip.to_le_bytes());
    out.extend(rate.to_le_bytes());
    out.extend(gain.to_le_bytes());
    out.extend(reader.rest());
    (!reader.is_empty()).then_some(out)
}
