//! Limits that a running server enforces, and where they are counted.

use std::time::Duration;

use adit_rtmp::session::MediaKind::{Audio, Video};
use adit_server::ServerConfig;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::client::Client;
use crate::support::Running;
use crate::{AAC_FRAME, AVC_HEADER, KEY_FRAME, publisher, start};

const SHORT: Duration = Duration::from_millis(300);

/// Waits until the limit was hit so often; fails when it was hit more often.
async fn counted(server: &Running, key: &str, hits: u64) {
    let value = || server.stats.limits().get(key).copied();
    let waiting = async {
        while value().is_some_and(|value| value < hits) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(20), waiting).await.ok();
    assert_eq!(value(), Some(hits), "{key}: {:?}", server.stats.limits());
}

#[tokio::test]
async fn a_publisher_that_sends_no_media_loses_its_name() {
    let mut config = ServerConfig::default();
    config.limits.first_media = SHORT;
    let server = Running::with(config);
    let mut silent = Client::connect(server.address).await;
    silent.publish("cam").await;
    silent.until("NetStream.Publish.Idle").await;
    silent.until("end").await;
    counted(&server, "first_media", 1).await;
    counted(&server, "publisher.idle", 0).await;
    publisher(&server, "cam").await;
}

#[tokio::test]
async fn a_publisher_that_stops_sending_loses_its_name_and_one_that_goes_on_does_not() {
    let mut config = ServerConfig::default();
    // Long against what a busy machine may add to one pause, short against all of them together.
    config.limits.publisher_idle = 8 * SHORT;
    let server = Running::with(config);
    let mut publisher = publisher(&server, "cam").await;
    for at in 0..12 {
        sleep(SHORT).await;
        publisher.send(Audio, at, AAC_FRAME).await;
    }
    counted(&server, "publisher.idle", 0).await;
    publisher.until("NetStream.Publish.Idle").await;
    publisher.until("end").await;
    counted(&server, "publisher.idle", 1).await;
    counted(&server, "first_media", 0).await;
}

/// Publishes ten times a megabyte, each a group of pictures of its own, of which no player may lag behind more than two.
async fn publish_much(publisher: &mut Client, from: u32) {
    let mut frame = KEY_FRAME.to_vec();
    frame.resize(1 << 20, 0);
    for at in 0..10 {
        publisher.send(Video, from + at, &frame).await;
    }
}

#[tokio::test]
async fn a_player_that_falls_behind_again_and_again_is_sent_away() {
    let mut config = ServerConfig::default();
    config.streams.lag.frames = 2;
    let server = Running::with(config);
    let mut publisher = publisher(&server, "cam").await;
    let mut player = Client::connect(server.address).await;
    player.play("cam").await;
    player.until("NetStream.Play.Start").await;
    // It reads between the rounds only, so it is told in each, and in the end told no more.
    let told = ["NetStream.Play.InsufficientBW", "end"];
    let mut rounds = 0;
    loop {
        publish_much(&mut publisher, rounds * 100).await;
        if player.until_one_of(&told).await == "end" {
            break;
        }
        player.heard.0.clear();
        rounds += 1;
        assert!(rounds <= 3, "three times is too much");
    }
    counted(&server, "viewer.overflows", 1).await;
    assert!(server.stats.limits()["viewer.queue"] >= 3);
    // The publisher noticed nothing.
    publisher.call("getStreamLength", vec![]).await;
    publisher.until("response").await;
}

#[tokio::test]
async fn a_player_that_stops_reading_is_given_up() {
    let mut config = ServerConfig::default();
    config.limits.write_stall = SHORT;
    let server = Running::with(config);
    let mut publisher = publisher(&server, "cam").await;
    let mut player = Client::connect(server.address).await;
    player.play("cam").await;
    player.until("NetStream.Play.Start").await;
    // More than the kernel takes for a peer that does not read.
    for round in 0..3 {
        publish_much(&mut publisher, round * 100).await;
    }
    counted(&server, "viewer.stall", 1).await;
    assert_eq!(server.stats.snapshot().write_stalls, 1);
    drop(player);
}

#[tokio::test]
async fn a_connection_counts_as_a_newcomer_until_its_connect_is_accepted() {
    let mut config = ServerConfig::default();
    config.net.admission.unauthenticated = 1;
    let server = Running::with(config);
    let _first = Client::connect(server.address).await;
    let second = Client::connect(server.address).await;
    let mut newcomer = TcpStream::connect(server.address).await.expect("listens");
    newcomer.write_all(&[3]).await.expect("open");
    let mut one_more = TcpStream::connect(server.address).await.expect("listens");
    let end = timeout(Duration::from_secs(20), one_more.read(&mut [0])).await;
    assert_eq!(end.expect("closed").unwrap_or(0), 0);
    counted(&server, "conn.unauth", 1).await;
    drop(second);
}

#[tokio::test]
async fn what_the_peer_of_a_session_ran_into_is_added_when_it_ends() {
    let server = start();
    let mut client = Client::connect(server.address).await;
    client.publish(&"n".repeat(257)).await;
    client.until("NetStream.Publish.BadName").await;
    counted(&server, "name", 0).await;
    drop(client);
    counted(&server, "name", 1).await;
}

#[tokio::test]
async fn every_group_of_limits_is_listed() {
    let server = start();
    let limits = server.stats.limits();
    for key in [
        "conn.total",
        "http.header",
        "rtmpt.bodies",
        "tls.deadline",
        "hs.deadline",
        "partial.bytes",
        "amf",
        "gop",
        "viewer.queue",
        "viewer.stall",
    ] {
        assert_eq!(limits.get(key), Some(&0), "{key}");
    }
    let mut publisher = publisher(&server, "cam").await;
    publisher.send(Video, 0, AVC_HEADER).await;
}
