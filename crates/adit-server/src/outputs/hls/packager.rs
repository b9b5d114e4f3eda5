//! The streams that are packaged now, each by a task of its own.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use adit_broker::{Delivery, StreamKey, SubscribeOptions, Subscription};
use adit_media::FrameKind;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, warn};

use super::before::Before;
use super::bound::Bound;
use super::heritage::Heritage;
use super::numbers::{First, Numbers};
use super::segmenter::{Lengths, Made, Segmenter};
use super::viewers::Viewers;
use super::window::{End, Window};
use crate::limits::outputs::{HLS_ENDING, HLS_GIVEN};
use crate::mirror::{Predecessor, Question, name};
use crate::outputs::Inner;

/// The streams that are packaged.
#[derive(Debug, Default)]
pub(in crate::outputs) struct Hls {
    streams: Mutex<HashMap<StreamKey, Arc<Stream>>>,
    numbers: Numbers,
    before: Before,
    /// Streams that another server goes on with, and since when: they are not begun here for a while.
    given: Mutex<HashMap<StreamKey, Instant>>,
    tasks: TaskTracker,
}

/// Why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum None {
    /// Nobody publishes it.
    NotLive,
    /// As many as may be are packaged.
    TooMany,
    /// It is with the server that has taken over.
    Given,
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
    /// What there is of it at another server is here, or there is no such server.
    settled: AtomicBool,
    /// Another server wants to go on with it.
    wanted: AtomicBool,
}

impl Hls {
    /// The stream of this key. If it is not packaged yet, that `begins` now with a playlist; other files of it are not there, unless
    /// another server has them.
    pub(super) async fn stream(
        &self,
        outputs: &Arc<Inner>,
        key: &StreamKey,
        begins: bool,
    ) -> Result<Arc<Stream>, None> {
        if let Some(stream) = packaged(self.streams().get(key), outputs, key, begins) {
            return Ok(stream);
        }
        self.may_begin(outputs, key)?;
        let predecessor = self.before.server();
        let is_live = outputs.broker.is_published(key);
        // Before a place is taken: a name that nobody has takes none.
        let is_there = if predecessor.is_some() {
            is_live || self.before.has(key).await
        } else {
            begins && is_live
        };
        if !is_there {
            return Err(None::NotLive);
        }
        self.begin(outputs, key, begins, predecessor)
    }

    /// Whether streams are begun here, and this one is.
    fn may_begin(&self, outputs: &Inner, key: &StreamKey) -> Result<(), None> {
        if outputs.phase.is_stopping() {
            return Err(None::NotLive);
        }
        if self.is_given(Instant::now(), key) || outputs.phase.has_handed_over() {
            return Err(None::Given);
        }
        Ok(())
    }

    fn begin(
        &self,
        outputs: &Arc<Inner>,
        key: &StreamKey,
        begins: bool,
        predecessor: Option<&Arc<dyn Predecessor>>,
    ) -> Result<Arc<Stream>, None> {
        let mut streams = self.streams();
        let before = streams.get(key);
        // Somebody else may have begun it meanwhile, or another server may have taken over.
        if let Some(stream) = packaged(before, outputs, key, begins) {
            return Ok(stream);
        }
        self.may_begin(outputs, key)?;
        if streams.len() >= outputs.live.now().outputs.hls.streams && before.is_none() {
            outputs.stats.packager_refused();
            return Err(None::TooMany);
        }
        if let Some(before) = before {
            let next = before.window().following();
            self.numbers.remember(Instant::now(), key, next);
        }
        let first = self.numbers.first(Instant::now(), key);
        let stream = Arc::new(Stream::new(outputs, first, predecessor.is_none()));
        streams.insert(key.clone(), Arc::clone(&stream));
        // A task that cannot be started is dropped here, and wants the list.
        drop(streams);
        let packager = Packager::new(outputs, key, &stream, predecessor.cloned());
        self.tasks.spawn(packager.run(outputs.phase.stop().clone()));
        Ok(stream)
    }

    /// From now on what is packaged by `predecessor` is gone on with.
    pub(in crate::outputs) fn succeed(&self, predecessor: Arc<dyn Predecessor>) {
        self.before.is(predecessor);
    }

    /// Leaves a stream to the server that takes over, which goes on with it.
    pub(super) async fn give(&self, outputs: &Inner, key: &StreamKey) -> Heritage {
        let is_live = outputs.broker.is_published(key);
        // What is not here cannot be begun here.
        if is_live || self.streams().contains_key(key) {
            self.note_given(Instant::now(), key);
        }
        // Who comes now finds it there.
        let stream = self.streams().remove(key);
        let Some(stream) = stream else {
            let next = self.numbers.first(Instant::now(), key);
            return Heritage {
                is_live,
                next,
                ..Heritage::default()
            };
        };
        let mut heritage = stream.leave().await;
        heritage.is_live = is_live;
        let next = stream.window().following();
        self.numbers.remember(Instant::now(), key, next);
        heritage
    }

    fn note_given(&self, now: Instant, key: &StreamKey) {
        let mut given = lock(&self.given);
        given.retain(|_, since| now.saturating_duration_since(*since) < GIVEN);
        if given.len() >= HLS_GIVEN && !given.contains_key(key) {
            let oldest = given.iter().min_by_key(|(_, since)| **since);
            if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
                given.remove(&oldest);
            }
        }
        given.insert(key.clone(), now);
    }

    fn is_given(&self, now: Instant, key: &StreamKey) -> bool {
        let given = lock(&self.given);
        let since = given.get(key);
        since.is_some_and(|since| now.saturating_duration_since(*since) < GIVEN)
    }

    /// Which ones are packaged.
    pub(super) fn names(&self) -> Vec<StreamKey> {
        self.streams().keys().cloned().collect()
    }

    fn streams(&self) -> MutexGuard<'_, HashMap<StreamKey, Arc<Stream>>> {
        lock(&self.streams)
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

/// The stream that is packaged, unless another one `begins` now in its place.
fn packaged(
    stream: Option<&Arc<Stream>>,
    outputs: &Inner,
    key: &StreamKey,
    begins: bool,
) -> Option<Arc<Stream>> {
    let stream = stream?;
    if begins && stream.window().end.is_some() && outputs.broker.is_published(key) {
        return None;
    }
    stream.touch();
    Some(Arc::clone(stream))
}

/// What is behind the locks here is whole after each statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server that was about to take over and did not has let go of streams by then.
const GIVEN: Duration = Duration::from_secs(10);
/// How long the part may take that was announced.
const ANNOUNCED: Duration = Duration::from_secs(1);

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
    fn new(outputs: &Inner, first: First, settled: bool) -> Self {
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
            window: Mutex::new(Window::new(format!("{run:x}"), config.segments).starting(first)),
            changed: watch::Sender::new(now),
            viewers: Viewers::new(outputs.stats.clone()),
            begun: now,
            asked: AtomicU64::new(0),
            settled: AtomicBool::new(settled),
            wanted: AtomicBool::new(false),
        }
    }

    /// Whether it is known what there is of it.
    pub(super) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    pub(super) fn window(&self) -> MutexGuard<'_, Window> {
        lock(&self.window)
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

    /// Ends with the part that was announced, and gives all there is.
    async fn leave(&self) -> Heritage {
        self.wanted.store(true, Ordering::Release);
        let mut changes = self.changes();
        let ended = changes.wait_for(|_| self.window().end.is_some());
        drop(timeout(ANNOUNCED, ended).await);
        let mut heritage = Heritage::default();
        self.change(|window| heritage = window.give());
        heritage
    }

    /// Adds what was made, up to the part behind which another server goes on.
    fn add(&self, made: Vec<Made>) {
        let is_wanted = self.wanted.load(Ordering::Acquire);
        self.change(|window| {
            for made in made {
                if window.end.is_some() {
                    return;
                }
                let is_part = matches!(made, Made::Part(_));
                window.apply(made);
                if is_part && is_wanted {
                    window.leave();
                }
            }
        });
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

impl Listed {
    /// Tells the log which tracks are left out, those behind the first `told`.
    fn tell(&self, segmenter: &Segmenter, told: &mut usize) {
        for (kind, why) in segmenter.left_out().iter().skip(*told) {
            *told += 1;
            let what = match kind {
                FrameKind::Audio => "sound",
                _ => "picture",
            };
            let key = self.outputs.live.access().shown(self.key.clone());
            let (application, stream) = (key.application(), key.name());
            warn!(application, stream, "no {what} by HLS: {why}");
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.stream.change(Window::end);
        let next = self.stream.window().following();
        let hls = &self.outputs.hls;
        hls.numbers.remember(Instant::now(), &self.key, next);
        let mut streams = hls.streams();
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
    /// Nobody publishes it, since then.
    stopped: Option<Instant>,
    predecessor: Option<Arc<dyn Predecessor>>,
    idle: Duration,
    /// Of so many tracks that are left out the log knows.
    told: usize,
    place: Listed,
}

/// How often it is looked whether anybody still asks.
const LOOK: Duration = Duration::from_secs(1);
/// Deliveries in one turn, so that one stream cannot keep the task's thread to itself.
const DELIVERIES_PER_TURN: usize = 256;

impl Packager {
    fn new(
        outputs: &Arc<Inner>,
        key: &StreamKey,
        stream: &Arc<Stream>,
        predecessor: Option<Arc<dyn Predecessor>>,
    ) -> Self {
        let subscription = outputs
            .broker
            .subscribe(key.clone(), SubscribeOptions::default());
        let bound = Bound::new(stream.lengths, key_interval(outputs, key));
        let run = Arc::clone(&stream.window().run);
        Self {
            stream: Arc::clone(stream),
            segmenter: Segmenter::new(stream.lengths, bound, run),
            subscription: Some(subscription),
            stopped: (!outputs.broker.is_published(key)).then(Instant::now),
            predecessor,
            idle: outputs.live.now().outputs.hls.idle,
            told: 0,
            place: Listed {
                outputs: Arc::clone(outputs),
                key: key.clone(),
                stream: Arc::clone(stream),
            },
        }
    }

    /// Packages until nobody asks any more; when the stream is over, what there is stays that long.
    async fn run(mut self, stop: CancellationToken) {
        let mut looks = interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let work = async {
            if self.inherit().await {
                poll_fn(|cx| self.poll(cx, &mut looks)).await;
            }
        };
        // Nothing is lost by an end at any point: what is made is in the window.
        stop.run_until_cancelled(work).await;
        debug!(
            application = self.place.key.application(),
            "not packaged any more"
        );
    }

    /// Takes what there is of the stream at the server that was here before; says whether there is anything to package.
    async fn inherit(&mut self) -> bool {
        let Some(predecessor) = self.predecessor.take() else {
            return true;
        };
        let asked = ask(&*predecessor, &self.place.key);
        // Where that does not answer the numbers are those of the clock.
        let heritage = timeout(HERITAGE, asked).await;
        let heritage = heritage.ok().and_then(Result::ok).unwrap_or_default();
        let is_live = heritage.is_live || self.stopped.is_none();
        let is_there = is_live || !heritage.segments.is_empty();
        self.segmenter
            .keep_to(heritage.target, heritage.part_target);
        self.stream.settled.store(true, Ordering::Release);
        self.stream.change(|window| window.inherit(heritage));
        is_there
    }

    fn poll(&mut self, cx: &mut Context<'_>, looks: &mut Interval) -> Poll<()> {
        while looks.poll_tick(cx).is_ready() {
            let is_given = self.stream.window().end == Some(End::Given);
            if self.stream.unasked_for() >= self.idle || is_given {
                return Poll::Ready(());
            }
            self.stream.viewers.sweep(Instant::now());
            if self
                .stopped
                .is_some_and(|since| since.elapsed() >= HLS_ENDING)
            {
                self.subscription = None;
                self.stream.change(Window::end);
            }
        }
        self.package(cx);
        Poll::Pending
    }

    /// Packages what has come.
    fn package(&mut self, cx: &mut Context<'_>) {
        let Some(subscription) = &mut self.subscription else {
            return;
        };
        let mut made = Vec::new();
        let mut turns = 0;
        while turns < DELIVERIES_PER_TURN {
            let Poll::Ready(delivery) = subscription.poll_next(cx) else {
                break;
            };
            turns += 1;
            match delivery {
                Delivery::Started { .. } => self.stopped = None,
                Delivery::Frame(frame) => {
                    let before = made.len();
                    self.segmenter.push(frame.frame(), &mut made);
                    let arrival = frame.arrival();
                    date(made.iter_mut().skip(before), arrival);
                }
                Delivery::Skipped { .. } => self.segmenter.gap(&mut made),
                Delivery::Stopped { .. } => {
                    // It may be published again in a moment, and then it goes on.
                    self.segmenter.finish(&mut made);
                    self.place.tell(&self.segmenter, &mut self.told);
                    self.segmenter.begin_again();
                    (self.told, self.stopped) = (0, Some(Instant::now()));
                }
                _ => {}
            }
        }
        if !made.is_empty() {
            self.stream.add(made);
        }
        self.place.tell(&self.segmenter, &mut self.told);
        if turns == DELIVERIES_PER_TURN {
            cx.waker().wake_by_ref();
        }
    }
}

/// What the other server has of a stream.
async fn ask(predecessor: &dyn Predecessor, key: &StreamKey) -> io::Result<Heritage> {
    let link = predecessor.ask(Question::Packaged).await;
    let mut link = link.ok_or(io::ErrorKind::NotConnected)?;
    link.write_all(&name(key)).await?;
    Heritage::read(&mut link).await
}

/// How long it may take to get what there is at the other server.
const HERITAGE: Duration = Duration::from_secs(5);

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
