//! The beginning of a fragmented file.

use std::num::NonZeroU32;
use std::time::Duration;

use bytes::Bytes;
use shiguredo_mp4::boxes::{
    Brand, DinfBox, FtypBox, HdlrBox, MdhdBox, MdiaBox, MediaHeader, MinfBox, MoovBox, MvexBox,
    MvhdBox, SmhdBox, StblBox, StcoBox, StscBox, StsdBox, StszBox, SttsBox, TkhdBox, TrakBox,
    TrexBox, VmhdBox,
};
use shiguredo_mp4::{Either, Encode, FixedPointNumber, LanguageCode, Mp4FileTime, SampleFlags};

use super::{Track, Unsupported};
use crate::FrameKind;

/// The initialization segment of these tracks, whose ids are 1, 2 and so on in this order.
///
/// # Errors
/// [`Unsupported::Configuration`]: the boxes cannot be written, as that of a track with a million parameter sets could not.
pub fn init(tracks: &[&Track]) -> Result<Bytes, Unsupported> {
    let traks: Option<Vec<_>> = (1..)
        .zip(tracks)
        .map(|(id, track)| trak(id, track))
        .collect();
    let trak_boxes = traks.ok_or(Unsupported::Configuration)?;
    let trex_boxes = (1..).zip(tracks).map(|(id, _)| TrexBox {
        track_id: id,
        default_sample_description_index: 1,
        default_sample_duration: 0,
        default_sample_size: 0,
        default_sample_flags: SampleFlags::empty(),
    });
    let ftyp = FtypBox {
        major_brand: Brand::ISO5,
        minor_version: 0,
        compatible_brands: vec![Brand::ISO5, Brand::ISO6, Brand::MP41],
    };
    let moov = MoovBox {
        mvhd_box: MvhdBox {
            creation_time: epoch(),
            modification_time: epoch(),
            timescale: NonZeroU32::MIN.saturating_add(999),
            duration: 0,
            rate: MvhdBox::DEFAULT_RATE,
            volume: MvhdBox::DEFAULT_VOLUME,
            matrix: MvhdBox::DEFAULT_MATRIX,
            next_track_id: u32::try_from(tracks.len())
                .map_or(u32::MAX, |count| count.saturating_add(1)),
        },
        mvex_box: Some(MvexBox {
            mehd_box: None,
            trex_boxes: trex_boxes.collect(),
            unknown_boxes: Vec::new(),
        }),
        trak_boxes,
        unknown_boxes: Vec::new(),
    };
    let mut bytes = ftyp
        .encode_to_vec()
        .map_err(|_| Unsupported::Configuration)?;
    let moov = moov
        .encode_to_vec()
        .map_err(|_| Unsupported::Configuration)?;
    bytes.extend(moov);
    Ok(bytes.into())
}

fn trak(id: u32, track: &Track) -> Option<TrakBox> {
    let (width, height) = track.size.unwrap_or_default();
    let (volume, handler_type, media_header) = match track.kind {
        FrameKind::Audio => (
            TkhdBox::DEFAULT_AUDIO_VOLUME,
            HdlrBox::HANDLER_TYPE_SOUN,
            MediaHeader::Smhd(SmhdBox::default()),
        ),
        _ => (
            TkhdBox::DEFAULT_VIDEO_VOLUME,
            HdlrBox::HANDLER_TYPE_VIDE,
            MediaHeader::Vmhd(VmhdBox::default()),
        ),
    };
    let tkhd_box = TkhdBox {
        flag_track_enabled: true,
        flag_track_in_movie: true,
        flag_track_in_preview: false,
        flag_track_size_is_aspect_ratio: false,
        creation_time: epoch(),
        modification_time: epoch(),
        track_id: id,
        duration: 0,
        layer: TkhdBox::DEFAULT_LAYER,
        alternate_group: TkhdBox::DEFAULT_ALTERNATE_GROUP,
        volume,
        matrix: TkhdBox::DEFAULT_MATRIX,
        width: FixedPointNumber::new(whole(width), 0),
        height: FixedPointNumber::new(whole(height), 0),
    };
    let mdhd_box = MdhdBox {
        creation_time: epoch(),
        modification_time: epoch(),
        timescale: NonZeroU32::new(track.timescale)?,
        duration: 0,
        language: LanguageCode::UNDEFINED,
    };
    let minf_box = MinfBox {
        media_header: Some(media_header),
        dinf_box: DinfBox::LOCAL_FILE,
        stbl_box: table(track),
        unknown_boxes: Vec::new(),
    };
    Some(TrakBox {
        tkhd_box,
        edts_box: None,
        mdia_box: MdiaBox {
            mdhd_box,
            hdlr_box: HdlrBox {
                handler_type,
                name: vec![0],
            },
            minf_box,
            unknown_boxes: Vec::new(),
        },
        unknown_boxes: Vec::new(),
    })
}

/// A sample table without samples, which are in the fragments.
fn table(track: &Track) -> StblBox {
    StblBox {
        stsd_box: StsdBox {
            entries: vec![track.entry.clone()],
        },
        stts_box: SttsBox {
            entries: Vec::new(),
        },
        ctts_box: None,
        cslg_box: None,
        stsc_box: StscBox {
            entries: Vec::new(),
        },
        stsz_box: StszBox::Variable {
            entry_sizes: Vec::new(),
        },
        stco_or_co64_box: Either::A(StcoBox {
            chunk_offsets: Vec::new(),
        }),
        stss_box: None,
        sdtp_box: None,
        unknown_boxes: Vec::new(),
    }
}

/// A size as this box has it.
fn whole(pixels: u16) -> i16 {
    i16::try_from(pixels).unwrap_or(i16::MAX)
}

/// Nobody needs to know when it was made.
fn epoch() -> Mp4FileTime {
    Mp4FileTime::from_unix_time(Duration::ZERO)
}
