//! A server that pushes its streams to others and pulls theirs, over real sockets on loopback.
#![cfg(test)]

mod lab;
#[path = "../relay/support.rs"]
#[expect(dead_code, reason = "some of it is for other tests")]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_client::media::{Frame, FrameKind};
use adit_server::application::Applications;
use adit_server::control::{Happened, Heard, Listener};
use adit_server::relays::{Demand, Direction, LegSnapshot, RelayState};
use adit_server::{AppConfig, CodecRules, ServerConfig, VideoCodec};
use lab::{Lab, SOON, pull, push, until};
use support::{Encoder, FarServer, clip, frames_of, is_header, is_key_frame, is_metadata};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PLAYED: Demand = Demand::WhilePlayed {
    idle: Duration::from_secs(1),
};

fn is_running(state: &RelayState) -> bool {
    *state == RelayState::Running
}

async fn pushes_every_message_by(scheme: &str) {
    let far = FarServer::start().await;
    let mut there = far.watch("in", "cam");
    let lab = Lab::start();
    lab.relays(vec![push("live/*", &far.url(scheme, "in"))]);
    let encoder = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    let sent = clip(0, 400);
    encoder.send_all(&sent).await;
    assert_eq!(there.take(sent.len()).await, frames_of(&sent));
    let leg = lab.until_leg(|leg| is_running(&leg.state)).await;
    assert_eq!(leg.transport.unwrap().to_string(), scheme);
    assert_eq!(leg.messages, sent.len() as u64);
    encoder.close().await;
    let rest = timeout(SOON, there.until_stopped()).await.unwrap();
    assert!(rest.is_empty(), "{}", rest.len());
    let idle = lab.until(|relay| relay.legs.is_empty()).await;
    assert_eq!(idle.state, RelayState::Idle);
    let counts = lab.control.stats().relays(Direction::Push);
    assert_eq!(
        (counts.connections, counts.messages),
        (1, sent.len() as u64)
    );
}

#[tokio::test]
async fn a_stream_is_pushed_from_its_first_message_to_its_end_by_rtmp() {
    pushes_every_message_by("rtmp").await;
}

#[tokio::test]
async fn a_stream_is_pushed_from_its_first_message_to_its_end_by_rtmpt() {
    pushes_every_message_by("rtmpt").await;
}

#[tokio::test]
async fn a_stream_is_pushed_from_its_first_message_to_its_end_by_rtmps() {
    pushes_every_message_by("rtmps").await;
}

#[tokio::test]
async fn a_stream_is_pushed_from_its_first_message_to_its_end_by_rtmpts() {
    pushes_every_message_by("rtmpts").await;
}

/// The server from which this one has taken over pushes it still.
#[tokio::test]
async fn what_is_published_at_the_server_before_is_pushed_once_its_publisher_is_here() {
    let far = FarServer::start().await;
    let before = Lab::start();
    let lab = Lab::succeeding(&before);
    let there = Encoder::publish(before.address, "live", "cam")
        .await
        .unwrap();
    until(|| lab.is_published("live", "cam").then_some(()))
        .await
        .expect("it is mirrored");
    let own = Encoder::publish(lab.address, "live", "own").await.unwrap();
    // All that is published is looked at when a relay begins.
    lab.relays(vec![push("live/*", &far.url("rtmp", "in"))]);
    let leg = lab.until_leg(|leg| is_running(&leg.state)).await;
    assert_eq!(leg.stream.name(), "own");
    own.close().await;
    lab.until(|relay| relay.legs.is_empty()).await;
    let here = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    let leg = lab.until_leg(|leg| is_running(&leg.state)).await;
    assert_eq!(leg.stream.name(), "cam");
    there.close().await;
    here.close().await;
}

#[tokio::test]
async fn what_is_published_already_is_pushed_from_a_key_frame_on_and_what_is_not_meant_is_not() {
    let far = FarServer::start().await;
    let lab = Lab::start();
    let one = Encoder::publish(lab.address, "live", "one").await.unwrap();
    let two = Encoder::publish(lab.address, "other", "two").await.unwrap();
    let all = clip(0, 120);
    for frame in &all {
        one.send(frame.clone()).await;
        two.send(frame.clone()).await;
    }
    let mut here = lab.watch("live", "one");
    here.until(all.last().unwrap()).await;
    let mut there = far.watch("copy", "live-one");
    lab.relays(vec![push(
        "live/*",
        &far.url("rtmp", "copy/{app}-{stream}"),
    )]);
    let got = there.take(3).await;
    assert!(is_metadata(&got[0]) && is_header(&got[1]) && is_header(&got[2]));
    let got = there.take(20).await;
    assert!(is_key_frame(&got[0]), "{:?}", got[0]);
    let snapshot = lab.until(|relay| is_running(&relay.state)).await;
    let names: Vec<_> = snapshot.legs.iter().map(|leg| leg.stream.name()).collect();
    assert_eq!(names, ["one"]);
    drop((one, two));
}

#[tokio::test]
async fn a_far_side_that_was_killed_is_found_again_and_goes_on_at_a_key_frame() {
    let far = FarServer::start().await;
    let mut there = far.watch("in", "cam");
    let lab = Lab::start();
    lab.relays(vec![push("live/cam", &far.url("rtmp", "in"))]);
    let encoder = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    let all = clip(0, 500);
    let mut ahead = all.iter();
    let start = Instant::now();
    encoder
        .pace(&mut ahead, start, Duration::from_secs(2))
        .await;
    there.take(60).await;
    let address = far.kill().await;
    encoder
        .pace(&mut ahead, start, Duration::from_secs(4))
        .await;
    let leg = lab.until_leg(|leg| leg.failures > 0).await;
    assert!(leg.error.is_some(), "{leg:?}");
    let far = FarServer::start_on(address).await;
    let mut there = far.watch("in", "cam");
    encoder
        .pace(&mut ahead, start, Duration::from_secs(9))
        .await;
    encoder.assert_connected();
    let got = there.take(200).await;
    let headers = got.iter().take_while(|frame| is_header(frame)).count();
    assert_eq!(headers, 3, "metadata and two sequence headers");
    let media = &got[headers..];
    assert!(is_key_frame(&media[0]), "{:?}", media[0]);
    let all = frames_of(&all);
    let at = all.iter().position(|frame| *frame == media[0]).unwrap();
    assert_eq!(media, &all[at..at + media.len()], "nothing is missing");
    let leg = lab.until_leg(|leg| is_running(&leg.state)).await;
    assert_eq!(leg.connections, 2);
}

#[tokio::test]
async fn a_far_side_that_takes_nothing_delays_nobody_here() {
    // It accepts connections and never says a word, nor reads one.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rtmp://{}/in", silent.local_addr().unwrap());
    let lab = Lab::start();
    lab.relays(vec![push("live/*", &url)]);
    let encoder = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    let mut player = Encoder::play(lab.address, "live", "cam").await.unwrap();
    // A group of pictures at a time, so that whoever reads keeps up however slow the machine is.
    for group in support::heavy_clip(40 << 20).chunks(50) {
        let sending = async {
            encoder.send_all(group).await;
        };
        let last = support::seen(group.last().unwrap());
        let (done, ()) = tokio::join!(timeout(SOON, player.until(&last)), sending);
        done.expect("the player gets all of it");
    }
    lab.until_leg(|leg| !is_running(&leg.state)).await;
}

#[tokio::test]
async fn a_stream_is_pushed_to_several_places_and_no_more_than_are_allowed() {
    let fars = [
        FarServer::start().await,
        FarServer::start().await,
        FarServer::start().await,
    ];
    let lab = Lab::start_with(|config: &mut ServerConfig| config.limits.relays.per_stream = 2);
    let relays = fars
        .iter()
        .map(|far| push("live/*", &far.url("rtmp", "in")));
    lab.relays(relays.collect());
    let encoder = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    encoder.send_all(&clip(0, 10)).await;
    let states = || {
        let relays = lab.control.relays();
        let mut words: Vec<_> = relays.iter().map(|it| it.state.as_str()).collect();
        words.sort_unstable();
        (words == ["running", "running", "waiting"]).then_some(relays)
    };
    let relays = until(states).await.expect("two of three");
    let waiting = relays
        .iter()
        .find(|it| it.state.as_str() == "waiting")
        .unwrap();
    assert!(
        format!("{:?}", waiting.state).contains("limits.relay.per_stream"),
        "{waiting:?}"
    );
    assert!(lab.control.stats().limits()["relay.per_stream"] > 0);
}

#[tokio::test]
async fn as_many_streams_are_relayed_as_the_limit_says_and_not_more() {
    let far = FarServer::start().await;
    let lab = Lab::start_with(|config: &mut ServerConfig| config.limits.relays.total = 1);
    lab.relays(vec![push("live/*", &far.url("rtmp", "in"))]);
    let first = Encoder::publish(lab.address, "live", "a").await.unwrap();
    lab.until(|relay| relay.legs.len() == 1).await;
    let second = Encoder::publish(lab.address, "live", "b").await.unwrap();
    let hits = || Some(()).filter(|()| lab.control.stats().limits()["relay.total"] > 0);
    until(hits).await.expect("the limit is hit");
    assert_eq!(lab.control.relays()[0].legs.len(), 1);
    // There is room again when the first has gone.
    first.close().await;
    lab.until_leg(|leg| leg.stream.name() == "b" && is_running(&leg.state))
        .await;
    drop(second);
    // Nor is a second relay begun.
    let other = push("x/*", &far.url("rtmp", "in"));
    assert!(lab.control.start_relay(other).is_err());
}

#[tokio::test]
async fn a_circle_of_relays_is_noticed_and_carries_nothing_twice() {
    let (a, b) = (Lab::start(), Lab::start());
    a.relays(vec![push("live/*", &b.url("{app}/{stream}x"))]);
    b.relays(vec![push("live/*", &a.url("{app}/{stream}y"))]);
    let encoder = Encoder::publish(a.address, "live", "cam").await.unwrap();
    encoder.send_all(&clip(0, 60)).await;
    a.until_leg(|leg| is_running(&leg.state)).await;
    let leg = b.until_leg(|leg| leg.failures > 1).await;
    assert!(leg.error.as_ref().unwrap().contains("circle"), "{leg:?}");
    assert_eq!(leg.connections, 0);
    assert!(!a.is_published("live", "camxy"));
    // So is a server that pushes to itself.
    let itself = Lab::start();
    itself.relays(vec![push("live/*", &itself.url("{app}/{stream}x"))]);
    let encoder = Encoder::publish(itself.address, "live", "cam")
        .await
        .unwrap();
    encoder.send_all(&clip(0, 60)).await;
    let leg = itself.until_leg(|leg| leg.failures > 0).await;
    assert!(leg.error.as_ref().unwrap().contains("circle"), "{leg:?}");
}

#[tokio::test]
async fn a_stream_comes_through_as_many_servers_as_are_allowed_and_not_more() {
    let labs = [
        Lab::start(),
        Lab::start(),
        Lab::start(),
        Lab::start(),
        Lab::start(),
    ];
    for (from, to) in labs.iter().zip(&labs[1..]) {
        from.relays(vec![push("live/*", &to.url("live"))]);
    }
    let mut there = labs[3].watch("live", "cam");
    let encoder = Encoder::publish(labs[0].address, "live", "cam")
        .await
        .unwrap();
    let sent = clip(0, 60);
    encoder.send_all(&sent).await;
    there.until(sent.last().unwrap()).await;
    let leg = labs[3].until_leg(|leg| !is_running(&leg.state)).await;
    assert!(format!("{leg:?}").contains("limits.relay.hops"), "{leg:?}");
    assert!(!labs[4].is_published("live", "cam"));
    assert_eq!(labs[3].control.stats().limits()["relay.hops"], 1);
}

#[tokio::test]
async fn relays_that_stay_in_the_configuration_go_on_and_others_end_and_begin() {
    let (one, two, three) = (
        FarServer::start().await,
        FarServer::start().await,
        FarServer::start().await,
    );
    let lab = Lab::start();
    let to = |far: &FarServer| push("live/*", &far.url("rtmp", "in"));
    lab.relays(vec![to(&one), to(&two)]);
    let (mut at_one, mut at_two) = (one.watch("in", "cam"), two.watch("in", "cam"));
    let mut at_three = three.watch("in", "cam");
    let encoder = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    let all = clip(0, 300);
    let (first, rest) = all.split_at(100);
    encoder.send_all(first).await;
    at_one.take(first.len()).await;
    at_two.take(first.len()).await;
    let before = lab.control.relays();
    lab.relays(vec![to(&three), to(&one)]);
    timeout(SOON, at_two.until_stopped())
        .await
        .expect("the far side hears that it is over");
    at_three.take(3).await;
    encoder.send_all(rest).await;
    assert_eq!(at_one.take(rest.len()).await, frames_of(rest));
    at_three.until(rest.last().unwrap()).await;
    let after = lab.control.relays();
    let ids: Vec<_> = after.iter().map(|relay| relay.id).collect();
    assert_eq!(ids, [before[0].id, 3]);
    assert_eq!(after[0].legs[0].connections, 1, "the same connection");
}

#[tokio::test]
async fn a_stream_is_pulled_and_published_here() {
    let far = FarServer::start().await;
    let lab = Lab::start();
    let mut here = lab.watch("live", "cam");
    let mut events = lab.control.events();
    lab.pulls("live/cam", &far.url("rtmp", "in/there"));
    let leg = lab.until_leg(|leg| leg.state.as_str() == "waiting").await;
    assert!(format!("{leg:?}").contains("has not started"), "{leg:?}");
    let encoder = Encoder::publish(far.address, "in", "there").await.unwrap();
    let sent = clip(0, 200);
    encoder.send_all(&sent).await;
    assert_eq!(here.take(sent.len()).await, frames_of(&sent));
    lab.until_leg(|leg| is_running(&leg.state)).await;
    encoder.close().await;
    timeout(SOON, here.until_stopped())
        .await
        .expect("players hear that it is over");
    lab.until_leg(|leg| leg.state.as_str() == "waiting").await;
    // It is there again when it begins again.
    let encoder = Encoder::publish(far.address, "in", "there").await.unwrap();
    encoder.send_all(&sent).await;
    assert_eq!(here.take(sent.len()).await, frames_of(&sent));
    let mut states = Vec::new();
    while !states.contains(&"unpublish") {
        match timeout(SOON, events.next()).await.unwrap().unwrap() {
            Heard::Event(event) => match event.what {
                Happened::Relay { state, .. } => states.push(state),
                Happened::Published { .. } => states.push("publish"),
                Happened::Unpublished { .. } => states.push("unpublish"),
                _ => {}
            },
            Heard::Missed(count) => panic!("{count} missed"),
            _ => {}
        }
    }
    assert_eq!(
        states,
        [
            "connecting",
            "running",
            "waiting",
            "running",
            "publish",
            "unpublish"
        ]
    );
}

#[tokio::test]
async fn what_is_pulled_goes_on_after_a_break_and_its_time_never_goes_back() {
    let far = FarServer::start().await;
    let lab = Lab::start();
    lab.pulls("live/cam", &far.url("rtmp", "in/cam"));
    let mut here = lab.watch("live", "cam");
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let all = clip(40_000, 150);
    encoder.send_all(&all).await;
    let before = here.take(all.len()).await;
    let address = far.kill().await;
    let far = FarServer::start_on(address).await;
    let back = until(|| (far.players("in", "cam") == 1).then_some(())).await;
    back.expect("the relay comes back");
    // So does the encoder, with a clock that begins anew.
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let again = clip(0, 150);
    encoder.send_all(&again).await;
    let after = here.take(again.len()).await;
    let media = |frames: &support::Frames| -> Vec<support::Seen> {
        frames.iter().filter(|it| !is_header(it)).cloned().collect()
    };
    let (before, after) = (media(&before), media(&after));
    assert!(is_key_frame(&after[0]));
    assert!(
        after[0].1 > before.last().unwrap().1,
        "{} {}",
        after[0].1,
        before.last().unwrap().1
    );
    let steps = after.windows(2).all(|pair| pair[1].1 == pair[0].1 + 20);
    assert!(steps, "times keep their distances");
    let bodies =
        |frames: &[support::Seen]| -> Vec<_> { frames.iter().map(|it| it.2.clone()).collect() };
    let sent: Vec<_> = frames_of(&again)
        .into_iter()
        .filter(|it| !is_header(it))
        .collect();
    assert_eq!(bodies(&after), bodies(&sent));
    lab.until_leg(|leg| is_running(&leg.state) && leg.connections == 2)
        .await;
}

#[tokio::test]
async fn a_name_that_is_in_use_here_is_waited_for() {
    let far = FarServer::start().await;
    let there = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let sent = clip(0, 100);
    there.send_all(&sent).await;
    let lab = Lab::start();
    let here = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    lab.pulls("live/cam", &far.url("rtmp", "in/cam"));
    let leg = lab.until_leg(|leg| leg.state.as_str() == "waiting").await;
    assert!(format!("{leg:?}").contains("in use here"), "{leg:?}");
    here.assert_connected();
    here.close().await;
    lab.until_leg(|leg| is_running(&leg.state)).await;
    assert!(lab.is_published("live", "cam"));
}

#[tokio::test]
async fn a_stream_is_pulled_while_somebody_plays_and_a_little_longer() {
    let far = FarServer::start().await;
    let there = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let sent = clip(0, 100);
    there.send_all(&sent).await;
    let lab = Lab::start();
    // That it is pushed on is no reason to pull it.
    let onward = FarServer::start().await;
    lab.relays(vec![
        pull("live/cam", &far.url("rtmp", "in/cam"), PLAYED),
        push("live/*", &onward.url("rtmp", "on")),
    ]);
    assert_eq!(far.players("in", "cam"), 0);
    let mut player = Encoder::play(lab.address, "live", "cam").await.unwrap();
    timeout(SOON, player.take(20))
        .await
        .expect("the player gets it");
    assert_eq!(far.players("in", "cam"), 1);
    let mut pushed = onward.watch("on", "cam");
    pushed.take(3).await;
    drop(player);
    timeout(SOON, pushed.until_stopped())
        .await
        .expect("it is over");
    let gone = until(|| (far.players("in", "cam") == 0).then_some(())).await;
    gone.expect("the far side is left");
    assert!(!lab.is_published("live", "cam"));
    // And again.
    let mut player = Encoder::play(lab.address, "live", "cam").await.unwrap();
    timeout(SOON, player.take(20))
        .await
        .expect("the player gets it again");
}

#[tokio::test]
async fn relays_that_are_started_by_hand_are_stopped_by_hand() {
    let far = FarServer::start().await;
    let lab = Lab::start();
    let mut there = far.watch("in", "cam");
    let spec = push("live/cam", &far.url("rtmp", "in"));
    let id = lab.control.start_relay(spec.clone()).unwrap().id;
    assert!(
        lab.control.start_relay(spec.clone()).is_err(),
        "it does the same"
    );
    let encoder = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    let sent = clip(0, 50);
    encoder.send_all(&sent).await;
    there.take(sent.len()).await;
    // What the configuration says does not concern it.
    lab.relays(Vec::new());
    assert!(lab.control.relay(id).is_some());
    lab.control.stop_relay(id).unwrap();
    timeout(SOON, there.until_stopped())
        .await
        .expect("the far side hears of it");
    assert!(lab.control.relay(id).is_none() && lab.control.stop_relay(id).is_err());
    encoder.assert_connected();
    // One of the configuration cannot be stopped so.
    lab.relays(vec![spec]);
    let id = lab.control.relays()[0].id;
    let refused = lab.control.stop_relay(id).unwrap_err().to_string();
    assert!(refused.contains("configuration"), "{refused}");
}

#[tokio::test]
async fn a_server_whose_relays_are_anothers_starts_and_stops_none() {
    let folder = tempfile::tempdir().unwrap();
    let lab = Lab::start();
    lab.control
        .keep_relays(folder.path().join("relays.json"), &[]);
    let one = push("live/one", "rtmp://far.example/in/one");
    let id = lab.control.start_relay(one.clone()).unwrap().id;
    lab.control.give_relays_away();
    let two = push("live/two", "rtmp://far.example/in/two");
    for refused in [
        lab.control.start_relay(two.clone()).map(drop),
        lab.control.stop_relay(id),
    ] {
        let words = refused.unwrap_err().to_string();
        assert!(words.contains("another server has taken over"), "{words}");
    }
    assert_eq!(lab.control.relays().len(), 1, "it goes on here");
    lab.control.take_relays_back();
    lab.control.start_relay(two).unwrap();
    lab.control.stop_relay(id).unwrap();
    let kept = std::fs::read_to_string(folder.path().join("relays.json")).unwrap();
    assert!(
        kept.contains("live/two") && !kept.contains("live/one"),
        "{kept}"
    );
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye_on_its_relays() {
    let far = FarServer::start().await;
    let lab = Lab::start();
    let mut there = far.watch("in", "cam");
    lab.relays(vec![push("live/*", &far.url("rtmp", "in"))]);
    let encoder = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    let sent = clip(0, 50);
    encoder.send_all(&sent).await;
    there.take(sent.len()).await;
    lab.stop().await;
    timeout(SOON, there.until_stopped())
        .await
        .expect("the far side hears of it");
}

#[tokio::test]
async fn nothing_secret_of_an_address_is_told() {
    let lab = Lab::start();
    let secrets = ["hunter2hunter2", "streamkey99", "tokenabcdef"];
    let url = "rtmp://somebody:hunter2hunter2@127.0.0.1:9/in/streamkey99?token=tokenabcdef";
    lab.relays(vec![push("live/cam", url)]);
    let encoder = Encoder::publish(lab.address, "live", "cam").await.unwrap();
    let relay = lab
        .until(|relay| relay.legs.iter().any(|leg| leg.failures > 0))
        .await;
    let told = format!("{relay:?}");
    for secret in secrets {
        assert!(!told.contains(secret), "{told}");
    }
    assert!(told.contains("rtmp://***@127.0.0.1:9/in/***"), "{told}");
    drop(encoder);
}

#[tokio::test]
async fn a_stream_without_pictures_is_pulled_too() {
    let far = FarServer::start().await;
    let lab = Lab::start();
    lab.pulls("live/radio", &far.url("rtmp", "in/radio"));
    let encoder = Encoder::publish(far.address, "in", "radio").await.unwrap();
    let sound: Vec<Frame> = clip(0, 100)
        .into_iter()
        .filter(|frame| frame.kind() == FrameKind::Audio)
        .collect();
    encoder.send_all(&sound).await;
    let mut here = lab.watch("live", "radio");
    here.until(sound.last().unwrap()).await;
}

#[tokio::test]
async fn players_hear_that_a_far_side_stays_away() {
    let far = FarServer::start().await;
    let lab = Lab::start_with(|config| config.limits.relays.hold = Duration::from_secs(1));
    lab.pulls("live/cam", &far.url("rtmp", "in/cam"));
    let mut here = lab.watch("live", "cam");
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let sent = clip(0, 50);
    encoder.send_all(&sent).await;
    here.take(sent.len()).await;
    far.kill().await;
    timeout(SOON, here.until_stopped())
        .await
        .expect("it is over");
    lab.until_leg(|leg| !is_running(&leg.state)).await;
}

#[tokio::test]
async fn viewers_by_http_have_a_stream_fetched() {
    let far = FarServer::start().await;
    let there = Encoder::publish(far.address, "in", "cam").await.unwrap();
    there.send_all(&clip(0, 100)).await;
    let lab = Lab::start();
    lab.relays(vec![pull("live/cam", &far.url("rtmp", "in/cam"), PLAYED)]);
    let status = async |path: &str| {
        let mut viewer = TcpStream::connect(lab.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        viewer.write_all(request.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        let read = timeout(SOON, viewer.read_exact(&mut answer)).await;
        read.expect("in time").unwrap();
        (String::from_utf8(answer.to_vec()).unwrap(), viewer)
    };
    let (answer, viewer) = status("/live/cam.flv").await;
    assert_eq!(answer, "HTTP/1.1 200");
    assert_eq!(far.players("in", "cam"), 1);
    drop(viewer);
    let gone = until(|| (far.players("in", "cam") == 0).then_some(())).await;
    gone.expect("it is fetched no more");
    assert_eq!(status("/live/cam/index.m3u8").await.0, "HTTP/1.1 200");
    assert_eq!(status("/live/other/index.m3u8").await.0, "HTTP/1.1 404");
    assert_eq!(status("/live/other.flv").await.0, "HTTP/1.1 404");
}

#[tokio::test]
async fn a_far_side_that_falls_silent_ends_the_stream_here_and_begins_it_anew() {
    let far = FarServer::start().await;
    let lab = Lab::start_with(|config| config.limits.publisher_idle = Duration::from_secs(1));
    lab.pulls("live/cam", &far.url("rtmp", "in/cam"));
    let mut here = lab.watch("live", "cam");
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let all = clip(0, 150);
    let (first, rest) = all.split_at(53);
    encoder.send_all(first).await;
    timeout(SOON, here.until_stopped())
        .await
        .expect("it is over");
    lab.until_leg(|leg| leg.state.as_str() == "waiting").await;
    encoder.send_all(rest).await;
    // The headers come again, though the encoder does not send them.
    let again = here.take(4).await;
    assert!(again[..3].iter().all(is_header), "{again:?}");
    assert!(is_key_frame(&again[3]), "{again:?}");
    lab.until_leg(|leg| is_running(&leg.state) && leg.connections == 2)
        .await;
}

/// An application `picky` that takes these codecs of video.
fn picky(config: &mut ServerConfig, video: &[VideoCodec]) {
    let mut rules = CodecRules::default();
    rules.video = Some(video.to_vec());
    let mut app = AppConfig::default();
    app.codecs = Some(Arc::new(rules));
    config.applications = Applications::default().streams("picky", app);
}

/// What was published and is no more, until a relay is in this state.
async fn until_told(mut events: Listener, last: &str) -> Vec<&'static str> {
    let mut told = Vec::new();
    while told.last() != Some(&last) {
        match timeout(SOON, events.next()).await.unwrap().unwrap() {
            Heard::Event(event) => match event.what {
                Happened::Published { .. } => told.push("publish"),
                Happened::Unpublished { .. } => told.push("unpublish"),
                Happened::Relay { state, .. } if state == last => told.push(state),
                _ => {}
            },
            Heard::Missed(count) => panic!("{count} missed"),
            _ => {}
        }
    }
    told
}

#[tokio::test]
async fn a_stream_in_a_codec_that_the_application_does_not_take_never_begins_here_and_waits_long() {
    let far = FarServer::start().await;
    let lab = Lab::start_with(|config| picky(config, &[VideoCodec::Av1, VideoCodec::Hevc]));
    let events = lab.control.events();
    lab.pulls("picky/cam", &far.url("rtmp", "in/cam"));
    let mut here = lab.watch("picky", "cam");
    let encoder = Encoder::publish(far.address, "in", "cam").await.unwrap();
    let sent = clip(0, 50);
    encoder.send_all(&sent).await;
    let words = "picky takes no h264; video may be av1, hevc";
    let is_told = |leg: &LegSnapshot| leg.error.as_ref().is_some_and(|it| it.contains(words));
    let leg = lab.until_leg(is_told).await;
    let RelayState::Waiting { reason, next_try } = &leg.state else {
        panic!("{leg:?}");
    };
    assert!(reason.contains(words), "{leg:?}");
    let wait = next_try.unwrap().saturating_duration_since(Instant::now());
    assert!(wait > Duration::from_mins(3), "{wait:?}");
    assert_eq!(lab.control.stats().codecs_refused(), 1);
    // It does not wait any longer once it would be taken.
    let mut config = ServerConfig::default();
    picky(&mut config, &[VideoCodec::H264]);
    lab.control.apply(&config);
    here.take(3).await;
    lab.until_leg(|leg| is_running(&leg.state)).await;
    // What came before the video was not published either.
    lab.relays(Vec::new());
    let told = until_told(events, "ended").await;
    assert_eq!(told, ["publish", "unpublish", "ended"]);
    assert_eq!(lab.control.stats().codecs_refused(), 1);
}

#[tokio::test]
async fn sound_alone_is_pulled_where_there_are_rules_about_video() {
    let far = FarServer::start().await;
    let lab = Lab::start_with(|config| picky(config, &[]));
    lab.pulls("picky/radio", &far.url("rtmp", "in/radio"));
    let encoder = Encoder::publish(far.address, "in", "radio").await.unwrap();
    let sound: Vec<Frame> = clip(0, 100)
        .into_iter()
        .filter(|frame| frame.kind() == FrameKind::Audio)
        .collect();
    let mut here = lab.watch("picky", "radio");
    encoder.send_all(&sound).await;
    assert_eq!(here.take(sound.len()).await, frames_of(&sound));
    assert_eq!(lab.control.stats().codecs_refused(), 0);
}
