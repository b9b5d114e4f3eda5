//! The samples of a fragmented file, in tables like those of a plain one.
//!
//! ```text
//! ftyp · moov { … mvex { trex, … } } · moof { traf { tfhd, tfdt, trun, … }, … } · mdat · moof …
//! ```
//!
//! Such are files that must be of use whenever their writer ends: of OBS and of ffmpeg's `frag_keyframe`. All fragments are read at
//! the beginning, so what is behind is as with plain files.

use std::io::{Read, Seek};
use std::num::NonZeroU32;

use shiguredo_mp4::Either;
use shiguredo_mp4::boxes::{
    Co64Box, CttsBox, CttsEntry, StscBox, StscEntry, StssBox, StszBox, SttsBox, SttsEntry,
};

use super::boxes::{Boxes, Place, one};
use super::table::Parts;
use crate::limits::{MP4_TABLE_BYTES, MP4_TRACKS};
use crate::read::Reader;
use crate::vod::VodError;

/// Samples of a file: as many as the tables of a plain one have room for, of which each takes 16 bytes at most.
pub(super) const SAMPLES: u64 = MP4_TABLE_BYTES / 16;

/// The samples of all tracks.
#[derive(Debug)]
pub(super) struct Fragments {
    tracks: Vec<Samples>,
    /// So many more may come, and one: then there are too many.
    left: u64,
}

/// The samples of a track.
#[derive(Debug, Default)]
pub(super) struct Samples {
    track: u32,
    usual: Usual,
    /// When the first is decoded, in units of the track.
    first: Option<u64>,
    /// When the next is.
    dts: u64,
    stts: Vec<SttsEntry>,
    ctts: Vec<CttsEntry>,
    sizes: Vec<u32>,
    stsc: Vec<StscEntry>,
    chunks: Vec<u64>,
    keys: Vec<NonZeroU32>,
}

/// What holds for samples of which nothing else is said.
#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    duration: u32,
    size: u32,
    flags: u32,
}

/// A part of a fragment, as far as it is read.
#[derive(Debug)]
struct Part {
    usual: Usual,
    /// What places are counted from, and where the next samples are if nothing else is said.
    base: u64,
    next: u64,
}

impl Fragments {
    /// Reads the fragments of a file; without any there are no samples. The last one may be cut off.
    pub(super) fn read<S: Read + Seek>(
        boxes: &mut Boxes<'_, S>,
        top: &[Place],
        moov: &[Place],
    ) -> Result<Self, VodError> {
        let mut this = Self {
            tracks: Vec::new(),
            left: SAMPLES.saturating_add(1),
        };
        let mut moofs = top.iter().filter(|it| it.name.0 == *b"moof").peekable();
        if moofs.peek().is_none() {
            return Ok(this);
        }
        if let Some(mvex) = one(moov, *b"mvex") {
            let children = boxes.children(mvex)?;
            let trex = children.iter().filter(|it| it.name.0 == *b"trex");
            for trex in trex.take(MP4_TRACKS) {
                let bytes = boxes.inside(trex)?;
                this.tracks.extend(described(&bytes));
            }
        }
        while let Some(moof) = moofs.next() {
            let bytes = boxes.inside(moof)?;
            let is_whole = this.add(moof.offset, &bytes).is_some();
            if this.left == 0 {
                return Err(moof.problem(format!("brings more than {SAMPLES} samples")));
            }
            if !is_whole && moofs.peek().is_some() {
                return Err(moof.problem("cannot be read"));
            }
        }
        Ok(this)
    }

    /// Whether there are none.
    pub(super) const fn is_empty(&self) -> bool {
        self.tracks.is_empty()
    }

    /// The tables of a track, and when its first sample is decoded.
    pub(super) fn of(&mut self, track: u32) -> Option<(Parts, u64)> {
        let at = self
            .tracks
            .iter()
            .position(|samples| samples.track == track)?;
        let samples = self.tracks.swap_remove(at);
        let first = samples.first?;
        Some((samples.parts(), first))
    }

    /// Adds what is in a fragment; `None` where it makes no sense.
    fn add(&mut self, offset: u64, fragment: &[u8]) -> Option<()> {
        let mut fragment = Reader::new(fragment);
        let mut end = offset;
        while let Some((name, inside)) = next_box(&mut fragment)? {
            if name == *b"traf" {
                end = self.add_part(offset, end, inside)?;
            }
        }
        Some(())
    }

    /// Adds what a fragment has of one track, and gives where the samples end.
    fn add_part(&mut self, fragment: u64, end: u64, mut traf: Reader<'_>) -> Option<u64> {
        let (name, mut head) = next_box(&mut traf)??;
        if name != *b"tfhd" {
            return None;
        }
        let flags = head.u24_behind_version()?.1;
        let track = head.u32()?;
        let samples = self
            .tracks
            .iter_mut()
            .find(|samples| samples.track == track)?;
        let mut usual = samples.usual;
        let base = match flags & 1 {
            0 if flags & 0x2_0000 == 0 => end,
            0 => fragment,
            _ => head.u64()?,
        };
        if flags & 2 != 0 {
            head.u32()?;
        }
        for (flag, value) in [
            (0x08, &mut usual.duration),
            (0x10, &mut usual.size),
            (0x20, &mut usual.flags),
        ] {
            if flags & flag != 0 {
                *value = head.u32()?;
            }
        }
        let mut part = Part {
            usual,
            base,
            next: base,
        };
        while let Some((name, mut inside)) = next_box(&mut traf)? {
            match &name {
                b"tfdt" => {
                    let (version, _) = inside.u24_behind_version()?;
                    let time = if version == 0 {
                        inside.u32()?.into()
                    } else {
                        inside.u64()?
                    };
                    samples.go_on_at(time);
                }
                b"trun" => samples.add_run(&mut part, inside, &mut self.left)?,
                _ => {}
            }
        }
        Some(part.next)
    }
}

impl Samples {
    /// The next sample is decoded then, so the one before lasts so long. Time does not go back.
    fn go_on_at(&mut self, time: u64) {
        if self.first.is_none() {
            (self.first, self.dts) = (Some(time), time);
        }
        let gap = u32::try_from(time.saturating_sub(self.dts)).unwrap_or(u32::MAX);
        if gap > 0
            && let Some(last) = self.stts.last_mut()
        {
            let delta = last.sample_delta.saturating_add(gap);
            last.sample_count = last.sample_count.saturating_sub(1);
            self.stts.push(SttsEntry {
                sample_count: 1,
                sample_delta: delta,
            });
            self.dts = self.dts.saturating_add(gap.into());
        }
    }

    fn add_run(&mut self, part: &mut Part, mut run: Reader<'_>, left: &mut u64) -> Option<()> {
        let (version, flags) = run.u24_behind_version()?;
        let count = run.u32()?;
        if flags & 1 != 0 {
            let offset = i64::from(run.u32()?.cast_signed());
            part.next = part.base.checked_add_signed(offset)?;
        }
        let first_flags = if flags & 4 == 0 {
            None
        } else {
            Some(run.u32()?)
        };
        self.first.get_or_insert(self.dts);
        let offset = part.next;
        let mut added = 0;
        for index in 0..count {
            *left = left.checked_sub(1)?;
            let field = |run: &mut Reader<'_>, flag, usual| {
                if flags & flag == 0 {
                    Some(usual)
                } else {
                    run.u32()
                }
            };
            let duration = field(&mut run, 0x100, part.usual.duration)?;
            let size = field(&mut run, 0x200, part.usual.size)?;
            let usual = first_flags.filter(|_| index == 0);
            let flags = field(&mut run, 0x400, usual.unwrap_or(part.usual.flags))?;
            let composition = field(&mut run, 0x800, 0)?;
            let composition = if version == 0 {
                i64::from(composition)
            } else {
                i64::from(composition.cast_signed())
            };
            self.push(duration, size, flags & NOT_A_KEY == 0, composition)?;
            part.next = part.next.saturating_add(size.into());
            added += 1;
        }
        if added > 0 {
            self.place(offset, added);
        }
        Some(())
    }

    fn push(&mut self, duration: u32, size: u32, is_key: bool, composition: i64) -> Option<()> {
        self.sizes.push(size);
        let number = u32::try_from(self.sizes.len()).ok()?;
        self.keys.extend(NonZeroU32::new(number).filter(|_| is_key));
        self.dts = self.dts.saturating_add(duration.into());
        match self.stts.last_mut() {
            Some(run) if run.sample_delta == duration => run.sample_count += 1,
            _ => self.stts.push(SttsEntry {
                sample_count: 1,
                sample_delta: duration,
            }),
        }
        match self.ctts.last_mut() {
            Some(run) if run.sample_offset == composition => run.sample_count += 1,
            _ => self.ctts.push(CttsEntry {
                sample_count: 1,
                sample_offset: composition,
            }),
        }
        Some(())
    }

    /// The newest samples are there, one after the other.
    fn place(&mut self, offset: u64, samples: u32) {
        self.chunks.push(offset);
        let number = u32::try_from(self.chunks.len()).ok();
        let is_as_before = self
            .stsc
            .last()
            .is_some_and(|run| run.sample_per_chunk == samples);
        if let Some(first_chunk) = number.and_then(NonZeroU32::new)
            && !is_as_before
        {
            self.stsc.push(StscEntry {
                first_chunk,
                sample_per_chunk: samples,
                sample_description_index: NonZeroU32::MIN,
            });
        }
    }

    fn parts(self) -> Parts {
        let has_others = self.keys.len() < self.sizes.len();
        let chunk_offsets = self.chunks;
        Parts {
            stts: SttsBox { entries: self.stts },
            ctts: Some(CttsBox {
                version: 1,
                entries: self.ctts,
            }),
            stsc: StscBox { entries: self.stsc },
            stsz: StszBox::Variable {
                entry_sizes: self.sizes,
            },
            chunks: Either::B(Co64Box { chunk_offsets }),
            stss: has_others.then_some(StssBox {
                sample_numbers: self.keys,
            }),
        }
    }
}

/// What a `trex` says of its track.
fn described(trex: &[u8]) -> Option<Samples> {
    let mut trex = Reader::new(trex);
    trex.u32()?;
    let track = trex.u32()?;
    trex.u32()?;
    let usual = Usual {
        duration: trex.u32()?,
        size: trex.u32()?,
        flags: trex.u32()?,
    };
    Some(Samples {
        track,
        usual,
        ..Samples::default()
    })
}

/// The next of boxes in memory: its name and what is in it; `None` in it at their end, and instead of it where one is cut off.
#[expect(clippy::option_option, reason = "the end is no mistake")]
fn next_box<'a>(boxes: &mut Reader<'a>) -> Option<Option<([u8; 4], Reader<'a>)>> {
    if boxes.is_empty() {
        return Some(None);
    }
    let size = usize::try_from(boxes.u32()?).ok()?;
    let name = boxes.four()?;
    let inside = boxes.part(size.checked_sub(8)?)?;
    Some(Some((name, inside)))
}

/// `sample_is_non_sync_sample`.
const NOT_A_KEY: u32 = 0x1_0000;

#[cfg(test)]
mod tests;
