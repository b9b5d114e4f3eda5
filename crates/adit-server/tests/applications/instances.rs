//! Rooms: when they begin, who is in them, and what ends with them.

use std::time::Duration;

use adit_rtmp::command::PublishKind::Live;
use adit_server::application::Applications;

use crate::client::Client;
use crate::{Running, start, start_with};

#[tokio::test]
async fn an_instance_begins_with_its_first_client_and_ends_some_time_after_its_last() {
    let server = start_with(|config| config.limits.linger = Duration::from_secs(2));
    assert_eq!(server.log.all(), Vec::<String>::new());
    let first = server.client().await;
    let second = server.client().await;
    server.log.until("tick 2").await;
    drop(first);
    drop(second);
    server.log.until("disconnect").await;
    // Who comes back in time finds it as it was.
    let third = server.client().await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    drop(third);
    server.log.until("stop lab/_definst_").await;
    let of = |what: &str| server.log.all().iter().filter(|line| *line == what).count();
    assert_eq!((of("start lab/_definst_"), of("disconnect")), (1, 3));
    // Its timer ends with it.
    let ticks = server.log.all().len();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.log.all().len(), ticks);
    // The next one is new.
    let _fourth = server.client().await;
    assert_eq!(of("start lab/_definst_"), 2);
}

#[tokio::test]
async fn instances_are_rooms_of_their_own() {
    let server = start();
    let mut here = server.client().await;
    let mut there = Client::connect(server.address, "lab/room/inner").await;
    server.log.until("start lab/room/inner").await;
    here.call("people", vec![]).await;
    here.until("answer 1").await;
    here.publish("cam", Live).await;
    here.until("NetStream.Publish.Start").await;
    // The same name in another room is another stream.
    there.publish("cam", Live).await;
    there.until("NetStream.Publish.Start").await;
}

#[tokio::test]
async fn a_stream_of_the_server_itself_takes_its_name_and_ends_with_the_instance() {
    let server = start_with(|config| config.limits.linger = Duration::from_millis(50));
    let mut client = server.client().await;
    client.call("publish own", vec!["news".into()]).await;
    client.until("answer Boolean(false)").await;
    client.call("publish own", vec!["news".into()]).await;
    client.until("answer Boolean(true)").await;
    client.publish("news", Live).await;
    client.until("NetStream.Publish.BadName").await;
    drop(client);
    server.log.until("stop lab/_definst_").await;
    let mut client = server.client().await;
    client.publish("news", Live).await;
    client.until("NetStream.Publish.Start").await;
}

#[tokio::test]
async fn a_server_that_stops_ends_its_instances() {
    let server = start();
    let mut client = server.client().await;
    let Running { server, log } = server;
    let ended = server.stop();
    client.until("NetConnection.Connect.AppShutdown").await;
    client.until("end").await;
    ended.await;
    let log = log.all();
    let at = |what: &str| log.iter().position(|line| line == what);
    assert!(
        at("disconnect").is_some() && at("disconnect") < at("stop lab/_definst_"),
        "{log:?}"
    );
}

#[tokio::test]
async fn what_a_client_says_about_itself_is_kept_to_a_limit() {
    use adit_server::application::{Application, Client as Seen, Decision, Instance, Welcome};

    #[derive(Debug)]
    struct Looks;
    impl Application for Looks {
        fn connect(
            &self,
            _: &Instance,
            client: &Seen,
            _: &[adit_amf::amf0::Value],
        ) -> Decision<Welcome> {
            let version = client.about().flash_version.as_deref().unwrap_or_default();
            assert_eq!(version.len(), 512, "of 720");
            assert_eq!(client.address().application(), "looks");
            assert!(client.tls().is_none());
            Decision::allow(Welcome::default())
        }
    }

    let server = start_with(|config| {
        config.applications = Applications::default().with("looks", Looks);
    });
    let client = Client::connect(server.address, "looks").await;
    drop(client);
}
