//! Refusals, storms, and messages that are none.

use adit_amf::Text;
use adit_broker::shared_object::Persistence;
use adit_rtmp::command::StatusCode;
use adit_rtmp::shared_object::{Event, SharedObjectMessage};
use adit_server::ServerConfig;
use bytes::Bytes;

use crate::client::{AMF0, AMF3, Client, Copy, persistent, temporary};
use crate::support::Running;
use crate::{ROOM, start};

#[tokio::test]
async fn a_persistent_object_without_a_store_is_refused() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    let told = ann.join(persistent("room")).await;
    let refused = Event::status(StatusCode::SharedObjectBadPersistence);
    assert_eq!(told.events, [refused]);
}

#[tokio::test]
async fn names_that_no_object_can_have_are_refused() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    for name in ["", "a\nb", "bell\u{7}"] {
        let told = ann.join(temporary(name)).await;
        let refused = Event::status(StatusCode::SharedObjectCreationFailed);
        assert_eq!(told.events, [refused], "{name:?}");
    }
}

#[tokio::test]
async fn who_does_not_use_an_object_has_no_business_with_it() {
    let server = start();
    let room = server.object("room", Persistence::Temporary).await;
    let mut ann = Client::connect(server.address).await;
    ann.set(ROOM, 1, "a", 1.0).await;
    let told = ann.next().await;
    let refused = Event::status(StatusCode::SharedObjectNoWriteAccess);
    assert_eq!(told.events, [refused]);
    assert_eq!(room.slots(), []);
    ann.join(ROOM).await;
    ann.set(persistent("room"), 1, "a", 1.0).await;
    let told = ann.next().await;
    let refused = Event::status(StatusCode::SharedObjectBadPersistence);
    assert_eq!(told.events, [refused]);
    assert_eq!(room.slots(), []);
}

#[tokio::test]
async fn a_connection_uses_sixty_four_objects_and_not_more() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    let names: Vec<_> = (0..65).map(|number| format!("object {number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let mut message = SharedObjectMessage::new(name.as_str(), ROOM.persistence);
        message.events = vec![Event::Use];
        ann.send(AMF0, message.encode(AMF0).expect("a message").remove(0));
        let told = ann.next().await;
        let expected = if number < 64 {
            vec![Event::UseSuccess, Event::Clear]
        } else {
            vec![Event::status(StatusCode::SharedObjectCreationFailed)]
        };
        assert_eq!(told.events, expected, "{name}");
    }
    assert_eq!(server.limit("so.per_conn"), 1);
}

#[tokio::test]
async fn a_refused_value_is_undone_in_the_copy_of_its_author() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    ann.join(ROOM).await;
    ann.set(ROOM, 1, "a", "small").await;
    ann.next().await;
    let mut config = ServerConfig::default();
    config.objects.limits.value_bytes = 100;
    let strict = Running::with(config);
    let mut ann = Client::connect(strict.address).await;
    ann.join(ROOM).await;
    ann.set(ROOM, 1, "a", "small").await;
    ann.next().await;
    ann.set(ROOM, 2, "a", "x".repeat(200)).await;
    let told = ann.next().await;
    let expected = [
        Event::status(StatusCode::SharedObjectNoWriteAccess),
        Event::change("a", "small"),
    ];
    assert_eq!(told.events, expected);
    assert_eq!(strict.limit("so.slot_value"), 1);
}

#[tokio::test]
async fn messages_that_are_none_are_answered_and_the_connection_goes_on() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    ann.join(ROOM).await;
    let mut torn = SharedObjectMessage::new("room", ROOM.persistence);
    torn.events = vec![Event::request_change("a", "text")];
    let torn = torn.encode(AMF0).expect("a message").remove(0);
    let bodies = [
        (AMF0, Bytes::new()),
        (AMF0, torn.slice(..torn.len() - 2)),
        (AMF3, Bytes::from_static(&[9, 0, 4])),
        (AMF3, torn),
        (AMF0, Bytes::from_static(&[0xff; 300])),
    ];
    let count = bodies.len();
    for (kind, body) in bodies {
        ann.send(kind, body);
    }
    for _ in 0..count {
        let told = ann.until("NetConnection.Call.Failed").await;
        assert!(told.contains("shared object"), "{told}");
    }
    ann.set(ROOM, 1, "a", 1.0).await;
    assert_eq!(ann.next().await.events.len(), 1);
}

#[tokio::test]
async fn a_message_with_too_many_events_is_told_and_counted() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    ann.join(ROOM).await;
    let mut message = SharedObjectMessage::new("room", ROOM.persistence);
    message.events = vec![Event::RequestClear; 256];
    let mut body = message.encode(AMF0).expect("a message").remove(0).to_vec();
    body.extend([14, 0, 0, 0, 0]);
    ann.send(AMF0, body.into());
    let told = ann.until("NetConnection.Call.Failed").await;
    assert!(told.ends_with("over the limit so.events = 256"), "{told}");
    assert_eq!(server.limit("so.events"), 1);
}

#[tokio::test]
async fn every_type_of_event_with_every_kind_of_data_does_no_harm() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    ann.join(ROOM).await;
    let data: [&[u8]; 8] = [
        &[],
        &[0],
        &[0, 1, b'a'],
        &[0, 1, b'a', 5],
        &[0, 1, b'a', 0x11, 0x0a, 0x0b, 0x01, 0x01],
        &[2, 0, 1, b'm', 3, 0, 0, 9],
        &[0, 1, b'a', 7, 0, 0],
        &[0xff; 9],
    ];
    let head = [
        0, 4, b'r', b'o', b'o', b'm', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    for kind in [AMF0, AMF3] {
        for id in 0..=20_u8 {
            // The client would not use the object any more.
            if id == 2 {
                continue;
            }
            for data in data {
                let format: &[u8] = if kind == AMF3 { &[0] } else { &[] };
                let length = u32::try_from(data.len()).expect("short").to_be_bytes();
                let event: &[u8] = &[&[id], &length[..], data].concat();
                ann.send(kind, [format, &head, event].concat().into());
            }
        }
    }
    ann.settle().await;
    ann.say(ROOM, 0, vec![Event::Use]).await;
    ann.settle().await;
    assert!(
        ann.heard
            .0
            .iter()
            .any(|(_, message)| message.events.contains(&Event::UseSuccess))
    );
}

#[tokio::test]
async fn a_storm_is_slowed_to_its_rate_and_nothing_of_it_is_lost() {
    let mut config = ServerConfig::default();
    config.objects.limits.requests_per_second = 500;
    let server = Running::with(config);
    let room = server.object("room", Persistence::Temporary).await;
    let mut ann = Client::connect(server.address).await;
    ann.join(ROOM).await;
    let began = std::time::Instant::now();
    for number in 1..=1_000_u32 {
        ann.set(ROOM, 0, "n", number).await;
    }
    ann.settle().await;
    assert_eq!(room.get("n"), Some(1_000.0.into()));
    assert_eq!(room.version(), 1_001);
    // One second is free, the rest goes at the rate.
    assert!(began.elapsed().as_millis() > 900, "{:?}", began.elapsed());
    assert!(server.limit("so.rate") > 0);
}

#[tokio::test]
async fn joining_is_paid_for_like_any_request() {
    let mut config = ServerConfig::default();
    config.objects.limits.requests_per_second = 100;
    let server = Running::with(config);
    let mut ann = Client::connect(server.address).await;
    let began = std::time::Instant::now();
    ann.say(ROOM, 0, vec![Event::Use; 200]).await;
    ann.settle().await;
    assert!(began.elapsed().as_millis() > 900, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_member_that_does_not_read_gets_all_slots_instead_of_what_it_missed() {
    let server = start();
    let room = server.object("room", Persistence::Temporary).await;
    let mut ann = Client::connect(server.address).await;
    let mut copy = Copy::default();
    copy.apply(&ann.join(ROOM).await);
    // More than the socket, the session and the log of the object hold.
    for number in 0..2_000_u32 {
        let slot = format!("slot {}", number % 10);
        let text = format!("{number}:{}", "x".repeat(10_000));
        room.set(&slot, text).expect("a value");
        if number % 50 == 0 {
            tokio::task::yield_now().await;
        }
    }
    let last = room.version();
    while copy.version < last || copy.slots.len() < 10 {
        copy.apply(&ann.next().await);
    }
    assert_eq!(copy.slots.into_iter().collect::<Vec<_>>(), room.slots());
    assert!(server.limit("so.lag") > 0);
}

#[tokio::test]
async fn the_name_of_a_slot_that_is_too_long_is_told() {
    let server = start();
    let mut ann = Client::connect(server.address).await;
    ann.join(ROOM).await;
    let slot = Text::from("x".repeat(257));
    let event = Event::RequestChange {
        key: slot,
        value: 1.0.into(),
    };
    ann.say(ROOM, 1, vec![event]).await;
    let told = ann.until("NetConnection.Call.Failed").await;
    assert!(told.ends_with("over the limit so.key = 256"), "{told}");
}
