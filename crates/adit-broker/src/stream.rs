//! One stream: its log, its readers, its counters, and the order of their locks.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Waker;

use crate::limits::Limits;
use crate::log::{Garbage, Log, Position};
use crate::stats::{Counters, StreamStats};
use crate::waiter::Waiter;

/// Lock order: log, then readers, then one waker. No foreign code (wakers, encoders, destructors
/// of frames) runs under any of them.
pub(crate) struct Stream {
    log: RwLock<Log>,
    readers: Mutex<Vec<Arc<Waiter>>>,
    /// Of those the ones that are no assistants.
    reader_count: AtomicUsize,
    /// [`Log::visible`] as of the last [`Stream::show`], for readers that look without a lock.
    visible: AtomicU64,
    pub(crate) counters: Counters,
}

impl fmt::Debug for Stream {
    /// Without the frames: they may be megabytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl Stream {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            log: RwLock::new(Log::new(limits)),
            readers: Mutex::default(),
            reader_count: AtomicUsize::new(0),
            visible: AtomicU64::new(0),
            counters: Counters::default(),
        }
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, Log> {
        self.log.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, Log> {
        self.log.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells readers how far the log is visible. Called with the log's lock held, before they are woken.
    pub(crate) fn show(&self, log: &Log) {
        self.visible.store(log.visible(), Ordering::Release);
    }

    /// One past the newest entry that wakes readers. A reader that has armed its waker and then sees nothing new here is woken
    /// by whatever comes.
    pub(crate) fn visible(&self) -> Position {
        self.visible.load(Ordering::Acquire)
    }

    fn readers(&self) -> MutexGuard<'_, Vec<Arc<Waiter>>> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many read it; assistants do not count.
    pub(crate) fn reader_count(&self) -> usize {
        self.reader_count.load(Ordering::Relaxed)
    }

    pub(crate) fn count_in(&self) {
        self.reader_count.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_out(&self) {
        self.reader_count.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn has_readers(&self) -> bool {
        !self.readers().is_empty()
    }

    pub(crate) fn add_reader(&self, waiter: Arc<Waiter>) {
        self.readers().push(waiter);
    }

    pub(crate) fn remove_reader(&self, waiter: &Arc<Waiter>) {
        let mut readers = self.readers();
        if let Some(index) = readers
            .iter()
            .position(|reader| Arc::ptr_eq(reader, waiter))
        {
            readers.swap_remove(index);
        }
    }

    /// Lets go of what no reader needs. The caller drops the garbage after the log's lock.
    pub(crate) fn trim(&self, log: &mut Log, garbage: &mut Garbage) {
        if log.has_backlog() {
            let needed = self.readers().iter().map(|reader| reader.needs()).min();
            log.trim(needed.unwrap_or(Position::MAX), garbage);
        }
    }

    /// Lets go of what is kept for readers to come.
    pub(crate) fn forget_group(&self) {
        let mut garbage = Garbage::new();
        let mut log = self.write();
        log.forget_group();
        self.trim(&mut log, &mut garbage);
        drop(log);
    }

    /// Says that a publication has ended: the next one is for all who are here, from its first frame on, also for those
    /// that waited for a beginning in this one and have not heard of its end yet.
    pub(crate) fn expect_next(&self, log: &Log) {
        for reader in self.readers().iter() {
            reader.expect(log.head());
        }
    }

    /// Lets go of what is left of an ended publication as its readers leave it. While one runs,
    /// its publisher does that.
    pub(crate) fn trim_ended(&self) {
        let mut garbage = Garbage::new();
        let has_rest = |log: &Log| log.publication().is_none() && log.has_backlog();
        if !has_rest(&self.read()) {
            return;
        }
        let mut log = self.write();
        if has_rest(&log) {
            self.trim(&mut log, &mut garbage);
        }
        drop(log);
    }

    /// Wakes the readers that a flush up to `visible` has something for. `wakers` is room to
    /// collect them in, empty before and after.
    pub(crate) fn wake(&self, visible: Position, joinable: bool, wakers: &mut Vec<Waker>) {
        wakers.extend(
            self.readers()
                .iter()
                .filter(|reader| reader.wants(visible, joinable))
                .filter_map(|reader| reader.take()),
        );
        for waker in wakers.drain(..) {
            waker.wake();
        }
    }

    pub(crate) fn stats(&self) -> StreamStats {
        let (held, last_frame, key_interval) = {
            let log = self.read();
            (log.held(), log.newest(), log.key_interval())
        };
        StreamStats {
            frames: self.counters.frames.value(),
            bytes: self.counters.bytes.value(),
            last_frame,
            key_interval,
            held_frames: held.frames,
            held_bytes: held.bytes,
            skips: self.counters.skips.value(),
            skipped_frames: self.counters.skipped_frames.value(),
            gop_overflows: self.counters.gop_overflows.value(),
            header_overflows: self.counters.header_overflows.value(),
        }
    }
}
