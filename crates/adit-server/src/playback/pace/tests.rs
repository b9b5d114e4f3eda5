use std::time::{Duration, Instant};

use adit_media::Timestamp;

use super::{Leave, Pace};

/// A clock that is moved by hand.
struct Player {
    pace: Pace,
    start: Instant,
}

impl Player {
    fn with_buffer(ms: u64) -> Self {
        let mut pace = Pace::default();
        pace.set_buffer(Duration::from_millis(ms));
        Self {
            pace,
            start: Instant::now(),
        }
    }

    /// What is said of a frame at `frame` ms, `now` ms after the start, with times from the start.
    fn ask(&mut self, now: u64, frame: u32) -> String {
        let at = Timestamp::from_ms(frame);
        let ms = |until: Instant| (until - self.start).as_millis();
        match self.pace.ask(self.start + Duration::from_millis(now), at) {
            Leave::Now => "now".into(),
            Leave::NextBuffer => "next buffer".into(),
            Leave::At(until) => format!("at {}", ms(until)),
            Leave::BufferFull(until) => format!("full until {}", ms(until)),
        }
    }
}

#[test]
fn as_much_as_the_player_buffers_leaves_at_once_and_then_it_goes_in_real_time() {
    let mut player = Player::with_buffer(400);
    assert_eq!(player.ask(0, 1000), "now");
    assert_eq!(player.ask(0, 1400), "now");
    // A quarter of the buffer may run down.
    assert_eq!(player.ask(0, 1440), "full until 140");
    assert_eq!(player.ask(139, 1440), "at 140");
    assert_eq!(player.ask(140, 1440), "next buffer");
    assert_eq!(player.ask(140, 1540), "now");
    assert_eq!(player.ask(140, 1560), "at 260");
    assert_eq!(player.ask(260, 1560), "now");
}

#[test]
fn a_large_buffer_takes_the_whole_recording() {
    let mut player = Player::with_buffer(36_000_000);
    for at in [0, 1000, 36_000_000] {
        assert_eq!(player.ask(0, at), "now");
    }
    assert_eq!(player.ask(0, 36_000_001), "full until 251");
}

#[test]
fn a_player_without_a_buffer_gets_frames_when_they_are_due() {
    let mut player = Player::with_buffer(0);
    assert_eq!(player.ask(0, 0), "now");
    assert_eq!(player.ask(0, 40), "full until 40");
    assert_eq!(player.ask(40, 40), "next buffer");
}

#[test]
fn a_player_that_had_to_wait_goes_on_from_there() {
    let mut player = Player::with_buffer(1000);
    assert_eq!(player.ask(0, 0), "now");
    // For ten seconds nothing could be sent.
    assert_eq!(player.ask(10_000, 40), "now");
    assert_eq!(player.ask(10_000, 1040), "now");
    assert_eq!(player.ask(10_000, 1041), "full until 10251");
}

#[test]
fn time_that_goes_back_in_a_file_is_no_reason_to_wait() {
    let mut player = Player::with_buffer(100);
    assert_eq!(player.ask(0, 50_000), "now");
    assert_eq!(player.ask(0, 0), "now");
    assert_eq!(player.ask(0, 101), "full until 26");
}

#[test]
fn a_new_beginning_fills_the_buffer_again_and_says_so_again() {
    let mut player = Player::with_buffer(100);
    assert_eq!(player.ask(0, 0), "now");
    assert_eq!(player.ask(0, 200), "full until 125");
    player.pace.restart();
    assert_eq!(player.ask(10, 5000), "now");
    assert_eq!(player.ask(10, 5200), "full until 135");
}

#[test]
fn a_longer_buffer_counts_at_once() {
    let mut player = Player::with_buffer(100);
    assert_eq!(player.ask(0, 0), "now");
    assert_eq!(player.ask(0, 500), "full until 425");
    player.pace.set_buffer(Duration::from_secs(1));
    assert_eq!(player.ask(0, 500), "next buffer");
}

#[test]
fn the_clock_of_a_stream_may_wrap() {
    let mut player = Player::with_buffer(100);
    assert_eq!(player.ask(0, u32::MAX - 20), "now");
    assert_eq!(player.ask(0, 20), "now");
    assert_eq!(player.ask(0, 200), "full until 146");
}
