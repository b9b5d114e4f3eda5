//! Lets a lane of the fan-out serve a player, and takes it back.

use std::task::{Context, Poll};
use std::time::Instant;

use super::SessionDriver;
use crate::fanout::Rider;

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
            Some(Rider::new(outlet, tally, cx.waker().clone()))
        };
        player.board(&self.shared.fanout, self.session.chunk_size(), rider);
    }

    /// Whether a lane serves the player and there is nothing else to be done. If there is, the connection serves itself again.
    pub(super) fn rides_on(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        let Some(seat) = self.roles.sole_player().and_then(|player| player.seat()) else {
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
        if let Some(player) = self.roles.sole_player() {
            player.alight(&mut self.session);
        }
        // A whole turn follows.
        self.timer.calm_until = None;
        if let Poll::Ready(received) = received {
            self.take_in(now, received);
        }
        false
    }
}
