use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::Broker;
use crate::testing::{Player, Publisher, broker, epoch, key};
use crate::{BrokerConfig, Limits, PublisherInfo, SubscribeOptions};

fn info(session: &str) -> PublisherInfo {
    PublisherInfo::new(session, "192.0.2.1:5")
}

#[test]
fn a_second_publisher_is_refused_and_told_by_whom() {
    let broker = broker(Limits::default());
    let mut first = Publisher::new(&broker, "a");
    first.push("K@40");
    let refused = broker.publish(key("a"), info("p2"), epoch()).unwrap_err();
    assert_eq!(refused.publication.id, first.publication.info().id);
    assert_eq!(refused.publication.since, first.epoch);
    assert_eq!(refused.last_frame, Some(first.time(40)));
    assert_eq!(
        refused.to_string(),
        "the stream is published by session p1 from 192.0.2.1:5"
    );
    assert_eq!(
        (broker.stats().publications, broker.stats().refused),
        (1, 1)
    );
}

#[test]
fn a_refusal_before_the_first_frame_says_there_was_none() {
    let broker = broker(Limits::default());
    let _first = Publisher::new(&broker, "a");
    let refused = broker.publish(key("a"), info("p2"), epoch()).unwrap_err();
    assert_eq!(refused.last_frame, None);
}

#[test]
fn another_name_and_a_name_given_back_are_free() {
    let broker = broker(Limits::default());
    let first = Publisher::new(&broker, "a");
    assert!(broker.publish(key("b"), info("p2"), epoch()).is_ok());
    drop(first);
    assert!(broker.publish(key("a"), info("p2"), epoch()).is_ok());
}

#[test]
fn dropped_guards_leave_the_map_empty() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("K@0");
    let mut player = Player::new(&broker, "a");
    let waiting = Player::new(&broker, "b");
    player.drain();
    assert_eq!(broker.streams().len(), 2);
    drop(waiting);
    assert_eq!(broker.streams().len(), 1);
    drop(publisher);
    assert_eq!(broker.streams().len(), 1, "the player still waits");
    drop(player);
    assert_eq!(broker.streams().len(), 0);
}

#[test]
fn the_list_of_streams_tells_publisher_readers_and_numbers() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 K@0 A@10");
    let _player = Player::new(&broker, "a");
    let streams = broker.streams();
    assert_eq!(streams.len(), 1);
    assert_eq!(streams[0].key, key("a"));
    assert_eq!(streams[0].readers, 1);
    let publication = streams[0].publication.as_ref().unwrap();
    assert_eq!(&*publication.publisher.session, "p1");
    let stats = &streams[0].stats;
    assert_eq!((stats.frames, stats.bytes), (3, 6 + 6 + 3));
    assert_eq!(stats.last_frame, Some(publisher.time(10)));
    assert_eq!((stats.held_frames, stats.held_bytes), (2, 6 + 3));
    assert_eq!(broker.stats().subscriptions, 1);
}

#[test]
fn the_numbers_of_a_broker_are_those_of_all_streams_also_of_those_that_are_gone() {
    let mut limits = Limits::default();
    limits.gop.frames = 2;
    let broker = broker(limits);
    let overflow = |name| {
        let mut publisher = Publisher::new(&broker, name);
        publisher.push("K@0 I@10 I@20");
        publisher
    };
    drop(overflow("a"));
    drop(overflow("a"));
    let _running = overflow("b");
    let stats = broker.stats();
    assert_eq!((stats.frames, stats.publications), (9, 3));
    let limits: Vec<_> = stats.limits().collect();
    assert_eq!(
        limits,
        [("viewer.queue", 0), ("gop", 3), ("stream.headers", 0)]
    );
}

#[test]
fn groups_that_are_forgotten_are_held_no_more_and_who_comes_then_begins_at_the_next() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    let mut early = Player::new(&broker, "a");
    publisher.push("V@0 K@0 I@40");
    early.drain();
    publisher.push("I@80");
    broker.forget_groups();
    let held = broker.streams()[0].stats.held_frames;
    assert_eq!(held, 1, "what one who is here has not got yet");
    let mut late = Player::new(&broker, "a");
    publisher.push("I@120 K@160 I@200");
    assert!(early.drain().ends_with("I@80 I@120 K@160 I@200"));
    assert!(late.drain().ends_with("V@160 K@160 I@200"));
}

#[test]
fn sound_that_is_forgotten_goes_on_for_who_comes_then() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("S@0 A@0 A@20");
    broker.forget_groups();
    assert_eq!(broker.streams()[0].stats.held_frames, 0);
    let mut late = Player::new(&broker, "a");
    publisher.push("A@40 A@60");
    assert!(late.drain().ends_with("S@40 A@40 A@60"));
}

#[test]
fn of_two_publishers_at_the_same_moment_one_wins() {
    const RACES: usize = 10_000;
    let broker = Broker::new(BrokerConfig::default());
    let (barrier, wins, now) = (Barrier::new(2), AtomicUsize::new(0), epoch());
    thread::scope(|scope| {
        for session in ["p1", "p2"] {
            let (broker, barrier, wins) = (&broker, &barrier, &wins);
            scope.spawn(move || {
                for race in 0..RACES {
                    barrier.wait();
                    let guard = broker.publish(key("a"), info(session), now);
                    wins.fetch_add(usize::from(guard.is_ok()), Ordering::SeqCst);
                    barrier.wait();
                    assert_eq!(wins.load(Ordering::SeqCst), race + 1);
                    drop(guard);
                }
            });
        }
    });
    assert_eq!(broker.streams().len(), 0);
    assert_eq!(broker.stats().refused, 10_000);
}

#[test]
fn readers_that_come_and_go_while_a_stream_starts_and_ends_leave_nothing() {
    let broker = Broker::new(BrokerConfig::default());
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..500 {
                let mut publisher = Publisher::new(&broker, "a");
                publisher.push("V@0 K@0 I@40 A@50 K@80");
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..2_000 {
                    let mut player = Player::new(&broker, "a");
                    player.drain();
                }
            });
        }
    });
    assert_eq!(broker.streams().len(), 0);
}

#[test]
fn a_clone_is_the_same_broker() {
    let broker = broker(Limits::default());
    let _subscription = broker
        .clone()
        .subscribe(key("a"), SubscribeOptions::default());
    assert_eq!(broker.streams().len(), 1);
}
