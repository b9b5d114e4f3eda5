//! What a reader needs before its first frame: metadata and sequence headers.

use std::sync::Arc;

use adit_media::{Frame, HeaderSlot, Timestamp};

use crate::SharedFrame;
use crate::limits::Limits;

/// Metadata stamped 0, and sequence headers stamped with the time of the frame they lead to.
pub(crate) type Preamble = Arc<[Arc<SharedFrame>]>;

/// Whether a header could be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Yes,
    /// It would have gone past the limits: new readers do without it.
    No,
}

/// The newest metadata, and the newest sequence header of each slot in the order they came. A
/// header that is sent again replaces itself.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    metadata: Option<Arc<SharedFrame>>,
    headers: Vec<Header>,
}

#[derive(Debug)]
struct Header {
    frame: Arc<SharedFrame>,
    /// The slots it is the newest header of; never empty.
    slots: Vec<HeaderSlot>,
}

impl Headers {
    /// Keeps `frame` when it is metadata or a sequence header.
    pub(crate) fn note(&mut self, frame: &Arc<SharedFrame>, limits: &Limits) -> Kept {
        let flags = frame.frame().flags();
        if flags.is_metadata() {
            self.metadata = None;
            if !self.fits(frame.frame(), limits.header_bytes) {
                return Kept::No;
            }
            self.metadata = Some(Arc::clone(frame));
        } else if flags.is_sequence_header() {
            let slots = frame.frame().header_slots();
            self.forget(&slots);
            if self.headers.len() >= limits.header_frames
                || !self.fits(frame.frame(), limits.header_bytes)
            {
                return Kept::No;
            }
            self.headers.push(Header {
                frame: Arc::clone(frame),
                slots,
            });
        }
        Kept::Yes
    }

    /// A stale header is worse than none: what a new one describes is forgotten first.
    fn forget(&mut self, slots: &[HeaderSlot]) {
        self.headers.retain_mut(|header| {
            header.slots.retain(|slot| !slots.contains(slot));
            !header.slots.is_empty()
        });
    }

    fn fits(&self, frame: &Frame, limit: usize) -> bool {
        let held: usize = self.frames().map(|held| held.frame().payload().len()).sum();
        held.saturating_add(frame.payload().len()) <= limit
    }

    /// What is kept.
    pub(crate) fn frames(&self) -> impl Iterator<Item = &Arc<SharedFrame>> {
        self.metadata
            .iter()
            .chain(self.headers.iter().map(|header| &header.frame))
    }

    pub(crate) fn clear_metadata(&mut self) {
        self.metadata = None;
    }

    /// Metadata, then sequence headers, for a reader whose first frame is due at `at`.
    ///
    /// Metadata is told at 0: ffmpeg takes metadata of any other time for a track of subtitles.
    pub(crate) fn preamble(&self, at: Timestamp) -> Preamble {
        let metadata = self
            .metadata
            .iter()
            .map(|frame| restamped(frame, Timestamp::ZERO));
        let headers = self
            .headers
            .iter()
            .map(|header| restamped(&header.frame, at));
        metadata.chain(headers).collect()
    }
}

fn restamped(shared: &Arc<SharedFrame>, at: Timestamp) -> Arc<SharedFrame> {
    if shared.frame().at() == at {
        return Arc::clone(shared);
    }
    Arc::new(SharedFrame::new(shared.frame().clone().with_timestamp(at)))
}
