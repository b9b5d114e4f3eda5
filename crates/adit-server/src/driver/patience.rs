//! How long a session waits for a publisher's media, and how often a player may fall behind.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::StatusCode;
use adit_rtmp::session::ServerEvent;

use super::{SessionDriver, after, stalled};
use crate::limits::ServerLimits;

/// Since when a publisher has sent nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Silence {
    /// Since it was allowed to publish.
    FromTheStart(Instant),
    /// Since its last media.
    Again(Instant),
}

impl Silence {
    /// The publisher sent something.
    pub(super) fn heard(&mut self, now: Instant) {
        *self = Self::Again(now);
    }

    /// When it is too long.
    pub(super) fn deadline(self, limits: &ServerLimits) -> Instant {
        match self {
            Self::FromTheStart(since) => after(since, limits.first_media),
            Self::Again(since) => after(since, limits.publisher_idle),
        }
    }
}

/// When a player was too far behind lately.
#[derive(Debug, Default)]
pub(crate) struct Overflows(VecDeque<Instant>);

impl Overflows {
    /// Counts one; says whether that is one too many. No more are remembered than are allowed.
    pub(crate) fn count(&mut self, now: Instant, limits: &ServerLimits) -> Verdict {
        let is_old = |at: &Instant| now >= after(*at, limits.overflow_window);
        while self.0.front().is_some_and(is_old) {
            self.0.pop_front();
        }
        if self.0.len().saturating_add(1) >= limits.overflows {
            return Verdict::TooMany;
        }
        self.0.push_back(now);
        Verdict::Bearable
    }
}

/// What to think of a player that fell behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Bearable,
    TooMany,
}

impl SessionDriver {
    /// Ends a connection whose publisher sends nothing, so that its name is free for one that does, and one whose player
    /// cannot keep up. To be called after the input was read: after a pause of the whole process it is what came meanwhile
    /// that counts.
    pub(super) fn check_patience(&mut self, now: Instant) {
        if let Some((msid, silence)) = self
            .roles
            .silent_publisher(&self.shared.settings.limits, now)
        {
            let words = match silence {
                Silence::FromTheStart(_) => "the publisher sent no media",
                Silence::Again(_) => "the publisher stopped sending media",
            };
            self.shared.stats.publisher_silent(silence);
            self.tell(msid, StatusCode::PublishIdle, words);
            // A client of a tunnel that sends nothing asks at least.
            match self.carrier.unasked_for() {
                Some(unasked_for) if unasked_for >= TUNNEL_SILENT => {
                    self.finish(&format!("{words}: {}", stalled(Some(unasked_for))));
                }
                _ => self.finish(words),
            }
        } else if self.roles.hopeless_player().is_some() {
            self.shared.stats.player_hopeless();
            self.finish("the line to the player is too slow");
        } else if self.idle_deadline().is_some_and(|due| due <= now) {
            self.shared.stats.client_idle();
            let words = "this connection was not used for too long";
            self.tell(
                MessageStreamId::CONNECTION,
                StatusCode::ConnectIdleTimeout,
                words,
            );
            self.finish("the client was idle");
        }
    }

    /// The client asks for something. Media needs no note: whoever publishes is not idle.
    pub(super) fn note_activity(&mut self, now: Instant, event: &ServerEvent) {
        if !matches!(event, ServerEvent::Media { .. }) {
            self.guest.active = Some(now);
        }
    }

    /// When a client that neither publishes nor plays nor uses shared objects has done nothing for too long.
    pub(super) fn idle_deadline(&self) -> Option<Instant> {
        let idle = self.shared.settings.limits.client_idle?;
        let uses_nothing = self.roles.is_empty() && self.guest.objects.is_empty();
        let is_free = self.session.is_connected() && uses_nothing;
        let active = self.guest.active.filter(|_| is_free)?;
        Some(after(active, idle))
    }
}

/// Clients of a tunnel ask at least every few seconds.
const TUNNEL_SILENT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
