//! Video tracks: H.264, H.265, AV1, by their configuration records.

use bytes::BufMut as _;
use shiguredo_mp4::bitstream::{av1 as av1_bits, h264, h265};
use shiguredo_mp4::boxes::{
    Av01Box, Av1cBox, Avc1Box, AvccBox, Hvc1Box, HvccBox, SampleEntry, VisualSampleEntryFields,
};
use shiguredo_mp4::{BoxType, Decode};

use super::track::{Track, Unsupported};
use crate::FrameKind;

/// Ticks a second of every video track: a multiple of milliseconds, and what everybody uses.
const TIMESCALE: u32 = 90_000;
/// H.265 NAL unit type of a sequence parameter set.
const HEVC_SPS: u8 = 33;

pub(super) fn avc(record: &[u8]) -> Result<Track, Unsupported> {
    let avcc_box: AvccBox = decode(AvccBox::TYPE, record)?;
    let sps = avcc_box.sps_list.first().map(Vec::as_slice);
    let sps = sps.and_then(|sps| h264::parse_sps(sps).ok());
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

fn visual(size: Option<(u16, u16)>) -> VisualSampleEntryFields {
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
