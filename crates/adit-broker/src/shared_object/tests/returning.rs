//! Members that come back, and members that fall behind.

use super::*;

fn persistent() -> (SharedObjects<Value>, SharedObject<Value>) {
    let objects = registry(ObjectLimits::default());
    let object = objects
        .open(key("room", Persistence::Persistent), None)
        .unwrap();
    (objects, object)
}

#[test]
fn who_comes_back_is_told_what_has_changed_and_what_is_gone() {
    let (objects, object) = persistent();
    for (slot, value) in [("a", 1), ("b", 2), ("c", 3)] {
        object.act(set(slot, value));
    }
    object.act(set("b", 4));
    object.act(unset("c"));
    Peer::of(&objects, &object, 4).check("joined changed(b=4 -c) @6");
    Peer::of(&objects, &object, 6).check("joined changed() @6");
    Peer::of(&objects, &object, 0).check("joined all(a=1 b=4) @6");
    // One from the future knows another object.
    Peer::of(&objects, &object, 7).check("joined all(a=1 b=4) @6");
    // A slot that came back is not gone.
    object.act(set("c", 5));
    Peer::of(&objects, &object, 4).check("joined changed(b=4 c=5) @7");
}

#[test]
fn who_comes_back_to_a_temporary_object_gets_all_of_it() {
    let (objects, object, ..) = pair();
    object.act(set("a", 1));
    Peer::of(&objects, &object, 2).check("joined all(a=1) @2");
}

#[test]
fn what_is_set_before_all_slots_have_come_is_answered_by_the_value() {
    let (objects, object, ..) = pair();
    object.act(set("a", 1));
    for known in [1, 2, 5] {
        let mut eve = Peer::of(&objects, &object, known);
        eve.ask(vec![set("a", 1)]);
        eve.check("joined all(a=1) @2; change a=1 @2");
        eve.ask(vec![set("a", 1)]);
        eve.drain();
        assert_eq!(eve.copy["a"], 1);
    }
    let (objects, object) = persistent();
    object.act(set("a", 1));
    let mut eve = Peer::of(&objects, &object, 1);
    eve.ask(vec![set("b", 3), set("a", 2)]);
    eve.check("joined changed(a=1) @2; success b, change a=1 @3");
}

#[test]
fn a_cleared_object_is_told_whole() {
    let (objects, object) = persistent();
    object.act(set("a", 1));
    object.act(Request::Clear);
    object.act(set("b", 2));
    Peer::of(&objects, &object, 2).check("joined all(b=2) @4");
    Peer::of(&objects, &object, 3).check("joined changed(b=2) @4");
}

#[test]
fn purged_removals_and_a_small_resync_depth_make_it_whole_too() {
    let (objects, object) = persistent();
    object.act(set("a", 1));
    object.act(unset("a"));
    object.act(set("b", 2));
    Peer::of(&objects, &object, 2).check("joined changed(b=2 -a) @4");
    object.set_resync_depth(Some(2));
    Peer::of(&objects, &object, 2).check("joined changed(b=2 -a) @4");
    object.set_resync_depth(Some(1));
    Peer::of(&objects, &object, 2).check("joined all(b=2) @4");
    object.set_resync_depth(None);
    object.purge(3);
    Peer::of(&objects, &object, 2).check("joined changed(b=2 -a) @4");
    object.purge(4);
    Peer::of(&objects, &object, 2).check("joined all(b=2) @4");
    Peer::of(&objects, &object, 3).check("joined changed(b=2) @4");
}

#[test]
fn who_falls_too_far_behind_gets_all_slots_and_goes_on() {
    let mut limits = ObjectLimits::default();
    limits.lag.count = 3;
    let objects = registry(limits);
    let object = objects
        .open(key("room", Persistence::Temporary), None)
        .unwrap();
    let mut ann = Peer::of(&objects, &object, 0);
    let mut ben = Peer::of(&objects, &object, 0);
    ann.check("joined all() @1");
    ben.check("joined all() @1");
    for value in 1..=3 {
        ann.ask(vec![set("a", value)]);
    }
    ben.check("change a=1 @2; change a=2 @3; change a=3 @4");
    ann.ask(vec![set("a", 4)]);
    ann.check("resynced all(a=4) @5");
    ben.check("change a=4 @5");
    // What she sets before she hears of it is told her again.
    for value in 5..=8 {
        object.act(set("b", value));
    }
    ann.poll();
    ann.ask(vec![set("a", 9)]);
    ann.check("change a=9 @10");
    assert_eq!(ann.copy, BTreeMap::from([("a".into(), 9), ("b".into(), 8)]));
    assert_eq!(objects.stats().lag_resyncs, 2);
}

#[test]
fn a_change_that_crosses_a_resync_is_answered_by_the_value() {
    let mut limits = ObjectLimits::default();
    limits.lag.count = 1;
    let objects = registry(limits);
    let object = objects
        .open(key("room", Persistence::Temporary), None)
        .unwrap();
    let mut ann = Peer::of(&objects, &object, 0);
    ann.check("joined all() @1");
    object.act(set("b", 1));
    object.act(set("b", 2));
    // The delivery is taken, and she sets something before it has reached her.
    let before = ann.version;
    assert_eq!(word(&ann.poll().unwrap()), "resynced all(b=2) @3");
    ann.version = before;
    ann.ask(vec![set("a", 9)]);
    ann.check("change a=9 @4");
}

#[test]
fn updates_that_all_have_read_are_kept_no_longer() {
    let (_objects, object, mut ann, mut ben) = pair();
    let kept = |object: &SharedObject<Value>| object.state(|state| state.log.kept());
    ann.ask(vec![set("a", 1)]);
    ann.ask(vec![set("a", 2)]);
    assert_eq!(kept(&object), 2);
    ann.drain();
    assert_eq!(kept(&object), 2);
    ben.poll();
    assert_eq!(kept(&object), 1);
    drop(ben);
    assert_eq!(kept(&object), 0);
}

#[test]
fn versions_begin_anew_after_the_last_one() {
    let (objects, object) = persistent();
    object.act(set("a", 1));
    let mut all = object.all();
    (all.version, all.slots[0].version) = (u32::MAX - 1, u32::MAX - 1);
    let stored = Some((all, Continuity::Exact));
    let object = objects
        .open(key("old", Persistence::Persistent), stored)
        .unwrap();
    let mut ann = Peer::of(&objects, &object, u32::MAX - 1);
    ann.check(&format!("joined changed() @{}", u32::MAX - 1));
    ann.ask(vec![set("a", 2)]);
    ann.check(&format!("success a @{}", u32::MAX));
    ann.ask(vec![set("a", 3)]);
    ann.check("success a @2");
    Peer::of(&objects, &object, u32::MAX - 1).check("joined all(a=3) @2");
}
