//! A task that writes the same to many players.

use std::future::Future;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use adit_broker::{Delivery, Hold, Place, Subscription};
use adit_net::limits::WRITE_PIECES;
use tracing::trace;

use super::round::Round;
use super::seat::{Left, Rider, Seat};
use super::{Fanout, Gauge, LANE_SEATS};
use crate::limits::WRITE_AHEAD_BYTES;

/// So many players are written to in one turn; then other tasks of the thread have theirs, and players may board and leave.
const WRITES_PER_TURN: usize = 32;

/// Rounds in one turn: the second is empty, as a rule, and only asks to be woken.
const ROUNDS_PER_TURN: usize = 4;

/// One round in so many tells the players' counters.
const TALLY_ROUNDS: u64 = 32;

/// The delay of one round in so many is measured, as often as a player's own task does.
const SAMPLE_ROUNDS: u64 = 64;

/// Players that are written to together.
#[derive(Debug)]
pub(super) struct Lane {
    gauge: Gauge,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Behind the round; none once the lane is over.
    place: Option<Place>,
    slots: Vec<Slot>,
    riders: usize,
    round: Round,
    /// Counts rounds.
    number: u64,
    /// The first player who has not been looked at in this round.
    next: usize,
    /// Of the lane's task.
    waker: Option<Waker>,
}

/// The place of one player.
#[derive(Debug)]
enum Slot {
    Free,
    Rides(Ride),
    /// The player has to go on by itself.
    PutOff(Box<Left>),
}

#[derive(Debug)]
struct Ride {
    rider: Rider,
    hold: Hold,
    /// So many of the frames that come next the player has already.
    skip: u64,
    /// The last round that it has, or needs nothing of.
    done: u64,
    bytes: u64,
}

/// Whether there is more to do in a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    More,
    Done,
}

impl Lane {
    /// A lane without players that begins at `place`.
    pub(super) fn new(gauge: Gauge, place: Place) -> Self {
        let state = State {
            place: Some(place),
            slots: Vec::new(),
            riders: 0,
            round: Round::default(),
            number: 0,
            next: 0,
            waker: None,
        };
        Self {
            gauge,
            state: Mutex::new(state),
        }
    }

    pub(super) const fn gauge(&self) -> Gauge {
        self.gauge
    }

    /// Whether a player at `place` can board: it has all that the lane has, and there is room.
    pub(super) fn admits(&self, place: &Place) -> bool {
        let state = self.state();
        let is_behind = |own: &Place| own.frames_until(place).is_some();
        state.riders < LANE_SEATS && state.place.as_ref().is_some_and(is_behind)
    }

    /// Takes a player at `place`; its subscription rests from now on. None if the lane went on meanwhile.
    pub(super) fn board(
        lane: &Arc<Self>,
        subscription: &mut Subscription,
        place: &Place,
        rider: Rider,
    ) -> Option<Seat> {
        let mut state = lane.state();
        let skip = state.place.as_ref()?.frames_until(place)?;
        let ride = Ride {
            rider,
            hold: subscription.rest(),
            skip,
            done: state.number,
            bytes: 0,
        };
        state.riders = state.riders.saturating_add(1);
        let free = |slot: &Slot| matches!(slot, Slot::Free);
        let index = state.slots.iter().position(free);
        let index = index.unwrap_or(state.slots.len());
        match state.slots.get_mut(index) {
            Some(slot) => *slot = Slot::Rides(ride),
            None => state.slots.push(Slot::Rides(ride)),
        }
        drop(state);
        Some(Seat::new(Arc::clone(lane), index))
    }

    /// Whether the player of this seat has to go on by itself.
    pub(super) fn has_put_off(&self, index: usize) -> bool {
        !matches!(self.state().slots.get(index), Some(Slot::Rides(_)))
    }

    /// Frees a seat. `resume` is called with the lane's lock held, so that the place is still in the log.
    pub(super) fn leave(&self, index: usize, resume: impl FnOnce(Place)) -> Option<Left> {
        let mut state = self.state();
        let slot = state.slots.get_mut(index)?;
        let left = match std::mem::replace(slot, Slot::Free) {
            Slot::Free => return None,
            Slot::PutOff(left) => *left,
            Slot::Rides(ride) => {
                state.riders = state.riders.saturating_sub(1);
                state.left(ride, 0)?.0
            }
        };
        resume(left.place.clone());
        let waker = state.waker.clone().filter(|_| state.riders == 0);
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        Some(left)
    }

    /// Ends it if nobody is on it.
    pub(super) fn end_if_empty(&self) -> bool {
        let mut state = self.state();
        let is_empty = state.riders == 0;
        if is_empty {
            state.place = None;
        }
        is_empty
    }

    pub(super) fn riders(&self) -> usize {
        self.state().riders
    }

    /// What is behind the lock is whole after each statement that could panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// What a player gets back of whom `taken` bytes of this round were sent, and who is to be woken for it.
    fn left(&self, mut ride: Ride, taken: usize) -> Option<(Left, Waker)> {
        ride.rider.tell();
        let mut place = self.place.clone()?.after(ride.skip);
        let mut unsent = bytes::Bytes::new();
        if ride.done != self.number {
            let frames = u64::try_from(self.round.frames()).unwrap_or(u64::MAX);
            let skip = usize::try_from(ride.skip.min(frames)).unwrap_or(usize::MAX);
            let begin = self.round.begin(skip);
            let len = self.round.len().saturating_sub(begin);
            unsent = self.round.rest(begin.saturating_add(taken));
            ride.bytes = ride
                .bytes
                .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
            // The lane's place is behind the round.
            place = self.place.clone()?.after(ride.skip.saturating_sub(frames));
        }
        let left = Left {
            place,
            unsent,
            bytes: ride.bytes,
            last: self.round.last().filter(|_| ride.bytes > 0),
        };
        Some((left, ride.rider.into_waker()))
    }

    /// Takes what is new out of the log; `false` when something else than a frame came. The task is woken for more where all of
    /// it was taken.
    fn collect(&mut self, cx: &mut Context<'_>, reader: &mut Subscription, gauge: Gauge) -> bool {
        let mut goes_on = true;
        while let Poll::Ready(delivery) = reader.poll_next(cx) {
            let Delivery::Frame(frame) = delivery else {
                goes_on = false;
                break;
            };
            self.round.push(&frame, gauge);
            if reader.place().is_some() && self.round.len() >= WRITE_AHEAD_BYTES {
                break;
            }
        }
        if !self.round.is_empty() {
            let frames = u64::try_from(self.round.frames()).unwrap_or(u64::MAX);
            self.place = self.place.take().map(|place| place.after(frames));
            self.round.pack();
            self.number = self.number.wrapping_add(1);
            self.next = 0;
        }
        goes_on
    }

    /// Writes the round to some more players.
    fn write(&mut self, put_off: &mut Vec<Waker>) -> Progress {
        let round = std::mem::take(&mut self.round);
        let mut room = [IoSlice::new(&[]); WRITE_PIECES];
        let pieces = round.fill(&mut room);
        let pieces = room.get(..pieces).unwrap_or_default();
        let frames = u64::try_from(round.frames()).unwrap_or(u64::MAX);
        let mut short = Vec::new();
        let end = self
            .slots
            .len()
            .min(self.next.saturating_add(WRITES_PER_TURN));
        let slots = self.slots.get_mut(self.next..end).unwrap_or_default();
        for (index, slot) in (self.next..).zip(slots) {
            let Slot::Rides(ride) = slot else { continue };
            if ride.done == self.number {
                continue;
            }
            let (len, taken) = if ride.skip == 0 {
                (round.len(), ride.rider.write(pieces))
            } else {
                let skip = usize::try_from(ride.skip.min(frames)).unwrap_or(usize::MAX);
                let rest = round.rest(round.begin(skip));
                (rest.len(), ride.rider.write(&[IoSlice::new(&rest)]))
            };
            if taken < len {
                short.push((index, taken));
                continue;
            }
            ride.skip = ride.skip.saturating_sub(frames);
            ride.done = self.number;
            ride.bytes = ride
                .bytes
                .saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
            if self.number.is_multiple_of(TALLY_ROUNDS) {
                ride.rider.tell();
            }
            if self.number.is_multiple_of(SAMPLE_ROUNDS)
                && let Some(arrival) = round.arrival()
            {
                ride.rider.delayed(arrival.elapsed());
            }
        }
        self.round = round;
        self.next = end;
        for (index, taken) in short {
            put_off.extend(self.put_off(index, taken));
        }
        if self.next < self.slots.len() {
            return Progress::More;
        }
        self.round.clear();
        Progress::Done
    }

    /// Gives a player back to its task, which is to be woken then.
    fn put_off(&mut self, index: usize, taken: usize) -> Option<Waker> {
        let slot = self.slots.get_mut(index)?;
        let Slot::Rides(ride) = std::mem::replace(slot, Slot::Free) else {
            return None;
        };
        self.riders = self.riders.saturating_sub(1);
        let hold = ride.hold.clone();
        let (left, waker) = self.left(ride, taken)?;
        hold.at(&left.place);
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Slot::PutOff(Box::new(left));
        }
        Some(waker)
    }
}

/// Drives a lane until its stream stops or nobody is on it.
pub(super) struct LaneTask {
    fanout: Fanout,
    lane: Arc<Lane>,
    reader: Subscription,
    goes_on: bool,
}

impl LaneTask {
    pub(super) const fn new(fanout: Fanout, lane: Arc<Lane>, reader: Subscription) -> Self {
        Self {
            fanout,
            lane,
            reader,
            goes_on: true,
        }
    }

    /// Writes what is there, for a while.
    fn rounds(&mut self, cx: &mut Context<'_>, put_off: &mut Vec<Waker>) -> Progress {
        let mut state = self.lane.state();
        if !state
            .waker
            .as_ref()
            .is_some_and(|it| it.will_wake(cx.waker()))
        {
            state.waker = Some(cx.waker().clone());
        }
        for _ in 0..ROUNDS_PER_TURN {
            if state.round.is_empty() && self.goes_on {
                self.goes_on = state.collect(cx, &mut self.reader, self.lane.gauge);
            }
            if state.round.is_empty() {
                return Progress::Done;
            }
            if state.write(put_off) == Progress::More {
                return Progress::More;
            }
        }
        Progress::More
    }

    /// Something else than a frame has come: each player hears of it by itself.
    fn end(&self) -> Poll<()> {
        let mut wakers = Vec::new();
        {
            let mut state = self.lane.state();
            for index in 0..state.slots.len() {
                wakers.extend(state.put_off(index, 0));
            }
            // From now on nobody boards.
            state.place = None;
        }
        let is_closed = self.fanout.close(self.reader.key(), &self.lane);
        trace!(players = wakers.len(), is_closed, "a lane ends");
        for waker in wakers {
            waker.wake();
        }
        Poll::Ready(())
    }
}

impl Future for LaneTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.lane.riders() == 0 && this.fanout.close(this.reader.key(), &this.lane) {
            return Poll::Ready(());
        }
        let mut put_off = Vec::new();
        let progress = this.rounds(cx, &mut put_off);
        for waker in put_off {
            waker.wake();
        }
        match progress {
            Progress::More => cx.waker().wake_by_ref(),
            Progress::Done if this.goes_on => {}
            Progress::Done => return this.end(),
        }
        Poll::Pending
    }
}
