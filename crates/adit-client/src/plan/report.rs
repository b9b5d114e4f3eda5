//! What came of each attempt.

use std::time::Duration;

use super::AttemptId;
use super::certificate::Certificate;
use super::failure::{Failure, Stage};
use super::verdict::{self, Verdict};
use crate::address::Host;
use crate::strategy::Rung;

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// It is the one used.
    Won,
    /// It succeeded, another one is used.
    Works,
    /// It failed.
    Failed(Failure),
    /// Another one won while it was in this stage.
    Abandoned(Stage),
    /// It is in this stage.
    Running(Stage),
    /// It was not started: the plan ended before its turn, or it depends on what did not happen.
    NotTried,
}

impl Outcome {
    /// The outcome in one lower case word.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Won => "won",
            Self::Works => "works",
            Self::Failed(_) => "failed",
            Self::Abandoned(_) => "abandoned",
            Self::Running(_) => "running",
            Self::NotTried => "not tried",
        }
    }
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptReport {
    pub(super) id: AttemptId,
    pub(super) rung: Rung,
    pub(super) outcome: Outcome,
    pub(super) started: Option<Duration>,
    pub(super) ended: Option<Duration>,
    pub(super) entered: [Option<Duration>; Stage::ALL.len()],
    pub(super) certificate: Option<Certificate>,
}

impl AttemptReport {
    /// Which.
    pub fn id(&self) -> AttemptId {
        self.id
    }

    /// The way that was tried.
    pub fn rung(&self) -> &Rung {
        &self.rung
    }

    /// How it ended.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// When it started, from the begin of the plan.
    pub fn started(&self) -> Option<Duration> {
        self.started
    }

    /// How long it took from its start to its end.
    pub fn took(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.started?))
    }

    /// When it entered a stage, from the begin of the plan.
    pub fn entered(&self, stage: Stage) -> Option<Duration> {
        self.entered.get(stage.index()).copied().flatten()
    }

    /// How long it was in a stage: until the next one, or its end.
    pub fn time_in(&self, stage: Stage) -> Option<Duration> {
        let from = self.entered(stage)?;
        let next = Stage::ALL
            .iter()
            .filter(|later| **later > stage)
            .find_map(|later| self.entered(*later));
        Some(next.or(self.ended)?.saturating_sub(from))
    }

    /// The last stage it entered.
    pub fn stage(&self) -> Option<Stage> {
        let entered = |stage: &&Stage| self.entered(**stage).is_some();
        Stage::ALL.iter().rev().find(entered).copied()
    }

    /// The certificate it has seen.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Where and why it failed, if it did.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        }
    }
}

/// All attempts of a plan, in the order of the ladder. Nothing in it is secret.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use adit_client::Target;
/// use adit_client::plan::{Action, Cause, Failure, Obstacle, Plan, Policy, Stage};
/// use adit_client::strategy::{Ladder, ProxyType, Routes, Strategy};
///
/// let target = Target::parse("rtmp://live.example.com:1935/app")?;
/// let routes = Routes::direct();
/// let ladder = Ladder::new(&target, Strategy::Standard, ProxyType::Best, &routes, None);
/// let now = Instant::now();
/// let mut plan = Plan::new(now, &ladder, Policy::default());
/// if let Some(Action::Dial(id, _)) = plan.poll_action(now) {
///     plan.handle_failure(now, id, Failure::new(Stage::Tcp, Cause::Refused));
/// }
/// let Some(Action::Fail(report)) = plan.poll_action(now) else {
///     unreachable!("there was one attempt");
/// };
/// assert_eq!(report.attempts()[0].failure().unwrap().to_string(), "tcp: refused");
/// let verdict = report.verdict();
/// assert_eq!(verdict.obstacle(), Obstacle::NothingListens);
/// assert!(verdict.sentence().starts_with("live.example.com refuses port 1935"));
/// # Ok::<(), adit_client::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub(super) host: Host,
    pub(super) attempts: Vec<AttemptReport>,
    pub(super) elapsed: Duration,
}

impl Report {
    /// The server.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Each attempt.
    pub fn attempts(&self) -> &[AttemptReport] {
        &self.attempts
    }

    /// The attempt that is used.
    pub fn winner(&self) -> Option<&AttemptReport> {
        self.attempts
            .iter()
            .find(|attempt| attempt.outcome == Outcome::Won)
    }

    /// From the begin of the plan to its end, or to now.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }

    /// What stood in the way and what to do about it, in one sentence.
    pub fn verdict(&self) -> Verdict {
        verdict::of(self)
    }
}
