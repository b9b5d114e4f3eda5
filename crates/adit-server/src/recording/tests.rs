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
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::time::timeout;

use super::disk::Operation;
use super::repair::repair_all;
use super::sidecar::Sidecar;
use super::testing::{Faults, Lasting, Scarce, Stall, Watch};
use super::*;

mod faults;
mod limits;
mod repairs;
mod sidecars;
mod turns;

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
        self.recordings.start(
            mode,
            of.info().id,
            subscription,
            (Verdict::Write, &Scope::default()),
        )
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

    /// All there is of `cam`, byte for byte.
    fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let entries = fs::read_dir(self.path("")).unwrap();
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_str().unwrap().contains("cam"))
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect()
    }

    /// All files but sidecars, by name.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(""))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !ends(name, "json"))
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

/// What is known of a file, which must be true.
#[track_caller]
fn known(path: &Path) -> Sidecar {
    let known = Sidecar::read(path);
    let known = known.unwrap_or_else(|| panic!("{} has no sidecar", path.display()));
    let content = fs::read(path).unwrap();
    assert_eq!(known.bytes, content.len() as u64, "{known:?}");
    let mut end = 0;
    for part in &known.parts {
        assert_eq!(part.offset, end, "{known:?}");
        end += part.bytes;
        let bytes = &content[usize::try_from(part.offset).unwrap()..usize::try_from(end).unwrap()];
        let digest = hex::encode(Sha256::digest(bytes));
        assert_eq!(part.sha256.as_deref(), Some(&*digest), "{known:?}");
    }
    assert_eq!(end, known.bytes, "{known:?}");
    known
}

/// The sound and pictures among the frames.
fn coded(frames: &[Frame]) -> Vec<bytes::Bytes> {
    let media = frames.iter().filter(|frame| frame.flags().is_coded());
    media.map(|frame| frame.payload().clone()).collect()
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
    fs::write(room.path("cam~2.flv"), "not ours").unwrap();
    let lengths = [100, 200, 300];
    for length in lengths {
        room.recorded(RecordMode::Record, &clip(length)).await;
    }
    // Numbers go on behind the highest there is.
    assert_eq!(
        room.names(),
        ["cam.flv", "cam~2.flv", "cam~3.flv", "cam~4.flv"]
    );
    for (name, length) in ["cam~3.flv", "cam~4.flv", "cam.flv"]
        .into_iter()
        .zip(lengths)
    {
        let frames = frames_of(&room.path(name));
        assert_eq!(payloads(&frames), payloads(&clip(length)), "{name}");
    }
    assert_eq!(fs::read(room.path("cam~2.flv")).unwrap(), b"not ours");
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
async fn a_publisher_that_sends_nothing_leaves_no_directories() {
    let room = Room::new();
    let publication = room.publish("a/b/cam");
    let mut recording = room.record(&publication, RecordMode::Record);
    await_started(&mut recording).await;
    assert!(room.path("a/b/.cam.flv.open").exists());
    drop(publication);
    assert_eq!(finished(&mut recording).await.bytes, 0);
    timeout(Duration::from_secs(20), room.recordings.drained())
        .await
        .unwrap();
    assert!(room.directory.path().exists());
    assert_eq!(fs::read_dir(room.directory.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_recorded_under_the_name_of_an_earlier_recording() {
    let room = Room::new();
    for name in ["cam~1", "cam~1.flv", "a/cam~20"] {
        let publication = room.publish(name);
        let refused = room.try_record(&publication, RecordMode::Append);
        let numbered = RecordError::Name(crate::BadName::Numbered);
        assert_eq!(refused.unwrap_err(), numbered, "{name}");
    }
    drop(
        room.try_record(&room.publish("cam~x"), RecordMode::Append)
            .unwrap(),
    );
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
