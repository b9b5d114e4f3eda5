//! Who is let in.

use std::time::{Duration, Instant};

use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::{ConnectOptions, Intent, Target};
use adit_rtmp::command::PublishKind::Live;
use adit_server::EncoderLogin;
use adit_server::application::{self, Applications, Unknown, VirtualHost};
use tokio::time::timeout;

use crate::client::Client;
use crate::lab::Lab;
use crate::{start, start_with};

#[tokio::test]
async fn who_is_refused_is_told_why_and_what_the_application_adds() {
    let server = start();
    let told = server.refused("lab", "refuse").await;
    let code = "NetConnection.Connect.Rejected [ AccessManager.Reject ] : not today ";
    assert!(told.starts_with(code), "{told}");
    assert!(
        told.contains("application") && told.contains("tomorrow"),
        "{told}"
    );
    let told = server.refused("lab", "refuse soon").await;
    assert!(
        told.starts_with("NetConnection.Connect.Rejected not at all "),
        "{told}"
    );
    assert!(!server.log.has("disconnect"), "nobody was let in");
}

#[tokio::test]
async fn an_application_is_told_who_has_logged_in() {
    let server = start_with(|config| {
        config.access.login = Some(EncoderLogin::new("cam:s3cret".parse().unwrap()));
    });
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    let program = adit_client::Client::new(ConnectorConfig::new(tls), GivenProxy::None);
    let address = format!("rtmp://cam:s3cret@{}/lab", server.address);
    let target = Target::parse(&address).unwrap();
    let options = ConnectOptions::new(Intent::Publish);
    let connected = timeout(Duration::from_secs(20), program.connect(&target, &options)).await;
    let _connection = connected.unwrap().unwrap();
    server.log.until("user cam").await;
    // Who has not is nobody.
    server.client().await;
    let users = server.log.all();
    assert_eq!(users.iter().filter(|it| it.starts_with("user")).count(), 1);
}

#[tokio::test]
async fn who_is_sent_elsewhere_is_told_where() {
    let server = start();
    let told = server.refused("lab", "redirect").await;
    for part in [
        "Rejected over there",
        "ex",
        "302",
        "rtmp://other.example/lab",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[tokio::test]
async fn a_decision_may_take_its_time() {
    let server = start();
    let word = vec!["soon".into()];
    let mut client = Client::connect_with(server.address, "lab", word).await;
    client.call("people", vec![]).await;
    client.until("answer 1").await;
}

#[tokio::test]
async fn a_decision_that_never_comes_is_a_refusal() {
    let server = start_with(|config| config.limits.decision = Duration::from_millis(200));
    let told = server.refused("lab", "never").await;
    let expected = "NetConnection.Connect.Rejected the application did not decide in time";
    assert!(told.starts_with(expected), "{told}");
    let mut client = server.client().await;
    client.publish("never", Live).await;
    client
        .until("NetStream.Publish.BadName the application did not decide in time")
        .await;
    client.play("never").await;
    client
        .until("NetStream.Play.Failed the application did not decide in time")
        .await;
    client.call("never", vec![]).await;
    client
        .until("NetConnection.Call.Failed the application did not decide in time")
        .await;
}

#[tokio::test]
async fn a_client_that_leaves_during_the_decision_was_never_there() {
    let server = start_with(|config| {
        config.limits.decision = Duration::from_millis(200);
        config.limits.linger = Duration::from_millis(10);
    });
    let word = vec!["never".into()];
    let mut client = Client::ask(server.address, "localhost", "lab", word).await;
    tokio::select! {
        told = client.until("NetConnection") => assert!(told.contains("decide in time")),
        () = server.log.until("start lab/_definst_") => {}
    }
    drop(client);
    server.log.until("stop lab/_definst_").await;
    assert!(!server.log.has("disconnect"), "{:?}", server.log.all());
}

/// Far less than an application may take to decide.
const AT_ONCE: Duration = Duration::from_secs(4);

#[tokio::test]
async fn that_a_client_leaves_during_the_decision_is_noticed_at_once() {
    let server = start_with(|config| config.limits.linger = Duration::from_millis(10));
    let word = vec!["never".into()];
    let mut client = Client::ask(server.address, "localhost", "lab/gone", word).await;
    tokio::select! {
        told = client.until("NetConnection") => panic!("{told}"),
        () = server.log.until("start lab/gone") => {}
    }
    let left = Instant::now();
    drop(client);
    server.log.until("stop lab/gone").await;
    assert!(left.elapsed() < AT_ONCE, "{:?}", left.elapsed());
}

#[tokio::test]
async fn that_a_client_leaves_before_it_may_publish_is_noticed_at_once() {
    let server = start();
    let mut client = server.client().await;
    client.publish("never", Live).await;
    client.call("people", vec![]).await;
    // Its call waits behind the decision.
    let waits = timeout(Duration::from_millis(200), client.until("answer"));
    assert!(waits.await.is_err());
    let mut other = server.client().await;
    other.publish("never", Live).await;
    let left = Instant::now();
    drop(other);
    server.log.until("disconnect").await;
    assert!(left.elapsed() < AT_ONCE, "{:?}", left.elapsed());
}

#[tokio::test]
async fn what_a_client_says_before_it_leaves_counts() {
    let server = start();
    let mut client = server.client().await;
    client.publish("soon", Live).await;
    client.call("greet all", vec!["farewell".into()]).await;
    let mut other = server.client().await;
    drop(client);
    other.until("call hello farewell").await;
    server.log.until("disconnect").await;
}

#[tokio::test]
async fn an_application_that_panics_ends_that_connection_only() {
    let server = start();
    let mut other = server.client().await;
    for word in ["panic", "panic soon"] {
        let mut client = Client::ask(server.address, "localhost", "lab", vec![word.into()]).await;
        client.until("end").await;
    }
    for method in ["publish", "play", "call"] {
        let mut client = server.client().await;
        match method {
            "publish" => client.publish("panic", Live).await,
            "play" => client.play("panic").await,
            _ => client.call("panic", vec![]).await,
        }
        client.until("end").await;
    }
    // Its own end can fail too, and so can the beginning of an instance.
    drop(Client::connect(server.address, "lab/clumsy").await);
    let mut early = Client::ask(server.address, "localhost", "lab/broken", vec![]).await;
    early.until("end").await;
    other.call("people", vec![]).await;
    other.until("answer 1").await;
    let begun = Instant::now();
    while server.stats.snapshot().panicked < 6 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            server.stats.snapshot()
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn unknown_applications_are_refused_or_served_as_live() {
    let server = start();
    let told = server.refused("nowhere", "").await;
    let expected = "NetConnection.Connect.Rejected [ Server.Reject ] : there is no application \"nowhere\" here";
    assert!(told.starts_with(expected), "{told}");
    let told = server.refused("", "").await;
    assert!(told.contains("there is no application"), "{told}");
    let server = start_with(|config| {
        config.applications = Applications::default().with("lab", Lab::default());
    });
    let mut client = Client::connect(server.address, "nowhere").await;
    client.call("echo", vec![]).await;
    client
        .until("NetConnection.Call.Failed this server has no method echo")
        .await;
}

#[tokio::test]
async fn a_host_may_have_applications_of_its_own() {
    let server = start_with(|config| {
        let own = VirtualHost::default()
            .with("lab", application::Live)
            .unknown(Unknown::Refused);
        let applications = std::mem::take(&mut config.applications);
        config.applications = applications.host("Own.Example.", own);
    });
    let mut usual = Client::ask(server.address, "any.example", "lab", vec![]).await;
    usual.until("connected").await;
    usual.call("people", vec![]).await;
    usual.until("answer 1").await;
    let mut own = Client::ask(server.address, "own.example:1935", "lab", vec![]).await;
    own.until("connected").await;
    own.call("people", vec![]).await;
    own.until("NetConnection.Call.Failed").await;
    let mut vod = Client::ask(server.address, "own.example", "vod", vec![]).await;
    vod.until("NetConnection.Connect.Rejected").await;
}

#[tokio::test]
async fn a_client_that_does_nothing_is_sent_away_if_that_is_wanted() {
    let server = start_with(|config| {
        config.limits.client_idle = Some(Duration::from_millis(600));
    });
    let mut idle = server.client().await;
    let mut player = server.client().await;
    player.play("later").await;
    player.until("NetStream.Play.Start").await;
    let begun = Instant::now();
    idle.call("people", vec![]).await;
    idle.until("answer 2").await;
    idle.until("NetConnection.Connect.IdleTimeout").await;
    idle.until("end").await;
    assert!(begun.elapsed() >= Duration::from_millis(600));
    assert_eq!(server.stats.limits().get("client.idle"), Some(&1));
    // Who waits for a stream is not idle.
    player.call("people", vec![]).await;
    player.until("answer 1").await;
}

#[tokio::test]
async fn a_client_that_never_uses_its_connection_is_told_why_it_ends() {
    let server = start_with(|config| {
        config.session.timeouts.first_use = Duration::from_millis(600);
    });
    let mut idle = server.client().await;
    let told = "NetConnection.Connect.IdleTimeout connected, but nothing was published, played or called in time";
    idle.until(told).await;
    idle.until("end").await;
}

#[tokio::test]
async fn an_application_sends_a_client_away_after_what_it_had_to_say() {
    let server = start();
    let mut client = server.client().await;
    client.call("send me away", vec![]).await;
    client
        .until("NetConnection.Connect.Closed it was asked for")
        .await;
    client.until("end").await;
    server.log.until("disconnect").await;
}
