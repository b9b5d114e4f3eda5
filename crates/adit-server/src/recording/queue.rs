//! Frames on their way from a stream to the thread that writes them: bounded, so that a disk that does not take them costs no more
//! memory than it may, and the stream does not wait.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use adit_broker::SharedFrame;
use tokio::sync::Notify;

use super::config::Flush;
use crate::limits::{RECORD_QUEUE_FRAMES, RECORD_QUEUES_BYTES, RECORD_WRITE, RECORD_WRITE_BYTES};

/// What is written next.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Frame(Arc<SharedFrame>),
    /// So many frames are missing here.
    Skipped(u64),
}

impl Item {
    fn bytes(&self) -> u64 {
        match self {
            Self::Frame(frame) => u64::try_from(frame.frame().payload().len()).unwrap_or(u64::MAX),
            Self::Skipped(_) => 0,
        }
    }
}

/// How much may wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) bytes: u64,
    pub(super) duration: Duration,
    pub(super) flush: Flush,
}

/// Payload bytes that wait in all queues together.
#[derive(Clone, Debug, Default)]
pub(super) struct Together(Arc<AtomicU64>);

impl Together {
    fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }

    fn subtract(&self, bytes: u64) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// One end puts items in, the other takes them out in order.
#[derive(Debug)]
pub(super) struct Queue {
    bounds: Bounds,
    together: Together,
    state: Mutex<State>,
    /// There is something to do for the writer.
    filled: Condvar,
    /// There is room, or nobody takes anything any more.
    emptied: Notify,
}

#[derive(Debug, Default)]
struct State {
    items: VecDeque<(Instant, Item)>,
    bytes: u64,
    is_ended: bool,
}

/// What was taken out.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) items: Vec<Item>,
    /// Nothing comes after it.
    pub(super) is_last: bool,
}

impl Queue {
    pub(super) fn new(bounds: Bounds, together: Together) -> Self {
        Self {
            bounds,
            together,
            state: Mutex::default(),
            filled: Condvar::new(),
            emptied: Notify::new(),
        }
    }

    /// Puts an item in. Whoever does asks for [`room`](Self::room) first.
    pub(super) fn put(&self, now: Instant, item: Item) {
        let mut state = self.lock();
        self.together.add(item.bytes());
        state.bytes = state.bytes.saturating_add(item.bytes());
        state.items.push_back((now, item));
        if self.is_enough(&state) {
            self.filled.notify_one();
        }
    }

    /// Nothing more comes.
    pub(super) fn end(&self) {
        self.lock().is_ended = true;
        self.filled.notify_one();
    }

    /// Ready when more may be put in. Cancel-safe.
    pub(super) async fn room(&self) {
        loop {
            // A permit that is given between the look and the wait is kept.
            if self.has_room(Instant::now()) {
                return;
            }
            self.emptied.notified().await;
        }
    }

    /// How long the oldest item waits.
    pub(super) fn lag(&self, now: Instant) -> Duration {
        let state = self.lock();
        let oldest = state.items.front();
        oldest.map_or(Duration::ZERO, |(since, _)| {
            now.saturating_duration_since(*since)
        })
    }

    fn has_room(&self, now: Instant) -> bool {
        let state = self.lock();
        let waits = |(since, _): &(Instant, Item)| now.saturating_duration_since(*since);
        // One with little in it has room whatever the others have, so its own writer makes room for it.
        let has_share =
            state.bytes < RECORD_WRITE_BYTES || self.together.bytes() < RECORD_QUEUES_BYTES;
        has_share
            && state.bytes < self.bounds.bytes
            && state.items.len() < RECORD_QUEUE_FRAMES
            && state.items.front().map_or(Duration::ZERO, waits) < self.bounds.duration
    }

    /// What came in a quarter of a second, or sooner if it is much or the last. Blocks meanwhile.
    pub(super) fn take(&self) -> Batch {
        let state = self.lock();
        let (mut state, _) = self
            .filled
            .wait_timeout_while(state, RECORD_WRITE, |state| {
                !state.is_ended && !self.is_enough(state)
            })
            .unwrap_or_else(PoisonError::into_inner);
        let mut items = Vec::new();
        let mut bytes: u64 = 0;
        while bytes < RECORD_WRITE_BYTES
            && let Some((_, item)) = state.items.pop_front()
        {
            bytes = bytes.saturating_add(item.bytes());
            items.push(item);
        }
        state.bytes = state.bytes.saturating_sub(bytes);
        self.together.subtract(bytes);
        let is_last = state.is_ended && state.items.is_empty();
        drop(state);
        self.emptied.notify_one();
        Batch { items, is_last }
    }

    /// Whether nothing waits any longer for company.
    fn is_enough(&self, state: &State) -> bool {
        match self.bounds.flush {
            Flush::Gathered => state.bytes >= RECORD_WRITE_BYTES,
            Flush::EachMessage => !state.items.is_empty(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // What is behind it is whole after each statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let left = self.lock().bytes;
        self.together.subtract(left);
    }
}

#[cfg(test)]
mod tests {
    use adit_media::{Frame, FrameKind, Timestamp};
    use bytes::Bytes;

    use super::*;

    fn frame(bytes: usize) -> Item {
        let payload = Bytes::from(vec![0; bytes]);
        let frame = Frame::classify(Timestamp::ZERO, FrameKind::Audio, payload);
        Item::Frame(Arc::new(SharedFrame::new(frame)))
    }

    fn queue(bytes: u64) -> Queue {
        queue_beside(&Together::default(), bytes)
    }

    fn queue_beside(others: &Together, bytes: u64) -> Queue {
        let bounds = Bounds {
            bytes,
            duration: Duration::from_secs(30),
            flush: Flush::Gathered,
        };
        Queue::new(bounds, others.clone())
    }

    #[test]
    fn all_streams_together_wait_up_to_a_limit_and_each_with_a_little_in_any_case() {
        let now = Instant::now();
        let together = Together::default();
        let [one, other] = [(); 2].map(|()| queue_beside(&together, u64::MAX));
        let little = usize::try_from(RECORD_WRITE_BYTES).unwrap();
        one.put(now, frame(little));
        // Others have all but the rest.
        together.add(RECORD_QUEUES_BYTES - RECORD_WRITE_BYTES - 1);
        assert!(one.has_room(now) && other.has_room(now));
        other.put(now, frame(1));
        assert!(!one.has_room(now) && other.has_room(now));
        other.put(now, frame(little));
        assert!(!other.has_room(now));
        // What is taken, or goes with its queue, makes room.
        one.take();
        assert!(one.has_room(now) && !other.has_room(now));
        drop(other);
        assert_eq!(
            together.bytes(),
            RECORD_QUEUES_BYTES - RECORD_WRITE_BYTES - 1
        );
    }

    #[test]
    fn as_much_waits_as_may_and_not_more() {
        let now = Instant::now();
        let full = queue(1000);
        full.put(now, frame(999));
        assert!(full.has_room(now));
        assert!(full.has_room(now + Duration::from_millis(29_999)));
        assert!(!full.has_room(now + Duration::from_secs(30)));
        full.put(now, frame(1));
        assert!(!full.has_room(now));
        full.take();
        assert!(full.has_room(now));

        let many = queue(u64::MAX);
        for _ in 0..RECORD_QUEUE_FRAMES - 1 {
            many.put(now, frame(0));
        }
        assert!(many.has_room(now));
        many.put(now, frame(0));
        assert!(!many.has_room(now));
    }

    #[test]
    fn what_came_is_taken_after_a_quarter_of_a_second_and_much_of_it_in_pieces() {
        let queue = queue(u64::MAX);
        let since = Instant::now();
        queue.put(since, frame(10));
        assert_eq!(queue.take().items.len(), 1);
        assert!(since.elapsed() >= RECORD_WRITE);
        let much = usize::try_from(RECORD_WRITE_BYTES).unwrap();
        for _ in 0..4 {
            queue.put(since, frame(much / 2));
        }
        assert_eq!(queue.take().items.len(), 2);
        queue.end();
        let last = queue.take();
        assert!(last.is_last && last.items.len() == 2);
    }
    #[test]
    fn where_nothing_may_be_lost_a_frame_does_not_wait_for_company() {
        let bounds = Bounds {
            bytes: u64::MAX,
            duration: Duration::from_secs(30),
            flush: Flush::EachMessage,
        };
        let queue = Arc::new(Queue::new(bounds, Together::default()));
        let since = Instant::now();
        let other = Arc::clone(&queue);
        let taker = std::thread::spawn(move || other.take().items.len());
        queue.put(since, frame(10));
        assert_eq!(taker.join().unwrap(), 1);
        queue.put(since, frame(10));
        assert_eq!(queue.take().items.len(), 1);
        assert!(since.elapsed() < RECORD_WRITE);
    }
}
