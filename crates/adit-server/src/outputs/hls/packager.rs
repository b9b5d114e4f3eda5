//! The streams that are packaged now, each by a task of its own.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use adit_broker::{Delivery, StreamKey, SubscribeOptions, Subscription};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::debug;

use super::bound::Bound;
use super::segmenter::{Lengths, Made, Segmenter};
use super::viewers::Viewers;
use super::window::Window;
use crate::outputs::Inner;

/// The streams that are packaged.
#[derive(Debug, Default)]
pub(in crate::outputs) struct Hls {
    streams: Mutex<HashMap<StreamKey, Arc<Stream>>>,
    tasks: TaskTracker,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum None {
    /// Nobody publishes it.
    NotLive,
    /// As many as may be are packaged.
    TooMany,
}

/// One stream that is packaged.
pub(super) struct Stream {
    pub(super) lengths: Lengths,
    window: Mutex<Window>,
    /// When the window has changed.
    changed: watch::Sender<Instant>,
    pub(super) viewers: Viewers,
    begun: Instant,
    /// When somebody asked last, in milliseconds since it began.
    asked: AtomicU64,
}

impl Hls {
    /// The stream of this key. If it is not packaged yet, that `begins` now with a playlist; other files of it are not there.
    pub(super) fn stream(
        &self,
        outputs: &Arc<Inner>,
        key: &StreamKey,
        begins: bool,
    ) -> Result<Arc<Stream>, None> {
        let mut streams = self.streams();
        let is_live = || outputs.broker.is_published(key);
        if let Some(stream) = streams.get(key)
            && !(begins && stream.window().ended && is_live())
        {
            stream.touch();
            return Ok(Arc::clone(stream));
        }
        if !begins || outputs.phase.is_stopping() || !is_live() {
            return Err(None::NotLive);
        }
        if streams.len() >= outputs.live.now().outputs.hls.streams && !streams.contains_key(key) {
            outputs.stats.packager_refused();
            return Err(None::TooMany);
        }
        let stream = Arc::new(Stream::new(outputs));
        streams.insert(key.clone(), Arc::clone(&stream));
        // A task that cannot be started is dropped here, and wants the list.
        drop(streams);
        let subscription = outputs
            .broker
            .subscribe(key.clone(), SubscribeOptions::default());
        let bound = Bound::new(stream.lengths, None, key_interval(outputs, key));
        let packager = Packager {
            stream: Arc::clone(&stream),
            segmenter: Segmenter::new(stream.lengths, bound),
            subscription: Some(subscription),
            idle: outputs.live.now().outputs.hls.idle,
            place: Listed {
                outputs: Arc::clone(outputs),
                key: key.clone(),
                stream: Arc::clone(&stream),
            },
        };
        self.tasks.spawn(packager.run(outputs.phase.stop().clone()));
        Ok(stream)
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<StreamKey, Arc<Stream>>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there are.
    pub(in crate::outputs) fn len(&self) -> usize {
        self.streams().len()
    }

    /// Ready when all tasks have ended, once the server stops.
    pub(in crate::outputs) async fn drained(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// From one key frame of a stream to the next, in milliseconds, where it has had two.
fn key_interval(outputs: &Inner, key: &StreamKey) -> Option<i64> {
    let interval = outputs.broker.stream(key)?.stats.key_interval?;
    // A clock that went back has made nonsense of it.
    (interval <= LONGEST_INTERVAL).then_some(())?;
    i64::try_from(interval.as_millis()).ok()
}

/// No encoder that is known makes key frames further apart.
const LONGEST_INTERVAL: Duration = Duration::from_mins(1);

impl Stream {
    fn new(outputs: &Inner) -> Self {
        let settings = outputs.live.now();
        let config = &settings.outputs.hls;
        let milliseconds = |time: Duration| i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
        let now = Instant::now();
        let run = outputs.runs.fetch_add(1, Ordering::Relaxed);
        Self {
            lengths: Lengths {
                part: milliseconds(config.part).max(1),
                segment: milliseconds(config.segment).max(1),
            },
            window: Mutex::new(Window::new(format!("{run:x}"), config.segments)),
            changed: watch::Sender::new(now),
            viewers: Viewers::new(outputs.stats.clone()),
            begun: now,
            asked: AtomicU64::new(0),
        }
    }

    pub(super) fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn changes(&self) -> watch::Receiver<Instant> {
        self.changed.subscribe()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn touch(&self) {
        self.asked.store(self.now(), Ordering::Relaxed);
    }

    fn unasked_for(&self) -> Duration {
        let asked = self.asked.load(Ordering::Relaxed);
        Duration::from_millis(self.now().saturating_sub(asked))
    }

    /// Changes the window, and wakes whoever waits for that.
    fn change(&self, change: impl FnOnce(&mut Window)) {
        change(&mut self.window());
        self.changed.send_replace(Instant::now());
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}

/// Takes a stream off the list when its task is over, however that came.
struct Listed {
    outputs: Arc<Inner>,
    key: StreamKey,
    stream: Arc<Stream>,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.stream.change(Window::end);
        let mut streams = self.outputs.hls.streams();
        let is_ours = |stream: &Arc<Stream>| Arc::ptr_eq(stream, &self.stream);
        if streams.get(&self.key).is_some_and(is_ours) {
            streams.remove(&self.key);
        }
    }
}

struct Packager {
    stream: Arc<Stream>,
    segmenter: Segmenter,
    /// None when the stream is over.
    subscription: Option<Subscription>,
    idle: Duration,
    place: Listed,
}

/// How often it is looked whether anybody still asks.
const LOOK: Duration = Duration::from_secs(1);
/// Deliveries in one turn, so that one stream cannot keep the task's thread to itself.
const DELIVERIES_PER_TURN: usize = 256;

impl Packager {
    /// Packages until nobody asks any more; when the stream is over, what there is stays that long.
    async fn run(mut self, stop: CancellationToken) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let work = poll_fn(|cx| self.poll(cx, &mut looks));
        // Nothing is lost by an end at any point: what is made is in the window.
        stop.run_until_cancelled(work).await;
        debug!(
            application = self.place.key.application(),
            "not packaged any more"
        );
    }

    fn poll(&mut self, cx: &mut Context<'_>, looks: &mut Interval) -> Poll<()> {
        while looks.poll_tick(cx).is_ready() {
            if self.stream.unasked_for() >= self.idle {
                return Poll::Ready(());
            }
            self.stream.viewers.sweep(Instant::now());
        }
        let Some(subscription) = &mut self.subscription else {
            return Poll::Pending;
        };
        let mut made = Vec::new();
        let mut over = false;
        let mut turns = 0;
        while !over && turns < DELIVERIES_PER_TURN {
            let Poll::Ready(delivery) = subscription.poll_next(cx) else {
                break;
            };
            turns += 1;
            match delivery {
                Delivery::Frame(frame) => {
                    let before = made.len();
                    self.segmenter.push(frame.frame(), &mut made);
                    let arrival = frame.arrival();
                    date(made.iter_mut().skip(before), arrival);
                }
                Delivery::Skipped { .. } => self.segmenter.gap(&mut made),
                Delivery::Stopped { .. } => {
                    self.segmenter.finish(&mut made);
                    over = true;
                }
                _ => {}
            }
        }
        if !made.is_empty() || over {
            self.stream.change(|window| {
                for made in made {
                    window.apply(made);
                }
                if over {
                    window.end();
                }
            });
        }
        if over {
            self.subscription = None;
        }
        if turns == DELIVERIES_PER_TURN {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

/// Parts end with the arrival of the message that ended them.
fn date<'a>(made: impl Iterator<Item = &'a mut Made>, arrival: Option<Instant>) {
    for made in made {
        if let Made::Part(part) = made {
            part.ended = arrival.and_then(|at| SystemTime::now().checked_sub(at.elapsed()));
        }
    }
}

#[cfg(test)]
mod tests;
