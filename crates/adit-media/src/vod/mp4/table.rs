//! The samples of a track, as runs: nothing here has as many entries as there are samples but what the file has so too.

use shiguredo_mp4::Either;
use shiguredo_mp4::boxes::{
    Co64Box, CttsBox, CttsEntry, StcoBox, StscBox, StscEntry, StssBox, StszBox, SttsBox, SttsEntry,
};

use super::fragments::SAMPLES;

/// Where the samples of a track are, and when.
#[derive(Debug)]
pub(super) struct Table {
    stts: Vec<SttsEntry>,
    ctts: Vec<CttsEntry>,
    stsc: Vec<StscEntry>,
    sizes: StszBox,
    chunks: Either<StcoBox, Co64Box>,
    /// The numbers of key frames, from 1. Without them every sample is one.
    keys: Option<Vec<u32>>,
    count: u32,
}

/// The tables as they are in the file.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) stts: SttsBox,
    pub(super) ctts: Option<CttsBox>,
    pub(super) stsc: StscBox,
    pub(super) stsz: StszBox,
    pub(super) chunks: Either<StcoBox, Co64Box>,
    pub(super) stss: Option<StssBox>,
}

/// The list of chunks does not begin with the first, or goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ChunksOutOfOrder;

/// One sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sample {
    pub(super) offset: u64,
    pub(super) size: u32,
    /// Decoding time, in the units of the track.
    pub(super) dts: u64,
    /// Presentation time minus decoding time, likewise.
    pub(super) composition: i64,
    pub(super) is_key: bool,
}

/// Where one is in the tables.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    /// The sample, from 0.
    index: u32,
    dts: u64,
    stts: Run,
    ctts: Run,
    stsc: usize,
    /// The chunk, from 0, and the sample in it.
    chunk: u32,
    in_chunk: u32,
    /// Bytes of the chunk before the sample.
    before: u64,
}

/// A place in a list of runs.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    entry: usize,
    used: u32,
}

impl Run {
    /// The place of sample `index` in runs of these lengths, and the sample that its run begins with.
    fn find(lengths: impl Iterator<Item = u32>, index: u32) -> (Self, u32) {
        let mut first = 0_u32;
        let mut entry = 0_usize;
        for length in lengths {
            let next = first.saturating_add(length);
            if index < next {
                break;
            }
            (first, entry) = (next, entry.saturating_add(1));
        }
        let used = index.saturating_sub(first);
        (Self { entry, used }, first)
    }

    /// Goes on by one in runs of which this one has `length`, over those that are empty.
    fn advance(&mut self, length: impl Fn(usize) -> Option<u32>) {
        self.used = self.used.saturating_add(1);
        while length(self.entry).is_some_and(|length| self.used >= length) {
            self.entry = self.entry.saturating_add(1);
            self.used = 0;
        }
    }
}

impl Table {
    /// Where the tables disagree about how many samples there are, those of which all is known are the samples.
    ///
    /// # Errors
    /// When chunks are not in order.
    pub(super) fn new(parts: Parts) -> Result<Self, ChunksOutOfOrder> {
        let firsts = parts.stsc.entries.iter().map(|run| run.first_chunk.get());
        if firsts.clone().next().is_some_and(|first| first != 1)
            || !firsts.clone().is_sorted_by(|one, next| one < next)
        {
            return Err(ChunksOutOfOrder);
        }
        let timed = parts.stts.entries.iter();
        let timed = timed.fold(0_u32, |sum, run| sum.saturating_add(run.sample_count));
        let sized = match &parts.stsz {
            StszBox::Fixed { sample_count, .. } => *sample_count,
            StszBox::Variable { entry_sizes } => {
                u32::try_from(entry_sizes.len()).unwrap_or(u32::MAX)
            }
        };
        let mut this = Self {
            stts: parts.stts.entries,
            ctts: parts.ctts.map(|ctts| ctts.entries).unwrap_or_default(),
            stsc: parts.stsc.entries,
            sizes: parts.stsz,
            chunks: parts.chunks,
            keys: parts.stss.map(|stss| {
                let mut keys: Vec<u32> = stss.sample_numbers.iter().map(|n| n.get()).collect();
                keys.sort_unstable();
                keys
            }),
            count: 0,
        };
        this.count = timed.min(sized).min(this.placed());
        Ok(this)
    }

    /// Puts the samples of fragments behind those of the file itself; the first of them is decoded at this time.
    ///
    /// # Errors
    /// When the tables disagree about how many samples there were.
    pub(super) fn append(&mut self, more: Parts, first: u64) -> Result<(), ChunksOutOfOrder> {
        let count = self.count;
        let timed = self.stts.iter();
        let timed = timed.fold(0_u32, |sum, run| sum.saturating_add(run.sample_count));
        if timed != count || self.placed() != count || u64::from(count) > SAMPLES {
            return Err(ChunksOutOfOrder);
        }
        let gap = first.saturating_sub(self.dts(count));
        if let (Some(last), Ok(gap @ 1..)) = (self.stts.last_mut(), u32::try_from(gap)) {
            last.sample_count = last.sample_count.saturating_sub(1);
            let sample_delta = last.sample_delta.saturating_add(gap);
            self.stts.push(SttsEntry {
                sample_count: 1,
                sample_delta,
            });
        }
        self.stts.extend(more.stts.entries);
        let composed = self.ctts.iter();
        let composed = composed.fold(0_u32, |sum, run| sum.saturating_add(run.sample_count));
        self.ctts.push(CttsEntry {
            sample_count: count.saturating_sub(composed),
            sample_offset: 0,
        });
        self.ctts
            .extend(more.ctts.into_iter().flat_map(|ctts| ctts.entries));
        let mut entry_sizes: Vec<u32> = (0..count).map(|index| self.size(index)).collect();
        if let StszBox::Variable { entry_sizes: more } = more.stsz {
            entry_sizes.extend(more);
        }
        let all = u32::try_from(entry_sizes.len()).unwrap_or(u32::MAX);
        let own_keys = self.keys.take().unwrap_or_else(|| (1..=count).collect());
        let more_keys: Vec<u32> = match more.stss {
            Some(stss) => stss.sample_numbers.iter().map(|n| n.get()).collect(),
            None => (1..=all.saturating_sub(count)).collect(),
        };
        let more_keys = more_keys.iter().map(|key| key.saturating_add(count));
        self.keys = Some(own_keys.into_iter().chain(more_keys).collect());
        self.sizes = StszBox::Variable { entry_sizes };
        let chunks = self.chunk_count();
        self.stsc
            .extend(more.stsc.entries.into_iter().map(|mut run| {
                run.first_chunk = run.first_chunk.saturating_add(chunks);
                run
            }));
        let own_chunks = (0..chunks).filter_map(|chunk| self.chunk_offset(chunk));
        let mut chunk_offsets: Vec<u64> = own_chunks.collect();
        if let Either::B(more) = more.chunks {
            chunk_offsets.extend(more.chunk_offsets);
        }
        self.chunks = Either::B(Co64Box { chunk_offsets });
        self.count = all;
        Ok(())
    }

    /// How many samples there are.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// The earliest presentation of a sample, counted from its decoding; 0 if none is before it.
    pub(super) fn earliest(&self) -> i64 {
        let offsets = self.ctts.iter().map(|run| run.sample_offset);
        offsets.min().unwrap_or(0).min(0)
    }

    const fn chunk_count(&self) -> u32 {
        let len = match &self.chunks {
            Either::A(chunks) => chunks.chunk_offsets.len(),
            Either::B(chunks) => chunks.chunk_offsets.len(),
        };
        if len > u32::MAX as usize {
            u32::MAX
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "it is not larger")]
            {
                len as u32
            }
        }
    }

    fn chunk_offset(&self, chunk: u32) -> Option<u64> {
        let chunk = usize::try_from(chunk).ok()?;
        match &self.chunks {
            Either::A(chunks) => chunks
                .chunk_offsets
                .get(chunk)
                .map(|offset| u64::from(*offset)),
            Either::B(chunks) => chunks.chunk_offsets.get(chunk).copied(),
        }
    }

    /// The runs of chunks that are alike: first chunk from 0, how many, samples in each.
    fn chunk_runs(&self) -> impl Iterator<Item = (u32, u32, u32)> {
        let all = self.chunk_count();
        let firsts = self
            .stsc
            .iter()
            .map(|run| run.first_chunk.get().saturating_sub(1));
        let ends = firsts.clone().skip(1).chain([all]);
        let runs = self.stsc.iter().zip(firsts.zip(ends));
        runs.map(move |(run, (first, end))| {
            let chunks = end.min(all).saturating_sub(first);
            (first, chunks, run.sample_per_chunk)
        })
    }

    /// How many samples the chunks hold.
    fn placed(&self) -> u32 {
        self.chunk_runs().fold(0, |sum, (_, chunks, samples)| {
            sum.saturating_add(chunks.saturating_mul(samples))
        })
    }

    fn size(&self, index: u32) -> u32 {
        match &self.sizes {
            StszBox::Fixed { sample_size, .. } => sample_size.get(),
            StszBox::Variable { entry_sizes } => usize::try_from(index)
                .ok()
                .and_then(|index| entry_sizes.get(index).copied())
                .unwrap_or(0),
        }
    }

    /// Bytes of the samples from `first` until before `end`.
    fn bytes(&self, first: u32, end: u32) -> u64 {
        match &self.sizes {
            StszBox::Fixed { sample_size, .. } => {
                let count = u64::from(end.saturating_sub(first));
                count.saturating_mul(u64::from(sample_size.get()))
            }
            StszBox::Variable { .. } => (first..end).fold(0, |sum, index| {
                u64::saturating_add(sum, u64::from(self.size(index)))
            }),
        }
    }

    /// Stands before a sample, from 0.
    pub(super) fn cursor(&self, index: u32) -> Cursor {
        let (stts, _) = Run::find(self.stts.iter().map(|run| run.sample_count), index);
        let (ctts, _) = Run::find(self.ctts.iter().map(|run| run.sample_count), index);
        let mut cursor = Cursor {
            index,
            dts: self.dts(index),
            stts,
            ctts,
            stsc: self.stsc.len(),
            chunk: self.chunk_count(),
            in_chunk: 0,
            before: 0,
        };
        let mut first = 0_u32;
        for (entry, (first_chunk, chunks, samples)) in self.chunk_runs().enumerate() {
            let next = first.saturating_add(chunks.saturating_mul(samples));
            if index < next {
                let within = index.saturating_sub(first);
                let chunk = within.checked_div(samples).unwrap_or(0);
                cursor.in_chunk = within.saturating_sub(chunk.saturating_mul(samples));
                cursor.stsc = entry;
                cursor.chunk = first_chunk.saturating_add(chunk);
                cursor.before = self.bytes(index.saturating_sub(cursor.in_chunk), index);
                break;
            }
            first = next;
        }
        cursor
    }

    /// The decoding time of a sample; of one behind the last, when that is over.
    pub(super) fn dts(&self, index: u32) -> u64 {
        let (mut dts, mut left) = (0_u64, index);
        for run in &self.stts {
            let samples = run.sample_count.min(left);
            let length = u64::from(samples).saturating_mul(u64::from(run.sample_delta));
            dts = dts.saturating_add(length);
            left = left.saturating_sub(samples);
            if left == 0 {
                break;
            }
        }
        dts
    }

    /// The last sample at or before a decoding time; the first one if that is before all.
    pub(super) fn at_or_before(&self, time: u64) -> u32 {
        let (mut dts, mut index) = (0_u64, 0_u32);
        for run in &self.stts {
            let delta = u64::from(run.sample_delta);
            let length = delta.saturating_mul(u64::from(run.sample_count));
            let end = dts.saturating_add(length);
            if time < end {
                let within = time.saturating_sub(dts).checked_div(delta).unwrap_or(0);
                index = index.saturating_add(u32::try_from(within).unwrap_or(u32::MAX));
                break;
            }
            dts = end;
            index = index.saturating_add(run.sample_count);
        }
        index.min(self.count.saturating_sub(1))
    }

    /// The last key frame at or before a sample; the first one if there is none before.
    pub(super) fn key_before(&self, index: u32) -> u32 {
        let Some(keys) = &self.keys else {
            return index;
        };
        let count = keys.partition_point(|number| number.saturating_sub(1) <= index);
        let key = keys.get(count.saturating_sub(1));
        key.map_or(0, |number| number.saturating_sub(1))
            .min(self.count.saturating_sub(1))
    }

    fn is_key(&self, index: u32) -> bool {
        let number = index.saturating_add(1);
        self.keys
            .as_ref()
            .is_none_or(|keys| keys.binary_search(&number).is_ok())
    }
}

impl Cursor {
    /// The sample before which it stands; `None` behind the last.
    pub(super) fn sample(&self, table: &Table) -> Option<Sample> {
        if self.index >= table.count {
            return None;
        }
        let chunk = table.chunk_offset(self.chunk)?;
        Some(Sample {
            offset: chunk.saturating_add(self.before),
            size: table.size(self.index),
            dts: self.dts,
            composition: table
                .ctts
                .get(self.ctts.entry)
                .map_or(0, |run| run.sample_offset),
            is_key: table.is_key(self.index),
        })
    }

    pub(super) fn advance(&mut self, table: &Table) {
        let delta = table
            .stts
            .get(self.stts.entry)
            .map_or(0, |run| run.sample_delta);
        self.dts = self.dts.saturating_add(u64::from(delta));
        self.before = self
            .before
            .saturating_add(u64::from(table.size(self.index)));
        self.index = self.index.saturating_add(1);
        self.stts
            .advance(|at| table.stts.get(at).map(|run| run.sample_count));
        self.ctts
            .advance(|at| table.ctts.get(at).map(|run| run.sample_count));
        self.in_chunk = self.in_chunk.saturating_add(1);
        let samples = table
            .stsc
            .get(self.stsc)
            .map_or(0, |run| run.sample_per_chunk);
        if self.in_chunk >= samples {
            (self.in_chunk, self.before) = (0, 0);
            self.next_chunk(table);
        }
    }

    /// Goes to the next chunk that has samples.
    fn next_chunk(&mut self, table: &Table) {
        self.chunk = self.chunk.saturating_add(1);
        loop {
            let next = self.stsc.saturating_add(1);
            let Some(run) = table.stsc.get(next) else {
                return;
            };
            let first = run.first_chunk.get().saturating_sub(1);
            let is_empty = table
                .stsc
                .get(self.stsc)
                .is_none_or(|run| run.sample_per_chunk == 0);
            if self.chunk < first && !is_empty {
                return;
            }
            self.stsc = next;
            self.chunk = self.chunk.max(first);
        }
    }
}

#[cfg(test)]
mod tests;
