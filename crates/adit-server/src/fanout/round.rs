//! Frames that go to all players of a lane: the bytes of one write.

use std::cell::OnceCell;
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
    /// What all frames are up to the end of each.
    ends: Vec<Extent>,
    /// All of it in one piece, once somebody needs a part of it.
    whole: OnceCell<Bytes>,
    arrival: Option<Instant>,
    last: Option<Timestamp>,
    /// Room that heads are made in, again and again.
    heads: BytesMut,
}

/// How much some frames are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    /// In bytes on the wire.
    pub(super) wire: usize,
    /// In bytes of media.
    pub(super) payload: usize,
}

impl Round {
    pub(super) fn clear(&mut self) {
        self.pieces.clear();
        self.whole.take();
        self.ends.clear();
        self.len = 0;
        self.arrival = None;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(super) fn frames(&self) -> u64 {
        u64::try_from(self.ends.len()).unwrap_or(u64::MAX)
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
        let before = self.extent().payload;
        self.ends.push(Extent {
            wire: self.len,
            payload: before.saturating_add(payload.len()),
        });
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

    /// How much all of it is.
    pub(super) fn extent(&self) -> Extent {
        self.ends.last().copied().unwrap_or_default()
    }

    /// How much the first `skip` frames are, or all where there are fewer.
    pub(super) fn begin(&self, skip: u64) -> Extent {
        let skip = usize::try_from(skip.min(self.frames())).unwrap_or(usize::MAX);
        let before = skip.checked_sub(1).and_then(|last| self.ends.get(last));
        before.copied().unwrap_or_default()
    }

    /// All of it, for one call; gives how many pieces that are.
    pub(super) fn fill<'a>(&'a self, room: &mut [IoSlice<'a>; WRITE_PIECES]) -> usize {
        for (slot, piece) in room.iter_mut().zip(&self.pieces) {
            *slot = IoSlice::new(piece);
        }
        self.pieces.len().min(WRITE_PIECES)
    }

    /// What is behind the first `sent` bytes. It is copied once for all who ask.
    pub(super) fn rest(&self, sent: usize) -> Bytes {
        let whole = self.whole.get_or_init(|| {
            let mut whole = BytesMut::with_capacity(self.len);
            for piece in &self.pieces {
                whole.extend_from_slice(piece);
            }
            whole.freeze()
        });
        whole.slice(sent.min(whole.len())..)
    }
}
