//! Who may use which object: applications decide.

use std::time::Duration;

use adit_rtmp::command::StatusCode;
use adit_rtmp::shared_object::Event;
use adit_server::application::{
    Application, Applications, Client as Guest, Decision, Instance, ObjectAccess, Persistence,
    Refusal, Welcome,
};
use adit_server::{ServerConfig, SharedObject};

use crate::client::{Client, Object, temporary};
use crate::key;
use crate::support::Running;

/// Lets its clients do what the names of the objects say.
#[derive(Debug)]
struct Doorkeeper;

impl Application for Doorkeeper {
    fn connect(
        &self,
        _: &Instance,
        client: &Guest,
        _: &[adit_amf::amf0::Value],
    ) -> Decision<Welcome> {
        client.set_read_access(["open", "seen", "slow", "never", "closed", "written"]);
        client.set_write_access(["open", "seen", "slow"]);
        Decision::allow(Welcome::default())
    }

    fn shared_object(
        &self,
        _: &Instance,
        _: &Guest,
        name: &str,
        _: Persistence,
    ) -> Decision<ObjectAccess> {
        match name {
            "seen" => Decision::allow(ObjectAccess::ReadOnly),
            "closed" => Decision::refuse(Refusal::new("it is closed")),
            "slow" => Decision::later(async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok(ObjectAccess::Full)
            }),
            "never" => Decision::later(std::future::pending()),
            _ => Decision::allow(ObjectAccess::Full),
        }
    }
}

fn start() -> Running {
    let mut config = ServerConfig::default();
    config.applications = Applications::default().with("chat", Doorkeeper);
    config.limits.decision = Duration::from_millis(200);
    Running::with(config)
}

async fn object(server: &Running, name: &str) -> SharedObject {
    server.object(name, Persistence::Temporary).await
}

const SEEN: Object = temporary("seen");

#[tokio::test]
async fn who_may_only_read_is_told_so_and_its_change_is_taken_back() {
    let server = start();
    let seen = object(&server, "seen").await;
    seen.set("a", "server").expect("a value");
    let mut ann = Client::connect(server.address).await;
    let joined = ann.join(SEEN).await;
    assert!(joined.events.contains(&Event::change("a", "server")));
    let said = Event::Message {
        handler: key("say"),
        arguments: Vec::new(),
    };
    let asked = vec![Event::request_change("a", "ann"), said, Event::RequestClear];
    ann.say(SEEN, joined.version, asked).await;
    let told = ann.next().await;
    let expected = [
        Event::status(StatusCode::SharedObjectNoWriteAccess),
        Event::change("a", "server"),
        Event::change("a", "server"),
    ];
    assert_eq!(told.events, expected);
    assert_eq!(seen.get("a"), Some("server".into()));
}

#[tokio::test]
async fn the_rights_of_a_client_count_beside_what_the_application_says() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    let told = ann.join(temporary("hidden")).await;
    let refused = Event::status(StatusCode::SharedObjectNoReadAccess);
    assert_eq!(told.events, [refused]);
    let written = temporary("written");
    ann.join(written).await;
    ann.set(written, 1, "a", 1.0).await;
    let told = ann.next().await;
    let expected = [
        Event::status(StatusCode::SharedObjectNoWriteAccess),
        Event::Remove { key: key("a") },
    ];
    assert_eq!(told.events, expected);
}

#[tokio::test]
async fn what_the_application_refuses_is_not_used() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    let told = ann.join(temporary("closed")).await;
    let refused = Event::status(StatusCode::SharedObjectNoReadAccess);
    assert_eq!(told.events, [refused]);
    assert_eq!(server.stats.objects().objects, 0);
}

#[tokio::test]
async fn what_comes_behind_a_request_that_takes_time_waits_for_it() {
    let server = start();
    let slow = object(&server, "slow").await;
    let mut ann = Client::connect(server.address).await;
    let asked = vec![Event::Use, Event::request_change("a", 1.0)];
    ann.say(temporary("slow"), 0, asked).await;
    ann.set(temporary("slow"), 0, "b", 2.0).await;
    assert!(ann.next().await.events.contains(&Event::UseSuccess));
    assert_eq!(ann.next().await.events, [Event::Success { key: key("a") }]);
    assert_eq!(ann.next().await.events, [Event::Success { key: key("b") }]);
    assert_eq!(slow.slots().len(), 2);
}

#[tokio::test]
async fn a_decision_that_never_comes_is_a_refusal_and_the_connection_goes_on() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    let told = ann.join(temporary("never")).await;
    let refused = Event::status(StatusCode::SharedObjectNoReadAccess);
    assert_eq!(told.events, [refused]);
    assert_eq!(ann.join(temporary("open")).await.events.len(), 2);
}

#[tokio::test]
async fn who_leaves_while_the_application_decides_leaves_nothing_behind() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    ann.say(temporary("never"), 0, vec![Event::Use]).await;
    drop(ann);
    while server.stats.snapshot().closed == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(server.stats.objects().objects, 0);
}
