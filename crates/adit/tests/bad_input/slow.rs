//! Clients that take their time: headers and bodies a byte at a time, replies that nobody reads.

use std::time::{Duration, Instant};

use adit_testkit::attack::Attacker;

use crate::siege::Siege;

/// How many of them at once.
const SLOW: usize = 60;

/// The longest that one of them may stay: headers have 10 s, a body slower than 1 KiB/s has 5 s after that, a linger of 1 s.
const STAYS: Duration = Duration::from_secs(20);

#[tokio::test]
async fn slow_headers_and_bodies_are_cut_off_and_nobody_else_waits() {
    let mut siege = Siege::begin().await;
    let server = siege.server().address();
    let mut slow = tokio::task::JoinSet::new();
    for number in 0..SLOW {
        slow.spawn(async move {
            let mut attacker = Attacker::connect(server).await;
            let request: &[u8] = match number % 3 {
                0 => b"POST /open/1 HTTP/1.1\r\nHost: ",
                1 => b"POST /open/1 HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-fcs\r\nContent-Length: 1000\r\n\r\n",
                _ => b"P",
            };
            attacker.write(request).await;
            let began = Instant::now();
            while began.elapsed() < STAYS {
                attacker.write(b"a").await;
                if attacker.ending(Duration::from_millis(700)).await.closed {
                    return (number, began.elapsed());
                }
            }
            (number, began.elapsed())
        });
    }
    let mut stays = Vec::new();
    while let Some(ended) = slow.join_next().await {
        stays.push(ended.unwrap());
    }
    siege.assert_calm("slow clients").await;
    let too_long: Vec<_> = stays.iter().filter(|(_, stay)| *stay >= STAYS).collect();
    assert!(
        too_long.is_empty(),
        "still open after {STAYS:?}: {too_long:?}"
    );
}
