//! How long media takes to a player, measured now and then.

use std::time::Instant;

use adit_broker::SharedFrame;

/// One write in so many is measured.
const TURNS: u8 = 64;

/// The beginning of a measurement: the arrival of a frame that is about to be written.
#[derive(Default)]
pub(super) struct Sample {
    turns: u8,
    arrival: Option<Instant>,
}

impl Sample {
    /// The players of the connection get another turn.
    pub(super) const fn next_turn(&mut self) {
        self.turns = self.turns.wrapping_add(1) % TURNS;
    }

    /// A frame is about to be written that was waited for.
    pub(super) fn passes(&mut self, frame: &SharedFrame) {
        if self.turns == 0 && self.arrival.is_none() {
            self.arrival = frame.arrival();
        }
    }

    /// Everything is written: the arrival of the frame that was measured, if one was.
    pub(super) const fn take(&mut self) -> Option<Instant> {
        self.arrival.take()
    }
}
