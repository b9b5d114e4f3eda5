use std::time::Duration;

use adit_media::FrameKind;

use crate::testing::{Player, Publisher, broker, frame};
use crate::{Latency, Limits};

/// What happens in a second of 30 video frames and 43 audio frames: at which millisecond, what.
fn second() -> Vec<(u32, &'static str)> {
    let video = (0..30).map(|n| (n * 1000 / 30, if n == 0 { "K" } else { "I" }));
    let audio = (0..43).map(|n| (n * 1000 / 43 + 7, "A"));
    let mut frames: Vec<_> = video.chain(audio).collect();
    frames.sort_unstable();
    frames
}

/// Plays a second of a stream to a reader that drains when it is woken, with the driver's timer
/// kept, and gives how often it was woken and the longest time a frame waited, by label.
fn play(latency: Latency, headers: &str, frames: &[(u32, &str)]) -> (usize, u32, u32) {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(latency));
    publisher.push(headers);
    let mut player = Player::new(&broker, "a");
    player.drain();
    let (mut rings, mut audio, mut video) = (0, 0, 0);
    let mut look = |ms: u32, player: &mut Player| {
        if player.bell.rings() == rings {
            return;
        }
        rings = player.bell.rings();
        for word in player.drain().split_whitespace() {
            let (label, at) = word.split_once('@').unwrap();
            let waited = ms - at.parse::<u32>().unwrap();
            let longest = if label == "A" { &mut audio } else { &mut video };
            *longest = waited.max(*longest);
        }
    };
    let mut frames = frames.iter().peekable();
    for ms in 0..2000 {
        let now = publisher.time(ms);
        publisher.publication.flush(now);
        look(ms, &mut player);
        while let Some((at, label)) = frames.next_if(|(at, _)| *at == ms) {
            publisher.publication.push(now, frame(label, *at));
            look(ms, &mut player);
        }
    }
    assert_eq!(player.drain(), "", "nothing is left over");
    (rings, audio, video)
}

#[test]
fn in_low_latency_every_message_wakes() {
    assert_eq!(play(Latency::Low, "V@0 S@0", &second()), (73, 0, 0));
}

#[test]
fn in_balanced_latency_each_video_frame_wakes_and_audio_rides_along() {
    let (wakes, audio, video) = play(Latency::Balanced, "V@0 S@0", &second());
    // Thirty video frames, and the audio after the last of them.
    assert_eq!((wakes, video), (31, 0));
    assert!(audio <= 35, "{audio}");
}

#[test]
fn in_balanced_latency_audio_alone_waits_for_more_at_most_35_ms() {
    let audio: Vec<_> = second()
        .into_iter()
        .filter(|(_, label)| *label == "A")
        .collect();
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Balanced));
    let mut player = Player::new(&broker, "a");
    player.check("started");
    publisher.push("S@0");
    player.check("");
    assert_eq!(
        publisher.publication.next_flush(),
        Some(publisher.time(35)),
        "the header waits"
    );
    drop((publisher, player));
    let (wakes, longest, _) = play(Latency::Balanced, "S@0", &audio);
    assert!((20..=28).contains(&wakes), "{wakes}");
    assert!(longest <= 35, "{longest}");
}

#[test]
fn in_throughput_latency_a_reader_is_woken_three_times_a_second() {
    let (wakes, audio, video) = play(Latency::Throughput, "V@0 S@0", &second());
    assert!(wakes <= 3, "{wakes}");
    assert!(audio <= 350 && video <= 350);
}

#[test]
fn a_flush_is_due_35_ms_after_the_first_audio_that_waits() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Balanced));
    publisher.push("V@0 K@0");
    let mut player = Player::new(&broker, "a");
    player.check("started V@0 K@0");
    assert_eq!(publisher.publication.next_flush(), None);
    publisher.push("A@10 A@30");
    assert_eq!(publisher.publication.next_flush(), Some(publisher.time(45)));
    publisher.publication.flush(publisher.time(44));
    assert_eq!(player.bell.rings(), 0);
    player.check("");
    publisher.publication.flush(publisher.time(45));
    assert_eq!(player.bell.rings(), 1);
    assert_eq!(publisher.publication.next_flush(), None);
    player.check("A@10 A@30");
}

#[test]
fn a_late_push_flushes_what_was_due() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Balanced));
    publisher.push("V@0 K@0");
    let mut player = Player::new(&broker, "a");
    player.check("started V@0 K@0");
    publisher.push("A@10 A@60");
    assert_eq!(player.bell.rings(), 1);
    assert_eq!(publisher.publication.next_flush(), None);
    player.check("A@10 A@60");
}

#[test]
fn a_reader_at_work_takes_what_waits_along_and_is_not_woken_for_it_again() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Balanced));
    publisher.push("V@0 K@0");
    let mut player = Player::new(&broker, "a");
    player.check("started V@0 K@0");
    publisher.push("I@40 A@41");
    assert_eq!(player.bell.rings(), 1);
    player.check("I@40 A@41");
    publisher.publication.flush(publisher.time(76));
    assert_eq!(player.bell.rings(), 1);
}

#[test]
fn a_reader_of_audio_alone_that_took_it_along_is_not_woken_for_it_again() {
    let broker = broker(Limits::default());
    let mut player = Player::new(&broker, "a");
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Balanced));
    publisher.push("A@0 A@40");
    player.check("started A@0 A@40");
    publisher.push("A@50 A@90");
    assert_eq!(player.bell.rings(), 1);
    publisher.push("A@91");
    player.check("A@50 A@90 A@91");
    publisher.publication.flush(publisher.time(126));
    assert_eq!(player.bell.rings(), 1);
}

#[test]
fn a_reader_that_has_seen_what_is_visible_does_not_take_what_waits() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Balanced));
    publisher.push("V@0 K@0");
    let mut player = Player::new(&broker, "a");
    player.check("started V@0 K@0");
    publisher.push("A@10");
    player.check("");
    publisher.push("I@40");
    player.check("A@10 I@40");
}

#[test]
fn the_end_of_a_publication_flushes_what_waits() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Throughput));
    let mut player = Player::new(&broker, "a");
    player.check("started");
    publisher.push("V@0 K@0");
    player.check("");
    drop(publisher);
    assert_eq!(player.bell.rings(), 1);
    player.check("V@0 K@0 stopped");
}

#[test]
fn what_nobody_reads_waits_for_nothing() {
    let broker = broker(Limits::default());
    for latency in [Latency::Balanced, Latency::Throughput] {
        let mut publisher = Publisher::with_latency(&broker, "a", Some(latency));
        publisher.push("V@0 K@0 A@1 A@2");
        assert_eq!(publisher.publication.next_flush(), None);
        let mut player = Player::new(&broker, "a");
        player.check("started V@0 K@0 A@1 A@2");
        publisher.push("A@3");
        assert_eq!(
            publisher.publication.next_flush(),
            Some(publisher.time(3) + latency.delay(FrameKind::Audio))
        );
    }
}

#[test]
fn where_the_last_reader_leaves_what_waited_goes_with_the_next_message() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Throughput));
    let mut player = Player::new(&broker, "a");
    player.check("started");
    publisher.push("V@0 K@0");
    assert!(publisher.publication.next_flush().is_some());
    drop(player);
    publisher.push("I@40");
    assert_eq!(publisher.publication.next_flush(), None);
    Player::new(&broker, "a").check("started V@0 K@0 I@40");
}

#[test]
fn in_throughput_latency_a_late_reader_still_starts_at_once() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Throughput));
    publisher.push("V@0 K@0 I@40 I@360");
    assert_eq!(publisher.publication.next_flush(), None);
    publisher.push("I@400");
    Player::new(&broker, "a").check("started V@0 K@0 I@40 I@360 I@400");
}

#[test]
fn a_reader_is_woken_once_until_it_looks_again() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 K@0");
    let mut player = Player::new(&broker, "a");
    player.check("started V@0 K@0");
    publisher.push("I@40 I@80 K@120");
    assert_eq!(player.bell.rings(), 1);
    player.check("I@40 I@80 K@120");
    publisher.push("I@160");
    assert_eq!(player.bell.rings(), 2);
}

#[test]
fn a_reader_that_is_not_drained_is_not_woken() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 K@0");
    let mut player = Player::new(&broker, "a");
    assert!(player.poll().is_some());
    publisher.push("I@40");
    assert_eq!(player.bell.rings(), 0);
}

#[test]
fn a_reader_that_waits_for_a_key_frame_is_woken_by_it_alone() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 I@0");
    let mut player = Player::new(&broker, "a");
    player.check("started");
    publisher.push("I@40 A@50 I@80");
    assert_eq!(player.bell.rings(), 0);
    publisher.push("K@120");
    assert_eq!(player.bell.rings(), 1);
    player.check("V@120 K@120");
}

#[test]
fn a_publisher_that_stalls_loses_nothing() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::with_latency(&broker, "a", Some(Latency::Balanced));
    publisher.push("V@0 K@0 A@10");
    let mut player = Player::new(&broker, "a");
    player.check("started V@0 K@0 A@10");
    publisher.push("A@30");
    let due = publisher.publication.next_flush().unwrap();
    publisher.publication.flush(due + Duration::from_secs(5));
    player.check("A@30");
}

#[test]
fn the_latency_of_the_broker_holds_where_the_publisher_chose_none() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("S@0");
    assert_eq!(publisher.publication.next_flush(), None);
    assert_eq!(publisher.publication.readers(), 0);
    let _player = Player::new(&broker, "a");
    assert_eq!(publisher.publication.readers(), 1);
}
