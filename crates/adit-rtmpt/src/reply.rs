//! Replies and their bodies.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use crate::interval::PollByte;

/// What to answer to one request. All but `Superseded` are `200 OK`, `application/x-fcs`.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Reply {
    /// The session goes on: a poll byte and RTMP bytes, perhaps none.
    Ok {
        /// The HTTP body.
        body: ReplyBody,
    },
    /// The session is over: the single byte 0x00.
    Closed,
    /// Too many duplicates of this number are waiting already: answer `503`, without a body, and keep the connection.
    Superseded,
}

impl Reply {
    /// The HTTP body of this reply: poll byte and data, `0x00`, or nothing.
    pub fn into_body(self) -> ReplyBody {
        match self {
            Self::Ok { body } => body,
            Self::Closed => ReplyBody::closed(),
            Self::Superseded => ReplyBody::default(),
        }
    }
}

/// An HTTP body in pieces that share their memory with whatever they came from; cheap to clone.
///
/// ```text
///   ┌───────────┬───────────────────────────┐
///   │ poll byte │ RTMP bytes, 0 … n         │
///   └───────────┴───────────────────────────┘
/// ```
///
/// It is a [`Buf`], so it can be written as it is (vectored), and a `Content-Length` is its [`remaining`](Buf::remaining).
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ReplyBody {
    segments: VecDeque<Bytes>,
    len: usize,
}

impl ReplyBody {
    /// The body of a session that goes on.
    pub(crate) fn new(poll: PollByte, data: Vec<Bytes>) -> Self {
        let mut segments = VecDeque::from(data);
        segments.push_front(single_byte(poll.to_wire()));
        let len = segments.iter().map(Bytes::len).sum();
        Self { segments, len }
    }

    /// The body that ends a session: the single byte 0x00.
    pub fn closed() -> Self {
        Self {
            segments: VecDeque::from([single_byte(0)]),
            len: 1,
        }
    }

    /// Bytes left, the poll byte included.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The pieces in order; the first is the poll byte alone.
    pub fn into_segments(self) -> impl Iterator<Item = Bytes> {
        self.segments.into_iter()
    }
}

impl Buf for ReplyBody {
    fn remaining(&self) -> usize {
        self.len
    }

    fn chunk(&self) -> &[u8] {
        self.segments.front().map_or(&[], |segment| segment)
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slot, segment) in dst.iter_mut().zip(&self.segments) {
            *slot = IoSlice::new(segment);
            filled += 1;
        }
        filled
    }

    #[expect(
        clippy::panic,
        reason = "the contract of `Buf`: advancing past the end is the caller's bug"
    )]
    fn advance(&mut self, mut count: usize) {
        while count > 0 {
            let Some(front) = self.segments.front_mut() else {
                panic!("advance past the end of the body");
            };
            let step = count.min(front.len());
            front.advance(step);
            if front.is_empty() {
                self.segments.pop_front();
            }
            self.len = self.len.saturating_sub(step);
            count -= step;
        }
    }
}

/// One byte that lives forever, so that a poll byte costs no allocation.
fn single_byte(byte: u8) -> Bytes {
    let start = usize::from(byte);
    Bytes::from_static(ALL_BYTES.get(start..=start).unwrap_or(&[0]))
}

static ALL_BYTES: [u8; 256] = {
    let mut all = [0; 256];
    let mut byte: u8 = 0;
    let mut rest: &mut [u8] = &mut all;
    while let [first, tail @ ..] = rest {
        *first = byte;
        byte = byte.wrapping_add(1);
        rest = tail;
    }
    all
};

#[cfg(test)]
mod tests;
