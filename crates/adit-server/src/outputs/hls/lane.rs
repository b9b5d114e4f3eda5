//! The samples of one track for the part that is being made.

use adit_media::FrameKind;
use adit_media::fmp4::{Run, Sample, Track};

/// One track while it is cut.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) track: Track,
    /// Samples of the part, of which the first is decoded at `start`.
    pub(super) samples: Vec<Sample>,
    /// What they take in memory.
    pub(super) bytes: usize,
    start: u64,
    /// When the next sample of sound is due, if it comes directly after the last one.
    next: Option<u64>,
    /// A picture of which it is not known how long it lasts, and when it is due.
    held: Option<(i64, Sample)>,
    /// When the last sample was due, in milliseconds.
    pub(super) last: Option<i64>,
    /// Since when it is waited for the first one.
    awaited: Option<i64>,
    /// How long the last picture lasted, in milliseconds.
    pub(super) step: i64,
    /// The longest of this part and of the one before.
    longest_steps: (i64, i64),
}

/// What a sample takes in memory beside its payload, about, in bytes.
pub(super) const BESIDE: usize = 128;
/// Sound that is further than this from where it should be, in milliseconds, is not on the beat of the samples any more.
const DRIFT: i64 = 100;
/// What a picture is taken to last that has no successor, in milliseconds.
const USUAL_STEP: i64 = 40;
/// No sample lasts longer than this, in milliseconds.
const LONGEST: i64 = 60_000;

impl Lane {
    pub(super) const fn new(track: Track) -> Self {
        Self {
            track,
            samples: Vec::new(),
            bytes: 0,
            start: 0,
            next: None,
            held: None,
            last: None,
            awaited: None,
            step: USUAL_STEP,
            longest_steps: (0, 0),
        }
    }

    fn ticks(&self, milliseconds: i64) -> u64 {
        let scale = i64::from(self.track.timescale());
        u64::try_from(milliseconds.saturating_mul(scale) / 1000).unwrap_or(0)
    }

    pub(super) fn milliseconds(&self, ticks: u32) -> i64 {
        let scale = i64::from(self.track.timescale()).max(1);
        i64::from(ticks).saturating_mul(1000) / scale
    }

    fn span(&self, milliseconds: i64) -> u32 {
        let ticks = self.ticks(milliseconds.clamp(1, LONGEST));
        u32::try_from(ticks).unwrap_or(u32::MAX)
    }

    /// The next picture is due at `at`: the one that is held lasts until then.
    pub(super) fn settle(&mut self, at: i64) {
        let Some((due, mut sample)) = self.held.take() else {
            return;
        };
        let step = at.saturating_sub(due).clamp(1, LONGEST);
        sample.duration = self.span(step);
        self.step = step;
        self.longest_steps.0 = self.longest_steps.0.max(step);
        if self.samples.is_empty() {
            self.start = self.ticks(due);
        }
        self.put(sample);
    }

    /// How long the next picture may last, as far as the last ones tell: those of some cameras are longer and shorter.
    pub(super) fn expected_step(&self) -> i64 {
        let (this, before) = self.longest_steps;
        self.step.max(this).max(before)
    }

    pub(super) fn hold(&mut self, at: i64, sample: Sample) {
        self.held = Some((at, sample));
        self.last = Some(at);
    }

    /// Since when nothing came, asked at the time `at` of the other track.
    pub(super) fn silent_since(&mut self, at: i64) -> i64 {
        let awaited = *self.awaited.get_or_insert(at);
        self.last.unwrap_or(awaited)
    }

    /// How long a sample of sound lasts that is due at `at`, in ticks.
    pub(super) fn length(&self, told: Option<u32>, at: i64) -> u32 {
        told.unwrap_or_else(|| {
            let step = self.last.map_or(USUAL_STEP, |last| at.saturating_sub(last));
            self.span(step)
        })
    }

    /// Sound goes on by the count of its samples, which is exact, and not by timestamps, which are rounded; unless it has lost its
    /// way.
    pub(super) fn append(&mut self, at: i64, sample: Sample) {
        let due = self.ticks(at);
        let next = self.next.unwrap_or(due);
        let drift = self.ticks(DRIFT);
        let mut start = next;
        if due > next.saturating_add(drift) {
            let gap = u32::try_from(due.saturating_sub(next)).unwrap_or(u32::MAX);
            if let Some(last) = self.samples.last_mut() {
                last.duration = last.duration.saturating_add(gap);
            }
            start = due;
        }
        if self.samples.is_empty() {
            self.start = start;
        }
        self.next = Some(start.saturating_add(sample.duration.into()));
        self.last = Some(at);
        self.put(sample);
    }

    fn put(&mut self, sample: Sample) {
        let bytes = sample.payload.len().saturating_add(BESIDE);
        self.bytes = self.bytes.saturating_add(bytes);
        self.samples.push(sample);
    }

    pub(super) fn begins_with_key(&self) -> bool {
        let first = self.samples.first();
        first.is_some_and(|first| first.flags.is_key_frame())
    }

    /// The samples of the part.
    pub(super) fn take(&mut self, track: u32) -> Run {
        self.bytes = 0;
        self.longest_steps = (0, self.longest_steps.0);
        Run {
            track,
            kind: self.track.kind(),
            decode_time: self.start,
            samples: std::mem::take(&mut self.samples),
        }
    }

    /// Nothing follows what there is; says when it ends, in milliseconds, if there is anything.
    pub(super) fn close(&mut self) -> Option<i64> {
        let end = match (self.track.kind(), self.last) {
            (FrameKind::Audio, last) => {
                let sample = self.samples.last()?;
                last?.saturating_add(self.milliseconds(sample.duration))
            }
            (_, last) => last?.saturating_add(self.step),
        };
        if self.held.is_some() {
            self.settle(end);
        }
        Some(end)
    }

    /// What comes is not the continuation of what was.
    pub(super) fn begin_anew(&mut self) {
        self.next = None;
        self.last = None;
        self.awaited = None;
    }
}
