//! What the one who asks is told, and what the others are.

use bytes::Bytes;

use super::*;

#[test]
fn the_author_of_a_change_hears_of_success_and_the_others_of_the_change() {
    let (_objects, object, mut ann, mut ben) = pair();
    ann.ask(vec![set("a", 1)]);
    ann.check("success a @2");
    ben.check("change a=1 @2");
    assert_eq!(object.value("a").as_deref(), Some(&1));
}

#[test]
fn a_batch_is_one_version_and_one_update() {
    let (_objects, object, mut ann, mut ben) = pair();
    ann.ask(vec![set("a", 1), set("b", 2), remove("a"), say(7)]);
    ann.check("success a, success b, remove a, say[7] @2");
    ben.check("change a=1, change b=2, remove a, say[7] @2");
    assert_eq!(object.version(), 2);
}

#[test]
fn an_unchanged_value_is_success_and_nobody_else_hears_of_it() {
    let (_objects, _object, mut ann, mut ben) = pair();
    ann.ask(vec![set("a", 1)]);
    ben.check("change a=1 @2");
    let rings = ben.bell.rings();
    ann.ask(vec![set("a", 1)]);
    ann.check("success a @2; success a @2");
    ben.check("");
    assert_eq!(ben.bell.rings(), rings);
}

#[test]
fn a_slot_set_to_nothing_is_success_for_its_author_and_removed_for_the_others() {
    let (_objects, object, mut ann, mut ben) = pair();
    ann.ask(vec![set("a", 1)]);
    ann.ask(vec![unset("a")]);
    ann.check("success a @2; success a @3");
    ben.check("change a=1 @2; remove a @3");
    ann.ask(vec![unset("a")]);
    ann.check("success a @3");
    ben.check("");
    assert_eq!(object.value("a"), None);
}

#[test]
fn a_removed_slot_is_removed_for_all() {
    let (_objects, _object, mut ann, mut ben) = pair();
    ann.ask(vec![set("a", 1)]);
    ben.check("change a=1 @2");
    ben.ask(vec![remove("a")]);
    ann.check("success a @2; remove a @3");
    ben.check("remove a @3");
    // One that is not there: its author is told so, and nobody else.
    ben.ask(vec![remove("a")]);
    ben.check("remove a @3");
    ann.check("");
}

#[test]
fn clearing_tells_all() {
    let (_objects, object, mut ann, mut ben) = pair();
    ann.ask(vec![set("a", 1), set("b", 2)]);
    ben.ask(vec![Request::Clear]);
    ann.check("success a, success b @2; clear @3");
    ben.check("change a=1, change b=2 @2; clear @3");
    assert_eq!(object.all().slots, []);
}

#[test]
fn a_message_goes_to_all_with_its_sender_and_is_not_stored() {
    let (objects, object, mut ann, mut ben) = pair();
    ann.ask(vec![say(5)]);
    ann.check("say[5] @1");
    ben.check("say[5] @1");
    Peer::of(&objects, &object, 0).check("joined all() @1");
}

#[test]
fn who_was_overtaken_by_another_change_hears_the_value_again() {
    let (_objects, object, mut ann, mut ben) = pair();
    ann.ask(vec![set("a", 1)]);
    // Ben has not heard of it.
    ben.ask(vec![set("a", 2)]);
    ben.check("change a=1 @2; change a=1 @2");
    ann.check("success a @2");
    assert_eq!(object.value("a").as_deref(), Some(&1));
    assert_eq!(ben.copy, ann.copy);
    // Now he has. That he knows, only his next version can tell: the first answer is the value.
    ben.ask(vec![set("a", 2)]);
    ben.check("change a=2 @3");
    ann.check("change a=2 @3");
    ben.ask(vec![set("a", 4)]);
    ben.check("success a @4");
    ann.check("change a=4 @4");
    // The last one wins where no version is told.
    let batch = Batch {
        based_on: None,
        write: Permission::Granted,
        requests: vec![set("a", 3)],
    };
    ann.member.ask(ann.now, batch).unwrap();
    ann.check("success a @5");
}

#[test]
fn changes_in_a_row_without_waiting_for_answers_are_all_accepted() {
    let (_objects, object, mut ann, mut ben) = pair();
    for value in 1..=3 {
        ann.ask(vec![set("a", value)]);
    }
    ann.check("success a @2; success a @3; success a @4");
    ben.check("change a=1 @2; change a=2 @3; change a=3 @4");
    assert_eq!(object.value("a").as_deref(), Some(&3));
}

#[test]
fn a_change_behind_the_own_removal_is_answered_by_the_value() {
    let (_objects, _object, mut ann, mut ben) = pair();
    ann.ask(vec![set("a", 1)]);
    ann.check("success a @2");
    // The echo of the removal undoes what she sets before she hears of it.
    ann.ask(vec![remove("a")]);
    ann.ask(vec![set("a", 2)]);
    ann.check("remove a @3; change a=2 @4");
    ben.check("change a=1 @2; remove a @3; change a=2 @4");
    assert_eq!(ann.copy, ben.copy);
    ann.ask(vec![set("a", 3)]);
    ann.check("success a @5");
}

#[test]
fn who_may_not_write_is_refused_and_told_what_there_is() {
    let (_objects, object, mut ann, mut ben) = pair();
    ann.ask(vec![set("a", 1)]);
    ben.check("change a=1 @2");
    let requests = vec![set("a", 2), set("b", 3), say(4)];
    ben.ask_with(Permission::Denied, requests);
    ben.check("refused NoWriteAccess, change a=1, remove b @2");
    ben.ask_with(Permission::Denied, vec![Request::Clear]);
    ben.check("refused NoWriteAccess, change a=1 @2");
    ann.check("success a @2");
    assert_eq!((ben.copy, object.version()), (ann.copy, 2));
}

#[test]
fn who_may_not_read_does_not_join() {
    let (objects, object, ..) = pair();
    let read = Permission::Denied;
    let joined = object.join(&objects.client(), Joining { known: 0, read });
    assert_eq!(joined.unwrap_err(), JoinError::NoReadAccess);
}

#[test]
fn what_the_server_does_reaches_all_and_is_never_overtaken() {
    let (_objects, object, mut ann, mut ben) = pair();
    object.act(set("a", 1));
    ann.ask(vec![set("a", 2)]);
    object.act(say(3));
    object.act(unset("a"));
    object.act(Request::Clear);
    ann.check("change a=1 @2; change a=1 @2; say[3] @2; remove a @3; clear @4");
    ben.check("change a=1 @2; say[3] @2; remove a @3; clear @4");
}

#[test]
fn a_member_is_woken_once_and_has_nothing_to_hear_of_what_was_before() {
    let (objects, object, mut ann, mut ben) = pair();
    ben.check("");
    let rings = ben.bell.rings();
    ann.ask(vec![set("a", 1)]);
    ann.ask(vec![set("a", 2)]);
    assert_eq!(ben.bell.rings(), rings + 1);
    Peer::of(&objects, &object, 0).check("joined all(a=2) @3");
}

#[test]
fn one_encoded_form_is_shared_by_those_who_asked_for_nothing() {
    let (objects, object, mut ann, mut ben) = pair();
    let mut eve = Peer::of(&objects, &object, 0);
    eve.check("joined all() @1");
    ann.ask(vec![set("a", 1)]);
    let form = |peer: &mut Peer, text: &'static str| {
        let Some(Delivery::Update(update)) = peer.poll() else {
            panic!()
        };
        update.form(19, || Bytes::from_static(text.as_bytes()))
    };
    assert_eq!(form(&mut ben, "ben"), "ben");
    assert_eq!(form(&mut eve, "eve"), "ben");
    assert_eq!(form(&mut ann, "ann"), "ann");
}
