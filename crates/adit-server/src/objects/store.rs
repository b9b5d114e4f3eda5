//! Persistent shared objects on disk: one file, one thread.
//!
//! Objects that change are written together, half a second after the first of them changed, in one transaction that is on the disk
//! when it is over. Objects that nobody has in memory are loaded by the same thread, so that none is loaded while it is written.
//! An object leaves memory only after it was written; what cannot be written is tried again until it can.

mod file;
mod inbox;
mod task;
mod usage;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use adit_broker::shared_object::{Client, ObjectKey, SharedObjects};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use self::file::{Disk, File};
use self::inbox::{Inbox, Request};
use self::task::Task;
pub(super) use self::usage::Full;
use super::counters::Counters;
use super::value::Stored;
use super::{ObjectError, Opened};
use crate::limits::StoreLimits;

/// A file of persistent shared objects, open and found sound. A clone is the same file; the first server that is given it uses it.
#[derive(Clone, Debug)]
pub struct ObjectStore(Arc<Mutex<Option<File>>>);

impl ObjectStore {
    /// Opens the file, or makes it and its folder. All of it is read and checked; after a crash it is repaired, which loses nothing
    /// that was written. A file that is damaged is left as it is.
    ///
    /// This takes as long as reading the file does; it is done before a server starts.
    ///
    /// # Errors
    /// It cannot be made, is not such a file, is damaged, was written by a newer version, or another process has it open.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        Self::on(Box::new(path.to_owned())).map_err(|what| StoreError::new(path, what))
    }

    fn on(disk: Box<dyn Disk>) -> Result<Self, What> {
        let file = File::open(disk)?;
        Ok(Self(Arc::new(Mutex::new(Some(file)))))
    }
}

/// Why a file of shared objects cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {what}")]
pub struct StoreError {
    path: PathBufShown,
    what: What,
}

impl StoreError {
    /// The file.
    pub fn path(&self) -> &Path {
        &self.path.0
    }

    /// Whether what is in the file is the reason: moving it away helps, and loses what is in it.
    pub const fn is_about_content(&self) -> bool {
        matches!(
            self.what,
            What::Damaged(_) | What::Foreign | What::Newer { .. }
        )
    }

    fn new(path: &Path, what: What) -> Self {
        Self {
            path: PathBufShown(path.to_owned()),
            what,
        }
    }
}

#[derive(Debug)]
struct PathBufShown(PathBuf);

impl std::fmt::Display for PathBufShown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.display().fmt(f)
    }
}

#[derive(Debug, thiserror::Error)]
enum What {
    #[error("another process has this file of shared objects open")]
    InUse,
    #[error("the file of shared objects is damaged ({0})")]
    Damaged(String),
    #[error("this is not a file of shared objects")]
    Foreign,
    #[error("the file of shared objects was written by a newer version (format {found})")]
    Newer { found: u64 },
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// The running store of a server. Dropping it makes the thread write what there is and end.
#[derive(Debug)]
pub(super) struct StoreTask {
    inbox: Arc<Inbox>,
    ended: CancellationToken,
    counters: Arc<Counters>,
}

impl StoreTask {
    /// Starts the thread.
    pub(super) fn start(
        store: &ObjectStore,
        limits: StoreLimits,
        objects: SharedObjects<Stored>,
        counters: Arc<Counters>,
    ) -> std::io::Result<Self> {
        let file = store
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let mut file = file.ok_or_else(|| {
            std::io::Error::other("the file of shared objects is used by another server")
        })?;
        file.set_limits(limits);
        let inbox = Arc::new(Inbox::default());
        let ended = CancellationToken::new();
        let end = ended.clone().drop_guard();
        let task = Task::new(file, objects, Arc::clone(&inbox), Arc::clone(&counters));
        std::thread::Builder::new()
            .name("adit-objects".to_owned())
            .spawn(move || {
                task.run();
                // A panic drops it too.
                drop(end);
            })?;
        Ok(Self {
            inbox,
            ended,
            counters,
        })
    }

    /// Looks for an object and opens it.
    pub(super) fn load(
        &self,
        client: Client,
        key: ObjectKey,
    ) -> Result<oneshot::Receiver<Opened>, ObjectError> {
        let (reply, answer) = oneshot::channel();
        if self.inbox.post(Request::Load { client, key, reply }) {
            Ok(answer)
        } else {
            self.counters.too_many_loads();
            Err(ObjectError::Busy)
        }
    }

    /// Writes what has changed by now.
    pub(super) async fn flush(&self) -> Result<(), ObjectError> {
        let (reply, answer) = oneshot::channel();
        if !self.inbox.post(Request::Flush { reply }) {
            return Err(ObjectError::Busy);
        }
        answer.await.unwrap_or(Err(ObjectError::Stopping))
    }

    /// Writes what has changed and closes the file, so that another process may open it, until [`take_back`](Self::take_back).
    pub(super) async fn lend(&self) {
        let (borrower, lent) = oneshot::channel();
        self.inbox.lend(borrower);
        // It is closed too when the thread has ended.
        tokio::select! {
            _ = lent => {}
            () = self.ended.cancelled() => {}
        }
    }

    /// Opens the file again, as soon as that is possible.
    pub(super) fn take_back(&self) {
        self.inbox.take_back();
    }

    /// Writes what has changed and ends.
    pub(super) async fn close(&self) {
        self.inbox.stop();
        self.ended.cancelled().await;
    }
}

impl Drop for StoreTask {
    fn drop(&mut self) {
        self.inbox.stop();
    }
}

#[cfg(test)]
mod tests;
