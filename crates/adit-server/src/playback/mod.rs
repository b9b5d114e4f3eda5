//! Playing recorded streams: a playlist of files, read ahead on threads that may wait for a disk, paced by what the player buffers.
//!
//! ```text
//! Playlist ─▶ Files (open) ─▶ Reader (read ahead) ─▶ Cut (range, seek, times) ─▶ Pace (when) ─▶ Played
//!                                                                         ▲
//!                        append · seek · pause · resume · switch ─────────┘
//! ```
//!
//! Nothing here knows a session; the driver of a connection polls a [`Playback`] as it polls a subscription to a live stream, and
//! tells the player what it gets. The stream has one clock: the first item keeps the times of its file (or begins at 0 where it does
//! not begin with the file), and each later item goes on where the one before ends.

mod counters;
mod cut;
mod doubts;
mod files;
mod pace;
mod playlist;
mod reader;
mod sent;
mod share;
mod track;
mod turn;
mod watched;

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use adit_media::{Frame, Timestamp};

pub(crate) use self::files::{DataMessages, Files, OpenError, Wanted};
use self::files::{Job, Opened};
use self::pace::Pace;
use self::playlist::Playlist;
pub(crate) use self::playlist::{Item, PlaylistFull};
use self::sent::Sent;
use self::track::{Landing, Track};

/// A recording that is being opened to be played.
pub(crate) type Beginning = Pin<Box<dyn Future<Output = Result<Playback, OpenError>> + Send>>;

/// Recorded streams that one player plays.
pub(crate) struct Playback {
    files: Files,
    precision: Precision,
    list: Playlist,
    track: Option<Track>,
    coming: Option<Coming>,
    pace: Pace,
    flow: Flow,
    sent: Sent,
    news: VecDeque<Played>,
    /// When the next frame is due.
    due: Option<Instant>,
    waits: Waits,
    end: End,
}

/// What was asked for too early.
#[derive(Default)]
struct Waits {
    /// A seek that waits until the first frame is found.
    seek: Option<Timestamp>,
    /// A switch that waits until it is known where the player is.
    switch: Option<Item>,
}

/// How exactly a player can be brought to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Precision {
    /// It decodes pictures on the way without showing them.
    Frame,
    /// Key frames only.
    KeyFrame,
}

/// What a player gets.
#[derive(Debug)]
pub(crate) enum Played {
    /// A message, at its time of the stream.
    Frame(Frame),
    /// As much has left as the player buffers.
    BufferFull,
    /// It goes on.
    NextBuffer,
    /// The next item of the playlist begins.
    Switched {
        /// Its name.
        name: String,
    },
    /// An item of the playlist cannot be played and is left out.
    Missing {
        /// Its name.
        name: String,
        /// Why.
        error: OpenError,
    },
    /// What plays cannot be read on.
    Broken {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// A seek led there.
    Sought(Timestamp),
    /// A seek is not possible.
    NotSought(NoPlace),
    /// The other recording is there, and is gone over to at a key frame to come.
    Transits {
        /// Its name.
        name: String,
    },
    /// From here on it is the other recording.
    Transited {
        /// Its name.
        name: String,
    },
    /// The other recording cannot be gone over to.
    NotTransited {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// All of it was played.
    Complete {
        /// How long that was.
        duration: Duration,
        /// How many bytes.
        bytes: u64,
    },
}

/// Why a player cannot go where it wants to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPlace {
    /// The stream ends before.
    #[error("the stream ends at {} s", f64::from(ends_at.ms()) / 1000.0)]
    BeyondTheEnd {
        /// Where.
        ends_at: Timestamp,
    },
    /// The file cannot be read.
    #[error("{0}")]
    Unreadable(String),
}

/// Whether frames leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    On,
    Paused,
    /// Paused, and the first picture of the place that was sought leaves; without pictures, the first sound.
    ShowsOne(Timestamp),
}

/// Whether the end was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Ahead,
    Told,
}

/// A file that is being made ready.
struct Coming {
    item: Item,
    why: Why,
    stage: Stage,
}

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It is next on the playlist.
    Next,
    /// The player wants to be at this time of the stream, where it plays.
    Seek(Timestamp),
    /// The player goes on at this time of the stream, where it plays.
    GoOn(Timestamp),
    /// It takes the place of what plays.
    Switch,
}

enum Stage {
    Opening(Job<Box<Opened>>),
    Opened(Box<Opened>),
    /// It cannot be played, which is told when it would begin.
    Failed(OpenError),
    /// Being read; the time of the stream from which on it plays is known once it is found.
    Joining(Box<Track>, Option<Timestamp>),
}

impl Playback {
    /// Opens the first item.
    pub(crate) fn begin(files: &Files, item: Item, precision: Precision) -> Beginning {
        Self::begin_at(files, item, precision, None)
    }

    /// The same for one that goes on at a time of what was played before.
    pub(crate) fn go_on(
        files: &Files,
        item: Item,
        precision: Precision,
        at: Timestamp,
    ) -> Beginning {
        Self::begin_at(files, item, precision, Some(at))
    }

    fn begin_at(
        files: &Files,
        item: Item,
        precision: Precision,
        base: Option<Timestamp>,
    ) -> Beginning {
        let opening = files.open(item.wanted.clone(), item.data);
        let files = files.clone();
        Box::pin(async move {
            let track = Track::begin(files.clone(), opening.await?, &item, base, precision)?;
            let mut sent = Sent::default();
            if let Some(base) = base {
                sent.moved_to(base);
            }
            Ok(Self {
                files,
                precision,
                list: Playlist::new(item),
                track: Some(track),
                coming: None,
                pace: Pace::default(),
                flow: Flow::On,
                sent,
                news: VecDeque::new(),
                due: None,
                waits: Waits::default(),
                end: End::Ahead,
            })
        })
    }

    /// What it plays, or played last.
    pub(crate) fn name(&self) -> &str {
        self.list.current().map_or("", Item::name)
    }

    /// Whether all of it was played, and the player was told.
    pub(crate) fn has_ended(&self) -> bool {
        self.end == End::Told
            && self.track.is_none()
            && self.coming.is_none()
            && self.news.is_empty()
    }

    /// When the last frame that was sent is over.
    pub(crate) fn end(&self) -> Timestamp {
        self.sent.end()
    }

    /// When to poll again although nothing else happens.
    pub(crate) const fn next_deadline(&self) -> Option<Instant> {
        self.due
    }

    /// The player says how much it buffers.
    pub(crate) fn set_buffer(&mut self, buffer: Duration) {
        self.pace.set_buffer(buffer);
    }

    /// Plays `item` after everything else.
    ///
    /// # Errors
    /// When the playlist is full.
    pub(crate) fn append(&mut self, item: Item) -> Result<(), PlaylistFull> {
        if let Err(full) = self.list.append(item) {
            self.files.playlist_full();
            return Err(full);
        }
        self.end = End::Ahead;
        Ok(())
    }

    /// Sends nothing until [`resume`](Self::resume).
    pub(crate) fn pause(&mut self) {
        self.flow = Flow::Paused;
    }

    /// Goes on. A player that says where it is, and is not where the last frame was, gets everything behind that again: it has
    /// thrown away what it had [RTMP 7.2.2.8]. 0 is what players say that do not know.
    pub(crate) fn resume(&mut self, position: Timestamp) {
        self.flow = Flow::On;
        self.pace.restart();
        let had_more = self.sent.last().filter(|last| position.is_before(*last));
        if position == Timestamp::ZERO || had_more.is_none() {
            return;
        }
        let is_current = self.list.go_to(position);
        match &mut self.track {
            Some(track) if is_current && !track.is_landing() => {
                let at = track.span().map.to_file(position);
                track.seek(at, Landing::GoOn(at));
                self.sent.moved_to(position);
            }
            Some(track) if is_current && track.is_landing() => {}
            _ => {
                self.drop_coming();
                self.open_again(Why::GoOn(position));
            }
        }
    }

    /// Goes to a time of the stream, or to the key frame before it; [`Played::Sought`] or [`Played::NotSought`] follows.
    pub(crate) fn seek(&mut self, to: Timestamp) {
        if self.is_beginning() {
            self.waits.seek = Some(to);
            return;
        }
        let span = self.list.span();
        if let Some(span) = span.filter(|span| span.is_before(to)) {
            let ends_at = span.end;
            let why = NoPlace::BeyondTheEnd { ends_at };
            self.news.push_back(Played::NotSought(why));
            return;
        }
        let is_current = self.list.go_to(to);
        self.drop_coming();
        if self.flow != Flow::On {
            self.flow = Flow::ShowsOne(to);
        }
        match &mut self.track {
            Some(track) if is_current => {
                let at = track.span().map.to_file(to);
                track.seek(at, Landing::Seek(at));
            }
            _ => self.open_again(Why::Seek(to)),
        }
    }

    /// Goes over to `item`, which has the same content, at its next key frame; where the player is on its way to another place,
    /// once it is there. [`Played::Transits`] and [`Played::Transited`] or [`Played::NotTransited`] follow.
    pub(crate) fn switch(&mut self, item: Item) {
        if self.is_on_its_way() {
            if let Some(earlier) = self.waits.switch.replace(item) {
                self.not_transited(&earlier, "another switch took its place");
            }
            return;
        }
        self.drop_coming();
        self.make_ready(item, Why::Switch);
    }

    /// Puts `item` in the place of one to come that has the name `old`; gives whether there is one.
    pub(crate) fn swap(&mut self, old: &str, item: &Item) -> bool {
        if matches!(&self.coming, Some(coming) if coming.why == Why::Next) {
            self.coming = None;
        }
        self.list.replace_coming(old, item)
    }

    /// Ends the playlist here.
    pub(crate) fn stop(&mut self) {
        self.drop_coming();
        self.list.drop_rest();
        self.track = None;
        self.waits.seek = None;
    }

    /// Whether the first frame of what is to play is not found yet.
    fn is_beginning(&self) -> bool {
        match &self.track {
            Some(track) => track.is_beginning(),
            None => self.list.span().is_none() && self.list.next().is_some(),
        }
    }

    /// Whether the player will be elsewhere in a moment.
    fn is_on_its_way(&self) -> bool {
        let is_elsewhere = |coming: &Coming| matches!(coming.why, Why::Seek(_) | Why::GoOn(_));
        self.is_beginning()
            || self.track.as_ref().is_some_and(Track::is_landing)
            || self.coming.as_ref().is_some_and(is_elsewhere)
    }

    fn open_again(&mut self, why: Why) {
        self.track = None;
        self.end = End::Ahead;
        if let Some(item) = self.list.current().cloned() {
            self.make_ready(item, why);
        }
    }

    fn make_ready(&mut self, item: Item, why: Why) {
        let stage = Stage::Opening(self.files.open(item.wanted.clone(), item.data));
        self.coming = Some(Coming { item, why, stage });
    }

    /// Nothing comes of what is being made ready; who waits for a switch is told.
    fn drop_coming(&mut self) {
        let begun = self.coming.take();
        let begun = begun.filter(|coming| coming.why == Why::Switch);
        let begun = begun.map(|coming| coming.item);
        for item in [begun, self.waits.switch.take()].into_iter().flatten() {
            self.not_transited(&item, "the player went elsewhere");
        }
    }

    fn not_transited(&mut self, item: &Item, why: &str) {
        let (name, why) = (item.name().to_owned(), why.to_owned());
        self.news.push_back(Played::NotTransited { name, why });
    }

    /// What waits for something to begin waits in vain.
    fn drop_wishes(&mut self, why: &str) {
        if self.waits.seek.take().is_some() {
            let why = NoPlace::Unreadable(why.to_owned());
            self.news.push_back(Played::NotSought(why));
        }
        if let Some(item) = self.waits.switch.take() {
            self.not_transited(&item, why);
        }
    }
}

#[cfg(test)]
impl Playback {
    /// Whether a wake is to be expected.
    fn is_waiting_for_a_file(&self) -> bool {
        self.coming.as_ref().is_some_and(Coming::is_busy)
            || self.track.as_ref().is_some_and(|track| {
                self.due.is_none() && (self.flow != Flow::Paused || track.is_landing())
            })
    }
}

#[cfg(test)]
impl Playback {
    /// Lets what is being read arrive.
    async fn settle_reader(&mut self) {
        if let Some(track) = &mut self.track {
            track.reader().settle().await;
        }
    }

    /// Loses the file that plays in a defect.
    async fn lose_file(&mut self) {
        if let Some(track) = &mut self.track {
            track.reader().lose();
        }
        self.settle_reader().await;
    }

    /// Frames and bytes that were read and not sent.
    fn read_ahead(&mut self) -> (usize, usize) {
        self.track
            .as_mut()
            .map_or((0, 0), |track| track.reader().held())
    }
}

#[cfg(test)]
impl Coming {
    fn is_busy(&self) -> bool {
        matches!(self.stage, Stage::Opening(_) | Stage::Joining(_, None))
    }
}

#[cfg(test)]
mod tests;
