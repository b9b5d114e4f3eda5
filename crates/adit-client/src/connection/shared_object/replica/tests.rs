use adit_amf::amf0::{Object, Value};
use adit_amf::{Text, amf3};
use adit_rtmp::shared_object::{Event, Persistence, SharedObjectMessage};
use bytes::Bytes;

use super::super::update::{ObjectChange, ObjectEdit};
use super::{Replica, TooLarge};
use crate::limits;

#[test]
fn a_slot_keeps_its_value_and_not_the_message_that_it_came_in() {
    let mut message = vec![b'.'; 60_000];
    message.extend_from_slice(b"short");
    let message = Bytes::from(message);
    let short = Text::try_from(message.slice(60_000..)).unwrap();
    let mut object = Object::new();
    object.insert(short.clone(), Value::String(short.clone()));
    let values = [
        Value::String(short.clone()),
        Value::Object(object),
        Value::Avm(amf3::Value::String(short)),
    ];
    let mut replica = replica();
    let name = |number: usize| Text::from(format!("slot{number}"));
    for (number, value) in values.iter().enumerate() {
        let key = name(number);
        let value = value.clone();
        told(&mut replica, 1, vec![Event::Change { key, value }]);
    }
    for (number, value) in values.into_iter().enumerate() {
        assert_eq!(replica.value(&name(number)), Some(&value));
    }
    assert!(message.is_unique(), "{} bytes are kept", message.len());
}

fn replica() -> Replica {
    let mut replica = Replica::new("room".into(), Persistence::Persistent);
    replica.join();
    replica
}

/// What a message of the server comes to, in short.
fn told(replica: &mut Replica, version: u32, events: Vec<Event>) -> Vec<String> {
    let mut message = SharedObjectMessage::new("room", Persistence::Persistent);
    message.version = version;
    message.events = events;
    let update = replica.apply(message).unwrap();
    let changes = update.map(|update| update.changes).unwrap_or_default();
    changes.iter().map(short).collect()
}

fn short(change: &ObjectChange) -> String {
    match change {
        ObjectChange::Set { slot, value, by } => format!("{slot}={} {by:?}", shown(value)),
        ObjectChange::Removed { slot, by } => format!("-{slot} {by:?}"),
        ObjectChange::Message { handler, .. } => format!("{handler}()"),
        ObjectChange::Refused { code, .. } => format!("!{code}"),
        other => format!("{other:?}"),
    }
}

fn shown(value: &Value) -> String {
    value
        .as_number()
        .map_or_else(|| format!("{value:?}"), |number| number.to_string())
}

fn change(slot: &str, value: f64) -> Event {
    Event::change(slot, value)
}

fn success(slot: &str) -> Event {
    Event::Success { key: slot.into() }
}

fn removed(slot: &str) -> Event {
    Event::Remove { key: slot.into() }
}

fn ask(replica: &mut Replica, edit: ObjectEdit) {
    let message = replica.request(edit);
    replica.note(message);
}

fn set(replica: &mut Replica, slot: &str, value: f64) {
    ask(replica, ObjectEdit::new().set(slot, value));
}

fn number(replica: &Replica, slot: &str) -> Option<f64> {
    replica.value(slot).and_then(Value::as_number)
}

#[test]
fn the_first_message_tells_all_slots() {
    let mut replica = replica();
    let events = vec![
        Event::UseSuccess,
        Event::Clear,
        change("a", 1.0),
        change("b", 2.0),
    ];
    let expected = ["Joined", "a=1 Others", "b=2 Others"];
    assert_eq!(told(&mut replica, 7, events), expected);
    assert_eq!((replica.version(), replica.is_joined()), (7, true));
    assert_eq!(replica.slots().len(), 2);
}

#[test]
fn what_this_client_has_asked_for_is_its_own_when_it_is_confirmed() {
    let mut replica = replica();
    set(&mut replica, "a", 1.0);
    set(&mut replica, "a", 2.0);
    assert_eq!(number(&replica, "a"), None);
    assert_eq!(told(&mut replica, 2, vec![success("a")]), ["a=1 Me"]);
    assert_eq!(told(&mut replica, 3, vec![success("a")]), ["a=2 Me"]);
    // A server that says it twice changes nothing.
    assert!(told(&mut replica, 3, vec![success("a")]).is_empty());
    assert_eq!(number(&replica, "a"), Some(2.0));
    assert!(replica.unconfirmed_slots().is_empty());
}

#[test]
fn an_acceptance_that_repeats_the_value_confirms_as_well() {
    let mut replica = replica();
    set(&mut replica, "a", 1.0);
    let accepted = Event::Accepted {
        key: "a".into(),
        value: 1.0.into(),
    };
    assert_eq!(
        told(&mut replica, 2, vec![accepted, success("a")]),
        ["a=1 Me"]
    );
}

#[test]
fn setting_to_nothing_removes() {
    let mut replica = replica();
    told(&mut replica, 1, vec![Event::UseSuccess, change("a", 1.0)]);
    ask(&mut replica, ObjectEdit::new().set("a", Value::Null));
    assert_eq!(told(&mut replica, 2, vec![success("a")]), ["-a Me"]);
    assert_eq!(replica.value("a"), None);
}

#[test]
fn a_removal_is_told_to_who_has_asked_for_it_as_its_own() {
    let mut replica = replica();
    told(
        &mut replica,
        1,
        vec![Event::UseSuccess, change("a", 1.0), change("b", 1.0)],
    );
    ask(&mut replica, ObjectEdit::new().remove("a"));
    assert_eq!(told(&mut replica, 2, vec![removed("b")]), ["-b Others"]);
    assert_eq!(told(&mut replica, 3, vec![removed("a")]), ["-a Me"]);
    assert!(told(&mut replica, 3, vec![removed("a")]).is_empty());
}

#[test]
fn who_loses_a_race_has_the_value_of_the_winner() {
    let mut replica = replica();
    told(&mut replica, 1, vec![Event::UseSuccess]);
    set(&mut replica, "a", 1.0);
    // Somebody else was faster, and the server has refused ours: it tells the value once more.
    assert_eq!(
        told(&mut replica, 2, vec![change("a", 9.0)]),
        ["a=9 Others"]
    );
    assert_eq!(
        told(&mut replica, 2, vec![change("a", 9.0)]),
        ["a=9 Others"]
    );
    // The next one is taken.
    set(&mut replica, "a", 2.0);
    assert_eq!(told(&mut replica, 3, vec![success("a")]), ["a=2 Me"]);
    assert_eq!(number(&replica, "a"), Some(2.0));
    assert!(replica.unconfirmed_slots().is_empty());
}

#[test]
fn with_a_server_where_the_last_one_wins_ours_wins_after_somebody_elses() {
    let mut replica = replica();
    told(&mut replica, 1, vec![Event::UseSuccess]);
    set(&mut replica, "a", 1.0);
    assert_eq!(
        told(&mut replica, 2, vec![change("a", 9.0)]),
        ["a=9 Others"]
    );
    assert_eq!(told(&mut replica, 3, vec![success("a")]), ["a=1 Me"]);
    assert_eq!(number(&replica, "a"), Some(1.0));
}

#[test]
fn an_own_change_told_as_a_change_is_an_own_one() {
    let mut replica = replica();
    set(&mut replica, "a", 1.0);
    assert_eq!(told(&mut replica, 2, vec![change("a", 1.0)]), ["a=1 Me"]);
    assert!(replica.unconfirmed_slots().is_empty());
}

#[test]
fn messages_and_refusals_are_told_and_change_nothing() {
    let mut replica = replica();
    told(&mut replica, 5, vec![Event::UseSuccess]);
    let events = vec![Event::Message {
        handler: "onNews".into(),
        arguments: vec![],
    }];
    assert_eq!(told(&mut replica, 5, events), ["onNews()"]);
    let status = Event::status(adit_rtmp::command::StatusCode::SharedObjectNoWriteAccess);
    let refused = told(&mut replica, 0, vec![status]);
    assert_eq!(refused, ["!SharedObject.NoWriteAccess"]);
    assert_eq!(replica.version(), 5);
}

#[test]
fn what_is_kept_of_a_persistent_object_stays_when_it_is_used_again() {
    let mut replica = replica();
    let events = vec![
        Event::UseSuccess,
        Event::Clear,
        change("a", 1.0),
        change("b", 2.0),
    ];
    told(&mut replica, 7, events);
    set(&mut replica, "a", 5.0);
    assert_eq!(replica.join().version, 7);
    assert!(replica.unconfirmed_slots().is_empty());
    let events = vec![Event::UseSuccess, change("b", 3.0), removed("a")];
    assert_eq!(
        told(&mut replica, 9, events),
        ["Joined", "b=3 Others", "-a Others"]
    );
    // A server that keeps no removed slots tells all.
    replica.join();
    let events = vec![Event::UseSuccess, Event::Clear, change("c", 1.0)];
    assert_eq!(
        told(&mut replica, 10, events),
        ["Joined", "Cleared", "c=1 Others"]
    );
    assert_eq!(replica.slots().len(), 1);
}

#[test]
fn a_temporary_object_is_asked_for_as_by_one_who_knows_nothing() {
    let mut replica = Replica::new("room".into(), Persistence::Temporary);
    replica.join();
    told(&mut replica, 7, vec![Event::UseSuccess, change("a", 1.0)]);
    assert_eq!(replica.join().version, 0);
    // Even if the server does not say that all others are gone.
    let events = vec![Event::UseSuccess, change("b", 1.0)];
    assert_eq!(
        told(&mut replica, 2, events),
        ["Joined", "Cleared", "b=1 Others"]
    );
}

#[test]
fn an_object_has_as_many_slots_as_the_limit_and_not_more() {
    let mut replica = replica();
    let slots = |from: usize, to: usize| SharedObjectMessage {
        events: (from..to)
            .map(|slot| change(&slot.to_string(), 1.0))
            .collect(),
        ..SharedObjectMessage::new("room", Persistence::Persistent)
    };
    assert!(replica.apply(slots(0, limits::OBJECT_SLOTS)).is_ok());
    let more = slots(limits::OBJECT_SLOTS, limits::OBJECT_SLOTS + 1);
    assert_eq!(replica.apply(more).unwrap_err(), TooLarge);
}

#[test]
fn an_object_is_as_large_as_the_limit_and_not_larger() {
    let mut replica = replica();
    let text = Text::from("x".repeat(1 << 20));
    let slot = |name: usize| SharedObjectMessage {
        events: vec![Event::change(name.to_string(), text.clone())],
        ..SharedObjectMessage::new("room", Persistence::Persistent)
    };
    let fits = (limits::OBJECT_BYTES >> 20) - 1;
    for name in 0..fits {
        assert!(replica.apply(slot(name)).is_ok(), "{name}");
    }
    // What takes the place of something else is not counted twice.
    assert!(replica.apply(slot(0)).is_ok());
    assert_eq!(replica.apply(slot(fits)), Err(TooLarge));
}

#[test]
fn so_many_requests_without_an_answer_are_remembered_and_then_the_newest() {
    let mut replica = replica();
    for value in 0..=limits::OBJECT_PENDING {
        ask(&mut replica, ObjectEdit::new().set(value.to_string(), 1.0));
    }
    let waiting = replica.unconfirmed_slots();
    assert_eq!(waiting.len(), limits::OBJECT_PENDING);
    assert_eq!(waiting[0], "1");
    assert!(told(&mut replica, 2, vec![success("0")]).is_empty());
    assert_eq!(told(&mut replica, 2, vec![success("1")]), ["1=1 Me"]);
}
