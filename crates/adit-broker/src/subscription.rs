//! A reader's side of a stream.

use std::sync::Arc;
use std::task::{Context, Poll};

use crate::broker::Registry;
use crate::cursor::{Cursor, Phase};
use crate::log::Position;
use crate::stream::Stream;
use crate::waiter::Waiter;
use crate::{Delivery, GopCache, Place, StreamKey};

/// A reader of one stream; dropping it leaves.
///
/// What it gets, in this order, as often as the stream is published:
///
/// 1. [`Delivery::Started`], at once if a publication runs.
/// 2. A reader that was here before the publication: every frame from the first one on, untouched
///    and without gaps. A reader that came later: metadata, then the sequence headers of every
///    track, stamped with the time of the frame they lead to; then frames from a key frame on,
///    untouched and without gaps. A stream without video begins with any frame.
/// 3. When the reader was too slow: [`Delivery::Skipped`], then as for one that came later, from a
///    newer key frame.
/// 4. [`Delivery::Stopped`].
///
/// A publication that came and went before the reader looked is told afterwards, as far as a
/// reader may lag behind; further back it is as if it had not been.
#[derive(Debug)]
pub struct Subscription {
    registry: Arc<Registry>,
    key: StreamKey,
    stream: Arc<Stream>,
    waiter: Arc<Waiter>,
    cursor: Cursor,
    seen: Seen,
    standing: Standing,
}

/// Whether it is one of the readers that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Reader,
    /// It reads for others, who are.
    Assistant,
}

/// Keeps what a resting reader will need. It belongs to whoever reads for it meanwhile.
#[derive(Clone, Debug)]
pub struct Hold {
    stream: Arc<Stream>,
    waiter: Arc<Waiter>,
}

impl Hold {
    /// From here on the log is kept for the resting reader. To lose nothing, call it while another reader has that place.
    pub fn at(&self, place: &Place) {
        let log = self.stream.read();
        self.waiter.set_place(Some(place.position()), Phase::Plays);
        drop(log);
    }
}

/// What the last look at the log found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    /// There may be more at once.
    More,
    /// Nothing more: before the next look, arm the waker.
    All,
    /// The same of a reader that plays: the next look is of use only once the log is visible beyond this position.
    UpTo(Position),
}

impl Subscription {
    pub(crate) fn begin(
        registry: Arc<Registry>,
        key: StreamKey,
        stream: Arc<Stream>,
        gop_cache: GopCache,
    ) -> Self {
        let waiter = Arc::new(Waiter::new());
        stream.add_reader(Arc::clone(&waiter));
        stream.count_in();
        let cursor = {
            let log = stream.read();
            let cursor = Cursor::new(&log, gop_cache);
            waiter.set_place(cursor.needs(), cursor.phase());
            cursor
        };
        Self {
            registry,
            key,
            stream,
            waiter,
            cursor,
            seen: Seen::More,
            standing: Standing::Reader,
        }
    }

    /// Somebody who reads the same stream from `place` on, for this reader and others that [rest](Self::rest) meanwhile. He is not
    /// counted, and to be dropped when none of them is left.
    #[must_use]
    pub fn assistant(&self, place: Place) -> Self {
        let waiter = Arc::new(Waiter::new());
        let cursor = Cursor::at(place);
        // He has a place before the log's next trim, because he is one of the readers under the log's lock.
        let log = self.stream.read();
        waiter.set_place(cursor.needs(), cursor.phase());
        self.stream.add_reader(Arc::clone(&waiter));
        drop(log);
        Self {
            registry: Arc::clone(&self.registry),
            key: self.key.clone(),
            stream: Arc::clone(&self.stream),
            waiter,
            cursor,
            seen: Seen::More,
            standing: Standing::Assistant,
        }
    }

    /// How many read the stream. It locks nothing.
    pub fn readers(&self) -> usize {
        self.stream.reader_count()
    }

    /// The name of the stream.
    pub fn key(&self) -> &StreamKey {
        &self.key
    }

    /// The next delivery. `Pending` only when the reader has everything that is visible; the task
    /// of the newest call is then woken when there is more.
    ///
    /// Call it until it is pending or the output is full, then write: frames that wait for a
    /// flush are handed out along the way if the reader is at work anyway.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Delivery> {
        loop {
            if let Some(delivery) = self.cursor.pop() {
                return Poll::Ready(self.counted(delivery));
            }
            if self.seen == Seen::More {
                self.look();
                continue;
            }
            // Armed before the look that finds nothing, so that no flush in between is missed.
            self.waiter.arm(cx.waker());
            if !matches!(self.seen, Seen::UpTo(position) if self.stream.visible() <= position) {
                self.look();
            }
            if self.cursor.is_dry() {
                self.seen = Seen::More;
                return Poll::Pending;
            }
            self.waiter.disarm();
        }
    }

    /// Where it is, when it plays and has handed out everything it took out of the log; `None` otherwise.
    ///
    /// Somebody else who reads the same stream can go on for it from there: [`rest`](Self::rest), and once he has stopped
    /// [`resume`](Self::resume) where he is then.
    pub fn place(&self) -> Option<Place> {
        self.cursor.place()
    }

    /// Is not woken and holds nothing in the log until [`resume`](Self::resume); it stays one of the readers. The next
    /// publication is kept for it if this one ends meanwhile.
    pub fn rest(&mut self) -> Hold {
        self.waiter.disarm();
        let log = self.stream.read();
        self.waiter.set_place(None, Phase::Plays);
        drop(log);
        Hold {
            stream: Arc::clone(&self.stream),
            waiter: Arc::clone(&self.waiter),
        }
    }

    /// Goes on at a place of its stream after a [`rest`](Self::rest). To lose nothing, call it while the reader whose place that is
    /// still holds it; a place that is gone is one of a reader that was too slow.
    pub fn resume(&mut self, place: Place) {
        let log = self.stream.read();
        self.cursor.move_to(place);
        self.waiter
            .set_place(self.cursor.needs(), self.cursor.phase());
        self.seen = Seen::More;
        drop(log);
    }

    /// Takes the next batch out of the log.
    fn look(&mut self) {
        let needed = self.cursor.needs();
        let (needs, phase) = {
            let log = self.stream.read();
            self.cursor.advance(&log);
            let place = (self.cursor.needs(), self.cursor.phase());
            self.waiter.set_place(place.0, place.1);
            self.seen = match place {
                (Some(position), _) if position < log.visible() => Seen::More,
                (Some(position), Phase::Plays) => Seen::UpTo(position),
                _ => Seen::All,
            };
            place
        };
        if phase == Phase::Waits && needs != needed {
            self.stream.trim_ended();
        }
    }

    fn counted(&self, delivery: Delivery) -> Delivery {
        if let Delivery::Skipped { frames } = &delivery
            && self.standing == Standing::Reader
        {
            self.stream.counters.skips.add(1);
            self.stream.counters.skipped_frames.add(*frames);
        }
        delivery
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.waiter.disarm();
        self.stream.remove_reader(&self.waiter);
        self.stream.trim_ended();
        if self.standing == Standing::Reader {
            self.stream.count_out();
            self.registry.unsubscribe(&self.key);
        }
    }
}

#[cfg(test)]
mod tests;
