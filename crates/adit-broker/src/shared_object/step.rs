//! Requests applied to the slots of an object: what comes of each, and for whom.
//!
//! The copy of an ordinary client takes its own changes at once, and later whatever it is told. So
//! two things must hold for it to end up like the object:
//!
//! * A slot that somebody else has changed since the client last heard of it stays as it is, and the
//!   client is told its value again.
//! * A change of its own is answered by success only if nothing is under way to the client that undoes
//!   it there; else it is answered by the value.

use std::sync::Arc;

use super::content::Content;
use super::request::{Batch, Permission, Refusal, Request};
use super::update::{Answer, Change, MemberId, Update, What};

/// The changes of the step under way.
#[derive(Debug)]
pub(crate) struct Step<V> {
    changes: Vec<Change<V>>,
    bytes: usize,
    /// Whether slots have changed, and with them the version.
    has_changed: bool,
}

/// Who asks.
#[derive(Debug)]
pub(crate) struct Author<'a> {
    /// `None` is the server.
    pub(crate) member: Option<MemberId>,
    /// What the author knew when it asked.
    pub(crate) based_on: Option<u32>,
    /// A change based on an older version than this is answered by the value.
    pub(crate) trusted_from: &'a mut u32,
}

impl Author<'_> {
    /// Whether nothing is under way to the author that it did not know when it asked.
    fn is_trusted(&self) -> bool {
        self.based_on
            .is_none_or(|version| version >= *self.trusted_from)
    }

    /// What the author is told now may undo changes that it makes before it hears of it.
    fn doubt<V>(&mut self, content: &Content<V>) {
        *self.trusted_from = content.next_version();
    }
}

impl<V> Default for Step<V> {
    fn default() -> Self {
        Self {
            changes: Vec::new(),
            bytes: 0,
            has_changed: false,
        }
    }
}

impl<V: PartialEq> Step<V> {
    /// Applies all of a batch.
    pub(crate) fn apply(
        &mut self,
        content: &mut Content<V>,
        author: &mut Author<'_>,
        batch: Batch<V>,
    ) {
        let denied = match batch.write {
            Permission::Granted => None,
            Permission::Denied => Some(Refusal::NoWriteAccess),
        };
        for request in batch.requests {
            match denied {
                None => self.request(content, author, request),
                Some(why) => self.deny(content, author, &request, why),
            }
        }
    }

    /// Applies one request.
    pub(crate) fn request(
        &mut self,
        content: &mut Content<V>,
        author: &mut Author<'_>,
        request: Request<V>,
    ) {
        match request {
            Request::Set { slot, value, size } => self.set(content, author, &slot, value, size),
            Request::Unset { slot } => self.unset(content, author, &slot),
            Request::Remove { slot } => {
                if let Some(slot) = content.remove(&slot, author.member) {
                    author.doubt(content);
                    self.change(author, What::Removed { slot });
                } else {
                    self.keep(content, author, &slot);
                }
            }
            Request::Clear => {
                content.clear(author.member);
                author.doubt(content);
                self.change(author, What::Cleared);
            }
            Request::Send {
                handler,
                arguments,
                size,
            } => {
                if let Some(why) = content.refuses_message(&handler, size) {
                    self.refuse(author, why);
                } else {
                    self.bytes = self.bytes.saturating_add(size);
                    let (handler, arguments) = (handler.into(), arguments.into());
                    self.tell(author, What::Sent { handler, arguments });
                }
            }
        }
    }

    fn set(
        &mut self,
        content: &mut Content<V>,
        author: &mut Author<'_>,
        slot: &str,
        value: V,
        size: usize,
    ) {
        if is_overtaken(content, author, slot) {
            return self.keep(content, author, slot);
        }
        let is_trusted = author.is_trusted();
        if content.value(slot).is_some_and(|old| **old == value) {
            return self.confirm(content, author, slot);
        }
        let value = Arc::new(value);
        match content.set(slot, Arc::clone(&value), size, author.member) {
            Ok(slot) => {
                let answer = if is_trusted {
                    Answer::Success
                } else {
                    author.doubt(content);
                    Answer::Value
                };
                self.bytes = self.bytes.saturating_add(size);
                self.change(
                    author,
                    What::Set {
                        slot,
                        value,
                        answer,
                    },
                );
            }
            Err(why) => {
                self.refuse(author, why);
                self.keep(content, author, slot);
            }
        }
    }

    fn unset(&mut self, content: &mut Content<V>, author: &mut Author<'_>, slot: &str) {
        if is_overtaken(content, author, slot) {
            return self.keep(content, author, slot);
        }
        let Some(slot) = content.remove(slot, author.member) else {
            return self.confirm(content, author, slot);
        };
        if author.is_trusted() {
            self.change(author, What::Unset { slot });
        } else {
            author.doubt(content);
            self.change(author, What::Removed { slot });
        }
    }

    /// Tells the author that a slot is what it asked for.
    fn confirm(&mut self, content: &Content<V>, author: &mut Author<'_>, slot: &str) {
        if author.is_trusted() {
            let slot = slot.into();
            self.tell(author, What::Confirmed { slot });
        } else {
            self.keep(content, author, slot);
        }
    }

    /// Does nothing of a request, and tells its author how things are.
    pub(crate) fn deny(
        &mut self,
        content: &Content<V>,
        author: &mut Author<'_>,
        request: &Request<V>,
        why: Refusal,
    ) {
        self.refuse(author, why);
        match request {
            Request::Set { slot, .. } | Request::Unset { slot } | Request::Remove { slot } => {
                self.keep(content, author, slot);
            }
            Request::Clear => {
                // It undoes also what its author has set and what still waits for a lock.
                author.doubt(content);
                for slot in content.names() {
                    self.keep(content, author, slot);
                }
            }
            Request::Send { .. } => {}
        }
    }

    /// Tells the author the value of a slot.
    fn keep(&mut self, content: &Content<V>, author: &mut Author<'_>, slot: &str) {
        author.doubt(content);
        let value = content.value(slot).cloned();
        let slot = slot.into();
        self.tell(author, What::Kept { slot, value });
    }

    /// Tells the author once why.
    fn refuse(&mut self, author: &Author<'_>, why: Refusal) {
        let is_told = self.changes.iter().any(|change| {
            let is_same = matches!(change.what, What::Refused { why: told } if told == why);
            is_same && change.by == author.member
        });
        if !is_told {
            self.tell(author, What::Refused { why });
        }
    }

    fn change(&mut self, author: &Author<'_>, what: What<V>) {
        self.has_changed = true;
        self.tell(author, what);
    }

    fn tell(&mut self, author: &Author<'_>, what: What<V>) {
        // The server needs no answers.
        if author.member.is_some() || what.is_public() {
            self.bytes = self.bytes.saturating_add(CHANGE_BYTES);
            let by = author.member;
            self.changes.push(Change { by, what });
        }
    }

    /// Ends the step. Gives what is to be told, if anything is, and whether slots have changed.
    pub(crate) fn end(&mut self, content: &mut Content<V>) -> Option<(Update<V>, bool)> {
        let step = std::mem::take(self);
        if step.has_changed {
            content.end_step();
        }
        let update = Update::new(content.version(), step.changes, step.bytes);
        (!update.changes.is_empty()).then_some((update, step.has_changed))
    }
}

/// Whether somebody else has changed a slot since its author last heard of it.
fn is_overtaken<V>(content: &Content<V>, author: &Author<'_>, slot: &str) -> bool {
    let mark = content.mark(slot);
    author
        .based_on
        .is_some_and(|version| mark.version > version)
        && mark.by != author.member
}

/// What a change takes in memory besides its value, about.
const CHANGE_BYTES: usize = 128;
