use std::time::Duration;

use tokio::time::{Instant, advance, sleep};

use super::Players;
use crate::limits::relay::IDLE;

#[tokio::test(start_paused = true)]
async fn a_stream_is_unwanted_a_while_after_the_last_player() {
    let players = Players::new();
    let (one, two) = (players.join(), players.join());
    let start = Instant::now();
    let watched = players.clone();
    let gone = tokio::spawn(async move { watched.all_gone().await });
    sleep(Duration::from_secs(100)).await;
    drop(one);
    sleep(Duration::from_secs(100)).await;
    drop(two);
    gone.await.unwrap();
    assert_eq!(start.elapsed().as_secs(), 200 + IDLE.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_player_that_comes_back_in_time_finds_it_running() {
    let players = Players::new();
    let one = players.join();
    let watched = players.clone();
    let gone = tokio::spawn(async move { watched.all_gone().await });
    drop(one);
    tokio::task::yield_now().await;
    advance(IDLE.saturating_sub(Duration::from_millis(1))).await;
    let two = players.join();
    sleep(IDLE * 2).await;
    assert!(!gone.is_finished());
    drop(two);
    gone.await.unwrap();
}
