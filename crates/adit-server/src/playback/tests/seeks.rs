use super::*;

#[tokio::test]
async fn as_much_leaves_as_the_player_buffers_and_then_it_goes_in_real_time() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(400));
    assert_eq!(viewer.all().await, "a0 a100 a200 a300 a400 full");
    assert_eq!(viewer.wait(), 200);
    assert_eq!(viewer.all().await, "more a500 a600");
    assert_eq!(viewer.wait(), 400);
    assert_eq!(viewer.all().await, "a700 a800");
}

#[tokio::test]
async fn a_pause_stops_everything_and_then_it_goes_on_where_it_was() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.playback.pause();
    viewer.now += Duration::from_secs(30);
    assert_eq!(viewer.all().await, "");
    assert_eq!(viewer.playback.next_deadline(), None);
    viewer.resume(200);
    assert_eq!(viewer.all().await, "a300 a400 a500 full");
    // Some do not know where they are.
    viewer.playback.pause();
    viewer.resume(0);
    assert_eq!(viewer.all().await, "a600 a700 a800 full");
}

#[tokio::test]
async fn a_player_that_threw_its_buffer_away_gets_what_is_behind_its_place_again() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    let all = format!("{} complete:2000", pictures("a", 0, 2000));
    assert_eq!(viewer.all().await, all);
    viewer.playback.pause();
    viewer.resume(750);
    let rest = format!("{} complete:2000", pictures("a", 800, 2000));
    assert_eq!(viewer.all().await, rest);
}

#[tokio::test]
async fn a_seek_leads_to_the_key_frame_and_exact_players_to_the_picture() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.seek(1250);
    let on_the_way = "sought:1250 [0]1000 a1000 a1100 a1200 [1]1250";
    let expected = format!("{on_the_way} a1300 a1400 a1500 full");
    assert_eq!(viewer.all().await, expected);
    viewer.playback.precision = Precision::KeyFrame;
    viewer.seek(720);
    assert_eq!(viewer.all().await, "sought:500 a500 a600 a700 full");
    viewer.seek(0);
    assert_eq!(viewer.all().await, "sought:0 a0 a100 a200 full");
}

#[tokio::test]
async fn a_seek_beyond_the_end_changes_nothing() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.seek(2001);
    assert_eq!(viewer.all().await, "not-sought:the stream ends at 2 s");
    for far in [u32::MAX / 4, u32::MAX / 2 + 2, u32::MAX] {
        viewer.seek(far);
        assert_eq!(viewer.all().await, "not-sought:the stream ends at 2 s");
    }
    viewer.wait();
    assert_eq!(viewer.all().await, "more a300");
    viewer.seek(2000);
    assert!(viewer.all().await.starts_with("sought:2000 [0]1500"));
}

#[tokio::test]
async fn a_seek_in_a_file_that_was_lost_is_told_to_be_impossible() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.playback.lose_file().await;
    viewer.seek(1000);
    let lost = "not-sought:the recording cannot be read because of a defect of the server";
    assert_eq!(viewer.all().await, format!("{lost} complete:300"));
}

#[tokio::test]
async fn the_next_item_is_played_where_a_place_before_it_cannot_be_read() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 20))
        .with("b", &clip("b", 0, 2));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("b")).unwrap();
    viewer.playback.set_buffer(Duration::from_millis(700));
    assert!(viewer.all().await.ends_with("a700 full"));
    // The next item is open by then.
    viewer.playback.lose_file().await;
    viewer.resume(550);
    let lost = "not-sought:the recording cannot be read because of a defect of the server";
    let expected = format!("{lost} switched:b b550 b650 complete:750");
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_seek_before_the_first_frame_waits_for_it() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.seek(1500);
    let expected = format!("sought:1500 {} complete:500", pictures("a", 1500, 2000));
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn after_the_end_one_can_go_back_also_to_an_earlier_item() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 10))
        .with("b", &clip("b", 0, 10));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("b")).unwrap();
    let b = format!("switched:b {} complete:2000", pictures("b", 1000, 2000));
    let all = format!("{} {b}", pictures("a", 0, 1000));
    assert_eq!(viewer.all().await, all);
    viewer.seek(1500);
    let end = format!("{} complete:2000", pictures("b", 1500, 2000));
    assert_eq!(viewer.all().await, format!("sought:1500 {end}"));
    viewer.seek(500);
    let from_a = format!("sought:500 {} {b}", pictures("a", 500, 1000));
    assert_eq!(viewer.all().await, from_a);
}

#[tokio::test]
async fn a_seek_while_paused_shows_one_picture() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "a0 a100 a200 full");
    viewer.playback.pause();
    viewer.seek(1500);
    assert_eq!(viewer.all().await, "sought:1500 a1500");
    viewer.resume(1500);
    assert_eq!(viewer.all().await, "a1600 a1700 a1800 full");
}

#[tokio::test]
async fn a_seek_while_paused_lets_nothing_play_where_there_is_no_picture() {
    let sound = |at| frame(FrameKind::Audio, at, &b"\xAF\x01x"[..]);
    let sounds: Vec<_> = (0..50).map(|n| sound(n * 100)).collect();
    let tail = (0..50).map(|n| sound(500 + n * 100));
    let with_tail: Vec<_> = clip("a", 0, 5).into_iter().chain(tail).collect();
    let disk = Disk::new().with("sound", &sounds).with("tail", &with_tail);
    let mut viewer = disk.play(item("sound")).await;
    viewer.playback.pause();
    viewer.seek(1500);
    assert_eq!(viewer.all().await, "sought:1500 audio1500");
    viewer.seek(4900);
    assert_eq!(viewer.all().await, "sought:4900 audio4900");
    // Where pictures have ended it is the sound of a second.
    let mut viewer = disk.play(item("tail")).await;
    viewer.playback.pause();
    viewer.seek(1500);
    let all = viewer.all().await;
    assert!(all.ends_with("audio2300 audio2400 audio2500"), "{all}");
    // After the end there is nothing to stop at.
    viewer.seek(5400);
    let all = viewer.all().await;
    assert!(all.contains(" audio5400 "), "{all}");
    assert!(all.ends_with(" complete:5500"), "{all}");
    assert_eq!(viewer.all().await, "");
}
