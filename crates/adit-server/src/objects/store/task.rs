//! The thread of the store.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use adit_broker::shared_object::{Client, ObjectKey, SharedObject, SharedObjects};
use tokio::sync::oneshot;
use tracing::{debug, error, info, warn};

use super::super::counters::Counters;
use super::super::value::Stored;
use super::super::{ObjectError, Opened};
use super::file::File;
use super::inbox::{Inbox, Request, Wish};
use super::usage::Full;
use crate::limits::{OBJECT_REOPEN_RETRY, OBJECT_SAVE_DELAY, OBJECT_SAVE_RETRY};

pub(super) struct Task {
    file: File,
    objects: SharedObjects<Stored>,
    inbox: Arc<Inbox>,
    counters: Arc<Counters>,
    /// Objects that have changed since they were written. They stay in memory.
    unsaved: HashMap<ObjectKey, SharedObject<Stored>>,
    /// Those of them for which there was no room. Every write tries them again: only a write makes room.
    left_out: HashMap<ObjectKey, Full>,
    /// When they are written.
    due: Option<Instant>,
    /// Who waits for that.
    flushes: Vec<oneshot::Sender<Result<(), ObjectError>>>,
    state: DiskState,
}

/// How the last write went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DiskState {
    Good,
    Failing,
}

impl Task {
    pub(super) fn new(
        file: File,
        objects: SharedObjects<Stored>,
        inbox: Arc<Inbox>,
        counters: Arc<Counters>,
    ) -> Self {
        Self {
            file,
            objects,
            inbox,
            counters,
            unsaved: HashMap::new(),
            left_out: HashMap::new(),
            due: None,
            flushes: Vec::new(),
            state: DiskState::Good,
        }
    }

    /// Works until it is told to stop; then writes what there is.
    pub(super) fn run(mut self) {
        let waker = Waker::from(Arc::clone(&self.inbox));
        let cx = Context::from_waker(&waker);
        self.collect(&cx);
        loop {
            let mail = self.inbox.wait(self.due);
            self.collect(&cx);
            for request in mail.requests {
                self.serve(request);
            }
            let is_due = self.due.is_some_and(|due| due <= Instant::now());
            if is_due || !self.flushes.is_empty() || mail.wish != Wish::Keep {
                self.save();
            }
            match mail.wish {
                Wish::Keep => {}
                Wish::Lend => {
                    self.close("they are not there for the server that takes over");
                    self.inbox.lent();
                    if self.wait_until_back(&cx) == Wish::Stop {
                        return;
                    }
                }
                Wish::Stop => break,
            }
        }
        self.close(LOST);
    }

    /// Closes the file; `lost` says what comes of it if something is not written.
    fn close(&mut self, lost: &str) {
        if self.unsaved.is_empty() {
            self.file.close();
        } else {
            error!(
                objects = self.unsaved.len(),
                "shared objects could not be written: {lost}"
            );
            self.file.abandon();
        }
    }

    /// While another process may have the file: what changes stays in memory, and is written when the file is here again. That it is
    /// not is tried until it is, since whoever had it may not be gone quite yet.
    fn wait_until_back(&mut self, cx: &Context<'_>) -> Wish {
        let mut has_complained = false;
        loop {
            let mut wish = self.inbox.wait_lent();
            self.collect(cx);
            while wish == Wish::Keep {
                match self.file.reopen() {
                    Ok(()) => {
                        if has_complained {
                            info!("the file of shared objects is open again");
                        }
                        self.due = (!self.unsaved.is_empty()).then(Instant::now);
                        return Wish::Keep;
                    }
                    Err(cause) => {
                        if !has_complained {
                            warn!(%cause, "the file of shared objects cannot be opened again yet; tried until it can");
                            has_complained = true;
                        }
                        wish = self.inbox.pause(OBJECT_REOPEN_RETRY);
                    }
                }
            }
            if wish == Wish::Stop {
                if has_complained {
                    self.close(LOST);
                }
                return wish;
            }
            // It is to be lent again, and is.
            self.inbox.lent();
        }
    }

    /// Takes over what has changed.
    fn collect(&mut self, cx: &Context<'_>) {
        while let Poll::Ready(object) = self.objects.poll_unsaved(cx) {
            self.unsaved.insert(object.key().clone(), object);
            self.due.get_or_insert_with(|| after(OBJECT_SAVE_DELAY));
        }
    }

    fn serve(&mut self, request: Request) {
        match request {
            // Whoever asked may be gone; the object then goes with the answer.
            Request::Load { client, key, reply } => drop(reply.send(self.load(&client, key))),
            Request::Flush { reply } => self.flushes.push(reply),
        }
    }

    /// Opens an object. Nothing is written meanwhile, and nobody else opens persistent ones.
    fn load(&mut self, client: &Client, key: ObjectKey) -> Opened {
        if let Some(object) = self.objects.find(&key) {
            return Ok(object);
        }
        let stored = self.file.load(&key).map_err(|cause| {
            // Of a disk that fails the operator knows already.
            if self.state == DiskState::Good {
                error!(object = %key, %cause, "shared object not loaded");
            }
            ObjectError::Store(cause.to_string().into())
        })?;
        if stored.is_none()
            && let Some(full) = self.file.full(&key)
        {
            self.counters.store_full(full);
            return Err(ObjectError::StoreFull);
        }
        let stored = stored.unwrap_or_else(|| self.file.blank());
        Ok(self.objects.open_for(client, key, Some(stored))?)
    }

    fn save(&mut self) {
        let objects: Vec<_> = self.unsaved.values().collect();
        let saved = if objects.is_empty() {
            Ok(HashMap::new())
        } else {
            self.file.save(&objects)
        };
        let outcome = match saved {
            Ok(left_out) => {
                self.note_left_out(&left_out);
                if self.state == DiskState::Failing {
                    info!("shared objects are written again");
                    self.state = DiskState::Good;
                }
                self.unsaved.retain(|key, _| left_out.contains_key(key));
                self.left_out = left_out;
                self.due = None;
                if self.left_out.is_empty() {
                    Ok(())
                } else {
                    Err(ObjectError::StoreFull)
                }
            }
            Err(cause) => {
                if self.state == DiskState::Good {
                    error!(%cause, objects = objects.len(), "shared objects not written; tried again until it works");
                    self.state = DiskState::Failing;
                }
                self.due = Some(after(OBJECT_SAVE_RETRY));
                Err(ObjectError::Store(cause.to_string().into()))
            }
        };
        for flush in self.flushes.drain(..) {
            // Nobody may wait for it any more.
            flush.send(outcome.clone()).unwrap_or_default();
        }
    }

    /// Counts and tells those that were not left out before.
    fn note_left_out(&self, left_out: &HashMap<ObjectKey, Full>) {
        let mut count = 0_usize;
        for (key, full) in left_out {
            if !self.left_out.contains_key(key) {
                count = count.saturating_add(1);
                self.counters.store_full(*full);
                debug!(object = %key, limit = full.key(), "shared object not written: no room");
            }
        }
        if count > 0 {
            warn!(
                count,
                "the store has no room for what has changed in shared objects: it stays in memory until there is"
            );
        }
    }
}

/// What becomes of changes that cannot be written at the end.
const LOST: &str = "their newest changes are lost";

fn after(span: std::time::Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(span).unwrap_or(now)
}
