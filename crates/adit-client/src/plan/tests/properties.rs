use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::ladder;
use crate::plan::{Action, AttemptId, Cause, Failure, Goal, Order, Outcome, Plan, Policy, Stage};
use crate::strategy::Strategy as Ways;

#[derive(Debug, Clone)]
enum Step {
    Pass(u64),
    Progress(usize, usize),
    Fail(usize, usize, usize),
    Succeed(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u64..3000).prop_map(Step::Pass),
        2 => (0_usize..14, 0_usize..7).prop_map(|(id, stage)| Step::Progress(id, stage)),
        3 => (0_usize..14, 0_usize..7, 0_usize..5).prop_map(|(id, stage, cause)| Step::Fail(id, stage, cause)),
        1 => (0_usize..14).prop_map(Step::Succeed),
    ]
}

fn cause(number: usize) -> Cause {
    match number {
        0 => Cause::Refused,
        1 => Cause::Closed,
        2 => Cause::AnsweredHttp,
        3 => Cause::HttpStatus { status: 404 },
        _ => Cause::TimedOut,
    }
}

/// What was seen of a plan so far.
#[derive(Default)]
struct Seen {
    dialled: Vec<AttemptId>,
    open: Vec<AttemptId>,
    last: Option<Action>,
}

/// Does what the plan says until it waits; gives the moment it waits for.
fn drain(
    plan: &mut Plan,
    now: Instant,
    deadline: Instant,
    seen: &mut Seen,
    rungs: &[crate::strategy::Rung],
) -> Option<Instant> {
    loop {
        let action = plan.poll_action(now)?;
        assert!(seen.last.is_none(), "{action:?} after the end");
        match &action {
            Action::Wait(until) => {
                assert!(*until > now && *until <= deadline);
                return Some(*until);
            }
            Action::Dial(id, rung) => {
                assert!(now < deadline);
                assert_eq!(rungs.get(id.index()), Some(rung));
                assert!(!seen.dialled.contains(id), "dialled twice");
                seen.dialled.push(*id);
                seen.open.push(*id);
            }
            Action::Abandon(id) => {
                assert!(seen.open.contains(id), "abandoned what is not open");
                seen.open.retain(|open| open != id);
            }
            Action::Use(id) => {
                assert_eq!(seen.open, [*id], "used beside others");
                seen.last = Some(action);
            }
            Action::Fail(_) => {
                assert!(seen.open.is_empty());
                seen.last = Some(action);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_order_of_results_ends_in_one_use_or_fail(
        steps in prop::collection::vec(step(), 0..60),
        address in prop::sample::select(vec!["rtmp://h/a", "rtmps://h/a", "rtmp://h:9/a", "rtmpt://h/a"]),
        ways in prop::sample::select(vec![Ways::Standard, Ways::Classic, Ways::Reach]),
        via in prop::sample::select(vec!["-", "p"]),
        sequential in any::<bool>(),
        survey in any::<bool>(),
    ) {
        let ladder = ladder(address, ways, via);
        let mut policy = if sequential { Policy::sequential() } else { Policy::staggered() };
        policy.goal = if survey { Goal::Survey } else { Goal::First };
        let zero = Instant::now();
        let deadline = zero + policy.deadline;
        let mut plan = Plan::new(zero, &ladder, policy);
        let mut now = zero;
        let mut seen = Seen::default();
        let mut wait = drain(&mut plan, now, deadline, &mut seen, ladder.rungs());
        for step in steps {
            match step {
                Step::Pass(ms) => now += Duration::from_millis(ms),
                Step::Progress(id, stage) => plan.handle_progress(now, AttemptId(id), Stage::ALL[stage]),
                Step::Succeed(id) => plan.handle_success(now, AttemptId(id)),
                Step::Fail(id, stage, number) => {
                    let won = matches!(plan.report(now).attempts().get(id).map(|one| one.outcome().clone()), Some(Outcome::Won));
                    plan.handle_failure(now, AttemptId(id), Failure::new(Stage::ALL[stage], cause(number)));
                    if !won {
                        seen.open.retain(|open| open.index() != id);
                    }
                }
            }
            wait = drain(&mut plan, now, deadline, &mut seen, ladder.rungs());
            if policy.order == Order::Sequential && !survey {
                prop_assert!(seen.open.len() <= 1);
            }
        }
        let mut rounds = 0;
        while let Some(until) = wait {
            rounds += 1;
            prop_assert!(rounds < 1000, "does not end");
            now = until;
            wait = drain(&mut plan, now, deadline, &mut seen, ladder.rungs());
        }
        prop_assert!(now <= deadline || seen.last.is_some());
        prop_assert!(seen.last.is_some(), "ended without a word");
        let report = plan.report(now);
        prop_assert_eq!(report.winner().is_some(), matches!(seen.last, Some(Action::Use(_))));
        for attempt in report.attempts() {
            prop_assert!(!matches!(attempt.outcome(), Outcome::Running(_)));
            prop_assert_eq!(attempt.started().is_some(), seen.dialled.contains(&attempt.id()));
            prop_assert_eq!(attempt.started().is_some(), attempt.took().is_some());
        }
        prop_assert!(!report.verdict().sentence().is_empty());
        prop_assert_eq!(plan.poll_action(now), None);
    }
}
