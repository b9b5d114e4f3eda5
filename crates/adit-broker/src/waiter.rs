//! What a reader leaves with the stream: its place, and its waker while it waits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Waker;

use crate::cursor::Phase;
use crate::log::Position;

/// The place of a reader that needs nothing from the log.
const NOTHING: Position = Position::MAX;

/// Shared by one reader and its stream's publisher.
#[derive(Debug)]
pub(crate) struct Waiter {
    /// The oldest entry the reader needs. Relaxed: it is written and read under the log's lock, or
    /// is a hint that the reader checks again after it has armed its waker.
    needs: AtomicU64,
    /// Whether it waits for something to begin with. Relaxed for the same reason.
    waits: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Waiter {
    pub(crate) const fn new() -> Self {
        Self {
            needs: AtomicU64::new(NOTHING),
            waits: AtomicBool::new(true),
            waker: Mutex::new(None),
        }
    }

    /// Says where the reader is and what it is doing. Called with the log's lock held, so that
    /// nothing it needs is trimmed in between.
    pub(crate) fn set_place(&self, needs: Option<Position>, phase: Phase) {
        self.needs
            .store(needs.unwrap_or(NOTHING), Ordering::Relaxed);
        self.waits.store(phase == Phase::Waits, Ordering::Relaxed);
    }

    /// The oldest entry the reader needs; `Position::MAX` for none.
    pub(crate) fn needs(&self) -> Position {
        self.needs.load(Ordering::Relaxed)
    }

    /// A reader that needs nothing needs what comes at `position` or later from now on, until it looks. Called with the
    /// log's lock held.
    pub(crate) fn expect(&self, position: Position) {
        // The places of all others are smaller.
        self.needs.fetch_min(position, Ordering::Relaxed);
    }

    /// Asks to be woken, once.
    pub(crate) fn arm(&self, waker: &Waker) {
        // The old waker is dropped after the lock: dropping it may run foreign code.
        let old = self.swap(Some(waker.clone()));
        drop(old);
    }

    /// No longer waits.
    pub(crate) fn disarm(&self) {
        drop(self.take());
    }

    /// The waker, if the reader waits; it does not any more.
    pub(crate) fn take(&self) -> Option<Waker> {
        self.swap(None)
    }

    /// Whether a flush up to `visible` has something for this reader; `joinable` when waiting
    /// readers may be able to begin.
    pub(crate) fn wants(&self, visible: Position, joinable: bool) -> bool {
        self.needs() < visible || (joinable && self.waits.load(Ordering::Relaxed))
    }

    fn swap(&self, waker: Option<Waker>) -> Option<Waker> {
        std::mem::replace(
            &mut *self.waker.lock().unwrap_or_else(PoisonError::into_inner),
            waker,
        )
    }
}
