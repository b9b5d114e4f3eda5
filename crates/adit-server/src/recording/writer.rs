//! The thread of one recording: the only place that waits for the disk.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use adit_broker::SharedFrame;
use adit_media::{Frame, FrameKind};
use tokio::sync::{mpsc, oneshot};

use super::config::RecordingConfig;
use super::counters::Counters;
use super::disk::Disk;
use super::failure::RecordError;
use super::output::{Finished, Output};
use super::progress::Progress;
use super::queue::{Item, Queue};
use super::sidecar::Begun;
use super::{RecordEvent, RecordMode, Target};
use crate::limits::{RECORD_HELD_BYTES, RECORD_HELD_FRAMES, RECORD_TURNS, RECORD_TURNS_SPAN};

/// What a thread needs.
#[derive(Debug)]
pub(super) struct Writer {
    pub(super) disk: Disk,
    pub(super) target: Target,
    pub(super) mode: RecordMode,
    pub(super) config: RecordingConfig,
    pub(super) counters: Counters,
    pub(super) queue: Arc<Queue>,
    /// Bytes of the files of this recording that are finished, or given up.
    pub(super) total: Arc<AtomicU64>,
    /// Is told when the file is there.
    pub(super) events: mpsc::Sender<RecordEvent>,
    pub(super) progress: Arc<Progress>,
}

/// How a thread ended.
#[derive(Debug)]
pub(super) enum Written {
    /// Everything is on the disk.
    All(Finished),
    Failed(RecordError, Progressed),
}

/// Whether a recording that failed had been told to be under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progressed {
    Yes,
    No,
}

impl Writer {
    /// Begins; the end is told to whoever waits for it.
    pub(super) fn start(mut self) -> oneshot::Receiver<Written> {
        let (tell, told) = oneshot::channel();
        let run = move || {
            let written = catch_unwind(AssertUnwindSafe(|| self.run()));
            let defect = RecordError::Server("a defect of it".to_owned());
            let defect = |_| Written::Failed(defect, Progressed::No);
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

    fn run(&mut self) -> Written {
        let mut progressed = Progressed::No;
        let written = self.write(&mut progressed);
        // Whoever sends nothing leaves nothing.
        let Target { path, root, .. } = &self.target;
        self.disk.prune(path, root.directory());
        match written {
            Ok(finished) => {
                self.add(finished.bytes);
                Written::All(finished)
            }
            Err(error) => Written::Failed(error, progressed),
        }
    }

    fn write(&mut self, progressed: &mut Progressed) -> Result<Finished, RecordError> {
        let mut output = self.open(self.mode)?;
        if self.target.begun != Begun::Failure {
            self.started(progressed);
        }
        let mut turn = Turn::default();
        loop {
            let batch = self.queue.take();
            for item in &batch.items {
                match item {
                    Item::Frame(frame) => output = self.place(output, &mut turn, frame)?,
                    Item::Skipped(frames) => {
                        self.progress.skipped(*frames);
                        output.skip(*frames);
                    }
                }
            }
            if let Err(error) = output.write().and_then(|()| self.check_total(&output)) {
                self.add(output.written());
                return Err(output.give_up(error));
            }
            self.progress.written(output.written());
            // After a failure nothing but success shows that it is over.
            if *progressed == Progressed::No && output.written() > 0 {
                self.started(progressed);
            }
            if batch.is_last {
                if let Some(cause) = turn.begun.filter(|_| !turn.held.is_empty()) {
                    output = self.turn(output, &mut turn, cause, None)?;
                }
                return output.finish();
            }
        }
    }

    fn open(&self, mode: RecordMode) -> Result<Output, RecordError> {
        let output = Output::open(&self.disk, &self.target, mode, self.config, &self.counters);
        let output = output.inspect_err(|error| {
            if *error == RecordError::Busy {
                self.counters.busy();
            }
        })?;
        self.counters.started();
        Ok(output)
    }

    fn started(&self, progressed: &mut Progressed) {
        *progressed = Progressed::Yes;
        self.progress.is_well(None);
        // Whoever does not listen is not interested.
        drop(self.events.try_send(RecordEvent::Started));
    }

    /// Puts a frame where it belongs: into this file, or into another one that begins with it.
    fn place(
        &mut self,
        mut output: Output,
        turn: &mut Turn,
        frame: &Arc<SharedFrame>,
    ) -> Result<Output, RecordError> {
        turn.look(
            &output,
            frame.frame(),
            self.config.file_bytes,
            &self.counters,
        );
        if let Some(cause) = turn.is_due(&output, frame.frame(), self.config.file_bytes) {
            output = self.turn(output, turn, cause, Some(frame.frame()))?;
        }
        if turn.holds(frame.frame()) {
            turn.hold(frame);
        } else {
            output.push(frame.frame());
        }
        Ok(output)
    }

    /// Finishes one file and begins the next, with all that a decoder has to know for `first`, which is then put there, and what
    /// comes behind it.
    fn turn(
        &mut self,
        output: Output,
        turn: &mut Turn,
        cause: Begun,
        first: Option<&Frame>,
    ) -> Result<Output, RecordError> {
        let opening = output.recorder.opening();
        self.add(output.finish()?.bytes);
        self.target.begun = cause;
        let mut next = self.open(RecordMode::Record)?;
        for frame in &opening {
            let held = turn.held.iter().map(|held| held.frame());
            if !held.chain(first).any(|next| replaces(next, frame)) {
                next.push(frame);
            }
        }
        for frame in &turn.held {
            next.push(frame.frame());
        }
        turn.done();
        Ok(next)
    }

    fn check_total(&self, output: &Output) -> Result<(), RecordError> {
        let before = self.total.load(Ordering::Relaxed);
        if before.saturating_add(output.written()) <= self.config.stream_bytes {
            return Ok(());
        }
        self.counters.too_long();
        Err(RecordError::TooLong(self.config.stream_bytes))
    }

    fn add(&self, bytes: u64) {
        self.total.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// Whether `old` need not stand in a file that has `new`.
fn replaces(new: &Frame, old: &Frame) -> bool {
    let slots = new.header_slots();
    let is_replaced = !slots.is_empty() && old.header_slots().iter().all(|it| slots.contains(it));
    is_replaced && !old.flags().is_metadata() || new.is_coded_unlike(old)
}

/// A change to another file that is due as soon as that can begin with a key frame.
#[derive(Debug, Default)]
struct Turn {
    begun: Option<Begun>,
    /// What is coded in another way, and belongs into the other file.
    kinds: Vec<FrameKind>,
    held: Vec<Arc<SharedFrame>>,
    held_bytes: usize,
    /// Since when there were so many.
    window: Option<(Instant, u32)>,
}

impl Turn {
    /// Looks whether `frame` is the first that belongs into another file.
    fn look(&mut self, output: &Output, frame: &Frame, file_bytes: u64, counters: &Counters) {
        let cause = output.break_at(frame).map(Begun::from);
        if let Some(cause) = cause
            && (self.begun.is_some() || self.may_be(counters))
        {
            self.begun.get_or_insert(cause);
            if cause == Begun::Codec && !self.kinds.contains(&frame.kind()) {
                self.kinds.push(frame.kind());
            }
        } else if output.recorder.bytes() >= file_bytes && self.begun.is_none() {
            counters.file_full();
            self.begun = Some(Begun::Length);
        }
    }

    /// Why `frame` begins another file.
    fn is_due(&self, output: &Output, frame: &Frame, file_bytes: u64) -> Option<Begun> {
        let begun = self.begun?;
        let recorder = &output.recorder;
        let far = file_bytes.saturating_mul(2);
        let is_due = frame.flags().is_key_frame()
            || !recorder.has_video() && frame.flags().is_coded()
            || recorder.bytes() >= far
            || self.held_bytes >= RECORD_HELD_BYTES
            || self.held.len() >= RECORD_HELD_FRAMES;
        is_due.then_some(begun)
    }

    fn holds(&self, frame: &Frame) -> bool {
        self.begun.is_some() && self.kinds.contains(&frame.kind())
    }

    fn hold(&mut self, frame: &Arc<SharedFrame>) {
        self.held_bytes = self
            .held_bytes
            .saturating_add(frame.frame().payload().len());
        self.held.push(Arc::clone(frame));
    }

    fn done(&mut self) {
        self.begun = None;
        self.kinds.clear();
        self.held.clear();
        self.held_bytes = 0;
    }

    /// Whether there may be another file already; who changes everything all the time gets one file with all of it.
    fn may_be(&mut self, counters: &Counters) -> bool {
        let now = Instant::now();
        let (since, count) = match self.window {
            Some((since, count)) if now.duration_since(since) < RECORD_TURNS_SPAN => (since, count),
            _ => (now, 0),
        };
        let may_be = count < RECORD_TURNS;
        if may_be {
            self.window = Some((since, count.saturating_add(1)));
        } else {
            counters.too_many_turns();
        }
        may_be
    }
}
