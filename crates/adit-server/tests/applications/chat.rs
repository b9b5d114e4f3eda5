//! The chat, as programs on the client library see it.

use std::time::Duration;

use adit_amf::amf0::Value;
use adit_client::connection::{ObjectChange, SharedObject, StreamError};
use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::rtmp::shared_object::Persistence;
use adit_client::{Client, ConnectOptions, Intent, NetConnection, Target};
use adit_server::application::{Applications, Chat};
use tokio::time::timeout;

use crate::{Running, start_with};

const SOON: Duration = Duration::from_secs(10);

fn start() -> Running {
    start_with(|config| {
        config.applications = Applications::default().with("chat", Chat::new());
    })
}

async fn enter(server: &Running, name: &str) -> Result<NetConnection, String> {
    enter_as(server, vec![name.to_owned().into()]).await
}

async fn enter_as(server: &Running, arguments: Vec<Value>) -> Result<NetConnection, String> {
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    let client = Client::new(ConnectorConfig::new(tls), GivenProxy::None);
    let target = Target::parse(&format!("rtmp://{}/chat", server.address)).expect("an address");
    let mut options = ConnectOptions::new(Intent::Play);
    options.arguments = arguments;
    let connected = timeout(SOON, client.connect(&target, &options)).await;
    connected
        .expect("in time")
        .map_err(|error| error.to_string())
}

async fn board(person: &NetConnection) -> SharedObject {
    let joined = person.shared_object("chat", Persistence::Temporary);
    joined.await.expect("everybody may read it")
}

/// Goes on until a change is what is wanted.
async fn until(board: &mut SharedObject, is_wanted: impl Fn(&ObjectChange) -> bool) {
    let waiting = async {
        while let Some(update) = board.next_update().await {
            if update.changes.iter().any(&is_wanted) {
                return;
            }
        }
        panic!("the object has ended");
    };
    timeout(SOON, waiting).await.expect("it happens");
}

/// Waits until exactly these people are here.
async fn until_here(board: &mut SharedObject, names: &[&str]) {
    let here = |board: &SharedObject| {
        let slots = board.slots();
        let mut here: Vec<_> = slots
            .iter()
            .map(|(_, name)| name.as_str().unwrap_or_default().to_owned())
            .collect();
        here.sort();
        here
    };
    while here(board) != names {
        until(board, |_| true).await;
    }
}

async fn fails(call: impl Future<Output = Result<Vec<Value>, StreamError>>, words: &str) {
    let error = call.await.expect_err(words).to_string();
    assert!(error.contains(words), "{error}");
}

#[tokio::test]
async fn people_in_a_chat_see_who_is_there_and_hear_what_is_said() {
    let server = start();
    let ann = enter(&server, "Ann").await.unwrap();
    let mut seen_by_ann = board(&ann).await;
    until_here(&mut seen_by_ann, &["Ann"]).await;
    let bob = enter(&server, " Bob ").await.unwrap();
    let mut seen_by_bob = board(&bob).await;
    until_here(&mut seen_by_bob, &["Ann", "Bob"]).await;
    until_here(&mut seen_by_ann, &["Ann", "Bob"]).await;
    bob.call("say", vec!["hello".into()]).await.unwrap();
    let is_hello = |change: &ObjectChange| match change {
        ObjectChange::Message { handler, arguments } => {
            *handler == "onMessage" && *arguments == ["Bob".into(), "hello".into()]
        }
        _ => false,
    };
    until(&mut seen_by_ann, is_hello).await;
    until(&mut seen_by_bob, is_hello).await;
    bob.close().await;
    until_here(&mut seen_by_ann, &["Ann"]).await;
}

#[tokio::test]
async fn nobody_writes_on_the_board_of_a_chat_but_the_chat() {
    let server = start();
    let ann = enter(&server, "Ann").await.unwrap();
    let mut board = board(&ann).await;
    board.set("99", "Mallory").await.unwrap();
    until(&mut board, |change| {
        matches!(change, ObjectChange::Refused { code, .. } if *code == "SharedObject.NoWriteAccess")
    })
    .await;
    for (name, persistence) in [
        ("chat", Persistence::Persistent),
        ("other", Persistence::Temporary),
    ] {
        let refused = ann.shared_object(name, persistence).await;
        assert!(
            matches!(refused, Err(StreamError::Refused(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn names_in_a_chat_are_bounded_and_unique() {
    let server = start();
    let _ann = enter(&server, "Ann").await.unwrap();
    let refused = async |name: &str, words: &str| {
        let Err(error) = enter(&server, name).await else {
            panic!("{name} is let in");
        };
        assert!(error.contains(words), "{name}: {error}");
    };
    refused("Ann", "somebody here is called Ann already").await;
    refused("", "1 to 64 bytes").await;
    refused("a\u{7}b", "no control characters").await;
    refused(&"n".repeat(65), "1 to 64 bytes").await;
    let longest = enter(&server, &"n".repeat(64)).await;
    assert!(longest.is_ok());
    let number = enter_as(&server, vec![1.0.into()]).await;
    assert!(number.is_err_and(|error| error.contains("a name is a text")));
    let taken = enter(&server, "guest 7").await.unwrap_err();
    assert!(taken.contains("names of guests are given"), "{taken}");
    let guest = enter_as(&server, vec![]).await.unwrap();
    let mut board = board(&guest).await;
    let is_guest = |change: &ObjectChange| match change {
        ObjectChange::Set { value, .. } => value
            .as_str()
            .is_some_and(|name| name.starts_with("guest ")),
        _ => false,
    };
    until(&mut board, is_guest).await;
}

#[tokio::test]
async fn what_is_said_in_a_chat_is_bounded_and_the_last_of_it_is_remembered() {
    let server = start();
    let ann = enter(&server, "Ann").await.unwrap();
    fails(ann.call("say", vec![]), "say wants a text").await;
    fails(ann.call("say", vec![7.0.into()]), "say wants a text").await;
    fails(ann.call("say", vec!["  ".into()]), "at most 1000 bytes").await;
    fails(
        ann.call("say", vec!["x".repeat(1001).into()]),
        "at most 1000 bytes",
    )
    .await;
    fails(ann.call("shout", vec![]), "no method shout").await;
    ann.call("say", vec!["x".repeat(1000).into()])
        .await
        .unwrap();
    for number in 1..=50 {
        ann.call("say", vec![number.to_string().into()])
            .await
            .unwrap();
    }
    let history = ann.call("history", vec![]).await.unwrap();
    let Some(Value::StrictArray(messages)) = history.first() else {
        panic!("{history:?}");
    };
    let said = |at: usize| {
        let message = messages.get(at).and_then(Value::as_object).unwrap();
        let word = |name| message.property(name).and_then(Value::as_str);
        (
            word("from").map(str::to_owned),
            word("text").map(str::to_owned),
        )
    };
    assert_eq!(messages.len(), 50);
    assert_eq!(said(0), (Some("Ann".to_owned()), Some("1".to_owned())));
    assert_eq!(said(49).1.as_deref(), Some("50"));
}
