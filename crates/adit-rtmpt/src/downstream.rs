//! Bytes on their way to the client, waiting for a request whose reply can carry them.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};

/// A queue of bytes: large pieces are shared with whoever wrote them, small ones are copied together.
///
/// Copying runs of small pieces keeps the number of pieces below two per [`SHARE`] bytes, whatever the writer does.
#[derive(Debug, Default)]
pub(crate) struct Downstream {
    pieces: VecDeque<Bytes>,
    tail: BytesMut,
    len: usize,
    since: Option<Instant>,
}

impl Downstream {
    /// Bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// When the oldest byte that waits was written.
    pub(crate) fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Takes at most `room` bytes and says how many.
    pub(crate) fn write(&mut self, now: Instant, data: &mut dyn Buf, room: usize) -> usize {
        let mut left = room;
        while left > 0 {
            let chunk = data.chunk();
            let step = chunk.len().min(left);
            if step == 0 {
                break;
            }
            if step >= SHARE {
                self.finish_tail();
                self.pieces.push_back(data.copy_to_bytes(step));
            } else {
                self.tail
                    .extend_from_slice(chunk.get(..step).unwrap_or_default());
                data.advance(step);
            }
            left -= step;
        }
        let written = room.saturating_sub(left);
        self.len = self.len.saturating_add(written);
        if written > 0 {
            self.since.get_or_insert(now);
        }
        written
    }

    /// Gives out the oldest bytes, at most `most`; what stays counts as written `now`.
    pub(crate) fn take(&mut self, now: Instant, most: usize) -> Vec<Bytes> {
        self.finish_tail();
        let mut taken = Vec::new();
        let mut left = most.min(self.len);
        self.len = self.len.saturating_sub(left);
        self.since = (self.len > 0).then_some(now);
        while left > 0 {
            let Some(mut piece) = self.pieces.pop_front() else {
                break;
            };
            if piece.len() > left {
                let rest = piece.split_off(left);
                self.pieces.push_front(rest);
            }
            left = left.saturating_sub(piece.len());
            taken.push(piece);
        }
        taken
    }

    /// Drops everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn finish_tail(&mut self) {
        if !self.tail.is_empty() {
            self.pieces.push_back(self.tail.split().freeze());
        }
    }
}

/// From this size on a piece is shared, not copied. Below it, the book-keeping would cost more than the copy.
const SHARE: usize = 1024;

#[cfg(test)]
mod tests;
