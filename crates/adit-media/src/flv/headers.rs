//! The sequence headers of a file, and where each begins to hold.

use crate::limits::{VOD_HEADER_BYTES, VOD_HEADERS};
use crate::{Frame, HeaderPurpose, HeaderSlot};

/// Sequence headers in the order of the file, without repetitions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers(Vec<(u64, Frame)>);

impl Headers {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether a header of this size could be kept.
    pub(crate) fn has_room(&self, bytes: u32) -> bool {
        bytes <= VOD_HEADER_BYTES && self.0.len() < VOD_HEADERS
    }

    /// Keeps the header whose tag begins at `offset`, if it is another one than holds there and there is room.
    pub(crate) fn push(&mut self, offset: u64, frame: &Frame) {
        let slots = frame.header_slots();
        let mut before = self.0.iter().rev().map(|(_, before)| before);
        let same = before.find(|before| before.header_slots() == slots);
        let bytes = u32::try_from(frame.payload().len()).unwrap_or(u32::MAX);
        if same.is_none_or(|same| same.payload() != frame.payload()) && self.has_room(bytes) {
            self.0.push((offset, frame.clone()));
        }
    }

    /// Whether `frame` is a header by which a track that has another one has to be decoded from there on. Nobody knows when there is no
    /// room for more.
    pub(crate) fn are_replaced_by(&self, frame: &Frame) -> bool {
        let slots = frame.header_slots();
        let is_config = |slot: &HeaderSlot| slot.purpose == HeaderPurpose::Config;
        if self.0.len() >= VOD_HEADERS || !slots.iter().any(is_config) {
            return false;
        }
        let differs = |before: &Frame| {
            let shared = before.header_slots();
            let is_shared = |slot: &HeaderSlot| is_config(slot) && slots.contains(slot);
            shared.iter().any(is_shared) && before.payload() != frame.payload()
        };
        self.at(u64::MAX).iter().any(differs)
    }

    /// Those that hold at `offset`.
    pub(crate) fn at(&self, offset: u64) -> Vec<Frame> {
        let mut holding: Vec<Frame> = Vec::new();
        for (_, header) in self.0.iter().take_while(|(begin, _)| *begin < offset) {
            let slots = header.header_slots();
            holding.retain(|old| !old.header_slots().iter().all(|slot| slots.contains(slot)));
            holding.push(header.clone());
        }
        holding
    }

    /// Whether one replaces another.
    pub(crate) fn have_changed(&self) -> bool {
        let count = self.0.len();
        self.at(u64::MAX).len() < count || count >= VOD_HEADERS
    }
}
