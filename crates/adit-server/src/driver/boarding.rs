//! Lets a lane of the fan-out serve a player, and takes it back.

use std::task::{Context, Poll};
use std::time::Instant;

use super::SessionDriver;
use crate::fanout::{Rider, Seat};

/// A player on a lane, or on its way to one.
#[derive(Debug, Default)]
pub(super) struct Passage {
    seat: Option<Seat>,
    /// So many turns it goes on serving itself, after it was put off: more each time, so that one whose line is slow is not put off at
    /// each key frame.
    detour: u32,
    last_detour: u32,
}

/// Turns of media, about as many frames: the shortest and the longest detour.
const DETOURS: (u32, u32) = (16, 4096);

impl Passage {
    pub(super) const fn seat(&self) -> Option<&Seat> {
        self.seat.as_ref()
    }

    /// Whether it may board; asked once in a turn.
    pub(super) fn is_due(&mut self) -> bool {
        let is_due = self.detour == 0;
        self.detour = self.detour.saturating_sub(1);
        is_due
    }

    pub(super) fn board(&mut self, seat: Option<Seat>) {
        self.seat = seat;
    }

    /// Ends a ride.
    pub(super) fn alight(&mut self) -> Option<Seat> {
        let seat = self.seat.take()?;
        let (least, most) = DETOURS;
        if seat.is_over() {
            self.last_detour = self.last_detour.saturating_mul(2).clamp(least, most);
            self.detour = self.last_detour;
        } else {
            self.last_detour /= 2;
        }
        Some(seat)
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
