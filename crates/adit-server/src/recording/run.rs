//! The task of one recording: reads the stream, and begins a new file when one cannot be gone on with.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use adit_broker::{Broker, Delivery, StreamKey, SubscribeOptions, Subscription};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::config::RecordingConfig;
use super::counters::Counters;
use super::disk::Disk;
use super::failure::RecordError;
use super::progress::Progress;
use super::queue::{Bounds, Item, Queue, Together};
use super::sidecar::Begun;
use super::writer::{Progressed, Writer, Written};
use super::{RecordEvent, RecordMode, Target};
use crate::limits::RECORD_RETRY;

/// The pause before a failed recording is tried for the second time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// What the task has.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) disk: Disk,
    pub(super) target: Target,
    pub(super) mode: RecordMode,
    pub(super) publication: u64,
    pub(super) config: RecordingConfig,
    pub(super) broker: Broker,
    pub(super) counters: Counters,
    /// What waits for the disk, of all recordings.
    pub(super) waiting: Together,
    pub(super) events: mpsc::Sender<RecordEvent>,
    /// Bytes of its files that are finished, or given up.
    pub(super) total: Arc<AtomicU64>,
    /// The recording is to be finished.
    pub(super) stop: CancellationToken,
    pub(super) progress: Arc<Progress>,
}

impl Run {
    /// Runs until the publication ends or the recording is to be finished.
    pub(super) async fn run(mut self, subscription: Subscription) {
        let key = subscription.key().clone();
        let mut reader = Reader {
            subscription,
            ahead: None,
        };
        let mut outage = Outage::default();
        loop {
            let begun = Instant::now();
            let (error, progressed) = match self.record(&mut reader).await {
                Written::All(finished) => {
                    drop(self.events.try_send(RecordEvent::Finished(finished)));
                    return;
                }
                Written::Failed(error, progressed) => (error, progressed),
            };
            if progressed == Progressed::Yes {
                outage.told = None;
            }
            // A file that could be written for a while is no outage that goes on.
            if begun.elapsed() > RECORD_RETRY {
                outage = Outage::default();
            }
            self.failed(&mut outage, &error);
            if matches!(error, RecordError::TooLong(_)) {
                return;
            }
            self.mode = RecordMode::Record;
            self.target.begun = Begun::Failure;
            tokio::select! {
                // Both arms are cancel-safe.
                () = self.stop.cancelled() => return,
                () = sleep(outage.pause(&error)) => {}
            }
            reader = match self.subscribe(&key) {
                Some(next) => next,
                None => return,
            };
        }
    }

    /// A reader that gets what a player of this moment would: headers, and the newest group of pictures;
    /// `None` if the publication is over.
    fn subscribe(&self, key: &StreamKey) -> Option<Reader> {
        let options = SubscribeOptions::default();
        let mut reader = Reader {
            subscription: self.broker.subscribe(key.clone(), options),
            ahead: None,
        };
        (reader.join() == Some(self.publication)).then_some(reader)
    }

    /// Records until the stream ends, the recording is to be finished, or the disk fails.
    async fn record(&self, reader: &mut Reader) -> Written {
        let bounds = Bounds {
            bytes: self.config.queue_bytes,
            duration: self.config.queue_duration,
            flush: self.config.flush,
        };
        let queue = Arc::new(Queue::new(bounds, self.waiting.clone()));
        self.progress.begins(&queue);
        let writer = Writer {
            disk: self.disk.clone(),
            target: self.target.clone(),
            mode: self.mode,
            config: self.config,
            counters: self.counters.clone(),
            queue: Arc::clone(&queue),
            total: Arc::clone(&self.total),
            events: self.events.clone(),
            progress: Arc::clone(&self.progress),
        };
        let mut written = writer.start();
        let no_thread = |_: oneshot::error::RecvError| {
            let error = RecordError::Server("no thread".to_owned());
            Written::Failed(error, Progressed::No)
        };
        tokio::select! {
            biased;
            // The writer ends first only if it cannot go on; what the other arm holds is of no use then.
            ended = &mut written => ended.unwrap_or_else(no_thread),
            () = reader.read(&queue, self.stop.cancelled()) => {
                queue.end();
                written.await.unwrap_or_else(no_thread)
            }
        }
    }

    /// An outage is told once, and again when another cause shows or when it seemed to be over.
    fn failed(&self, outage: &mut Outage, error: &RecordError) {
        self.counters.failed();
        self.progress.failed(error);
        if outage.told.as_ref() == Some(error) {
            return;
        }
        outage.told = Some(error.clone());
        if self.target.lines.may_write() {
            let file = self.target.path.display();
            warn!(%file, %error, "the stream is not recorded; it is tried again while it lasts");
        }
        drop(self.events.try_send(RecordEvent::Failed(error.clone())));
    }
}

/// A stream being read.
#[derive(Debug)]
struct Reader {
    subscription: Subscription,
    /// What was taken out already.
    ahead: Option<Delivery>,
}

impl Reader {
    /// Finds its place in the stream, if there is one, so that everything behind that is kept for it. Gives the publication.
    fn join(&mut self) -> Option<u64> {
        let mut cx = Context::from_waker(Waker::noop());
        let mut joined = None;
        while let Poll::Ready(delivery) = self.subscription.poll_next(&mut cx) {
            match delivery {
                Delivery::Started { publication } => joined = Some(publication.id),
                other => {
                    self.ahead = Some(other);
                    break;
                }
            }
        }
        joined
    }

    /// Moves frames into the queue until there are no more; from `enough` on only what is there already.
    async fn read(&mut self, queue: &Queue, enough: impl Future<Output = ()>) {
        let mut enough = pin!(enough);
        loop {
            queue.room().await;
            let delivery = poll_fn(|cx| match self.poll_next(cx) {
                Poll::Ready(delivery) => Poll::Ready(Some(delivery)),
                Poll::Pending => enough.as_mut().poll(cx).map(|()| None),
            });
            match delivery.await {
                Some(Delivery::Frame(frame)) => queue.put(Instant::now(), Item::Frame(frame)),
                Some(Delivery::Skipped { frames }) => {
                    queue.put(Instant::now(), Item::Skipped(frames));
                }
                Some(Delivery::Started { .. }) => {}
                _ => return,
            }
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Delivery> {
        match self.ahead.take() {
            Some(delivery) => Poll::Ready(delivery),
            None => self.subscription.poll_next(cx),
        }
    }
}

/// A time in which a stream cannot be recorded.
#[derive(Debug, Default)]
struct Outage {
    told: Option<RecordError>,
    attempts: u32,
}

impl Outage {
    /// How long to wait before the next attempt: not at all after the disk failed for the first time, because a new file may work.
    fn pause(&mut self, error: &RecordError) -> Duration {
        let attempt = self.attempts;
        self.attempts = attempt.saturating_add(1);
        let doublings = if error.is_lasting() {
            attempt
        } else {
            match attempt.checked_sub(1) {
                None => return Duration::ZERO,
                Some(before) => before,
            }
        };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        FIRST_PAUSE.saturating_mul(factor).min(RECORD_RETRY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_get_longer_up_to_half_a_minute() {
        let pauses = |error: RecordError| {
            let mut outage = Outage::default();
            let pauses: Vec<_> = (0..7).map(|_| outage.pause(&error).as_secs()).collect();
            pauses
        };
        assert_eq!(pauses(RecordError::NoSpace), [1, 2, 4, 8, 16, 30, 30]);
        // Another file may work at once.
        let failed = RecordError::Disk("it failed".to_owned());
        assert_eq!(pauses(failed), [0, 1, 2, 4, 8, 16, 30]);
    }
}
