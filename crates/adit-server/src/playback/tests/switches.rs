use super::*;

#[tokio::test]
async fn a_switch_is_made_at_the_next_key_frame_of_the_other_recording() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 20))
        .with("high", &clip("high", 0, 20));
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "low0 low100 low200 full");
    viewer.playback.switch(item("high"));
    viewer.playback.set_buffer(Duration::from_hours(1));
    let expected = format!(
        "more low300 low400 transited:high {} complete:2000",
        pictures("high", 500, 2000)
    );
    assert_eq!(viewer.all().await, expected);
    assert_eq!(viewer.playback.name(), "high");
}

#[tokio::test]
async fn of_all_headers_on_the_way_to_the_place_of_a_switch_the_last_one_is_sent() {
    let mut high = Vec::new();
    for picture in clip("high", 0, 20) {
        let at = picture.at().ms();
        let header = frame(FrameKind::Video, at, &b"\x17\0\0\0\0h"[..]);
        high.extend((0..20).map(|_| header.clone()));
        high.push(picture);
    }
    let disk = Disk::new()
        .with("low", &clip("low", 0, 20))
        .with("high", &high);
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.switch(item("high"));
    let mut headers = 0;
    let mut transited = false;
    while let Some(played) = viewer.next().await {
        match played {
            Played::Transited { .. } => transited = true,
            Played::Frame(frame) if transited && frame.flags().is_sequence_header() => headers += 1,
            Played::Frame(frame) if transited && frame.flags().is_coded() => break,
            _ => {}
        }
    }
    assert_eq!((transited, headers), (true, 1));
}

#[tokio::test]
async fn what_is_in_front_of_the_place_of_a_switch_has_its_time() {
    // Metadata and headers stand at the beginning only, long before.
    let mut high = vec![frame(FrameKind::Video, 0, &b"\x17\0\0\0\0h"[..])];
    high.extend(clip("high", 0, 30));
    let disk = Disk::new()
        .with("low", &clip("low", 0, 30))
        .with("high", &high);
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.set_buffer(Duration::from_millis(1200));
    assert!(viewer.all().await.ends_with("low1200 full"));
    viewer.playback.switch(item("high"));
    viewer.playback.set_buffer(Duration::from_hours(1));
    let (mut news, mut times) = (Vec::new(), Vec::new());
    while let Some(played) = viewer.next().await {
        match played {
            Played::Transits { name } => news.push(format!("transits:{name}")),
            Played::Transited { name } => news.push(format!("transited:{name}")),
            Played::Frame(frame) => times.push(frame.at().ms()),
            _ => {}
        }
    }
    assert_eq!(news, ["transits:high", "transited:high"]);
    assert!(times.is_sorted(), "{times:?}");
    let at_switch = times.iter().filter(|at| **at == 1500).count();
    assert!(at_switch >= 2, "the header and the key frame: {times:?}");
}

#[tokio::test]
async fn nothing_is_said_of_going_over_to_what_does_not_exist() {
    let disk = Disk::new().with("low", &clip("low", 0, 20));
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.switch(item("nothing"));
    let mut refused = false;
    while let Some(played) = viewer.next().await {
        assert!(!matches!(played, Played::Transits { .. }));
        refused |= matches!(played, Played::NotTransited { .. });
    }
    assert!(refused);
}

#[tokio::test]
async fn who_goes_on_elsewhere_hears_that_nothing_comes_of_a_switch() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 20))
        .with("b", &clip("b", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    viewer.all().await;
    viewer.playback.pause();
    viewer.playback.switch(item("b"));
    viewer.resume(1200);
    let all = viewer.all().await;
    let not = "not-transited:b:the player went elsewhere";
    assert!(all.starts_with(not), "{all}");
    assert!(all.contains("a1300 a1400"), "{all}");
}

#[tokio::test]
async fn the_end_of_what_was_switched_to_after_the_end_is_told_too() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 10))
        .with("high", &clip("high", 0, 20));
    let mut viewer = disk.play(item("low")).await;
    let all = format!("{} complete:1000", pictures("low", 0, 1000));
    assert_eq!(viewer.all().await, all);
    viewer.playback.switch(item("high"));
    let more = pictures("high", 1000, 2000);
    let expected = format!("transited:high {more} complete:2000");
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_switch_that_is_not_possible_leaves_the_player_where_it_is() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 20))
        .with("short", &clip("short", 0, 3));
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "low0 low100 low200 full");
    viewer.playback.switch(item("nothing"));
    let none = "not-transited:nothing:there is no recording of that name";
    assert_eq!(viewer.all().await, none);
    viewer.playback.switch(item("short"));
    let none = "not-transited:short:it has no key frame from here on";
    assert_eq!(viewer.all().await, none);
    viewer.playback.set_buffer(Duration::from_hours(1));
    let rest = format!("more {} complete:2000", pictures("low", 300, 2000));
    assert_eq!(viewer.all().await, rest);
}

#[tokio::test]
async fn what_is_to_come_can_be_swapped_for_something_else() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 2))
        .with("b", &clip("b", 0, 2));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("c")).unwrap();
    assert!(viewer.playback.swap("c", &item("b")));
    assert!(!viewer.playback.swap("c", &item("b")));
    let expected = "a0 a100 switched:b b200 b300 complete:400";
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_switch_right_after_the_beginning_is_made_once_the_item_has_begun() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 20))
        .with("high", &clip("high", 0, 20));
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.switch(item("nothing"));
    viewer.playback.switch(item("high"));
    let instead = "not-transited:nothing:another switch took its place";
    let low = pictures("low", 0, 500);
    let high = pictures("high", 500, 2000);
    let expected = format!("{instead} {low} transited:high {high} complete:2000");
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_switch_right_after_a_seek_is_made_where_it_leads() {
    let disk = Disk::new()
        .with("low", &clip("low", 0, 30))
        .with("high", &clip("high", 0, 30));
    let mut viewer = disk.play(item("low")).await;
    viewer.playback.precision = Precision::KeyFrame;
    viewer.playback.set_buffer(Duration::from_millis(200));
    assert_eq!(viewer.all().await, "low0 low100 low200 full");
    viewer.playback.set_buffer(Duration::from_hours(1));
    viewer.seek(1700);
    viewer.playback.switch(item("high"));
    let (low, high) = (pictures("low", 1500, 2000), pictures("high", 2000, 3000));
    let expected = format!("sought:1500 {low} transited:high {high} complete:3000");
    assert_eq!(viewer.all().await, expected);
    // After the end the file is opened again to go back.
    viewer.seek(500);
    viewer.playback.switch(item("low"));
    let (high, low) = (pictures("high", 500, 1000), pictures("low", 1000, 3000));
    let expected = format!("sought:500 {high} transited:low {low} complete:3000");
    assert_eq!(viewer.all().await, expected);
    // Who goes elsewhere while a switch waits is told that nothing comes of it.
    viewer.seek(500);
    viewer.playback.switch(item("high"));
    viewer.seek(2500);
    let not = "not-transited:high:the player went elsewhere";
    let expected = format!(
        "{not} sought:2500 {} complete:3000",
        pictures("low", 2500, 3000)
    );
    assert_eq!(viewer.all().await, expected);
}
