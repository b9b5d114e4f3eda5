//! One connection, one task: receive → events → media → send → timer.

mod access;
mod bandwidth;
mod boarding;
mod calls;
mod connect;
mod events;
mod gates;
mod guest;
mod leaving;
mod login;
mod objects;
mod patience;
mod play;
mod player;
mod playlist;
mod publish;
mod recorded;
mod relayed;
mod replay;
mod requests;
mod roles;
mod sample;
mod summary;
mod taping;
mod term;
mod wishes;

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use adit_net::{Carrier, plain_words};
use adit_rtmp::Seed;
use adit_rtmp::session::{CloseReason, ServerSession};
use bytes::{Buf as _, Bytes};
use tokio::time::{Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use self::guest::Guest;
pub(crate) use self::patience::{Overflows, Silence, Verdict};
pub(crate) use self::player::media_kind;
use self::requests::Ahead;
use self::roles::Roles;
use self::summary::Summary;
use self::taping::Tapes;
use crate::control::Presence;
use crate::limits::{
    EVENTS_PER_TURN, GOODBYE, READS_PER_TURN, REPLY_QUEUE_BYTES, WRITE_AHEAD_BYTES,
};
use crate::objects::Members;
use crate::server::{ConnectionId, Shared};
use crate::settings::Joined;

/// Drives the session of one carrier until it is over; the task that polls it owns the socket.
///
/// Each poll takes a bounded share of every kind of work and comes back at once when there is more, so that one peer cannot keep
/// the thread.
pub(crate) struct SessionDriver {
    carrier: Carrier,
    session: ServerSession,
    roles: Roles,
    guest: Guest,
    tapes: Tapes,
    shared: Joined,
    summary: Summary,
    phase: Phase,
    timer: Timer,
    ahead: Ahead,
    write_blocked_since: Option<Instant>,
    stop: Stop,
}

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Both directions are open.
    Running,
    /// The session is over; what it queued may still leave, for as long as the session keeps it.
    Draining,
    /// Everything has left or was given up; the carrier says goodbye until then.
    Closing { until: Instant },
}

/// Why a step went no further; of several the greatest counts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// Nothing more now; the waker is registered where more can come from.
    Idle,
    /// So much is queued that the peer has to take some first.
    Full,
    /// The share of this turn was used up.
    More,
}

impl SessionDriver {
    /// A driver for a fresh carrier.
    ///
    /// # Errors
    /// When the system gives no random bytes for the handshake.
    pub(crate) fn new(id: ConnectionId, carrier: Carrier, shared: Arc<Shared>) -> io::Result<Self> {
        let mut random = [0; 32];
        getrandom::getrandom(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let summary = Summary::open(id, carrier.info(), Arc::clone(&shared));
        let shared = Joined::new(shared);
        let peer = carrier.info().peer.ip();
        let files = shared.files.as_ref().map(|files| files.shared_by(peer));
        let session = ServerSession::new(
            Instant::now(),
            Arc::clone(&shared.settings.session),
            &Seed::new(random),
        );
        Ok(Self {
            session,
            roles: Roles::default(),
            guest: Guest::new(
                Members::new(shared.objects.clone(), carrier.info().peer.ip()),
                files,
            ),
            tapes: Tapes::default(),
            carrier,
            phase: Phase::Running,
            timer: Timer::default(),
            ahead: Ahead::Kept(0),
            write_blocked_since: None,
            stop: Stop::new(summary.presence()),
            summary,
            shared,
        })
    }

    /// One turn. `Ready` when the connection is over and closed.
    fn turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let now = Instant::now();
        if self.rides_on(cx, now) {
            return Poll::Pending;
        }
        if self.is_calm(now) && self.media_turn(cx, now) == Step::Idle {
            self.board(cx);
            return Poll::Pending;
        }
        self.handle_deadlines(cx, now);
        let received = self.receive(cx, now);
        let settled = self
            .settle_requests(cx, now)
            .max(self.settle_relayed(cx))
            .max(self.settle_recordings(cx))
            .max(self.take_mail(cx, now));
        // What players said while that was being decided counts before they are sent anything.
        let received = match settled {
            Step::More => received.max(self.work_off_events(cx, now)),
            _ => received,
        };
        let filled = self.fill_objects(cx).max(self.fill_players(cx, now));
        self.part_if_stopped();
        let gone_on = self.settle_playlists(now);
        let step = received.max(settled).max(filled).max(gone_on);
        if self.phase == Phase::Running {
            self.check_patience(now);
        }
        self.settle_end();
        self.send(cx, now);
        let step = match step {
            // What stopped at a full queue goes on at once if that went out; if not, the carrier wakes the task when it does.
            Step::Full if self.session.output().remaining() < WRITE_AHEAD_BYTES => Step::More,
            step => step,
        };
        if let Phase::Closing { until } = self.phase
            && (self.carrier.poll_close(cx).is_ready() || now >= until)
        {
            return Poll::Ready(());
        }
        let deadline = self.next_deadline(now);
        let step = step.max(self.timer.arm(cx, now, deadline));
        if step == Step::More {
            cx.waker().wake_by_ref();
        }
        self.timer.calm_until = self.calm_after(step);
        Poll::Pending
    }

    /// Until when turns may be media turns, after a whole one that ended with `step`: nothing waits, and what could change that
    /// is the peer, the log, a stop or the timer.
    fn calm_after(&mut self, step: Step) -> Option<Instant> {
        let is_calm = step == Step::Idle
            && self.phase == Phase::Running
            && self.shared.relay.is_none()
            && self.guest.requests.is_empty()
            && self.guest.objects.is_quiet()
            && self.tapes.is_empty()
            && self.roles.only_play()
            && self.session.wants_input()
            && !self.session.output().has_remaining();
        self.timer.rings_at.filter(|_| is_calm)
    }

    fn is_calm(&self, now: Instant) -> bool {
        self.timer.calm_until.is_some_and(|until| now < until)
            && !self.shared.phase.is_stopping()
            && !self.summary.presence().is_kicked()
            && !self.guest.has_mail()
            && self.guest.objects.is_quiet()
    }

    /// A turn in which nothing happens but media for players, as nearly all are when there are many. It leaves out what cannot
    /// have changed; with a thousand players that is worth a tenth of all CPU time. `Idle` when nothing else is to be done.
    ///
    /// Timer and stop keep the waker they were given in a whole turn: a driver is polled by one task all its life.
    fn media_turn(&mut self, cx: &mut Context<'_>, now: Instant) -> Step {
        if let Poll::Ready(received) = self.carrier.poll_recv(cx) {
            self.take_in(now, received);
            return Step::More;
        }
        let step = self.fill_players(cx, now);
        self.send(cx, now);
        let is_over = self.phase != Phase::Running
            || self.session.is_closing()
            || self.roles.hopeless_player().is_some()
            || self.roles.has_stopped();
        if is_over || self.session.output().has_remaining() {
            return Step::More;
        }
        step
    }

    fn handle_deadlines(&mut self, cx: &mut Context<'_>, now: Instant) {
        if self.phase == Phase::Running && self.stop.has_come(cx, &self.shared, &self.summary) {
            self.obey_stop();
        }
        if self.session.poll_timeout().is_some_and(|due| due <= now) {
            self.session.handle_timeout(now);
            let round_trip = self.session.stats().round_trip;
            self.summary.presence().round_trip(round_trip);
        }
        self.expire_calls(now);
        self.roles.flush(now);
        if self.stall_deadline().is_some_and(|due| due <= now) {
            self.shared.stats.write_stalled();
            let reason = stalled(self.carrier.unasked_for());
            self.give_up(now, &reason);
        }
    }

    /// Works off what is stored, then reads on, a bounded number of times.
    fn receive(&mut self, cx: &mut Context<'_>, now: Instant) -> Step {
        for _ in 0..READS_PER_TURN {
            let step = self.work_off_events(cx, now);
            let is_busy = step != Step::Idle || self.guest.objects.is_waiting();
            if self.phase == Phase::Running && self.session.waits_for_decision() {
                return step.max(self.look_for_end(cx, now));
            }
            if is_busy || self.phase != Phase::Running || !self.session.wants_input() {
                return step;
            }
            self.ahead = Ahead::Kept(0);
            if self.replies_are_stuck() {
                return Step::Full;
            }
            if self.roles.poll_open(cx, now).is_pending() {
                return Step::Idle;
            }
            match self.carrier.poll_recv(cx) {
                Poll::Pending => return Step::Idle,
                Poll::Ready(received) => self.take_in(now, received),
            }
        }
        Step::More
    }

    fn take_in(&mut self, now: Instant, received: io::Result<Option<Bytes>>) {
        match received {
            Ok(Some(bytes)) => {
                self.summary.presence().received(bytes.len());
                self.session.handle_input(now, bytes);
            }
            Ok(None) => self.session.handle_eof(now),
            Err(cause) => self.give_up(now, &plain_words(&cause)),
        }
    }

    fn work_off_events(&mut self, cx: &mut Context<'_>, now: Instant) -> Step {
        for _ in 0..EVENTS_PER_TURN {
            if self.phase != Phase::Running {
                return Step::Idle;
            }
            if self.replies_are_stuck() {
                return Step::Full;
            }
            if self.work_off_objects(cx, now).is_pending() {
                return Step::Idle;
            }
            match self.session.poll_event(now) {
                Ok(Some(event)) => self.handle_event(now, event),
                Ok(None) => return Step::Idle,
                Err(error) => {
                    self.summary.failed(&error);
                    return Step::Idle;
                }
            }
        }
        Step::More
    }

    fn fill_players(&mut self, cx: &mut Context<'_>, now: Instant) -> Step {
        match self.phase {
            Phase::Running => {
                let limits = &self.shared.settings.limits;
                self.roles.fill_players(cx, &mut self.session, limits, now)
            }
            Phase::Draining | Phase::Closing { .. } => Step::Idle,
        }
    }

    /// Whether so much is queued for a peer that does not read that its next commands have to wait.
    fn replies_are_stuck(&mut self) -> bool {
        self.session.output().remaining() > REPLY_QUEUE_BYTES
    }

    /// Once the session is over its streams end at once, and only its last bytes are left to do.
    fn settle_end(&mut self) {
        if self.phase == Phase::Running && self.session.is_closing() {
            self.let_go();
            self.phase = Phase::Draining;
        }
    }

    /// Ends all that the connection did, and then its place in the application.
    fn let_go(&mut self) {
        self.guest.requests.clear();
        self.roles.clear();
        self.tapes.clear();
        self.guest.leave();
    }

    /// Writes what is queued; notes since when the peer has taken nothing.
    fn send(&mut self, cx: &mut Context<'_>, now: Instant) {
        if matches!(self.phase, Phase::Closing { .. }) {
            return;
        }
        let out = self.session.output();
        let before = out.remaining();
        let outcome = self.carrier.poll_send(cx, out);
        let left = out.remaining();
        self.summary
            .presence()
            .sent(before.saturating_sub(left), left);
        if left == 0 {
            self.write_blocked_since = None;
            self.note_delay();
        } else if left < before || self.write_blocked_since.is_none() {
            self.write_blocked_since = Some(now);
        }
        match outcome {
            Poll::Ready(Err(cause)) => self.give_up(now, &plain_words(&cause)),
            _ if self.phase == Phase::Draining && left == 0 => {
                self.phase = Phase::Closing {
                    until: after(now, GOODBYE),
                };
            }
            _ => {}
        }
    }

    /// Everything is written: ends a measurement, if there is one.
    fn note_delay(&mut self) {
        if let Some(arrival) = self.roles.take_sample() {
            self.summary.presence().delayed(arrival.elapsed());
        }
    }

    /// The carrier is of no further use: nothing is drained.
    fn give_up(&mut self, now: Instant, reason: &str) {
        self.summary.ended(reason);
        self.session.close(CloseReason::Ended);
        self.let_go();
        self.phase = Phase::Closing { until: now };
    }

    fn stall_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Running => self
                .write_blocked_since
                .map(|since| after(since, self.shared.settings.limits.write_stall)),
            Phase::Draining | Phase::Closing { .. } => None,
        }
    }

    fn next_deadline(&mut self, now: Instant) -> Option<Instant> {
        // A command that had to wait for its time then waits for the peer to read, not for the clock.
        let is_stuck = self.replies_are_stuck();
        let session = self
            .session
            .poll_timeout()
            .filter(|due| *due > now || !is_stuck);
        // So do recordings, and messages to shared objects.
        let has_room = self.session.output().remaining() < WRITE_AHEAD_BYTES;
        let replay = self
            .roles
            .next_replay()
            .filter(|due| *due > now || has_room);
        let objects = self
            .guest
            .objects
            .deadline()
            .filter(|due| *due > now || !is_stuck);
        let closing = match self.phase {
            Phase::Closing { until } => Some(until),
            Phase::Running | Phase::Draining => None,
        };
        [
            session,
            self.roles.next_flush(),
            replay,
            self.roles.next_over(),
            self.guest.calls.next_deadline(),
            self.idle_deadline(),
            self.roles.silence_deadline(&self.shared.settings.limits),
            self.stall_deadline(),
            objects,
            closing,
        ]
        .into_iter()
        .flatten()
        .min()
    }
}

impl Drop for SessionDriver {
    /// Also when the session panicked: what its peer ran into is kept.
    fn drop(&mut self) {
        self.shared.stats.add_session(&self.session.limit_hits());
    }
}

impl Future for SessionDriver {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.get_mut().turn(cx)
    }
}

/// The request to end, of the server or of somebody who looks after it.
struct Stop {
    request: Pin<Box<WaitForCancellationFutureOwned>>,
    is_awaited: bool,
}

impl Stop {
    fn new(presence: &Presence) -> Self {
        Self {
            request: Box::pin(presence.to_end()),
            is_awaited: false,
        }
    }

    /// Whether it has come. It is waited for once, which takes a lock; from then on it wakes the task.
    fn has_come(&mut self, cx: &mut Context<'_>, shared: &Shared, summary: &Summary) -> bool {
        if self.is_awaited {
            return shared.phase.is_stopping() || summary.presence().is_kicked();
        }
        self.is_awaited = true;
        self.request.as_mut().poll(cx).is_ready()
    }
}

/// A timer that is moved only when it has to ring earlier: ringing too early costs one turn, moving costs a lock for each frame.
#[derive(Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When it polls the task again.
    rings_at: Option<Instant>,
    /// Until then nothing but media for players is to be done, unless the peer says something.
    calm_until: Option<Instant>,
}

impl Timer {
    /// Makes sure the task is polled again at `deadline`; `More` when that is already past.
    fn arm(&mut self, cx: &mut Context<'_>, now: Instant, deadline: Option<Instant>) -> Step {
        let Some(deadline) = deadline else {
            return Step::Idle;
        };
        if self.rings_at.is_some_and(|at| now < at && at <= deadline) {
            return Step::Idle;
        }
        let deadline = tokio::time::Instant::from_std(deadline);
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if sleep.is_elapsed() || deadline < sleep.deadline() {
            sleep.as_mut().reset(deadline);
        }
        if sleep.as_mut().poll(cx).is_ready() {
            self.rings_at = None;
            Step::More
        } else {
            self.rings_at = Some(sleep.deadline().into_std());
            Step::Idle
        }
    }
}

/// Why nothing can be sent. In a tunnel bytes leave only in answers, so there it is the requests that are missing.
fn stalled(unasked_for: Option<Duration>) -> String {
    match unasked_for {
        Some(silence) => format!("no tunnel request came for {} s", silence.as_secs()),
        None => "the peer stopped reading".to_owned(),
    }
}

/// `span` after `start`; a clock that cannot hold it means "never", which `start` itself is far from.
fn after(start: Instant, span: Duration) -> Instant {
    start.checked_add(span).unwrap_or(start)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod viewer;
