//! One reader's way through a log, as a state machine without locks and wakers.
//!
//! ```text
//!            publication runs            key frame to join at
//!   Idle ───── Started ─────▶ Seeking ─── headers, frames ─────▶ Playing
//!    ▲                         │   ▲                               │  │
//!    ├────── Stopped ──────────┘   └──── too far behind, nowhere ──┘  │  too far behind:
//!    └────── Stopped ─────────────────────────────────────────────────┘  Skipped, headers, frames
//! ```

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

#[derive(Debug)]
enum State {
    /// No publication was announced.
    Idle,
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

impl Cursor {
    pub(crate) fn new(log: &Log, gop_cache: GopCache) -> Self {
        let earliest = match gop_cache {
            GopCache::On => 0,
            GopCache::Off => log.head(),
        };
        let taken = VecDeque::with_capacity(BATCH_FRAMES);
        Self {
            state: State::Idle,
            earliest,
            taken,
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

    /// The oldest entry the reader still needs, `None` when it needs none: it plays nothing.
    pub(crate) fn needs(&self) -> Option<Position> {
        match self.state {
            State::Playing { position, .. } => Some(position),
            State::Idle | State::Seeking { .. } => None,
        }
    }

    /// Takes the next deliveries out of the log; none are left over from before.
    ///
    /// A reader that is behind what is visible takes all there is, up to a batch: it is awake and
    /// about to write, so frames that wait for a flush cost nothing more. A reader that has seen
    /// what is visible takes nothing, so that one flush makes one write.
    pub(crate) fn advance(&mut self, log: &Log) {
        let Self {
            state,
            taken,
            earliest,
        } = self;
        if let State::Idle = state
            && let Some(publication) = log.publication()
        {
            let publication = Arc::clone(publication);
            taken.push_back(Delivery::Started {
                publication: Arc::clone(&publication),
            });
            let from = log.first().0.max(*earliest);
            *state = State::Seeking {
                publication,
                from,
                lost: None,
            };
        }
        if let State::Playing { position, .. } = state {
            let position = *position;
            if log.is_too_far_behind(position) {
                self.fall_behind(log, position);
            }
        }
        self.join(log);
        self.take(log);
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
            let (_, end) = log.first();
            self.skipped(*lost, end.frames);
            self.stop();
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
        if let Some(lost) = lost {
            let frames = frames_before.saturating_sub(lost);
            self.taken.push_back(Delivery::Skipped { frames });
        }
    }

    fn stop(&mut self) {
        if let State::Seeking { publication, .. } | State::Playing { publication, .. } =
            std::mem::replace(&mut self.state, State::Idle)
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
                self.stop();
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
