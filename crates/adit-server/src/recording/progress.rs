//! How each recording under way gets on.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use adit_broker::StreamKey;
use tokio_util::sync::CancellationToken;

use super::failure::RecordError;
use super::queue::Queue;
use crate::spans::Trace;

/// The recordings under way. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Running(Arc<Mutex<Vec<Arc<Progress>>>>);

/// One of them.
#[derive(Debug)]
pub(crate) struct Progress {
    pub(super) stream: StreamKey,
    pub(super) file: Arc<str>,
    pub(super) since: SystemTime,
    pub(super) stop: CancellationToken,
    written: AtomicU64,
    queue: Mutex<Option<Arc<Queue>>>,
    error: Mutex<Option<Arc<str>>>,
    lacks: Lacks,
}

/// What is missing in a recording.
#[derive(Debug, Default)]
struct Lacks {
    gaps: AtomicU64,
    frames: AtomicU64,
    failures: AtomicU64,
}

/// A recording under way, at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RunningRecording {
    /// The stream.
    pub stream: StreamKey,
    /// The file, below the directory of media.
    pub file: Arc<str>,
    /// Since when.
    pub since: SystemTime,
    /// Bytes of the file so far.
    pub bytes: u64,
    /// How long the oldest frame waits for the disk.
    pub lag: Duration,
    /// Why it is not written at the moment; it is tried again.
    pub error: Option<Arc<str>>,
}

/// Keeps a recording in the list.
#[derive(Debug)]
pub(super) struct Listing {
    running: Running,
    progress: Arc<Progress>,
}

impl Running {
    pub(super) fn add(
        &self,
        stream: StreamKey,
        (root, path): (&Path, &Path),
        stop: CancellationToken,
    ) -> Listing {
        let file = path.strip_prefix(root).unwrap_or(path);
        let progress = Arc::new(Progress {
            stream,
            file: file.to_string_lossy().into(),
            since: SystemTime::now(),
            stop,
            written: AtomicU64::new(0),
            queue: Mutex::default(),
            error: Mutex::default(),
            lacks: Lacks::default(),
        });
        lock(&self.0).push(Arc::clone(&progress));
        let running = self.clone();
        Listing { running, progress }
    }

    pub(super) fn snapshots(&self) -> Vec<RunningRecording> {
        let now = Instant::now();
        let all = lock(&self.0).clone();
        all.iter().map(|progress| progress.snapshot(now)).collect()
    }

    pub(super) fn find(&self, stream: &StreamKey) -> Option<Arc<Progress>> {
        let all = lock(&self.0);
        all.iter().find(|it| it.stream == *stream).cloned()
    }
}

impl Listing {
    pub(super) const fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        lock(&self.running.0).retain(|other| !Arc::ptr_eq(other, &self.progress));
    }
}

impl Progress {
    /// So many bytes of the file are written.
    pub(super) fn written(&self, bytes: u64) {
        self.written.store(bytes, Ordering::Relaxed);
    }

    /// Frames wait there for the file that is begun.
    pub(super) fn begins(&self, queue: &Arc<Queue>) {
        *lock(&self.queue) = Some(Arc::clone(queue));
    }

    /// It is being written, or why it is not.
    pub(super) fn is_well(&self, error: Option<String>) {
        *lock(&self.error) = error.map(Into::into);
    }

    /// So many frames did not get to the disk.
    pub(super) fn skipped(&self, frames: u64) {
        self.lacks.gaps.fetch_add(1, Ordering::Relaxed);
        self.lacks.frames.fetch_add(frames, Ordering::Relaxed);
    }

    /// It cannot be written, for now.
    pub(super) fn failed(&self, error: &RecordError) {
        self.lacks.failures.fetch_add(1, Ordering::Relaxed);
        self.is_well(Some(error.to_string()));
    }

    /// Notes in its span how it went.
    pub(super) fn tell(&self, trace: &Trace, bytes: &AtomicU64) {
        let counts = [
            ("adit.bytes", bytes),
            ("adit.gaps", &self.lacks.gaps),
            ("adit.lost_frames", &self.lacks.frames),
            ("adit.failures", &self.lacks.failures),
        ];
        for (field, count) in counts {
            trace.note_count(field, count.load(Ordering::Relaxed));
        }
        if let Some(error) = &*lock(&self.error) {
            trace.failed(error);
        }
    }

    fn snapshot(&self, now: Instant) -> RunningRecording {
        let queue = lock(&self.queue).clone();
        RunningRecording {
            stream: self.stream.clone(),
            file: Arc::clone(&self.file),
            since: self.since,
            bytes: self.written.load(Ordering::Relaxed),
            lag: queue.map_or(Duration::ZERO, |queue| queue.lag(now)),
            error: lock(&self.error).clone(),
        }
    }
}

/// What is behind the locks here is whole after each statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
