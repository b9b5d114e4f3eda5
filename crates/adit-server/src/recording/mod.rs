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
//! and nothing else. A file that exists is never overwritten; a mark beside each unfinished one says what to repair after a crash.

mod aside;
mod config;
mod counters;
mod disk;
mod failure;
mod journal;
mod output;
mod queue;
mod repair;
mod run;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use adit_broker::{Broker, StreamKey, Subscription};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub use self::config::{RecordedStreams, RecordingConfig, Reserve, SyncInterval};
pub(crate) use self::counters::Counters;
pub use self::counters::RecordingSnapshot;
use self::disk::Disk;
pub(crate) use self::failure::RecordError;
pub(crate) use self::output::Finished;
use self::run::Run;
use crate::media_root::{MediaFormat, MediaRoot};

/// Events of one recording that wait to be heard.
const EVENTS: usize = 8;

/// The recordings of a server. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Recordings(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    disk: Disk,
    root: MediaRoot,
    config: RecordingConfig,
    broker: Broker,
    counters: Counters,
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
}

/// Where to write.
#[derive(Clone, Debug)]
struct Target {
    root: MediaRoot,
    path: PathBuf,
    /// It did not work before.
    is_again: bool,
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
    pub(crate) fn new(root: MediaRoot, config: RecordingConfig, broker: Broker) -> Self {
        Self::on(Disk::default(), root, config, broker)
    }

    fn on(disk: Disk, root: MediaRoot, config: RecordingConfig, broker: Broker) -> Self {
        let recordings = Self(Arc::new(Inner {
            disk,
            root,
            config,
            broker,
            counters: Counters::default(),
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
    /// inside a tokio runtime.
    ///
    /// # Errors
    /// When the name is none of a file, or as many streams are recorded as may be. Whatever the disk says comes as an event.
    pub(crate) fn start(
        &self,
        mode: RecordMode,
        publication: u64,
        subscription: Subscription,
    ) -> Result<Recording, RecordError> {
        let inner = &self.0;
        let path = self.path(subscription.key())?;
        let place = self.place()?;
        let (tell, events) = mpsc::channel(EVENTS);
        let stop = CancellationToken::new();
        let run = Run {
            disk: inner.disk.clone(),
            target: Target {
                root: inner.root.clone(),
                path,
                is_again: false,
            },
            mode,
            publication,
            config: inner.config,
            broker: inner.broker.clone(),
            counters: inner.counters.clone(),
            events: tell,
            stop: stop.clone(),
        };
        inner.tasks.spawn(async move {
            run.run(subscription).await;
            drop(place);
        });
        Ok(Recording {
            events,
            _stop: stop.drop_guard(),
        })
    }

    /// Whether a stream is recorded that nobody asks to record.
    pub(crate) fn are_for_all(&self) -> bool {
        self.0.config.streams == RecordedStreams::All
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
        let path = self.0.root.file(
            key.application(),
            key.instance(),
            key.name(),
            MediaFormat::Flv,
        )?;
        Ok(path)
    }

    fn place(&self) -> Result<OwnedSemaphorePermit, RecordError> {
        let places = Arc::clone(&self.0.places);
        places.try_acquire_owned().map_err(|_| {
            self.0.counters.too_many();
            RecordError::TooMany(self.0.config.recordings)
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
