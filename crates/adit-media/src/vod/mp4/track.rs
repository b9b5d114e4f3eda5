//! The tracks of an MP4 file.

use std::io::{Read, Seek};
use std::num::NonZeroU32;

use adit_amf::amf0::Object;
use bytes::Bytes;
use shiguredo_mp4::Either;
use shiguredo_mp4::boxes::{ElstBox, HdlrBox, MdhdBox, MvhdBox, TkhdBox};

use super::boxes::{Boxes, Place, one};
use super::config::{self, Codec, Entry};
use super::fragments::Fragments;
use super::table::{Parts, Sample, Table};
use crate::limits::MP4_TRACKS;
use crate::source::Source;
use crate::vod::VodError;
use crate::{FourCc, FrameKind};

/// Composition times have 24 bits and a sign.
const COMPOSITION: i64 = (1 << 23) - 1;

/// Samples that are shown longer before they are decoded, in seconds, are not to be believed.
const LEAD_SECONDS: i64 = 10;

/// So many samples next to the one that is computed are looked at, because times are rounded.
const NEAR: u32 = 4;

/// A track that is played.
#[derive(Debug)]
pub(super) struct Track {
    codec: Codec,
    pub(super) header: Option<Bytes>,
    shape: (u32, u32),
    timescale: NonZeroU32,
    start: Start,
    /// So much earlier than it says every sample is decoded, so that none is shown before it is decoded.
    lead: i64,
    pub(super) table: Table,
}

/// Where a track begins, by its edit list.
#[derive(Clone, Copy, Debug, Default)]
struct Start {
    /// So much later than the file, in milliseconds.
    delay_ms: i64,
    /// With this time of its own, in its units.
    media: i64,
}

impl Track {
    pub(super) const fn kind(&self) -> FrameKind {
        self.codec.kind()
    }

    pub(super) const fn name(&self) -> FourCc {
        self.codec.name()
    }

    /// When something is that has this time in the track, in milliseconds of the file; before 0 what comes before the
    /// beginning of its edit.
    pub(super) fn ms(&self, time: u64) -> i64 {
        let time = i64::try_from(time).unwrap_or(i64::MAX);
        self.to_ms(time.saturating_sub(self.lead))
    }

    fn to_ms(&self, time: i64) -> i64 {
        let scale = i128::from(self.timescale.get());
        let ticks = i128::from(time).saturating_sub(i128::from(self.start.media));
        // Rounded to the nearest.
        let twice = ticks.saturating_mul(2000).saturating_add(scale);
        let ms = twice.div_euclid(scale.saturating_mul(2));
        i64::try_from(ms)
            .unwrap_or(i64::MAX)
            .saturating_add(self.start.delay_ms)
    }

    /// When a sample is due for decoding, in milliseconds.
    pub(super) fn time_of(&self, sample: u32) -> i64 {
        self.ms(self.table.dts(sample))
    }

    /// When the last sample is over.
    pub(super) fn end(&self) -> i64 {
        self.time_of(self.table.count())
    }

    /// The last key frame at or before a time in milliseconds; the first one if there is none before.
    pub(super) fn key_before(&self, ms: i64) -> u32 {
        let sample = self.table.at_or_before(self.ticks(ms));
        // Rounding may have put it, or the next one, on the other side.
        let next = sample.saturating_add(1);
        let sample = if next < self.table.count() && self.time_of(next) <= ms {
            next
        } else if self.time_of(sample) > ms {
            sample.saturating_sub(1)
        } else {
            sample
        };
        self.table.key_before(sample)
    }

    /// The first sample at or after a time in milliseconds.
    pub(super) fn first_at(&self, ms: i64) -> u32 {
        let sample = self.table.at_or_before(self.ticks(ms)).saturating_sub(1);
        let near = (0..NEAR).map(|step| sample.saturating_add(step));
        let mut later = near.filter(|sample| self.time_of(*sample) >= ms);
        later.next().unwrap_or(sample)
    }

    /// The time in the track at a time in milliseconds.
    fn ticks(&self, ms: i64) -> u64 {
        let ms = i128::from(ms.saturating_sub(self.start.delay_ms));
        let ticks = ms
            .saturating_mul(i128::from(self.timescale.get()))
            .div_euclid(1000);
        let ticks = ticks
            .saturating_add(i128::from(self.start.media))
            .saturating_add(i128::from(self.lead));
        u64::try_from(ticks.max(0)).unwrap_or(u64::MAX)
    }

    /// What stands in front of a sample.
    pub(super) fn front(&self, sample: &Sample) -> Vec<u8> {
        let dts = i64::try_from(sample.dts).unwrap_or(i64::MAX);
        let pts = self.to_ms(dts.saturating_add(sample.composition));
        let composition = pts.saturating_sub(self.ms(sample.dts));
        let composition = composition.clamp(-COMPOSITION, COMPOSITION);
        self.codec
            .front(sample, i32::try_from(composition).unwrap_or(0))
    }

    /// Adds what `onMetaData` says about it.
    pub(super) fn describe(&self, members: Object) -> Object {
        let (first, second) = self.shape;
        let (first, second) = (f64::from(first), f64::from(second));
        let id = self.codec.id();
        match self.kind() {
            FrameKind::Video => members
                .with("width", first)
                .with("height", second)
                .with("videocodecid", id),
            _ => members
                .with("audiosamplerate", first)
                .with("audiochannels", second)
                .with("stereo", second > 1.0)
                .with("audiocodecid", id),
        }
    }
}

/// All tracks that can be played, and what the others are.
pub(super) fn read_all<S: Read + Seek>(
    source: &mut Source<S>,
) -> Result<(Vec<Track>, Vec<FourCc>), VodError> {
    let mut boxes = Boxes::new(source);
    let top = boxes.all()?;
    let moov = one(&top, *b"moov").ok_or(VodError::Unfinished)?;
    let moov = boxes.children(moov)?;
    let mut fragments = Fragments::read(&mut boxes, &top, &moov)?;
    let movie_scale = match one(&moov, *b"mvhd") {
        Some(mvhd) => boxes.read::<MvhdBox>(mvhd)?.timescale,
        None => NonZeroU32::MIN,
    };
    let (mut tracks, mut left_out) = (Vec::new(), Vec::new());
    let places = moov.iter().filter(|place| place.name.0 == *b"trak");
    for place in places.take(MP4_TRACKS) {
        match track(&mut boxes, place, movie_scale, &mut fragments)? {
            Found::Track(track) => tracks.push(*track),
            Found::LeftOut(name) => left_out.push(name),
        }
    }
    Ok((tracks, left_out))
}

enum Found {
    Track(Box<Track>),
    LeftOut(FourCc),
}

fn track<S: Read + Seek>(
    boxes: &mut Boxes<'_, S>,
    trak: &Place,
    movie_scale: NonZeroU32,
    fragments: &mut Fragments,
) -> Result<Found, VodError> {
    let children = boxes.children(trak)?;
    let media = needed(&children, *b"mdia", trak)?;
    let mdia = boxes.children(media)?;
    let handler = boxes
        .read::<HdlrBox>(needed(&mdia, *b"hdlr", media)?)?
        .handler_type;
    if !matches!(&handler, b"vide" | b"soun") {
        return Ok(Found::LeftOut(FourCc(handler)));
    }
    let information = needed(&mdia, *b"minf", media)?;
    let minf = boxes.children(information)?;
    let tables = needed(&minf, *b"stbl", information)?;
    let stbl = boxes.children(tables)?;
    let stsd = needed(&stbl, *b"stsd", tables)?;
    // Version, flags and a count stand before the entries.
    let entries = boxes.within(stsd.inside.saturating_add(8), stsd.end)?;
    let Some(place) = entries.first() else {
        return Ok(Found::LeftOut(FourCc(handler)));
    };
    let Some(entry) = config::entry(boxes, place)? else {
        return Ok(Found::LeftOut(place.name));
    };
    let timescale = boxes
        .read::<MdhdBox>(needed(&mdia, *b"mdhd", media)?)?
        .timescale;
    let mut start = start(boxes, &children, movie_scale)?;
    let mut table = table(boxes, &stbl, tables)?;
    add_fragments(boxes, trak, &children, fragments, &mut start, &mut table)?;
    if table.count() == 0 {
        return Ok(Found::LeftOut(place.name));
    }
    let Entry {
        codec,
        header,
        shape,
    } = entry;
    Ok(Found::Track(Box::new(Track {
        codec,
        header,
        shape,
        timescale,
        start,
        lead: lead(&table, timescale),
        table,
    })))
}

/// Puts what fragments have of a track behind what is in it.
fn add_fragments<S: Read + Seek>(
    boxes: &mut Boxes<'_, S>,
    trak: &Place,
    children: &[Place],
    fragments: &mut Fragments,
    start: &mut Start,
    table: &mut Table,
) -> Result<(), VodError> {
    let Some(head) = one(children, *b"tkhd").filter(|_| !fragments.is_empty()) else {
        return Ok(());
    };
    let track = boxes.read::<TkhdBox>(head)?.track_id;
    let Some((parts, first)) = fragments.of(track) else {
        return Ok(());
    };
    let unfit = |_| trak.problem("has tables that do not fit its fragments");
    if table.count() > 0 {
        return table.append(parts, first).map_err(unfit);
    }
    let first = i64::try_from(first).unwrap_or(i64::MAX);
    start.media = start.media.saturating_sub(first);
    *table = Table::new(parts).map_err(unfit)?;
    Ok(())
}

fn needed<'a>(children: &'a [Place], name: [u8; 4], parent: &Place) -> Result<&'a Place, VodError> {
    one(children, name).ok_or_else(|| parent.problem(format!("has no {}", FourCc(name))))
}

/// The beginning of an edit list: what may come before, then a part of the track. Further parts are not made.
fn start<S: Read + Seek>(
    boxes: &mut Boxes<'_, S>,
    trak: &[Place],
    movie_scale: NonZeroU32,
) -> Result<Start, VodError> {
    let Some(edts) = one(trak, *b"edts") else {
        return Ok(Start::default());
    };
    let children = boxes.children(edts)?;
    let Some(elst) = one(&children, *b"elst") else {
        return Ok(Start::default());
    };
    let edits = boxes.read::<ElstBox>(elst)?.entries;
    let mut empty = 0_u64;
    for edit in edits {
        if let 0.. = edit.media_time {
            let ms = u128::from(empty).saturating_mul(1000) / u128::from(movie_scale.get());
            return Ok(Start {
                delay_ms: i64::try_from(ms).unwrap_or(i64::MAX),
                media: edit.media_time,
            });
        }
        empty = empty.saturating_add(edit.edit_duration);
    }
    Ok(Start::default())
}

/// How much earlier samples are to be decoded than the file says.
fn lead(table: &Table, timescale: NonZeroU32) -> i64 {
    let lead = table.earliest().saturating_neg().max(0);
    let most = i64::from(timescale.get()).saturating_mul(LEAD_SECONDS);
    if lead > most { 0 } else { lead }
}

fn table<S: Read + Seek>(
    boxes: &mut Boxes<'_, S>,
    stbl: &[Place],
    trak: &Place,
) -> Result<Table, VodError> {
    let stsc = needed(stbl, *b"stsc", trak)?;
    let chunks = match one(stbl, *b"co64") {
        Some(co64) => Either::B(boxes.read(co64)?),
        None => Either::A(boxes.read(needed(stbl, *b"stco", trak)?)?),
    };
    let parts = Parts {
        stts: boxes.read(needed(stbl, *b"stts", trak)?)?,
        ctts: one(stbl, *b"ctts")
            .map(|ctts| boxes.read(ctts))
            .transpose()?,
        stsc: boxes.read(stsc)?,
        stsz: boxes.read(needed(stbl, *b"stsz", trak)?)?,
        chunks,
        stss: one(stbl, *b"stss")
            .map(|stss| boxes.read(stss))
            .transpose()?,
    };
    Table::new(parts).map_err(|_| stsc.problem("lists its chunks out of order"))
}
