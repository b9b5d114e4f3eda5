//! The bandwidth of the line to a client.

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{BandwidthDialect, ClientCommand};

use crate::client::Client;
use crate::start;

#[tokio::test]
async fn a_client_that_asks_is_told_its_bandwidth() {
    let server = start();
    let mut client = server.client().await;
    let ask = ClientCommand::CheckBandwidth(BandwidthDialect::Native);
    client
        .command(MessageStreamId::CONNECTION, ask.clone())
        .await;
    // Asked for twice while it is under way, it is measured once.
    client.command(MessageStreamId::CONNECTION, ask).await;
    let told = client.until("call onBWDone").await;
    let kbits: f64 = told.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(kbits > 1000.0, "{told}");
    client.call("echo", vec!["after".into()]).await;
    client.until("answer after").await;
    assert!(!client.seen.iter().any(|seen| seen.contains("onBWDone")));
}

#[tokio::test]
async fn an_application_may_measure_everybody_at_once_and_in_the_old_dialect() {
    let server = start();
    let word = vec!["measure".into()];
    let mut client = Client::connect_with(server.address, "lab", word).await;
    client.until("call onBWDone").await;
    let ask = ClientCommand::CheckBandwidth(BandwidthDialect::Old);
    client.command(MessageStreamId::CONNECTION, ask).await;
    client.until("call _onbwdone").await;
}

#[tokio::test]
async fn an_encoder_that_asks_in_the_old_dialect_is_answered_and_not_measured() {
    let server = start();
    let mut client = server.client().await;
    client.call("_checkbw", vec![]).await;
    client.until("answer null").await;
    client.call("echo", vec!["after".into()]).await;
    client.until("answer after").await;
    assert!(client.seen.is_empty(), "{:?}", client.seen);
}
