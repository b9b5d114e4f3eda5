//! Video tracks: H.264, H.265, AV1, VP9, by their configuration records.

use bytes::BufMut as _;
use shiguredo_mp4::bitstream::{av1 as av1_bits, h264, h265};
use shiguredo_mp4::boxes::{
    Av01Box, Av1cBox, Avc1Box, AvccBox, Hvc1Box, HvccBox, SampleEntry, VisualSampleEntryFields,
    Vp09Box, VpccBox,
};
use shiguredo_mp4::{BoxType, Decode, Uint};

use super::bits::Bits;
use super::track::{Track, Unsupported};
use crate::FrameKind;

/// Ticks a second of every video track: a multiple of milliseconds, and what everybody uses.
const TIMESCALE: u32 = 90_000;
/// H.265 NAL unit type of a sequence parameter set.
const HEVC_SPS: u8 = 33;

pub(super) fn avc(record: &[u8]) -> Result<Track, Unsupported> {
    let mut avcc_box: AvccBox = decode(AvccBox::TYPE, record)?;
    let sps = avcc_box.sps_list.first().map(Vec::as_slice);
    let sps = sps.and_then(|sps| h264::parse_sps(sps).ok());
    if avcc_box.chroma_format.is_none() {
        // Q-165: it ends early, where the sequence parameter set says the same.
        let formats = sps.as_ref().map_or((1, 0, 0), |sps| {
            (
                sps.chroma_format_idc,
                sps.bit_depth_luma_minus8,
                sps.bit_depth_chroma_minus8,
            )
        });
        avcc_box.chroma_format = Some(Uint::new(formats.0));
        avcc_box.bit_depth_luma_minus8 = Some(Uint::new(formats.1));
        avcc_box.bit_depth_chroma_minus8 = Some(Uint::new(formats.2));
    }
    let size = sps.map(|sps| (sps.width, sps.height));
    let entry = SampleEntry::Avc1(Avc1Box {
        visual: visual(size),
        avcc_box,
        unknown_boxes: Vec::new(),
    });
    Track::new(FrameKind::Video, TIMESCALE, size, entry)
}

pub(super) fn hevc(record: &[u8]) -> Result<Track, Unsupported> {
    let hvcc_box: HvccBox = decode(HvccBox::TYPE, record)?;
    let mut arrays = hvcc_box.nalu_arrays.iter();
    let sps = arrays.find(|array| array.nal_unit_type.get() == HEVC_SPS);
    let sps = sps.and_then(|array| array.nalus.first());
    let sps = sps.and_then(|sps| h265::parse_sps(sps).ok());
    let size = sps.map(|sps| (sps.width, sps.height));
    let entry = SampleEntry::Hvc1(Hvc1Box {
        visual: visual(size),
        hvcc_box,
        unknown_boxes: Vec::new(),
    });
    Track::new(FrameKind::Video, TIMESCALE, size, entry)
}

pub(super) fn av1(record: &[u8]) -> Result<Track, Unsupported> {
    let av1c_box: Av1cBox = decode(Av1cBox::TYPE, record)?;
    let size = av1_size(&av1c_box.config_obus);
    let entry = SampleEntry::Av01(Av01Box {
        visual: visual(size),
        av1c_box,
        unknown_boxes: Vec::new(),
    });
    Track::new(FrameKind::Video, TIMESCALE, size, entry)
}

fn av1_size(config: &[u8]) -> Option<(u16, u16)> {
    let obus = av1_bits::parse_obus(config, av1_bits::Av1ObuParseContext::ConfigObus).ok()?;
    let header = obus
        .iter()
        .find(|obus| obus.obu_type == av1_bits::Av1ObuType::SequenceHeader)?;
    let header = av1_bits::parse_sequence_header(header.payload).ok()?;
    let width = u16::try_from(header.max_frame_width).ok()?;
    Some((width, u16::try_from(header.max_frame_height).ok()?))
}

/// The record is what stands in the box behind its version, 1, and flags; ffmpeg sends these too. How large pictures are, only key
/// frames say.
pub(super) fn vp9(record: &[u8]) -> Result<Track, Unsupported> {
    const FRONT: [u8; 4] = [1, 0, 0, 0];
    let record = match record.strip_prefix(&FRONT) {
        Some(record) if record.len() >= VPCC_BYTES => record,
        _ => record,
    };
    let vpcc_box: VpccBox = decode(VpccBox::TYPE, &[&FRONT, record].concat())?;
    let entry = SampleEntry::Vp09(Vp09Box {
        visual: visual(None),
        vpcc_box,
        unknown_boxes: Vec::new(),
    });
    Track::new(FrameKind::Video, TIMESCALE, None, entry)
}

/// Bytes of a configuration record of VP9 that has nothing to initialize.
const VPCC_BYTES: usize = 8;

/// How large the pictures are from this key frame of VP9 on [VP9 6.2, 7.2].
///
/// ```text
/// 2:2 · profile low:1 high:1 [3: 0:1] · shown again:1 = 0 · inter:1 = 0 · shown:1 · resilient:1 · 0x498342:24
/// [profile > 1: depth:1] · colours:3 · [7 is RGB, others: range:1] · [profile 1, 3: subsampling:2, 0:1; of RGB 0:1] · width - 1:16 · height - 1:16
/// ```
pub(super) fn vp9_size(picture: &[u8]) -> Option<(u16, u16)> {
    let mut bits = Bits::new(picture);
    (bits.take(2)? == 2).then_some(())?;
    let profile = bits.take(1)? | bits.take(1)? << 1;
    if profile == 3 {
        bits.take(1)?;
    }
    (bits.take(2)? == 0).then_some(())?;
    bits.take(2)?;
    (bits.take(24)? == 0x49_83_42).then_some(())?;
    if profile > 1 {
        bits.take(1)?;
    }
    let is_rgb = bits.take(3)? == 7;
    let more = match (is_rgb, profile) {
        (false, 1 | 3) => 4,
        (false, _) | (true, 1 | 3) => 1,
        (true, _) => 0,
    };
    bits.take(more)?;
    let mut side = || u16::try_from(bits.take(16)?.saturating_add(1)).ok();
    Some((side()?, side()?))
}

/// Reads a configuration record, which is the payload of the box `name`.
fn decode<T: Decode>(name: BoxType, record: &[u8]) -> Result<T, Unsupported> {
    let BoxType::Normal(name) = name else {
        return Err(Unsupported::Configuration);
    };
    let mut bytes = Vec::with_capacity(record.len().saturating_add(8));
    let size = u32::try_from(record.len().saturating_add(8));
    bytes.put_u32(size.map_err(|_| Unsupported::Configuration)?);
    bytes.put_slice(&name);
    bytes.put_slice(record);
    let decoded = T::decode(&bytes).map_err(|_| Unsupported::Configuration)?;
    Ok(decoded.0)
}

pub(super) fn visual(size: Option<(u16, u16)>) -> VisualSampleEntryFields {
    let (width, height) = size.unwrap_or_default();
    VisualSampleEntryFields {
        data_reference_index: VisualSampleEntryFields::DEFAULT_DATA_REFERENCE_INDEX,
        width,
        height,
        horizresolution: VisualSampleEntryFields::DEFAULT_HORIZRESOLUTION,
        vertresolution: VisualSampleEntryFields::DEFAULT_VERTRESOLUTION,
        frame_count: VisualSampleEntryFields::DEFAULT_FRAME_COUNT,
        compressorname: VisualSampleEntryFields::NULL_COMPRESSORNAME,
        depth: VisualSampleEntryFields::DEFAULT_DEPTH,
    }
}
