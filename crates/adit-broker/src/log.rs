//! The frame log of one stream: one writer, any number of cursors.
//!
//! ```text
//!   base          lag window begins       join                      visible   head
//!    ▼                 ▼                   ▼                           ▼        ▼
//!    [ … kept while a reader within ─────▶ key … newest group of pictures … … ]
//!        the lag window needs it           kept for those who join     └ waits for a flush
//! ```
//!
//! Positions count everything ever appended and never go back, also across publications. The log
//! holds what new readers need (from `join` on) and, before that, what slow readers need (within
//! the lag window). So it is the group-of-pictures cache, the live queue and the back-pressure.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_media::FrameKind;

use crate::current::{Current, Place};
use crate::headers::Preamble;
use crate::limits::{Limits, Window};
use crate::{PublicationInfo, SharedFrame};

/// Entries that are looked at for what a stream is made of.
const SAMPLED: usize = 64;

/// A place in the log.
pub(crate) type Position = u64;

/// Frames taken out of the log, to be dropped after its lock is released.
pub(crate) type Garbage = Vec<Arc<SharedFrame>>;

#[derive(Debug)]
pub(crate) struct Log {
    limits: Limits,
    entries: VecDeque<Entry>,
    base: Position,
    total: Total,
    visible: Position,
    current: Option<Current>,
}

/// One entry: the beginning of a publication, a frame, or the end.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) item: Item,
    /// What was appended before it.
    before: Total,
}

#[derive(Debug)]
pub(crate) enum Item {
    Started(Arc<PublicationInfo>),
    Frame(Arc<SharedFrame>),
    /// And when.
    Stopped(Instant),
}

/// How much was appended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Total {
    pub(crate) frames: u64,
    pub(crate) bytes: u64,
}

/// Where a new reader begins, and what it gets first.
#[derive(Clone, Debug)]
pub(crate) struct Join {
    pub(crate) position: Position,
    /// How many frames were appended before it.
    pub(crate) frames_before: u64,
    pub(crate) preamble: Preamble,
}

/// The beginning of a publication.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'a> {
    pub(crate) publication: &'a Arc<PublicationInfo>,
    /// Where its first frame is, or will be.
    pub(crate) first: Position,
    /// How many frames were appended before it.
    pub(crate) frames_before: u64,
}

/// What an append changed, for those who count and those who wake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// A waiting reader may be able to join.
    pub(crate) joinable: bool,
    /// A new group of pictures began: a good moment to trim.
    pub(crate) new_group: bool,
    /// Limits that were hit.
    pub(crate) overflows: Overflows,
}

/// Limits that an append hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overflows {
    /// The cached group of pictures went past its limits and is no longer offered.
    pub(crate) gop: bool,
    /// A header went past the limits and is not kept for new readers.
    pub(crate) headers: bool,
}

impl Log {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: VecDeque::new(),
            base: 0,
            total: Total::default(),
            visible: 0,
            current: None,
        }
    }

    /// The running publication.
    pub(crate) fn publication(&self) -> Option<&Arc<PublicationInfo>> {
        self.current.as_ref().map(|current| &current.info)
    }

    /// The publication that comes next for a reader that has seen everything before `from`: the
    /// oldest one that begins there or later and whose beginning is in the log, else the running
    /// one.
    pub(crate) fn next_start(&self, from: Position) -> Option<Start<'_>> {
        let from = from.max(self.base);
        let mut entries = (from..).zip(self.entries_from(from)?);
        let in_log = entries.find_map(|(position, entry)| {
            let Item::Started(publication) = &entry.item else {
                return None;
            };
            Some(Start {
                publication,
                first: position.saturating_add(1),
                frames_before: entry.before.frames,
            })
        });
        in_log.or_else(|| {
            self.current.as_ref().map(|current| Start {
                publication: &current.info,
                first: current.first,
                frames_before: current.before.frames,
            })
        })
    }

    /// Where a reader comes in: at the head, but while the running publication has no frame yet,
    /// at its beginning.
    pub(crate) fn entrance(&self) -> Position {
        let head = self.head();
        let is_new = self
            .current
            .as_ref()
            .is_some_and(|current| current.first == head);
        head.saturating_sub(is_new.into())
    }

    /// What was ever appended.
    pub(crate) fn total(&self) -> Total {
        self.total
    }

    /// One past the newest entry.
    pub(crate) fn head(&self) -> Position {
        self.base
            .saturating_add(self.entries.len().try_into().unwrap_or(u64::MAX))
    }

    /// One past the newest entry that wakes readers.
    pub(crate) fn visible(&self) -> Position {
        self.visible
    }

    /// Makes everything appended visible.
    pub(crate) fn flush(&mut self) {
        self.visible = self.head();
    }

    /// When the newest frame of the running publication came.
    pub(crate) fn newest(&self) -> Option<Instant> {
        self.current.as_ref().and_then(|current| current.newest)
    }

    /// How far apart the newest two key frames are.
    pub(crate) fn key_interval(&self) -> Option<Duration> {
        let ms = self.current.as_ref()?.key_interval_ms?;
        Some(Duration::from_millis(ms.into()))
    }

    /// What shows of what the running publication is made: its metadata and sequence headers, and the newest media among the last
    /// entries.
    pub(crate) fn samples(&self) -> Vec<Arc<SharedFrame>> {
        let Some(current) = &self.current else {
            return Vec::new();
        };
        let mut samples: Vec<_> = current.headers.frames().cloned().collect();
        for kind in [FrameKind::Video, FrameKind::Audio] {
            let newest = self.entries.iter().rev().take(SAMPLED).find_map(|entry| {
                let Item::Frame(shared) = &entry.item else {
                    return None;
                };
                let frame = shared.frame();
                (frame.kind() == kind && frame.flags().is_coded()).then_some(shared)
            });
            samples.extend(newest.cloned());
        }
        samples
    }

    /// What the log holds at the moment.
    pub(crate) fn held(&self) -> Total {
        let before = self
            .entries
            .front()
            .map_or(self.total, |entry| entry.before);
        self.total.since(before)
    }

    /// The entries from `position` on, `None` when some of them are gone.
    pub(crate) fn entries_from(&self, position: Position) -> Option<impl Iterator<Item = &Entry>> {
        let skip = usize::try_from(position.checked_sub(self.base)?).ok()?;
        Some(self.entries.range(skip.min(self.entries.len())..))
    }

    fn entry(&self, position: Position) -> Option<&Entry> {
        self.entries
            .get(usize::try_from(position.checked_sub(self.base)?).ok()?)
    }

    /// Begins a publication. The one before has ended.
    pub(crate) fn start(&mut self, info: Arc<PublicationInfo>) {
        self.append(Item::Started(Arc::clone(&info)));
        self.current = Some(Current::new(info, self.head(), self.total));
    }

    /// Ends the running publication; all of it becomes visible.
    pub(crate) fn stop(&mut self, now: Instant, garbage: &mut Garbage) {
        if self.current.take().is_some() {
            self.append(Item::Stopped(now));
            self.flush();
            self.trim_to_limits(garbage);
        }
    }

    /// Forgets the metadata of the running publication.
    pub(crate) fn clear_metadata(&mut self) {
        if let Some(current) = &mut self.current {
            current.headers.clear_metadata();
        }
    }

    /// Appends a frame to the running publication and lets go of what is past the limits.
    pub(crate) fn push(
        &mut self,
        now: Instant,
        frame: Arc<SharedFrame>,
        garbage: &mut Garbage,
    ) -> Change {
        let limits = self.limits;
        let place = Place {
            position: self.head(),
            frames_before: self.total.frames,
            base: self.base,
        };
        let Some(current) = &mut self.current else {
            return Change::default();
        };
        let had_video = current.has_video(now, &limits);
        let mut change = current.note(now, &frame, place, &limits);
        self.append(Item::Frame(frame));
        change.overflows.gop = self.drop_long_group();
        self.move_tail(now);
        // Without video any frame is a beginning; the first video may be one.
        change.joinable = change.new_group || !had_video;
        self.trim_to_limits(garbage);
        change
    }

    fn append(&mut self, item: Item) {
        let size = match &item {
            Item::Frame(frame) => Total {
                frames: 1,
                bytes: frame.bytes(),
            },
            Item::Started(_) | Item::Stopped(_) => Total::default(),
        };
        self.entries.push_back(Entry {
            item,
            before: self.total,
        });
        self.total = self.total.plus(size);
    }

    /// Nothing that is in the log is kept for readers to come.
    pub(crate) fn forget_group(&mut self) {
        let head = self.head();
        if let Some(current) = &mut self.current {
            current.join = None;
            current.tail = head;
        }
    }

    /// A group of pictures past its limits is no starting point any more.
    fn drop_long_group(&mut self) -> bool {
        let join = self
            .current
            .as_ref()
            .and_then(|current| current.join.as_ref());
        let Some(join) = join else { return false };
        let within = self.is_within(join.position, &self.limits.gop);
        if !within && let Some(current) = &mut self.current {
            current.join = None;
        }
        !within
    }

    /// Moves the start for new readers of a stream without video past what is too old. While there is video nobody starts
    /// there; it catches up when the video is over.
    fn move_tail(&mut self, now: Instant) {
        let Some(current) = &self.current else { return };
        if current.has_video(now, &self.limits) {
            return;
        }
        let mut tail = current.tail.max(self.base);
        while tail < self.head() && !self.is_within(tail, &self.limits.tail) {
            tail = tail.saturating_add(1);
        }
        if let Some(current) = &mut self.current {
            current.tail = tail;
        }
    }

    /// Where a new reader begins that may not begin before `from`: at the newest key frame, or,
    /// in a stream without video, in the short tail.
    pub(crate) fn join(&self, from: Position) -> Option<Join> {
        let current = self.current.as_ref()?;
        let join = if current.has_video(current.newest?, &self.limits) {
            current.join.clone()?
        } else {
            self.join_without_video(current, from)?
        };
        (from..self.visible)
            .contains(&join.position)
            .then_some(join)
    }

    fn join_without_video(&self, current: &Current, from: Position) -> Option<Join> {
        let position = current.tail.max(from);
        let entry = self.entry(position)?;
        let Item::Frame(frame) = &entry.item else {
            return None;
        };
        let preamble = current.headers.preamble(frame.frame().at());
        Some(Join {
            position,
            frames_before: entry.before.frames,
            preamble,
        })
    }

    /// Whether a reader at `position` is further behind than it may be, or what it needs is gone.
    /// The newest entry never is too far behind, however large it is.
    pub(crate) fn is_too_far_behind(&self, position: Position) -> bool {
        let is_older = position.saturating_add(1) < self.head();
        position < self.base || (is_older && !self.is_within(position, &self.limits.lag))
    }

    /// Whether everything from `position` on is in the log and fits the window.
    fn is_within(&self, position: Position, window: &Window) -> bool {
        let (Some(entry), Some(newest)) = (self.entry(position), self.entries.back()) else {
            return false;
        };
        self.head().saturating_sub(position) <= window.frames
            && self.total.bytes.saturating_sub(entry.before.bytes) <= window.bytes
            && newest.since(entry) <= window.duration
    }

    /// From here on the log is kept for those who will join.
    fn floor(&self) -> Position {
        let Some(current) = &self.current else {
            return self.head();
        };
        if current
            .newest
            .is_some_and(|newest| current.has_video(newest, &self.limits))
        {
            current
                .join
                .as_ref()
                .map_or(self.head(), |join| join.position)
        } else {
            current.tail
        }
    }

    /// Whether there is more in the log than those who will join need.
    pub(crate) fn has_backlog(&self) -> bool {
        self.base < self.floor()
    }

    fn trim_to_limits(&mut self, garbage: &mut Garbage) {
        let floor = self.floor();
        while self.base < floor && self.is_too_far_behind(self.base) {
            self.pop(garbage);
        }
    }

    /// Lets go of what no reader needs: `needed` is the smallest position of any reader.
    pub(crate) fn trim(&mut self, needed: Position, garbage: &mut Garbage) {
        let floor = self.floor().min(needed);
        while self.base < floor && self.pop(garbage) {}
    }

    fn pop(&mut self, garbage: &mut Garbage) -> bool {
        let Some(entry) = self.entries.pop_front() else {
            return false;
        };
        self.base = self.base.saturating_add(1);
        if let Item::Frame(frame) = entry.item {
            garbage.push(frame);
        }
        true
    }
}

impl Entry {
    fn arrival(&self) -> Option<Instant> {
        match &self.item {
            Item::Started(info) => Some(info.since),
            Item::Frame(frame) => frame.arrival(),
            Item::Stopped(at) => Some(*at),
        }
    }

    /// How long after `earlier` it came.
    fn since(&self, earlier: &Self) -> Duration {
        match (self.arrival(), earlier.arrival()) {
            (Some(arrival), Some(earlier)) => arrival.saturating_duration_since(earlier),
            _ => Duration::ZERO,
        }
    }
}

impl Total {
    const fn plus(self, other: Self) -> Self {
        Self {
            frames: self.frames.saturating_add(other.frames),
            bytes: self.bytes.saturating_add(other.bytes),
        }
    }

    const fn since(self, earlier: Self) -> Self {
        Self {
            frames: self.frames.saturating_sub(earlier.frames),
            bytes: self.bytes.saturating_sub(earlier.bytes),
        }
    }
}
