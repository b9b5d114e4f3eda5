//! How long objects live, and how they are stored.

use super::*;
use crate::limits::{OBJECT_OVERHEAD, OBJECT_SLOT_OVERHEAD};

#[test]
fn a_temporary_object_ends_with_its_last_member_unless_it_is_held() {
    let (objects, object, ann, ben) = pair();
    object.act(set("a", 1));
    let place = key("room", Persistence::Temporary);
    drop(object);
    drop(ann);
    assert!(objects.find(&place).is_some());
    drop(ben);
    assert!(objects.find(&place).is_none());
    assert_eq!((objects.stats().objects, objects.stats().bytes), (0, 0));

    let object = objects.open(place.clone(), None).unwrap();
    assert_eq!(object.version(), 1);
    drop(Peer::of(&objects, &object, 0));
    assert_eq!((object.members(), objects.keys()), (0, vec![place]));
}

#[test]
fn a_temporary_and_a_persistent_object_of_one_name_are_two() {
    let objects = registry(ObjectLimits::default());
    let open = |persistence| objects.open(key("room", persistence), None).unwrap();
    let (one, other) = (open(Persistence::Temporary), open(Persistence::Persistent));
    one.act(set("a", 1));
    assert_eq!(other.value("a"), None);
}

#[test]
fn without_a_store_there_are_no_persistent_objects() {
    let objects = SharedObjects::<Value>::new(ObjectConfig::default());
    let opened = objects.open(key("room", Persistence::Persistent), None);
    assert_eq!(opened.unwrap_err(), OpenError::NoStore);
}

fn poll_unsaved(objects: &SharedObjects<Value>, bell: &Arc<Bell>) -> Option<SharedObject<Value>> {
    let waker = Waker::from(Arc::clone(bell));
    match objects.poll_unsaved(&Context::from_waker(&waker)) {
        Poll::Ready(object) => Some(object),
        Poll::Pending => None,
    }
}

#[test]
fn a_persistent_object_stays_until_it_is_stored() {
    let objects = registry(ObjectLimits::default());
    let place = key("room", Persistence::Persistent);
    let bell = Arc::default();
    assert!(poll_unsaved(&objects, &bell).is_none());
    let object = objects.open(place.clone(), None).unwrap();
    assert_eq!(bell.rings(), 0);
    object.act(set("a", 1));
    object.act(set("b", 2));
    object.act(say(1));
    drop(object);
    assert_eq!(bell.rings(), 1);

    let unsaved = poll_unsaved(&objects, &bell).unwrap();
    let all = unsaved.all();
    assert_eq!(told(&all), "all(a=1 b=2) @3");
    assert!(poll_unsaved(&objects, &bell).is_none());
    unsaved.act(unset("a"));
    let again = poll_unsaved(&objects, &bell).unwrap();
    assert_eq!(told(&again.changes_since(all.version)), "changed(-a) @4");
    let all = again.all();
    drop((unsaved, again));
    assert!(objects.find(&place).is_none());

    let object = objects.open(place, Some((all, Continuity::Exact))).unwrap();
    // A slot, and the name of a removed one.
    let bytes = OBJECT_OVERHEAD + 5 + 1 + 2 * OBJECT_SLOT_OVERHEAD;
    assert_eq!(objects.stats().bytes, bytes);
    Peer::of(&objects, &object, 3).check("joined changed(-a) @4");
    Peer::of(&objects, &object, 0).check("joined all(b=2) @4");
}

#[test]
fn after_a_crash_nobody_is_told_only_what_has_changed() {
    let objects = registry(ObjectLimits::default());
    let place = key("room", Persistence::Persistent);
    let object = objects.open(place.clone(), None).unwrap();
    object.act(set("a", 1));
    let stored = object.all();
    object.act(set("lost", 2));
    let lost = object.version();
    let other = registry(ObjectLimits::default());
    let object = other
        .open(place, Some((stored, Continuity::Lossy)))
        .unwrap();
    let version = object.version();
    assert!(version > lost + 1_000_000);
    for known in [2, lost, lost + 1, version - 1] {
        let expected = format!("joined all(a=1) @{version}");
        Peer::of(&other, &object, known).check(&expected);
    }
    Peer::of(&other, &object, version).check(&format!("joined changed() @{version}"));
}

#[test]
fn whoever_opens_an_object_that_is_there_gets_that_one() {
    let (objects, object, ..) = pair();
    object.act(set("a", 1));
    let stored = Some((object.all(), Continuity::Lossy));
    let same = objects
        .open(key("room", Persistence::Temporary), stored)
        .unwrap();
    assert_eq!(same.version(), 2);
    assert_eq!(objects.stats().opened, 1);
}
