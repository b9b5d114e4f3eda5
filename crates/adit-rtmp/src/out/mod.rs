//! Bytes that wait for the carrier.

use std::collections::VecDeque;
use std::fmt;
use std::io::IoSlice;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Bytes for the carrier, in order: small heads kept inline and shared pieces that are never copied.
///
/// Filled by handshakes and [`ChunkWriter`](crate::chunk::ChunkWriter), drained by the shell through
/// [`Buf`]: [`Buf::chunks_vectored`] for a vectored write, [`Buf::copy_to_bytes`] to move whole
/// pieces. In steady state, when the queue is drained about as fast as it is filled, it allocates
/// nothing.
///
/// The queue has no limit of its own: whoever fills it looks at [`OutQueue::len`] first.
#[derive(Default)]
pub struct OutQueue {
    segments: VecDeque<Segment>,
    /// Sum of the lengths of all segments. No segment is empty.
    len: usize,
    /// The most segments that have waited since the queue was empty, and between the two times before.
    burst: usize,
    last_burst: usize,
}

/// The longest run of bytes that [`OutQueue::push_head`] keeps inline: basic header 3, message
/// header 11, extended timestamp 4.
pub const HEAD_MAX: usize = 18;

/// Segments for which an empty queue keeps room, at least and at most: twice what it needed lately, 512 bytes to 4 KiB.
const KEPT_SEGMENTS: (usize, usize) = (16, 128);

impl OutQueue {
    /// An empty queue; allocates nothing.
    pub const fn new() -> Self {
        Self {
            segments: VecDeque::new(),
            len: 0,
            burst: 0,
            last_burst: 0,
        }
    }

    /// Bytes that wait.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing waits.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends shared bytes without copying them.
    pub fn push(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.append(bytes.len(), Segment::Shared(bytes));
        }
    }

    /// Appends a copy of a few bytes; up to [`HEAD_MAX`] of them cost no allocation.
    pub fn push_head(&mut self, bytes: &[u8]) {
        match Head::new(bytes) {
            Some(head) if !bytes.is_empty() => self.append(bytes.len(), Segment::Head(head)),
            Some(_) => {}
            None => self.push(Bytes::copy_from_slice(bytes)),
        }
    }

    /// Throws everything away.
    pub fn clear(&mut self) {
        self.len = 0;
        self.settle();
    }

    fn append(&mut self, len: usize, segment: Segment) {
        self.len = self.len.saturating_add(len);
        self.segments.push_back(segment);
        self.burst = self.burst.max(self.segments.len());
    }

    /// Nothing waits any more: the ring begins at its front again, so that its memory stays in the cache, and gives back room
    /// that was not needed lately.
    fn settle(&mut self) {
        self.segments.clear();
        let (least, most) = KEPT_SEGMENTS;
        let needed = self.burst.max(self.last_burst);
        let kept = needed.saturating_mul(2).clamp(least, most);
        if self.segments.capacity() > kept {
            self.segments.shrink_to(kept);
        }
        self.last_burst = std::mem::take(&mut self.burst);
    }
}

/// Shows how much waits and not what.
impl fmt::Debug for OutQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutQueue")
            .field("len", &self.len)
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}

impl Buf for OutQueue {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        self.segments.front().map_or(&[], Segment::as_slice)
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0_usize;
        for (slot, segment) in dst.iter_mut().zip(&self.segments) {
            *slot = IoSlice::new(segment.as_slice());
            filled = filled.saturating_add(1);
        }
        filled
    }

    /// Drops the first `count` bytes, or all of them if there are fewer.
    fn advance(&mut self, mut count: usize) {
        while let Some(front) = self.segments.front_mut() {
            let front_len = front.as_slice().len();
            if count < front_len {
                front.advance(count);
                self.len = self.len.saturating_sub(count);
                return;
            }
            count = count.saturating_sub(front_len);
            self.len = self.len.saturating_sub(front_len);
            self.segments.pop_front();
        }
        self.settle();
    }

    /// Takes the first `count` bytes, or all of them if there are fewer.
    ///
    /// No byte is copied when they all lie in one shared piece.
    fn copy_to_bytes(&mut self, count: usize) -> Bytes {
        let count = count.min(self.len);
        if let Some(Segment::Shared(front)) = self.segments.front_mut()
            && front.len() >= count
        {
            let whole = front.len() == count;
            let taken = front.split_to(count);
            self.len = self.len.saturating_sub(count);
            if whole {
                self.segments.pop_front();
                if self.segments.is_empty() {
                    self.settle();
                }
            }
            return taken;
        }
        let mut copy = BytesMut::with_capacity(count);
        copy.put(self.take(count));
        copy.freeze()
    }
}

#[derive(Clone, Debug)]
enum Segment {
    Head(Head),
    Shared(Bytes),
}

impl Segment {
    fn as_slice(&self) -> &[u8] {
        match self {
            Self::Head(head) => head.as_slice(),
            Self::Shared(bytes) => bytes,
        }
    }

    /// `count` is less than the length.
    fn advance(&mut self, count: usize) {
        match self {
            Self::Head(head) => head.advance(count),
            Self::Shared(bytes) => bytes.advance(count),
        }
    }
}

/// Up to [`HEAD_MAX`] bytes, `start..end` of an array.
#[derive(Clone, Copy, Debug)]
struct Head {
    bytes: [u8; HEAD_MAX],
    start: u8,
    end: u8,
}

impl Head {
    /// `None` if the bytes are too many.
    fn new(from: &[u8]) -> Option<Self> {
        let end = u8::try_from(from.len()).ok()?;
        let mut bytes = [0; HEAD_MAX];
        bytes.get_mut(..from.len())?.copy_from_slice(from);
        Some(Self {
            bytes,
            start: 0,
            end,
        })
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes
            .get(usize::from(self.start)..usize::from(self.end))
            .unwrap_or_default()
    }

    fn advance(&mut self, count: usize) {
        let count = u8::try_from(count).unwrap_or(u8::MAX);
        self.start = self.start.saturating_add(count).min(self.end);
    }
}

#[cfg(test)]
mod tests;
