//! Lets a lane of the fan-out serve a player, and takes it back.

use std::task::{Context, Poll};
use std::time::Instant;

use super::SessionDriver;
use crate::fanout::{Rider, Seat};
use crate::limits::LANE_DETOURS;

/// A player on a lane, or on its way to one.
#[derive(Debug, Default)]
pub(super) struct Passage {
    seat: Option<Seat>,
    detour: Detour,
}

impl Passage {
    pub(super) const fn seat(&self) -> Option<&Seat> {
        self.seat.as_ref()
    }

    /// Whether it may board; asked once in a turn.
    pub(super) fn is_due(&mut self) -> bool {
        self.detour.is_over()
    }

    pub(super) fn board(&mut self, seat: Option<Seat>) {
        self.seat = seat;
    }

    /// Ends a ride.
    pub(super) fn alight(&mut self) -> Option<Seat> {
        let seat = self.seat.take()?;
        if seat.is_over() {
            self.detour.begin();
        } else {
            self.detour.shorten();
        }
        Some(seat)
    }
}

/// How long a player that was put off serves itself: longer each time, so that one whose line is slow is not put off at each key
/// frame.
#[derive(Debug, Default)]
struct Detour {
    turns: u32,
    last: u32,
}

impl Detour {
    fn begin(&mut self) {
        let (least, most) = LANE_DETOURS;
        self.last = self.last.saturating_mul(2).clamp(least, most);
        self.turns = self.last;
    }

    /// The player left by itself: it was fast enough.
    const fn shorten(&mut self) {
        self.last /= 2;
    }

    /// Asked once in a turn.
    const fn is_over(&mut self) -> bool {
        let is_over = self.turns == 0;
        self.turns = self.turns.saturating_sub(1);
        is_over
    }
}

impl SessionDriver {
    /// After a turn in which nothing was to be done but to send media, and all of it was sent: the next may be sent by a lane.
    pub(super) fn board(&mut self, cx: &Context<'_>) {
        let Some(player) = self.roles.sole_player() else {
            return;
        };
        let Some(outlet) = self.carrier.outlet() else {
            return;
        };
        let rider = || {
            let tally = self.summary.presence().tally();
            Rider::new(outlet.clone(), tally, cx.waker().clone())
        };
        player.board(
            self.shared.connections.fanout(),
            self.session.chunk_size(),
            rider,
        );
    }

    /// Whether a lane serves the player and there is nothing else to be done. If there is, the connection serves itself again.
    pub(super) fn rides_on(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let Some(seat) = self
            .roles
            .sole_player()
            .and_then(|player| player.passage().seat())
        else {
            return false;
        };
        let is_over = seat.is_over();
        let mut received = Poll::Pending;
        if !is_over && self.is_calm(now) {
            received = self.carrier.poll_recv(cx);
            if received.is_pending() {
                return true;
            }
        }
        let player = self.roles.sole_player();
        let session = &mut self.session;
        // A whole turn follows.
        self.timer.calm_until = None;
        if player.and_then(|player| player.alight(session)).is_none() {
            self.give_up(now, "the server failed to send to it");
        }
        if let Poll::Ready(received) = received {
            self.take_in(now, received);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(detour: &mut Detour) -> u32 {
        let mut turns = 0;
        while !detour.is_over() {
            turns += 1;
        }
        turns
    }

    #[test]
    fn whoever_is_put_off_again_and_again_serves_itself_for_longer() {
        let mut detour = Detour::default();
        assert!(detour.is_over());
        for wanted in [16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 4096] {
            detour.begin();
            assert_eq!(turns(&mut detour), wanted);
        }
        detour.shorten();
        assert!(detour.is_over());
        detour.begin();
        assert_eq!(turns(&mut detour), 4096);
        for _ in 0..20 {
            detour.shorten();
        }
        detour.begin();
        assert_eq!(turns(&mut detour), 16);
    }
}
