//! The plan of a connection: which attempt starts when, which one is used, what is reported.
//!
//! A pure value. The caller does what [`Plan::poll_action`] says and tells the plan what came of it:
//!
//! ```text
//!              Dial(id, rung) ─▶ handle_progress(id, stage)… ─▶ handle_success(id)
//! poll_action  Wait(until)                                    └▶ handle_failure(id, failure)
//!              Abandon(id)
//!              Use(id)  or  Fail(report)       the last action
//! ```
//!
//! An attempt has succeeded when the RTMP handshake is complete (S0, S1, S2), not when TCP is:
//! captive portals and transparent proxies accept every connection. The first success wins, all
//! other attempts are abandoned. However results arrive, a plan ends with exactly one `Use` or `Fail`
//! no later than its deadline, and by then every attempt is used, failed or abandoned.

mod attempt;
mod certificate;
mod failure;
mod obstacle;
mod policy;
mod report;
#[cfg(test)]
mod tests;
mod verdict;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use adit_net::Transport;
pub use adit_net::client::ProxyReply;

use self::attempt::{Attempt, State};
pub use self::certificate::{Certificate, Trust};
pub use self::failure::{Cause, CertificateFault, Failure, PeerText, Stage};
pub use self::obstacle::Obstacle;
pub use self::policy::{Goal, Order, Policy};
pub use self::report::{AttemptReport, Outcome, Report};
pub use self::verdict::Verdict;
use crate::address::Host;
use crate::strategy::{Condition, Ladder, Rung};

/// The number of an attempt: the place of its rung in the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptId(usize);

impl AttemptId {
    /// The place of the rung in the ladder, from 0.
    pub fn index(self) -> usize {
        self.0
    }
}

/// What the caller is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Start this attempt.
    Dial(AttemptId, Rung),
    /// Nothing, until a result arrives or this moment is reached; then poll again.
    Wait(Instant),
    /// Close this attempt, wherever it is: quietly and completely, a tunnel with its `close`.
    Abandon(AttemptId),
    /// Go on with this attempt. The plan is over.
    Use(AttemptId),
    /// No attempt succeeded. The plan is over.
    Fail(Report),
}

/// The attempts of one connection.
#[derive(Debug, Clone)]
pub struct Plan {
    host: Host,
    policy: Policy,
    attempts: Vec<Attempt>,
    began: Instant,
    /// When the next attempt may start, if overlapping.
    next_start: Instant,
    winner: Option<AttemptId>,
    /// Abandons and the last action; at most one abandon for each attempt.
    queue: VecDeque<Action>,
    phase: Phase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Ended(Instant),
}

impl Plan {
    /// A plan that begins now.
    pub fn new(now: Instant, ladder: &Ladder, policy: Policy) -> Self {
        Self {
            host: ladder.host().clone(),
            policy,
            attempts: ladder.rungs().iter().cloned().map(Attempt::new).collect(),
            began: now,
            next_start: now,
            winner: None,
            queue: VecDeque::new(),
            phase: Phase::Running,
        }
    }

    /// An attempt has entered a stage.
    ///
    /// Stages are entered in their order; leave out those that an attempt has not. For a proxied
    /// attempt, `Dns` and `Tcp` are those of the proxy. Unknown and ended attempts are ignored.
    pub fn handle_progress(&mut self, now: Instant, id: AttemptId, stage: Stage) {
        let began = self.began;
        if let Some(attempt) = self.running(id) {
            attempt.enter(now, began, stage);
        }
    }

    /// First bytes of an answer have come in the stage that an attempt is in.
    pub fn handle_answer(&mut self, id: AttemptId) {
        if let Some(attempt) = self.running(id) {
            attempt.answered();
        }
    }

    /// An attempt has seen the certificate of its server, trusted or not.
    pub fn handle_certificate(&mut self, id: AttemptId, certificate: Certificate) {
        if let Some(attempt) = self.running(id) {
            attempt.certificate = Some(certificate);
        }
    }

    /// The RTMP handshake of an attempt is complete. In a survey, say it as late as you look.
    pub fn handle_success(&mut self, now: Instant, id: AttemptId) {
        let Some(attempt) = self.running(id) else {
            return;
        };
        attempt.end(now, State::Works);
        if self.winner.is_some() {
            self.queue.push_back(Action::Abandon(id));
            return;
        }
        self.winner = Some(id);
        if self.policy.goal == Goal::First {
            self.finish(now);
        }
    }

    /// An attempt has failed; what it had open is closed.
    pub fn handle_failure(&mut self, now: Instant, id: AttemptId, failure: Failure) {
        let Some(attempt) = self.running(id) else {
            return;
        };
        attempt.end(now, State::Failed(failure));
        self.next_start = self.next_start.min(now);
    }

    /// What to do now. `None`: the plan is over and has said so.
    pub fn poll_action(&mut self, now: Instant) -> Option<Action> {
        if self.phase == Phase::Running && self.queue.is_empty() {
            self.pass_time(now);
        }
        if let Some(action) = self.queue.pop_front() {
            return Some(action);
        }
        if self.phase != Phase::Running {
            return None;
        }
        if let Some(id) = self.due(now) {
            return self.start(now, id);
        }
        if self.is_idle() {
            self.finish(now);
            return self.queue.pop_front();
        }
        Some(Action::Wait(self.wake(now)))
    }

    /// What came of each attempt, up to now.
    pub fn report(&self, now: Instant) -> Report {
        let until = match self.phase {
            Phase::Running => now,
            Phase::Ended(at) => at,
        };
        Report {
            host: self.host.clone(),
            attempts: self
                .attempts
                .iter()
                .enumerate()
                .map(|(at, attempt)| {
                    attempt.report(
                        AttemptId(at),
                        self.began,
                        self.winner == Some(AttemptId(at)),
                    )
                })
                .collect(),
            elapsed: until.saturating_duration_since(self.began),
        }
    }

    fn running(&mut self, id: AttemptId) -> Option<&mut Attempt> {
        let attempt = self.attempts.get_mut(id.0)?;
        attempt.running_since().is_some().then_some(attempt)
    }

    /// Ends what has waited too long.
    fn pass_time(&mut self, now: Instant) {
        if now >= self.deadline() {
            self.finish(now);
            return;
        }
        for (at, attempt) in self.attempts.iter_mut().enumerate() {
            let Some((stage, since)) = attempt.running_since() else {
                continue;
            };
            if now >= after(since, self.policy.time_for(stage)) {
                let failure = Failure::new(stage, attempt.lateness());
                attempt.end(now, State::Failed(failure));
                self.queue.push_back(Action::Abandon(AttemptId(at)));
                self.next_start = self.next_start.min(now);
            }
        }
    }

    /// The attempt to start now, if it is time for one.
    fn due(&mut self, now: Instant) -> Option<AttemptId> {
        let alone = !self.is_any_running();
        match self.policy.order {
            Order::Sequential if !alone => None,
            Order::Staggered if !alone && now < self.next_start => None,
            _ => self.candidate(),
        }
    }

    /// The first rung that may be tried. Those whose condition can no longer hold are given up.
    fn candidate(&mut self) -> Option<AttemptId> {
        for at in 0..self.attempts.len() {
            let ready = match self.attempts.get(at) {
                Some(attempt) if attempt.state == State::Waiting => self.readiness(attempt),
                _ => continue,
            };
            match ready {
                Readiness::Now => return Some(AttemptId(at)),
                Readiness::NotYet => {}
                Readiness::Never => {
                    if let Some(attempt) = self.attempts.get_mut(at) {
                        attempt.state = State::Skipped;
                    }
                }
            }
        }
        None
    }

    fn readiness(&self, attempt: &Attempt) -> Readiness {
        match attempt.rung.condition() {
            Condition::Always => Readiness::Now,
            Condition::TlsCarriesOnlyHttp => {
                let (port, route) = (attempt.rung.port(), attempt.rung.route());
                let native = self.attempts.iter().find(|other| {
                    other.rung.transport() == Transport::Rtmps
                        && (other.rung.port(), other.rung.route()) == (port, route)
                });
                match native.map(|native| &native.state) {
                    Some(State::Waiting | State::Running { .. }) => Readiness::NotYet,
                    Some(State::Failed(failure)) if failure.leaves_only_http() => Readiness::Now,
                    _ => Readiness::Never,
                }
            }
        }
    }

    fn start(&mut self, now: Instant, id: AttemptId) -> Option<Action> {
        let began = self.began;
        let attempt = self.attempts.get_mut(id.0)?;
        attempt.start(now, began);
        self.next_start = after(now, self.policy.stagger);
        Some(Action::Dial(id, attempt.rung.clone()))
    }

    /// Ends the plan: everything that still runs is abandoned, then comes the last action.
    fn finish(&mut self, now: Instant) {
        let won = self.winner.is_some() && self.policy.goal == Goal::First;
        for (at, attempt) in self.attempts.iter_mut().enumerate() {
            match attempt.running_since() {
                Some((stage, _)) => {
                    let failure = Failure::new(stage, attempt.lateness());
                    attempt.end(
                        now,
                        if won {
                            State::Abandoned(stage)
                        } else {
                            State::Failed(failure)
                        },
                    );
                    self.queue.push_back(Action::Abandon(AttemptId(at)));
                }
                None if attempt.state == State::Waiting => attempt.state = State::Skipped,
                None => {}
            }
        }
        self.phase = Phase::Ended(now);
        let last = match self.winner {
            Some(id) => Action::Use(id),
            None => Action::Fail(self.report(now)),
        };
        self.queue.push_back(last);
    }

    fn deadline(&self) -> Instant {
        after(self.began, self.policy.deadline)
    }

    fn is_any_running(&self) -> bool {
        self.attempts
            .iter()
            .any(|attempt| attempt.running_since().is_some())
    }

    /// Nothing runs, and [`candidate`](Self::candidate) found nothing to start.
    fn is_idle(&self) -> bool {
        !self.is_any_running()
    }

    fn wake(&self, now: Instant) -> Instant {
        let timeouts = self.attempts.iter().filter_map(|attempt| {
            let (stage, since) = attempt.running_since()?;
            Some(after(since, self.policy.time_for(stage)))
        });
        let waits = self.attempts.iter().any(|attempt| {
            attempt.state == State::Waiting && self.readiness(attempt) == Readiness::Now
        });
        let start = (self.policy.order == Order::Staggered && waits).then_some(self.next_start);
        timeouts
            .chain(start)
            .fold(self.deadline(), Instant::min)
            .max(now)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Readiness {
    Now,
    NotYet,
    Never,
}

/// A moment later than another one; a wait beyond what the clock can say is a day.
fn after(at: Instant, wait: Duration) -> Instant {
    at.checked_add(wait).unwrap_or_else(|| at + DAY)
}

const DAY: Duration = Duration::from_hours(24);
