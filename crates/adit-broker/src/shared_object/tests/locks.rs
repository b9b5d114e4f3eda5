//! Locks: many changes, one step.

use super::*;

#[test]
fn all_that_happens_under_a_lock_is_one_step_and_one_update() {
    let (_objects, object, mut ann, mut ben) = pair();
    let lock = object.lock();
    object.act(set("a", 1));
    // The server reads what it wrote; members hear of nothing.
    assert_eq!(object.value("a").as_deref(), Some(&1));
    object.act(set("b", 2));
    ann.ask(vec![set("c", 3), say(4)]);
    ben.ask(vec![set("d", 5)]);
    ann.check("");
    ben.check("");
    assert_eq!(object.version(), 1);
    drop(lock);
    ann.check("change a=1, change b=2, success c, say[4], change d=5 @2");
    ben.check("change a=1, change b=2, change c=3, say[4], success d @2");
    assert_eq!(object.version(), 2);
}

#[test]
fn locks_count_and_the_last_one_ends_the_step() {
    let (_objects, object, mut ann, _ben) = pair();
    let outer = object.lock();
    let inner = object.lock();
    object.act(set("a", 1));
    drop(outer);
    ann.check("");
    object.act(set("b", 1));
    drop(inner);
    ann.check("change a=1, change b=1 @2");
    drop(object.lock());
    ann.check("");
    assert_eq!(object.version(), 2);
}

#[test]
fn who_sets_what_was_set_under_the_lock_is_overtaken() {
    let (_objects, object, mut ann, mut ben) = pair();
    let lock = object.lock();
    ann.ask(vec![set("a", 1)]);
    ben.ask(vec![set("a", 2)]);
    drop(lock);
    ann.check("success a @2");
    ben.check("change a=1, change a=1 @2");
}

#[test]
fn answers_alone_go_to_each_of_those_who_asked() {
    let (_objects, object, mut ann, mut ben) = pair();
    object.act(set("a", 1));
    ann.drain();
    ben.drain();
    let lock = object.lock();
    ann.ask(vec![set("a", 1)]);
    ben.ask(vec![remove("b")]);
    drop(lock);
    ann.check("success a @2");
    ben.check("remove b @2");
}

#[test]
fn what_a_member_asked_for_before_it_left_still_happens() {
    let (_objects, object, mut ann, mut ben) = pair();
    let lock = object.lock();
    ann.ask(vec![set("a", 1)]);
    drop(ann);
    drop(lock);
    ben.check("change a=1 @2");
}

#[test]
fn who_is_denied_to_clear_hears_the_value_of_what_it_has_set_and_still_waits() {
    let mut limits = ObjectLimits::default();
    limits.locked.count = 1;
    let objects = registry(limits);
    let room = key("room", Persistence::Temporary);
    let object = objects.open(room, None).unwrap();
    let mut ann = Peer::of(&objects, &object, 0);
    ann.check("joined all() @1");
    let lock = object.lock();
    ann.ask(vec![set("a", 1)]);
    // One request too many waits; the copy of an ordinary client is empty from here on.
    ann.ask(vec![Request::Clear]);
    ann.check("refused Locked @1");
    drop(lock);
    ann.check("change a=1 @2");
}
