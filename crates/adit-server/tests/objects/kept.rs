//! Persistent objects.

use adit_amf::amf0::Value;
use adit_broker::shared_object::Persistence;
use adit_rtmp::command::StatusCode;
use adit_rtmp::shared_object::Event;
use adit_server::{ObjectStore, ServerConfig};
use tempfile::TempDir;

use crate::client::{Client, Object, persistent};
use crate::key;
use crate::support::Running;

const NOTES: Object = persistent("notes");

fn start(folder: &TempDir) -> Running {
    let mut config = ServerConfig::default();
    let store = ObjectStore::open(folder.path().join("objects"));
    config.objects.store = Some(store.expect("a file"));
    Running::with(config)
}

#[tokio::test]
async fn a_persistent_object_outlives_its_members_and_the_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start(&folder);
    let mut ann = Client::connect(server.address).await;
    ann.join(NOTES).await;
    ann.set(NOTES, 1, "a", 1.0).await;
    ann.next().await;
    drop(ann);
    let mut ann = Client::connect(server.address).await;
    let joined = ann.join(NOTES).await;
    assert!(joined.events.contains(&Event::change("a", 1.0)));
    server.stop().await;
    let server = start(&folder);
    let mut ann = Client::connect(server.address).await;
    let joined = ann.join(NOTES).await;
    let expected = [Event::UseSuccess, Event::Clear, Event::change("a", 1.0)];
    assert_eq!(joined.events, expected);
    assert_eq!(joined.version, 2);
}

#[tokio::test]
async fn who_comes_back_is_told_only_what_has_changed_removals_too_even_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start(&folder);
    let mut ann = Client::connect(server.address).await;
    ann.join(NOTES).await;
    for (version, slot) in (1..).zip(["a", "b", "c"]) {
        ann.set(NOTES, version, slot, slot).await;
        ann.next().await;
    }
    ann.say(NOTES, 4, vec![Event::Release]).await;
    let notes = server.object("notes", Persistence::Persistent).await;
    ann.settle().await;
    notes.remove("a");
    notes.set("b", "new").expect("a value");
    let expected = [
        Event::UseSuccess,
        Event::Remove { key: key("a") },
        Event::change("b", "new"),
    ];
    ann.say(NOTES, 4, vec![Event::Use]).await;
    let told = ann.next().await;
    assert_eq!((told.version, &*told.events), (6, &expected[..]));
    drop(notes);
    server.stop().await;
    let server = start(&folder);
    let mut ann = Client::connect(server.address).await;
    ann.say(NOTES, 4, vec![Event::Use]).await;
    let told = ann.next().await;
    assert_eq!((told.version, &*told.events), (6, &expected[..]));
    // Who is as new as the object is told nothing.
    let mut ben = Client::connect(server.address).await;
    ben.say(NOTES, 6, vec![Event::Use]).await;
    assert_eq!(ben.next().await.events, [Event::UseSuccess]);
}

#[tokio::test]
async fn what_was_purged_is_told_as_all_slots() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start(&folder);
    let notes = server.object("notes", Persistence::Persistent).await;
    notes.set("a", 1.0).expect("a value");
    notes.set("b", 2.0).expect("a value");
    notes.remove("a");
    notes.purge(notes.version() + 1);
    let mut ann = Client::connect(server.address).await;
    ann.say(NOTES, 2, vec![Event::Use]).await;
    let expected = [Event::UseSuccess, Event::Clear, Event::change("b", 2.0)];
    assert_eq!(ann.next().await.events, expected);
}

#[tokio::test]
async fn everything_set_until_the_server_is_told_to_stop_is_there_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start(&folder);
    let mut ann = Client::connect(server.address).await;
    ann.join(NOTES).await;
    for number in 1..=150_u32 {
        ann.set(NOTES, 0, "n", number).await;
    }
    ann.settle().await;
    server.stop().await;
    let server = start(&folder);
    let notes = server.object("notes", Persistence::Persistent).await;
    assert_eq!(notes.get("n"), Some(Value::from(150.0)));
}

#[tokio::test]
async fn many_that_come_at_once_get_the_same_object() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start(&folder);
    let notes = server.object("notes", Persistence::Persistent).await;
    notes.set("a", 1.0).expect("a value");
    notes.flush().await.expect("a disk");
    drop(notes);
    let mut clients = Vec::new();
    for _ in 0..10 {
        let mut client = Client::connect(server.address).await;
        client.say(NOTES, 0, vec![Event::Use]).await;
        clients.push(client);
    }
    for client in &mut clients {
        let joined = client.next().await;
        assert!(joined.events.contains(&Event::change("a", 1.0)));
    }
    assert_eq!(server.stats.objects().objects, 1);
}

#[tokio::test]
async fn names_that_would_leave_a_folder_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = start(&folder);
    let mut ann = Client::connect(server.address).await;
    for name in ["../notes", "a//b", "a\\b", "c:notes", "/etc"] {
        let told = ann.join(persistent(name)).await;
        let refused = Event::status(StatusCode::SharedObjectCreationFailed);
        assert_eq!(told.events, [refused], "{name}");
    }
    assert_eq!(ann.join(persistent("a/b")).await.events.len(), 2);
}
