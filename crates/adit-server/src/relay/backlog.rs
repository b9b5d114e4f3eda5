//! What a far side has not got yet, or would need again after a break: bounded, and cut only before key frames.
//!
//! ```text
//!   headers       arrived       sent               not sent
//!   before it   [ key … … … │ … … key … … │ … … key … … … … key … … ]
//!               └ kept to   └ not          └ next                 └ newest
//!                 begin again acknowledged
//!                 after a break
//! ```
//!
//! What was sent is kept back to the key frame at or before the first frame that the far side has not acknowledged: when a
//! connection breaks, what the network had taken may be lost too. Of a far side that never acknowledges it is kept back to the
//! newest key frame; what was let go that way counts as perhaps lost when the connection breaks soon after. A far side that is away
//! for too long loses whole groups of pictures, the oldest first.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_broker::SharedFrame;
use adit_media::{Frame, FrameKind};

use crate::limits::relay::{BUFFER_BYTES, BUFFER_DURATION, BUFFER_FRAMES, PICTURES_GONE};
use connection::Connection;
use headers::Headers;

mod connection;
mod doubt;
mod headers;

/// How much of a stream a relay may hold while the far side does not take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BufferLimits {
    /// Payload bytes. Default 32 MiB (`relay.buffer.bytes`).
    pub bytes: u64,
    /// Frames. Default 16,384 (`relay.buffer.frames`).
    pub frames: usize,
    /// From the arrival of the oldest frame not sent to that of the newest; and since a frame was sent that is kept because it is
    /// not acknowledged. Default 30 s (`relay.buffer.duration`).
    pub duration: Duration,
}

impl Default for BufferLimits {
    fn default() -> Self {
        Self {
            bytes: BUFFER_BYTES,
            frames: BUFFER_FRAMES,
            duration: BUFFER_DURATION,
        }
    }
}

/// What the far side did not get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// How many frames.
    pub frames: u64,
    /// How long they lasted, by arrival.
    pub lasting: Duration,
    /// How many more may be lost: they were sent shortly before a break, not acknowledged, and kept no more.
    pub unsure: u64,
}

/// The frames of one publication on their way to one far side.
#[derive(Debug)]
pub(super) struct Backlog {
    limits: BufferLimits,
    /// What was told before the oldest entry.
    before: Headers,
    entries: VecDeque<Entry>,
    bytes: u64,
    marks: Marks,
    connection: Connection,
    /// Metadata and headers that go before the next entry.
    preamble: VecDeque<Frame>,
    /// The next entry does not follow the one sent last.
    gap: Gap,
    /// Since when frames are left out that nothing can begin with.
    seeking: Option<Instant>,
    seen: Seen,
    /// When media of that kind came last.
    seen_at: Option<Instant>,
    skipped: Skipped,
}

/// How many of the entries, from the oldest on.
#[derive(Debug, Default)]
struct Marks {
    /// Were sent on this connection.
    sent: usize,
    /// Their payload.
    sent_bytes: u64,
    /// Have surely arrived, on this connection or on earlier ones.
    arrived: usize,
    /// Were sent on earlier connections.
    again: usize,
}

/// The most telling kind of media that comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Data,
    Audio,
    Video,
}

#[derive(Debug)]
struct Entry {
    frame: Arc<SharedFrame>,
    arrival: Instant,
    /// How it was sent last.
    sent: Option<Sent>,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    at: Instant,
    /// How many frames its connection was given up to it.
    number: u64,
}

impl Entry {
    fn bytes(&self) -> u64 {
        u64::try_from(self.frame.frame().payload().len()).unwrap_or(u64::MAX)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    None,
    /// The preamble is still to be made.
    Unbridged,
}

impl Backlog {
    pub(super) fn new(limits: BufferLimits) -> Self {
        Self {
            limits,
            before: Headers::default(),
            entries: VecDeque::new(),
            bytes: 0,
            marks: Marks::default(),
            connection: Connection::default(),
            preamble: VecDeque::new(),
            gap: Gap::None,
            seeking: None,
            seen: Seen::Data,
            seen_at: None,
            skipped: Skipped::default(),
        }
    }

    /// Takes the next frame of the publisher.
    pub(super) fn push(&mut self, now: Instant, frame: Arc<SharedFrame>) {
        self.note_kind(now, frame.frame().kind());
        if let Some(since) = self.seeking {
            if !self.is_beginning(frame.frame()) {
                self.leave_out(&frame, now.saturating_duration_since(since));
                self.seeking = Some(now);
                return;
            }
            self.seeking = None;
        }
        let entry = Entry {
            frame,
            arrival: now,
            sent: None,
        };
        self.bytes = self.bytes.saturating_add(entry.bytes());
        self.entries.push_back(entry);
        while self.is_too_much() {
            self.shrink(now);
        }
    }

    fn note_kind(&mut self, now: Instant, kind: FrameKind) {
        let seen = match kind {
            FrameKind::Data => Seen::Data,
            FrameKind::Audio => Seen::Audio,
            FrameKind::Video => Seen::Video,
        };
        // An encoder may go on with sound alone.
        let is_gone = |at| now.saturating_duration_since(at) >= PICTURES_GONE;
        if seen >= self.seen || seen == Seen::Audio && self.seen_at.is_some_and(is_gone) {
            self.seen = seen;
            self.seen_at = Some(now);
        }
    }

    /// The frame to be sent next. It stays until [`Backlog::note_sent`].
    pub(super) fn next(&mut self) -> Option<Frame> {
        if self.gap == Gap::Unbridged {
            let at = self.entries.get(self.marks.sent)?.frame.frame().at();
            let mut headers = self.before.clone();
            for entry in self
                .entries
                .range(..self.marks.sent.min(self.entries.len()))
            {
                headers.note(&entry.frame);
            }
            self.preamble = headers.preamble(at);
            self.gap = Gap::None;
        }
        if let Some(frame) = self.preamble.front() {
            return Some(frame.clone());
        }
        Some(self.entries.get(self.marks.sent)?.frame.frame().clone())
    }

    /// Whether what comes next can be the beginning of a stream.
    pub(super) fn next_is_beginning(&self) -> bool {
        self.preamble.is_empty()
            && self
                .entries
                .get(self.marks.sent)
                .is_some_and(|entry| self.is_beginning(entry.frame.frame()))
    }

    /// [`Backlog::next`] is on its way.
    pub(super) fn note_sent(&mut self, now: Instant) {
        let number = self.connection.give();
        if self.preamble.pop_front().is_some() {
            return;
        }
        let Some(entry) = self.entries.get_mut(self.marks.sent) else {
            return;
        };
        entry.sent = Some(Sent { at: now, number });
        let (frame, bytes) = (Arc::clone(&entry.frame), entry.bytes());
        self.marks.sent = self.marks.sent.saturating_add(1);
        self.marks.sent_bytes = self.marks.sent_bytes.saturating_add(bytes);
        if self.is_beginning(frame.frame()) {
            self.forget_needless(now);
        }
    }

    /// So many bytes of this connection have left, and so many frames of it are acknowledged.
    pub(super) fn note_progress(&mut self, now: Instant, left: u64, acknowledged: u64) {
        self.connection.note_progress(now, left, acknowledged);
        self.connection.doubt.settle(acknowledged);
        let before = self.marks.arrived;
        while self.marks.arrived < self.marks.sent
            && let Some(sent) = self
                .entries
                .get(self.marks.arrived)
                .and_then(|entry| entry.sent)
            && sent.number <= acknowledged
        {
            self.marks.arrived = self.marks.arrived.saturating_add(1);
        }
        if self.marks.arrived > before {
            self.forget_needless(now);
        }
    }

    /// The far side has got everything that was sent.
    pub(super) fn note_delivered(&mut self) {
        self.marks.arrived = self.marks.sent;
        self.connection.doubt.clear();
    }

    /// A new connection has nothing yet: begins again at the key frame at or before the first frame that may not have arrived, or
    /// at the next one if that is not there any more.
    pub(super) fn rewind(&mut self, now: Instant) {
        self.forget_needless(now);
        let beginning = self.beginning(0).unwrap_or(self.entries.len());
        self.forget(beginning.min(self.marks.sent));
        self.connection.doubt.expire(now, self.limits.duration);
        self.skipped.unsure = self
            .skipped
            .unsure
            .saturating_add(self.connection.doubt.frames());
        self.connection = Connection::default();
        let sent = self.marks.sent;
        self.marks.again = self.marks.again.max(sent);
        self.preamble.clear();
        self.begin_at(now, self.beginning(0), sent);
    }

    /// How many of the frames that wait were sent on an earlier connection, and may arrive twice.
    pub(super) fn repeated(&self) -> u64 {
        let repeated = self.marks.again.saturating_sub(self.marks.sent);
        u64::try_from(repeated).unwrap_or(u64::MAX)
    }

    /// Drops everything before `beginning`, or everything; of that, what is behind `sent` is lost.
    fn begin_at(&mut self, now: Instant, beginning: Option<usize>, sent: usize) {
        let end = beginning.unwrap_or(self.entries.len());
        self.count_lost(sent, end);
        (self.marks.sent, self.marks.sent_bytes) = (0, 0);
        self.forget(end);
        self.gap = Gap::Unbridged;
        if beginning.is_none() {
            self.seeking = self.seeking.or(Some(now));
        }
    }

    /// How many frames wait to be sent.
    pub(super) fn waiting(&self) -> usize {
        self.entries.len().saturating_sub(self.marks.sent)
    }

    /// How many frames wait, or may not have arrived and can be sent again.
    pub(super) fn undelivered(&self) -> usize {
        self.entries.len().saturating_sub(self.marks.arrived)
    }

    /// How many frames the far side has not got, or may not have got, if nothing more is sent; those that
    /// [`Backlog::take_skipped`] has given excepted.
    pub(super) fn missing(&self) -> u64 {
        [
            u64::try_from(self.undelivered()).unwrap_or(u64::MAX),
            self.connection.doubt.frames(),
            self.skipped.frames,
            self.skipped.unsure,
        ]
        .into_iter()
        .fold(0, u64::saturating_add)
    }

    /// Payload bytes that wait to be sent.
    pub(super) fn waiting_bytes(&self) -> u64 {
        self.bytes.saturating_sub(self.marks.sent_bytes)
    }

    /// What was left out since this was asked last.
    pub(super) fn take_skipped(&mut self) -> Skipped {
        std::mem::take(&mut self.skipped)
    }

    /// The broker itself had to leave frames out.
    pub(super) fn note_skipped(&mut self, frames: u64) {
        self.skipped.frames = self.skipped.frames.saturating_add(frames);
    }

    /// Payload bytes held.
    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> u64 {
        self.bytes
    }

    fn is_too_much(&self) -> bool {
        // Frames that are sent again have waited before.
        let oldest = self.entries.get(self.marks.sent.max(self.marks.again));
        let waits = match (oldest, self.entries.back()) {
            (Some(oldest), Some(newest)) => {
                newest.arrival.saturating_duration_since(oldest.arrival)
            }
            _ => Duration::ZERO,
        };
        // One frame alone is never too much, however large it is.
        self.entries.len() > 1
            && (self.bytes > self.limits.bytes
                || self.entries.len() > self.limits.frames
                || waits > self.limits.duration)
    }

    /// Lets go of the oldest group of pictures that was sent, else of the oldest one.
    fn shrink(&mut self, now: Instant) {
        let next = self.beginning(1);
        if self.marks.sent > 0 {
            self.forget(next.unwrap_or(self.marks.sent).min(self.marks.sent));
            return;
        }
        self.preamble.clear();
        self.begin_at(now, next, self.marks.arrived);
    }

    /// Lets go of what no new connection would begin with.
    fn forget_needless(&mut self, now: Instant) {
        while let Some(next) = self.beginning(1)
            && (next <= self.marks.arrived
                || next < self.marks.sent
                    && (self.connection.is_silent(now) || self.is_stale(now, next)))
        {
            self.forget(next);
        }
    }

    /// Whether all that was sent before `next` was sent too long ago to be lost now.
    fn is_stale(&self, now: Instant, next: usize) -> bool {
        let last = next
            .checked_sub(1)
            .and_then(|at| self.entries.get(at)?.sent);
        last.is_some_and(|last| now.saturating_duration_since(last.at) > self.limits.duration)
    }

    /// The first entry from `from` on that a stream can begin with.
    fn beginning(&self, from: usize) -> Option<usize> {
        (from..)
            .zip(self.entries.range(from.min(self.entries.len())..))
            .find(|(_, entry)| self.is_beginning(entry.frame.frame()))
            .map(|(at, _)| at)
    }

    /// A key frame; any sound or picture where there are no pictures to wait for.
    fn is_beginning(&self, frame: &Frame) -> bool {
        let flags = frame.flags();
        match frame.kind() {
            FrameKind::Video => flags.is_key_frame() && !flags.is_sequence_header(),
            FrameKind::Audio => self.seen <= Seen::Audio && !flags.is_sequence_header(),
            FrameKind::Data => self.seen == Seen::Data && !flags.is_metadata(),
        }
    }

    /// Drops the oldest `count` entries; what they told stays known, and which of them may be lost.
    fn forget(&mut self, count: usize) {
        let mut dropped = 0u64;
        for (at, entry) in self
            .entries
            .drain(..count.min(self.entries.len()))
            .enumerate()
        {
            self.bytes = self.bytes.saturating_sub(entry.bytes());
            if at < self.marks.sent {
                dropped = dropped.saturating_add(entry.bytes());
                if at >= self.marks.arrived
                    && !is_told_again(entry.frame.frame())
                    && let Some(sent) = entry.sent
                {
                    self.connection.doubt.note(sent, self.limits.frames);
                }
            }
            self.before.note(&entry.frame);
        }
        self.marks.sent_bytes = self.marks.sent_bytes.saturating_sub(dropped);
        self.marks.sent = self.marks.sent.saturating_sub(count);
        self.marks.arrived = self.marks.arrived.saturating_sub(count);
        self.marks.again = self.marks.again.saturating_sub(count);
    }

    /// Counts the entries from `sent` to `end` as lost, those that are told again excepted.
    fn count_lost(&mut self, sent: usize, end: usize) {
        let lost = self
            .entries
            .range(sent.min(end)..end.min(self.entries.len()));
        let (mut frames, mut first, mut last) = (0u64, None, None);
        for entry in lost {
            if !is_told_again(entry.frame.frame()) {
                frames = frames.saturating_add(1);
            }
            first = first.or(Some(entry.arrival));
            last = Some(entry.arrival);
        }
        let until = self.entries.get(end).map(|entry| entry.arrival).or(last);
        if let (Some(first), Some(until)) = (first, until) {
            self.skipped.frames = self.skipped.frames.saturating_add(frames);
            let lasting = until.saturating_duration_since(first);
            self.skipped.lasting = self.skipped.lasting.saturating_add(lasting);
        }
    }

    fn leave_out(&mut self, frame: &Arc<SharedFrame>, lasting: Duration) {
        self.before.note(frame);
        if !is_told_again(frame.frame()) {
            self.skipped.frames = self.skipped.frames.saturating_add(1);
        }
        self.skipped.lasting = self.skipped.lasting.saturating_add(lasting);
    }
}

/// Whether a frame is part of what goes before a new beginning.
fn is_told_again(frame: &Frame) -> bool {
    frame.flags().is_metadata() || frame.flags().is_sequence_header()
}

#[cfg(test)]
mod tests;
