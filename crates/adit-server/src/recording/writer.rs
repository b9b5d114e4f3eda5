//! The thread of one recording: the only place that waits for the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::config::RecordingConfig;
use super::counters::Counters;
use super::disk::Disk;
use super::failure::RecordError;
use super::output::{Finished, Output, Room};
use super::progress::Progress;
use super::queue::{Item, Queue};
use super::{RecordEvent, RecordMode, Target};

/// What a thread needs.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) disk: Disk,
    pub(super) target: Target,
    pub(super) mode: RecordMode,
    pub(super) config: RecordingConfig,
    pub(super) counters: Counters,
    pub(super) queue: Arc<Queue>,
    /// Is set when the file is as long as it may be; what is still in the queue is written.
    pub(super) full: CancellationToken,
    /// Is told when the file is there.
    pub(super) events: mpsc::Sender<RecordEvent>,
    pub(super) progress: Arc<Progress>,
}

/// How a thread ended.
#[derive(Debug)]
pub(super) enum Written {
    /// Everything is on the disk.
    All(Finished),
    Failed(RecordError),
}

impl Writer {
    /// Begins; the end is told to whoever waits for it.
    pub(super) fn start(self) -> oneshot::Receiver<Written> {
        let (tell, told) = oneshot::channel();
        let run = move || {
            let written = catch_unwind(AssertUnwindSafe(|| self.run()));
            let defect = |_| Written::Failed(RecordError::Server("a defect of it".to_owned()));
            drop(tell.send(written.unwrap_or_else(defect)));
        };
        // If there is no thread the sender is dropped, and that is told.
        drop(
            thread::Builder::new()
                .name("recording".to_owned())
                .spawn(run),
        );
        told
    }

    fn run(&self) -> Written {
        self.write().unwrap_or_else(Written::Failed)
    }

    fn write(&self) -> Result<Written, RecordError> {
        let mut output = Output::open(
            &self.disk,
            &self.target,
            self.mode,
            self.config,
            &self.counters,
        )
        .inspect_err(|error| {
            if *error == RecordError::Busy {
                self.counters.busy();
            }
        })?;
        self.counters.started();
        self.progress.is_well(None);
        // Whoever does not listen is not interested.
        drop(self.events.try_send(RecordEvent::Started));
        loop {
            let batch = self.queue.take();
            for item in &batch.items {
                match item {
                    Item::Frame(frame) => output.push(frame.frame()),
                    Item::Skipped(frames) => output.skip(*frames),
                }
            }
            let room = match output.write() {
                Ok(room) => room,
                Err(error) => return Err(output.give_up(error)),
            };
            self.progress.written(output.bytes());
            if batch.is_last {
                return Ok(Written::All(output.finish()?));
            }
            if room == Room::None && !self.full.is_cancelled() {
                self.counters.file_full();
                self.full.cancel();
            }
        }
    }
}
