//! One attempt of a plan.

use std::time::{Duration, Instant};

use super::AttemptId;
use super::certificate::Certificate;
use super::failure::{Cause, Failure, Stage};
use super::report::{AttemptReport, Outcome};
use crate::strategy::Rung;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum State {
    /// Its turn has not come.
    Waiting,
    Running {
        stage: Stage,
        since: Instant,
    },
    Works,
    Failed(Failure),
    /// Another one won while it was in this stage.
    Abandoned(Stage),
    /// The plan ended before its turn, or its condition did not hold.
    Skipped,
}

#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) rung: Rung,
    pub(super) state: State,
    pub(super) certificate: Option<Certificate>,
    /// Whether the other side has begun to answer in this stage.
    answered: bool,
    started: Option<Instant>,
    ended: Option<Instant>,
    /// When each stage was entered, from the begin of the plan.
    entered: [Option<Duration>; Stage::ALL.len()],
}

impl Attempt {
    pub(super) fn new(rung: Rung) -> Self {
        Self {
            rung,
            state: State::Waiting,
            certificate: None,
            answered: false,
            started: None,
            ended: None,
            entered: [None; Stage::ALL.len()],
        }
    }

    /// The stage it is in and since when, while it runs.
    pub(super) fn running_since(&self) -> Option<(Stage, Instant)> {
        match self.state {
            State::Running { stage, since } => Some((stage, since)),
            _ => None,
        }
    }

    pub(super) fn start(&mut self, now: Instant, began: Instant) {
        self.started = Some(now);
        self.state = State::Running {
            stage: Stage::Dns,
            since: now,
        };
        self.note(now, began, Stage::Dns);
    }

    /// Enters a stage; only a later one is progress and renews the time.
    pub(super) fn enter(&mut self, now: Instant, began: Instant, to: Stage) {
        if let State::Running { stage, since } = &mut self.state
            && to > *stage
        {
            *stage = to;
            *since = now;
            self.answered = false;
            self.note(now, began, to);
        }
    }

    pub(super) fn answered(&mut self) {
        self.answered = true;
    }

    /// What it means that there was no end to it in time.
    pub(super) fn lateness(&self) -> Cause {
        if self.answered {
            Cause::Slow
        } else {
            Cause::TimedOut
        }
    }

    pub(super) fn end(&mut self, now: Instant, state: State) {
        self.ended = Some(now);
        self.state = state;
    }

    pub(super) fn report(&self, id: AttemptId, began: Instant, won: bool) -> AttemptReport {
        let outcome = match &self.state {
            State::Works if won => Outcome::Won,
            State::Works => Outcome::Works,
            State::Failed(failure) => Outcome::Failed(failure.clone()),
            State::Abandoned(stage) => Outcome::Abandoned(*stage),
            State::Running { stage, .. } => Outcome::Running(*stage),
            State::Waiting | State::Skipped => Outcome::NotTried,
        };
        let offset = |at: Instant| at.saturating_duration_since(began);
        AttemptReport {
            id,
            rung: self.rung.clone(),
            outcome,
            started: self.started.map(offset),
            ended: self.ended.map(offset),
            entered: self.entered,
            certificate: self.certificate.clone(),
        }
    }

    fn note(&mut self, now: Instant, began: Instant, stage: Stage) {
        if let Some(entered) = self.entered.get_mut(stage.index()) {
            *entered = Some(now.saturating_duration_since(began));
        }
    }
}
