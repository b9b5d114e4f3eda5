//! One reader's way through a log, as a state machine without locks and wakers.
//!
//! ```text
//!    ┌────── was here before the publication: Started, frames ───────┐
//!    │        came later                 key frame to join at        ▼
//!   Idle ───── Started ─────▶ Seeking ─── headers, frames ─────▶ Playing
//!    ▲                         │   ▲                               │  │
//!    ├────── Stopped ──────────┘   └──── too far behind, nowhere ──┘  │  too far behind:
//!    └────── Stopped ─────────────────────────────────────────────────┘  Skipped, headers, frames
//! ```
//!
//! A reader that was here before a publication needs all of it: from idle it goes to playing, from the first frame on and
//! with nothing told twice. If it looks so late that the log could not keep all of it, it is like any reader too far behind.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::limits::{BATCH_BYTES, BATCH_FRAMES};
use crate::log::{Item, Join, Log, Position};
use crate::{Delivery, GopCache, PublicationInfo};

/// A reader's place, and what it has taken out of the log but not handed out yet.
#[derive(Debug)]
pub(crate) struct Cursor {
    state: State,
    /// A reader without the cache begins no earlier than here.
    earliest: Position,
    taken: VecDeque<Delivery>,
}

/// A place in a stream while a publication runs: between two frames.
#[derive(Clone, Debug)]
pub struct Place {
    publication: Arc<PublicationInfo>,
    position: Position,
    frames_before: u64,
}

impl Place {
    /// How many frames `later` is further on in the same publication; `None` when it is another one, or not later.
    pub fn frames_until(&self, later: &Self) -> Option<u64> {
        let is_same = self.publication.id == later.publication.id;
        later
            .frames_before
            .checked_sub(self.frames_before)
            .filter(|_| is_same)
    }

    pub(crate) const fn position(&self) -> Position {
        self.position
    }

    /// The place so many frames further on, all of which are in the log.
    #[must_use]
    pub fn after(&self, frames: u64) -> Self {
        Self {
            publication: Arc::clone(&self.publication),
            position: self.position.saturating_add(frames),
            frames_before: self.frames_before.saturating_add(frames),
        }
    }
}

/// What a reader is doing, for those who wake it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It waits for a publication, or for a frame to begin with.
    Waits,
    /// It takes frame after frame.
    Plays,
}

#[derive(Debug)]
enum State {
    /// No publication is announced. One whose first frame is at `since` or later is for this
    /// reader from its first frame on.
    Idle { since: Position },
    /// Announced; waits for a frame to begin with.
    Seeking {
        publication: Arc<PublicationInfo>,
        from: Position,
        /// After falling too far behind: how many frames were appended before the first one lost.
        lost: Option<u64>,
    },
    Playing {
        publication: Arc<PublicationInfo>,
        position: Position,
        /// How many frames were appended before `position`.
        frames_before: u64,
    },
}

impl From<Place> for State {
    fn from(place: Place) -> Self {
        Self::Playing {
            publication: place.publication,
            position: place.position,
            frames_before: place.frames_before,
        }
    }
}

impl Cursor {
    pub(crate) fn new(log: &Log, gop_cache: GopCache) -> Self {
        let earliest = match gop_cache {
            GopCache::On => 0,
            GopCache::Off => log.head(),
        };
        let taken = VecDeque::with_capacity(BATCH_FRAMES);
        Self {
            state: State::Idle {
                since: log.entrance(),
            },
            earliest,
            taken,
        }
    }

    /// One that plays on from there.
    pub(crate) fn at(place: Place) -> Self {
        Self {
            earliest: place.position,
            state: place.into(),
            taken: VecDeque::with_capacity(BATCH_FRAMES),
        }
    }

    /// The next delivery already taken out of the log.
    pub(crate) fn pop(&mut self) -> Option<Delivery> {
        self.taken.pop_front()
    }

    /// Whether everything taken has been handed out.
    pub(crate) fn is_dry(&self) -> bool {
        self.taken.is_empty()
    }

    /// The oldest entry the reader still needs, also of what is yet to come; `None` when it needs
    /// none, because it will begin at a frame that the log keeps for all who join. When the publication ends
    /// before that, the stream keeps the next one for it ([`crate::stream::Stream::expect_next`]).
    pub(crate) fn needs(&self) -> Option<Position> {
        match self.state {
            State::Idle { since } => Some(since),
            State::Playing { position, .. } => Some(position),
            State::Seeking { .. } => None,
        }
    }

    /// Where it is, if it plays and nothing it took is left.
    pub(crate) fn place(&self) -> Option<Place> {
        match &self.state {
            State::Playing {
                publication,
                position,
                frames_before,
            } if self.is_dry() => Some(Place {
                publication: Arc::clone(publication),
                position: *position,
                frames_before: *frames_before,
            }),
            _ => None,
        }
    }

    /// Plays on there.
    pub(crate) fn move_to(&mut self, place: Place) {
        self.taken.clear();
        self.state = place.into();
    }

    /// Whether the reader plays, or waits for something to begin with.
    pub(crate) fn phase(&self) -> Phase {
        match self.state {
            State::Playing { .. } => Phase::Plays,
            State::Idle { .. } | State::Seeking { .. } => Phase::Waits,
        }
    }

    /// Takes the next deliveries out of the log; none are left over from before.
    ///
    /// A reader that is behind what is visible takes all there is, up to a batch: it is awake and
    /// about to write, so frames that wait for a flush cost nothing more. A reader that has seen
    /// what is visible takes nothing, so that one flush makes one write.
    pub(crate) fn advance(&mut self, log: &Log) {
        // An emptied ring begins at its front again, so that its memory stays in the cache.
        self.taken.clear();
        self.announce(log);
        if let State::Playing { position, .. } = self.state
            && log.is_too_far_behind(position)
        {
            self.fall_behind(log, position);
        }
        self.join(log);
        self.take(log);
    }

    /// From idle to playing, or to seeking in a publication that was there first.
    fn announce(&mut self, log: &Log) {
        let State::Idle { since } = self.state else {
            return;
        };
        let Some(start) = log.next_start(since) else {
            // Nothing of what is in the log is for this reader.
            self.state = State::Idle { since: log.head() };
            return;
        };
        let publication = Arc::clone(start.publication);
        self.taken.push_back(Delivery::Started {
            publication: Arc::clone(&publication),
        });
        self.state = if since <= start.first {
            State::Playing {
                publication,
                position: start.first,
                frames_before: start.frames_before,
            }
        } else {
            State::Seeking {
                publication,
                from: start.first.max(self.earliest),
                lost: None,
            }
        };
    }

    /// Gives up the place at `position` if there is a newer one, or if it is gone from the log.
    fn fall_behind(&mut self, log: &Log, position: Position) {
        let State::Playing {
            publication,
            frames_before,
            ..
        } = &self.state
        else {
            return;
        };
        let from = position.saturating_add(1);
        let is_gone = log.entries_from(position).is_none();
        let is_over = !is_running(publication, log);
        if is_gone || is_over || log.join(from).is_some() {
            let (publication, lost) = (Arc::clone(publication), Some(*frames_before));
            self.state = State::Seeking {
                publication,
                from,
                lost,
            };
        }
    }

    /// From seeking to playing, or to idle when the publication is over.
    fn join(&mut self, log: &Log) {
        let State::Seeking {
            publication,
            from,
            lost,
        } = &self.state
        else {
            return;
        };
        if !is_running(publication, log) {
            let (since, lost) = (*from, *lost);
            let next = log.next_start(since);
            let frames_before = next.map_or(log.total().frames, |next| next.frames_before);
            self.skipped(lost, frames_before);
            self.stop(since);
            return;
        }
        let Some(Join {
            position,
            frames_before,
            preamble,
        }) = log.join(*from)
        else {
            return;
        };
        let publication = Arc::clone(publication);
        self.skipped(*lost, frames_before);
        self.taken.extend(
            preamble
                .iter()
                .map(|frame| Delivery::Frame(Arc::clone(frame))),
        );
        self.state = State::Playing {
            publication,
            position,
            frames_before,
        };
    }

    fn skipped(&mut self, lost: Option<u64>, frames_before: u64) {
        // Nothing is lost to a reader that had everything but the end.
        let frames = lost.map_or(0, |lost| frames_before.saturating_sub(lost));
        if frames > 0 {
            self.taken.push_back(Delivery::Skipped { frames });
        }
    }

    /// The publication is over; the next one begins at `since` or later.
    fn stop(&mut self, since: Position) {
        if let State::Seeking { publication, .. } | State::Playing { publication, .. } =
            std::mem::replace(&mut self.state, State::Idle { since })
        {
            self.taken.push_back(Delivery::Stopped { publication });
        }
    }

    fn take(&mut self, log: &Log) {
        let State::Playing {
            position,
            frames_before,
            ..
        } = &mut self.state
        else {
            return;
        };
        if *position >= log.visible() {
            return;
        }
        let Some(entries) = log.entries_from(*position) else {
            return;
        };
        let mut bytes = 0usize;
        for entry in entries.take(BATCH_FRAMES) {
            let Item::Frame(frame) = &entry.item else {
                let since = position.saturating_add(1);
                self.stop(since);
                return;
            };
            let size = frame.frame().payload().len();
            if bytes > 0 && bytes.saturating_add(size) > BATCH_BYTES {
                return;
            }
            bytes = bytes.saturating_add(size);
            self.taken.push_back(Delivery::Frame(Arc::clone(frame)));
            *position = position.saturating_add(1);
            *frames_before = frames_before.saturating_add(1);
        }
    }
}

fn is_running(publication: &PublicationInfo, log: &Log) -> bool {
    log.publication()
        .is_some_and(|current| current.id == publication.id)
}
