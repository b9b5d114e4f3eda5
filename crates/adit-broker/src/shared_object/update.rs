//! What members are told.

use std::sync::Arc;

use bytes::Bytes;

use super::content::Changes;
use super::request::Refusal;

/// Names one member among all members of all objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct MemberId(pub(crate) u64);

/// One step of an object, stored once for all its members.
#[derive(Debug)]
pub(crate) struct Update<V> {
    pub(crate) version: u32,
    pub(crate) changes: Vec<Change<V>>,
    pub(crate) bytes: usize,
    forms: std::sync::Mutex<Vec<(u64, Bytes)>>,
}

/// One change and the member who asked for it, if it was not the server.
#[derive(Clone, Debug)]
pub(crate) struct Change<V> {
    pub(crate) by: Option<MemberId>,
    pub(crate) what: What<V>,
}

#[derive(Debug)]
pub(crate) enum What<V> {
    /// A slot has a new value.
    Set {
        slot: Arc<str>,
        value: Arc<V>,
        /// How the one who set it is told.
        answer: Answer,
    },
    /// A slot was set to nothing.
    Unset { slot: Arc<str> },
    /// A slot was removed.
    Removed { slot: Arc<str> },
    /// All slots were removed.
    Cleared,
    /// A message to all.
    Sent {
        handler: Arc<str>,
        arguments: Arc<[V]>,
    },
    /// To its author only: the slot already was what it was to be.
    Confirmed { slot: Arc<str> },
    /// To its author only: the slot is still this, whatever was asked for.
    Kept {
        slot: Arc<str>,
        value: Option<Arc<V>>,
    },
    /// To its author only: this is why.
    Refused { why: Refusal },
}

/// How the one who set a slot is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// That it was accepted.
    Success,
    /// The value: on its way to the author there may be something that undoes its own copy.
    Value,
}

impl<V> Clone for What<V> {
    fn clone(&self) -> Self {
        match self {
            Self::Set {
                slot,
                value,
                answer,
            } => Self::Set {
                slot: Arc::clone(slot),
                value: Arc::clone(value),
                answer: *answer,
            },
            Self::Unset { slot } => Self::Unset {
                slot: Arc::clone(slot),
            },
            Self::Removed { slot } => Self::Removed {
                slot: Arc::clone(slot),
            },
            Self::Cleared => Self::Cleared,
            Self::Sent { handler, arguments } => Self::Sent {
                handler: Arc::clone(handler),
                arguments: Arc::clone(arguments),
            },
            Self::Confirmed { slot } => Self::Confirmed {
                slot: Arc::clone(slot),
            },
            Self::Kept { slot, value } => Self::Kept {
                slot: Arc::clone(slot),
                value: value.clone(),
            },
            Self::Refused { why } => Self::Refused { why: *why },
        }
    }
}

impl<V> What<V> {
    /// Whether it concerns others than its author.
    pub(crate) const fn is_public(&self) -> bool {
        !matches!(
            self,
            Self::Confirmed { .. } | Self::Kept { .. } | Self::Refused { .. }
        )
    }

    /// Why something was refused.
    pub(crate) const fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { why } => Some(*why),
            _ => None,
        }
    }

    /// What a member is told of it.
    fn notice(&self, is_author: bool) -> Option<Notice<'_, V>> {
        Some(match self {
            Self::Set {
                slot,
                answer: Answer::Success,
                ..
            }
            | Self::Unset { slot }
                if is_author =>
            {
                Notice::Success { slot }
            }
            Self::Set { slot, value, .. } => Notice::Change { slot, value },
            Self::Unset { slot } | Self::Removed { slot } => Notice::Remove { slot },
            Self::Cleared => Notice::Clear,
            Self::Sent { handler, arguments } => Notice::Message { handler, arguments },
            Self::Confirmed { slot } if is_author => Notice::Success { slot },
            Self::Kept { slot, value } if is_author => match value {
                Some(value) => Notice::Change { slot, value },
                None => Notice::Remove { slot },
            },
            Self::Refused { why } if is_author => Notice::Refused { why: *why },
            Self::Confirmed { .. } | Self::Kept { .. } | Self::Refused { .. } => return None,
        })
    }
}

impl<V> Update<V> {
    pub(crate) const fn new(version: u32, changes: Vec<Change<V>>, bytes: usize) -> Self {
        Self {
            version,
            changes,
            bytes,
            forms: std::sync::Mutex::new(Vec::new()),
        }
    }
}

/// What [`Member::poll_next`](super::Member::poll_next) hands out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Delivery<V> {
    /// The member uses the object from now on: the first delivery, once.
    Joined(Changes<V>),
    /// The member was too slow and missed updates: all slots as they are now.
    Resynced(Changes<V>),
    /// What happened next.
    Update(MemberUpdate<V>),
}

/// One update of an object, as one member is told of it.
#[derive(Debug)]
pub struct MemberUpdate<V> {
    pub(crate) update: Arc<Update<V>>,
    pub(crate) member: MemberId,
}

impl<V> Clone for MemberUpdate<V> {
    fn clone(&self) -> Self {
        Self {
            update: Arc::clone(&self.update),
            member: self.member,
        }
    }
}

impl<V> MemberUpdate<V> {
    /// The version of the object with this update.
    pub fn version(&self) -> u32 {
        self.update.version
    }

    /// What to tell, in order; never empty.
    pub fn notices(&self) -> impl Iterator<Item = Notice<'_, V>> {
        let changes = self.update.changes.iter();
        changes.filter_map(|change| change.what.notice(change.by == Some(self.member)))
    }

    /// Whether the member is told what all members are told that asked for nothing of it.
    pub fn is_for_all(&self) -> bool {
        let mut changes = self.update.changes.iter();
        changes.all(|change| change.by != Some(self.member))
    }

    /// The encoded form for `key`. Where the update [is for all](Self::is_for_all) it is made once
    /// and shared by the members that ask for the same key, up to four keys; else it is made anew.
    ///
    /// The same key must always mean the same form: it says all that the encoding depends on besides
    /// the notices and the object.
    pub fn form(&self, key: u64, encode: impl FnOnce() -> Bytes) -> Bytes {
        if !self.is_for_all() {
            return encode();
        }
        let forms = || {
            let forms = self.update.forms.lock();
            forms.unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        let find = |forms: &[(u64, Bytes)]| {
            let found = forms.iter().find(|(known, _)| *known == key);
            found.map(|(_, form)| form.clone())
        };
        if let Some(form) = find(&forms()) {
            return form;
        }
        // Outside the lock: two members may encode the same, and one is kept.
        let form = encode();
        let mut forms = forms();
        if find(&forms).is_none() && forms.len() < crate::limits::FORMS_PER_FRAME {
            forms.push((key, form.clone()));
        }
        form
    }
}

/// One thing a member is told; each is one event of a shared object message.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice<'a, V> {
    /// Its own change of the slot is accepted.
    Success {
        /// The slot.
        slot: &'a str,
    },
    /// The slot has this value: somebody else's change, or the answer to one of its own that was not
    /// accepted or crossed another one.
    Change {
        /// The slot.
        slot: &'a str,
        /// Its value.
        value: &'a V,
    },
    /// The slot is gone.
    Remove {
        /// The slot.
        slot: &'a str,
    },
    /// All slots are gone.
    Clear,
    /// A message to all, the sender included.
    Message {
        /// The method to call.
        handler: &'a str,
        /// Its arguments.
        arguments: &'a [V],
    },
    /// Something it asked for is refused; what its copy of the slots has to undo stands beside it.
    Refused {
        /// Why.
        why: Refusal,
    },
}
