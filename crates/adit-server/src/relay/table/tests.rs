use std::sync::Arc;
use std::time::Duration;

use adit_broker::StreamKey;
use adit_client::Target;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Joined, Place, Table};

fn key(name: &str) -> StreamKey {
    StreamKey::new("", "app", "_definst_", name).unwrap()
}

/// A claim of one name at the far side, and what tells that its publisher has left.
fn claim(table: &Arc<Table>) -> (Option<Place>, CancellationToken) {
    let target = Target::parse("rtmp://far/app/stream").unwrap();
    let left = CancellationToken::new();
    (table.claim_push(&target, key("here"), left.clone()), left)
}

async fn is_free(place: &Place) -> bool {
    timeout(Duration::from_secs(1), place.free()).await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn a_name_is_free_when_the_publisher_has_left_and_the_push_is_done() {
    let table: Arc<Table> = Arc::default();
    let (first, left) = claim(&table);
    let first = first.unwrap();
    assert!(is_free(&first).await);
    assert!(claim(&table).0.is_none());
    left.cancel();
    let second = claim(&table).0.unwrap();
    assert!(!is_free(&second).await);
    drop(first);
    assert!(is_free(&second).await);
    assert!(claim(&table).0.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_push_that_panics_leaves_its_name() {
    let table: Arc<Table> = Arc::default();
    let (place, left) = claim(&table);
    let task = tokio::spawn(async move {
        let _place = place;
        panic!("of the test");
    });
    task.await.unwrap_err();
    left.cancel();
    assert!(is_free(&claim(&table).0.unwrap()).await);
}

#[tokio::test(start_paused = true)]
async fn all_players_of_a_stream_share_one_pull() {
    let table: Arc<Table> = Arc::default();
    let first = table.join_pull(&key("a")).unwrap();
    assert!(first.begin.is_some());
    let second = table.join_pull(&key("a")).unwrap();
    assert!(second.begin.is_none());
    assert!(table.join_pull(&key("b")).unwrap().begin.is_some());
    drop(first);
    // Its task is gone: the next player begins another one.
    assert!(table.join_pull(&key("a")).unwrap().begin.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_publication_ends_the_pull_of_its_stream() {
    let table: Arc<Table> = Arc::default();
    let joined = table.join_pull(&key("here")).unwrap();
    let Joined {
        begin: Some((pull, _answer)),
        interest: _interest,
        ..
    } = joined
    else {
        panic!("it does not begin");
    };
    let patience = Duration::from_hours(1);
    assert!(timeout(patience, pull.unwanted()).await.is_err());
    let (place, left) = claim(&table);
    timeout(patience, pull.unwanted()).await.unwrap();
    assert!(table.join_pull(&key("here")).is_none());
    drop(place);
    left.cancel();
    assert!(table.join_pull(&key("here")).is_some());
}

#[tokio::test(start_paused = true)]
async fn a_pull_without_players_is_unwanted_and_out_of_the_table() {
    let table: Arc<Table> = Arc::default();
    let joined = table.join_pull(&key("here")).unwrap();
    let (pull, _answer) = joined.begin.unwrap();
    drop(joined.interest);
    pull.unwanted().await;
    assert!(table.join_pull(&key("here")).unwrap().begin.is_some());
}
