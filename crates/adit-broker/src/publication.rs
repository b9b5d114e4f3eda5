//! The publisher's side of a stream.

use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use adit_media::Frame;

use crate::broker::Registry;
use crate::limits::TRIM_INTERVAL;
use crate::log::{Change, Garbage, Position};
use crate::stream::Stream;
use crate::{Latency, PublicationInfo, SharedFrame, StreamKey, StreamStats};

/// The right to publish one stream; dropping it unpublishes.
///
/// Its owner pushes frames and, whenever [`Self::next_flush`] names a time, calls [`Self::flush`]
/// then. Neither ever waits for a reader.
#[derive(Debug)]
pub struct Publication {
    registry: Arc<Registry>,
    key: StreamKey,
    stream: Arc<Stream>,
    info: Arc<PublicationInfo>,
    latency: Latency,
    flush_at: Option<Instant>,
    newest: Instant,
    /// Whether readers that wait for a beginning are woken at the next flush.
    joinable: bool,
    pushes: u64,
    // Room that is used again and again.
    wakers: Vec<Waker>,
    garbage: Garbage,
}

/// Frames that room is kept for which are let go of at once; a whole group of pictures is much more, and comes seldom.
const GARBAGE_KEPT: usize = 8;

/// When readers learn of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visibility {
    Now,
    Later,
}

impl Publication {
    pub(crate) fn begin(
        registry: Arc<Registry>,
        key: StreamKey,
        stream: Arc<Stream>,
        info: Arc<PublicationInfo>,
        latency: Latency,
    ) -> Self {
        let mut publication = Self {
            registry,
            key,
            newest: info.since,
            info,
            latency,
            flush_at: None,
            joinable: true,
            pushes: 0,
            wakers: Vec::new(),
            garbage: Garbage::new(),
            stream,
        };
        publication
            .stream
            .write()
            .start(Arc::clone(&publication.info));
        publication.wake(0);
        publication
    }

    /// The name of the stream.
    pub fn key(&self) -> &StreamKey {
        &self.key
    }

    /// This publication.
    pub fn info(&self) -> &Arc<PublicationInfo> {
        &self.info
    }

    /// Appends a frame. `now` never goes back from call to call.
    ///
    /// The frame, and what waited before it, becomes visible at once if the stream's [`Latency`]
    /// says so, if a flush is due or if nobody reads; else at [`Self::next_flush`]. A data message that clears the
    /// metadata is carried out here, and no reader sees it.
    pub fn push(&mut self, now: Instant, frame: Frame) {
        self.newest = now;
        if frame.flags().clears_metadata() {
            self.stream.write().clear_metadata();
            return;
        }
        let due = now
            .checked_add(self.latency.delay(frame.kind()))
            .unwrap_or(now);
        let flush_at = self.flush_at.map_or(due, |at| at.min(due));
        // Where nobody is woken there is nothing to gather, and no timer to ring for it.
        let is_due = flush_at <= now || !self.stream.has_readers();
        self.flush_at = if is_due { None } else { Some(flush_at) };
        let visibility = if is_due {
            Visibility::Now
        } else {
            Visibility::Later
        };
        let visible = self.append(now, frame, visibility);
        if is_due {
            self.wake(visible);
        }
    }

    /// Appends; gives up to where the log is visible then.
    fn append(&mut self, now: Instant, frame: Frame, visibility: Visibility) -> Position {
        self.pushes = self.pushes.wrapping_add(1);
        let shared = Arc::new(SharedFrame::arrived(frame, now));
        let bytes = shared.bytes();
        let (change, visible) = {
            let mut log = self.stream.write();
            let change = log.push(now, shared, &mut self.garbage);
            if change.new_group || self.pushes.is_multiple_of(TRIM_INTERVAL) {
                self.stream.trim(&mut log, &mut self.garbage);
            }
            if visibility == Visibility::Now {
                log.flush();
                self.stream.show(&log);
            }
            (change, log.visible())
        };
        self.garbage.clear();
        if self.garbage.capacity() > GARBAGE_KEPT {
            self.garbage.shrink_to(GARBAGE_KEPT);
        }
        self.count(bytes, change);
        visible
    }

    fn count(&mut self, bytes: u64, change: Change) {
        self.joinable |= change.joinable;
        let counters = &self.stream.counters;
        counters.frames.add(1);
        counters.bytes.add(bytes);
        counters.gop_overflows.hit(change.overflows.gop);
        counters.header_overflows.hit(change.overflows.headers);
    }

    /// When [`Self::flush`] is due, if frames wait for it.
    pub fn next_flush(&self) -> Option<Instant> {
        self.flush_at
    }

    /// Makes waiting frames visible and wakes readers, if that is due at `now`.
    pub fn flush(&mut self, now: Instant) {
        if self.flush_at.is_some_and(|at| at <= now) {
            self.flush_at = None;
            let visible = self.flush_log();
            self.wake(visible);
        }
    }

    fn flush_log(&self) -> Position {
        let mut log = self.stream.write();
        log.flush();
        self.stream.show(&log);
        log.visible()
    }

    fn wake(&mut self, visible: Position) {
        self.stream.wake(visible, self.joinable, &mut self.wakers);
        self.joinable = false;
    }

    /// How many readers the stream has.
    pub fn readers(&self) -> usize {
        self.stream.reader_count()
    }

    /// The numbers of the stream.
    pub fn stats(&self) -> StreamStats {
        self.stream.stats()
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        let visible = {
            let mut log = self.stream.write();
            log.stop(self.newest, &mut self.garbage);
            self.stream.show(&log);
            self.stream.expect_next(&log);
            self.stream.trim(&mut log, &mut self.garbage);
            log.visible()
        };
        self.garbage.clear();
        // The name is free before readers hear of it: one that wants to take over can.
        self.registry.unpublish(&self.key);
        self.joinable = true;
        self.wake(visible);
    }
}

#[cfg(test)]
mod tests;
