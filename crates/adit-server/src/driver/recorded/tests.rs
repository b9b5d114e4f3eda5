//! Recordings by a client of a real server: what is told, and in which order.

use std::time::Duration;

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{ClientCommand, Playlist, Receive};

use super::{Transition, Wishes};
use crate::driver::viewer::{Viewer, has};
use crate::limits::playback::WISHES;

#[tokio::test]
async fn what_was_to_follow_a_play_that_was_refused_does_not_follow_another() {
    let mut viewer = Viewer::connect().await;
    viewer.play("nothing", Playlist::Reset);
    viewer.play("b", Playlist::Append);
    viewer.until("there is no recording of nothing").await;
    viewer.play("c", Playlist::Reset);
    let seen = viewer.until("c has ended").await;
    assert!(has(&seen, "picture c"), "{seen:?}");
    assert!(!has(&seen, "picture b"), "{seen:?}");
}

#[tokio::test]
async fn what_is_appended_right_after_a_reset_is_played_after_it() {
    let mut viewer = Viewer::of_long().await;
    viewer.play2("b", "reset");
    viewer.play2("c", "append");
    let seen = viewer.until("c has ended").await;
    assert!(has(&seen, "b: it is about to play"), "{seen:?}");
    assert!(has(&seen, "b plays from now on"), "{seen:?}");
    assert!(has(&seen, "picture b"), "{seen:?}");
}

#[tokio::test]
async fn of_two_resets_the_last_one_counts() {
    let mut viewer = Viewer::of_long().await;
    viewer.play2("b", "reset");
    viewer.play2("c", "reset");
    let seen = viewer.until("c has ended").await;
    assert!(!has(&seen, "b plays from now on"), "{seen:?}");
}

#[tokio::test]
async fn who_wants_no_pictures_gets_none_after_a_reset_either() {
    let mut viewer = Viewer::of_long().await;
    viewer.send(ClientCommand::ReceiveVideo(Receive::Off));
    viewer.play2("b", "reset");
    let seen = viewer.until("b has ended").await;
    assert!(!has(&seen, "picture b"), "{seen:?}");
}

#[tokio::test]
async fn the_length_is_told_to_those_who_may_play_it() {
    let mut viewer = Viewer::connect().await;
    let mut length = async |name: &str| {
        viewer.call("getStreamLength", name);
        viewer.until("answer").await.pop().unwrap()
    };
    assert_eq!(length("b").await, "answer 1");
    assert_eq!(length("nothing").await, "answer 0");
    // There is a recording of each, and who asks may not play it, or nobody has said so in time.
    assert_eq!(length("refused").await, "answer 0");
    assert_eq!(length("only live").await, "answer 0");
    assert_eq!(length("../b").await, "answer 0");
}

#[test]
fn the_buffers_of_so_many_streams_are_remembered() {
    let msid = MessageStreamId::new;
    let most = u32::try_from(WISHES).unwrap();
    let mut wishes = Wishes::default();
    for stream in 1..=most {
        wishes.set_buffer(msid(stream), stream);
        wishes.set_buffer(msid(stream), stream + 1);
    }
    let buffer = |wishes: &Wishes, stream| wishes.buffer(msid(stream));
    assert_eq!(buffer(&wishes, 1), Some(Duration::from_millis(2)));
    wishes.set_buffer(msid(most + 1), 7);
    assert_eq!(buffer(&wishes, 1), None);
    assert_eq!(buffer(&wishes, 2), Some(Duration::from_millis(3)));
    assert_eq!(buffer(&wishes, most + 1), Some(Duration::from_millis(7)));
}

#[test]
fn transitions_have_the_names_of_flash_in_any_case() {
    let check = |text, expected| assert_eq!(Transition::parse(text), expected);
    check("switch", Some(Transition::Switch));
    check("appendAndWait", Some(Transition::Append));
    check("SWAP", Some(Transition::Swap));
    check("resume", Some(Transition::Reset));
    check("fade", None);
}
