mod properties;
mod timing;
mod verdicts;

use std::time::{Duration, Instant};

use super::{Action, AttemptId, Cause, Failure, Plan, Policy, Stage};
use crate::address::Target;
use crate::strategy::{Ladder, Proxy, ProxyId, ProxyKind, ProxyType, Routes, Strategy};

/// A ladder; `via` is `-` for none, else an HTTP proxy.
fn ladder(address: &str, strategy: Strategy, via: &str) -> Ladder {
    let routes = match via {
        "-" => Routes::direct(),
        name => Routes::through(Proxy::new(ProxyId(1), ProxyKind::Http, name)),
    };
    let target = Target::parse(address).unwrap();
    Ladder::new(&target, strategy, ProxyType::Best, &routes, None)
}

/// A plan with a clock, and everything it said.
struct Scene {
    plan: Plan,
    zero: Instant,
    now: Instant,
    said: Vec<String>,
}

impl Scene {
    fn new(ladder: &Ladder, policy: Policy) -> Self {
        let zero = Instant::now();
        Self {
            plan: Plan::new(zero, ladder, policy),
            zero,
            now: zero,
            said: Vec::new(),
        }
    }

    /// Lets time pass to a moment, doing what the plan says on the way.
    fn until(&mut self, ms: u64) -> &mut Self {
        let end = self.zero + Duration::from_millis(ms);
        loop {
            let at = self.now.duration_since(self.zero).as_millis();
            match self.plan.poll_action(self.now) {
                Some(Action::Wait(until)) if until > end => break,
                Some(Action::Wait(until)) => {
                    assert!(until > self.now, "waits for the past at {at}");
                    self.now = until;
                }
                Some(Action::Dial(_, rung)) => self.said.push(format!("{at} {rung}")),
                Some(Action::Abandon(id)) => self.said.push(format!("{at} abandon {}", id.index())),
                Some(Action::Use(id)) => self.said.push(format!("{at} use {}", id.index())),
                Some(Action::Fail(_)) => self.said.push(format!("{at} fail")),
                None => break,
            }
        }
        self.now = end;
        self
    }

    fn progress(&mut self, id: usize, stage: Stage) -> &mut Self {
        self.plan.handle_progress(self.now, AttemptId(id), stage);
        self
    }

    fn fail(&mut self, id: usize, stage: Stage, cause: Cause) -> &mut Self {
        self.plan
            .handle_failure(self.now, AttemptId(id), Failure::new(stage, cause));
        self
    }

    fn succeed(&mut self, id: usize) -> &mut Self {
        self.plan.handle_success(self.now, AttemptId(id));
        self
    }

    /// Polls at this moment, and checks what was said since the last check.
    #[track_caller]
    fn says(&mut self, expected: &[&str]) -> &mut Self {
        let now = u64::try_from(self.now.duration_since(self.zero).as_millis()).unwrap();
        self.until(now);
        assert_eq!(self.said, expected);
        self.said.clear();
        self
    }
}
