//! Where readers begin, and what they get first.

use crate::limits::GROUP_FRAMES;
use crate::testing::{Player, Publisher, broker, frame_of};
use crate::{GopCache, Limits, SubscribeOptions};

const OFF: GopCache = GopCache::Off;

fn without_cache() -> SubscribeOptions {
    SubscribeOptions::default().with_gop_cache(OFF)
}

/// What a reader gets that joins after `script`.
#[track_caller]
fn check_late(script: &str, expected: &str) {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push(script);
    Player::new(&broker, "a").check(expected);
}

/// What a reader gets that was there before `script`, looking after each frame.
#[track_caller]
fn check_early(script: &str, expected: &str) {
    let broker = broker(Limits::default());
    let mut player = Player::new(&broker, "a");
    player.check("");
    let mut publisher = Publisher::new(&broker, "a");
    let mut seen = vec![player.drain()];
    for word in script.split_whitespace() {
        publisher.push(word);
        seen.push(player.drain());
    }
    seen.retain(|seen| !seen.is_empty());
    assert_eq!(seen.join(" "), expected);
}

#[test]
fn a_late_reader_gets_metadata_then_headers_then_the_newest_group_of_pictures() {
    check_late(
        "M@0 V@0 S@0 K@0 I@40 K@80 A@90 I@120",
        "started M@0 V@80 S@80 K@80 A@90 I@120",
    );
}

#[test]
fn metadata_comes_first_even_if_it_was_sent_last() {
    check_late("S@0 V@0 M@10 K@40", "started M@0 S@40 V@40 K@40");
}

#[test]
fn headers_are_replayed_with_the_time_of_the_frame_they_lead_to() {
    check_late("V@5 S@7 K@1000", "started V@1000 S@1000 K@1000");
}

#[test]
fn an_early_reader_gets_everything_from_the_first_frame_on_untouched() {
    check_early(
        "M@7 V@7 S@8 A@9 I@10 K@20 A@30",
        "started M@7 V@7 S@8 A@9 I@10 K@20 A@30",
    );
}

#[test]
fn an_early_reader_gets_everything_also_if_it_looks_late() {
    for gop_cache in [GopCache::On, OFF] {
        let broker = broker(Limits::default());
        let options = SubscribeOptions::default().with_gop_cache(gop_cache);
        let mut player = Player::with(&broker, "a", options);
        let mut publisher = Publisher::new(&broker, "a");
        publisher.push("M@7 V@7 S@8 A@9 I@10 K@20 I@60 K@100 A@101");
        player.check("started M@7 V@7 S@8 A@9 I@10 K@20 I@60 K@100 A@101");
    }
}

#[test]
fn a_reader_that_comes_between_the_beginning_and_the_first_frame_is_early() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    let mut player = Player::new(&broker, "a");
    let mut sleepy = Player::new(&broker, "a");
    publisher.push("A@5 V@6 K@6");
    player.check("started A@5 V@6 K@6");
    drop(publisher);
    player.check("stopped");
    sleepy.check("started A@5 V@6 K@6 stopped");
}

#[test]
fn what_an_early_reader_gets_does_not_wait_for_a_key_frame() {
    let broker = broker(Limits::default());
    let mut player = Player::new(&broker, "a");
    player.check("");
    let mut publisher = Publisher::new(&broker, "a");
    assert_eq!(player.bell.rings(), 1);
    player.check("started");
    publisher.push("V@0");
    assert_eq!(player.bell.rings(), 2);
    player.check("V@0");
    publisher.push("I@40");
    assert_eq!(player.bell.rings(), 3);
    player.check("I@40");
}

#[test]
fn an_early_reader_of_long_audio_before_the_first_video_gets_all_of_it() {
    let broker = broker(Limits::default());
    let mut player = Player::new(&broker, "a");
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("M@0 S@0");
    player.check("started M@0 S@0");
    for ms in (0..60_000).step_by(20) {
        publisher.push(&format!("A@{ms}"));
        player.check(&format!("A@{ms}"));
    }
    let held = publisher.publication.stats().held_frames;
    assert!(held <= 51 + crate::limits::TRIM_INTERVAL, "{held}");
    publisher.push("V@60000 A@60000 K@60010");
    player.check("V@60000 A@60000 K@60010");
}

#[test]
fn a_reader_that_stays_gets_publication_after_publication_whole() {
    let broker = broker(Limits::default());
    let mut player = Player::new(&broker, "a");
    for _ in 0..3 {
        let mut publisher = Publisher::new(&broker, "a");
        publisher.push("M@0 A@0 V@0 K@10");
        player.check("started M@0 A@0 V@0 K@10");
        drop(publisher);
        player.check("stopped");
        let held = broker.streams()[0].stats.held_frames;
        assert_eq!(held, 0);
    }
}

#[test]
fn publications_that_came_and_went_before_the_reader_looked_are_told_in_order() {
    let broker = broker(Limits::default());
    let mut player = Player::new(&broker, "a");
    Publisher::new(&broker, "a").push("A@0 K@1");
    Publisher::new(&broker, "a").push("A@2");
    drop(Publisher::new(&broker, "a"));
    let mut last = Publisher::new(&broker, "a");
    last.push("A@3");
    player.check("started A@0 K@1 stopped started A@2 stopped started stopped started A@3");
    drop(last);
    player.check("stopped");
    player.check("");
    assert_eq!(broker.streams()[0].stats.held_frames, 0);
}

#[test]
fn a_late_reader_that_looks_after_the_end_gets_the_next_publication_whole() {
    let broker = broker(Limits::default());
    let mut first = Publisher::new(&broker, "a");
    first.push("V@0 K@0");
    let mut player = Player::new(&broker, "a");
    first.push("K@40");
    drop(first);
    Publisher::new(&broker, "a").push("A@0 V@0 K@10");
    player.check("started A@0 V@0 K@10 stopped");
}

#[test]
fn a_reader_that_waited_for_a_key_frame_in_vain_hears_of_what_came_after() {
    let broker = broker(Limits::default());
    let mut first = Publisher::new(&broker, "a");
    first.push("V@0 I@0");
    let mut player = Player::new(&broker, "a");
    player.check("started");
    drop(first);
    let mut second = Publisher::new(&broker, "a");
    second.push("A@0 V@0");
    player.check("stopped started A@0 V@0");
}

#[test]
fn a_reader_gets_every_frame_after_it_has_joined_untouched() {
    check_early(
        "V@0 K@0 V@40 M@40 K@40 D@41",
        "started V@0 K@0 V@40 M@40 K@40 D@41",
    );
}

#[test]
fn a_new_header_or_new_metadata_replaces_the_old_one_for_late_readers() {
    check_late("M1@0 V@0 V@1 M2@2 K@40 I@80", "started M2@0 V@40 K@40 I@80");
}

#[test]
fn a_header_in_the_middle_of_a_group_reaches_late_readers_in_its_place() {
    check_late("V@0 S1@0 K@0 S2@10 A@10", "started V@0 S1@0 K@0 S2@10 A@10");
}

#[test]
fn cleared_metadata_is_not_replayed_and_the_clearing_is_not_relayed() {
    check_late("M@0 V@0 C@1 K@40", "started V@40 K@40");
    check_early("V@0 K@0 C@1 I@40", "started V@0 K@0 I@40");
}

#[test]
fn a_reader_without_the_cache_begins_at_the_next_key_frame() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 S@0 K@0 I@40");
    let mut player = Player::with(&broker, "a", without_cache());
    player.check("started");
    publisher.push("I@80 A@90");
    player.check("");
    publisher.push("K@120 I@160");
    player.check("V@120 S@120 K@120 I@160");
}

#[test]
fn a_reader_without_the_cache_that_was_there_first_gets_everything() {
    let broker = broker(Limits::default());
    let mut player = Player::with(&broker, "a", without_cache());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("A@0 V@0 K@10 I@40");
    player.check("started A@0 V@0 K@10 I@40");
}

#[test]
fn a_reader_without_the_cache_begins_with_the_next_frame_of_a_stream_without_video() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("S@0 A@0 A@20");
    let mut player = Player::with(&broker, "a", without_cache());
    player.check("started");
    publisher.push("A@40");
    player.check("S@40 A@40");
}

#[test]
fn an_audio_stream_starts_at_once_with_a_short_tail() {
    check_late("M@0 S@0 A@0 A@20 A@40", "started M@0 S@0 A@0 A@20 A@40");
    check_late(
        "S@0 A@0 A@500 A@1001 A@1400",
        "started S@500 A@500 A@1001 A@1400",
    );
    check_early("M@0 S@0 A@0 A@20", "started M@0 S@0 A@0 A@20");
}

#[test]
fn the_tail_of_an_audio_stream_begins_after_its_newest_header() {
    check_late(
        "M1@0 S1@0 A@0 S2@10 A@20 A@40",
        "started M1@0 S2@20 A@20 A@40",
    );
    check_late(
        "M1@0 S1@0 A@0 M2@10 A@20 A@40",
        "started M2@0 S1@20 A@20 A@40",
    );
}

#[test]
fn the_tail_of_an_audio_stream_has_as_many_frames_as_the_limit_says() {
    let mut limits = Limits::default();
    limits.tail.frames = 2;
    let broker = broker(limits);
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("S@0 A@0 A@20 A@40");
    Player::new(&broker, "a").check("started S@20 A@20 A@40");
}

#[test]
fn the_tail_of_an_audio_stream_has_as_many_bytes_as_the_limit_says() {
    let mut limits = Limits::default();
    limits.tail.bytes = 206;
    let broker = broker(limits);
    let mut publisher = Publisher::new(&broker, "a");
    for ms in [0, 20, 40] {
        publisher.push_frame(frame_of("A", ms, 100)); // 103 bytes each
    }
    Player::new(&broker, "a").check("started A@20 A@40");
    publisher.push_frame(frame_of("A", 60, 101));
    Player::new(&broker, "a").check("started A@60");
}

#[test]
fn a_stream_of_data_alone_starts_at_once() {
    check_late("M@0 D@0 D@20", "started M@0 D@0 D@20");
}

#[test]
fn video_that_comes_late_reaches_readers_of_the_audio_from_its_first_frame() {
    check_early(
        "M@0 S@0 A@0 A@20 V@2000 K@2000 A@2010 I@2040",
        "started M@0 S@0 A@0 A@20 V@2000 K@2000 A@2010 I@2040",
    );
}

#[test]
fn a_reader_that_comes_between_the_video_header_and_the_first_key_frame_waits_for_it() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 S@0 A@0 A@20");
    let mut player = Player::new(&broker, "a");
    player.check("started");
    publisher.push("K@40");
    player.check("V@40 S@40 K@40");
}

#[test]
fn after_ten_seconds_without_video_the_stream_counts_as_one_without() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 S@0 K@0 A@10000");
    let mut player = Player::with(&broker, "a", without_cache());
    player.check("started");
    publisher.push("A@10001");
    assert_eq!(player.bell.rings(), 1, "a waiting reader hears of it");
    player.check("V@10001 S@10001 A@10001");
    Player::new(&broker, "a").check("started V@10000 S@10000 A@10000 A@10001");
    publisher.push("I@11000 A@11001");
    Player::new(&broker, "a").check("started");
}

#[test]
fn readers_join_where_the_first_track_has_its_key_frame() {
    check_late(
        "V@0 V1@0 K@0 I1@0 I@40 K1@40 I@80",
        "started V@0 V1@0 K@0 I1@0 I@40 K1@40 I@80",
    );
}

#[test]
fn key_frames_of_other_tracks_right_before_it_belong_to_the_joining_point() {
    check_late(
        "V@0 V1@0 K@0 K1@0 K2@2000 K1@2000 A@2000 K@2000 I1@2040",
        "started V@2000 V1@2000 K2@2000 K1@2000 A@2000 K@2000 I1@2040",
    );
}

#[test]
fn key_frames_of_tracks_are_one_joining_point_only_when_close_together() {
    for (between, joined) in [(GROUP_FRAMES - 2, "K1"), (GROUP_FRAMES - 1, "K")] {
        let broker = broker(Limits::default());
        let mut publisher = Publisher::new(&broker, "a");
        publisher.push("V@0 K@0 K1@40");
        for _ in 0..between {
            publisher.push("A@40");
        }
        publisher.push("K@40");
        let seen = Player::new(&broker, "a").drain();
        assert!(
            seen.starts_with(&format!("started V@40 {joined}@40")),
            "{seen}"
        );
    }
}

#[test]
fn a_stream_whose_clock_stands_still_still_moves_its_joining_point() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 K@0 I@0 I@0 K@0 I@0");
    Player::new(&broker, "a").check("started V@0 K@0 I@0");
}

#[test]
fn a_second_track_leads_when_the_first_has_ended() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 V1@0 K@0 K1@0 I1@5000 I1@10001 K1@10040 I1@10080");
    Player::new(&broker, "a").check("started V@10040 V1@10040 K1@10040 I1@10080");
}

#[test]
fn a_header_for_each_track_is_replayed_once_in_the_order_they_came() {
    check_late(
        "V2@0 V@0 V1@0 V@1 S@1 K@40",
        "started V2@40 V1@40 V@40 S@40 K@40",
    );
}

#[test]
fn a_stream_that_stops_and_starts_again_is_told_as_such() {
    let broker = broker(Limits::default());
    let mut player = Player::new(&broker, "a");
    let mut first = Publisher::new(&broker, "a");
    first.push("M@0 V@0 K@0 I@40");
    player.check("started M@0 V@0 K@0 I@40");
    drop(first);
    assert_eq!(player.bell.rings(), 1);
    player.check("stopped");
    let mut second = Publisher::new(&broker, "a");
    assert_eq!(player.bell.rings(), 2);
    player.check("started");
    second.push("K@0");
    player.check("K@0");
}

#[test]
fn a_reader_behind_the_end_gets_the_rest_before_it_hears_of_the_end() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 K@0");
    let mut player = Player::new(&broker, "a");
    player.check("started V@0 K@0");
    publisher.push("I@40 A@50");
    drop(publisher);
    let mut second = Publisher::new(&broker, "a");
    second.push("V@0 K@0");
    player.check("I@40 A@50 stopped started V@0 K@0");
}

#[test]
fn nothing_of_an_ended_publication_is_held_once_its_readers_are_through() {
    let broker = broker(Limits::default());
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 K@0");
    let (mut one, mut two) = (Player::new(&broker, "a"), Player::new(&broker, "a"));
    one.drain();
    two.drain();
    publisher.push("I@40 A@50");
    drop(publisher);
    let held = || broker.streams()[0].stats.held_frames;
    assert_eq!(held(), 2);
    one.check("I@40 A@50 stopped");
    assert_eq!(held(), 2);
    drop(two);
    assert_eq!(held(), 0);
}

#[test]
fn a_stream_that_ends_before_its_first_key_frame_is_told_as_started_and_stopped() {
    let broker = broker(Limits::default());
    let mut early = Player::new(&broker, "a");
    let mut publisher = Publisher::new(&broker, "a");
    early.check("started");
    publisher.push("V@0");
    let mut late = Player::new(&broker, "a");
    late.check("started");
    drop(publisher);
    early.check("V@0 stopped");
    late.check("stopped");
}

#[test]
fn headers_of_an_ended_publication_do_not_reach_the_next() {
    let broker = broker(Limits::default());
    drop({
        let mut first = Publisher::new(&broker, "a");
        first.push("M@0 V@0 S@0 K@0");
        first
    });
    let _keeps_the_entry = Player::new(&broker, "a");
    let mut second = Publisher::new(&broker, "a");
    second.push("K@0");
    Player::new(&broker, "a").check("started K@0");
}

#[test]
fn headers_are_kept_up_to_the_limit_of_frames() {
    let limits = Limits {
        header_frames: 2,
        ..Limits::default()
    };
    let broker = broker(limits);
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push("V@0 V1@0");
    assert_eq!(publisher.publication.stats().header_overflows, 0);
    publisher.push("V2@0 V1@1 K@1");
    assert_eq!(publisher.publication.stats().header_overflows, 1);
    Player::new(&broker, "a").check("started V@1 V1@1 K@1");
}

#[test]
fn headers_and_metadata_are_kept_up_to_the_limit_of_bytes() {
    let limits = Limits {
        header_bytes: 106 + 14,
        ..Limits::default()
    };
    let broker = broker(limits);
    let mut publisher = Publisher::new(&broker, "a");
    publisher.push_frame(frame_of("V", 0, 100)); // 106 bytes
    publisher.push("M@0"); // 14 bytes
    assert_eq!(publisher.publication.stats().header_overflows, 0);
    publisher.push("K@0");
    Player::new(&broker, "a").check("started M@0 V@0 K@0");
    publisher.push_frame(frame_of("M", 1, 1));
    assert_eq!(publisher.publication.stats().header_overflows, 1);
    publisher.push("K@40");
    Player::new(&broker, "a").check("started V@40 K@40");
    publisher.push_frame(frame_of("V", 41, 115));
    assert_eq!(publisher.publication.stats().header_overflows, 2);
    publisher.push("K@80");
    Player::new(&broker, "a").check("started K@80");
}
