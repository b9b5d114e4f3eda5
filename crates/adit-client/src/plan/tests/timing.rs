use std::time::Duration;

use super::{Scene, ladder};
use crate::plan::{Cause, Goal, Outcome, Policy, Stage};
use crate::strategy::Strategy;

fn reach() -> Scene {
    Scene::new(
        &ladder("rtmp://h/a", Strategy::Reach, "-"),
        Policy::staggered(),
    )
}

fn standard(address: &str) -> Scene {
    Scene::new(
        &ladder(address, Strategy::Standard, "-"),
        Policy::staggered(),
    )
}

#[test]
fn attempts_start_a_quarter_of_a_second_apart() {
    reach().until(2000).says(&[
        "0 rtmp:1935",
        "250 rtmp:443",
        "500 rtmp:80",
        "750 rtmps:443",
        "1000 rtmpt:80",
        "1250 rtmpts:443",
    ]);
}

#[test]
fn a_failure_starts_the_next_attempt_at_once_and_only_that() {
    let mut scene = reach();
    scene.until(100).says(&["0 rtmp:1935"]);
    scene
        .fail(0, Stage::Tcp, Cause::Refused)
        .says(&["100 rtmp:443"]);
    scene.until(349).says(&[]).until(350).says(&["350 rtmp:80"]);
    scene.until(360).fail(1, Stage::Tcp, Cause::Refused);
    scene.fail(2, Stage::Tcp, Cause::Refused);
    scene.says(&["360 rtmps:443"]);
}

#[test]
fn the_first_success_wins_and_the_others_are_abandoned() {
    let mut scene = reach();
    scene
        .until(600)
        .says(&["0 rtmp:1935", "250 rtmp:443", "500 rtmp:80"]);
    scene
        .fail(1, Stage::Tcp, Cause::Refused)
        .says(&["600 rtmps:443"]);
    scene.progress(2, Stage::Handshake).succeed(2);
    scene.says(&["600 abandon 0", "600 abandon 3", "600 use 2"]);
    scene
        .succeed(0)
        .fail(3, Stage::Tls, Cause::Closed)
        .until(20_000)
        .says(&[]);
    let outcomes: Vec<&str> = scene
        .plan
        .report(scene.now)
        .attempts()
        .iter()
        .map(|attempt| attempt.outcome().as_str())
        .collect();
    assert_eq!(
        outcomes,
        [
            "abandoned",
            "failed",
            "won",
            "abandoned",
            "not tried",
            "not tried"
        ]
    );
    assert_eq!(
        scene.plan.report(scene.now).elapsed(),
        Duration::from_millis(600)
    );
}

#[test]
fn sequential_attempts_wait_for_failures_and_time() {
    let ladder = ladder("rtmp://h/a", Strategy::Classic, "-");
    let mut scene = Scene::new(&ladder, Policy::sequential());
    scene.until(9_999).says(&["0 rtmp:1935"]);
    scene
        .until(10_000)
        .says(&["10000 abandon 0", "10000 rtmp:443"]);
    scene
        .until(12_000)
        .fail(1, Stage::Tcp, Cause::Refused)
        .says(&["12000 rtmp:80"]);
    scene
        .until(12_500)
        .fail(2, Stage::Tcp, Cause::Refused)
        .says(&["12500 fail"]);
    scene.until(90_000).says(&[]);
}

#[test]
fn a_name_is_searched_for_eight_seconds() {
    let mut scene = standard("rtmp://h:1935/a");
    scene.until(7_999).says(&["0 rtmp:1935"]);
    scene.until(8_000).says(&["8000 abandon 0", "8000 fail"]);
}

#[test]
fn sequential_attempts_end_after_a_minute() {
    let ladder = ladder("rtmp://h/a", Strategy::Classic, "-");
    let mut scene = Scene::new(&ladder, Policy::sequential());
    scene.until(0).says(&["0 rtmp:1935"]);
    for (at, stage) in (9_000..).step_by(9_000).zip(&Stage::ALL[1..]) {
        scene.until(at).progress(0, *stage);
    }
    scene.until(59_999).says(&[]);
    scene.until(60_000).says(&["60000 abandon 0", "60000 fail"]);
}

#[test]
fn progress_renews_the_time_of_a_stage_but_not_the_deadline() {
    let mut scene = standard("rtmp://h:1935/a");
    scene
        .until(1000)
        .says(&["0 rtmp:1935"])
        .progress(0, Stage::Tcp);
    scene.until(5_999).says(&[]).progress(0, Stage::Handshake);
    scene.until(8_999).says(&[]);
    scene.progress(0, Stage::Tcp).progress(0, Stage::Handshake);
    scene.until(9_000).says(&["9000 abandon 0", "9000 fail"]);
    let report = scene.plan.report(scene.now);
    let attempt = &report.attempts()[0];
    assert_eq!(
        attempt.failure().unwrap().to_string(),
        "handshake: no answer in time"
    );
    assert_eq!(attempt.time_in(Stage::Dns), Some(Duration::from_secs(1)));
    assert_eq!(
        attempt.time_in(Stage::Tcp),
        Some(Duration::from_millis(4999))
    );
    assert_eq!(attempt.time_in(Stage::Proxy), None);
    assert_eq!(
        attempt.time_in(Stage::Handshake),
        Some(Duration::from_millis(3001))
    );
    assert_eq!(attempt.took(), Some(Duration::from_secs(9)));
    assert_eq!(attempt.stage(), Some(Stage::Handshake));
}

#[test]
fn black_holes_are_named_well_before_ten_seconds() {
    let mut scene = reach();
    scene.until(1400);
    for id in 0..6 {
        scene.progress(id, Stage::Tcp);
    }
    scene.said.clear();
    scene.until(10_000);
    assert_eq!(scene.said.last().unwrap(), "6400 fail");
}

#[test]
fn the_https_tunnel_follows_native_tls_only_where_the_inside_must_be_http() {
    for (stage, cause, follows) in [
        (Stage::Handshake, Cause::AnsweredHttp, true),
        (Stage::Handshake, Cause::Closed, true),
        (Stage::Handshake, Cause::TimedOut, true),
        (Stage::Handshake, Cause::NotRtmp, false),
        (Stage::Tcp, Cause::Refused, false),
        (Stage::Tls, Cause::NotTls, false),
        (Stage::Tls, Cause::Closed, false),
        (Stage::Connect, Cause::Closed, false),
    ] {
        let mut scene = standard("rtmps://h/a");
        scene.until(3000).says(&["0 rtmps:443"]);
        scene.fail(0, stage, cause.clone());
        let expected = if follows {
            "3000 rtmpts:443"
        } else {
            "3000 fail"
        };
        scene.says(&[expected]);
    }
}

#[test]
fn the_https_tunnel_also_follows_silence_inside_tls() {
    let mut scene = standard("rtmps://h/a");
    scene
        .until(100)
        .progress(0, Stage::Tls)
        .progress(0, Stage::Handshake);
    scene
        .until(6000)
        .says(&["0 rtmps:443", "5100 abandon 0", "5100 rtmpts:443"]);
    scene.succeed(1).says(&["6000 use 1"]);
}

#[test]
fn a_condition_holds_for_its_own_route() {
    let routes = crate::strategy::Routes::new(vec![
        crate::strategy::Via::Proxy(crate::strategy::Proxy::new(
            crate::strategy::ProxyId(0),
            crate::strategy::ProxyKind::Http,
            "p",
        )),
        crate::strategy::Via::Direct,
    ]);
    let target = crate::Target::parse("rtmps://h/a").unwrap();
    let ladder = crate::strategy::Ladder::new(
        &target,
        Strategy::Standard,
        crate::strategy::ProxyType::Best,
        &routes,
        None,
    );
    let mut scene = Scene::new(&ladder, Policy::staggered());
    scene
        .until(300)
        .says(&["0 rtmps:443 via http://p", "250 rtmps:443"]);
    scene.fail(2, Stage::Tcp, Cause::Refused).says(&[]);
    scene.fail(0, Stage::Handshake, Cause::AnsweredHttp);
    scene.says(&["300 rtmpts:443 via http://p"]);
    scene
        .fail(1, Stage::Http, Cause::HttpStatus { status: 404 })
        .says(&["300 fail"]);
}

#[test]
fn a_survey_tries_everything_and_keeps_the_first_success() {
    let ladder = ladder("rtmp://h/a", Strategy::Classic, "-");
    let mut scene = Scene::new(&ladder, Policy::staggered().with_goal(Goal::Survey));
    scene.until(100).succeed(0).until(600);
    scene.says(&["0 rtmp:1935", "100 rtmp:443", "350 rtmp:80"]);
    scene.succeed(2).says(&["600 abandon 2"]);
    scene
        .fail(1, Stage::Tcp, Cause::Refused)
        .says(&["600 use 0"]);
    let report = scene.plan.report(scene.now);
    assert_eq!(report.winner().unwrap().id().index(), 0);
    assert_eq!(*report.attempts()[2].outcome(), Outcome::Works);
}

#[test]
fn a_survey_ends_at_the_deadline_with_what_it_has() {
    let ladder = ladder("rtmp://h/a", Strategy::Standard, "-");
    let policy = Policy::staggered()
        .with_goal(Goal::Survey)
        .with_deadline(Duration::from_secs(2));
    let mut scene = Scene::new(&ladder, policy);
    scene.until(300).succeed(1).until(3000);
    scene.says(&[
        "0 rtmp:1935",
        "250 rtmpt:80",
        "2000 abandon 0",
        "2000 use 1",
    ]);
}

#[test]
fn an_empty_ladder_fails_at_once() {
    let empty = crate::strategy::Ladder::from_rungs(crate::Host::parse("h").unwrap(), vec![]);
    Scene::new(&empty, Policy::staggered()).says(&["0 fail"]);
}

#[test]
fn endless_waits_are_no_mistake() {
    let mut policy = Policy::staggered().with_deadline(Duration::MAX);
    policy.stagger = Duration::MAX;
    policy.stage = Duration::MAX;
    policy.dns = Duration::MAX;
    let mut scene = Scene::new(&ladder("rtmp://h/a", Strategy::Standard, "-"), policy);
    scene.until(100).says(&["0 rtmp:1935"]);
}
