//! Relays through several servers.

use super::is_running;
use super::lab::{Lab, push};
use super::support::{Encoder, clip};

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
