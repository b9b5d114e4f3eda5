use std::collections::BTreeMap;
use std::fs::{self, File};
use std::future::poll_fn;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use adit_broker::{BrokerConfig, Delivery, Publication, PublisherInfo, SubscribeOptions};
use adit_media::flv::{Next, Reader};
use adit_media::pattern::Pattern;
use adit_media::{Frame, FrameKind, verify};
use tempfile::TempDir;
use tokio::time::timeout;

use super::disk::Operation;
use super::repair::repair_all;
use super::testing::{Faults, Lasting, Stall, Watch};
use super::*;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// A server's recordings without the server.
struct Room {
    directory: TempDir,
    broker: Broker,
    recordings: Recordings,
}

impl Room {
    fn new() -> Self {
        Self::with(RecordingConfig::default(), None)
    }

    fn with(config: RecordingConfig, watch: Option<Arc<dyn Watch>>) -> Self {
        Self::on(BrokerConfig::default(), config, watch)
    }

    fn on(streams: BrokerConfig, config: RecordingConfig, watch: Option<Arc<dyn Watch>>) -> Self {
        // In memory where there is such a place: hundreds of these are made lasting dozens of times.
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        let directory = directory.unwrap();
        let root = MediaRoot::open(directory.path()).unwrap();
        let broker = Broker::new(streams);
        let recordings = Recordings::on(
            Disk { watch },
            root,
            config,
            (broker.clone(), Events::default()),
        );
        Self {
            directory,
            broker,
            recordings,
        }
    }

    fn publish(&self, name: &str) -> Publication {
        let key = StreamKey::new("", "live", "_definst_", name).unwrap();
        let info = PublisherInfo::new("1", "127.0.0.1");
        self.broker.publish(key, info, Instant::now()).unwrap()
    }

    fn record(&self, publication: &Publication, mode: RecordMode) -> Recording {
        self.try_record(publication, mode).unwrap()
    }

    fn try_record(&self, of: &Publication, mode: RecordMode) -> Result<Recording, RecordError> {
        let subscription = self
            .broker
            .subscribe(of.key().clone(), SubscribeOptions::default());
        self.recordings.start(mode, of.info().id, subscription)
    }

    /// Publishes `frames` under `cam` and waits until they are recorded.
    async fn recorded(&self, mode: RecordMode, frames: &[Frame]) -> Finished {
        let mut publication = self.publish("cam");
        let mut recording = self.record(&publication, mode);
        push(&mut publication, frames);
        drop(publication);
        finished(&mut recording).await
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory
            .path()
            .canonicalize()
            .unwrap()
            .join("live")
            .join(name)
    }

    /// All files, by name.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// The first frames of a test clip.
fn clip(count: usize) -> Vec<Frame> {
    static CLIP: OnceLock<Vec<Frame>> = OnceLock::new();
    let clip = CLIP.get_or_init(|| {
        Pattern::new("pattern:".parse().unwrap())
            .take(4500)
            .collect()
    });
    clip[..count].to_vec()
}

fn push(publication: &mut Publication, frames: &[Frame]) {
    for frame in frames {
        publication.push(Instant::now(), frame.clone());
    }
}

async fn next(recording: &mut Recording) -> Option<RecordEvent> {
    let event = poll_fn(|cx| recording.poll_event(cx));
    timeout(Duration::from_secs(30), event)
        .await
        .expect("no event in 30 s")
}

async fn finished(recording: &mut Recording) -> Finished {
    loop {
        match next(recording).await {
            Some(RecordEvent::Finished(finished)) => return finished,
            Some(RecordEvent::Started) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn await_started(recording: &mut Recording) {
    assert_eq!(next(recording).await, Some(RecordEvent::Started));
}

fn ends(name: &str, extension: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|found| found == extension)
}

/// The frames of a file, which must be whole.
#[track_caller]
fn frames_of(path: &Path) -> Vec<Frame> {
    let report = verify::verify(File::open(path).unwrap()).unwrap();
    assert!(
        report.is_whole(),
        "{}: {:?}",
        path.display(),
        report.findings
    );
    read(&fs::read(path).unwrap())
}

fn read(content: &[u8]) -> Vec<Frame> {
    let mut reader = Reader::new();
    reader.handle_input(content.to_vec().into());
    reader.handle_eof();
    let mut frames = Vec::new();
    loop {
        match reader.poll() {
            Ok(Next::Tag(tag)) => frames.extend(tag.into_frame()),
            Ok(Next::Header(_)) => {}
            _ => return frames,
        }
    }
}

/// What the frames carry besides metadata.
fn payloads(frames: &[Frame]) -> Vec<bytes::Bytes> {
    let media = frames
        .iter()
        .filter(|frame| frame.kind() != FrameKind::Data);
    media.map(|frame| frame.payload().clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_becomes_a_whole_file_with_duration_and_index() {
    let room = Room::new();
    let clip = clip(900);
    let finished = room.recorded(RecordMode::Record, &clip).await;
    assert_eq!(room.names(), ["cam.flv"]);
    let path = room.path("cam.flv");
    assert_eq!(payloads(&frames_of(&path)), payloads(&clip));
    let report = verify::verify(File::open(&path).unwrap()).unwrap();
    assert_eq!(
        (report.bytes, report.duration),
        (finished.bytes, finished.duration)
    );
    assert!(finished.duration > Duration::from_secs(9), "{finished:?}");
    let snapshot = room.recordings.counters().snapshot();
    assert_eq!(
        (snapshot.started, snapshot.finished, snapshot.failed),
        (1, 1, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recording_again_keeps_what_was_recorded_before() {
    let room = Room::new();
    fs::create_dir(room.path("")).unwrap();
    fs::write(room.path("cam.2.flv"), "not ours").unwrap();
    let lengths = [100, 200, 300];
    for length in lengths {
        room.recorded(RecordMode::Record, &clip(length)).await;
    }
    // Numbers go on behind the highest there is.
    assert_eq!(
        room.names(),
        ["cam.2.flv", "cam.3.flv", "cam.4.flv", "cam.flv"]
    );
    for (name, length) in ["cam.3.flv", "cam.4.flv", "cam.flv"]
        .into_iter()
        .zip(lengths)
    {
        let frames = frames_of(&room.path(name));
        assert_eq!(payloads(&frames), payloads(&clip(length)), "{name}");
    }
    assert_eq!(fs::read(room.path("cam.2.flv")).unwrap(), b"not ours");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_that_sends_nothing_leaves_the_earlier_recording_where_it_is() {
    let room = Room::new();
    room.recorded(RecordMode::Record, &clip(100)).await;
    let finished = room.recorded(RecordMode::Record, &[]).await;
    assert_eq!(finished.bytes, 0);
    assert_eq!(room.names(), ["cam.flv"]);
    frames_of(&room.path("cam.flv"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_gone_on_with_and_its_time_never_goes_back() {
    let room = Room::new();
    let clip = clip(300);
    room.recorded(RecordMode::Append, &clip).await;
    let finished = room.recorded(RecordMode::Append, &clip).await;
    assert_eq!(room.names(), ["cam.flv"]);
    let frames = frames_of(&room.path("cam.flv"));
    let twice = [payloads(&clip), payloads(&clip)].concat();
    assert_eq!(payloads(&frames), twice);
    assert!(finished.duration > Duration::from_secs(6), "{finished:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_torn_file_is_cut_before_it_is_gone_on_with() {
    let room = Room::new();
    let clip = clip(300);
    room.recorded(RecordMode::Append, &clip).await;
    let path = room.path("cam.flv");
    let length = fs::metadata(&path).unwrap().len();
    File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(length - 10)
        .unwrap();
    room.recorded(RecordMode::Append, &clip).await;
    assert_eq!(
        payloads(&frames_of(&path)).len(),
        2 * payloads(&clip).len() - 1
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_flv_is_not_gone_on_with_but_kept() {
    let room = Room::new();
    fs::create_dir(room.path("")).unwrap();
    fs::write(room.path("cam.flv"), "a text about cameras").unwrap();
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, RecordMode::Append);
    push(&mut publication, &clip(100));
    assert_eq!(
        next(&mut recording).await,
        Some(RecordEvent::Failed(RecordError::NotFlv))
    );
    await_started(&mut recording).await;
    drop(publication);
    finished(&mut recording).await;
    assert_eq!(room.names(), ["cam.1.flv", "cam.flv"]);
    assert_eq!(
        fs::read(room.path("cam.1.flv")).unwrap(),
        b"a text about cameras"
    );
    frames_of(&room.path("cam.flv"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_guard_finishes_the_file_while_the_stream_goes_on() {
    let room = Room::new();
    let mut publication = room.publish("cam");
    let mut recording = room.record(&publication, RecordMode::Record);
    let clip = clip(200);
    push(&mut publication, &clip);
    await_started(&mut recording).await;
    publication.flush(Instant::now() + Duration::from_secs(1));
    drop(recording);
    timeout(Duration::from_secs(10), room.recordings.drained())
        .await
        .unwrap();
    assert_eq!(payloads(&frames_of(&room.path("cam.flv"))), payloads(&clip));
    push(&mut publication, &clip);
}

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

/// What is left of an earlier recording and a later one when the disk fails them at some moment, after the next start.
async fn survive(mode: RecordMode, errno: i32, first: u64, count: u64) -> Vec<Operation> {
    let what = format!(
        "{mode:?}, errno {errno} at operation {first} and {} behind it",
        count - 1
    );
    let faults = Arc::new(Faults::new(errno, first, count));
    let config = RecordingConfig {
        sync: SyncInterval::Every(Duration::ZERO),
        ..RecordingConfig::default()
    };
    let mut room = Room::with(config, None);
    let (earlier, later) = (clip(300), clip(200));
    room.recorded(RecordMode::Record, &earlier).await;
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
        // A name that was taken for an earlier recording and not used.
        if fs::metadata(&path).unwrap().len() > 0 {
            let report = verify::verify(File::open(&path).unwrap()).unwrap();
            assert!(report.is_whole(), "{what}: {name}: {:?}", report.findings);
            found.push(payloads(&read(&fs::read(&path).unwrap())));
        }
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
    let mut runs = tokio::task::JoinSet::new();
    for mode in [RecordMode::Record, RecordMode::Append] {
        for (errno, count) in cases {
            for first in 0..OPERATIONS {
                runs.spawn(survive(mode, errno, first, count));
            }
        }
    }
    let mut most = 0;
    while let Some(seen) = runs.join_next().await {
        most = most.max(seen.unwrap().len());
    }
    assert!(most > 15, "{most} operations");
}

/// As many as a recording may do in these tests before nothing new comes.
const OPERATIONS: u64 = 28;

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
    assert_eq!(room.names(), ["cam.1.flv", "cam.1.flv.suspect", "cam.flv"]);
    let note = fs::read_to_string(room.path("cam.1.flv.suspect")).unwrap();
    assert!(note.contains("Up to byte 0 "), "{note}");
    let both = [
        frames_of(&room.path("cam.1.flv")),
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
            now.saturating_duration_since(*at) > interval + Duration::from_millis(750)
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
    assert!(cuts > 20, "{cuts}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_repairs_what_is_marked_and_nothing_else() {
    let room = Room::new();
    room.recorded(RecordMode::Record, &clip(300)).await;
    let whole = fs::read(room.path("cam.flv")).unwrap();
    let torn = &whole[..whole.len() - 7];
    let write = |name: &str, content: &[u8]| fs::write(room.path(name), content).unwrap();
    write("torn.flv", torn);
    write(".torn.flv.open", b"00000000000000000000\n");
    write("odd.flv", torn);
    write(".odd.flv.open", b"something else");
    write("empty.flv", b"FLV");
    write(".empty.flv.open", b"");
    write(".absent.flv.open", b"");
    write("text.flv", b"this is no recording");
    write(".text.flv.open", b"");
    write("unmarked.flv", torn);
    write("held.flv", torn);
    write(".held.flv.open", b"");
    let held = File::open(room.path(".held.flv.open")).unwrap();
    held.lock().unwrap();
    repair_all(
        &Disk::default(),
        &room.recordings.0.root,
        room.recordings.counters(),
    );
    let names = [
        ".held.flv.open",
        "cam.flv",
        "held.flv",
        "odd.flv",
        "text.flv",
        "torn.flv",
        "unmarked.flv",
    ];
    assert_eq!(room.names(), names);
    let less_one = payloads(&clip(300)).len() - 1;
    for name in ["torn.flv", "odd.flv"] {
        assert_eq!(payloads(&frames_of(&room.path(name))).len(), less_one);
    }
    assert_eq!(fs::read(room.path("unmarked.flv")).unwrap(), torn);
    assert_eq!(fs::read(room.path("held.flv")).unwrap(), torn);
    assert_eq!(
        fs::read(room.path("text.flv")).unwrap(),
        b"this is no recording"
    );
    assert_eq!(room.recordings.counters().snapshot().repaired, 4);
}
