//! What each message stream of a connection is used for.

use std::task::{Context, Poll};
use std::time::Instant;

use adit_broker::{Publication, StreamKey};
use adit_media::{Frame, Timestamp};
use adit_rtmp::MessageStreamId;
use adit_rtmp::session::ServerSession;

use super::Step;
use super::gates::Gates;
use super::patience::Silence;
use super::player::Player;
use super::replay::{Completed, EndTold, Replay};
use super::sample::Sample;
use super::summary::Listed;
use super::term::Behind;
use crate::access::Ticket;
use crate::codecs::{CodecGate, CodecRefused};
use crate::limits::ServerLimits;
use crate::relay::{Interest, Push};

/// The publications and players of one connection, by message stream id.
///
/// A connection has a handful of streams (the session bounds them), so a list beats a map.
#[derive(Default)]
pub(super) struct Roles {
    held: Vec<Held>,
    sample: Sample,
    /// A stream that is played has lost its publisher.
    stopped: bool,
    /// The server is taken down.
    leave: bool,
}

/// What a connection is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Business {
    /// It plays something, whatever else it does.
    Plays,
    /// All it does is wait for streams that nobody publishes.
    Waits,
    /// It publishes, calls, or has not said yet.
    Other,
}

/// A message stream and what it is used for.
struct Held {
    msid: MessageStreamId,
    role: Role,
    /// What keeps the far side of a relay playing.
    _interest: Option<Interest>,
    /// Writes the lines about it.
    listed: Listed,
}

/// One message stream in use. Dropping it unpublishes or leaves.
pub(super) enum Role {
    Publishing(Publisher),
    Playing(Player),
    Replaying(Box<Replay>),
    /// What was played is over, and so far nothing else plays.
    Over(Over),
}

/// What was played is over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Over {
    /// When, in the time of the stream.
    pub(super) at: Timestamp,
    pub(super) completed: Completed,
    next: Coming,
}

/// What comes after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coming {
    Nothing,
    /// What is next on the playlist.
    Next,
    /// It is being opened.
    Opens,
}

/// A `publish` that was accepted.
pub(super) struct Publisher {
    publication: Publication,
    gate: CodecGate,
    silence: Silence,
    /// The far side, where there is one.
    push: Option<Push>,
}

/// What was published in a codec that may not be.
#[derive(Debug)]
pub(super) struct Misfit {
    pub(super) key: StreamKey,
    pub(super) refused: CodecRefused,
}

impl Held {
    /// If what it plays is over and something is to come of that.
    fn over(&mut self, now: Instant) -> Option<Over> {
        let (at, completed) = match &mut self.role {
            Role::Playing(player) => {
                let term = player.term();
                if !term.is_over() {
                    return None;
                }
                let (duration, bytes) = term.played(now);
                let told = EndTold::No;
                let completed = Completed {
                    duration,
                    bytes,
                    told,
                };
                (term.end(), completed)
            }
            Role::Replaying(replay) => (replay.end(), replay.over()?),
            Role::Over(over) if over.next == Coming::Next => return Some(*over),
            Role::Publishing(_) | Role::Over(_) => return None,
        };
        let next = Coming::Next;
        Some(Over {
            at,
            completed,
            next,
        })
    }
}

impl Publisher {
    pub(super) fn new(
        now: Instant,
        publication: Publication,
        gate: CodecGate,
        push: Option<Push>,
    ) -> Self {
        Self {
            publication,
            gate,
            silence: Silence::FromTheStart(now),
            push,
        }
    }
}

impl Roles {
    /// Gives `msid` a new role; an earlier one has ended by then, see [`Roles::remove`].
    /// `interest` keeps the far side of a relay playing for as long.
    pub(super) fn insert(
        &mut self,
        msid: MessageStreamId,
        mut role: Role,
        interest: Option<Interest>,
        listed: Listed,
    ) {
        self.remove(msid);
        if self.leave
            && let Role::Playing(player) = &mut role
        {
            player.leave();
        }
        if self.held.is_empty() {
            // Nearly all have one; room for four would be more than all else of a player.
            self.held.reserve_exact(1);
        }
        self.held.push(Held {
            msid,
            role,
            _interest: interest,
            listed,
        });
    }

    pub(super) fn remove(&mut self, msid: MessageStreamId) {
        self.held.retain(|held| held.msid != msid);
    }

    pub(super) fn clear(&mut self) {
        self.held.clear();
    }

    /// Appends a frame to the stream that `msid` publishes, if it does.
    ///
    /// # Errors
    /// It is in a codec that may not be published there.
    pub(super) fn push(
        &mut self,
        now: Instant,
        msid: MessageStreamId,
        frame: Frame,
    ) -> Result<(), Misfit> {
        for held in &mut self.held {
            if held.msid == msid
                && let Role::Publishing(publisher) = &mut held.role
            {
                publisher.silence.heard(now);
                if let Err(refused) = publisher.gate.check(&frame) {
                    let key = publisher.publication.key().clone();
                    return Err(Misfit { key, refused });
                }
                publisher.publication.push(now, frame);
                return Ok(());
            }
        }
        Ok(())
    }

    /// Ready when the publishers may be read from; a far side can be slower than they are. Whoever waits for it is not silent.
    pub(super) fn poll_open(&mut self, cx: &Context<'_>, now: Instant) -> Poll<()> {
        let mut open = Poll::Ready(());
        for held in &mut self.held {
            if let Role::Publishing(publisher) = &mut held.role
                && let Some(push) = &publisher.push
                && push.poll_open(cx).is_pending()
            {
                publisher.silence.heard(now);
                open = Poll::Pending;
            }
        }
        open
    }

    /// A publisher whose far side is given up, and why.
    pub(super) fn poll_push_end(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<(MessageStreamId, String)> {
        for held in &mut self.held {
            if let Role::Publishing(publisher) = &mut held.role
                && let Some(push) = &mut publisher.push
                && let Poll::Ready(reason) = push.poll_end(cx)
            {
                publisher.push = None;
                return Poll::Ready((held.msid, reason));
            }
        }
        Poll::Pending
    }

    pub(super) fn player(&mut self, msid: MessageStreamId) -> Option<&mut Player> {
        self.held.iter_mut().find_map(|held| match &mut held.role {
            Role::Playing(player) if held.msid == msid => Some(player),
            _ => None,
        })
    }

    /// The player, where there is nothing but one.
    pub(super) fn sole_player(&mut self) -> Option<&mut Player> {
        match self.held.as_mut_slice() {
            [
                Held {
                    role: Role::Playing(player),
                    ..
                },
            ] => Some(player),
            _ => None,
        }
    }

    pub(super) fn replay(&mut self, msid: MessageStreamId) -> Option<&mut Replay> {
        self.held.iter_mut().find_map(|held| match &mut held.role {
            Role::Replaying(replay) if held.msid == msid => Some(&mut **replay),
            _ => None,
        })
    }

    /// Whether something is to be played after what plays there.
    pub(super) fn set_behind(&mut self, msid: MessageStreamId, behind: Behind) {
        let held = self.held.iter_mut().find(|held| held.msid == msid);
        match held.map(|held| &mut held.role) {
            Some(Role::Playing(player)) => player.term().set_behind(behind),
            Some(Role::Replaying(replay)) => replay.set_behind(behind),
            Some(Role::Over(over)) if over.next != Coming::Opens => {
                over.next = match behind {
                    Behind::Something => Coming::Next,
                    Behind::Nothing => Coming::Nothing,
                };
            }
            _ => {}
        }
    }

    /// Something that is over and has not been gone on from. It is not given again before [`set_behind`](Self::set_behind).
    pub(super) fn take_over(&mut self, now: Instant) -> Option<(MessageStreamId, Over)> {
        self.held.iter_mut().find_map(|held| {
            let mut over = held.over(now)?;
            over.next = Coming::Nothing;
            held.role = Role::Over(over);
            Some((held.msid, over))
        })
    }

    /// What is next is being opened.
    pub(super) fn open_next(&mut self, msid: MessageStreamId) {
        if let Some(over) = self.over(msid) {
            over.next = Coming::Opens;
        }
    }

    /// It could not be opened: what comes then?
    pub(super) fn leave_out(&mut self, msid: MessageStreamId) {
        if let Some(over) = self.over(msid) {
            over.next = Coming::Next;
        }
    }

    /// The player knows that it is over.
    pub(super) fn told_over(&mut self, msid: MessageStreamId) {
        if let Some(over) = self.over(msid) {
            over.completed.told = EndTold::Yes;
        }
    }

    fn over(&mut self, msid: MessageStreamId) -> Option<&mut Over> {
        self.held.iter_mut().find_map(|held| match &mut held.role {
            Role::Over(over) if held.msid == msid => Some(over),
            _ => None,
        })
    }

    /// When the first of the live streams is over that are played for a while.
    pub(super) fn next_over(&self) -> Option<Instant> {
        let due = self.held.iter().filter_map(|held| match &held.role {
            Role::Playing(player) => player.deadline(),
            _ => None,
        });
        due.min()
    }

    /// Keeps what was given with the right to go on there with something else.
    pub(super) fn keep(&mut self, msid: MessageStreamId, ticket: Option<Ticket>) {
        let held = self.held.iter_mut().find(|held| held.msid == msid);
        if let Some(held) = held {
            held.listed.keep(ticket);
        }
    }

    /// What a player wants to receive, of whatever it plays.
    pub(super) fn gates(&mut self, msid: MessageStreamId) -> Option<&mut Gates> {
        self.held.iter_mut().find_map(|held| match &mut held.role {
            Role::Playing(player) if held.msid == msid => Some(player.gates()),
            Role::Replaying(replay) if held.msid == msid => Some(replay.gates()),
            _ => None,
        })
    }

    /// Whether something is published there.
    pub(super) fn publishes(&self, msid: MessageStreamId) -> bool {
        self.publishers().any(|(publishing, _)| publishing == msid)
    }

    /// When the first of the recordings has something to send.
    pub(super) fn next_replay(&self) -> Option<Instant> {
        let due = self.held.iter().filter_map(|held| match &held.role {
            Role::Replaying(replay) => replay.next_deadline(),
            _ => None,
        });
        due.min()
    }

    /// Lets every player move frames into the session's queue.
    pub(super) fn fill_players(
        &mut self,
        cx: &mut Context<'_>,
        session: &mut ServerSession,
        limits: &ServerLimits,
        now: Instant,
    ) -> Step {
        self.sample.next_turn();
        let mut step = Step::Idle;
        for held in &mut self.held {
            match &mut held.role {
                Role::Playing(player) => {
                    step = step.max(player.fill(cx, (session, &mut self.sample), limits, now));
                    self.stopped |= player.take_stopped();
                    held.listed.comes_to(player.stage());
                }
                Role::Replaying(replay) => step = step.max(replay.fill(cx, session, now)),
                Role::Publishing(_) | Role::Over(_) => {}
            }
        }
        step
    }

    /// Whether a stream that is played has lost its publisher, and nobody has taken note.
    pub(super) const fn has_stopped(&self) -> bool {
        self.stopped
    }

    /// The same, and takes note.
    pub(super) const fn take_stopped(&mut self) -> bool {
        std::mem::replace(&mut self.stopped, false)
    }

    /// The server is taken down: players follow their streams.
    pub(super) fn leave(&mut self) {
        self.leave = true;
        for held in &mut self.held {
            if let Role::Playing(player) = &mut held.role {
                player.leave();
            }
        }
    }

    /// What the connection is there for.
    pub(super) fn business(&self) -> Business {
        let plays = |held: &Held| match &held.role {
            Role::Playing(player) => player.has_source(),
            Role::Replaying(_) => true,
            Role::Publishing(_) | Role::Over(_) => false,
        };
        if self.held.iter().any(plays) {
            return Business::Plays;
        }
        let waits = |held: &Held| matches!(held.role, Role::Playing(_));
        if !self.held.is_empty() && self.held.iter().all(waits) {
            Business::Waits
        } else {
            Business::Other
        }
    }

    /// Everything is written: the arrival of a frame whose delay is measured, if one is.
    pub(super) const fn take_sample(&mut self) -> Option<Instant> {
        self.sample.take()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Whether there are players of live streams that have no end, and nothing else.
    pub(super) fn only_play(&self) -> bool {
        let is_endless =
            |held: &Held| matches!(&held.role, Role::Playing(player) if player.is_endless());
        !self.held.is_empty() && self.held.iter().all(is_endless)
    }

    /// A player that fell behind too often.
    pub(super) fn hopeless_player(&self) -> Option<MessageStreamId> {
        self.held.iter().find_map(|held| match &held.role {
            Role::Playing(player) if player.is_hopeless() => Some(held.msid),
            _ => None,
        })
    }

    /// When the first of the publishers has been silent for too long.
    pub(super) fn silence_deadline(&self, limits: &ServerLimits) -> Option<Instant> {
        self.publishers()
            .map(|(_, publisher)| publisher.silence.deadline(limits))
            .min()
    }

    /// A publisher that has been silent for too long.
    pub(super) fn silent_publisher(
        &self,
        limits: &ServerLimits,
        now: Instant,
    ) -> Option<(MessageStreamId, Silence)> {
        self.publishers()
            .find(|(_, publisher)| publisher.silence.deadline(limits) <= now)
            .map(|(msid, publisher)| (msid, publisher.silence))
    }

    /// When frames that wait for company have to be shown to players after all.
    pub(super) fn next_flush(&self) -> Option<Instant> {
        self.publishers()
            .filter_map(|(_, publisher)| publisher.publication.next_flush())
            .min()
    }

    pub(super) fn flush(&mut self, now: Instant) {
        for held in &mut self.held {
            if let Role::Publishing(publisher) = &mut held.role {
                publisher.publication.flush(now);
            }
        }
    }

    fn publishers(&self) -> impl Iterator<Item = (MessageStreamId, &Publisher)> {
        self.held.iter().filter_map(|held| match &held.role {
            Role::Publishing(publisher) => Some((held.msid, publisher)),
            Role::Playing(_) | Role::Replaying(_) | Role::Over(_) => None,
        })
    }
}
