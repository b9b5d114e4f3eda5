//! Frames of a stream in, parts and segments out; no clock, no task.
//!
//! ```text
//! video  K . . . . . . . . . . . . . K . . .      a part ends before the picture that would make it too long,
//! part   |─────|─────|─────|─────|───|─────|      a segment before the first key frame after its target ([`Bound`]);
//! segment|───────────────────────────|──────      what leads is the picture, or the sound where there is none
//! ```
//!
//! A picture is held until the next one comes: only then it is known how long it lasts.

use std::sync::Arc;

use adit_media::fmp4::{self, Access, Run, Sample, Track};
use adit_media::{Frame, FrameKind, Timestamp};

use super::beat::Beat;
use super::bound::{Bound, FIRST_SEGMENT};
use super::clock::Clock;
use super::lane::Lane;
use super::window::{Init, Part};
use crate::limits::outputs::{OPENING_FRAMES, PART_BYTES, SEGMENT_BYTES};

/// How long parts and segments are to be, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lengths {
    pub(super) part: i64,
    pub(super) segment: i64,
}

/// What came out.
#[derive(Debug)]
pub(super) enum Made {
    /// What follows is of these tracks, and has nothing to do with what was before.
    Init(Arc<Init>),
    /// No segment is longer, in whole seconds, from the first one on.
    Target(i64),
    /// No part is longer, in milliseconds, from the first one on.
    PartTarget(i64),
    Part(Part),
    EndOfSegment,
}

/// Cuts one stream.
#[derive(Debug)]
pub(super) struct Segmenter {
    lengths: Lengths,
    clock: Clock,
    video: Option<Lane>,
    audio: Option<Lane>,
    /// Tracks that were given up because nothing came; at most one of each kind.
    resting: Vec<Track>,
    /// Frames of the beginning, until it is known which tracks there are.
    opening: Option<Opening>,
    /// The tracks are others than those of the last part.
    changed: bool,
    making: Open,
    bound: Bound,
    beat: Beat,
    /// Tracks that are left out, and why: of each kind the first.
    left_out: Vec<(FrameKind, fmp4::Unsupported)>,
    numbers: Numbers,
}

/// What was made so far.
#[derive(Debug)]
struct Numbers {
    fragments: u32,
    inits: u32,
    /// In the names of files.
    run: Arc<str>,
}

/// The frames of the beginning.
#[derive(Debug, Default)]
struct Opening {
    frames: Vec<Frame>,
    bytes: usize,
    /// When the first one is due that is coded.
    first: Option<Timestamp>,
    has_video: bool,
    has_audio: bool,
}

/// What is being made.
#[derive(Debug)]
struct Open {
    /// Where the part and the segment began.
    part_start: Option<i64>,
    segment_start: Option<i64>,
    segment_bytes: usize,
    /// How long the parts of the segment are together.
    segment_length: i64,
    /// The segment does not begin with a key frame.
    keyless: bool,
    /// The next part may end the first segment wherever it is, so that there is one soon.
    hurry: bool,
}

/// A stream whose tracks are not all known is waited for so long, in milliseconds of its own time.
const OPENING: i64 = 400;
/// A track of which nothing came for so long is given up, in milliseconds: players would wait for it.
const GONE: i64 = 5_000;

impl Segmenter {
    /// For a stream about whose segments nothing or something was announced already.
    pub(super) fn new(lengths: Lengths, bound: Bound, run: Arc<str>) -> Self {
        Self {
            lengths,
            bound,
            beat: Beat::new(lengths.part),
            clock: Clock::default(),
            video: None,
            audio: None,
            resting: Vec::new(),
            opening: Some(Opening::default()),
            changed: true,
            making: Open {
                part_start: None,
                segment_start: None,
                segment_bytes: 0,
                segment_length: 0,
                keyless: false,
                hurry: true,
            },
            left_out: Vec::new(),
            numbers: Numbers {
                fragments: 0,
                inits: 0,
                run,
            },
        }
    }

    /// Takes the next frame.
    pub(super) fn push(&mut self, frame: &Frame, made: &mut Vec<Made>) {
        if frame.kind() == FrameKind::Data {
            return;
        }
        let Some(opening) = &mut self.opening else {
            self.take(frame, made);
            return;
        };
        if opening.is_over_with(frame) {
            self.open(made);
        }
    }

    /// The tracks are known as far as they will be.
    fn open(&mut self, made: &mut Vec<Made>) {
        let Opening { frames, .. } = self.opening.take().unwrap_or_default();
        for frame in &frames {
            self.describe(frame, made);
        }
        for frame in frames.iter().filter(|frame| frame.flags().is_coded()) {
            self.take(frame, made);
        }
    }

    /// Something was left out: what comes is not the continuation of what was.
    pub(super) fn gap(&mut self, made: &mut Vec<Made>) {
        self.end_everything(made);
        self.changed = true;
    }

    /// The stream is over.
    pub(super) fn finish(&mut self, made: &mut Vec<Made>) {
        self.open(made);
        self.end_everything(made);
    }

    /// The stream was over, and somebody publishes it again.
    pub(super) fn begin_again(&mut self) {
        (self.video, self.audio) = (None, None);
        self.resting.clear();
        self.left_out.clear();
        self.opening = Some(Opening::default());
        self.changed = true;
        self.clock.begin_again();
    }

    /// Goes by what was announced before it came to package this.
    pub(super) fn keep_to(&mut self, target: Option<i64>, part_target: Option<i64>) {
        if let Some(target) = target {
            self.bound.keep_to(target);
        }
        if let Some(target) = part_target {
            self.beat.keep_to(target);
        }
    }

    /// Which tracks of what is published now are or were not packaged, and why.
    pub(super) fn left_out(&self) -> &[(FrameKind, fmp4::Unsupported)] {
        &self.left_out
    }

    fn take(&mut self, frame: &Frame, made: &mut Vec<Made>) {
        if !frame.flags().is_coded() {
            self.describe(frame, made);
            return;
        }
        if self.lane(frame.kind()).is_none() {
            self.describe(frame, made);
            self.wake(frame, made);
        }
        self.measure(frame, made);
        let Some(access) = self
            .lane(frame.kind())
            .as_ref()
            .and_then(|lane| Access::of(frame, &lane.track))
        else {
            return;
        };
        let (at, jumped) = self.clock.time(frame.kind(), frame.at());
        if jumped {
            self.gap(made);
        }
        self.give_up_silent(frame.kind(), at, made);
        match frame.kind() {
            FrameKind::Video => self.picture(at, frame, access, made),
            _ => self.sound(at, frame, access, made),
        }
    }

    fn lane(&mut self, kind: FrameKind) -> &mut Option<Lane> {
        match kind {
            FrameKind::Audio => &mut self.audio,
            _ => &mut self.video,
        }
    }

    /// Looks whether a message changes what its track is.
    fn describe(&mut self, frame: &Frame, made: &mut Vec<Made>) {
        match Track::described(frame) {
            Ok(track) => {
                let known = self.lane(frame.kind()).as_ref();
                if known.is_none_or(|lane| !lane.track.is_as(&track)) {
                    self.resting
                        .retain(|resting| resting.kind() != frame.kind());
                    self.end_everything(made);
                    *self.lane(frame.kind()) = Some(Lane::new(track));
                    self.changed = true;
                }
            }
            Err(fmp4::Unsupported::NoDescription) => {}
            Err(why) => {
                if self.lane(frame.kind()).is_some() {
                    self.give_up(frame.kind(), made);
                }
                if self.left_out.iter().all(|(kind, _)| *kind != frame.kind()) {
                    self.left_out.push((frame.kind(), why));
                }
            }
        }
    }

    /// Looks whether a key frame says what its track did not.
    fn measure(&mut self, frame: &Frame, made: &mut Vec<Made>) {
        let lane = self.lane(frame.kind()).as_ref();
        if let Some(track) = lane.and_then(|lane| lane.track.changed_by(frame)) {
            self.end_everything(made);
            *self.lane(frame.kind()) = Some(Lane::new(track));
            self.changed = true;
        }
    }

    /// A track that was given up goes on, a picture with a key frame.
    fn wake(&mut self, frame: &Frame, made: &mut Vec<Made>) {
        if frame.kind() == FrameKind::Video && !frame.flags().is_key_frame() {
            return;
        }
        let resting = self
            .resting
            .iter()
            .position(|track| track.kind() == frame.kind());
        if let Some(index) = resting {
            let track = self.resting.swap_remove(index);
            self.end_everything(made);
            *self.lane(frame.kind()) = Some(Lane::new(track));
            self.changed = true;
        }
    }

    fn give_up(&mut self, kind: FrameKind, made: &mut Vec<Made>) {
        self.end_everything(made);
        *self.lane(kind) = None;
        self.changed = true;
    }

    /// The other track has been silent for too long.
    fn give_up_silent(&mut self, kind: FrameKind, at: i64, made: &mut Vec<Made>) {
        let other = match kind {
            FrameKind::Audio => FrameKind::Video,
            _ => FrameKind::Audio,
        };
        let Some(lane) = self.lane(other) else { return };
        if at.saturating_sub(lane.silent_since(at)) > GONE {
            let track = lane.track.clone();
            self.resting.push(track);
            self.give_up(other, made);
        }
    }

    fn picture(&mut self, at: i64, frame: &Frame, access: Access, made: &mut Vec<Made>) {
        let is_key = frame.flags().is_key_frame();
        let Some(lane) = &mut self.video else { return };
        if lane.last.is_none() && !is_key {
            return;
        }
        lane.settle(at);
        let step = lane.expected_step();
        self.begin_at(at);
        if is_key {
            self.bound.note_key_frame(at);
        }
        self.cut(at, step, is_key, made);
        if let Some(lane) = &mut self.video {
            lane.hold(at, sample(frame, access, 0));
        }
    }

    fn sound(&mut self, at: i64, frame: &Frame, access: Access, made: &mut Vec<Made>) {
        let Some(lane) = &self.audio else { return };
        let duration = lane.length(access.duration, at);
        let step = lane.milliseconds(duration);
        if self.video.is_none() {
            self.begin_at(at);
            self.cut(at, step, true, made);
        } else {
            self.cut_without_pictures(at, step, made);
        }
        if let Some(lane) = &mut self.audio {
            lane.append(at, sample(frame, access, duration));
        }
    }

    fn begin_at(&mut self, at: i64) {
        self.making.part_start.get_or_insert(at);
        self.making.segment_start.get_or_insert(at);
    }

    /// Ends the part, and the segment, if what comes at `at` is to be in the next one.
    fn cut(&mut self, at: i64, step: i64, is_key: bool, made: &mut Vec<Made>) {
        let part = self.making.part_age(at);
        let segment = self.making.segment_age(at);
        let is_full = self.is_full() || self.is_over(at, step);
        // Whatever the time is: a clock may stand still.
        let is_heavy = self.open_bytes() >= PART_BYTES;
        let is_due = is_key && self.bound.ends_before_key(segment, self.making.keyless);
        let is_first = self.making.hurry && segment >= FIRST_SEGMENT;
        if is_due || is_full {
            self.end_part(at, made);
            self.end_segment(made);
            self.making.keyless = !is_key;
        } else if is_heavy || (part > 0 && part.saturating_add(step) > self.beat.longest()) {
            self.end_part(at, made);
            if is_first {
                self.end_segment(made);
                self.making.keyless = self.video.is_some();
            }
        }
    }

    /// Where pictures are late, sound goes on without them, and where they do not come at all, it does not pile up.
    fn cut_without_pictures(&mut self, at: i64, step: i64, made: &mut Vec<Made>) {
        let patience = self.lengths.part.saturating_mul(3);
        let is_late = self.making.part_age(at) > patience;
        let is_full = self.is_full();
        if is_late || is_full || self.open_bytes() >= PART_BYTES {
            self.end_part(at, made);
        }
        // Those that are late may stay so until the next part.
        if is_full || is_late && self.is_over(at, step.saturating_add(patience)) {
            self.end_segment(made);
            self.making.keyless = true;
        }
    }

    /// Whether the segment would be too long with what is due at `at`.
    fn is_over(&self, at: i64, step: i64) -> bool {
        let start = self.making.segment_start.unwrap_or(at);
        let length = self.making.segment_length;
        self.bound.ends_before(start, length, at, step)
    }

    fn is_full(&self) -> bool {
        self.making.segment_bytes.saturating_add(self.open_bytes()) >= SEGMENT_BYTES
    }

    /// Bytes of the part that is being made.
    fn open_bytes(&self) -> usize {
        let lanes = [&self.video, &self.audio];
        lanes.into_iter().flatten().map(|lane| lane.bytes).sum()
    }

    fn end_part(&mut self, at: i64, made: &mut Vec<Made>) {
        let start = self.making.part_start.unwrap_or(at);
        let lanes = || [&self.video, &self.audio].into_iter().flatten();
        let independent = match &self.video {
            Some(lane) => lane.begins_with_key(),
            None => true,
        };
        if lanes().all(|lane| lane.samples.is_empty()) {
            return;
        }
        self.making.part_start = Some(at);
        if self.changed && !self.describe_tracks(made) {
            self.give_up_indescribable();
            return;
        }
        let runs: Vec<Run> = [&mut self.video, &mut self.audio]
            .into_iter()
            .flatten()
            .zip(1..)
            .map(|(lane, id)| lane.take(id))
            .collect();
        self.numbers.fragments = self.numbers.fragments.wrapping_add(1);
        if let Some(fragment) = fmp4::fragment(self.numbers.fragments, &runs) {
            // A picture may last for longer than any segment may, as was announced.
            let left = self
                .bound
                .longest()
                .saturating_sub(self.making.segment_length);
            let part = Part {
                fragment: Arc::new(fragment),
                milliseconds: at.saturating_sub(start).min(left).max(1),
                independent,
                ended: None,
            };
            self.making.add(&part);
            self.beat.note(part.milliseconds);
            let is_over = part.milliseconds >= left;
            made.push(Made::Part(part));
            if is_over {
                self.end_segment(made);
                self.making.keyless = self.video.is_some();
            }
        }
    }

    /// There is no description of all tracks: what there is of them is dropped, and tracks of which there is none are given up.
    fn give_up_indescribable(&mut self) {
        for place in [&mut self.video, &mut self.audio] {
            let Some(lane) = place else { continue };
            drop(lane.take(0));
            if fmp4::init(&[&lane.track]).is_err() {
                *place = None;
            }
        }
    }

    fn describe_tracks(&mut self, made: &mut Vec<Made>) -> bool {
        let lanes = [&self.video, &self.audio].into_iter().flatten();
        let tracks: Vec<&Track> = lanes.map(|lane| &lane.track).collect();
        let codecs: Vec<&str> = tracks.iter().map(|track| track.codec()).collect();
        let Ok(bytes) = fmp4::init(&tracks) else {
            return false;
        };
        made.push(Made::Init(Arc::new(Init {
            run: Arc::clone(&self.numbers.run),
            id: self.numbers.inits,
            bytes,
            codecs: codecs.join(","),
            size: tracks.iter().find_map(|track| track.size()),
            step: self.video.as_ref().map(|lane| lane.step),
        })));
        self.numbers.inits = self.numbers.inits.wrapping_add(1);
        self.changed = false;
        true
    }

    fn end_segment(&mut self, made: &mut Vec<Made>) {
        if self.making.segment_length > 0 {
            let target = self.bound.announce(self.making.segment_length);
            made.push(Made::Target(target));
            made.push(Made::PartTarget(self.beat.announce()));
        }
        self.making.hurry = false;
        self.making.segment_bytes = 0;
        self.making.segment_length = 0;
        self.making.segment_start = self.making.part_start;
        made.push(Made::EndOfSegment);
    }

    /// Ends the part and the segment with all there is; what comes begins anew.
    fn end_everything(&mut self, made: &mut Vec<Made>) {
        let lanes = [&mut self.video, &mut self.audio].into_iter().flatten();
        let ends = lanes.filter_map(Lane::close);
        let Some(end) = ends.max() else { return };
        self.end_part(end, made);
        self.end_segment(made);
        self.making.part_start = None;
        self.making.segment_start = None;
        self.bound.begin_anew();
        let lanes = [&mut self.video, &mut self.audio];
        lanes.into_iter().flatten().for_each(Lane::begin_anew);
    }
}

impl Open {
    fn part_age(&self, at: i64) -> i64 {
        self.part_start.map_or(0, |start| at.saturating_sub(start))
    }

    fn segment_age(&self, at: i64) -> i64 {
        self.segment_start
            .map_or(0, |start| at.saturating_sub(start))
    }

    fn add(&mut self, part: &Part) {
        self.segment_bytes = self.segment_bytes.saturating_add(part.weight());
        self.segment_length = self.segment_length.saturating_add(part.milliseconds);
    }
}

impl Opening {
    /// Takes a frame, and says whether the tracks are known now, or it is not waited for them any longer.
    fn is_over_with(&mut self, frame: &Frame) -> bool {
        self.bytes = self.bytes.saturating_add(frame.payload().len());
        self.frames.push(frame.clone());
        if frame.flags().is_coded() {
            self.first.get_or_insert(frame.at());
            match frame.kind() {
                FrameKind::Audio => self.has_audio = true,
                _ => self.has_video = true,
            }
        }
        let span = self.first.map_or(0, |first| frame.at().since(first));
        (self.has_video && self.has_audio)
            || i64::from(span) >= OPENING
            || self.frames.len() >= OPENING_FRAMES
            || self.bytes >= PART_BYTES
    }
}

fn sample(frame: &Frame, access: Access, duration: u32) -> Sample {
    Sample {
        payload: access.payload,
        duration,
        composition: access.composition,
        flags: frame.flags(),
    }
}

#[cfg(test)]
mod tests;
