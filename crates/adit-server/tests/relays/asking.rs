//! Relays that come and go as they are asked for, and what is told about them.

use tokio::time::timeout;

use super::lab::{Lab, SOON, push};
use super::support::{Encoder, FarServer, clip, frames_of};

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
