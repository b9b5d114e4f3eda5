//! What each message stream of a connection is used for.

use std::task::Context;
use std::time::Instant;

use adit_broker::Publication;
use adit_media::Frame;
use adit_rtmp::MessageStreamId;
use adit_rtmp::session::ServerSession;

use super::Step;
use super::player::Player;

/// The publications and players of one connection, by message stream id.
///
/// A connection has a handful of streams (the session bounds them), so a list beats a map.
#[derive(Default)]
pub(super) struct Roles(Vec<(MessageStreamId, Role)>);

/// One message stream in use. Dropping it unpublishes or leaves.
pub(super) enum Role {
    Publishing(Publication),
    Playing(Player),
}

impl Roles {
    /// Gives `msid` a new role; an earlier one ends.
    pub(super) fn insert(&mut self, msid: MessageStreamId, role: Role) {
        self.remove(msid);
        self.0.push((msid, role));
    }

    pub(super) fn remove(&mut self, msid: MessageStreamId) {
        self.0.retain(|(held, _)| *held != msid);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// Appends a frame to the stream that `msid` publishes, if it does.
    pub(super) fn push(&mut self, now: Instant, msid: MessageStreamId, frame: Frame) {
        for (held, role) in &mut self.0 {
            if *held == msid
                && let Role::Publishing(publication) = role
            {
                publication.push(now, frame);
                return;
            }
        }
    }

    pub(super) fn player(&mut self, msid: MessageStreamId) -> Option<&mut Player> {
        self.0.iter_mut().find_map(|(held, role)| match role {
            Role::Playing(player) if *held == msid => Some(player),
            _ => None,
        })
    }

    /// Lets every player move frames into the session's queue.
    pub(super) fn fill_players(
        &mut self,
        cx: &mut Context<'_>,
        session: &mut ServerSession,
    ) -> Step {
        let mut step = Step::Idle;
        for (_, role) in &mut self.0 {
            if let Role::Playing(player) = role {
                step = step.max(player.fill(cx, session));
            }
        }
        step
    }

    /// When frames that wait for company have to be shown to players after all.
    pub(super) fn next_flush(&self) -> Option<Instant> {
        self.publications()
            .filter_map(Publication::next_flush)
            .min()
    }

    pub(super) fn flush(&mut self, now: Instant) {
        for (_, role) in &mut self.0 {
            if let Role::Publishing(publication) = role {
                publication.flush(now);
            }
        }
    }

    fn publications(&self) -> impl Iterator<Item = &Publication> {
        self.0.iter().filter_map(|(_, role)| match role {
            Role::Publishing(publication) => Some(publication),
            Role::Playing(_) => None,
        })
    }
}
