use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use super::settle;
use crate::limits;

/// How long goodbyes that take so long are waited for.
async fn waited_for(time: Duration) -> Duration {
    let closing = TaskTracker::new();
    closing.close();
    closing.spawn(sleep(time));
    let begin = Instant::now();
    settle(&closing).await;
    begin.elapsed()
}

#[tokio::test(start_paused = true)]
async fn losers_are_waited_for_so_long() {
    let tick = Duration::from_millis(1);
    let just = limits::LOSERS.checked_sub(tick).unwrap();
    assert_eq!(waited_for(just).await, just);
    assert_eq!(waited_for(limits::LOSERS + tick).await, limits::LOSERS);
    assert_eq!(waited_for(Duration::ZERO).await, Duration::ZERO);
}
