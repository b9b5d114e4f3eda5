//! Input that waits to be parsed.

use std::collections::VecDeque;
use std::fmt;

use bytes::{Buf, Bytes};

use super::header::HEADER_MAX;

/// Bytes in order, as they were fed.
///
/// What is left of a header at the end of the input is moved to a small array inside, so that an
/// idle connection does not hold on to a read buffer.
#[derive(Default)]
pub(super) struct Input {
    stash: Stash,
    /// The first piece behind the stash; empty only if `later` is too.
    current: Bytes,
    /// Pieces behind it, none empty.
    later: VecDeque<Bytes>,
    /// Bytes in all three.
    len: usize,
}

/// The first bytes of a header.
#[derive(Clone, Copy, Default)]
struct Stash {
    bytes: [u8; HEADER_MAX],
    start: u8,
    end: u8,
}

impl Input {
    /// Appends a piece.
    pub(super) fn feed(&mut self, piece: Bytes) {
        if piece.is_empty() {
            return;
        }
        self.len = self.len.saturating_add(piece.len());
        if self.current.is_empty() {
            self.current = piece;
        } else {
            self.later.push_back(piece);
        }
    }

    /// Bytes that wait.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Bytes that wait, without what was put aside by [`Input::stash`].
    pub(super) fn unseen(&self) -> usize {
        self.len.saturating_sub(self.stash.as_slice().len())
    }

    /// Pieces that wait behind the first one.
    pub(super) fn pieces_behind(&self) -> usize {
        self.later.len()
    }

    /// Up to [`HEADER_MAX`] of the first bytes in one piece; `scratch` is used if they lie apart.
    pub(super) fn peek<'a>(&'a self, scratch: &'a mut [u8; HEADER_MAX]) -> &'a [u8] {
        if self.stash.is_empty() && (self.current.len() >= HEADER_MAX || self.later.is_empty()) {
            return self.current.get(..HEADER_MAX).unwrap_or(&self.current);
        }
        let mut filled = 0_usize;
        let pieces = [self.stash.as_slice(), &self.current];
        for piece in pieces
            .into_iter()
            .chain(self.later.iter().map(Bytes::as_ref))
        {
            let room = scratch.get_mut(filled..).unwrap_or_default();
            if room.is_empty() {
                break;
            }
            filled = filled.saturating_add(room.len().min(piece.len()));
            for (to, from) in room.iter_mut().zip(piece) {
                *to = *from;
            }
        }
        scratch.get(..filled).unwrap_or_default()
    }

    /// The first bytes, as many as lie together; empty only if nothing waits.
    pub(super) fn chunk(&self) -> &[u8] {
        if self.stash.is_empty() {
            &self.current
        } else {
            self.stash.as_slice()
        }
    }

    /// Drops the first `count` bytes, or all if there are fewer.
    pub(super) fn advance(&mut self, count: usize) {
        let mut count = count.min(self.len);
        self.len = self.len.saturating_sub(count);
        count = count.saturating_sub(self.stash.advance(count));
        while count > 0 {
            let part = count.min(self.current.len());
            self.current.advance(part);
            count = count.saturating_sub(part);
            self.next_piece();
        }
    }

    /// Puts what waits aside and lets go of the pieces; less than [`HEADER_MAX`] bytes wait.
    pub(super) fn stash(&mut self) {
        let mut scratch = [0; HEADER_MAX];
        let mut bytes = [0; HEADER_MAX];
        let rest = self.peek(&mut scratch);
        for (to, from) in bytes.iter_mut().zip(rest) {
            *to = *from;
        }
        let len = rest.len();
        self.stash = Stash {
            bytes,
            start: 0,
            end: u8::try_from(len).unwrap_or(0),
        };
        self.current = Bytes::new();
        self.later.clear();
    }

    fn next_piece(&mut self) {
        if self.current.is_empty() {
            self.current = self.later.pop_front().unwrap_or_default();
            if self.later.is_empty() {
                // Pieces pile up only now and then; an idle connection keeps no room for them.
                self.later = VecDeque::new();
            }
        }
    }
}

/// Shows how much waits and not what.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl Stash {
    const fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes
            .get(usize::from(self.start)..usize::from(self.end))
            .unwrap_or_default()
    }

    /// Drops up to `count` bytes, and gives how many it were.
    fn advance(&mut self, count: usize) -> usize {
        let dropped = self.as_slice().len().min(count);
        self.start = self
            .start
            .saturating_add(u8::try_from(dropped).unwrap_or(u8::MAX));
        dropped
    }
}

#[cfg(test)]
mod tests;
