//! Bytes that were fed and not read yet.

use std::collections::VecDeque;

use bytes::Bytes;

/// What was fed and not read yet, and how much was read.
#[derive(Debug, Default)]
pub(super) struct Input {
    /// None of them is empty.
    pieces: VecDeque<Bytes>,
    read: u64,
}

/// A structure of fixed size, filled as bytes come in.
#[derive(Debug)]
pub(super) struct Small<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl Input {
    pub(super) fn push(&mut self, piece: Bytes) {
        if !piece.is_empty() {
            self.pieces.push_back(piece);
        }
    }

    /// Drops what was not read.
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
    }

    /// Bytes read so far.
    pub(super) const fn read(&self) -> u64 {
        self.read
    }

    /// Reads on in a small structure; gives it when it is whole.
    pub(super) fn small<const N: usize>(&mut self, small: &mut Small<N>) -> Option<[u8; N]> {
        while let Some(rest) = small
            .bytes
            .get_mut(small.len..)
            .filter(|rest| !rest.is_empty())
        {
            let piece = self.take(rest.len())?;
            for (place, byte) in rest.iter_mut().zip(&piece) {
                *place = *byte;
            }
            small.len = small.len.saturating_add(piece.len());
        }
        Some(small.bytes)
    }

    /// Steps over at most `count` bytes; gives how many.
    pub(super) fn skip(&mut self, count: u32) -> u32 {
        let mut left = count;
        while left > 0
            && let Some(piece) = self.take(usize::try_from(left).unwrap_or(usize::MAX))
        {
            left = left.saturating_sub(u32::try_from(piece.len()).unwrap_or(left));
        }
        count.saturating_sub(left)
    }

    /// Moves input into `body` until it has `size` bytes or nothing is left.
    pub(super) fn fill(&mut self, body: &mut Vec<u8>, size: usize) {
        while body.len() < size
            && let Some(piece) = self.take(size.saturating_sub(body.len()))
        {
            body.extend_from_slice(&piece);
        }
    }

    /// Up to `most` of the oldest bytes, at least one; `None` when there are none.
    fn take(&mut self, most: usize) -> Option<Bytes> {
        let front = self.pieces.front_mut()?;
        let piece = front.split_to(most.min(front.len()));
        if front.is_empty() {
            self.pieces.pop_front();
        }
        let len = u64::try_from(piece.len()).unwrap_or(u64::MAX);
        self.read = self.read.saturating_add(len);
        Some(piece)
    }
}

impl<const N: usize> Small<N> {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }
}
