use super::*;

#[tokio::test]
async fn a_recording_is_played_from_its_beginning_to_its_end() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    let expected = format!("{} complete:2000", pictures("a", 0, 2000));
    assert_eq!(viewer.all().await, expected);
    assert_eq!(viewer.all().await, "");
}

#[tokio::test]
async fn every_message_of_a_file_comes_as_it_is_there() {
    let mut frames = clip("a", 700, 30);
    frames.insert(5, frame(FrameKind::Audio, 1010, &b"\xAF\x01x"[..]));
    frames.insert(9, frame(FrameKind::Data, 1300, &b"\x02\0\x02hi"[..]));
    let disk = Disk::new().with("a", &frames);
    let mut viewer = disk.play(item("a")).await;
    let mut played = Vec::new();
    while let Some(next) = viewer.next().await {
        if let Played::Frame(frame) = next {
            played.push(frame);
        }
    }
    assert!(played[0].flags().is_metadata());
    assert_eq!(played[1..], frames[..]);
}

#[tokio::test]
async fn a_range_begins_at_the_key_frame_before_it_and_its_time_at_0() {
    let disk = Disk::new().with("a", &clip("a", 0, 40));
    let mut viewer = disk.play(part("a", 1200, 500)).await;
    let expected = format!("{} complete:700", pictures("a", 0, 700));
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_single_frame_is_one_frame() {
    let disk = Disk::new().with("a", &clip("a", 0, 40));
    let one = Item {
        from_ms: 1700,
        length: PlayDuration::SingleFrame,
        ..item("a")
    };
    let mut viewer = disk.play(one).await;
    assert_eq!(viewer.all().await, "a0 complete:40");
}

#[tokio::test]
async fn a_playlist_is_played_without_gaps_and_time_goes_on() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 10))
        .with("b", &clip("b", 50_000, 10))
        .with("c", &clip("c", 0, 40));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(item("b")).unwrap();
    viewer.playback.append(item("nothing")).unwrap();
    viewer.playback.append(part("c", 1000, 300)).unwrap();
    let expected = format!(
        "{} switched:b {} missing:nothing:there is no recording of that name switched:c {} complete:2300",
        pictures("a", 0, 1000),
        pictures("b", 1000, 2000),
        pictures("c", 2000, 2300),
    );
    assert_eq!(viewer.all().await, expected);
    // What is added after the end is played then.
    viewer.playback.append(part("a", 0, 200)).unwrap();
    let expected = format!("switched:a {} complete:2500", pictures("a", 2300, 2500));
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn a_later_item_begins_where_it_was_asked_to_and_the_way_there_takes_no_time() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 10))
        .with("b", &clip("b", 0, 40));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(part("b", 1250, 500)).unwrap();
    viewer.playback.append(part("a", 500, 200)).unwrap();
    let a = pictures("a", 0, 1000);
    let b = "switched:b [0]1000 b1000 b1000 b1000 [1]1000 b1050 b1150 b1250 b1350 b1450";
    let end = "switched:a a1500 a1600 complete:1700";
    assert_eq!(viewer.all().await, format!("{a} {b} {end}"));
    // The way there leaves at once, and a seek finds the times that were told.
    viewer.playback.set_buffer(Duration::from_millis(100));
    viewer.seek(1100);
    let expected = "sought:1100 [0]1000 b1000 b1000 b1000 b1050 [1]1100 b1150 b1250 full";
    assert_eq!(viewer.all().await, expected);
    // Who can begin only at key frames gets all from there on.
    viewer.playback.set_buffer(Duration::from_hours(10));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.precision = Precision::KeyFrame;
    viewer.playback.append(part("b", 1250, 500)).unwrap();
    let b = format!("switched:b {} complete:1750", pictures("b", 1000, 1800));
    assert_eq!(viewer.all().await, format!("{a} {b}"));
}

#[tokio::test]
async fn a_single_picture_on_a_playlist_is_one_that_can_be_shown() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let mut viewer = disk.play(item("a")).await;
    let one = Item {
        from_ms: 1700,
        length: PlayDuration::SingleFrame,
        ..item("a")
    };
    viewer.playback.append(one).unwrap();
    let all = pictures("a", 0, 2000);
    assert_eq!(
        viewer.all().await,
        format!("{all} switched:a a2000 complete:2100")
    );
}

#[tokio::test]
async fn an_item_that_begins_before_its_file_begins_with_it() {
    let disk = Disk::new()
        .with("a", &clip("a", 0, 10))
        .with("b", &clip("b", 50_000, 10));
    let mut viewer = disk.play(item("a")).await;
    viewer.playback.append(part("b", 20_000, 30_300)).unwrap();
    let expected = format!(
        "{} switched:b {} complete:1300",
        pictures("a", 0, 1000),
        pictures("b", 1000, 1300)
    );
    assert_eq!(viewer.all().await, expected);
}

#[tokio::test]
async fn the_length_of_a_recording_is_told() {
    let disk = Disk::new().with("a", &clip("a", 0, 20));
    let length = disk.files.length(wanted("a")).await.unwrap();
    assert_eq!(length, Duration::from_secs(2));
}
