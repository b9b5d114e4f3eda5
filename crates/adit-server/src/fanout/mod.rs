//! Players of a live stream that get the same bytes at the same time, served together.
//!
//! A player has a task of its own, and to wake it for each frame costs as much again as the write itself. What nearly all of them get
//! is the same to the byte, though. So a player that is up to date and has nothing else to do *boards* a [`Lane`]: a task that takes
//! each frame out of the log once and writes it to up to [`LANE_SEATS`](crate::limits::LANE_SEATS) sockets. The player's own task sleeps meanwhile. It takes
//! its socket back whenever anything else is to be done (its client says something, a timer rings, it is kicked), and the lane gives
//! it back as soon as the socket takes less than all: being slow is the business of the task alone. With a thousand players that
//! saves a fifth of all CPU time, and more in the latency mode `low`.
//!
//! ```text
//!            boards: place in the log, socket, waker
//!   driver ───────────────────────────────────────────▶ lane ── writes ──▶ 128 sockets
//!     ▲                                                  │
//!     └──── leaves, or is put off: place, unsent bytes ──┘
//! ```

mod lane;
mod round;
mod seat;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adit_broker::{Place, StreamKey, Subscription};
use adit_rtmp::{ChunkSize, MessageStreamId};

use self::lane::{Boarding, Lane, LaneTask};
pub(crate) use self::seat::{Rider, Seat};
use crate::limits::LANE_READERS;

/// All that the bytes of a frame depend on but the frame itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Gauge {
    pub(crate) chunk_size: ChunkSize,
    pub(crate) msid: MessageStreamId,
}

/// How much the lanes are used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Riding {
    pub(crate) lanes: usize,
    pub(crate) players: usize,
}

/// The lanes of a server. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fanout(Arc<Mutex<Lanes>>);

type Lanes = HashMap<StreamKey, Vec<Arc<Lane>>>;

impl Fanout {
    /// Lets a player board a lane of its stream, if that is worth it and there is one for it; a new one is made when all are full. The
    /// subscription rests from then on.
    pub(crate) fn board(
        &self,
        subscription: &mut Subscription,
        gauge: Gauge,
        rider: impl FnOnce() -> Rider,
    ) -> Option<Seat> {
        if subscription.readers() < LANE_READERS {
            return None;
        }
        let place = subscription.place()?;
        let mut rider = Some(rider);
        let mut lanes = self.lanes();
        let those = lanes.entry(subscription.key().clone()).or_default();
        for lane in those.iter().filter(|lane| lane.gauge() == gauge) {
            match Lane::try_board(lane, subscription, &place, &mut rider) {
                Boarding::Seated(seat) => return Some(seat),
                Boarding::Full => {}
                Boarding::NotNow => return None,
            }
        }
        let (lane, task) = self.open(subscription, gauge, place.clone());
        those.push(Arc::clone(&lane));
        let boarding = Lane::try_board(&lane, subscription, &place, &mut rider);
        drop(lanes);
        tokio::spawn(task);
        match boarding {
            Boarding::Seated(seat) => Some(seat),
            Boarding::Full | Boarding::NotNow => None,
        }
    }

    fn open(
        &self,
        subscription: &Subscription,
        gauge: Gauge,
        place: Place,
    ) -> (Arc<Lane>, LaneTask) {
        let assistant = subscription.assistant(place.clone());
        let lane = Arc::new(Lane::new(gauge, place));
        let task = LaneTask::new(self.clone(), Arc::clone(&lane), assistant);
        (lane, task)
    }

    /// Forgets a lane, if nobody is on it; nobody boards it then.
    fn close(&self, key: &StreamKey, lane: &Arc<Lane>) -> bool {
        let mut lanes = self.lanes();
        if !lane.end_if_empty() {
            return false;
        }
        if let Some(those) = lanes.get_mut(key) {
            those.retain(|other| !Arc::ptr_eq(other, lane));
            if those.is_empty() {
                lanes.remove(key);
            }
        }
        true
    }

    /// How many lanes there are, and how many players are on them.
    pub(crate) fn count(&self) -> Riding {
        let lanes = self.lanes();
        let all = lanes.values().flatten();
        all.fold(Riding::default(), |sum, lane| Riding {
            lanes: sum.lanes.saturating_add(1),
            players: sum.players.saturating_add(lane.riders()),
        })
    }

    #[cfg(test)]
    fn lanes_of(&self, key: &StreamKey) -> usize {
        self.lanes().get(key).map_or(0, Vec::len)
    }

    /// Lock order: this one, then that of a lane, then those of the broker.
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
