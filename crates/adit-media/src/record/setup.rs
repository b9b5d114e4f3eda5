//! What a stream has said about itself as a whole.

use crate::Frame;
use crate::classify::Coding;
use crate::limits::VOD_HEADER_BYTES;

/// The newest metadata of a stream, and how each of its tracks is coded.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    metadata: Option<Frame>,
    /// One for each track, of which there are as many as a byte can tell.
    tracks: Vec<Coding>,
}

impl Setup {
    pub(crate) const fn new() -> Self {
        Self {
            metadata: None,
            tracks: Vec::new(),
        }
    }

    pub(super) const fn metadata(&self) -> Option<&Frame> {
        self.metadata.as_ref()
    }

    pub(super) fn note(&mut self, frame: &Frame) {
        if frame.flags().is_metadata() {
            let is_short =
                u32::try_from(frame.payload().len()).is_ok_and(|it| it <= VOD_HEADER_BYTES);
            self.metadata = is_short.then(|| frame.clone());
        } else if let Some(coding) = frame.coding() {
            self.note_coding(coding);
        }
    }

    /// A track is coded so from here on.
    pub(crate) fn note_coding(&mut self, coding: Coding) {
        match self.tracks.iter_mut().find(|it| it.is_of_track_of(coding)) {
            Some(known) => *known = coding,
            None => self.tracks.push(coding),
        }
    }

    /// Whether the track of `frame` is coded in another way than before, whether that takes a sequence header or not.
    pub(super) fn is_left_by(&self, frame: &Frame) -> bool {
        let differs = |coding: Coding| self.tracks.iter().any(|it| it.differs_from(coding));
        frame.coding().is_some_and(differs)
    }
}
