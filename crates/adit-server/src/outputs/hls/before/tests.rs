use super::*;
use crate::mirror::testing::Near;

fn key(number: usize) -> StreamKey {
    StreamKey::new("", "live", "_definst_", &number.to_string()).unwrap()
}

/// After a server that says so many names, and then nothing, or the end.
fn after(names: usize, ends: bool) -> Before {
    let before = Before::default();
    before.is(Near::new(move |question, mut link| {
        assert_eq!(question, Question::Names);
        tokio::spawn(async move {
            for number in 0..names {
                if link.write_all(&name(&key(number))).await.is_err() {
                    return;
                }
            }
            if !ends {
                std::future::pending::<()>().await;
            }
        });
    }));
    before
}

#[tokio::test]
async fn as_many_names_of_the_other_server_are_known_as_may_be_and_one_more_is_not() {
    let before = after(HLS_INHERITED + 1, true);
    assert!(before.has(&key(0)).await);
    assert!(before.has(&key(HLS_INHERITED - 1)).await);
    assert!(!before.has(&key(HLS_INHERITED)).await);
}

#[tokio::test(start_paused = true)]
async fn what_it_has_said_counts_though_it_says_no_more() {
    let before = after(3, false);
    assert!(before.has(&key(2)).await);
    assert!(!before.has(&key(3)).await);
}

#[tokio::test]
async fn where_there_is_no_other_server_nothing_is_there() {
    assert!(!Before::default().has(&key(0)).await);
}
