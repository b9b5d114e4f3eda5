//! How many, how long, one after another.

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_streams_do_not_write_to_one_file() {
    let config = RecordingConfig {
        wait: Duration::from_millis(50),
        ..RecordingConfig::default()
    };
    let room = Room::with(config, None);
    let mut first = room.publish("cam");
    let mut recording = room.record(&first, RecordMode::Record);
    push(&mut first, &clip(100));
    await_started(&mut recording).await;
    let second = room.publish("cam.flv");
    let mut refused = room.record(&second, RecordMode::Append);
    assert_eq!(
        next(&mut refused).await,
        Some(RecordEvent::Failed(RecordError::Busy))
    );
    drop(second);
    assert_eq!(next(&mut refused).await, None);
    drop(first);
    finished(&mut recording).await;
    frames_of(&room.path("cam.flv"));
    let limits = BTreeMap::from(room.recordings.counters().limits());
    assert_eq!(limits["recording.wait"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_waits_for_the_one_before_to_be_finished() {
    let stall = Arc::new(Stall::default());
    let watch = Arc::clone(&stall) as Arc<dyn Watch>;
    let room = Room::with(RecordingConfig::default(), Some(watch));
    let mut first = room.publish("cam");
    let mut earlier = room.record(&first, RecordMode::Record);
    stall.arm();
    push(&mut first, &clip(100));
    drop(first);
    stall.await_stalled();
    let mut second = room.publish("cam");
    let mut later = room.record(&second, RecordMode::Append);
    push(&mut second, &clip(100));
    drop(second);
    stall.release();
    finished(&mut earlier).await;
    finished(&mut later).await;
    assert_eq!(room.names(), ["cam.flv"]);
    assert_eq!(
        payloads(&frames_of(&room.path("cam.flv"))).len(),
        2 * payloads(&clip(100)).len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_streams_are_recorded_as_may_be_and_not_one_more() {
    let config = RecordingConfig {
        recordings: 2,
        ..RecordingConfig::default()
    };
    let room = Room::with(config, None);
    let streams = ["a", "b", "c"].map(|name| room.publish(name));
    let first = room.record(&streams[0], RecordMode::Record);
    let _second = room.record(&streams[1], RecordMode::Record);
    let refused = room
        .try_record(&streams[2], RecordMode::Record)
        .unwrap_err();
    assert_eq!(refused, RecordError::TooMany(2));
    assert_eq!(
        BTreeMap::from(room.recordings.counters().limits())["recording.streams"],
        1
    );
    drop(first);
    let free = async {
        while room.try_record(&streams[2], RecordMode::Record).is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(10), free).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_long_enough_is_followed_by_another() {
    let config = RecordingConfig {
        file_bytes: 200_000,
        ..RecordingConfig::default()
    };
    let room = Room::with(config, None);
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, RecordMode::Record);
    for part in clip(3000).chunks(100) {
        push(&mut publication, part);
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    drop(publication);
    finished(&mut recording).await;
    let names = room.names();
    assert!(names.len() > 2, "{names:?}");
    let mut times = Vec::new();
    for name in &names {
        let frames = frames_of(&room.path(name));
        assert!(
            frames.iter().any(|frame| frame.flags().is_key_frame()),
            "{name}"
        );
        times.push(payloads(&frames));
    }
    // The overlap is a group of pictures; nothing is missing.
    let all: std::collections::HashSet<_> = times.concat().into_iter().collect();
    let missing: Vec<_> = clip(3000)
        .iter()
        .enumerate()
        .filter(|(_, frame)| frame.kind() != FrameKind::Data && !all.contains(frame.payload()))
        .map(|(number, frame)| (number, frame.kind(), frame.at()))
        .collect();
    assert!(missing.is_empty(), "{names:?} {missing:?}");
    let hits = BTreeMap::from(room.recordings.counters().limits())["recording.file"];
    assert!(hits >= 2, "{hits}");
}
