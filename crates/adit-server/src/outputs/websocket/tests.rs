//! Viewers that answer, that do not, and that take nothing; the time is that of tokio, which stands still while anybody works.

use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{GOODBYE, LOOK, WRITE_BUFFER, play};
use crate::control::Way;
use crate::limits::outputs::{WEBSOCKET_DEAD, WEBSOCKET_PING, WEBSOCKET_STALL};
use crate::outputs::testing::Stage;

const KEY: &[u8] = b"\x17\x01\x00\x00\x00key";
/// What the network between the two holds.
const NETWORK: usize = 4_096;

/// A viewer, and his end of the connection.
fn watch(stage: &Stage) -> (JoinHandle<()>, DuplexStream) {
    let (here, there) = duplex(NETWORK);
    (
        tokio::spawn(play(here, stage.feed(Way::WebSocketFlv))),
        there,
    )
}

/// A picture that is larger than the network.
fn large(is_key: bool) -> Vec<u8> {
    let first = if is_key { 0x17 } else { 0x27 };
    [&[first, 1, 0, 0, 0][..], &[0; 2 * NETWORK]].concat()
}

#[tokio::test(start_paused = true)]
async fn who_answers_stays_and_hears_when_the_server_stops() {
    let stage = Stage::new();
    let (playing, there) = watch(&stage);
    let mut viewer = WebSocketStream::from_raw_socket(there, Role::Client, None).await;
    let begun = Instant::now();
    let mut pings = 0;
    while begun.elapsed() < WEBSOCKET_DEAD * 5 {
        // Answered by the library.
        let heard = timeout(WEBSOCKET_PING * 2, viewer.next()).await;
        let message = heard.expect("in time").unwrap().unwrap();
        assert!(message.is_ping(), "{message:?}");
        pings += 1;
    }
    assert!((14..=15).contains(&pings), "{pings}");
    stage.stop.cancel();
    // The head of the file may be said even now.
    let frame = loop {
        match viewer.next().await.expect("a message").unwrap() {
            Message::Close(frame) => break frame.unwrap(),
            Message::Binary(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(frame.code, CloseCode::Away);
    assert!(viewer.next().await.is_none());
    playing.await.unwrap();
    assert_eq!(stage.hits("websocket.dead"), 0);
}

#[tokio::test(start_paused = true)]
async fn who_is_asked_and_does_not_answer_is_gone() {
    let stage = Stage::new();
    let (playing, mut there) = watch(&stage);
    let begun = Instant::now();
    let mut heard = Vec::new();
    there.read_to_end(&mut heard).await.unwrap();
    let after = begun.elapsed();
    assert!(
        (WEBSOCKET_DEAD..WEBSOCKET_DEAD + 2 * LOOK).contains(&after),
        "{after:?}"
    );
    assert_eq!(heard, [0x89, 0, 0x89, 0], "two questions");
    playing.await.unwrap();
    assert_eq!(stage.hits("websocket.dead"), 1);
    assert!(stage.connections.snapshots().is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_gone_and_held_little() {
    let mut stage = Stage::new();
    stage.video(0, large(true));
    let (playing, there) = watch(&stage);
    let begun = Instant::now();
    let mut sent = 0;
    while !playing.is_finished() {
        let ms = u32::try_from(begun.elapsed().as_millis()).unwrap();
        stage.video(ms, large(ms % 1_000 == 0));
        let listed = stage.connections.snapshots();
        sent = listed.first().map_or(sent, |it| it.counts.sent_bytes);
        sleep(Duration::from_millis(40)).await;
    }
    let after = begun.elapsed();
    assert!(
        (WEBSOCKET_STALL..WEBSOCKET_STALL + 3 * LOOK).contains(&after),
        "{after:?}"
    );
    // What the network holds, what is gathered, and one message more.
    let most = NETWORK + WRITE_BUFFER + 2 * large(true).len();
    assert!(sent <= most as u64, "{sent}");
    assert_eq!(stage.hits("websocket.stall"), 1);
    drop(there);
}

#[tokio::test(start_paused = true)]
async fn who_takes_too_little_jumps_to_key_frames_and_is_told_at_last() {
    let mut stage = Stage::new();
    stage.video(0, KEY);
    let (playing, there) = watch(&stage);
    let mut viewer = WebSocketStream::from_raw_socket(there, Role::Client, None).await;
    let mut ms = 0;
    let frame = 'told: loop {
        // Twice as many as a reader may be behind, and a moment for what then fits.
        for count in 0..40 {
            ms += 40;
            stage.video(ms, large(count % 10 == 9));
        }
        sleep(Duration::from_millis(1)).await;
        while let Ok(heard) = timeout(Duration::from_millis(1), viewer.next()).await {
            match heard.expect("a message").unwrap() {
                Message::Close(frame) => break 'told frame.unwrap(),
                Message::Binary(_) => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(ms < 1_000_000, "it is never told");
    };
    assert_eq!(frame.code, CloseCode::Policy);
    assert_eq!(
        frame.reason.as_str(),
        "the line is too slow for this stream"
    );
    assert!(viewer.next().await.is_none());
    playing.await.unwrap();
    assert_eq!(stage.hits("viewer.overflows"), 1);
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_and_is_told_to_go_is_waited_for_only_a_moment() {
    let mut stage = Stage::new();
    stage.video(0, large(true));
    for count in 1..15 {
        stage.video(count, large(false));
    }
    let (playing, there) = watch(&stage);
    sleep(LOOK).await;
    let id = stage.connections.snapshots()[0].id;
    assert!(stage.connections.kick(id, "enough"));
    let begun = Instant::now();
    playing.await.unwrap();
    assert!(
        begun.elapsed() <= GOODBYE + 3 * LOOK,
        "{:?}",
        begun.elapsed()
    );
    drop(there);
}
