//! Fragments: samples of one or more tracks, with the times at which they are due.

use bytes::{BufMut as _, Bytes, BytesMut};
use shiguredo_mp4::boxes::{MfhdBox, MoofBox, TfdtBox, TfhdBox, TrafBox, TrunBox, TrunSample};
use shiguredo_mp4::{Encode, SampleFlags};

use crate::{FrameFlags, FrameKind};

/// One sample of a fragment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its bytes.
    pub payload: Bytes,
    /// How long it lasts, in ticks of the track.
    pub duration: u32,
    /// Presentation time minus decoding time, in ticks of the track.
    pub composition: i32,
    /// What is known of it.
    pub flags: FrameFlags,
}

/// The samples of one track in a fragment, one directly after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The track: 1 for the first of the [`init`](super::init), 2 for the second.
    pub track: u32,
    /// Audio or video.
    pub kind: FrameKind,
    /// When the first sample is decoded, in ticks of the track.
    pub decode_time: u64,
    /// The samples; a run without any is left out.
    pub samples: Vec<Sample>,
}

/// A fragment as it is sent: pieces one after the other, of which all but the first are payloads.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    pieces: Vec<Bytes>,
    bytes: usize,
}

impl Fragment {
    /// One that was made elsewhere.
    pub fn of(bytes: Bytes) -> Self {
        Self {
            bytes: bytes.len(),
            pieces: vec![bytes],
        }
    }

    /// The pieces in order.
    pub fn pieces(&self) -> &[Bytes] {
        &self.pieces
    }

    /// Bytes of all pieces.
    pub const fn len(&self) -> usize {
        self.bytes
    }

    /// Whether there is nothing in it.
    pub const fn is_empty(&self) -> bool {
        self.bytes == 0
    }
}

/// Makes a fragment; `sequence` counts fragments from 1. `None` if there are no samples, or more than a fragment can hold, which
/// is 2 GiB.
pub fn fragment(sequence: u32, runs: &[Run]) -> Option<Fragment> {
    let runs: Vec<&Run> = runs.iter().filter(|run| !run.samples.is_empty()).collect();
    let samples = || runs.iter().flat_map(|run| &run.samples);
    let media = samples().try_fold(0_usize, |sum, sample| sum.checked_add(sample.payload.len()))?;
    // Where the payloads are depends on the size of the boxes, which does not depend on where the payloads are.
    let size = moof(sequence, &runs, 0)?.encode_to_vec().ok()?.len();
    let head = moof(sequence, &runs, size.checked_add(MDAT_HEAD)?)?;
    let mut bytes = BytesMut::from(head.encode_to_vec().ok()?.as_slice());
    bytes.put_u32(u32::try_from(media.checked_add(MDAT_HEAD)?).ok()?);
    bytes.put_slice(b"mdat");
    let mut pieces = vec![bytes.freeze()];
    pieces.extend(samples().map(|sample| sample.payload.clone()));
    let bytes = pieces.iter().map(Bytes::len).sum();
    (!runs.is_empty()).then_some(Fragment { pieces, bytes })
}

fn moof(sequence: u32, runs: &[&Run], mut offset: usize) -> Option<MoofBox> {
    let mut traf_boxes = Vec::with_capacity(runs.len());
    for run in runs {
        traf_boxes.push(traf(run, i32::try_from(offset).ok()?));
        let bytes: usize = run.samples.iter().map(|sample| sample.payload.len()).sum();
        offset = offset.checked_add(bytes)?;
    }
    Some(MoofBox {
        mfhd_box: MfhdBox {
            sequence_number: sequence,
        },
        traf_boxes,
        unknown_boxes: Vec::new(),
    })
}

fn traf(run: &Run, data_offset: i32) -> TrafBox {
    let has_composition = run.samples.iter().any(|sample| sample.composition != 0);
    let samples = run.samples.iter().map(|sample| TrunSample {
        duration: Some(sample.duration),
        size: Some(u32::try_from(sample.payload.len()).unwrap_or(u32::MAX)),
        flags: Some(flags(run.kind, sample.flags)),
        composition_time_offset: has_composition.then(|| sample.composition.into()),
    });
    TrafBox {
        tfhd_box: TfhdBox {
            track_id: run.track,
            base_data_offset: None,
            sample_description_index: None,
            default_sample_duration: None,
            default_sample_size: None,
            default_sample_flags: None,
            duration_is_empty: false,
            default_base_is_moof: true,
        },
        tfdt_box: Some(TfdtBox {
            version: 1,
            base_media_decode_time: run.decode_time,
        }),
        trun_boxes: vec![TrunBox {
            data_offset: Some(data_offset),
            first_sample_flags: None,
            samples: samples.collect(),
        }],
        unknown_boxes: Vec::new(),
    }
}

/// Whether a decoder can begin here, and whether others refer to it.
fn flags(kind: FrameKind, flags: FrameFlags) -> SampleFlags {
    let is_start = kind == FrameKind::Audio || flags.is_key_frame();
    let depends_on = if is_start { 2 } else { 1 };
    let is_depended_on = if flags.is_disposable() { 2 } else { 0 };
    SampleFlags::from_fields(0, depends_on, is_depended_on, 0, 0, !is_start, 0)
}

/// Bytes of the header of the box with the payloads.
const MDAT_HEAD: usize = 8;
