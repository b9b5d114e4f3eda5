//! Streams of this server that go to others.

use std::time::{Duration, Instant};

use adit_server::ServerConfig;
use adit_server::relays::{Direction, RelayState};
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::is_running;
use super::lab::{Lab, SOON, push, until};
use super::support::{Encoder, FarServer, clip, frames_of, is_header, is_key_frame, is_metadata};

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
    for group in super::support::heavy_clip(40 << 20).chunks(50) {
        let sending = async {
            encoder.send_all(group).await;
        };
        let last = super::support::seen(group.last().unwrap());
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
