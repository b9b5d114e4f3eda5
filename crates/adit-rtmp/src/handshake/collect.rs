//! A packet of known length out of input of any split.

use bytes::{Buf, Bytes, BytesMut};

/// Collects a packet; what came of it so far is kept.
#[derive(Debug, Default)]
pub(super) struct Collector {
    /// The part that came with earlier input.
    part: BytesMut,
}

impl Collector {
    /// Moves bytes from `input` until `len` are together, then gives them. A packet that is whole in
    /// one input is not copied.
    pub(super) fn collect(&mut self, input: &mut Bytes, len: usize) -> Option<Bytes> {
        if self.part.is_empty() && input.len() >= len {
            return Some(input.split_to(len));
        }
        let take = self.missing(len).min(input.len());
        self.part.extend_from_slice(&input.split_to(take));
        (self.missing(len) == 0).then(|| std::mem::take(&mut self.part).freeze())
    }

    /// The same for a packet that nobody looks at; `received` counts it.
    pub(super) fn skip(received: &mut usize, input: &mut Bytes, len: usize) -> bool {
        let take = len.saturating_sub(*received).min(input.len());
        input.advance(take);
        *received = received.saturating_add(take);
        *received >= len
    }

    /// Bytes that are still missing from a packet of `len`.
    pub(super) fn missing(&self, len: usize) -> usize {
        len.saturating_sub(self.part.len())
    }
}
