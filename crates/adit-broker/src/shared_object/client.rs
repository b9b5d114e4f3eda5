//! One connection and what it may do to all objects together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::budget::Budget;
use crate::limits::ObjectLimits;

/// One connection, for the limits of one. A clone is the same.
#[derive(Clone, Debug)]
pub struct Client(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// What the objects that it opens are charged to, with those of others at its address.
    share: Option<Arc<Budget>>,
    objects: AtomicUsize,
    most_objects: usize,
    /// How long one request takes up; zero for no limit.
    each: Duration,
    /// When all requests so far will have been paid for, at that rate.
    paid: Mutex<Option<Instant>>,
}

/// Why a member cannot join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// It may not read the object.
    #[error("no read access to the shared object")]
    NoReadAccess,
    /// Its connection uses too many objects (`so.per_conn`).
    #[error("the connection uses too many shared objects")]
    TooMany,
}

impl Client {
    pub(crate) fn new(limits: &ObjectLimits, share: Option<Arc<Budget>>) -> Self {
        let each = BURST / limits.requests_per_second.max(1);
        Self::with(limits.per_client, each, share)
    }

    pub(crate) fn unlimited() -> Self {
        Self::with(usize::MAX, Duration::ZERO, None)
    }

    fn with(most_objects: usize, each: Duration, share: Option<Arc<Budget>>) -> Self {
        Self(Arc::new(Inner {
            share,
            objects: AtomicUsize::new(0),
            most_objects,
            each,
            paid: Mutex::new(None),
        }))
    }

    pub(crate) fn share(&self) -> Option<Arc<Budget>> {
        self.0.share.clone()
    }

    /// Takes the place of one more object.
    pub(crate) fn seat(&self) -> Option<Seat> {
        let one_more = |objects: usize| {
            objects
                .checked_add(1)
                .filter(|it| *it <= self.0.most_objects)
        };
        let objects = &self.0.objects;
        let taken = objects.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.is_ok().then(|| Seat(self.clone()))
    }

    /// Pays for requests, however many, if those before are not more than a second ahead of the rate
    /// (`so.rate`). [`Member::ask`](super::Member::ask) does so itself; this is for what costs as much,
    /// such as joining.
    ///
    /// # Errors
    /// When they will not be any more.
    pub fn pay(&self, now: Instant, requests: usize) -> Result<(), Instant> {
        let mut paid = self.0.paid.lock().unwrap_or_else(PoisonError::into_inner);
        let from = paid.unwrap_or(now).max(now);
        if let Some(until) = from.checked_sub(BURST).filter(|until| *until > now) {
            return Err(until);
        }
        let requests = u32::try_from(requests).unwrap_or(u32::MAX);
        *paid = from.checked_add(self.0.each.saturating_mul(requests));
        Ok(())
    }
}

/// One member's place among the objects of its client.
#[derive(Debug)]
pub(crate) struct Seat(pub(crate) Client);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.0.objects.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How far ahead of its rate a client may be.
const BURST: Duration = Duration::from_secs(1);
