use std::future::pending;

use adit_rtmp::command::StatusCode;
use tokio::time::Instant;

use super::{limits, within_ask};

#[tokio::test(start_paused = true)]
async fn a_far_side_that_never_answers_is_a_refusal() {
    let start = Instant::now();
    let refusal = within_ask(StatusCode::PublishBadName, pending())
        .await
        .unwrap_err();
    assert_eq!(start.elapsed(), limits::ASK);
    assert_eq!(refusal.code, StatusCode::PublishBadName);
    assert_eq!(
        refusal.description,
        "the server has not answered within 45 s"
    );
}
