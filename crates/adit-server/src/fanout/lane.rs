//! A task that writes the same to many players.

use std::future::Future;
use std::io::IoSlice;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use adit_broker::{Delivery, Hold, Place, Subscription};
use adit_net::limits::WRITE_PIECES;
use bytes::Bytes;
use tracing::trace;

use super::round::{Extent, Round};
use super::seat::{Left, Rider, Seat};
use super::{Fanout, Gauge};
use crate::limits::{LANE_SEATS, WRITE_AHEAD_BYTES};

/// So many players are written to in one turn; then other tasks of the thread have theirs, and players may board and leave.
const WRITES_PER_TURN: usize = 32;

/// Rounds in one turn: the second is empty, as a rule, and only asks to be woken.
const ROUNDS_PER_TURN: usize = 4;

/// The players' counters are told as often as that, as long as something is sent.
const TALLY_INTERVAL: Duration = Duration::from_secs(1);

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
    told: Instant,
    /// Whether this round tells the players' counters.
    tells: bool,
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
    /// The lane broke down: nobody knows what was sent.
    Broken,
}

/// What becomes of a player that wants to board.
#[derive(Debug)]
pub(super) enum Boarding {
    Seated(Seat),
    /// There is no room, and will be none.
    Full,
    /// The lane is at work, or further on than the player. The next frame is another chance.
    NotNow,
}

#[derive(Debug)]
struct Ride {
    rider: Rider,
    hold: Hold,
    /// What its seat asks without the lane's lock. It is set before the player is woken: a wake-up that found nothing to do would be
    /// the last one.
    is_over: Arc<AtomicBool>,
    /// So many of the frames that come next the player has already.
    skip: u64,
    /// The last round that it has, or needs nothing of.
    done: u64,
    bytes: u64,
    payload: u64,
}

impl Ride {
    fn count(&mut self, round: &Round, begin: Extent) {
        let all = round.extent();
        let add = |sum: &mut u64, all: usize, begin: usize| {
            let more = u64::try_from(all.saturating_sub(begin)).unwrap_or(u64::MAX);
            *sum = sum.saturating_add(more);
        };
        add(&mut self.bytes, all.wire, begin.wire);
        add(&mut self.payload, all.payload, begin.payload);
    }
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
            told: Instant::now(),
            tells: false,
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

    /// Takes a player at `place`, whose subscription rests from then on. Nobody is waited for.
    pub(super) fn try_board(
        lane: &Arc<Self>,
        subscription: &mut Subscription,
        place: &Place,
        rider: &mut Option<impl FnOnce() -> Rider>,
    ) -> Boarding {
        let mut state = match lane.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(_)) => return Boarding::Full,
            Err(TryLockError::WouldBlock) => return Boarding::NotNow,
        };
        if !state.has_room() {
            return Boarding::Full;
        }
        let Some(own) = &state.place else {
            return Boarding::Full;
        };
        let Some(skip) = own.frames_until(place) else {
            return Boarding::NotNow;
        };
        let Some(rider) = rider.take() else {
            return Boarding::NotNow;
        };
        let is_over = Arc::new(AtomicBool::new(false));
        let ride = Ride {
            rider: rider(),
            hold: subscription.rest(),
            is_over: Arc::clone(&is_over),
            skip,
            done: state.number,
            bytes: 0,
            payload: 0,
        };
        let index = state.seat(ride);
        drop(state);
        Boarding::Seated(Seat::new(Arc::clone(lane), index, is_over))
    }

    /// Frees a seat. `resume` is called with the lane's lock held, so that the place is still in the log. None of a lane that broke
    /// down, before its task has seen to it too.
    pub(super) fn leave(&self, index: usize, resume: impl FnOnce(Place)) -> Option<Left> {
        let mut state = self.state.lock().ok()?;
        let slot = state.slots.get_mut(index)?;
        let left = match std::mem::replace(slot, Slot::Free) {
            Slot::Free | Slot::Broken => return None,
            Slot::PutOff(left) => *left,
            Slot::Rides(ride) => {
                state.riders = state.riders.saturating_sub(1);
                state.left(ride, 0)?.0
            }
        };
        while let Some(Slot::Free) = state.slots.last() {
            state.slots.pop();
        }
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

    /// Whether there was a panic while it was locked. Its task sees to it then.
    fn is_broken(&self) -> bool {
        self.state.is_poisoned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether one more may board. The seats of those who were put off and have not left yet are taken as well.
    fn has_room(&self) -> bool {
        let free = |slot: &Slot| matches!(slot, Slot::Free);
        self.riders < LANE_SEATS
            && (self.slots.len() < LANE_SEATS.saturating_mul(2) || self.slots.iter().any(free))
    }

    /// Gives a player a place.
    fn seat(&mut self, ride: Ride) -> usize {
        self.riders = self.riders.saturating_add(1);
        let free = |slot: &Slot| matches!(slot, Slot::Free);
        let index = self.slots.iter().position(free);
        let index = index.unwrap_or(self.slots.len());
        match self.slots.get_mut(index) {
            Some(slot) => *slot = Slot::Rides(ride),
            None => self.slots.push(Slot::Rides(ride)),
        }
        index
    }

    /// Nobody knows any more how much was sent to whom.
    fn break_down(&mut self, wakers: &mut Wakers) {
        self.place = None;
        self.riders = 0;
        for slot in &mut self.slots {
            if let Slot::Rides(_) = slot
                && let Slot::Rides(ride) = std::mem::replace(slot, Slot::Broken)
            {
                ride.is_over.store(true, Ordering::Release);
                wakers.0.push(ride.rider.into_waker());
            }
        }
    }

    /// What a player gets back of whom `taken` bytes of this round were sent, and who is to be woken for it.
    fn left(&self, mut ride: Ride, taken: usize) -> Option<(Left, Waker)> {
        ride.rider.tell();
        let mut place = self.place.clone()?.after(ride.skip);
        let mut unsent = Bytes::new();
        if ride.done != self.number {
            let begin = self.round.begin(ride.skip);
            unsent = self.round.rest(begin.wire.saturating_add(taken));
            ride.count(&self.round, begin);
            // The lane's place is behind the round.
            place = self
                .place
                .clone()?
                .after(ride.skip.saturating_sub(self.round.frames()));
        }
        let left = Left {
            place,
            unsent,
            bytes: ride.bytes,
            payload: ride.payload,
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
            let frames = self.round.frames();
            self.place = self.place.take().map(|place| place.after(frames));
            self.round.pack();
            self.number = self.number.wrapping_add(1);
            self.next = 0;
            let now = Instant::now();
            self.tells = now.saturating_duration_since(self.told) >= TALLY_INTERVAL;
            if self.tells {
                self.told = now;
            }
        }
        goes_on
    }

    /// Writes the round to some more players.
    fn write(&mut self, put_off: &mut Wakers) -> Progress {
        let Self {
            round,
            slots,
            number,
            tells,
            ..
        } = self;
        let mut room = [IoSlice::new(&[]); WRITE_PIECES];
        let pieces = round.fill(&mut room);
        let pieces = room.get(..pieces).unwrap_or_default();
        let mut short = Vec::new();
        let end = slots.len().min(self.next.saturating_add(WRITES_PER_TURN));
        let some = slots.get_mut(self.next..end).unwrap_or_default();
        for (index, slot) in (self.next..).zip(some) {
            let Slot::Rides(ride) = slot else { continue };
            if ride.done == *number {
                continue;
            }
            let begin = round.begin(ride.skip);
            let len = round.len().saturating_sub(begin.wire);
            let taken = if ride.skip == 0 {
                ride.rider.write(pieces)
            } else {
                ride.rider.write(&[IoSlice::new(&round.rest(begin.wire))])
            };
            if taken < len {
                short.push((index, taken));
                continue;
            }
            ride.skip = ride.skip.saturating_sub(round.frames());
            ride.done = *number;
            ride.count(round, begin);
            if *tells {
                ride.rider.tell();
            }
            if number.is_multiple_of(SAMPLE_ROUNDS)
                && let Some(arrival) = round.arrival()
            {
                ride.rider.delayed(arrival.elapsed());
            }
        }
        self.next = end;
        for (index, taken) in short {
            self.put_off(index, taken, put_off);
        }
        if self.next < self.slots.len() {
            return Progress::More;
        }
        self.round.clear();
        Progress::Done
    }

    /// Gives a player back to its task, which is woken for it.
    fn put_off(&mut self, index: usize, taken: usize, wakers: &mut Wakers) {
        let Some(slot) = self.slots.get_mut(index) else {
            return;
        };
        let Slot::Rides(ride) = std::mem::replace(slot, Slot::Free) else {
            return;
        };
        self.riders = self.riders.saturating_sub(1);
        let hold = ride.hold.clone();
        let is_over = Arc::clone(&ride.is_over);
        let left = self.left(ride, taken);
        let slot = self.slots.get_mut(index);
        if let Some(((left, waker), slot)) = left.zip(slot) {
            hold.at(&left.place);
            *slot = Slot::PutOff(Box::new(left));
            is_over.store(true, Ordering::Release);
            wakers.0.push(waker);
        }
    }
}

/// Players who go on by themselves. They are woken when this is dropped, which is done without the lane's lock, and in a panic too.
#[derive(Debug, Default)]
struct Wakers(Vec<Waker>);

impl Drop for Wakers {
    fn drop(&mut self) {
        for waker in self.0.drain(..) {
            waker.wake();
        }
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
    fn rounds(&mut self, cx: &mut Context<'_>, put_off: &mut Wakers) -> Progress {
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
        let mut wakers = Wakers::default();
        {
            let mut state = self.lane.state();
            for index in 0..state.slots.len() {
                state.put_off(index, 0, &mut wakers);
            }
            // From now on nobody boards.
            state.place = None;
        }
        trace!(players = wakers.0.len(), "a lane ends");
        Poll::Ready(())
    }
}

impl Drop for LaneTask {
    /// The lane is forgotten. Those who are still on it, because it panicked or the server has ended, are told.
    fn drop(&mut self) {
        let mut wakers = Wakers::default();
        self.lane.state().break_down(&mut wakers);
        self.fanout.close(self.reader.key(), &self.lane);
    }
}

impl Future for LaneTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.lane.is_broken() {
            return Poll::Ready(());
        }
        if this.lane.riders() == 0 && this.fanout.close(this.reader.key(), &this.lane) {
            return Poll::Ready(());
        }
        let mut put_off = Wakers::default();
        let progress = this.rounds(cx, &mut put_off);
        drop(put_off);
        match progress {
            Progress::More => cx.waker().wake_by_ref(),
            Progress::Done if this.goes_on => {}
            Progress::Done => return this.end(),
        }
        Poll::Pending
    }
}
