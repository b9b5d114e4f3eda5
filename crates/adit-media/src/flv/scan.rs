//! What the headers of all tags together say about a file.

use std::time::Duration;

use super::{FileTracks, TagHead, TagKind};
use crate::limits::VOD_INDEX_ENTRIES;
use crate::points::{Point, Points};
use crate::{Frame, FrameKind, Timestamp};

/// A difference between two frames of a track past this is a gap, not a frame that lasts so long.
const GAP_MS: i64 = 10_000;

/// From when to when a file goes, by its coded frames: whoever writes one, repairs one or looks at one counts so.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Extent {
    first: Option<i64>,
    newest: i64,
    end: i64,
    /// The frame before, by both clocks.
    last: Option<(Timestamp, i64)>,
    audio: Option<Side>,
    video: Option<Side>,
}

#[derive(Clone, Copy, Debug)]
struct Side {
    /// When the frame before was; `None` if frames were stepped over since.
    at: Option<i64>,
    /// How long after the one before it that came, if that is known.
    step: Option<i64>,
}

impl Extent {
    pub(crate) const fn new() -> Self {
        Self {
            first: None,
            newest: 0,
            end: 0,
            last: None,
            audio: None,
            video: None,
        }
    }

    /// Takes the next coded frame; gives its time by a clock that does not wrap.
    pub(crate) fn push(&mut self, kind: FrameKind, at: Timestamp) -> i64 {
        let time = match self.last {
            Some((last, time)) => time.saturating_add(i64::from(at.since(last))),
            None => i64::from(at.ms().cast_signed()),
        };
        self.last = Some((at, time));
        self.first.get_or_insert(time);
        self.newest = self.newest.max(time);
        let side = match kind {
            FrameKind::Audio => &mut self.audio,
            _ => &mut self.video,
        };
        let before = side.and_then(|side| side.at);
        let earlier = side.and_then(|side| side.step);
        let step = match before.map(|before| time.saturating_sub(before)) {
            Some(step @ 1..=GAP_MS) => Some(step),
            _ => earlier,
        };
        *side = Some(Side {
            at: Some(time),
            step,
        });
        // A frame behind a gap lasts no longer than the one before it.
        let lasts = match (earlier, step) {
            (Some(earlier), Some(step)) => earlier.min(step),
            (None, Some(step)) => step,
            _ => i64::from(Frame::USUAL_MS),
        };
        self.end = self.end.max(time.saturating_add(lasts));
        time
    }

    /// Says that frames are stepped over.
    pub(crate) const fn skip(&mut self) {
        if let Some(audio) = &mut self.audio {
            audio.at = None;
        }
        if let Some(video) = &mut self.video {
            video.at = None;
        }
    }

    /// When the first frame is; `None` without frames.
    pub(crate) const fn first(&self) -> Option<i64> {
        self.first
    }

    /// When the latest frame is.
    pub(crate) const fn newest(&self) -> i64 {
        self.newest
    }

    /// When the last frame is over.
    pub(crate) const fn end(&self) -> i64 {
        self.end
    }

    pub(crate) fn duration(&self) -> Duration {
        let length = self.first.map_or(0, |first| self.end.saturating_sub(first));
        Duration::from_millis(u64::try_from(length).unwrap_or(0))
    }

    pub(crate) const fn tracks(&self) -> FileTracks {
        match (self.audio.is_some(), self.video.is_some()) {
            (true, true) => FileTracks::AudioVideo,
            (true, false) => FileTracks::Audio,
            (false, true) => FileTracks::Video,
            (false, false) => FileTracks::Neither,
        }
    }
}

/// What tags say, in the order of the file.
#[derive(Clone, Debug)]
pub(crate) struct Scan {
    pub(crate) extent: Extent,
    pub(crate) keys: Points,
    sounds: Points,
}

impl Scan {
    pub(crate) const fn new() -> Self {
        Self {
            extent: Extent::new(),
            keys: Points::new(VOD_INDEX_ENTRIES),
            sounds: Points::new(VOD_INDEX_ENTRIES),
        }
    }

    /// Takes the next tag; gives its time if it is a coded frame.
    pub(crate) fn push(&mut self, tag: &TagHead) -> Option<i64> {
        let TagKind::Frame(kind) = tag.kind else {
            return None;
        };
        if !tag.flags.is_coded() {
            return None;
        }
        let at = self.extent.push(kind, tag.at);
        let point = Point {
            at,
            offset: tag.offset,
        };
        if tag.is_key_frame() {
            self.keys.push(point);
        } else if kind == FrameKind::Audio && self.extent.video.is_none() {
            self.sounds.push(point);
        }
        Some(at)
    }

    /// Where playing can begin: key frames or, without video, all frames.
    pub(crate) const fn points(&self) -> &Points {
        match self.extent.tracks() {
            FileTracks::Audio => &self.sounds,
            _ => &self.keys,
        }
    }
}
