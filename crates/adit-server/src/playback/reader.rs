//! Frames of one file, read ahead of what is sent.

use std::collections::VecDeque;
use std::task::{Context, Poll};

use adit_media::vod::VodError;
use adit_media::{Frame, Timestamp};

use super::files::{Files, Job, Opened};
use crate::limits::playback::{READ_AHEAD_BYTES, READ_AHEAD_FRAMES};

/// Reads one file a batch at a time; at most two batches wait for the viewer.
pub(super) struct Reader {
    files: Files,
    work: Work,
    frames: VecDeque<Frame>,
    bytes: usize,
    end: Option<End>,
    /// Where to go once the file is here.
    aim: Option<Aim>,
    landed: Option<Timestamp>,
}

/// Where reading begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Aim {
    /// At the first byte of a file that was just opened.
    Beginning,
    /// At the last key frame at or before this time.
    KeyFrameBefore(Timestamp),
}

enum Work {
    /// The file is here.
    Idle(Box<Opened>),
    /// It is being read.
    Busy(Job<(Box<Opened>, Batch)>),
    /// It was lost in a defect.
    Lost,
}

/// Why no more frames come.
#[derive(Debug)]
enum End {
    Over,
    Broken(String),
}

/// What one turn of reading gave.
struct Batch {
    landed: Option<Timestamp>,
    frames: Vec<Frame>,
    end: Option<End>,
}

impl Reader {
    /// Reads a file from `aim` on.
    pub(super) fn new(files: Files, opened: Box<Opened>, aim: Aim) -> Self {
        Self {
            files,
            work: Work::Idle(opened),
            frames: VecDeque::new(),
            bytes: 0,
            end: None,
            aim: Some(aim),
            landed: None,
        }
    }

    /// Goes to the last key frame at or before `aim`; what was read ahead is forgotten.
    pub(super) fn seek(&mut self, aim: Timestamp) {
        self.aim = Some(Aim::KeyFrameBefore(aim));
        self.landed = None;
        self.frames.clear();
        self.bytes = 0;
        if !matches!(self.work, Work::Lost) {
            self.end = None;
        }
    }

    /// Where the last seek led to.
    pub(super) fn poll_landed(&mut self, cx: &mut Context<'_>) -> Poll<Result<Timestamp, String>> {
        self.read_ahead(cx);
        match (self.landed, &self.end) {
            (Some(at), _) => Poll::Ready(Ok(at)),
            (None, Some(End::Broken(why))) => Poll::Ready(Err(why.clone())),
            (None, _) => Poll::Pending,
        }
    }

    /// The next frame; `None` at the end, an error where the file cannot be read on.
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Frame>, String>> {
        self.read_ahead(cx);
        if let Some(frame) = self.frames.pop_front() {
            self.bytes = self.bytes.saturating_sub(frame.payload().len());
            return Poll::Ready(Ok(Some(frame)));
        }
        match &self.end {
            Some(End::Over) => Poll::Ready(Ok(None)),
            Some(End::Broken(why)) => Poll::Ready(Err(why.clone())),
            None => Poll::Pending,
        }
    }

    /// Whether everything was read, though perhaps not yet sent.
    pub(super) fn is_done(&self) -> bool {
        self.end.is_some()
    }

    fn read_ahead(&mut self, cx: &mut Context<'_>) {
        loop {
            match std::mem::replace(&mut self.work, Work::Lost) {
                Work::Idle(opened) if self.has_room() => {
                    self.work = Work::Busy(self.start(opened));
                }
                Work::Busy(mut job) => match job.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.work = Work::Busy(job);
                        return;
                    }
                    Poll::Ready(Ok((opened, batch))) => {
                        self.work = Work::Idle(opened);
                        self.take(batch);
                    }
                    Poll::Ready(Err(error)) => {
                        self.end = Some(End::Broken(error.to_string()));
                    }
                },
                work => {
                    self.work = work;
                    return;
                }
            }
        }
    }

    /// Waits for what is being read.
    #[cfg(test)]
    pub(super) async fn settle(&mut self) {
        std::future::poll_fn(|cx| {
            self.read_ahead(cx);
            match self.work {
                Work::Busy(_) => Poll::Pending,
                Work::Idle(_) | Work::Lost => Poll::Ready(()),
            }
        })
        .await;
    }

    /// The next turn of reading meets a defect.
    #[cfg(test)]
    pub(super) fn lose(&mut self) {
        self.work = Work::Busy(Box::pin(async { Err(super::OpenError::Defect) }));
    }

    /// Frames and bytes that were read and not taken.
    #[cfg(test)]
    pub(super) fn held(&self) -> (usize, usize) {
        (self.frames.len(), self.bytes)
    }

    fn has_room(&self) -> bool {
        let half_empty =
            self.bytes < READ_AHEAD_BYTES / 2 && self.frames.len() < READ_AHEAD_FRAMES / 2;
        self.aim.is_some() || (self.end.is_none() && half_empty)
    }

    fn start(&mut self, mut opened: Box<Opened>) -> Job<(Box<Opened>, Batch)> {
        let aim = self.aim.take();
        self.files.run(move || {
            let batch = read(&mut opened, aim);
            (opened, batch)
        })
    }

    fn take(&mut self, batch: Batch) {
        // What was read before the player went elsewhere is of no use.
        if self.aim.is_some() {
            return;
        }
        self.landed = batch.landed.or(self.landed);
        for frame in batch.frames {
            self.bytes = self.bytes.saturating_add(frame.payload().len());
            self.frames.push_back(frame);
        }
        self.end = batch.end;
    }
}

/// Reads half of what may be read ahead. Blocks.
fn read(opened: &mut Opened, aim: Option<Aim>) -> Batch {
    let mut batch = Batch {
        landed: None,
        frames: Vec::new(),
        end: None,
    };
    match aim {
        None => {}
        Some(Aim::Beginning) => batch.landed = Some(opened.recording.begins_at()),
        Some(Aim::KeyFrameBefore(at)) => match opened.recording.seek(at) {
            Ok(at) => batch.landed = Some(at),
            Err(error) => {
                opened.broke(&error);
                batch.end = Some(End::Broken(error.to_string()));
                return batch;
            }
        },
    }
    let mut bytes = 0_usize;
    while bytes < READ_AHEAD_BYTES / 2 && batch.frames.len() < READ_AHEAD_FRAMES / 2 {
        match opened.recording.next_frame() {
            Ok(Some(frame)) => {
                bytes = bytes.saturating_add(frame.payload().len());
                batch.frames.push(frame);
            }
            Ok(None) => {
                opened.ended();
                batch.end = Some(End::Over);
                break;
            }
            // The one behind it can be read.
            Err(error @ VodError::FrameTooLong { .. }) => {
                tracing::debug!(%error, "left out");
            }
            Err(error) => {
                opened.broke(&error);
                batch.end = Some(End::Broken(error.to_string()));
                break;
            }
        }
    }
    batch
}
