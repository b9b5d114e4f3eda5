//! Who may publish and play what.

use adit_rtmp::command::PublishKind::{Append, Live, Record};
use adit_server::MediaRoot;

use crate::client::Client;
use crate::{start, start_with};

#[tokio::test]
async fn publishing_and_playing_are_decided_by_the_application() {
    let server = start();
    let mut client = server.client().await;
    client.publish("forbidden", Live).await;
    client
        .until("NetStream.Publish.BadName nobody publishes this")
        .await;
    client.publish("denied", Live).await;
    client.until("NetStream.Publish.Denied log in first").await;
    client.publish("cam?token=wrong", Live).await;
    client
        .until("NetStream.Publish.BadName the token is wrong")
        .await;
    client.publish("cam?token=right", Live).await;
    client.until("NetStream.Publish.Start").await;
    let mut player = server.client().await;
    player.play("forbidden").await;
    player
        .until("NetStream.Play.Failed nobody plays this")
        .await;
    player.play("cam").await;
    player.until("NetStream.Play.Start").await;
    let line = ["doThing".into(), 1.0.into(), "foo".into()];
    client.send_data(&line).await;
    let media = player.until("media b\"\\x02\\0\\x07doThing").await;
    assert!(media.contains("foo"), "{media}");
}

#[tokio::test]
async fn requests_wait_for_a_later_decision() {
    let server = start();
    let mut publisher = server.client().await;
    let mut player = server.client().await;
    player.play("soon").await;
    player.until("NetStream.Play.Start").await;
    publisher.publish("soon", Live).await;
    publisher.until("NetStream.Publish.Start").await;
    player.until("NetStream.Play.PublishNotify").await;
    // A decision that is not waited for any more harms nobody.
    player.play("soon").await;
    player.play("soon").await;
    player.until("NetStream.Play.Start").await;
}

#[tokio::test]
async fn recording_is_refused_where_nothing_can_be_recorded() {
    let server = start();
    let mut client = server.client().await;
    for (name, kind) in [("a", Record), ("b", Append), ("tape", Live)] {
        client.publish(name, kind).await;
        client.until("NetStream.Record.NoAccess").await;
    }
}

#[tokio::test]
async fn rights_are_prefixes_of_names() {
    let server = start();
    let word = vec!["public".into()];
    let mut client = Client::connect_with(server.address, "lab", word).await;
    for (name, kind, code) in [
        ("public/other", Live, "NetStream.Publish.BadName"),
        ("publi", Live, "NetStream.Publish.BadName"),
        (
            "private",
            Record,
            "NetStream.Record.NoAccess this client may not",
        ),
        ("flv:public/mine/../x", Append, "NetStream.Record.NoAccess"),
        ("public/mine", Live, "NetStream.Publish.Start"),
    ] {
        client.publish(name, kind).await;
        client.until(code).await;
    }
    for (name, code) in [
        (
            "private",
            "NetStream.Play.Failed this client may not play private",
        ),
        ("mp4:private?public/", "NetStream.Play.Failed"),
        ("Public/x", "NetStream.Play.Failed"),
        ("public/x", "NetStream.Play.Start"),
    ] {
        let word = vec!["public".into()];
        let mut client = Client::connect_with(server.address, "lab", word).await;
        client.play(name).await;
        client.until(code).await;
    }
}

#[tokio::test]
async fn vod_plays_recordings_only_and_publishes_nothing() {
    let server = start();
    let mut client = Client::connect(server.address, "vod").await;
    client.publish("cam", Live).await;
    client
        .until("NetStream.Publish.BadName cam is not published")
        .await;
    client.publish("cam", Record).await;
    client
        .until("NetStream.Publish.BadName cam is not published")
        .await;
    client.play("cam").await;
    client.until("NetStream.Play.StreamNotFound").await;
}

/// Four seconds of pictures that nobody can decode.
fn recording() -> Vec<u8> {
    let mut file = b"FLV\x01\x01\0\0\0\x09\0\0\0\0".to_vec();
    for at in 0..40_u32 {
        let [high, a, b, c] = (at * 100).to_be_bytes();
        file.extend([9, 0, 0, 4, a, b, c, high, 0, 0, 0, 0x12, 0, 0, 0]);
        file.extend(15_u32.to_be_bytes());
    }
    file
}

#[tokio::test]
async fn an_application_that_shows_live_streams_only_shows_no_recordings() {
    let folder = tempfile::tempdir().unwrap();
    let root = MediaRoot::open(folder.path()).unwrap();
    let directory = folder.path().join("lab");
    std::fs::create_dir_all(&directory).unwrap();
    for name in ["film.flv", "soon.flv"] {
        std::fs::write(directory.join(name), recording()).unwrap();
    }
    let server = start_with(|config| config.media = Some(root));
    let mut client = server.client().await;
    client.play_from_one_second("film").await;
    client.until("NetStream.Play.Start").await;
    let mut client = server.client().await;
    client.play_from_one_second("soon").await;
    client.until("NetStream.Play.StreamNotFound").await;
}
