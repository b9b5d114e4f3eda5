//! Steady playing allocates nothing for each message of each player (docs/architecture.md): a frame is encoded once, and what a player adds to it
//! has its place already.
//!
//! A program of its own, because it counts what the whole process allocates.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

#[path = "sessions/client.rs"]
mod client;
#[expect(dead_code, reason = "the server is started here")]
mod support;

use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use adit_rtmp::session::MediaKind;
use adit_server::{Listener, Server, ServerConfig};
use tokio::time::{sleep, timeout};

use self::client::Client;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Messages sent while it is counted.
const MESSAGES: u32 = 200;
const KEY_FRAME: &[u8] = &[0x17; 4000];
const FRAME: &[u8] = &[0x27; 4000];
const SOUND: &[u8] = &[0xaf; 300];

/// Allocations of a new server while `players` players get [`MESSAGES`] messages each.
async fn allocations(players: usize) -> u64 {
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let server = Server::new(ServerConfig::default(), vec![listener]);
    let address = server.local_addrs()[0];
    let server = tokio::spawn(server.run(std::future::pending()));
    let mut publisher = Client::connect(address).await;
    publisher.publish("x").await;
    publisher.until("NetStream.Publish.Start").await;
    publisher.send(MediaKind::Video, 0, KEY_FRAME).await;
    let received = Arc::new(AtomicU64::new(0));
    for _ in 0..players {
        read_on_a_thread(address, Arc::clone(&received)).await;
    }
    // Queues and logs take their size.
    let mut at_ms = 0;
    send(&mut publisher, &mut at_ms).await;
    all_received(&received, players, 1).await;
    let before = dhat::HeapStats::get().total_blocks;
    send(&mut publisher, &mut at_ms).await;
    all_received(&received, players, 2).await;
    let counted = dhat::HeapStats::get().total_blocks - before;
    server.abort();
    counted
}

async fn send(publisher: &mut Client, at_ms: &mut u32) {
    for number in 0..MESSAGES {
        *at_ms += 20;
        match number % 3 {
            0 => publisher.send(MediaKind::Video, *at_ms, FRAME).await,
            _ => publisher.send(MediaKind::Audio, *at_ms, SOUND).await,
        }
        // Each is written for itself, as when it comes from a camera.
        sleep(Duration::from_millis(2)).await;
    }
    publisher
        .send(MediaKind::Video, *at_ms + 20, KEY_FRAME)
        .await;
}

/// A player that allocates nothing once it plays: what it reads is only counted.
async fn read_on_a_thread(address: SocketAddr, received: Arc<AtomicU64>) {
    let mut player = Client::connect(address).await;
    player.play("x").await;
    player.until_media(1).await;
    let mut socket = player.socket.into_std().expect("it is registered");
    socket.set_nonblocking(false).expect("it is open");
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(count @ 1..) = socket.read(&mut buffer) {
            received.fetch_add(count as u64, Ordering::Relaxed);
        }
    });
}

/// Until every player has what `rounds` rounds of [`send`] are, headers of messages left aside.
async fn all_received(received: &AtomicU64, players: usize, rounds: u64) {
    let video = u64::from(MESSAGES.div_ceil(3)) * FRAME.len() as u64 + KEY_FRAME.len() as u64;
    let sound = u64::from(MESSAGES - MESSAGES.div_ceil(3)) * SOUND.len() as u64;
    let wanted = (video + sound) * rounds * players as u64;
    let waiting = async {
        while received.load(Ordering::Relaxed) < wanted {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_mins(1), waiting)
        .await
        .expect("every player gets everything");
}

#[tokio::test]
async fn steady_playing_allocates_nothing_for_each_message_of_each_player() {
    const FEW: usize = 2;
    const MANY: usize = 42;
    let _profiler = dhat::Profiler::builder().testing().build();
    let few = allocations(FEW).await;
    let many = allocations(MANY).await;
    let more = many.saturating_sub(few);
    let messages = u64::from(MESSAGES) * (MANY - FEW) as u64;
    // The publisher and the waiting allocate, a little differently each time; one for each message and player would be a hundred
    // times what is allowed.
    assert!(
        more * 100 <= messages,
        "{more} more allocations for {messages} more messages to players ({few} and {many} in all)"
    );
}
