//! Disks that fail, fill up, stall and forget.

use std::io::Write as _;

use super::*;
use crate::recording::sidecar::Begun;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_stalls_costs_a_gap_that_is_marked_and_delays_no_player() {
    let stall = Arc::new(Stall::default());
    let config = RecordingConfig {
        queue_bytes: 100_000,
        ..RecordingConfig::default()
    };
    let mut streams = BrokerConfig::default();
    streams.limits.lag.frames = 300;
    let room = Room::on(streams, config, Some(Arc::clone(&stall) as Arc<dyn Watch>));
    let mut publication = room.publish("cam");
    let key = publication.key().clone();
    let mut player = room.broker.subscribe(key, SubscribeOptions::default());
    let mut recording = room.record(&publication, RecordMode::Record);
    stall.arm();
    let long = clip(4500);
    let clip = &long[..4000];
    let mut played = Vec::new();
    for (number, part) in clip.chunks(50).enumerate() {
        push(&mut publication, part);
        if number == 0 {
            stall.await_stalled();
        }
        // The publisher went on, and a player gets everything at once.
        publication.flush(Instant::now() + Duration::from_secs(1));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        while let Poll::Ready(delivery) = player.poll_next(&mut cx) {
            match delivery {
                Delivery::Frame(frame) => played.push(frame.frame().clone()),
                Delivery::Skipped { .. } => panic!("the player is skipped"),
                _ => {}
            }
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(payloads(&played), payloads(clip));
    stall.release();
    // The rest comes when the disk is itself again.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let clip = long;
    push(&mut publication, &clip[4000..]);
    drop(publication);
    finished(&mut recording).await;
    let frames = frames_of(&room.path("cam.flv"));
    let snapshot = room.recordings.counters().snapshot();
    assert!(
        snapshot.gaps >= 1 && snapshot.gap_frames > 1000,
        "{snapshot:?}"
    );
    let missing = clip.len() as u64 - frames.len() as u64;
    assert!(
        missing.abs_diff(snapshot.gap_frames) < 100,
        "{missing} {snapshot:?}"
    );
    let is_cue = |frame: &&Frame| {
        frame.kind() == FrameKind::Data && frame.payload().windows(3).any(|word| word == b"gap")
    };
    let noted = known(&room.path("cam.flv")).gaps;
    let noted: u64 = noted.iter().map(|gap| gap.frames).sum();
    assert_eq!(noted, snapshot.gap_frames);
    // Two gaps that follow each other are one.
    let cues = frames.iter().filter(is_cue).count() as u64;
    assert!((1..=snapshot.gaps).contains(&cues), "{cues} {snapshot:?}");
    // It goes on when the disk does.
    let later = payloads(&clip[4000..]);
    assert!(
        payloads(&frames)
            .iter()
            .any(|payload| later.contains(payload))
    );
}

/// What fails, of what.
#[derive(Clone, Copy, Debug)]
struct Case {
    mode: RecordMode,
    errno: i32,
    count: u64,
    before: Before,
}

/// How the earlier recording was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Whole,
    /// The server was killed while it wrote a tag.
    Torn,
    /// The power was lost meanwhile, and with it what stood in the mark.
    TornWithEmptyMark,
}

impl Before {
    fn leave(self, room: &Room) {
        let mark = match self {
            Self::Whole => return,
            Self::Torn => "00000000000000000013\n",
            Self::TornWithEmptyMark => "",
        };
        let media = File::options().append(true).open(room.path("cam.flv"));
        // A tag of video of 65536 bytes begins.
        media
            .unwrap()
            .write_all(&[9, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x17, 1])
            .unwrap();
        fs::remove_file(room.path("cam.flv.json")).unwrap();
        fs::write(room.path(".cam.flv.open"), mark).unwrap();
    }
}

/// What is left of an earlier recording and a later one when the disk fails them at some moment, after the next start.
async fn survive(case: Case, first: u64) -> Vec<Operation> {
    let what = format!("{case:?} from operation {first} on");
    let Case {
        mode,
        errno,
        count,
        before,
    } = case;
    let faults = Arc::new(Faults::new(errno, first, count));
    let config = RecordingConfig {
        sync: SyncInterval::Every(Duration::ZERO),
        ..RecordingConfig::default()
    };
    let mut room = Room::with(config, None);
    let (earlier, later) = (clip(300), clip(200));
    room.recorded(RecordMode::Record, &earlier).await;
    before.leave(&room);
    let healthy = room.recordings.clone();
    let root = healthy.0.root.clone();
    let watch = Some(Arc::clone(&faults) as Arc<dyn Watch>);
    room.recordings = Recordings::on(
        Disk { watch },
        root.clone(),
        config,
        (room.broker.clone(), Events::default()),
    );
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, mode);
    push(&mut publication, &later);
    let _any = next(&mut recording).await;
    drop(publication);
    let end = async { while next(&mut recording).await.is_some() {} };
    end.await;
    drop(recording);
    timeout(Duration::from_secs(10), room.recordings.drained())
        .await
        .unwrap();

    // The repair of the failing start may still have a file.
    let is_marked = |room: &Room| room.names().iter().any(|name| ends(name, "open"));
    for _ in 0..100 {
        repair_all(&Disk::default(), &root, healthy.counters());
        if !is_marked(&room) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut found = Vec::new();
    for name in room.names() {
        assert!(!ends(&name, "open"), "{what}: {name} is left");
        if !ends(&name, "flv") {
            continue;
        }
        let path = room.path(&name);
        let report = verify::verify(File::open(&path).unwrap()).unwrap();
        assert!(report.is_whole(), "{what}: {name}: {:?}", report.findings);
        assert!(
            Sidecar::read(&path).is_some(),
            "{what}: {name} has no sidecar"
        );
        known(&path);
        found.push(payloads(&read(&fs::read(&path).unwrap())));
    }
    let earlier = payloads(&earlier);
    assert!(
        found.iter().any(|frames| frames.starts_with(&earlier)),
        "{what}: the earlier one is gone"
    );
    faults.seen()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_and_whenever_what_was_recorded_is_whole_after_the_next_start() {
    let cases = [(EIO, 1), (EIO, u64::MAX / 2), (ENOSPC, 1)];
    let mut most = 0;
    for before in [Before::Whole, Before::Torn, Before::TornWithEmptyMark] {
        let mut runs = tokio::task::JoinSet::new();
        for mode in [RecordMode::Record, RecordMode::Append] {
            for (errno, count) in cases {
                let case = Case {
                    mode,
                    errno,
                    count,
                    before,
                };
                for first in 0..OPERATIONS {
                    runs.spawn(survive(case, first));
                }
            }
        }
        let seen = runs.join_all().await;
        most = seen.iter().map(Vec::len).fold(most, usize::max);
    }
    assert!(most > 15, "{most} operations");
}

/// As many as a recording may do in these tests before nothing new comes.
const OPERATIONS: u64 = 44;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_cannot_be_made_lasting_is_noted_as_suspect_and_another_is_begun() {
    /// The first sync of media fails.
    #[derive(Debug, Default)]
    struct BadSync(std::sync::atomic::AtomicBool);
    impl Watch for BadSync {
        fn before(&self, operation: Operation, _: &Path) -> std::io::Result<()> {
            let fails = operation == Operation::Sync
                && !self.0.swap(true, std::sync::atomic::Ordering::Relaxed);
            if fails {
                return Err(std::io::Error::from_raw_os_error(EIO));
            }
            Ok(())
        }
    }
    let config = RecordingConfig {
        sync: SyncInterval::Every(Duration::from_millis(300)),
        ..RecordingConfig::default()
    };
    let room = Room::with(config, Some(Arc::new(BadSync::default())));
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, RecordMode::Record);
    await_started(&mut recording).await;
    let clip = clip(600);
    push(&mut publication, &clip[..300]);
    let failed = next(&mut recording).await;
    assert!(
        matches!(failed, Some(RecordEvent::Failed(RecordError::Disk(_)))),
        "{failed:?}"
    );
    await_started(&mut recording).await;
    push(&mut publication, &clip[300..]);
    drop(publication);
    finished(&mut recording).await;
    assert_eq!(room.names(), ["cam.flv", "cam~1.flv"]);
    let suspect = known(&room.path("cam~1.flv")).suspect.unwrap();
    assert_eq!(suspect.behind_byte, 0);
    assert!(suspect.cause.contains("the disk failed"), "{suspect:?}");
    let next = known(&room.path("cam.flv"));
    assert_eq!(
        (next.begun, next.follows.as_deref()),
        (Begun::Failure, Some("cam~1.flv"))
    );
    assert_eq!(next.suspect, None);
    let both = [
        frames_of(&room.path("cam~1.flv")),
        frames_of(&room.path("cam.flv")),
    ]
    .concat();
    let both: std::collections::HashSet<_> = payloads(&both).into_iter().collect();
    assert!(payloads(&clip).iter().all(|payload| both.contains(payload)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_loss_of_power_costs_no_more_than_the_interval() {
    let interval = Duration::from_millis(200);
    let lasting = Arc::new(Lasting::default());
    let config = RecordingConfig {
        sync: SyncInterval::Every(interval),
        ..RecordingConfig::default()
    };
    let room = Room::with(config, Some(Arc::clone(&lasting) as Arc<dyn Watch>));
    let mut publication = room.publish("cam");
    let _recording = room.record(&publication, RecordMode::Record);
    let path = room.path("cam.flv");
    let mut pushed = Vec::new();
    let mut cuts = 0;
    for part in clip(2000).chunks(20) {
        push(&mut publication, part);
        pushed.push((Instant::now(), part.to_vec()));
        tokio::time::sleep(Duration::from_millis(20)).await;
        // The power is lost now: what was not made lasting is gone, or zeros.
        let now = Instant::now();
        let written = fs::metadata(&path).map_or(0, |file| file.len());
        let mut left = lasting.of(&path).unwrap_or_default();
        left.resize(left.len().max(usize::try_from(written).unwrap()), 0);
        let old = |(at, _): &&(Instant, Vec<Frame>)| {
            // A quarter of a second until it is written, and a busy machine.
            now.saturating_duration_since(*at) > interval + Duration::from_millis(1_250)
        };
        let old: Vec<_> = pushed
            .iter()
            .filter(old)
            .flat_map(|(_, part)| part.clone())
            .collect();
        if old.is_empty() {
            continue;
        }
        cuts += 1;
        let repair = adit_media::repair::repair(std::io::Cursor::new(&left), 0).unwrap();
        left.truncate(usize::try_from(repair.bytes()).unwrap());
        for patch in repair.patches() {
            let at = usize::try_from(patch.offset).unwrap();
            left[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
        }
        assert!(
            verify::verify(std::io::Cursor::new(&left))
                .unwrap()
                .is_whole()
        );
        assert!(
            payloads(&read(&left)).starts_with(&payloads(&old)),
            "{} frames",
            old.len()
        );
    }
    assert!(cuts > 10, "{cuts}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_cannot_be_recorded_is_not_told_that_he_is_at_each_attempt() {
    /// Nothing of media is ever written; says how often it was tried.
    #[derive(Debug)]
    struct BadWrite(tokio::sync::watch::Sender<u32>);
    impl Watch for BadWrite {
        fn before(&self, operation: Operation, path: &Path) -> std::io::Result<()> {
            if operation == Operation::Write && path.extension().is_some_and(|it| it == "flv") {
                self.0.send_modify(|tried| *tried += 1);
                return Err(std::io::Error::from_raw_os_error(EIO));
            }
            Ok(())
        }
    }
    let (tried, mut times) = tokio::sync::watch::channel(0);
    let room = Room::with(RecordingConfig::default(), Some(Arc::new(BadWrite(tried))));
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, RecordMode::Record);
    push(&mut publication, &clip(100));
    let often = timeout(Duration::from_secs(20), times.wait_for(|tried| *tried >= 3));
    drop(often.await.unwrap().unwrap());
    drop(publication);
    let mut told = Vec::new();
    while let Some(event) = next(&mut recording).await {
        told.push(event);
    }
    assert!(
        matches!(
            told.as_slice(),
            [
                RecordEvent::Started,
                RecordEvent::Failed(RecordError::Disk(_))
            ]
        ),
        "{told:?}"
    );
}

/// Leaves an earlier recording as somebody else might have left it, whom nobody else repairs; gives what there is now.
async fn left(room: &Room) -> BTreeMap<PathBuf, Vec<u8>> {
    room.recorded(RecordMode::Record, &clip(300)).await;
    let media = File::options().append(true).open(room.path("cam.flv"));
    media.unwrap().write_all(b"no tag").unwrap();
    fs::write(room.path("cam.flv.json"), "{}").unwrap();
    room.contents()
}

/// Publishes again under the same name until that is not recorded; says why, and whether it seemed to be.
async fn refused(room: &Room, mode: RecordMode) -> (bool, RecordError) {
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, mode);
    push(&mut publication, &clip(100));
    let mut seemed = false;
    let error = loop {
        match next(&mut recording).await {
            Some(RecordEvent::Started) => seemed = true,
            Some(RecordEvent::Failed(error)) => break error,
            other => panic!("{other:?}"),
        }
    };
    drop(publication);
    while next(&mut recording).await.is_some() {}
    (seemed, error)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_recording_stopped_for_the_reserve_none_begins_and_nothing_is_changed() {
    let reserve = 64 * 1024;
    let config = RecordingConfig {
        reserve: Reserve::of(reserve),
        ..RecordingConfig::default()
    };
    let scarce = Arc::new(Scarce(u64::MAX.into()));
    let free = |bytes| scarce.0.store(bytes, std::sync::atomic::Ordering::Relaxed);
    let room = Room::with(config, Some(Arc::clone(&scarce) as Arc<dyn Watch>));
    let mut publication = room.publish("other");
    let mut recording = room.record(&publication, RecordMode::Record);
    await_started(&mut recording).await;
    let before = left(&room).await;
    assert!(room.recordings.has_room());
    // More than the reserve is left, and less than what is written until the next look.
    free(reserve + 200_000);
    push(&mut publication, &clip(300));
    let stopped = Some(RecordEvent::Failed(RecordError::Reserve(reserve)));
    while let event = next(&mut recording).await
        && event != stopped
    {
        assert_eq!(event, Some(RecordEvent::Started));
    }
    drop(publication);
    while next(&mut recording).await.is_some() {}
    assert!(!room.recordings.has_room());
    for mode in [
        RecordMode::Record,
        RecordMode::Append,
        RecordMode::AppendWithGap,
    ] {
        let refused = refused(&room, mode).await;
        assert_eq!(refused, (false, RecordError::Reserve(reserve)), "{mode:?}");
    }
    assert!(room.contents() == before);
    free(reserve + BEGIN_BYTES);
    assert!(room.recordings.has_room());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_before_the_first_frame_leaves_the_earlier_recording_as_it_is() {
    /// Has room when it is asked for the first time.
    #[derive(Debug, Default)]
    struct Fills(std::sync::atomic::AtomicU32);
    impl Watch for Fills {
        fn before(&self, operation: Operation, _: &Path) -> std::io::Result<()> {
            let relaxed = std::sync::atomic::Ordering::Relaxed;
            if operation == Operation::Space && self.0.fetch_add(1, relaxed) > 0 {
                return Err(std::io::Error::from_raw_os_error(ENOSPC));
            }
            Ok(())
        }
    }
    let mut room = Room::new();
    let before = left(&room).await;
    room.recordings = Recordings::on(
        Disk {
            watch: Some(Arc::new(Fills::default())),
        },
        room.recordings.root().clone(),
        RecordingConfig::default(),
        (room.broker.clone(), Events::default()),
    );
    let refused = refused(&room, RecordMode::Record).await;
    assert_eq!(refused, (true, RecordError::NoSpace));
    assert!(room.contents() == before);
}
