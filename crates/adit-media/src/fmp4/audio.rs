//! Audio tracks: AAC, Opus, FLAC, MP3 here, AC-3 and E-AC-3 by their frames, and how long their packets last.

use shiguredo_mp4::boxes::{
    AudioSampleEntryFields, DflaBox, DopsBox, EsdsBox, FlacBox, FlacMetadataBlock, Mp4aBox,
    OpusBox, SampleEntry,
};
use shiguredo_mp4::descriptors::{
    DecoderConfigDescriptor, DecoderSpecificInfo, EsDescriptor, SlConfigDescriptor,
};
use shiguredo_mp4::{FixedPointNumber, Uint};

use super::ac3;
use super::bits::Bits;
use super::track::{Track, Unsupported};
use crate::audio::{Codec, Header, PacketType};
use crate::read::Reader;
use crate::{FourCc, FrameKind};

/// MPEG-4 audio, and MP3 by the two standards that have it, as MP4 numbers them.
const MPEG4: u8 = 0x40;
const MPEG2_PART_3: u8 = 0x69;
const MPEG1_PART_3: u8 = 0x6B;
/// Opus is decoded at this rate whatever it was made of.
const OPUS_RATE: u32 = 48_000;
/// Samples of an AAC packet, and of the short kind.
const AAC_SAMPLES: u32 = 1024;
const AAC_SAMPLES_SHORT: u32 = 960;
const AAC_RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// The track that an audio message describes.
pub(super) fn track(payload: &[u8]) -> Result<Track, Unsupported> {
    let header = Header::parse(payload).map_err(|_| Unsupported::NoDescription)?;
    let track = header.tracks().find_map(Result::ok);
    let track = track.ok_or(Unsupported::NoDescription)?;
    let is_start = header.packet_type == PacketType::SequenceStart;
    let is_coded = header.packet_type == PacketType::CodedFrames;
    match track.codec {
        Codec::Aac | Codec::FourCc(FourCc::AAC) if is_start => aac(track.body),
        Codec::FourCc(FourCc::OPUS) if is_start => opus(track.body),
        Codec::FourCc(FourCc::FLAC) if is_start => flac(track.body),
        Codec::Mp3 | Codec::Mp38k | Codec::FourCc(FourCc::MP3) if !is_start => mp3(track.body),
        Codec::FourCc(FourCc::AC3) if is_coded => ac3::ac3(track.body),
        Codec::FourCc(FourCc::EAC3) if is_coded => ac3::eac3(track.body),
        Codec::Aac
        | Codec::Mp3
        | Codec::Mp38k
        | Codec::FourCc(
            FourCc::AAC | FourCc::OPUS | FourCc::FLAC | FourCc::MP3 | FourCc::AC3 | FourCc::EAC3,
        ) => Err(Unsupported::NoDescription),
        _ => Err(Unsupported::Codec),
    }
}

/// An `AudioSpecificConfig`, as far as it is needed [ISO 14496-3 1.6.2.1].
///
/// ```text
/// object type:5 [31: more:6] · rate:4 [15: hertz:24] · channels:4 · … (SBR: rate:4, object type:5) … · 960 samples:1 …
/// ```
fn aac(config: &[u8]) -> Result<Track, Unsupported> {
    let parsed = AacConfig::parse(config).ok_or(Unsupported::Configuration)?;
    let info = DecoderSpecificInfo {
        payload: config.to_vec(),
    };
    mp4a(MPEG4, Some(info), parsed.rate, parsed.channels)
}

struct AacConfig {
    rate: u32,
    channels: u16,
    /// Samples of a packet.
    samples: u32,
}

impl AacConfig {
    fn parse(config: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(config);
        let object = object_type(&mut bits)?;
        let rate = rate(&mut bits)?;
        let channels = match bits.take(4)? {
            7 | 12 | 14 => 8,
            11 => 7,
            // Said inside of the stream.
            0 => 2,
            other => u16::try_from(other).ok()?,
        };
        if matches!(object, 5 | 29) {
            // The rate and the object behind that of the extension: what is counted here is the core.
            let _extended = self::rate(&mut bits)?;
            let _core = object_type(&mut bits)?;
        }
        let samples = if bits.take(1).unwrap_or(0) == 1 {
            AAC_SAMPLES_SHORT
        } else {
            AAC_SAMPLES
        };
        Some(Self {
            rate,
            channels,
            samples,
        })
    }
}

fn object_type(bits: &mut Bits<'_>) -> Option<u32> {
    match bits.take(5)? {
        31 => Some(bits.take(6)?.saturating_add(32)),
        object => Some(object),
    }
}

fn rate(bits: &mut Bits<'_>) -> Option<u32> {
    let rate = match bits.take(4)? {
        15 => bits.take(24)?,
        index => *AAC_RATES.get(usize::try_from(index).ok()?)?,
    };
    (rate > 0).then_some(rate)
}

/// The ID header of Opus [RFC 7845 5.1]; without one it is stereo.
fn opus(head: &[u8]) -> Result<Track, Unsupported> {
    let mut dops = DopsBox {
        output_channel_count: 2,
        pre_skip: 0,
        input_sample_rate: OPUS_RATE,
        output_gain: 0,
    };
    if !head.is_empty() {
        dops = opus_head(head).ok_or(Unsupported::Configuration)?;
    }
    let channels = u16::from(dops.output_channel_count);
    let entry = SampleEntry::Opus(OpusBox {
        audio: sound(OPUS_RATE, channels),
        dops_box: dops,
        unknown_boxes: Vec::new(),
    });
    Track::new(FrameKind::Audio, OPUS_RATE, None, entry)
}

fn opus_head(head: &[u8]) -> Option<DopsBox> {
    let mut reader = Reader::new(head);
    (reader.take(8)? == b"OpusHead").then_some(())?;
    let _version = reader.u8()?;
    let output_channel_count = reader.u8()?;
    let pre_skip = reader.u16()?.swap_bytes();
    let input_sample_rate = u32::from_le_bytes(reader.four()?);
    let output_gain = reader.u16()?.swap_bytes().cast_signed();
    // More than two channels need a map that this box has no room for.
    (reader.u8()? == 0).then_some(DopsBox {
        output_channel_count,
        pre_skip,
        input_sample_rate,
        output_gain,
    })
}

/// The signature and the block `STREAMINFO` [E-RTMP v2, RFC 9639 8.2]; ffmpeg sends the content of the block alone.
///
/// ```text
/// "fLaC" · last:1 type:7 = 0 · length:24 = 34 · block sizes:32 frame sizes:48 · hertz:20 · channels - 1:3 · bits - 1:5 · samples:36 · md5:128
/// ```
fn flac(header: &[u8]) -> Result<Track, Unsupported> {
    let block = header.strip_prefix(b"fLaC").unwrap_or(header);
    let info = match block {
        [0 | 0x80, 0, 0, 34, info @ ..] => info.get(..STREAM_INFO),
        info => Some(info).filter(|info| info.len() == STREAM_INFO),
    };
    let info = info.ok_or(Unsupported::Configuration)?;
    let mut bits = Bits::new(info.get(10..).unwrap_or_default());
    let mut take = |count| bits.take(count).ok_or(Unsupported::Configuration);
    let (rate, channels, depth) = (take(20)?, take(3)?, take(5)?);
    if rate == 0 {
        return Err(Unsupported::Configuration);
    }
    let short = |number: u32| u16::try_from(number.saturating_add(1)).unwrap_or(u16::MAX);
    let mut audio = sound(rate, short(channels));
    audio.samplesize = short(depth);
    let entry = SampleEntry::Flac(FlacBox {
        audio,
        dfla_box: DflaBox {
            metadata_blocks: vec![FlacMetadataBlock {
                last_metadata_block_flag: Uint::new(1),
                block_type: FlacMetadataBlock::BLOCK_TYPE_STREAMINFO,
                block_data: info.to_vec(),
            }],
        },
        unknown_boxes: Vec::new(),
    });
    Track::new(FrameKind::Audio, rate, None, entry)
}

/// Bytes of the block `STREAMINFO` of FLAC.
const STREAM_INFO: usize = 34;

/// Samples of a FLAC frame, by its header [RFC 9639 9.1].
fn flac_samples(frame: &[u8]) -> Option<u32> {
    let [0xFF, second, third, _, rest @ ..] = frame else {
        return None;
    };
    (second & 0xFE == 0xF8).then_some(())?;
    // The number of the frame comes first, in as many bytes as its first one says.
    let number = rest.first()?.leading_ones().max(1);
    let mut behind = Reader::new(rest.get(usize::try_from(number).ok()?..)?);
    match u32::from(third >> 4) {
        1 => Some(192),
        code @ 2..=5 => Some(144 << code),
        6 => Some(u32::from(behind.u8()?).saturating_add(1)),
        7 => Some(u32::from(behind.u16()?).saturating_add(1)),
        code @ 8..=15 => Some(1 << code),
        _ => None,
    }
}

fn mp3(frame: &[u8]) -> Result<Track, Unsupported> {
    let head = Mp3Head::parse(frame).ok_or(Unsupported::Configuration)?;
    let object = if head.is_mpeg1 {
        MPEG1_PART_3
    } else {
        MPEG2_PART_3
    };
    mp4a(object, None, head.rate, head.channels)
}

/// The header of an MP3 frame [ISO 11172-3 2.4.1.3].
struct Mp3Head {
    is_mpeg1: bool,
    rate: u32,
    channels: u16,
    /// Samples of the frame.
    samples: u32,
}

impl Mp3Head {
    fn parse(frame: &[u8]) -> Option<Self> {
        let [0xFF, second, third, fourth, ..] = frame else {
            return None;
        };
        let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
        let index = usize::from(third >> 2 & 3);
        let full = *[44_100_u32, 48_000, 32_000].get(index)?;
        let rate = match version {
            3 => full,
            2 => full / 2,
            0 => full / 4,
            _ => return None,
        };
        (second >= &0xE0 && layer == 1).then_some(())?;
        Some(Self {
            is_mpeg1: version == 3,
            rate,
            channels: if fourth >> 6 == 3 { 1 } else { 2 },
            samples: if version == 3 { 1152 } else { 576 },
        })
    }
}

fn mp4a(
    object: u8,
    info: Option<DecoderSpecificInfo>,
    rate: u32,
    channels: u16,
) -> Result<Track, Unsupported> {
    let es = EsDescriptor {
        es_id: EsDescriptor::MIN_ES_ID,
        stream_priority: EsDescriptor::LOWEST_STREAM_PRIORITY,
        depends_on_es_id: None,
        url_string: None,
        ocr_es_id: None,
        dec_config_descr: DecoderConfigDescriptor {
            object_type_indication: object,
            stream_type: DecoderConfigDescriptor::STREAM_TYPE_AUDIO,
            up_stream: DecoderConfigDescriptor::UP_STREAM_FALSE,
            buffer_size_db: Uint::new(0),
            max_bitrate: 0,
            avg_bitrate: 0,
            dec_specific_info: info,
        },
        sl_config_descr: SlConfigDescriptor,
    };
    let entry = SampleEntry::Mp4a(Mp4aBox {
        audio: sound(rate, channels),
        esds_box: EsdsBox { es },
        unknown_boxes: Vec::new(),
    });
    Track::new(FrameKind::Audio, rate, None, entry)
}

pub(super) fn sound(rate: u32, channels: u16) -> AudioSampleEntryFields {
    AudioSampleEntryFields {
        data_reference_index: AudioSampleEntryFields::DEFAULT_DATA_REFERENCE_INDEX,
        channelcount: channels,
        samplesize: AudioSampleEntryFields::DEFAULT_SAMPLESIZE,
        // A rate that does not fit stands in the configuration.
        samplerate: FixedPointNumber::new(u16::try_from(rate).unwrap_or(0), 0),
    }
}

/// How long a packet lasts, in ticks of its track; nothing if that cannot be seen.
pub(super) fn duration(entry: &SampleEntry, packet: &[u8]) -> Option<u32> {
    match entry {
        SampleEntry::Opus(_) => opus_samples(packet),
        SampleEntry::Flac(_) => flac_samples(packet),
        SampleEntry::Mp4a(mp4a) => match &mp4a.esds_box.es.dec_config_descr.dec_specific_info {
            Some(info) => AacConfig::parse(&info.payload).map(|config| config.samples),
            None => Mp3Head::parse(packet).map(|head| head.samples),
        },
        SampleEntry::Unknown(entry) if entry.box_type == ac3::AC3 => ac3::ac3_samples(packet),
        SampleEntry::Unknown(entry) if entry.box_type == ac3::EAC3 => ac3::eac3_samples(packet),
        _ => None,
    }
}

/// Samples of an Opus packet at 48 kHz, by its first bytes [RFC 6716 3.1].
fn opus_samples(packet: &[u8]) -> Option<u32> {
    let first = *packet.first()?;
    let config = first >> 3;
    let frame = match config {
        0..12 => *[480, 960, 1920, 2880].get(usize::from(config & 3))?,
        12..16 => *[480, 960].get(usize::from(config & 1))?,
        _ => *[120, 240, 480, 960].get(usize::from(config & 3))?,
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(*packet.get(1)? & 0x3F),
    };
    // No packet is longer than 120 ms.
    Some(u32::min(frames.saturating_mul(frame), 5760)).filter(|samples| *samples > 0)
}
