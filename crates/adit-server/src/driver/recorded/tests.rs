//! Recordings by a client of a real server: what is told, and in which order.

use std::time::Instant;

use adit_rtmp::command::{ClientCommand, PauseForm, PauseState, Playlist, Receive};

use super::Transition;
use crate::driver::viewer::{Viewer, has, picture};

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
    assert!(has(&seen, "b is about to play"), "{seen:?}");
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

/// Lets the server read and send whatever it would.
async fn turns(viewer: &mut Viewer) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..30 {
        viewer.call("nonsense", "");
        seen.extend(viewer.until("answer").await);
    }
    seen
}

fn pause(state: PauseState, position_ms: u32) -> ClientCommand {
    ClientCommand::Pause {
        state,
        position_ms,
        form: PauseForm::Plain,
    }
}

fn pictures(seen: &[String]) -> usize {
    let is_picture = |seen: &&String| seen.starts_with("picture");
    seen.iter().filter(is_picture).count()
}

#[tokio::test]
async fn a_pause_and_a_seek_right_after_a_play_count() {
    let mut viewer = Viewer::connect().await;
    viewer.play("long", Playlist::Reset);
    viewer.send(pause(PauseState::Paused, 0));
    let position_ms = 30_000;
    viewer.send(ClientCommand::Seek { position_ms });
    let seen = viewer.until("long goes on at 30 s").await;
    assert!(has(&seen, "play is paused"), "{seen:?}");
    assert_eq!(pictures(&seen), 0, "{seen:?}");
    viewer.until("picture l").await;
    assert_eq!(pictures(&turns(&mut viewer).await), 0);
    viewer.send(pause(PauseState::Playing, position_ms));
    viewer.until("play goes on").await;
    viewer.until("picture l").await;
    assert_eq!(viewer.times.first(), Some(&30_000));
    assert_eq!(viewer.times.get(1), Some(&30_100));
}

#[tokio::test]
async fn a_transition_right_after_a_play_counts() {
    let mut viewer = Viewer::connect().await;
    viewer.play("long", Playlist::Reset);
    viewer.play2("nothing", "switch");
    let seen = viewer.until("nothing: there is no recording").await;
    assert!(has(&seen, "long plays from now on"), "{seen:?}");
}

#[tokio::test]
async fn what_a_player_wants_holds_for_all_that_it_plays() {
    let mut viewer = Viewer::connect().await;
    let mut publication = viewer.publish("cam");
    publication.push(Instant::now(), picture(70));
    viewer.send(ClientCommand::ReceiveVideo(Receive::Off));
    viewer.play("b", Playlist::Reset);
    viewer.play_live("cam", 200, Playlist::Append);
    viewer.play("c", Playlist::Append);
    let seen = viewer.until("c has ended").await;
    assert!(has(&seen, "cam plays from now on"), "{seen:?}");
    assert_eq!(pictures(&seen), 0, "{seen:?}");
    viewer.play("b", Playlist::Reset);
    let seen = viewer.until("b has ended").await;
    assert_eq!(pictures(&seen), 0, "{seen:?}");
    viewer.send(ClientCommand::ReceiveVideo(Receive::On));
    viewer.play("c", Playlist::Reset);
    let seen = viewer.until("c has ended").await;
    assert_eq!(pictures(&seen), 9, "{seen:?}");
}

#[tokio::test]
async fn who_pauses_one_item_of_a_playlist_pauses_the_next() {
    let mut viewer = Viewer::connect().await;
    viewer.play_live("nobody", 200, Playlist::Reset);
    viewer.play("b", Playlist::Append);
    viewer.send(pause(PauseState::Paused, 0));
    let seen = viewer.until("b plays from now on").await;
    assert_eq!(pictures(&seen), 0, "{seen:?}");
    assert_eq!(pictures(&turns(&mut viewer).await), 0);
    viewer.send(pause(PauseState::Playing, 0));
    let seen = viewer.until("b has ended").await;
    assert_eq!(pictures(&seen), 9, "{seen:?}");
    // What is played anew is not paused.
    viewer.send(pause(PauseState::Paused, 0));
    viewer.play("c", Playlist::Reset);
    let seen = viewer.until("c has ended").await;
    assert_eq!(pictures(&seen), 9, "{seen:?}");
}

#[tokio::test]
async fn a_transition_can_be_the_first_play_and_end_a_live_one() {
    let mut viewer = Viewer::connect().await;
    viewer.play2("b", "append");
    let seen = viewer.until("b has ended").await;
    assert_eq!(pictures(&seen), 10, "{seen:?}");
    let publication = viewer.publish("cam");
    viewer.play_live("cam", 60_000, Playlist::Reset);
    viewer.until("cam plays from now on").await;
    viewer.play2("c", "reset");
    let seen = viewer.until("c has ended").await;
    assert_eq!(pictures(&seen), 10, "{seen:?}");
    drop(publication);
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
fn transitions_have_the_names_of_flash_in_any_case() {
    let check = |text, expected| assert_eq!(Transition::parse(text), expected);
    check("switch", Some(Transition::Switch));
    check("SWAP", Some(Transition::Swap));
    check("Stop", Some(Transition::Stop));
    check("fade", None);
}
