//! Live streams as FLV files: a reader of the broker that writes on its own thread.
//!
//! ```text
//!  broker's log ─▶ task: puts frames in ─▶ queue (≤ 32 MiB, 30 s) ─▶ thread: write ≤ 250 ms, sync ≤ 5 s ─▶ cam.flv
//!                  stops reading when                                fails: tells, and a new file is begun
//!                  there is no room: the log skips, and a gap is written
//! ```
//!
//! What the process hands to the operating system at least each quarter of a second survives its end; what is made lasting every
//! 5 s survives the loss of power. Nobody waits for the disk but the thread: a disk that is too slow costs frames of the recording
//! and nothing else. A file that exists is never overwritten; a mark beside each unfinished one says what to repair after a crash, and
//! a sidecar beside each finished one what is known of it. A stream whose codec or time changes goes on in a new file.

mod aside;
mod check;
mod config;
mod counters;
mod disk;
mod failure;
mod journal;
mod lines;
mod output;
mod progress;
mod queue;
mod repair;
mod run;
mod sidecar;
mod writer;

use std::future::poll_fn;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use adit_broker::{Broker, StreamKey, SubscribeOptions, Subscription};
use adit_net::Verdict;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub use self::check::{RecordedGap, SidecarCheck, SidecarProblem, check_sidecar};
pub use self::config::{Flush, RecordedStreams, RecordingConfig, Reserve, SyncInterval};
pub(crate) use self::counters::Counters;
pub use self::counters::RecordingSnapshot;
use self::disk::Disk;
pub(crate) use self::failure::RecordError;
pub(crate) use self::journal::is_marked;
use self::lines::Lines;
pub(crate) use self::output::Finished;
use self::progress::Running;
pub use self::progress::RunningRecording;
use self::queue::Together;
use self::run::Run;
use self::sidecar::Begun;
use crate::control::{Events, Happened};
use crate::limits::RECORD_WRITE_BYTES;
use crate::media_root::MediaRoot;
use crate::spans::Scope;

/// What has to be free besides the reserve for a recording to begin: one that stops before the reserve leaves less as a rule, because
/// it may want about half of this at once.
const BEGIN_BYTES: u64 = 2 * RECORD_WRITE_BYTES;

/// Events of one recording that wait to be heard.
const EVENTS: usize = 8;

/// The recordings of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Recordings(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    disk: Disk,
    root: MediaRoot,
    config: Mutex<RecordingConfig>,
    broker: Broker,
    counters: Counters,
    running: Running,
    waiting: Together,
    events: Events,
    places: Arc<Semaphore>,
    tasks: TaskTracker,
}

/// What becomes of an earlier recording of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RecordMode {
    /// It is kept under another name.
    Record,
    /// It is gone on with.
    Append,
    /// It is gone on with as much later as time has passed, and a cue point says so.
    AppendWithGap,
}

/// Where to write.
#[derive(Clone, Debug)]
struct Target {
    root: MediaRoot,
    path: PathBuf,
    /// Why a file of its own is begun there.
    begun: Begun,
    /// What is said about it in the log.
    lines: Lines,
}

/// Why a stream is not recorded that somebody wants to be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum Unstarted {
    /// Nobody publishes it.
    #[error("nobody publishes this stream now")]
    NotPublished,
    /// It is recorded already.
    #[error("this stream is being recorded already")]
    Recorded,
    /// It cannot be.
    #[error(transparent)]
    Refused(#[from] RecordError),
}

/// Something that happened to a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RecordEvent {
    /// It is being written, for the first time or again.
    Started,
    /// It is not, for now; it is tried again as long as the stream goes on.
    Failed(RecordError),
    /// It is whole and on the disk. Nothing more comes.
    Finished(Finished),
}

/// One stream being recorded. Dropping it finishes the file.
#[derive(Debug)]
pub(crate) struct Recording {
    events: mpsc::Receiver<RecordEvent>,
    _stop: DropGuard,
}

impl Recordings {
    /// Recordings under `root`; repairs in the background what a crash left there.
    pub(crate) fn new(
        root: MediaRoot,
        config: RecordingConfig,
        (broker, events): (Broker, Events),
    ) -> Self {
        Self::on(Disk::default(), root, config, (broker, events))
    }

    fn on(
        disk: Disk,
        root: MediaRoot,
        config: RecordingConfig,
        (broker, events): (Broker, Events),
    ) -> Self {
        let recordings = Self(Arc::new(Inner {
            disk,
            root,
            config: Mutex::new(config),
            broker,
            counters: Counters::default(),
            running: Running::default(),
            waiting: Together::default(),
            events,
            places: Arc::new(Semaphore::new(config.recordings)),
            tasks: TaskTracker::new(),
        }));
        let inner = Arc::clone(&recordings.0);
        let repair = move || repair::repair_all(&inner.disk, &inner.root, &inner.counters);
        let spawned = thread::Builder::new()
            .name("repair".to_owned())
            .spawn(repair);
        if let Err(error) = spawned {
            tracing::warn!(%error, "unfinished recordings are not repaired");
        }
        recordings
    }

    /// Whether a stream can be recorded under its name.
    ///
    /// # Errors
    /// When it is none of a file.
    pub(crate) fn check(&self, key: &StreamKey) -> Result<(), RecordError> {
        self.path(key).map(drop)
    }

    /// Records what `subscription` reads of this publication, from its first frame on, until that ends or the guard is dropped. Call it
    /// inside a tokio runtime. `lines` says whether the log has lines about the stream, and so about its recording,
    /// and `spans` what its span is inside of.
    ///
    /// # Errors
    /// When the name is none of a file, or as many streams are recorded as may be. Whatever the disk says comes as an event.
    pub(crate) fn start(
        &self,
        mode: RecordMode,
        publication: u64,
        subscription: Subscription,
        (lines, spans): (Verdict, &Scope),
    ) -> Result<Recording, RecordError> {
        let inner = &self.0;
        let path = self.path(subscription.key())?;
        let place = self.place()?;
        let (tell, events) = mpsc::channel(EVENTS);
        let stop = CancellationToken::new();
        let stream = subscription.key().clone();
        let paths = (inner.root.directory(), &*path);
        let listing = inner.running.add(stream.clone(), paths, stop.clone());
        let file = Arc::clone(&listing.progress().file);
        let total = Arc::default();
        let trace = spans.recording(&stream, &file);
        let (told, begun) = ((stream.clone(), Arc::clone(&file)), inner.events.clone());
        begun.tell(|| Happened::Recording {
            stream: told.0,
            file: told.1,
        });
        let run = Run {
            disk: inner.disk.clone(),
            target: Target {
                root: inner.root.clone(),
                path,
                begun: Begun::Published,
                lines: Lines::of(lines),
            },
            mode,
            publication,
            config: self.config(),
            broker: inner.broker.clone(),
            counters: inner.counters.clone(),
            waiting: inner.waiting.clone(),
            events: tell,
            total: Arc::clone(&total),
            stop: stop.clone(),
            progress: Arc::clone(listing.progress()),
        };
        inner.tasks.spawn(async move {
            run.run(subscription).await;
            listing.progress().tell(&trace, &total);
            drop((place, listing, trace));
            begun.tell(|| Happened::Recorded { stream, file });
        });
        Ok(Recording {
            events,
            _stop: stop.drop_guard(),
        })
    }

    /// Records a stream that is published now until it ends or [`stop`](Self::stop) is called, whoever publishes it. Call it inside a tokio
    /// runtime.
    ///
    /// # Errors
    /// As [`start`](Self::start), and when it is being recorded or not published.
    pub(crate) fn start_alone(
        &self,
        mode: RecordMode,
        key: &StreamKey,
        spans: &Scope,
    ) -> Result<(), Unstarted> {
        let inner = &self.0;
        if inner.running.find(key).is_some() {
            return Err(Unstarted::Recorded);
        }
        let stream = inner.broker.stream(key);
        let publication = stream.and_then(|stream| stream.publication);
        let Some(publication) = publication else {
            return Err(Unstarted::NotPublished);
        };
        let options = SubscribeOptions::default();
        let subscription = inner.broker.subscribe(key.clone(), options);
        let about = (Verdict::Write, spans);
        let mut recording = self.start(mode, publication.id, subscription, about)?;
        inner.tasks.spawn(async move {
            // Dropping it would end it. What happens to it is in the log and in the list.
            while poll_fn(|cx| recording.poll_event(cx)).await.is_some() {}
        });
        Ok(())
    }

    /// Whether a stream is being recorded.
    pub(crate) fn records(&self, key: &StreamKey) -> bool {
        self.0.running.find(key).is_some()
    }

    /// Ends the recording of a stream; `false` if there is none.
    pub(crate) fn stop(&self, key: &StreamKey) -> bool {
        let found = self.0.running.find(key);
        found.is_some_and(|progress| {
            progress.stop.cancel();
            true
        })
    }

    /// Those under way.
    pub(crate) fn running(&self) -> Vec<RunningRecording> {
        self.0.running.snapshots()
    }

    /// Where files are.
    pub(crate) fn root(&self) -> &MediaRoot {
        &self.0.root
    }

    /// Whether so much of the disk is free that a recording may begin. Blocks.
    pub(crate) fn has_room(&self) -> bool {
        let (disk, reserve) = (&self.0.disk, self.config().reserve);
        let any = self.0.root.directory().join("any");
        matches!(disk.lacks(&any, reserve, 1, BEGIN_BYTES), Ok(None))
    }

    /// From the next recording on.
    pub(crate) fn reconfigure(&self, config: RecordingConfig) {
        *self.config_lock() = config;
    }

    fn config(&self) -> RecordingConfig {
        *self.config_lock()
    }

    fn config_lock(&self) -> MutexGuard<'_, RecordingConfig> {
        let locked = self.0.config.lock();
        locked.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// Ready when all recordings are finished. None may be started any more.
    pub(crate) async fn drained(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    fn path(&self, key: &StreamKey) -> Result<PathBuf, RecordError> {
        let path =
            self.0
                .root
                .recording(key.vhost(), key.application(), key.instance(), key.name())?;
        Ok(path)
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, RecordError> {
        let places = Arc::clone(&self.0.places);
        places.try_acquire_owned().map_err(|_| {
            self.0.counters.too_many();
            RecordError::TooMany(self.config().recordings)
        })
    }
}

impl Recording {
    /// What happened next; `None` when nothing more comes.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<RecordEvent>> {
        self.events.poll_recv(cx)
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
