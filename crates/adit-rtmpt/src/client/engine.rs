//! What happens inside a tunnel: which request is next, what a reply means, what is asked again.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::downlink::Progress;
use super::error::{ClientError, ClientState, Ending};
use super::lanes::{Pending, Phase};
use super::limits;
use super::pace::{Asked, Pace};
use super::reply::{Answer, Reply};
use super::request::{Connection, Lane, Request, SessionText, Verb};
use super::{ClientTunnel, ServerKind};
use crate::interval::PollByte;

// What is next.
impl ClientTunnel {
    /// Makes the requests that are due.
    pub(super) fn plan(&mut self, now: Instant) {
        if self.close_due().is_some_and(|due| due <= now) {
            let number = self.downlink.take_number();
            *self.lanes.place(Lane::First) = Some(Pending::bare(now, Verb::Close, number));
        }
        while let Some((lane, due)) = self.send_due()
            && due <= now
        {
            let is_alone = self.lanes.of(Verb::Send).next().is_none();
            let body = if is_alone {
                self.uplink.take(now)
            } else {
                self.uplink.take_beside(now)
            };
            let number = self.downlink.take_send_number();
            self.counters.sends += 1;
            self.counters.sent_bytes += body.len() as u64;
            self.pace.send(now);
            *self.lanes.place(lane) = Some(Pending::new(now, Verb::Send, number, body));
        }
        while let Some((lane, due)) = self.idle_due()
            && due <= now
        {
            let number = self.downlink.take_number();
            self.counters.idles += 1;
            *self.lanes.place(lane) = Some(Pending::bare(now, Verb::Idle, number));
        }
    }

    /// When the close can go.
    pub(super) fn close_due(&self) -> Option<Instant> {
        let is_ready = self.state == ClientState::Closing
            && self.session.is_some()
            && self.uplink.is_empty()
            // A close that overtook a send would end the session without its bytes.
            && self.lanes.of(Verb::Send).next().is_none()
            && self.free(&[Lane::First]).is_some();
        is_ready.then_some(self.start)
    }

    /// Where and when a send can go.
    pub(super) fn send_due(&self) -> Option<(Lane, Instant)> {
        let is_closing = self.state == ClientState::Closing;
        let has_room = is_closing || self.has_room();
        if self.session.is_none() || !has_room {
            return None;
        }
        let lane = self.free(&Lane::SENDS)?;
        let mut under_way = self.lanes.of(Verb::Send).peekable();
        let due = if under_way.peek().is_none() {
            self.uplink.due(self.start)?
        } else {
            let under_way = under_way.map(|pending| pending.body.len());
            self.uplink.due_beside(self.start, under_way)?
        };
        Some((lane, if is_closing { self.start } else { due }))
    }

    /// Where and when an idle can go. Not while a send is about to: its reply carries as much, and it would release the idle.
    pub(super) fn idle_due(&self) -> Option<(Lane, Instant)> {
        let most = if self.has_several_lanes() {
            self.pace.idles()
        } else {
            1
        };
        if self.state != ClientState::Open
            || self.lanes.of(Verb::Idle).count() >= most
            || self.send_due().is_some()
            || !self.has_room()
        {
            return None;
        }
        let lane = self.free(&Lane::IDLES)?;
        let is_sending = self.lanes.of(Verb::Send).next().is_some();
        Some((lane, self.pace.idle_due(is_sending)?))
    }

    pub(super) fn give_out(&mut self, now: Instant, lane: Lane) -> Option<Request> {
        let patience = self.patience(lane)?;
        let is_moving = !self.lanes.is_usable(lane);
        let pending = self.lanes.place(lane).as_mut()?;
        let is_due = matches!(pending.phase, Phase::Due(due) if due <= now);
        if !is_due || is_moving {
            return None;
        }
        pending.phase = Phase::Asked {
            at: now,
            deadline: now + patience,
        };
        self.counters.requests += 1;
        if pending.attempts > 0 {
            self.counters.retries += 1;
        }
        pending.attempts = pending.attempts.saturating_add(1);
        Some(pending.request(self.session.as_ref()))
    }

    /// How long the request on a lane may go without progress when it is given out now.
    fn patience(&self, lane: Lane) -> Option<Duration> {
        let timeouts = &self.config.timeouts;
        let pending = self.lanes.get(lane)?;
        Some(match pending.verb {
            Verb::Ident2 => limits::IDENT2_TIMEOUT,
            Verb::Open => timeouts.open,
            Verb::Close => timeouts.close,
            Verb::Send | Verb::Idle
                if self.server == ServerKind::Orders && pending.attempts == 0 =>
            {
                timeouts.reply.min(limits::RETRY_AFTER)
            }
            Verb::Send | Verb::Idle => timeouts.reply,
        })
    }

    fn has_several_lanes(&self) -> bool {
        self.server == ServerKind::Orders && self.lanes.are_several()
    }

    /// The first of some lanes that may be given another number. Where there is only one lane, that one, if nothing at all is
    /// under way.
    fn free(&self, lanes: &[Lane]) -> Option<Lane> {
        if !self.downlink.has_number() || self.is_over() {
            None
        } else if self.has_several_lanes() {
            self.lanes.free(lanes)
        } else {
            self.lanes.are_free().then_some(Lane::First)
        }
    }

    fn has_room(&self) -> bool {
        self.downlink.has_room(self.config.memory.received_bytes)
    }

    fn is_over(&self) -> bool {
        matches!(self.state, ClientState::Closed(_) | ClientState::Failed(_))
    }
}

// What a reply means.
impl ClientTunnel {
    pub(super) fn replied(&mut self, now: Instant, lane: Lane, pending: Pending, reply: Reply) {
        match pending.verb {
            Verb::Ident2 => self.identified(now, &reply),
            Verb::Open => match session_of(&reply) {
                Ok(session) => {
                    self.opened(now, session, reply.server);
                    self.pace.took(pending.took(now));
                }
                Err(error) => self.fail(error),
            },
            Verb::Close if reply.status == 200 => self.end(ClientState::Closed(Ending::Client)),
            Verb::Close => self.end(ClientState::Closed(Ending::Unconfirmed)),
            Verb::Send | Verb::Idle => self.answered(now, lane, pending, reply),
        }
    }

    /// Whatever was answered, the next thing is to open. An address is followed if it can be that of a server.
    fn identified(&mut self, now: Instant, reply: &Reply) {
        let text = std::str::from_utf8(reply.body.trim_ascii()).ok();
        let address: Option<IpAddr> = text.and_then(|text| text.parse().ok());
        self.address = address.filter(|address| {
            reply.status == 200
                && !address.is_loopback()
                && !address.is_unspecified()
                && !address.is_multicast()
        });
        let mut open = Pending::bare(now, Verb::Open, 0);
        if self.address.is_some() {
            open.connection = Connection::Fresh;
        }
        *self.lanes.place(Lane::First) = Some(open);
    }

    fn opened(&mut self, now: Instant, session: SessionText, server: ServerKind) {
        self.session = Some(session);
        self.pace = Pace::new(now);
        if server == ServerKind::Orders {
            self.set_server(server);
        }
        if self.state == ClientState::Opening {
            self.state = ClientState::Open;
        }
    }

    fn answered(&mut self, now: Instant, lane: Lane, pending: Pending, reply: Reply) {
        let verb = pending.verb;
        if reply.status != 200 {
            return self.refused(now, lane, pending, reply.status);
        }
        if reply.is_page() {
            return self.fail(ClientError::Page { verb });
        }
        let limit = limits::REPLY_BODY;
        if reply.body.len() > limit {
            return self.fail(ClientError::ReplyTooLong { verb, limit });
        }
        let Some(answer) = Answer::parse(reply.body) else {
            return self.fail(ClientError::EmptyReply { verb });
        };
        self.note(now, &pending, &answer);
        let is_end = answer == Answer::Closed;
        match self.downlink.answer(pending.number, answer) {
            Progress::Early => {
                self.counters.reordered += 1;
                if is_end {
                    self.lanes.hasten(now + limits::RETRY_AFTER_END);
                }
            }
            Progress::On => {}
            Progress::Ended if self.state == ClientState::Closing => {
                self.end(ClientState::Closed(Ending::Unconfirmed));
            }
            Progress::Ended => self.end(ClientState::Closed(Ending::Server)),
        }
        if self.state == ClientState::Closing {
            self.downlink.drop_received();
        }
    }

    /// Adapts the pace to what came back, and how fast.
    fn note(&mut self, now: Instant, pending: &Pending, answer: &Answer) {
        let took = pending.took(now);
        let excess = self.pace.took(took);
        if pending.verb == Verb::Send {
            self.uplink.answered(pending.body.len(), excess);
            self.pace.send_answered(now);
        }
        match answer {
            Answer::Data { poll, data } if data.is_empty() => {
                self.note_silence(now, pending, took, *poll);
            }
            Answer::Data { data, .. } => {
                self.counters.received_bytes += data.len() as u64;
                self.pace.data(now, data.len());
                self.uplink.hurry();
            }
            Answer::Closed => {}
        }
    }

    fn note_silence(&mut self, now: Instant, pending: &Pending, took: Duration, poll: PollByte) {
        let asked = match pending.verb {
            Verb::Idle if self.downlink.is_overtaken(pending.number) => Asked::AtOnce,
            Verb::Idle => Asked::Idle(took),
            _ if self.server == ServerKind::Orders => Asked::AtOnce,
            _ => Asked::Other,
        };
        self.pace.empty(now, asked, poll);
    }
}

// What goes wrong.
impl ClientTunnel {
    /// A status other than 200.
    ///
    /// 413 comes before the body has reached the session: from a proxy, or from a server that looks at the length first. So the
    /// number is still free, and is used for a smaller part of the same bytes; the rest goes out under later numbers, which no
    /// send has yet, for one longer than any before sets out alone. Only where an attempt before this one may have arrived
    /// nobody can know.
    fn refused(&mut self, now: Instant, lane: Lane, mut pending: Pending, status: u16) {
        let error = ClientError::of_status(pending.verb, status, pending.body.len());
        let is_first = pending.attempts == 1;
        // Also by a send that was answered first.
        let is_followed = self.downlink.is_overtaken(pending.number)
            || self
                .lanes
                .of(Verb::Send)
                .any(|send| send.number > pending.number);
        match error {
            ClientError::TooLarge { .. }
                if pending.verb == Verb::Send && (!is_first || is_followed) =>
            {
                self.fail(ClientError::TooLargeLate);
            }
            ClientError::TooLarge { verb, bytes }
                if verb == Verb::Send && bytes > limits::SEND_BYTES_MIN =>
            {
                self.counters.halved += 1;
                let before = pending.body.len();
                pending.body = self.uplink.halve(pending.body);
                let rest = before.saturating_sub(pending.body.len()) as u64;
                self.counters.sent_bytes = self.counters.sent_bytes.saturating_sub(rest);
                pending.attempts = 0;
                pending.phase = Phase::Due(now);
                *self.lanes.place(lane) = Some(pending);
            }
            error if error.is_passing() => {
                self.retry(now + limits::RETRY_PAUSE, lane, pending, error);
            }
            error => self.fail(error),
        }
    }

    /// A connection was lost with a request under way.
    pub(super) fn lost(&mut self, now: Instant, lane: Lane, pending: Pending, error: ClientError) {
        match pending.verb {
            Verb::Ident2 => self.identified(now, &Reply::new(0, bytes::Bytes::new())),
            Verb::Close => self.end(ClientState::Closed(Ending::Unconfirmed)),
            // Nothing was lost but a session that was no longer wanted.
            Verb::Open if self.state == ClientState::Closing => self.fail(error),
            Verb::Open | Verb::Send | Verb::Idle => self.retry(now, lane, pending, error),
        }
    }

    /// Nothing came back in time.
    pub(super) fn fell_silent(&mut self, now: Instant, lane: Lane, pending: Pending) {
        let error = ClientError::Silence {
            verb: pending.verb,
            after: pending.took(now),
        };
        match pending.verb {
            Verb::Open => self.fail(error),
            Verb::Ident2 => {
                self.lost(now, lane, pending, error);
                if let Some(open) = self.lanes.place(lane) {
                    open.connection = Connection::Fresh;
                }
            }
            _ => self.lost(now, lane, pending, error),
        }
    }

    /// Asks the same number with the same body again, on a fresh connection.
    fn retry(&mut self, at: Instant, lane: Lane, mut pending: Pending, error: ClientError) {
        if pending.attempts < limits::ATTEMPTS {
            pending.connection = Connection::Fresh;
            pending.phase = Phase::Due(at);
            *self.lanes.place(lane) = Some(pending);
        } else if lane != Lane::First {
            self.counters.lanes_lost += 1;
            self.lanes.give_up(at, lane, pending);
        } else {
            self.fail(error);
        }
    }

    /// The tunnel is over; while closing that is no failure any more, only not confirmed.
    fn fail(&mut self, error: ClientError) {
        self.end(match self.state {
            ClientState::Closing => ClientState::Closed(Ending::Unconfirmed),
            _ => ClientState::Failed(error),
        });
    }

    /// Nothing is asked any more. What was received in order can still be taken.
    pub(super) fn end(&mut self, state: ClientState) {
        self.state = state;
        self.close_by = None;
        self.lanes.clear();
        self.uplink.clear();
    }
}

/// The session that a reply to `/open/1` names.
fn session_of(reply: &Reply) -> Result<SessionText, ClientError> {
    let verb = Verb::Open;
    if reply.status != 200 {
        let sent = 1;
        return Err(ClientError::of_status(verb, reply.status, sent));
    }
    if reply.is_page() {
        return Err(ClientError::Page { verb });
    }
    if *reply.body == [0] {
        return Err(ClientError::Full);
    }
    SessionText::parse(&reply.body).ok_or(ClientError::NotASessionId)
}
