use adit_net::http::{Asker, Elsewhere, LinkFuture};

use super::*;

fn key(number: usize) -> StreamKey {
    StreamKey::new("", "live", "_definst_", &number.to_string()).unwrap()
}

/// Says so many names, and then nothing, or the end.
#[derive(Debug)]
struct Far {
    names: usize,
    ends: bool,
}

impl Elsewhere for Far {
    fn connect(&self, _: Asker) -> LinkFuture<'_> {
        Box::pin(async { None })
    }

    fn is_there(&self) -> bool {
        true
    }
}

impl Predecessor for Far {
    fn streams(&self) -> LinkFuture<'_> {
        Box::pin(async { None })
    }

    fn stream(&self) -> LinkFuture<'_> {
        Box::pin(async { None })
    }

    fn names(&self) -> LinkFuture<'_> {
        let (own, mut other) = tokio::io::duplex(1_000);
        let (names, ends) = (self.names, self.ends);
        tokio::spawn(async move {
            for number in 0..names {
                if other.write_all(&name(&key(number))).await.is_err() {
                    return;
                }
            }
            if !ends {
                std::future::pending::<()>().await;
            }
        });
        Box::pin(async { Some(Box::new(own) as Box<dyn Link>) })
    }

    fn packaged(&self) -> LinkFuture<'_> {
        Box::pin(async { None })
    }
}

fn after(names: usize, ends: bool) -> Before {
    let before = Before::default();
    before.is(Arc::new(Far { names, ends }));
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
