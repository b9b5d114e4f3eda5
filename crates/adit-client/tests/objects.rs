//! Shared objects and calls against a scripted server on loopback.
#![cfg(test)]

#[expect(dead_code, reason = "not every test needs all of it")]
mod support;

use std::time::Duration;

use adit_amf::amf0::{Object, Value};
use adit_amf::{Text, amf3};
use adit_client::connection::{
    Author, ConnectionEvent, ObjectChange, ObjectEdit, ObjectUpdate, SharedObject, StreamError,
    StreamEvent,
};
use adit_client::media::Timestamp;
use adit_client::rtmp::command::{ObjectEncoding, Outcome, Play, Play2, PublishKind, StatusCode};
use adit_client::rtmp::session::{ServerEvent, ServerSession};
use adit_client::rtmp::shared_object::{Event, Limits, Persistence, SharedObjectMessage};
use adit_client::{Intent, NetConnection, Target, limits};
use bytes::Bytes;
use support::{Server, accept, client, options};
use tokio::time::{Instant, timeout};

const SOON: Duration = Duration::from_secs(10);

async fn connected(target: &Target) -> NetConnection {
    let options = options(Intent::Play);
    client().connect(target, &options).await.unwrap()
}

/// A server whose answers to shared object messages are made by `answer`.
fn sharing(
    mut answer: impl FnMut(SharedObjectMessage) -> Vec<SharedObjectMessage> + Send + 'static,
) -> Server {
    Server::start(move |_, session, event| {
        if let Some(ServerEvent::SharedObject { kind, payload, .. }) = accept(session, event) {
            let message = SharedObjectMessage::decode(kind, &payload, &Limits::default()).unwrap();
            for message in answer(message) {
                tell(session, &message);
            }
        }
    })
}

fn tell(session: &mut ServerSession, message: &SharedObjectMessage) {
    let kind = session.object_encoding().shared_object_kind();
    for body in message.encode(kind).unwrap() {
        session.send_shared_object(kind, body).unwrap();
    }
}

/// Confirms everything, each message as one step from version 1 on.
fn obliging(message: &SharedObjectMessage) -> Vec<SharedObjectMessage> {
    let answers = message.events.iter().map(|event| match event {
        Event::Use => Event::UseSuccess,
        Event::RequestChange { key, .. } => Event::Success { key: key.clone() },
        Event::RequestRemove { key } => Event::Remove { key: key.clone() },
        Event::RequestClear => Event::Clear,
        other => other.clone(),
    });
    let answers: Vec<Event> = answers.filter(|event| *event != Event::Release).collect();
    vec![message.reply(message.version + 1, answers)]
}

async fn next(object: &mut SharedObject) -> ObjectUpdate {
    timeout(SOON, object.next_update()).await.unwrap().unwrap()
}

fn set(slot: &str, value: impl Into<Value>, by: Author) -> ObjectChange {
    let (slot, value) = (slot.into(), value.into());
    ObjectChange::Set { slot, value, by }
}

async fn shares_by(scheme: &str) {
    let server = sharing(|message| obliging(&message));
    let connection = connected(&server.target(scheme, "chat")).await;
    let joined = connection.shared_object("room", Persistence::Temporary);
    let mut room = joined.await.unwrap();
    assert_eq!((room.name(), room.version()), ("room".into(), 1));
    assert_eq!(next(&mut room).await.changes, [ObjectChange::Joined]);
    let edit = ObjectEdit::new()
        .set("topic", "adits")
        .set("count", 3.0)
        .send("onNews", vec![true.into()]);
    room.apply(edit).await.unwrap();
    let update = next(&mut room).await;
    assert_eq!(update.version, 2);
    let handler = Text::from("onNews");
    let arguments = vec![Value::Boolean(true)];
    let expected = [
        set("topic", "adits", Author::Me),
        set("count", 3.0, Author::Me),
        ObjectChange::Message { handler, arguments },
    ];
    assert_eq!(update.changes, expected);
    let slots = Object::new().with("count", 3.0).with("topic", "adits");
    assert_eq!(room.slots(), slots);
    assert_eq!(room.value("topic"), Some("adits".into()));
    room.remove("count").await.unwrap();
    let slot = Text::from("count");
    let by = Author::Me;
    assert_eq!(
        next(&mut room).await.changes,
        [ObjectChange::Removed { slot, by }]
    );
    room.clear().await.unwrap();
    assert_eq!(next(&mut room).await.changes, [ObjectChange::Cleared]);
    assert!(room.slots().is_empty());
}

#[tokio::test]
async fn slots_are_shared_by_rtmp() {
    shares_by("rtmp").await;
}

#[tokio::test]
async fn slots_are_shared_by_rtmpt() {
    shares_by("rtmpt").await;
}

#[tokio::test]
async fn a_refusal_to_use_an_object_is_an_error_and_it_can_be_asked_for_again() {
    let mut asked = 0;
    let server = sharing(move |message| {
        asked += 1;
        if asked > 1 {
            return obliging(&message);
        }
        let status = Event::status(StatusCode::SharedObjectNoReadAccess);
        vec![message.reply(0, vec![status])]
    });
    let connection = connected(&server.target("rtmp", "chat")).await;
    let join = || connection.shared_object("secret", Persistence::Persistent);
    let refused = join().await.unwrap_err();
    assert!(refused.is_refusal());
    let expected = "the server refuses: the application has no shared object of this name for \
        this client, or does not let it read it (SharedObject.NoReadAccess)";
    assert_eq!(refused.to_string(), expected);
    join().await.unwrap();
}

#[tokio::test]
async fn an_object_is_used_once_on_a_connection_and_again_after_it_was_dropped() {
    let (released, mut releases) = tokio::sync::mpsc::unbounded_channel();
    let server = sharing(move |message| {
        if message.events == [Event::Release] {
            released.send(message.name.clone()).unwrap();
        }
        obliging(&message)
    });
    let connection = connected(&server.target("rtmp", "chat")).await;
    let join = |persistence| connection.shared_object("room", persistence);
    let first = join(Persistence::Temporary).await.unwrap();
    let again = join(Persistence::Temporary).await;
    assert_eq!(again.unwrap_err(), StreamError::ObjectInUse);
    // That of the same name which the server keeps is another one.
    let other = join(Persistence::Persistent).await.unwrap();
    drop(first);
    assert_eq!(
        timeout(SOON, releases.recv()).await.unwrap().unwrap(),
        "room"
    );
    join(Persistence::Temporary).await.unwrap();
    drop(other);
}

#[tokio::test]
async fn an_object_that_nobody_lets_us_use_is_waited_for_so_long() {
    let server = sharing(|_| Vec::new());
    let connection = connected(&server.target("rtmp", "chat")).await;
    tokio::time::pause();
    let begin = Instant::now();
    let joined = connection.shared_object("room", Persistence::Temporary);
    let after = limits::ANSWER;
    assert_eq!(joined.await.unwrap_err(), StreamError::Silent { after });
    assert_eq!(begin.elapsed().as_secs(), after.as_secs());
}

#[tokio::test]
async fn a_storm_that_nobody_reads_loses_updates_but_no_slots_and_never_the_connection() {
    const STEPS: u32 = 3000;
    let server = Server::start(|_, session, event| match accept(session, event) {
        Some(ServerEvent::SharedObject { kind, payload, .. }) => {
            let message = SharedObjectMessage::decode(kind, &payload, &Limits::default()).unwrap();
            tell(session, &message.reply(1, vec![Event::UseSuccess]));
            for step in 0..STEPS {
                let slot = (step % 10).to_string();
                let change = Event::change(slot, f64::from(step));
                tell(session, &message.reply(step + 2, vec![change]));
            }
        }
        Some(ServerEvent::Call(call)) => session.reply_call(call, vec![]),
        _ => {}
    });
    let connection = connected(&server.target("rtmp", "chat")).await;
    let joined = connection.shared_object("room", Persistence::Temporary);
    let mut room = joined.await.unwrap();
    // Its answer comes behind all of them, and nobody has read one of them.
    connection.call("ready", vec![]).await.unwrap();
    assert_eq!(room.version(), STEPS + 1);
    assert_eq!(room.value("9"), Some(f64::from(STEPS - 1).into()));
    let update = next(&mut room).await;
    assert_eq!(update.version, STEPS + 1);
    assert_eq!(
        update.changes[..2],
        [ObjectChange::Missed, ObjectChange::Cleared]
    );
    assert_eq!(update.changes.len(), 12);
    let nothing = timeout(Duration::from_millis(50), room.next_update()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    room.set("a", 1.0).await.unwrap();
}

#[tokio::test]
async fn updates_are_kept_up_to_their_limit_in_number_and_in_bytes() {
    async fn kept(count: usize, value: &'static str) -> Vec<ObjectChange> {
        let server = Server::start(move |_, session, event| match accept(session, event) {
            Some(ServerEvent::SharedObject { kind, payload, .. }) => {
                let limits = Limits::default();
                let message = SharedObjectMessage::decode(kind, &payload, &limits).unwrap();
                // The first one is told with the answer.
                let mut events = vec![Event::UseSuccess];
                for step in 0..count {
                    events.push(Event::change("slot", value));
                    tell(
                        session,
                        &message.reply(u32::try_from(step).unwrap(), events),
                    );
                    events = Vec::new();
                }
            }
            Some(ServerEvent::Call(call)) => session.reply_call(call, vec![]),
            _ => {}
        });
        let connection = connected(&server.target("rtmp", "chat")).await;
        let joined = connection.shared_object("room", Persistence::Temporary);
        let mut room = joined.await.unwrap();
        connection.call("ready", vec![]).await.unwrap();
        next(&mut room).await.changes
    }
    let joined = ObjectChange::Joined;
    assert_eq!(kept(limits::OBJECT_UPDATES, "").await[0], joined);
    assert_eq!(
        kept(limits::OBJECT_UPDATES + 1, "").await[0],
        ObjectChange::Missed
    );
    let long: &'static str = "x".repeat(65_000).leak();
    assert_eq!(
        kept(limits::OBJECT_UPDATE_BYTES / 66_000, long).await[0],
        joined
    );
    let missed = kept(limits::OBJECT_UPDATE_BYTES / 65_000 + 1, long).await;
    assert_eq!(missed[0], ObjectChange::Missed);
}

#[tokio::test]
async fn on_the_next_connection_a_persistent_object_goes_on_from_its_version() {
    let (asked, mut versions) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |number, session, event| match accept(session, event) {
        Some(ServerEvent::SharedObject { kind, payload, .. }) => {
            let message = SharedObjectMessage::decode(kind, &payload, &Limits::default()).unwrap();
            if message.events != [Event::Use] {
                return;
            }
            asked.send(message.version).unwrap();
            let events = if number == 0 {
                let slots = [("a", 1.0), ("b", 1.0)];
                let slots = slots.map(|(slot, value)| Event::change(slot, value));
                [vec![Event::UseSuccess, Event::Clear], slots.to_vec()].concat()
            } else {
                vec![
                    Event::UseSuccess,
                    Event::change("b", 2.0),
                    Event::Remove { key: "a".into() },
                ]
            };
            tell(
                session,
                &message.reply(if number == 0 { 5 } else { 9 }, events),
            );
        }
        Some(ServerEvent::Call(_)) => {
            session.close(adit_client::rtmp::session::CloseReason::Ended);
        }
        _ => {}
    });
    let target = server.target("rtmp", "chat");
    let connection = connected(&target).await;
    let joined = connection.shared_object("room", Persistence::Persistent);
    let mut room = joined.await.unwrap();
    room.set("a", 7.0).await.unwrap();
    connection.notify("goodbye", vec![]).await.unwrap();
    while timeout(SOON, room.next_update()).await.unwrap().is_some() {}
    assert!(
        matches!(room.ended(), Some(StreamError::Ended(_))),
        "{:?}",
        room.ended()
    );
    assert_eq!(room.unconfirmed_slots(), ["a"]);
    assert!(matches!(
        room.set("a", 8.0).await,
        Err(StreamError::Ended(_))
    ));

    let connection = connected(&target).await;
    room.rejoin(&connection).await.unwrap();
    let (slot, by) = ("a".into(), Author::Others);
    let expected = [
        ObjectChange::Joined,
        set("b", 2.0, Author::Others),
        ObjectChange::Removed { slot, by },
    ];
    let update = next(&mut room).await;
    assert_eq!((update.version, &update.changes[..]), (9, &expected[..]));
    assert_eq!(room.slots(), Object::new().with("b", 2.0));
    assert!(room.unconfirmed_slots().is_empty());
    assert_eq!(
        [versions.recv().await, versions.recv().await],
        [Some(0), Some(5)]
    );
}

/// What becomes of an object after the server has said `body` about it.
async fn ended_by(body: Vec<u8>) -> StreamError {
    let server = Server::start(move |_, session, event| {
        if let Some(ServerEvent::SharedObject { kind, payload, .. }) = accept(session, event) {
            let message = SharedObjectMessage::decode(kind, &payload, &Limits::default()).unwrap();
            if message.events == [Event::Use] {
                tell(session, &message.reply(1, vec![Event::UseSuccess]));
                session
                    .send_shared_object(kind, body.clone().into())
                    .unwrap();
            }
        }
    });
    let connection = connected(&server.target("rtmp", "chat")).await;
    let joined = connection.shared_object("room", Persistence::Temporary);
    let mut room = joined.await.unwrap();
    while timeout(SOON, room.next_update()).await.unwrap().is_some() {}
    let ended = room.ended().unwrap();
    assert_eq!(room.set("a", 1.0).await.unwrap_err(), ended);
    // Others are not touched by it.
    connection
        .shared_object("room", Persistence::Temporary)
        .await
        .unwrap();
    ended
}

#[tokio::test]
async fn garbage_about_objects_ends_their_use_and_nothing_else() {
    let ended = ended_by(b"\0\x04room\0\0\0\x01\0\0\0\0\0\0\0\0\x04\0\0\0\x09\0".to_vec()).await;
    assert!(matches!(ended, StreamError::ObjectMessage(_)), "{ended:?}");
}

#[tokio::test]
async fn messages_of_servers_have_as_many_events_and_as_long_values_as_the_limits_and_not_more() {
    fn body(events: usize, value: usize) -> Vec<u8> {
        let mut body = b"\0\x04room\0\0\0\x01\0\0\0\0\0\0\0\0".to_vec();
        for _ in 0..events {
            body.extend_from_slice(b"\x09\0\0\0\x03\0\x01a");
        }
        if value > 0 {
            let text = u32::try_from(value - 5).unwrap();
            body.push(4);
            body.extend_from_slice(&(text + 8).to_be_bytes());
            body.extend_from_slice(b"\0\x01b\x0c");
            body.extend_from_slice(&text.to_be_bytes());
            body.resize(body.len() + value - 5, b'x');
        }
        body
    }
    for (events, value, limit) in [
        (limits::OBJECT_EVENTS + 1, 0, "so.events"),
        (0, limits::OBJECT_VALUE + 1, "so.value"),
    ] {
        let ended = ended_by(body(events, value)).await;
        assert!(ended.to_string().contains(limit), "{ended}");
    }
    let server = Server::start(|_, session, event| {
        if let Some(ServerEvent::SharedObject { kind, payload, .. }) = accept(session, event) {
            let message = SharedObjectMessage::decode(kind, &payload, &Limits::default()).unwrap();
            tell(session, &message.reply(1, vec![Event::UseSuccess]));
            for body in [
                body(limits::OBJECT_EVENTS, 0),
                body(0, limits::OBJECT_VALUE),
            ] {
                session.send_shared_object(kind, body.into()).unwrap();
            }
        }
    });
    let connection = connected(&server.target("rtmp", "chat")).await;
    let joined = connection.shared_object("room", Persistence::Temporary);
    let mut room = joined.await.unwrap();
    next(&mut room).await;
    let update = next(&mut room).await;
    assert!(matches!(&update.changes[..], [ObjectChange::Set { slot, .. }] if *slot == "b"));
}

#[tokio::test]
async fn values_that_cannot_be_said_are_refused_and_nothing_of_them_is_sent() {
    let server = sharing(|message| obliging(&message));
    let connection = connected(&server.target("rtmp", "chat")).await;
    let joined = connection.shared_object("room", Persistence::Temporary);
    let mut room = joined.await.unwrap();
    next(&mut room).await;
    let edit = ObjectEdit::new().set("a", 1.0).set("x".repeat(70_000), 1.0);
    let refused = room.apply(edit).await.unwrap_err();
    assert!(matches!(refused, StreamError::ObjectEdit(_)), "{refused:?}");
    assert!(room.unconfirmed_slots().is_empty());
    room.set("b", 1.0).await.unwrap();
    assert_eq!(next(&mut room).await.changes, [set("b", 1.0, Author::Me)]);
}

#[tokio::test]
async fn a_call_of_the_server_that_is_dropped_has_failed() {
    let (said, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, session, event| match event {
        ServerEvent::Call(call) => {
            session.reply_call(call, vec![]);
            for _ in 0..3 {
                session.call("work", vec![1.0.into()]).unwrap();
            }
        }
        ServerEvent::Response(response) => {
            let status = response.status();
            let text = status.map(|status| status.description().to_string());
            said.send((response.outcome, text)).unwrap();
        }
        event => drop(accept(session, event)),
    });
    let mut connection = connected(&server.target("rtmp", "app")).await;
    connection.call("go", vec![]).await.unwrap();
    let mut taken = Vec::new();
    while taken.len() < 3 {
        match timeout(SOON, connection.next_event()).await.unwrap() {
            Some(ConnectionEvent::Call(call)) => taken.push(call),
            event => panic!("{event:?}"),
        }
    }
    assert!(taken[0].wants_answer());
    drop(taken.remove(0));
    taken.remove(0).fail("too much work").await.unwrap();
    taken.remove(0).reply(vec![]).await.unwrap();
    let expected = [
        (Outcome::Error, Some("nobody has answered the call")),
        (Outcome::Error, Some("too much work")),
        (Outcome::Result, None),
    ];
    for (outcome, text) in expected {
        let answer = timeout(SOON, answers.recv()).await.unwrap().unwrap();
        assert_eq!(answer, (outcome, text.map(str::to_owned)));
    }
}

#[tokio::test]
async fn calls_that_are_not_waited_for_any_longer_make_room_for_others() {
    let server = Server::start(|_, session, event| match event {
        ServerEvent::Call(call) if &*call.name == "answer" => session.reply_call(call, vec![]),
        ServerEvent::Call(call) => drop(call),
        event => drop(accept(session, event)),
    });
    let mut options = options(Intent::Play);
    options.session.calls = 4;
    let target = server.target("rtmp", "app");
    let connection = client().connect(&target, &options).await.unwrap();
    let after = Duration::from_millis(20);
    for _ in 0..6 {
        let silent = connection.call_within(after, "nothing", vec![]).await;
        assert_eq!(silent.unwrap_err(), StreamError::Silent { after });
    }
    connection.call("answer", vec![]).await.unwrap();
}

#[tokio::test]
async fn a_failed_call_tells_its_status() {
    let server = Server::start(|_, session, event| match event {
        ServerEvent::Call(call) => session.fail_call(call, "there is no method of that name"),
        event => drop(accept(session, event)),
    });
    let connection = connected(&server.target("rtmp", "app")).await;
    let failed = connection.call("nothing", vec![]).await.unwrap_err();
    let status = failed.status().unwrap();
    assert_eq!(status.code(), Some(StatusCode::CallFailed));
    assert_eq!(&**status.description(), "there is no method of that name");
}

#[tokio::test]
async fn the_length_of_a_recording_is_asked_for() {
    let server = Server::start(|_, session, event| match event {
        ServerEvent::StreamLength { name, call } => {
            let length = match &*name {
                "film" => Value::Number(12.5),
                "mad" => Value::Number(f64::NAN),
                _ => Value::Null,
            };
            session.reply_call(call, vec![length]);
        }
        event => drop(accept(session, event)),
    });
    let connection = connected(&server.target("rtmp", "app")).await;
    let length = async |name: &str| connection.stream_length(&name.into()).await.unwrap();
    assert_eq!(length("film").await, Some(Duration::from_millis(12_500)));
    assert_eq!(length("mad").await, None);
    assert_eq!(length("other").await, None);
}

#[tokio::test]
async fn playlists_and_transitions_are_asked_for_while_a_stream_plays() {
    let (seen, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, session, event| match event {
        ServerEvent::Play(request) => {
            seen.send(format!("first {}", request.name.name())).unwrap();
            session.accept_play(request);
        }
        ServerEvent::PlayNext { play, .. } => seen.send(format!("next {}", play.name)).unwrap(),
        ServerEvent::Play2 { msid, options } => {
            let transition = options.transition.clone().unwrap();
            seen.send(format!("{} {transition}", options.name)).unwrap();
            let status = adit_client::rtmp::command::Status::new(StatusCode::PlayTransition, "");
            session.send_status(msid, status).unwrap();
        }
        event => drop(accept(session, event)),
    });
    let connection = connected(&server.target("rtmp", "vod")).await;
    let mut stream = connection.create_stream().await.unwrap();
    stream.play(Play::new("one")).await.unwrap();
    stream.enqueue(Play::new("two")).await.unwrap();
    stream.play2(Play2::new("three", "switch")).await.unwrap();
    let mut next = async || timeout(SOON, asked.recv()).await.unwrap().unwrap();
    assert_eq!(next().await, "first one");
    assert_eq!(next().await, "next two");
    assert_eq!(next().await, "three switch");
    loop {
        match timeout(SOON, stream.next_event()).await.unwrap().unwrap() {
            StreamEvent::Status(status) if status.code() == Some(StatusCode::PlayTransition) => {
                break;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn data_is_sent_set_and_cleared() {
    let (seen, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |_, session, event| match accept(session, event) {
        Some(ServerEvent::Media {
            timestamp, payload, ..
        }) => {
            let values = adit_amf::amf0::decode_all(payload, &adit_amf::Limits::default());
            seen.send((timestamp.ms(), values.unwrap())).unwrap();
        }
        Some(ServerEvent::ClearData { handler, .. }) => {
            seen.send((0, vec!["cleared".into(), handler.into()]))
                .unwrap();
        }
        _ => {}
    });
    let target = server.target("rtmp", "live/key");
    let connection = connected(&target).await;
    let mut stream = connection.create_stream().await.unwrap();
    stream
        .publish(target.name(), PublishKind::Append)
        .await
        .unwrap();
    let at = Timestamp::from_ms;
    stream
        .send_data(at(7), "onText", vec!["hi".into()])
        .await
        .unwrap();
    stream
        .set_data(
            at(8),
            "onMetaData",
            vec![Object::new().with("a", 1.0).into()],
        )
        .await
        .unwrap();
    stream.clear_data(at(9), "onMetaData").await.unwrap();
    let mut next = async || timeout(SOON, heard.recv()).await.unwrap().unwrap();
    assert_eq!(next().await, (7, vec!["onText".into(), "hi".into()]));
    // The server takes the word off again that makes it keep the data.
    let data = Object::new().with("a", 1.0).into();
    assert_eq!(next().await, (8, vec!["onMetaData".into(), data]));
    assert_eq!(
        next().await,
        (0, vec!["cleared".into(), "onMetaData".into()])
    );
}

#[tokio::test]
async fn on_a_connection_of_amf3_values_go_both_ways_as_they_are() {
    let server = Server::start(move |_, session, event| match accept(session, event) {
        Some(ServerEvent::Call(call)) => {
            let arguments = call.arguments.clone();
            session.reply_call(call, arguments);
        }
        Some(ServerEvent::SharedObject { kind, payload, .. }) => {
            assert_eq!(kind.id(), 16);
            let message = SharedObjectMessage::decode(kind, &payload, &Limits::default()).unwrap();
            for answer in obliging(&message) {
                tell(session, &answer);
            }
        }
        _ => {}
    });
    let mut options = options(Intent::Play);
    options.object_encoding = ObjectEncoding::Amf3;
    let target = server.target("rtmp", "app");
    let connection = client().connect(&target, &options).await.unwrap();
    assert_eq!(connection.reply().object_encoding, ObjectEncoding::Amf3);
    let bytes = Value::Avm(amf3::Value::from(Bytes::from_static(b"\x00\xff")));
    let answer = connection
        .call("echo", vec![bytes.clone(), 7.0.into()])
        .await;
    assert_eq!(answer.unwrap(), [bytes.clone(), 7.0.into()]);
    let joined = connection.shared_object("room", Persistence::Temporary);
    let mut room = joined.await.unwrap();
    next(&mut room).await;
    room.set("bytes", bytes.clone()).await.unwrap();
    assert_eq!(
        next(&mut room).await.changes,
        [set("bytes", bytes, Author::Me)]
    );
}
