//! At each limit and one past it.

use std::time::Duration;

use super::*;
use crate::limits::{OBJECT_OVERHEAD, OBJECT_SLOT_OVERHEAD};

/// What a member with these limits is told when it asks for each of these batches in turn, and the
/// counts under a key.
#[track_caller]
fn check(limits: ObjectLimits, batches: Vec<Vec<Request<Value>>>, expected: &str, key_of: &str) {
    let objects = registry(limits);
    let object = objects
        .open(key("room", Persistence::Temporary), None)
        .unwrap();
    let mut ann = Peer::of(&objects, &object, 0);
    ann.poll();
    for batch in batches {
        ann.ask(batch);
    }
    ann.check(expected);
    let all = object.all();
    let slots = all
        .slots
        .iter()
        .map(|slot| (slot.name.to_string(), *slot.value));
    assert_eq!(ann.copy, slots.collect());
    let counted = objects.stats().limits().find(|(known, _)| *known == key_of);
    assert_eq!(counted, Some((key_of, 1)));
}

#[test]
fn an_object_has_as_many_slots_as_the_limit_and_not_more() {
    let limits = ObjectLimits {
        slots: 2,
        ..ObjectLimits::default()
    };
    let batches = vec![vec![set("a", 1), set("b", 2), set("c", 3), set("a", 4)]];
    let expected = "success a, success b, refused Slots, remove c, change a=4 @2";
    check(limits, batches, expected, "so.props");
}

#[test]
fn a_value_is_as_large_as_the_limit_and_not_larger() {
    let limits = ObjectLimits {
        value_bytes: 4,
        ..ObjectLimits::default()
    };
    let large = |value| Request::Set {
        slot: "a".into(),
        value,
        size: 5,
    };
    let batches = vec![vec![set("a", 1)], vec![large(2)]];
    let expected = "success a @2; refused Value, change a=1 @2";
    check(limits, batches, expected, "so.slot_value");
    let loud = Request::Send {
        handler: "h".into(),
        arguments: vec![1],
        size: 5,
    };
    let expected = "say[1] @1; refused Value @1";
    check(
        limits,
        vec![vec![say(1)], vec![loud]],
        expected,
        "so.slot_value",
    );
}

#[test]
fn the_name_of_a_slot_is_as_long_as_the_limit_and_not_longer() {
    let limits = ObjectLimits {
        slot_name: 3,
        ..ObjectLimits::default()
    };
    let batches = vec![vec![set("abc", 1)], vec![set("abcd", 1)]];
    let expected = "success abc @2; refused SlotName, remove abcd @2";
    check(limits, batches, expected, "so.slot_name");
    let handler = "shout".into();
    let loud = Request::Send {
        handler,
        arguments: vec![],
        size: 0,
    };
    let expected = "say[1] @1; refused SlotName @1";
    check(
        limits,
        vec![vec![say(1)], vec![loud]],
        expected,
        "so.slot_name",
    );
}

#[test]
fn an_object_is_as_large_as_the_limit_and_not_larger() {
    let limits = ObjectLimits {
        bytes: 10,
        ..ObjectLimits::default()
    };
    let batches = vec![vec![set("a", 1), set("b", 2)], vec![set("c", 3)]];
    let expected = "success a, success b @2; refused Bytes, remove c @2";
    check(limits, batches, expected, "so.bytes");
}

#[test]
fn all_objects_are_as_large_as_the_limit_and_not_larger() {
    let limits = ObjectLimits {
        objects_bytes: OBJECT_OVERHEAD + 10 + 2 * OBJECT_SLOT_OVERHEAD,
        ..ObjectLimits::default()
    };
    let batches = vec![vec![set("a", 1), set("b", 2)], vec![set("c", 3)]];
    let expected = "success a, success b @2; refused TotalBytes, remove c @2";
    check(limits, batches, expected, "so.total_bytes");
    // What is removed makes room for another object.
    let full = limits.objects_bytes + OBJECT_OVERHEAD;
    let objects = registry(ObjectLimits {
        objects_bytes: full,
        ..limits
    });
    let open = |name| {
        objects
            .open(key(name, Persistence::Temporary), None)
            .unwrap()
    };
    let (one, other) = (open("1"), open("2"));
    one.act(set("a", 1));
    other.act(set("a", 1));
    other.act(set("b", 1));
    assert_eq!((other.value("b"), objects.stats().bytes), (None, full));
    one.act(Request::Clear);
    other.act(set("b", 1));
    assert_eq!(
        (other.value("b").as_deref(), objects.stats().bytes),
        (Some(&1), full)
    );
}

/// How often a limit was hit.
fn hits(objects: &SharedObjects<Value>, key_of: &str) -> u64 {
    let stats = objects.stats();
    let counted = stats.limits().find(|(known, _)| *known == key_of);
    counted.unwrap().1
}

/// Opens a temporary object of an application for somebody at an address.
fn open_at(
    objects: &SharedObjects<Value>,
    (application, name): (&str, &str),
    address: &str,
) -> Result<SharedObject<Value>, OpenError> {
    let place = StreamKey::new("", application, "", name).unwrap();
    let key = ObjectKey::new(place, Persistence::Temporary).unwrap();
    let client = objects.client_at(address.parse().unwrap());
    objects.open_for(&client, key, None)
}

#[test]
fn an_application_and_an_address_have_so_many_of_all_objects_and_not_more() {
    let mut limits = ObjectLimits {
        objects: 5,
        ..ObjectLimits::default()
    };
    (
        limits.shares.application_objects,
        limits.shares.address_objects,
    ) = (3, 2);
    let objects = registry(limits);
    let open = |place, address| open_at(&objects, place, address);
    let (ann, ben, eve) = ("192.0.2.1", "192.0.2.2", "192.0.2.3");
    let one = open(("chat", "1"), ann).unwrap();
    let _two = open(("game", "1"), ann).unwrap();
    let refused = open(("chat", "2"), ann).unwrap_err();
    assert_eq!(refused, OpenError::TooManyOfAddress);
    // One that is there already is not another one.
    drop(open(("chat", "1"), ann).unwrap());
    let _others = [("chat", "2"), ("chat", "3")].map(|place| open(place, ben).unwrap());
    let refused = open(("chat", "4"), eve).unwrap_err();
    assert_eq!(refused, OpenError::TooManyOfApplication);
    let _last = open(("game", "2"), eve).unwrap();
    let refused = open(("game", "3"), eve).unwrap_err();
    assert_eq!(refused, OpenError::TooMany);
    for key_of in ["so.total", "so.app_total", "so.ip_total"] {
        assert_eq!(hits(&objects, key_of), 1, "{key_of}");
    }
    // What was refused took nothing of what there was room in.
    drop(one);
    assert!(open(("chat", "4"), ann).is_ok());
}

#[test]
fn an_object_without_slots_takes_room_too() {
    let limits = ObjectLimits {
        objects_bytes: 2 * OBJECT_OVERHEAD,
        ..ObjectLimits::default()
    };
    let objects = registry(limits);
    let open = |name| objects.open(key(name, Persistence::Temporary), None);
    let two = (open("1").unwrap(), open("2").unwrap());
    assert_eq!(objects.stats().bytes, 2 * OBJECT_OVERHEAD);
    assert_eq!(open("3").unwrap_err(), OpenError::TotalBytes);
    assert_eq!(hits(&objects, "so.total_bytes"), 1);
    drop(two);
    assert_eq!(objects.stats().bytes, 0);
    assert!(open("3").is_ok());
}

#[test]
fn there_are_as_many_objects_as_the_limit_and_not_more() {
    let limits = ObjectLimits {
        objects: 2,
        ..ObjectLimits::default()
    };
    let objects = registry(limits);
    let open = |name| objects.open(key(name, Persistence::Temporary), None);
    let _two = (open("1").unwrap(), open("2").unwrap());
    assert_eq!(open("3").unwrap_err(), OpenError::TooMany);
    assert!(open("2").is_ok());
    assert_eq!(objects.stats().limits().next(), Some(("so.total", 1)));
}

#[test]
fn a_client_uses_as_many_objects_as_the_limit_and_not_more() {
    let objects = registry(ObjectLimits::default());
    let client = objects.client();
    let joining = Joining {
        known: 0,
        read: Permission::Granted,
    };
    let join = |n: usize| {
        let object = objects
            .open(key(&n.to_string(), Persistence::Temporary), None)
            .unwrap();
        object.join(&client, joining)
    };
    let mut members: Vec<_> = (0..64).map(|n| join(n).unwrap()).collect();
    assert_eq!(join(64).unwrap_err(), JoinError::TooMany);
    members.pop();
    assert!(join(64).is_ok());
}

#[test]
fn a_client_asks_two_hundred_times_a_second_and_then_waits() {
    let objects = registry(ObjectLimits::default());
    let object = objects
        .open(key("room", Persistence::Temporary), None)
        .unwrap();
    let joining = Joining {
        known: 0,
        read: Permission::Granted,
    };
    let member = object.join(&objects.client(), joining).unwrap();
    let start = epoch();
    let ask = |ms, requests| {
        let batch = Batch {
            based_on: None,
            write: Permission::Granted,
            requests,
        };
        let now = start + Duration::from_millis(ms);
        member
            .ask(now, batch)
            .map_err(|throttled| throttled.until - start)
    };
    for value in 0..=200 {
        assert_eq!(ask(0, vec![say(value)]), Ok(()));
    }
    assert_eq!(ask(0, vec![say(1)]), Err(Duration::from_millis(5)));
    assert_eq!(ask(4, vec![say(1)]), Err(Duration::from_millis(5)));
    // A large batch passes as a whole and is paid for afterwards.
    assert_eq!(ask(5, vec![say(1); 256]), Ok(()));
    assert_eq!(ask(6, vec![say(1)]), Err(Duration::from_millis(1_285)));
    assert_eq!(ask(1_285, vec![say(1)]), Ok(()));
    assert_eq!(objects.stats().throttled, 3);
}

#[test]
fn requests_wait_for_a_lock_up_to_the_limit_and_not_more() {
    let mut limits = ObjectLimits::default();
    limits.locked.count = 2;
    let objects = registry(limits);
    let object = objects
        .open(key("room", Persistence::Temporary), None)
        .unwrap();
    let mut ann = Peer::of(&objects, &object, 0);
    ann.poll();
    let lock = object.lock();
    ann.ask(vec![set("a", 1), set("b", 1)]);
    ann.ask(vec![set("c", 1)]);
    ann.check("refused Locked, remove c @1");
    drop(lock);
    ann.check("change a=1, change b=1 @2");
    assert_eq!(
        objects
            .stats()
            .limits()
            .find(|(key, _)| *key == "so.locked"),
        Some(("so.locked", 1))
    );
}

#[test]
fn bytes_wait_for_a_lock_up_to_the_limit_and_not_more() {
    let mut limits = ObjectLimits::default();
    limits.locked.bytes = 10;
    let objects = registry(limits);
    let object = objects
        .open(key("room", Persistence::Temporary), None)
        .unwrap();
    let mut ann = Peer::of(&objects, &object, 0);
    ann.poll();
    let lock = object.lock();
    ann.ask(vec![set("a", 1), set("b", 1)]);
    ann.ask(vec![unset("c")]);
    ann.check("refused Locked, remove c @1");
    drop(lock);
}

#[test]
fn a_member_may_lag_by_as_many_bytes_as_the_limit_says() {
    let mut limits = ObjectLimits::default();
    // Two changes of four bytes with what they take besides.
    limits.lag.bytes = 2 * (4 + 128);
    let objects = registry(limits);
    let object = objects
        .open(key("room", Persistence::Temporary), None)
        .unwrap();
    let mut ann = Peer::of(&objects, &object, 0);
    ann.poll();
    object.act(set("a", 1));
    object.act(set("a", 2));
    ann.check("change a=1 @2; change a=2 @3");
    (3..=5).for_each(|value| object.act(set("a", value)));
    ann.check("resynced all(a=5) @6");
}

#[test]
fn answers_of_its_own_wait_for_a_member_up_to_the_limit() {
    let mut limits = ObjectLimits::default();
    limits.lag.count = 2;
    let objects = registry(limits);
    let object = objects
        .open(key("room", Persistence::Temporary), None)
        .unwrap();
    let mut ann = Peer::of(&objects, &object, 0);
    ann.poll();
    ann.ask(vec![remove("a")]);
    ann.ask(vec![remove("a")]);
    ann.check("remove a @1; remove a @1");
    for _ in 0..3 {
        ann.ask(vec![remove("a")]);
    }
    ann.check("resynced all() @1");
}

#[test]
fn removed_slots_are_remembered_up_to_the_limit() {
    let limits = ObjectLimits {
        removed: 4,
        ..ObjectLimits::default()
    };
    let objects = registry(limits);
    let object = objects
        .open(key("room", Persistence::Persistent), None)
        .unwrap();
    let slots = ["a", "b", "c", "d", "e"];
    for slot in slots {
        object.act(set(slot, 1));
    }
    let known = object.version();
    for slot in &slots[..4] {
        object.act(unset(slot));
    }
    Peer::of(&objects, &object, known).check("joined changed(-a -b -c -d) @10");
    object.act(unset("e"));
    Peer::of(&objects, &object, known).check("joined all() @11");
    // The newer half is still known.
    Peer::of(&objects, &object, known + 3).check("joined changed(-d -e) @11");
}

#[test]
fn an_application_and_an_address_have_so_large_a_share_of_all_objects_and_not_a_larger_one() {
    let two_slots = OBJECT_OVERHEAD + 10 + 2 * OBJECT_SLOT_OVERHEAD;
    let mut limits = ObjectLimits::default();
    limits.shares.application_bytes = 2 * two_slots + OBJECT_OVERHEAD;
    limits.shares.address_bytes = two_slots;
    let objects = registry(limits);
    let open = |place, address| open_at(&objects, place, address);
    let has = |object: &SharedObject<Value>, slot: &str| {
        object.act(set(slot, 1));
        object.value(slot).is_some()
    };
    let hit = || ["so.total_bytes", "so.app_bytes", "so.ip_bytes"].map(|key| hits(&objects, key));
    let one = open(("chat", "one"), "192.0.2.1").unwrap();
    assert!(has(&one, "a") && has(&one, "b"));
    let mut ann = Peer::of(&objects, &one, 0);
    ann.poll();
    ann.ask(vec![set("c", 1)]);
    ann.check("refused AddressBytes, remove c @3");
    assert_eq!(hit(), [0, 0, 1]);
    // The same address, whatever the connection and the application.
    let refused = open(("game", "two"), "192.0.2.1");
    assert_eq!(refused.unwrap_err(), OpenError::AddressBytes);
    assert_eq!(hit(), [0, 0, 2]);
    let other = open(("chat", "two"), "192.0.2.2").unwrap();
    assert!(has(&other, "a") && has(&other, "b"));
    // And the same application, whatever the address.
    let third = open(("chat", "three"), "192.0.2.3").unwrap();
    let mut ben = Peer::of(&objects, &third, 0);
    ben.poll();
    ben.ask(vec![set("a", 1)]);
    ben.check("refused ApplicationBytes, remove a @1");
    let refused = open(("chat", "four"), "192.0.2.4");
    assert_eq!(refused.unwrap_err(), OpenError::ApplicationBytes);
    assert_eq!(hit(), [0, 2, 2]);
    let elsewhere = open(("game", "three"), "192.0.2.4").unwrap();
    assert!(has(&elsewhere, "a"));
    drop((one, ann));
    assert!(has(&third, "a"));
    drop(open(("chat", "one"), "192.0.2.1").unwrap());
}

#[test]
fn a_slot_that_was_removed_and_is_remembered_is_counted() {
    let limits = ObjectLimits {
        removed: 2,
        ..ObjectLimits::default()
    };
    let objects = registry(limits);
    let object = objects
        .open(key("room", Persistence::Persistent), None)
        .unwrap();
    let bytes = || objects.stats().bytes - OBJECT_OVERHEAD;
    object.act(set("ab", 1));
    assert_eq!(bytes(), 2 + 4 + OBJECT_SLOT_OVERHEAD);
    object.act(unset("ab"));
    assert_eq!(bytes(), 2 + OBJECT_SLOT_OVERHEAD);
    object.act(set("ab", 1));
    assert_eq!(bytes(), 2 + 4 + OBJECT_SLOT_OVERHEAD);
    object.purge(u32::MAX);
    object.act(Request::Clear);
    assert_eq!(bytes(), 0);
}
