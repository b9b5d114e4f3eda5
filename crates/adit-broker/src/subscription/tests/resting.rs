//! A reader that rests while an assistant reads for it.

use std::sync::Arc;

use crate::testing::{Player, Publisher, broker, key};
use crate::{Broker, Limits, Place};

/// A player that has seen everything, and somebody who reads on for it.
fn rest(player: &Player) -> (Player, Place) {
    let place = player.subscription.place().unwrap();
    let assistant = Player {
        subscription: player.subscription.assistant(place.clone()),
        bell: Arc::default(),
    };
    (assistant, place)
}

fn playing() -> (Broker, Publisher, Player) {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    let mut player = Player::new(&broker, "a");
    publisher.push("K@0 I@10");
    player.check("started K@0 I@10");
    (broker, publisher, player)
}

#[test]
fn the_reader_is_not_woken_and_goes_on_where_its_assistant_has_come_to() {
    let (_broker, mut publisher, mut player) = playing();
    let (mut assistant, first) = rest(&player);
    player.subscription.rest();
    assistant.check("");
    publisher.push("I@20 K@30");
    assistant.check("I@20 K@30");
    assert_eq!(player.bell.rings(), 0);
    assert_eq!(assistant.bell.rings(), 1);
    let place = assistant.subscription.place().unwrap();
    assert_eq!(first.frames_until(&place), Some(2));
    assert_eq!(place.frames_until(&first), None);
    assert_eq!(first.after(2).frames_until(&place), Some(0));
    player.subscription.resume(place);
    publisher.push("I@40");
    player.check("I@40");
    publisher.push("I@50");
    assert_eq!(player.bell.rings(), 1);
    player.check("I@50");
}

#[test]
fn a_place_that_is_held_stays_in_the_log_when_newer_groups_come() {
    let (_broker, mut publisher, mut player) = playing();
    let (mut assistant, place) = rest(&player);
    let hold = player.subscription.rest();
    hold.at(&place);
    publisher.push("I@20 K@30 I@40 K@50 I@60 K@70");
    assistant.check("I@20 K@30 I@40 K@50 I@60 K@70");
    player.subscription.resume(place);
    player.check("I@20 K@30 I@40 K@50 I@60 K@70");
}

#[test]
fn a_place_that_nobody_held_is_one_of_a_reader_that_was_too_slow() {
    let (_broker, mut publisher, mut player) = playing();
    let (mut assistant, place) = rest(&player);
    player.subscription.rest();
    publisher.push("I@20 K@30 I@40 K@50");
    assistant.check("I@20 K@30 I@40 K@50");
    publisher.push("I@60");
    assistant.check("I@60");
    publisher.push("K@70");
    player.subscription.resume(place);
    let seen = player.drain();
    assert!(seen.starts_with("skipped("), "{seen}");
    assert!(seen.ends_with("K@70"), "{seen}");
}

#[test]
fn the_end_is_told_and_the_next_publication_is_kept_from_its_first_frame_on() {
    let (broker, publisher, mut player) = playing();
    let (mut assistant, place) = rest(&player);
    player.subscription.rest();
    drop(publisher);
    assistant.check("stopped");
    assert!(assistant.subscription.place().is_none());
    drop(assistant);
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("K@0 I@10 K@20 I@30");
    player.subscription.resume(place.clone());
    player.check("stopped started K@0 I@10 K@20 I@30");
    let next = player.subscription.place().unwrap();
    assert_eq!(place.frames_until(&next), None);
}

#[test]
fn an_assistant_is_no_reader_and_keeps_no_stream() {
    let (broker, publisher, player) = playing();
    let (assistant, _) = rest(&player);
    assert_eq!(broker.stream(&key("a")).unwrap().readers, 1);
    assert_eq!(player.subscription.readers(), 1);
    drop(assistant);
    assert_eq!(broker.stream(&key("a")).unwrap().readers, 1);
    assert_eq!(player.subscription.readers(), 1);
    drop(publisher);
    drop(player);
    assert!(broker.stream(&key("a")).is_none());
}

#[test]
fn what_has_not_been_handed_out_is_no_place_to_go_on_from() {
    let (_broker, mut publisher, mut player) = playing();
    publisher.push("I@20 I@30");
    assert!(player.poll().is_some());
    assert!(player.subscription.place().is_none());
    player.check("I@30");
    assert!(player.subscription.place().is_some());
}
