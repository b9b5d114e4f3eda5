//! The segments of a stream that are kept, in memory.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use adit_media::fmp4::Fragment;
use bytes::Bytes;

use super::heritage::Heritage;
use super::lane::BESIDE;
use super::numbers::First;
use super::segmenter::Made;
use crate::limits::outputs::{HLS_BYTES, SPARE_SEGMENTS};

/// What players need before the first fragment of these tracks.
#[derive(Debug)]
pub(super) struct Init {
    /// Tells the files of one packaging of a stream from those of others, which may still be in caches.
    pub(super) run: Arc<str>,
    pub(super) id: u32,
    pub(super) bytes: Bytes,
    /// As `CODECS` of a playlist names them.
    pub(super) codecs: String,
    pub(super) size: Option<(u16, u16)>,
    /// How long a picture lasts, in milliseconds.
    pub(super) step: Option<i64>,
}

/// A piece of a segment, for players that do not wait for the whole.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) fragment: Arc<Fragment>,
    pub(super) milliseconds: i64,
    /// A decoder can begin here.
    pub(super) independent: bool,
    /// When what follows it arrived, where that is known.
    pub(super) ended: Option<SystemTime>,
}

/// One segment, or the beginning of one.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) init: Arc<Init>,
    /// It is not the continuation of the one before.
    pub(super) discontinuity: bool,
    /// When its first picture or sound arrived.
    pub(super) date: Option<SystemTime>,
    pub(super) parts: Vec<Part>,
    pub(super) whole: bool,
    /// The longest playlist in which it was, in milliseconds.
    pub(super) list: i64,
}

/// What is known of a file that is asked for.
pub(super) enum Found {
    /// Its pieces.
    Here(Vec<Arc<Fragment>>),
    Init(Bytes),
    /// It will be there soon.
    Soon {
        segment: u64,
        part: usize,
    },
    Missing,
}

/// Why nothing is added any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The stream is over.
    Over,
    /// It goes on at the server that has taken over.
    Given,
}

/// What was announced, which does not change; it is not known before there is a segment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Targets {
    /// No segment is longer, in whole seconds [RFC 8216 6.2.1].
    pub(super) segment: Option<i64>,
    /// No part is longer, in milliseconds [RFC 8216bis 4.4.3.7].
    pub(super) part: Option<i64>,
}

/// The newest segments of one stream.
#[derive(Debug)]
pub(super) struct Window {
    /// The run of what is packaged here.
    pub(super) run: Arc<str>,
    /// How many whole segments are listed.
    listed: usize,
    segments: VecDeque<Segment>,
    next: u64,
    init: Option<Arc<Init>>,
    /// The next segment is not the continuation of the one before.
    broken: bool,
    /// When what comes next arrives, by what arrived at the last break and how long it lasted: dates go with durations.
    clock: Option<SystemTime>,
    /// Discontinuities of segments that are gone.
    pub(super) discontinuities: u64,
    pub(super) end: Option<End>,
    pub(super) targets: Targets,
    /// Bits a second of the heaviest segment.
    pub(super) peak: u64,
    bytes: usize,
}

impl Part {
    /// What it takes in memory, in bytes.
    pub(super) fn weight(&self) -> usize {
        let beside = self.fragment.pieces().len().saturating_mul(BESIDE);
        self.fragment.len().saturating_add(beside)
    }
}

impl Segment {
    pub(super) fn milliseconds(&self) -> i64 {
        self.parts.iter().map(|part| part.milliseconds).sum()
    }

    fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.fragment.len()).sum()
    }

    /// When what follows it arrives at the earliest.
    fn ends(&self) -> Option<SystemTime> {
        let lasts = Duration::from_millis(self.milliseconds().unsigned_abs());
        self.date?.checked_add(lasts)
    }

    fn weight(&self) -> usize {
        self.parts.iter().map(Part::weight).sum()
    }

    /// A decoder can begin with it.
    pub(super) fn independent(&self) -> bool {
        self.parts.first().is_some_and(|part| part.independent)
    }
}

impl Window {
    pub(super) fn new(run: String, listed: usize) -> Self {
        Self {
            run: run.into(),
            listed,
            segments: VecDeque::new(),
            next: 0,
            init: None,
            broken: false,
            clock: None,
            discontinuities: 0,
            end: None,
            targets: Targets::default(),
            peak: 0,
            bytes: 0,
        }
    }

    /// The same, that begins with these numbers.
    pub(super) const fn starting(mut self, first: First) -> Self {
        self.next = first.segment;
        self.discontinuities = first.discontinuities;
        self
    }

    /// Goes on with what another server has packaged. Call it before anything is added.
    pub(super) fn inherit(&mut self, heritage: Heritage) {
        let is_later = heritage.next.segment >= self.next;
        if !is_later && heritage.segments.is_empty() {
            return;
        }
        self.next = heritage.next.segment;
        self.discontinuities = heritage.next.discontinuities;
        self.targets.segment = heritage.target;
        self.targets.part = heritage.part_target;
        self.peak = heritage.peak;
        self.bytes = heritage.segments.iter().map(Segment::weight).sum();
        self.init = (heritage.segments.last()).map(|segment| Arc::clone(&segment.init));
        self.segments = heritage.segments.into();
        self.forget();
    }

    /// Leaves all to another server, which goes on; of a stream that is over, where the next one begins.
    pub(super) fn give(&mut self) -> Heritage {
        self.leave();
        if self.end == Some(End::Over) {
            return Heritage {
                next: self.following(),
                ..Heritage::default()
            };
        }
        Heritage {
            is_live: true,
            next: First {
                segment: self.next,
                discontinuities: self.discontinuities,
            },
            target: self.targets.segment,
            part_target: self.targets.part,
            peak: self.peak,
            segments: self.segments.iter().cloned().collect(),
        }
    }

    /// Nothing is added any more: another server goes on behind what there is.
    pub(super) fn leave(&mut self) {
        self.end_segment();
        self.end.get_or_insert(End::Given);
    }

    /// Where what is packaged after this one begins.
    pub(super) fn following(&self) -> First {
        let breaks = self.segments.iter().filter(|it| it.discontinuity).count();
        let breaks = u64::try_from(breaks).unwrap_or(u64::MAX);
        First {
            segment: self.next,
            // What comes then is one more.
            discontinuities: self
                .discontinuities
                .saturating_add(breaks)
                .saturating_add((!self.segments.is_empty()).into()),
        }
    }

    pub(super) fn apply(&mut self, made: Made) {
        match made {
            Made::Init(init) => {
                self.end_segment();
                self.broken = self.init.is_some();
                self.clock = None;
                self.init = Some(init);
            }
            Made::Target(target) => {
                self.targets.segment.get_or_insert(target);
            }
            Made::PartTarget(target) => {
                self.targets.part.get_or_insert(target);
            }
            Made::Part(part) => self.add(part),
            Made::EndOfSegment => self.end_segment(),
        }
    }

    fn add(&mut self, part: Part) {
        let Some(init) = &self.init else { return };
        self.bytes = self.bytes.saturating_add(part.weight());
        let lasts = Duration::from_millis(part.milliseconds.unsigned_abs());
        let began = || part.ended?.checked_sub(lasts);
        // What comes after a break may have been sent before it was known of here, and dates do not go back.
        let last = self.segments.back().and_then(Segment::ends);
        let last = last.filter(|_| self.broken);
        let begins = || began().map(|date| last.map_or(date, |last| date.max(last)));
        let date = self.clock.or_else(begins);
        self.clock = date.and_then(|date| date.checked_add(lasts));
        if self.segments.back().is_none_or(|segment| segment.whole) {
            self.segments.push_back(Segment {
                number: self.next,
                init: Arc::clone(init),
                discontinuity: std::mem::take(&mut self.broken),
                date,
                parts: Vec::new(),
                whole: false,
                list: 0,
            });
            self.next = self.next.saturating_add(1);
        }
        if let Some(segment) = self.segments.back_mut() {
            segment.parts.push(part);
        }
        self.forget();
    }

    fn end_segment(&mut self) {
        if let Some(segment) = self.segments.back_mut().filter(|segment| !segment.whole) {
            segment.whole = true;
            let length = segment.milliseconds().max(1);
            let bits = u64::try_from(segment.bytes())
                .unwrap_or(u64::MAX)
                .saturating_mul(8_000);
            self.peak = self.peak.max(bits / length.unsigned_abs());
            self.measure_list();
        }
        self.forget();
    }

    /// Notes how long the list is that was there just before its newest segment was whole.
    fn measure_list(&mut self) {
        let before = self
            .segments
            .len()
            .saturating_sub(self.listed.saturating_add(1));
        let list: i64 = (self.segments.iter().skip(before))
            .map(Segment::milliseconds)
            .sum();
        for segment in self.segments.iter_mut().skip(before) {
            segment.list = segment.list.max(list);
        }
    }

    /// Whether the oldest segment has been out of the list for as long as it lasts and the longest list in which it was [RFC 8216 6.2.2].
    fn is_oldest_over(&self) -> bool {
        let Some(oldest) = self.segments.front() else {
            return false;
        };
        // It left the list when the last of those was whole that came after it.
        let since = self.segments.iter().skip(self.listed.saturating_add(1));
        let since: i64 = since.map(Segment::milliseconds).sum();
        self.segments.len() > self.listed.saturating_add(1)
            && since >= oldest.milliseconds().saturating_add(oldest.list)
    }

    /// Lets go what is not kept any longer.
    fn forget(&mut self) {
        let kept = self.listed.saturating_add(SPARE_SEGMENTS);
        while self.segments.len() > kept
            || (self.bytes > HLS_BYTES && self.segments.len() > 1)
            || self.is_oldest_over()
        {
            let Some(gone) = self.segments.pop_front() else {
                return;
            };
            self.bytes = self.bytes.saturating_sub(gone.weight());
            self.discontinuities = self
                .discontinuities
                .saturating_add(gone.discontinuity.into());
        }
    }

    /// The stream is over; nothing is added any more.
    pub(super) fn end(&mut self) {
        self.end_segment();
        self.end.get_or_insert(End::Over);
    }

    /// Whether there is nothing, and nothing comes.
    pub(super) fn is_void(&self) -> bool {
        self.end.is_some() && self.segments.is_empty()
    }

    /// The bytes of a file.
    #[cfg(test)]
    pub(super) fn bytes_of(&self, file: &str) -> Option<Vec<u8>> {
        match self.find(file) {
            Found::Here(fragments) => {
                let pieces = fragments.iter().flat_map(|fragment| fragment.pieces());
                Some(pieces.flatten().copied().collect())
            }
            Found::Init(bytes) => Some(bytes.to_vec()),
            Found::Soon { .. } | Found::Missing => None,
        }
    }

    /// What is held, in bytes.
    #[cfg(test)]
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// What is being packaged now.
    pub(super) fn init(&self) -> Option<&Arc<Init>> {
        self.init.as_ref()
    }

    /// The segments of a playlist, the one that is being made included, and the discontinuities before them.
    pub(super) fn listed(&self) -> (impl Iterator<Item = &Segment> + Clone, u64) {
        let whole = self.segments.iter().filter(|segment| segment.whole).count();
        let skipped = whole.saturating_sub(self.listed);
        let before = self.segments.iter().take(skipped);
        let breaks = before.filter(|segment| segment.discontinuity).count();
        let breaks = u64::try_from(breaks).unwrap_or(0);
        (
            self.segments.iter().skip(skipped),
            self.discontinuities.saturating_add(breaks),
        )
    }

    /// Whether a playlist can be made: there is a whole segment.
    pub(super) fn is_ready(&self) -> bool {
        self.end.is_some() || self.segments.iter().any(|segment| segment.whole)
    }

    /// The number of the segment that is made now, or will be next.
    pub(super) fn head(&self) -> u64 {
        match self.segments.back() {
            Some(segment) if !segment.whole => segment.number,
            _ => self.next,
        }
    }

    /// Where the next part will be: segment and part.
    pub(super) fn next_part(&self) -> (u64, usize) {
        match self.segments.back() {
            Some(segment) if !segment.whole => (segment.number, segment.parts.len()),
            _ => (self.next, 0),
        }
    }

    /// Whether there is such a part, or without one, such a whole segment. A part behind the last one of its segment is the first one of
    /// the next.
    pub(super) fn has(&self, number: u64, part: Option<usize>) -> bool {
        let head = self.next_part();
        let segment = self
            .segments
            .iter()
            .find(|segment| segment.number == number);
        match (segment, part) {
            _ if self.end.is_some() => true,
            (Some(segment), None) => segment.whole,
            (Some(segment), Some(part)) => {
                part < segment.parts.len()
                    || (segment.whole && head > (number.saturating_add(1), 0))
            }
            (None, _) => number < head.0,
        }
    }

    /// The longest part of the segments that are kept, in milliseconds.
    #[cfg(test)]
    pub(super) fn longest_part(&self) -> i64 {
        let parts = self.segments.iter().flat_map(|segment| &segment.parts);
        let lengths = parts.map(|part| part.milliseconds);
        lengths.max().unwrap_or_default()
    }

    /// How many parts a part lies behind the last one that is there, at least; 0 of those that are there.
    pub(super) fn ahead(&self, number: u64, part: usize) -> usize {
        let (segment, next) = self.next_part();
        match number.cmp(&segment) {
            Ordering::Less => 0,
            Ordering::Equal => part.saturating_add(1).saturating_sub(next),
            Ordering::Greater => part.saturating_add(1),
        }
    }

    /// How long a part is that is there.
    pub(super) fn part_length(&self, number: u64, part: usize) -> Option<Duration> {
        let mut segments = self.segments.iter();
        let segment = segments.find(|segment| segment.number == number)?;
        let milliseconds = segment.parts.get(part)?.milliseconds;
        Some(Duration::from_millis(milliseconds.unsigned_abs()))
    }

    /// The file of this name.
    pub(super) fn find(&self, file: &str) -> Found {
        let Some((run, name)) = Name::parse(file) else {
            return Found::Missing;
        };
        let segment = |number| {
            let mut segments = self.segments.iter();
            segments.find(|segment| segment.number == number && *segment.init.run == *run)
        };
        match name {
            Name::Init(id) => {
                let mut inits = self
                    .segments
                    .iter()
                    .map(|segment| &segment.init)
                    .chain(&self.init);
                let init = inits.find(|init| init.id == id && *init.run == *run);
                init.map_or(Found::Missing, |init| Found::Init(init.bytes.clone()))
            }
            Name::Segment(number) => match segment(number).filter(|segment| segment.whole) {
                Some(segment) => Found::Here(
                    segment
                        .parts
                        .iter()
                        .map(|part| Arc::clone(&part.fragment))
                        .collect(),
                ),
                None => Found::Missing,
            },
            Name::Part(number, index) => {
                let part = segment(number).and_then(|segment| segment.parts.get(index));
                match part {
                    Some(part) => Found::Here(vec![Arc::clone(&part.fragment)]),
                    None if self.end.is_none()
                        && *run == *self.run
                        && (number, index) == self.next_part() =>
                    {
                        Found::Soon {
                            segment: number,
                            part: index,
                        }
                    }
                    None => Found::Missing,
                }
            }
        }
    }
}

/// The name of a file of a window, behind its run.
///
/// ```text
/// RUN-3.mp4      what stands before fragments, the fourth
/// RUN-17.m4s     segment 17
/// RUN-17.2.m4s   the third part of it
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    Init(u32),
    Segment(u64),
    Part(u64, usize),
}

impl Name {
    /// Of which run it is, and which file of it.
    fn parse(file: &str) -> Option<(&str, Self)> {
        let (run, rest) = file.split_once('-')?;
        if let Some(id) = rest.strip_suffix(".mp4") {
            return Some((run, Self::Init(number(id)?)));
        }
        let rest = rest.strip_suffix(".m4s")?;
        let name = match rest.split_once('.') {
            Some((segment, part)) => Self::Part(number(segment)?, number(part)?),
            None => Self::Segment(number(rest)?),
        };
        Some((run, name))
    }
}

/// A number that is written in the one way in which we write it.
fn number<T: std::str::FromStr + ToString>(text: &str) -> Option<T> {
    let number: T = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[cfg(test)]
pub(super) mod tests;
