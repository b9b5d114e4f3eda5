//! How attempts follow each other.

use std::time::Duration;

use super::failure::Stage;
use crate::limits;

/// When the next attempt starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Order {
    /// A little after the one before it, or at once when one has failed.
    Staggered,
    /// When the one before it has failed, as the tech note has it.
    Sequential,
}

/// When a plan is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Goal {
    /// When one attempt has succeeded.
    First,
    /// When every attempt has succeeded or failed; the first success is used in the end.
    Survey,
}

/// How attempts follow each other, and how long they may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policy {
    /// When the next attempt starts.
    pub order: Order,
    /// When the plan is over.
    pub goal: Goal,
    /// From one start to the next, if they overlap.
    pub stagger: Duration,
    /// How long one stage of an attempt may last.
    pub stage: Duration,
    /// The same for the search for the name.
    pub dns: Duration,
    /// From the begin of the plan to its end.
    pub deadline: Duration,
}

impl Policy {
    /// Attempts that overlap: the default.
    pub fn staggered() -> Self {
        Self {
            order: Order::Staggered,
            goal: Goal::First,
            stagger: limits::STAGGER,
            stage: limits::STAGE,
            dns: limits::STAGE_DNS,
            deadline: limits::DEADLINE,
        }
    }

    /// One attempt after the other.
    pub fn sequential() -> Self {
        Self {
            order: Order::Sequential,
            stage: limits::STAGE_SEQUENTIAL,
            dns: limits::STAGE_SEQUENTIAL,
            deadline: limits::DEADLINE_SEQUENTIAL,
            ..Self::staggered()
        }
    }

    /// The same with another goal.
    #[must_use]
    pub fn with_goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self
    }

    /// The same with another deadline.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub(super) fn time_for(&self, stage: Stage) -> Duration {
        match stage {
            Stage::Dns => self.dns,
            _ => self.stage,
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::staggered()
    }
}
