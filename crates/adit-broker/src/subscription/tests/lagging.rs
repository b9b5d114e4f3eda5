//! What happens to slow readers, and what the log holds for them.

use std::time::Duration;

use crate::testing::{Player, Publisher, broker, frame_of};
use crate::{Broker, Limits};

fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    change(&mut limits);
    limits
}

/// A publisher that sent a key frame, and a player that has it.
fn playing(limits: Limits) -> (Broker, Publisher, Player) {
    let broker = broker(limits);
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("M@0 V@0 K@0");
    let mut player = Player::new(&broker, "a");
    player.check("started M@0 V@0 K@0");
    (broker, publisher, player)
}

#[test]
fn a_reader_may_lag_behind_by_as_many_frames_as_the_limit_says() {
    let (_broker, mut publisher, mut player) = playing(limits(|limits| limits.lag.frames = 4));
    publisher.push("I@40 K@80 I@120 K@160");
    player.check("I@40 K@80 I@120 K@160");
    publisher.push("I@200 K@240 I@280 K@320 I@360");
    player.check("skipped(3) M@0 V@320 K@320 I@360");
    let stats = publisher.publication.stats();
    assert_eq!((stats.skips, stats.skipped_frames), (1, 3));
}

#[test]
fn a_reader_may_lag_behind_by_as_many_bytes_as_the_limit_says() {
    for (size, expected) in [
        (94, "I@40 K@80 I@120"),
        (95, "skipped(1) M@0 V@80 K@80 I@120"),
    ] {
        let (_broker, mut publisher, mut player) = playing(limits(|limits| limits.lag.bytes = 300));
        for (label, ms) in [("I", 40), ("K", 80), ("I", 120)] {
            publisher.push_frame(frame_of(label, ms, size)); // 6 bytes more each
        }
        player.check(expected);
    }
}

#[test]
fn a_reader_may_lag_behind_for_as_long_as_the_limit_says() {
    for (end, expected) in [
        (10_040, "I@40 K@9000 I@10040"),
        (10_041, "skipped(1) M@0 V@9000 K@9000 I@10041"),
    ] {
        let (_broker, mut publisher, mut player) = playing(Limits::default());
        publisher.push(&format!("I@40 K@9000 I@{end}"));
        player.check(expected);
    }
}

#[test]
fn a_slow_reader_jumps_to_the_newest_key_frame_it_can_have() {
    let (_broker, mut publisher, mut player) = playing(limits(|limits| limits.lag.frames = 4));
    publisher.push("I@40 K@80 I@120 K@160 I@200 I@240");
    player.check("skipped(3) M@0 V@160 K@160 I@200 I@240");
}

#[test]
fn a_slow_reader_without_a_newer_key_frame_goes_on_while_the_log_has_what_it_needs() {
    let (_broker, mut publisher, mut player) = playing(limits(|limits| limits.lag.frames = 4));
    publisher.push("I@40 I@80 I@120 I@160 I@200 I@240");
    player.check("I@40 I@80 I@120 I@160 I@200 I@240");
}

#[test]
fn a_slow_reader_whose_place_is_gone_waits_for_the_next_key_frame() {
    let (_broker, mut publisher, mut player) = playing(limits(|limits| {
        limits.lag.frames = 4;
        limits.gop.frames = 6;
    }));
    publisher.push("I@40 I@80 I@120 I@160 I@200 I@240 I@280");
    player.check("");
    publisher.push("I@320 K@360 I@400");
    player.check("skipped(8) M@0 V@360 K@360 I@400");
}

#[test]
fn a_slow_reader_that_waits_for_a_key_frame_hears_of_the_end() {
    let (_broker, mut publisher, mut player) = playing(limits(|limits| {
        limits.lag.frames = 2;
        limits.gop.frames = 2;
    }));
    publisher.push("I@40 I@80 I@120 I@160");
    player.check("");
    drop(publisher);
    player.check("skipped(4) stopped");
}

#[test]
fn a_slow_reader_of_an_audio_stream_jumps_to_the_newest_audio() {
    let broker = broker(limits(|limits| {
        limits.lag.frames = 4;
        limits.tail.frames = 2;
    }));
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("S@0 A@0");
    let mut player = Player::new(&broker, "a");
    player.check("started S@0 A@0");
    publisher.push("A@20 A@40 A@60 A@80 A@100");
    player.check("skipped(3) S@80 A@80 A@100");
}

#[test]
fn a_slow_reader_across_publications_hears_of_the_end_and_the_beginning() {
    let (broker, mut publisher, mut player) = playing(limits(|limits| limits.lag.frames = 3));
    publisher.push("I@40 I@80 I@120");
    drop(publisher);
    let mut second = Publisher::new(&broker, "a");
    second.push("V@0 K@0 I@40 I@80 K@120");
    // It was there before the second one too, and is told what it missed of that.
    player.check("skipped(3) stopped started skipped(4) V@120 K@120");
}

#[test]
fn an_early_reader_that_looks_late_may_lag_behind_by_as_many_frames_as_the_limit_says() {
    for (script, expected) in [
        ("A@0 V@0 K@10 K@20", "started A@0 V@0 K@10 K@20"),
        (
            "A@0 V@0 K@10 K@20 I@30",
            "started skipped(3) V@20 K@20 I@30",
        ),
    ] {
        let broker = broker(limits(|limits| limits.lag.frames = 4));
        let mut player = Player::new(&broker, "a");
        let mut publisher = Publisher::new(&broker, "a");
        publisher.push(script);
        player.check(expected);
    }
}

#[test]
fn an_early_reader_that_never_looks_pins_no_more_than_the_limits() {
    let broker = broker(limits(|limits| {
        limits.lag.frames = 40;
        limits.gop.frames = 20;
    }));
    let mut early = Player::new(&broker, "a");
    for _ in 0..10 {
        let mut publisher = Publisher::new(&broker, "a");
        for ms in 0..200 {
            publisher.push(&format!("I@{ms} A@{ms}"));
            let held = publisher.publication.stats().held_frames;
            assert!(held <= 40, "{held}");
        }
        drop(publisher);
        let held = broker.streams()[0].stats.held_frames;
        assert!(held <= 40, "{held}");
    }
    // Of no publication the beginning is left, and none runs: there is nothing to tell.
    early.check("");
    assert_eq!(broker.streams()[0].stats.held_frames, 0);
}

#[test]
fn an_early_reader_that_never_looks_pins_no_more_than_the_limit_of_bytes() {
    let broker = broker(limits(|limits| limits.lag.bytes = 10_000));
    let mut early = Player::new(&broker, "a");
    let mut publisher = Publisher::new(&broker, "a");
    for ms in 0..1_000 {
        publisher.push_frame(frame_of("I", ms, 1_000));
        let held = publisher.publication.stats().held_bytes;
        assert!(held <= 10_000, "{held}");
    }
    early.check("started");
    publisher.push("K@1000");
    early.check("skipped(1000) K@1000");
}

#[test]
fn a_reader_whose_publication_is_gone_whole_from_the_log_hears_of_it_still() {
    // Frames too large to be kept for those who join, and for those who are behind.
    let broker = broker(limits(|limits| {
        limits.gop.bytes = 100;
        limits.lag.bytes = 100;
    }));
    let mut first = Publisher::new(&broker, "a");
    first.push("V@0 I@0");
    let mut player = Player::new(&broker, "a");
    player.check("started");
    drop(first);
    let mut second = Publisher::new(&broker, "a");
    second.push_frame(frame_of("K", 0, 1_000));
    second.push_frame(frame_of("K", 20, 1_000));
    player.check("stopped started");
    second.push("K@40");
    player.check("skipped(2) K@40");
}

#[test]
fn a_reader_that_waited_to_the_end_of_a_publication_gets_all_of_the_next_one() {
    let broker = broker(limits(|limits| limits.gop.frames = 2));
    let mut first = Publisher::new(&broker, "a");
    first.push("V@0 K@0 I@40 I@80");
    let mut player = Player::new(&broker, "a");
    player.check("started");
    drop(first);
    let mut second = Publisher::new(&broker, "a");
    second.push("M@0 V@0 K@0 I@40 K@80 I@120");
    player.check("stopped started M@0 V@0 K@0 I@40 K@80 I@120");
    assert_eq!(second.publication.stats().skips, 0);
}

#[test]
fn a_reader_that_waited_to_the_end_and_never_looks_pins_no_more_than_the_limits() {
    let broker = broker(limits(|limits| {
        limits.lag.frames = 4;
        limits.gop.frames = 2;
    }));
    let mut first = Publisher::new(&broker, "a");
    first.push("V@0 K@0 I@40 I@80");
    let mut player = Player::new(&broker, "a");
    player.check("started");
    drop(first);
    assert_eq!(broker.streams()[0].stats.held_frames, 0);
    let mut second = Publisher::new(&broker, "a");
    for ms in 0..100 {
        second.push(&format!("I@{ms}"));
        assert!(second.publication.stats().held_frames <= 4);
    }
    second.push("K@100");
    player.check("stopped started skipped(100) K@100");
}

#[test]
fn beginnings_and_ends_count_as_frames_for_those_who_never_look() {
    let broker = broker(limits(|limits| limits.lag.frames = 10));
    let mut player = Player::new(&broker, "a");
    for _ in 0..1000 {
        drop(Publisher::new(&broker, "a"));
    }
    assert_eq!(player.drain(), ["started stopped"; 5].join(" "));
}

#[test]
fn a_reader_that_holds_frames_in_its_hands_delivers_them_before_it_jumps() {
    let (_broker, mut publisher, mut player) = playing(limits(|limits| limits.lag.frames = 20));
    for ms in 1..=18 {
        publisher.push(&format!("I@{ms}"));
    }
    let first = player.poll();
    assert!(first.is_some());
    publisher.push("K@100");
    for ms in 101..=140 {
        publisher.push(&format!("I@{ms}"));
    }
    let rest = player.drain();
    assert!(rest.starts_with("I@2 I@3 "), "{rest}");
    assert!(
        rest.contains(" I@16 skipped(2) M@0 V@100 K@100 I@101 "),
        "{rest}"
    );
    assert!(rest.ends_with(" I@140"), "{rest}");
}

#[test]
fn a_slow_reader_holds_up_nobody_else() {
    let (broker, mut publisher, mut slow) = playing(limits(|limits| limits.lag.frames = 4));
    let mut quick = Player::new(&broker, "a");
    quick.drain();
    for round in 1..=100 {
        let at = round * 100;
        publisher.push(&format!("K@{at} I@{}", at + 40));
        quick.check(&format!("K@{at} I@{}", at + 40));
    }
    slow.check("skipped(198) M@0 V@10000 K@10000 I@10040");
}

#[test]
fn one_frame_larger_than_the_lag_limit_still_reaches_readers() {
    let (_broker, mut publisher, mut player) = playing(limits(|limits| {
        limits.lag.bytes = 100;
        limits.gop.bytes = 100;
    }));
    publisher.push_frame(frame_of("I", 40, 1000));
    player.check("I@40");
    publisher.push_frame(frame_of("K", 80, 1000));
    player.check("K@80");
    assert_eq!(publisher.publication.stats().gop_overflows, 2);
}

#[test]
fn a_group_of_pictures_is_cached_up_to_the_limit_of_frames() {
    let broker = broker(limits(|limits| limits.gop.frames = 3));
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("K@0 I@40 I@80");
    Player::new(&broker, "a").check("started K@0 I@40 I@80");
    assert_eq!(publisher.publication.stats().gop_overflows, 0);
    publisher.push("I@120 I@160");
    Player::new(&broker, "a").check("started");
    assert_eq!(publisher.publication.stats().gop_overflows, 1);
    publisher.push("K@200");
    Player::new(&broker, "a").check("started K@200");
}

#[test]
fn a_group_of_pictures_is_cached_up_to_the_limit_of_bytes() {
    for (bytes, expected) in [(206, "started K@0 I@40"), (205, "started")] {
        let broker = broker(limits(|limits| limits.gop.bytes = bytes));
        let mut publisher = Publisher::new(&broker, "a");
        publisher.push_frame(frame_of("K", 0, 97)); // 103 bytes
        publisher.push_frame(frame_of("I", 40, 97));
        Player::new(&broker, "a").check(expected);
    }
}

#[test]
fn a_group_of_pictures_is_cached_up_to_the_limit_of_time() {
    for (end, expected) in [(10_000, "started K@0 I@5000 I@10000"), (10_001, "started")] {
        let broker = broker(Limits::default());
        let mut publisher = Publisher::new(&broker, "a");
        publisher.push(&format!("K@0 I@5000 I@{end}"));
        Player::new(&broker, "a").check(expected);
    }
}

#[test]
fn a_stream_without_readers_holds_one_group_of_pictures() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 K@0 I@40 I@80 K@120 I@160");
    assert_eq!(publisher.publication.stats().held_frames, 2);
}

#[test]
fn a_stream_without_readers_and_without_video_holds_a_short_tail() {
    let broker = broker(limits(|limits| {
        limits.tail.duration = Duration::from_millis(100);
    }));
    let mut publisher = Publisher::new(&broker, "a");
    for turn in 0..1000 {
        publisher.push(&format!("A@{}", turn * 20));
        let held = publisher.publication.stats().held_frames;
        assert!(held <= 6 + crate::limits::TRIM_INTERVAL, "{held}");
    }
}

#[test]
fn the_log_never_holds_more_than_the_limits() {
    // Key frames come and go, readers stall and leave, sizes vary: a fixed walk by a small
    // generator of numbers.
    let limits = limits(|limits| {
        limits.lag.frames = 40;
        limits.lag.bytes = 4_000;
        limits.gop.frames = 60;
        limits.gop.bytes = 6_000;
    });
    let broker = broker(limits);
    let mut publisher = Publisher::new(&broker, "a");
    let mut players = Vec::new();
    let mut state = 1u32;
    for ms in 0..20_000u32 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let (pick, size) = (state >> 24, usize::try_from(state >> 12 & 0xFF).unwrap());
        let label = if pick < 3 {
            "K"
        } else if pick < 100 {
            "A"
        } else {
            "I"
        };
        publisher.push_frame(frame_of(label, ms * 10, size));
        match pick {
            200..=205 => players.push(Player::new(&broker, "a")),
            206..=209 => drop(players.pop()),
            210..=240 => drop(players.first_mut().map(Player::poll)),
            241..=245 => drop(players.last_mut().map(Player::drain)),
            _ => {}
        }
        let stats = publisher.publication.stats();
        assert!(stats.held_frames <= 60, "{stats:?}");
        assert!(stats.held_bytes <= 6_000, "{stats:?}");
    }
    assert!(publisher.publication.stats().skips > 100);
    assert!(publisher.publication.stats().gop_overflows > 10);
}

#[test]
fn publishing_and_stopping_again_and_again_holds_no_more_than_the_limits() {
    let (broker, publisher, _stalled) = playing(limits(|limits| limits.lag.frames = 10));
    drop(publisher);
    for _ in 0..1000 {
        Publisher::new(&broker, "a").push("K@0 I@0");
        assert!(broker.streams()[0].stats.held_frames <= 10);
    }
}
