//! What is told of streams that do not reach the far side, or not as their client asked for.

use adit_server::relay::Happening;

use super::support::{Encoder, FarServer, Tunnel};

#[tokio::test]
async fn a_second_encoder_and_an_application_that_does_not_count_are_told() {
    let far = FarServer::start().await;
    let mut tunnel = Tunnel::start(&far.url("rtmp", "app"));
    let _first = Encoder::publish(tunnel.address, "live", "key")
        .await
        .unwrap();
    tunnel
        .until(|what| matches!(what, Happening::OtherApplication { named } if named == "live"))
        .await;
    let second = Encoder::publish(tunnel.address, "live", "key").await;
    assert!(second.is_err());
    // By the number of the first connection.
    tunnel
        .until(|what| matches!(what, Happening::Taken { holder } if holder.starts_with("#1 from ")))
        .await;
}

#[tokio::test]
async fn an_encoder_of_another_key_that_comes_second_is_told() {
    let far = FarServer::start().await;
    let mut tunnel = Tunnel::start(&far.url("rtmp", "app/mine"));
    let _first = Encoder::publish(tunnel.address, "app", "any")
        .await
        .unwrap();
    assert!(
        Encoder::publish(tunnel.address, "app", "other")
            .await
            .is_err()
    );
    tunnel
        .until(|what| matches!(what, Happening::Taken { .. }))
        .await;
}

#[tokio::test]
async fn a_player_that_waits_is_told() {
    let far = FarServer::start().await;
    let mut tunnel = Tunnel::start(&far.url("rtmp", "app"));
    let _player = Encoder::play(tunnel.address, "app", "key").await.unwrap();
    tunnel
        .until(|what| matches!(what, Happening::Waiting))
        .await;
}
