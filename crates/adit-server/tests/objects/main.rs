//! Shared objects of a real server over real sockets on loopback.
#![expect(clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod access;
mod bad;
mod client;
mod kept;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "streams are tested elsewhere")]
mod support;

use adit_amf::amf0::{Object as Members, Value};
use adit_amf::amf3;
use adit_broker::StreamKey;
use adit_broker::shared_object::Persistence;
use adit_rtmp::shared_object::Event;
use adit_server::{ObjectNews, ServerConfig, SharedObject};

use crate::client::{AMF0, AMF3, Client, Copy, temporary};
use crate::support::Running;

fn start() -> Running {
    Running::with(ServerConfig::default())
}

impl Running {
    /// The server's own hold on an object of the application the clients are in.
    async fn object(&self, name: &str, persistence: Persistence) -> SharedObject {
        let place = StreamKey::new("", "chat", "room", name).expect("short");
        let opened = self.objects.shared_object(place, persistence).await;
        opened.expect("an object")
    }

    fn limit(&self, key: &str) -> u64 {
        *self.stats.limits().get(key).expect("a limit")
    }
}

const ROOM: client::Object = temporary("room");

fn key(name: &str) -> adit_amf::Text {
    name.into()
}

#[tokio::test]
async fn who_uses_an_object_is_told_all_its_slots_in_one_message() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    let joined = ann.join(ROOM).await;
    assert_eq!(joined.events, [Event::UseSuccess, Event::Clear]);
    assert_eq!((joined.version, &*joined.name), (1, "room"));
    ann.set(ROOM, 1, "a", 1.0).await;
    ann.set(ROOM, 2, "b", "x").await;
    ann.settle().await;
    let mut ben = Client::connect(server.address).await;
    let joined = ben.join(ROOM).await;
    let expected = [
        Event::UseSuccess,
        Event::Clear,
        Event::change("a", 1.0),
        Event::change("b", "x"),
    ];
    assert_eq!(joined.events, expected);
    assert_eq!(joined.version, 3);
}

#[tokio::test]
async fn a_change_is_a_success_to_its_author_and_news_to_the_others() {
    let server = start();
    let (mut ann, mut ben) = two_in(&server).await;
    ann.set(ROOM, 1, "topic", "adits").await;
    let told = ann.next().await;
    assert_eq!(told.events, [Event::Success { key: key("topic") }]);
    assert_eq!(told.version, 2);
    let told = ben.next().await;
    assert_eq!(told.events, [Event::change("topic", "adits")]);
    assert_eq!(told.version, 2);
}

/// Two members of the room, who have heard what there is.
async fn two_in(server: &Running) -> (Client, Client) {
    let mut ann = Client::connect(server.address).await;
    ann.join(ROOM).await;
    let mut ben = Client::connect(server.address).await;
    ben.join(ROOM).await;
    (ann, ben)
}

#[tokio::test]
async fn a_message_with_several_changes_is_one_step() {
    let server = start();
    let (mut ann, mut ben) = two_in(&server).await;
    let changes = vec![
        Event::request_change("a", 1.0),
        Event::request_change("b", 2.0),
        Event::RequestRemove { key: key("a") },
    ];
    ann.say(ROOM, 1, changes).await;
    let told = ben.next().await;
    let expected = [
        Event::change("a", 1.0),
        Event::change("b", 2.0),
        Event::Remove { key: key("a") },
    ];
    assert_eq!((told.version, &*told.events), (2, &expected[..]));
    let told = ann.next().await;
    let expected = [
        Event::Success { key: key("a") },
        Event::Success { key: key("b") },
        Event::Remove { key: key("a") },
    ];
    assert_eq!((told.version, &*told.events), (2, &expected[..]));
}

#[tokio::test]
async fn null_and_undefined_delete_a_slot() {
    let server = start();
    let (mut ann, mut ben) = two_in(&server).await;
    for (round, nothing) in [Value::Null, Value::Undefined].into_iter().enumerate() {
        let version = u32::try_from(round).expect("small") * 2;
        ann.set(ROOM, version + 1, "a", 1.0).await;
        ann.set(ROOM, version + 2, "a", nothing).await;
        assert_eq!(ben.next().await.events, [Event::change("a", 1.0)]);
        let told = ben.next().await;
        assert_eq!(told.events, [Event::Remove { key: key("a") }]);
        assert_eq!(ann.next().await.events, [Event::Success { key: key("a") }]);
        assert_eq!(ann.next().await.events, [Event::Success { key: key("a") }]);
    }
}

#[tokio::test]
async fn a_removal_and_a_clearing_are_told_to_all() {
    let server = start();
    let (mut ann, mut ben) = two_in(&server).await;
    ann.set(ROOM, 1, "a", 1.0).await;
    ann.next().await;
    ben.next().await;
    let removal = vec![Event::RequestRemove { key: key("a") }];
    ann.say(ROOM, 2, removal).await;
    let removed = [Event::Remove { key: key("a") }];
    assert_eq!(ann.next().await.events, removed);
    assert_eq!(ben.next().await.events, removed);
    ben.say(ROOM, 3, vec![Event::RequestClear]).await;
    assert_eq!(ann.next().await.events, [Event::Clear]);
    assert_eq!(ben.next().await.events, [Event::Clear]);
}

#[tokio::test]
async fn a_message_reaches_all_members_its_sender_too_and_changes_nothing() {
    let server = start();
    let (mut ann, mut ben) = two_in(&server).await;
    let said = Event::Message {
        handler: key("say"),
        arguments: vec![
            "hello".into(),
            Members::new().with("loud", true).into(),
            Value::Reference(0),
        ],
    };
    ann.say(ROOM, 1, vec![said.clone()]).await;
    for member in [&mut ann, &mut ben] {
        let told = member.next().await;
        assert_eq!(told.events, std::slice::from_ref(&said));
        assert_eq!(told.version, 1);
    }
}

#[tokio::test]
async fn who_releases_an_object_or_leaves_is_told_nothing_more_and_the_last_one_ends_it() {
    let server = start();
    let (mut ann, mut ben) = two_in(&server).await;
    ann.say(ROOM, 1, vec![Event::Release]).await;
    ann.settle().await;
    ben.set(ROOM, 1, "a", 1.0).await;
    ben.next().await;
    ann.settle().await;
    assert!(ann.heard.0.is_empty(), "{:?}", ann.heard.0);
    assert_eq!(server.stats.objects().objects, 1);
    drop(ben);
    while server.stats.objects().objects > 0 {
        tokio::task::yield_now().await;
    }
    let joined = ann.join(ROOM).await;
    assert_eq!(joined.events, [Event::UseSuccess, Event::Clear]);
}

#[tokio::test]
async fn unknown_flags_go_back_with_every_message() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    let mut message = adit_rtmp::shared_object::SharedObjectMessage::new("room", ROOM.persistence);
    message.flags = adit_rtmp::shared_object::Flags::from_bits(0x30);
    message.events = vec![Event::Use, Event::request_change("a", 1.0)];
    let body = message.encode(AMF0).expect("a message").remove(0);
    ann.send(AMF0, body);
    ann.flush().await;
    assert_eq!(ann.next().await.flags.bits(), 0x30);
    let told = ann.next().await;
    assert_eq!(told.flags.bits(), 0x30);
    assert_eq!(told.events, [Event::Success { key: key("a") }]);
}

#[tokio::test]
async fn members_that_speak_amf0_and_amf3_see_the_same_values_of_one_object() {
    let server = start();
    let (mut ann, mut ben) = (
        Client::connect(server.address).await,
        Client::connect(server.address).await,
    );
    ann.join(ROOM).await;
    ben.join(ROOM.in_amf3()).await;
    let object = amf3::Object::new().with("x", 7).with("name", "ben");
    ben.set(
        ROOM.in_amf3(),
        1,
        "object",
        amf3::Value::from(object.clone()),
    )
    .await;
    let (kind, told) = ben.next_of().await;
    assert_eq!(
        (kind, told.events),
        (AMF3, vec![Event::Success { key: key("object") }])
    );
    let (kind, told) = ann.next_of().await;
    let plain = Members::new().with("x", 7.0).with("name", "ben");
    assert_eq!(kind, AMF0);
    assert_eq!(told.events, [Event::change("object", plain)]);
    ann.set(ROOM, 2, "list", vec![1.0.into(), "two".into()])
        .await;
    let (kind, told) = ben.next_of().await;
    let list = amf3::Array::from(vec![1.into(), "two".into()]);
    let list = Value::Avm(list.into());
    assert_eq!(
        (kind, told.events),
        (AMF3, vec![Event::change("list", list)])
    );
    let mut late = Client::connect(server.address).await;
    let joined = late.join(ROOM.in_amf3()).await;
    let value = Value::from(amf3::Value::from(object));
    assert!(joined.events.contains(&Event::change("object", value)));
}

#[tokio::test]
async fn whose_change_crosses_another_one_is_told_the_value_that_holds() {
    let server = start();
    let (mut ann, mut ben) = two_in(&server).await;
    ann.set(ROOM, 1, "a", "ann").await;
    ann.next().await;
    // Ben has not heard of it: he still has version 1.
    ben.set(ROOM, 1, "a", "ben").await;
    let mut copy = Copy::default();
    copy.apply(&ben.next().await);
    copy.apply(&ben.next().await);
    assert_eq!(copy.slots["a"], Value::from("ann"));
    ben.set(ROOM, copy.version, "a", "ben").await;
    assert_eq!(ann.next().await.events, [Event::change("a", "ben")]);
}

#[tokio::test]
async fn who_never_says_a_version_wins_with_its_last_change() {
    let server = start();
    let (mut ann, mut ben) = two_in(&server).await;
    ann.set(ROOM, 0, "a", "ann").await;
    ann.next().await;
    ben.set(ROOM, 0, "a", "ben").await;
    assert_eq!(ann.next().await.events, [Event::change("a", "ben")]);
}

#[tokio::test]
async fn the_server_takes_part_like_a_member_and_watches() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    let room = server.object("room", Persistence::Temporary).await;
    room.set("motto", "through").expect("a value");
    let joined = ann.join(ROOM).await;
    assert!(joined.events.contains(&Event::change("motto", "through")));
    let mut watch = room.watch();
    let all = vec![("motto".to_owned(), Value::from("through"))];
    assert_eq!(watch.next().await, ObjectNews::All(all));
    ann.set(ROOM, joined.version, "a", 1.0).await;
    let news = ObjectNews::Changed {
        slot: "a".to_owned(),
        value: 1.0.into(),
    };
    assert_eq!(watch.next().await, news);
    assert_eq!(room.get("a"), Some(1.0.into()));
    assert_eq!(ann.next().await.events, [Event::Success { key: key("a") }]);
    room.send("ring", &["twice".into()]).expect("values");
    let said = Event::Message {
        handler: key("ring"),
        arguments: vec!["twice".into()],
    };
    assert_eq!(ann.next().await.events, [said]);
    room.clear();
    assert_eq!(ann.next().await.events, [Event::Clear]);
    let ObjectNews::Message { handler, .. } = watch.next().await else {
        panic!("the message comes first");
    };
    assert_eq!(handler, "ring");
    assert_eq!(watch.next().await, ObjectNews::Cleared);
}

#[tokio::test]
async fn what_is_asked_for_under_a_lock_comes_after_it_in_one_step() {
    let server = start();
    let (mut ann, mut ben) = two_in(&server).await;
    let room = server.object("room", Persistence::Temporary).await;
    let lock = room.lock();
    ann.set(ROOM, 1, "a", "ann").await;
    ann.settle().await;
    assert_eq!(room.get("a"), None);
    room.set("b", "server").expect("a value");
    assert!(ann.heard.0.is_empty());
    drop(lock);
    let told = ben.next().await;
    let expected = [Event::change("b", "server"), Event::change("a", "ann")];
    assert_eq!((told.version, &*told.events), (2, &expected[..]));
    let told = ann.next().await;
    let expected = [
        Event::change("b", "server"),
        Event::Success { key: key("a") },
    ];
    assert_eq!((told.version, &*told.events), (2, &expected[..]));
}

#[tokio::test]
async fn a_large_object_comes_in_several_messages_and_whole() {
    let server = start();
    let room = server.object("room", Persistence::Temporary).await;
    let lock = room.lock();
    for slot in 0..600_u32 {
        let text = format!("{slot}:{}", "x".repeat(1_000));
        room.set(&format!("slot {slot}"), text).expect("a value");
    }
    drop(lock);
    let mut ann = Client::connect(server.address).await;
    let mut copy = Copy::default();
    copy.apply(&ann.join(ROOM).await);
    while copy.slots.len() < 600 {
        copy.apply(&ann.next().await);
    }
    assert_eq!(copy.slots.into_iter().collect::<Vec<_>>(), room.slots());
    // A step as large is told in parts as well.
    let lock = room.lock();
    for slot in 0..600_u32 {
        room.set(&format!("slot {slot}"), "y".repeat(1_000))
            .expect("a value");
    }
    drop(lock);
    let (mut changes, mut messages) = (0, 0);
    while changes < 600 {
        changes += ann.next().await.events.len();
        messages += 1;
    }
    assert!(messages > 5, "{messages} messages");
}
