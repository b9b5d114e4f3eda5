//! Frames that go to all players of a lane: the bytes of one write.

use std::io::IoSlice;
use std::time::Instant;

use adit_broker::SharedFrame;
use adit_media::Timestamp;
use adit_net::limits::WRITE_PIECES;
use adit_rtmp::chunk::MediaHead;
use adit_rtmp::out::HEAD_MAX;
use adit_rtmp::session::{FormKey, encode_form};
use bytes::{Bytes, BytesMut};

use super::Gauge;
use crate::driver::media_kind;

/// Heads for so many bytes are made before the memory is used again.
const HEADS_ROOM: usize = 1024;

/// What is written in one go, frame after frame.
#[derive(Debug, Default)]
pub(super) struct Round {
    pieces: Vec<Bytes>,
    len: usize,
    /// Where each frame ends.
    ends: Vec<usize>,
    arrival: Option<Instant>,
    last: Option<Timestamp>,
    /// Room that heads are made in, again and again.
    heads: BytesMut,
}

impl Round {
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.ends.clear();
        self.len = 0;
        self.arrival = None;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn frames(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// When its first frame came from the publisher.
    pub(super) const fn arrival(&self) -> Option<Instant> {
        self.arrival
    }

    /// The time of the newest frame there was so far.
    pub(super) const fn last(&self) -> Option<Timestamp> {
        self.last
    }

    pub(super) fn push(&mut self, shared: &SharedFrame, gauge: Gauge) {
        let frame = shared.frame();
        let kind = media_kind(frame.kind());
        let at = adit_rtmp::Timestamp::from_ms(frame.at().ms());
        let payload = frame.payload();
        // One that is too long for a message is left out, as a session does.
        if let Ok(head) = MediaHead::new(kind, at, gauge.msid, payload.len()) {
            if self.heads.capacity() < HEAD_MAX {
                // What was split off has been dropped by now, so this is the same memory again.
                self.heads.reserve(HEADS_ROOM);
            }
            self.heads.extend_from_slice(head.as_slice());
            let head = self.heads.split().freeze();
            let key = FormKey::new(gauge.chunk_size, kind, at);
            let encode = || encode_form(gauge.chunk_size, kind, at, payload);
            for piece in [head, shared.form(key.get(), encode)] {
                self.len = self.len.saturating_add(piece.len());
                self.pieces.push(piece);
            }
        }
        self.ends.push(self.len);
        self.arrival = self.arrival.or(shared.arrival());
        self.last = Some(frame.at());
    }

    /// Many small pieces become one, so that each player gets them in one call.
    pub(super) fn pack(&mut self) {
        if self.pieces.len() > WRITE_PIECES {
            let all = self.rest(0);
            self.pieces.clear();
            self.pieces.push(all);
        }
    }

    /// Where the frames after the first `skip` begin.
    pub(super) fn begin(&self, skip: usize) -> usize {
        let before = skip.checked_sub(1).and_then(|last| self.ends.get(last));
        before.copied().unwrap_or(0)
    }

    /// All of it, for one call; gives how many pieces that are.
    pub(super) fn fill<'a>(&'a self, room: &mut [IoSlice<'a>; WRITE_PIECES]) -> usize {
        for (slot, piece) in room.iter_mut().zip(&self.pieces) {
            *slot = IoSlice::new(piece);
        }
        self.pieces.len().min(WRITE_PIECES)
    }

    /// A copy of what is behind the first `sent` bytes.
    pub(super) fn rest(&self, sent: usize) -> Bytes {
        let mut rest = BytesMut::with_capacity(self.len.saturating_sub(sent));
        let mut left_out = sent;
        for piece in &self.pieces {
            let cut = left_out.min(piece.len());
            left_out = left_out.saturating_sub(cut);
            rest.extend_from_slice(piece.get(cut..).unwrap_or_default());
        }
        rest.freeze()
    }
}
