//! Metadata and sequence headers, as they were last told.

use std::collections::VecDeque;
use std::sync::Arc;

use adit_broker::SharedFrame;
use adit_media::{Frame, HeaderSlot, Timestamp};

use crate::limits::relay::{HEADER_BYTES, HEADER_FRAMES};

/// The newest metadata, and the newest sequence header of each slot in the order they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers {
    metadata: Option<Arc<SharedFrame>>,
    headers: Vec<Header>,
}

#[derive(Clone, Debug)]
struct Header {
    frame: Arc<SharedFrame>,
    /// The slots it is the newest header of; never empty.
    slots: Vec<HeaderSlot>,
}

impl Headers {
    /// Keeps `frame` when it is metadata or a sequence header, and there is room.
    pub(super) fn note(&mut self, frame: &Arc<SharedFrame>) {
        let flags = frame.frame().flags();
        if flags.is_metadata() {
            self.metadata = None;
            if self.has_room_for(frame.frame()) {
                self.metadata = Some(Arc::clone(frame));
            }
        } else if flags.is_sequence_header() {
            let slots = frame.frame().header_slots();
            // A stale header is worse than none: what a new one describes is forgotten first.
            self.headers.retain_mut(|header| {
                header.slots.retain(|slot| !slots.contains(slot));
                !header.slots.is_empty()
            });
            if self.headers.len() < HEADER_FRAMES && self.has_room_for(frame.frame()) {
                self.headers.push(Header {
                    frame: Arc::clone(frame),
                    slots,
                });
            }
        }
    }

    /// Metadata at 0, then sequence headers at the time of the frame they lead to.
    pub(super) fn preamble(&self, at: Timestamp) -> VecDeque<Frame> {
        let metadata = self
            .metadata
            .iter()
            .map(|held| held.frame().clone().with_timestamp(Timestamp::ZERO));
        let headers = self
            .headers
            .iter()
            .map(|header| header.frame.frame().clone().with_timestamp(at));
        metadata.chain(headers).collect()
    }

    fn has_room_for(&self, frame: &Frame) -> bool {
        let headers = self.headers.iter().map(|header| &header.frame);
        let held: usize = self
            .metadata
            .iter()
            .chain(headers)
            .map(|held| held.frame().payload().len())
            .sum();
        held.saturating_add(frame.payload().len()) <= HEADER_BYTES
    }
}
