//! Sessions of a real server over real sockets on loopback.
#![expect(clippy::expect_used, reason = "tests fail by panicking")]

mod client;
mod limits;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared objects are tested elsewhere")]
mod support;

use adit_rtmp::command::{ClientCommand, PauseForm, PauseState, PublishKind, Receive};
use adit_rtmp::session::MediaKind::{Audio, Video};
use adit_server::{EncoderLogin, ServerConfig};

use crate::client::Client;
use crate::support::Running;

const AVC_HEADER: &[u8] = &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1f, 0xff];
const AAC_HEADER: &[u8] = &[0xaf, 0, 0x12, 0x10];
const KEY_FRAME: &[u8] = &[0x17, 1, 0, 0, 0, 1, 2, 3];
const INTER_FRAME: &[u8] = &[0x27, 1, 0, 0, 0, 4, 5, 6];
const AAC_FRAME: &[u8] = &[0xaf, 1, 9, 9];

fn start() -> Running {
    Running::with(ServerConfig::default())
}

async fn publisher(server: &Running, name: &str) -> Client {
    let mut publisher = Client::connect(server.address).await;
    publisher.publish(name).await;
    publisher.until("NetStream.Publish.Start").await;
    publisher.send(Video, 0, AVC_HEADER).await;
    publisher.send(Audio, 0, AAC_HEADER).await;
    publisher
}

#[tokio::test]
async fn a_player_that_came_before_the_publisher_sees_everything() {
    let server = start();
    let mut player = Client::connect(server.address).await;
    player.play("early").await;
    player.until("NetStream.Play.Start").await;
    let mut publisher = publisher(&server, "early").await;
    player.until("NetStream.Play.PublishNotify").await;
    publisher.send(Audio, 7, AAC_FRAME).await;
    publisher.send(Video, 40, KEY_FRAME).await;
    publisher.send(Audio, 41, AAC_FRAME).await;
    publisher.send(Video, 80, INTER_FRAME).await;
    let media = player.until_media(6).await;
    let got: Vec<_> = media
        .iter()
        .map(|(kind, at, payload)| (*kind, *at, payload.as_ref()))
        .collect();
    assert_eq!(
        got,
        [
            (Video, 0, AVC_HEADER),
            (Audio, 0, AAC_HEADER),
            (Audio, 7, AAC_FRAME),
            (Video, 40, KEY_FRAME),
            (Audio, 41, AAC_FRAME),
            (Video, 80, INTER_FRAME),
        ]
    );
}

#[tokio::test]
async fn a_player_that_comes_late_starts_at_the_newest_key_frame() {
    let server = start();
    let mut publisher = publisher(&server, "late").await;
    publisher.send(Video, 40, KEY_FRAME).await;
    publisher.send(Video, 80, INTER_FRAME).await;
    publisher.send(Video, 1040, KEY_FRAME).await;
    publisher.send(Video, 1080, INTER_FRAME).await;
    // The server has worked off all of it once it answers a call sent behind it.
    settle(&mut publisher).await;
    let mut player = Client::connect(server.address).await;
    player.play("late").await;
    let media = player.until_media(4).await;
    let coded: Vec<_> = media
        .iter()
        .map(|(kind, at, payload)| (*kind, *at, payload.len()))
        .skip(2)
        .collect();
    assert_eq!(
        coded,
        [
            (Video, 1040, KEY_FRAME.len()),
            (Video, 1080, INTER_FRAME.len())
        ]
    );
    assert_eq!(media[0].2, AVC_HEADER);
    assert_eq!(media[1].2, AAC_HEADER);
}

#[tokio::test]
async fn a_second_publisher_is_told_that_the_name_is_taken_and_what_to_do_but_not_by_whom() {
    let server = start();
    let first = publisher(&server, "taken").await;
    let mut second = Client::connect(server.address).await;
    second.publish("taken").await;
    let refusal = "NetStream.Publish.BadName taken is already published, for ";
    let refusal = second.until_one_of(&[refusal]).await;
    assert!(
        refusal.ends_with(" s now; stop that publisher or use another stream key"),
        "{refusal}"
    );
    drop(first);
}

#[tokio::test]
async fn the_name_is_free_as_soon_as_its_publisher_is_gone() {
    let server = start();
    let mut player = Client::connect(server.address).await;
    player.play("again").await;
    let first = publisher(&server, "again").await;
    player.until("NetStream.Play.PublishNotify").await;
    drop(first);
    player.until("NetStream.Play.UnpublishNotify").await;
    let mut second = publisher(&server, "again").await;
    second.send(Video, 40, KEY_FRAME).await;
    player.until("NetStream.Play.PublishNotify").await;
}

#[tokio::test]
async fn a_request_to_record_is_refused_and_says_so() {
    let server = start();
    let mut publisher = Client::connect(server.address).await;
    publisher.publish_as("tape", PublishKind::Record).await;
    publisher
        .until("NetStream.Record.NoAccess this server does not record")
        .await;
}

#[tokio::test]
async fn an_unknown_method_is_answered_with_an_error() {
    let server = start();
    let mut client = Client::connect(server.address).await;
    client.call("doThing", vec![]).await;
    client
        .until("NetConnection.Call.Failed this server has no method doThing")
        .await;
}

#[tokio::test]
async fn video_that_was_turned_off_comes_back_at_a_key_frame() {
    let server = start();
    let mut publisher = publisher(&server, "gate").await;
    let mut player = Client::connect(server.address).await;
    player.play("gate").await;
    publisher.send(Video, 40, KEY_FRAME).await;
    player.until_media(3).await;
    player.ask(ClientCommand::ReceiveVideo(Receive::Off)).await;
    settle(&mut player).await;
    publisher.send(Video, 80, INTER_FRAME).await;
    publisher.send(Audio, 81, AAC_FRAME).await;
    assert_eq!(player.until_media(1).await[0].1, 81);
    player.ask(ClientCommand::ReceiveVideo(Receive::On)).await;
    settle(&mut player).await;
    publisher.send(Video, 120, INTER_FRAME).await;
    publisher.send(Video, 160, KEY_FRAME).await;
    assert_eq!(player.until_media(1).await[0].1, 160);
}

#[tokio::test]
async fn a_paused_player_gets_nothing_and_goes_on_at_a_key_frame() {
    let server = start();
    let mut publisher = publisher(&server, "pause").await;
    let mut player = Client::connect(server.address).await;
    player.play("pause").await;
    publisher.send(Video, 40, KEY_FRAME).await;
    player.until_media(3).await;
    player.ask(pause(PauseState::Paused)).await;
    player.until("NetStream.Pause.Notify").await;
    publisher.send(Video, 80, INTER_FRAME).await;
    publisher.send(Audio, 81, AAC_FRAME).await;
    settle(&mut publisher).await;
    player.ask(pause(PauseState::Playing)).await;
    player.until("NetStream.Unpause.Notify").await;
    publisher.send(Video, 120, INTER_FRAME).await;
    publisher.send(Video, 160, KEY_FRAME).await;
    assert_eq!(player.until_media(1).await[0].1, 160);
}

#[tokio::test]
async fn a_server_that_stops_tells_its_clients_and_ends() {
    let server = start();
    let mut client = Client::connect(server.address).await;
    let ended = server.stop();
    client.until("NetConnection.Connect.AppShutdown").await;
    client.until("end").await;
    ended.await;
}

/// Waits until the server has worked off what the client sent so far: it answers in order.
async fn settle(client: &mut Client) {
    client.call("getStreamLength", vec![]).await;
    client.until("response").await;
}

fn pause(state: PauseState) -> ClientCommand {
    ClientCommand::Pause {
        state,
        position_ms: 40,
        form: PauseForm::Plain,
    }
}

#[tokio::test]
async fn who_has_not_logged_in_may_play_and_is_told_how_to_publish() {
    let mut config = ServerConfig::default();
    let users = "cam:s3cret".parse().expect("a list of one");
    config.access.login = Some(EncoderLogin::new(users));
    let server = Running::with(config);
    let mut client = Client::connect(server.address).await;
    client.publish("name").await;
    let told = client.until_one_of(&["NetStream.Publish.Denied"]).await;
    assert!(told.contains("rtmp://user:password@host"), "{told}");
    let mut player = Client::connect(server.address).await;
    player.play("name").await;
    player.until("NetStream.Play.Start").await;
}
