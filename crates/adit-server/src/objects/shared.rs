//! Shared objects as applications see them.

use std::collections::VecDeque;
use std::future::poll_fn;

use adit_amf::amf0::Value;
use adit_broker::shared_object::{
    self as broker, Changes, Delivery, JoinError, Joining, Member, MemberUpdate, Notice,
    Permission, Request,
};

use super::value::{Reads, Stored, ValueError};
use super::{ObjectError, Objects};

/// An application's hold on a shared object: as long as there is one, the object is there. A clone is one more hold.
///
/// What an application does reaches all members in the order in which it happens. Only the limits refuse it (`so.props`,
/// `so.slot_value`, `so.bytes`): the object then stays as it is, and the limit is counted.
#[derive(Clone, Debug)]
pub struct SharedObject {
    object: broker::SharedObject<Stored>,
    objects: Objects,
}

impl SharedObject {
    pub(super) const fn new(objects: Objects, object: broker::SharedObject<Stored>) -> Self {
        Self { object, objects }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.object.key().place().name()
    }

    /// The value of a slot.
    pub fn get(&self, slot: &str) -> Option<Value> {
        let value = self.object.value(slot)?;
        Some(value.value(Reads::Amf3))
    }

    /// All slots, by name.
    pub fn slots(&self) -> Vec<(String, Value)> {
        all(self.object.all())
    }

    /// Sets a slot; null removes it.
    ///
    /// # Errors
    /// AMF cannot express the value, or no member would read it.
    pub fn set(&self, slot: &str, value: impl Into<Value>) -> Result<(), ValueError> {
        let value = value.into();
        if value.is_null() {
            self.remove(slot);
            return Ok(());
        }
        let value = Stored::one(&value)?;
        self.object.act(Request::Set {
            slot: slot.into(),
            size: value.len(),
            value,
        });
        Ok(())
    }

    /// Removes a slot.
    pub fn remove(&self, slot: &str) {
        self.object.act(Request::Remove { slot: slot.into() });
    }

    /// Removes all slots.
    pub fn clear(&self) {
        self.object.act(Request::Clear);
    }

    /// Calls a method at every member.
    ///
    /// # Errors
    /// AMF cannot express an argument, or no member would read it.
    pub fn send(&self, handler: &str, arguments: &[Value]) -> Result<(), ValueError> {
        let arguments = Stored::all(arguments)?;
        self.object.act(Request::Send {
            handler: handler.into(),
            size: arguments.len(),
            arguments: vec![arguments],
        });
        Ok(())
    }

    /// Keeps changes of members waiting until the guard, and every other one, is dropped: then they follow what the application has
    /// done, and all of it is one step of the object and one message for each member. Not to be held for long.
    pub fn lock(&self) -> ObjectLock {
        ObjectLock {
            _lock: self.object.lock(),
        }
    }

    /// Forgets the slots that were removed before this version: members that come back with an older one get all slots.
    pub fn purge(&self, version: u32) {
        self.object.purge(version);
    }

    /// How many versions a member that comes back may be behind and still get only what has changed; `None`, as in the beginning:
    /// any number.
    pub fn set_resync_depth(&self, depth: Option<u32>) {
        self.object.set_resync_depth(depth);
    }

    /// Its version: it begins with 1 and grows by one with each step that changes slots.
    pub fn version(&self) -> u32 {
        self.object.version()
    }

    /// How many members it has, those that watch included.
    pub fn members(&self) -> usize {
        self.object.members()
    }

    /// Writes a persistent object, and all others that have changed; a temporary one has nothing to write. It is on the disk when
    /// this is over.
    ///
    /// # Errors
    /// It cannot be written now; it is tried again without being asked.
    pub async fn flush(&self) -> Result<(), ObjectError> {
        self.objects.flush().await
    }

    /// Watches what happens to it from now on, beginning with all its slots.
    pub fn watch(&self) -> Watch {
        let client = self.objects.0.registry.unlimited_client();
        let joining = Joining {
            known: 0,
            read: Permission::Granted,
        };
        let (member, news) = match self.object.join(&client, joining) {
            Ok(member) => (Some(member), VecDeque::new()),
            // It may read, and has no limit.
            Err(JoinError::NoReadAccess | _) => (None, VecDeque::new()),
        };
        Watch { member, news }
    }
}

/// Keeps a shared object locked; see [`SharedObject::lock`].
#[derive(Debug)]
#[must_use = "the object is locked only as long as this lives"]
pub struct ObjectLock {
    _lock: broker::Lock<Stored>,
}

/// Somebody who watches an object; made by [`SharedObject::watch`]. It is a member and holds the object.
#[derive(Debug)]
pub struct Watch {
    member: Option<Member<Stored>>,
    news: VecDeque<ObjectNews>,
}

/// What happened to an object.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ObjectNews {
    /// All its slots: in the beginning, and when the watcher was too slow and missed something.
    All(Vec<(String, Value)>),
    /// A slot has this value.
    Changed {
        /// The slot.
        slot: String,
        /// Its value.
        value: Value,
    },
    /// A slot is gone.
    Removed {
        /// The slot.
        slot: String,
    },
    /// All slots are gone.
    Cleared,
    /// A message to all members.
    Message {
        /// The method.
        handler: String,
        /// Its arguments.
        arguments: Vec<Value>,
    },
}

impl Watch {
    /// What happened next. Cancel-safe.
    pub async fn next(&mut self) -> ObjectNews {
        loop {
            if let Some(news) = self.news.pop_front() {
                return news;
            }
            let Some(member) = &mut self.member else {
                return std::future::pending().await;
            };
            match poll_fn(|cx| member.poll_next(cx)).await {
                Delivery::Joined(changes) | Delivery::Resynced(changes) => {
                    return ObjectNews::All(all(changes));
                }
                Delivery::Update(update) => self.news.extend(news(&update)),
                _ => {}
            }
        }
    }
}

fn all(changes: Changes<Stored>) -> Vec<(String, Value)> {
    let slots = changes.slots.into_iter();
    slots
        .map(|slot| (slot.name.as_ref().to_owned(), slot.value.value(Reads::Amf3)))
        .collect()
}

fn news(update: &MemberUpdate<Stored>) -> impl Iterator<Item = ObjectNews> {
    update.notices().filter_map(|notice| match notice {
        Notice::Change { slot, value } => Some(ObjectNews::Changed {
            slot: slot.to_owned(),
            value: value.value(Reads::Amf3),
        }),
        Notice::Remove { slot } => Some(ObjectNews::Removed {
            slot: slot.to_owned(),
        }),
        Notice::Clear => Some(ObjectNews::Cleared),
        Notice::Message { handler, arguments } => Some(ObjectNews::Message {
            handler: handler.to_owned(),
            arguments: arguments
                .iter()
                .flat_map(|all| all.values(Reads::Amf3))
                .collect(),
        }),
        // It asks for nothing.
        _ => None,
    })
}
