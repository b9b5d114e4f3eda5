//! What a player leaves with a lane, and what it gets back.

use std::io::IoSlice;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::Duration;

use adit_broker::Place;
use adit_media::Timestamp;
use adit_net::Outlet;
use bytes::Bytes;

use super::lane::Lane;
use crate::control::Tally;

/// A player on a lane.
#[derive(Debug)]
pub(crate) struct Rider {
    outlet: Outlet,
    tally: Tally,
    waker: Waker,
    /// So many bytes have not been told to `tally`, which is in another place of memory.
    untold: usize,
}

impl Rider {
    pub(crate) const fn new(outlet: Outlet, tally: Tally, waker: Waker) -> Self {
        Self {
            outlet,
            tally,
            waker,
            untold: 0,
        }
    }

    /// Writes; gives how many bytes the socket took, fewer than there are when it is full or broken. What is wrong the player's own
    /// task finds out.
    pub(super) fn write(&mut self, pieces: &[IoSlice<'_>]) -> usize {
        let taken = self.outlet.try_send(pieces).unwrap_or(0);
        self.untold = self.untold.saturating_add(taken);
        taken
    }

    pub(super) fn tell(&mut self) {
        self.tally.sent(std::mem::take(&mut self.untold));
    }

    pub(super) fn delayed(&self, delay: Duration) {
        self.tally.delayed(delay);
    }

    pub(super) fn into_waker(self) -> Waker {
        self.waker
    }
}

/// What became of a ride.
#[derive(Debug)]
pub(crate) struct Left {
    /// Where to go on.
    pub(crate) place: Place,
    /// What of the frames before that place has to be sent first.
    pub(crate) unsent: Bytes,
    /// How many bytes the frames were since the player boarded, those that are unsent included.
    pub(crate) bytes: u64,
    /// The same of their payloads.
    pub(crate) payload: u64,
    /// The time of the last of them.
    pub(crate) last: Option<Timestamp>,
}

/// A place on a lane; dropping it leaves.
#[derive(Debug)]
pub(crate) struct Seat {
    lane: Arc<Lane>,
    /// None once it has been left.
    index: Option<usize>,
    is_over: Arc<AtomicBool>,
}

impl Seat {
    pub(super) const fn new(lane: Arc<Lane>, index: usize, is_over: Arc<AtomicBool>) -> Self {
        Self {
            lane,
            index: Some(index),
            is_over,
        }
    }

    /// Whether the lane goes on without this player, whose task goes on by itself then. It does not wait for the lane.
    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Leaves; `resume` is called while the place that is left is still held in the log. None if nobody knows how much was sent.
    pub(crate) fn leave(mut self, resume: impl FnOnce(Place)) -> Option<Left> {
        self.lane.leave(self.index.take()?, resume)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(index) = self.index.take() {
            self.lane.leave(index, drop);
        }
    }
}
