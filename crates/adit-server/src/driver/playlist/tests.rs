//! Live streams and recordings, one after the other.

use std::time::{Duration, Instant};

use adit_broker::Publication;
use adit_rtmp::command::{ClientCommand, Play, Playlist};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::driver::viewer::{Viewer, has, picture};
use crate::limits::playback::NEXT_REQUESTS;

/// Publishes a picture each 10 ms, by a clock that is far ahead.
fn pictures(mut publication: Publication) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut at = 5_000_000;
        loop {
            publication.push(Instant::now(), picture(at));
            publication.flush(Instant::now());
            sleep(Duration::from_millis(10)).await;
            at += 10;
        }
    })
}

fn count(seen: &[String], wanted: &str) -> usize {
    seen.iter().filter(|seen| *seen == wanted).count()
}

/// Asserts that time does not go back, and never leaps.
fn assert_goes_on(times: &[u32]) {
    let pairs = || times.windows(2);
    assert!(pairs().all(|pair| pair[0] <= pair[1]), "{times:?}");
    assert!(pairs().all(|pair| pair[1] - pair[0] < 400), "{times:?}");
}

#[tokio::test]
async fn a_live_stream_plays_between_recordings_for_as_long_as_was_asked() {
    let mut viewer = Viewer::connect().await;
    let publisher = pictures(viewer.publish("cam"));
    viewer.play("b", Playlist::Reset);
    viewer.play_live("cam", 300, Playlist::Append);
    viewer.play("c", Playlist::Append);
    viewer.play("b", Playlist::Append);
    let seen = viewer.until("cam plays from now on").await;
    assert_eq!(count(&seen, "picture b"), 9);
    assert!(!has(&seen, "b has ended"), "{seen:?}");
    let seen = viewer.until("c plays from now on").await;
    let live = count(&seen, "picture L");
    assert!((5..=60).contains(&live), "{live}");
    let seen = viewer.until("b plays from now on").await;
    assert_eq!(count(&seen, "picture c"), 9);
    let seen = viewer.until("b has ended").await;
    assert_eq!(count(&seen, "picture b"), 9);
    assert_goes_on(&viewer.times);
    publisher.abort();
}

#[tokio::test]
async fn a_live_play_ends_when_its_time_is_up_and_what_is_put_behind_it_then_is_played() {
    let mut viewer = Viewer::connect().await;
    let publisher = pictures(viewer.publish("cam"));
    let begun = Instant::now();
    viewer.play_live("cam", 200, Playlist::Reset);
    let seen = viewer.until("nothing more is to be played").await;
    assert!(begun.elapsed() >= Duration::from_millis(200));
    assert!(has(&seen, "picture L"), "{seen:?}");
    viewer.play_live("cam", 200, Playlist::Append);
    let seen = viewer.until("nothing more is to be played").await;
    assert!(has(&seen, "picture L"), "{seen:?}");
    viewer.play("b", Playlist::Append);
    let seen = viewer.until("b has ended").await;
    assert!(has(&seen, "b plays from now on"), "{seen:?}");
    assert_goes_on(&viewer.times);
    publisher.abort();
}

#[tokio::test]
async fn what_is_next_is_played_when_the_publisher_ends() {
    let mut viewer = Viewer::connect().await;
    let mut publication = viewer.publish("cam");
    publication.push(Instant::now(), picture(70));
    let mut play = Play::new("cam");
    viewer.send(ClientCommand::Play(play.clone()));
    viewer.until("picture L").await;
    // As what was live when it was put there, and will not come back.
    play.playlist = Playlist::Append;
    viewer.send(ClientCommand::Play(play));
    viewer.play("nothing", Playlist::Append);
    viewer.play2("b", "append");
    // Both have been understood by then.
    viewer.call("nonsense", "");
    viewer.until("answer").await;
    drop(publication);
    viewer.until("cam plays from now on").await;
    let mut again = viewer.publish("cam");
    again.push(Instant::now(), picture(9_000));
    viewer.until("picture L").await;
    drop(again);
    viewer
        .until("nothing: there is no recording of that name")
        .await;
    let seen = viewer.until("b has ended").await;
    assert_eq!(count(&seen, "picture b"), 10);
    assert_goes_on(&viewer.times);
}

#[tokio::test]
async fn a_live_stream_is_waited_for_no_longer_than_it_was_to_play() {
    let mut viewer = Viewer::connect().await;
    viewer.play_live("nobody", 150, Playlist::Reset);
    viewer.play_live("nobody else", 150, Playlist::Append);
    viewer.play("b", Playlist::Append);
    viewer.until("nobody else plays from now on").await;
    let seen = viewer.until("b has ended").await;
    assert_eq!(count(&seen, "picture b"), 9);
}

#[tokio::test]
async fn what_waits_behind_a_live_stream_is_swapped_and_forgotten() {
    let mut viewer = Viewer::of_long().await;
    viewer.play_live("cam", 200, Playlist::Append);
    viewer.play("b", Playlist::Append);
    viewer.play2("c", "reset");
    let seen = viewer.until("c has ended").await;
    assert!(!has(&seen, "picture b"), "{seen:?}");
    // A live stream can be put behind others, and nothing else.
    let publication = viewer.publish("cam");
    viewer.play2("cam", "switch");
    viewer
        .until("cam: a live stream can only be appended")
        .await;
    drop(publication);
    viewer.play2("only live", "append");
    viewer.until("only live plays from now on").await;
}

#[tokio::test]
async fn so_many_requests_for_what_is_next_wait_and_one_more_does_not() {
    let mut viewer = Viewer::of_long().await;
    for _ in 0..NEXT_REQUESTS {
        viewer.play("undecided", Playlist::Append);
    }
    viewer.play("b", Playlist::Append);
    viewer
        .until("b: too many requests wait for an answer")
        .await;
    assert_eq!(viewer.stats.limits().get("playback.requests"), Some(&1));
}
