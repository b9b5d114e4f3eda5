//! What members are told, as messages.

use adit_amf::Text;
use adit_broker::shared_object::{ChangedSlot, Changes, Extent, MemberUpdate, Notice};
use adit_rtmp::command::StatusCode;
use adit_rtmp::message::MessageKind;
use adit_rtmp::shared_object::{EncodeError, Event, Flags, SharedObjectMessage};
use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};

use super::value::{Reads, Stored};
use crate::limits::{OBJECT_MESSAGE_BYTES, OBJECT_MESSAGE_EVENTS};

/// How a member is spoken to: as it spoke when it asked to use the object.
#[derive(Clone, Debug)]
pub(super) struct Addressee {
    pub(super) name: Text,
    pub(super) kind: MessageKind,
    pub(super) flags: Flags,
}

impl Addressee {
    fn reads(&self) -> Reads {
        match self.kind {
            MessageKind::SharedObjectAmf3 => Reads::Amf3,
            _ => Reads::Amf0,
        }
    }

    /// Whether it is about the same object of the same client.
    pub(super) fn is_same_object(&self, other: &Self) -> bool {
        self.name == other.name && self.flags.persistence() == other.flags.persistence()
    }

    /// All that the form of an update depends on beside the update and the object.
    fn form_key(&self) -> u64 {
        let reads = match self.reads() {
            Reads::Amf0 => 0,
            Reads::Amf3 => 1 << 32,
        };
        reads | u64::from(self.flags.bits())
    }

    /// The bodies of a message with these events.
    pub(super) fn bodies(
        &self,
        version: u32,
        events: Vec<Event>,
    ) -> Result<Vec<Bytes>, EncodeError> {
        let mut message = SharedObjectMessage::new(self.name.clone(), self.flags.persistence());
        message.version = version;
        message.flags = self.flags;
        message.events = events;
        message.encode(self.kind)
    }

    /// What a member is told of a small update: encoded once for all that are told the same.
    pub(super) fn update(&self, update: &MemberUpdate<Stored>) -> Vec<Bytes> {
        let form = update.form(self.form_key(), || {
            let events = update.notices().map(|notice| self.event(&notice));
            let bodies = self.bodies(update.version(), events.collect());
            joined(&bodies.unwrap_or_default())
        });
        parted(form)
    }

    fn event(&self, notice: &Notice<'_, Stored>) -> Event {
        match notice {
            Notice::Success { slot } => Event::Success {
                key: Text::from(*slot),
            },
            Notice::Change { slot, value } => self.change(slot, value),
            Notice::Remove { slot } => Event::Remove {
                key: Text::from(*slot),
            },
            Notice::Clear => Event::Clear,
            Notice::Message { handler, arguments } => Event::Message {
                handler: Text::from(*handler),
                arguments: arguments
                    .iter()
                    .flat_map(|all| all.values(self.reads()))
                    .collect(),
            },
            // Whatever the reason: no other code means that a change was refused.
            _ => Event::status(StatusCode::SharedObjectNoWriteAccess),
        }
    }

    fn change(&self, slot: &str, value: &Stored) -> Event {
        Event::change(Text::from(slot), value.value(self.reads()))
    }
}

/// Several bodies in one buffer, each behind its length.
fn joined(bodies: &[Bytes]) -> Bytes {
    let mut all = BytesMut::new();
    for body in bodies {
        all.put_u64(u64::try_from(body.len()).unwrap_or_default());
        all.put_slice(body);
    }
    all.freeze()
}

fn parted(mut all: Bytes) -> Vec<Bytes> {
    let mut bodies = Vec::new();
    while let Ok(length) = all.try_get_u64() {
        let length = usize::try_from(length).unwrap_or_default();
        bodies.push(all.split_to(length.min(all.len())));
    }
    bodies
}

/// Something that takes several messages, made one by one as the member reads them.
#[derive(Debug)]
pub(super) enum Sending {
    /// All slots, or what has changed while a client was away.
    State {
        /// What stands before the slots.
        opening: Vec<Event>,
        version: u32,
        rest: std::vec::IntoIter<Part>,
    },
    /// A large update.
    Update {
        update: MemberUpdate<Stored>,
        /// How many of its notices were told.
        told: usize,
    },
}

/// A slot or what remains of one.
#[derive(Debug)]
pub(super) enum Part {
    Slot(ChangedSlot<Stored>),
    Removed(std::sync::Arc<str>),
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Self::Slot(slot) => slot.value.len(),
            Self::Removed(_) => 0,
        }
    }

    fn event(&self, to: &Addressee) -> Event {
        match self {
            Self::Slot(slot) => to.change(&slot.name, &slot.value),
            Self::Removed(name) => Event::Remove {
                key: Text::from(&**name),
            },
        }
    }
}

impl Sending {
    /// To one who uses the object from now on.
    pub(super) fn joined(changes: Changes<Stored>) -> Self {
        Self::state(vec![Event::UseSuccess], changes)
    }

    /// To one who was too slow.
    pub(super) fn resynced(changes: Changes<Stored>) -> Self {
        Self::state(Vec::new(), changes)
    }

    fn state(mut opening: Vec<Event>, changes: Changes<Stored>) -> Self {
        let mut parts = Vec::new();
        match changes.extent {
            Extent::All => opening.push(Event::Clear),
            Extent::Changed => {
                let removed = changes.removed.into_iter();
                parts.extend(removed.map(|(name, _)| Part::Removed(name)));
            }
        }
        parts.extend(changes.slots.into_iter().map(Part::Slot));
        Self::State {
            opening,
            version: changes.version,
            rest: parts.into_iter(),
        }
    }

    /// An update that is sent in parts; `None` when it is small.
    pub(super) fn large(update: &MemberUpdate<Stored>) -> Option<Self> {
        let (mut events, mut bytes) = (0_usize, 0_usize);
        for notice in update.notices() {
            events = events.saturating_add(1);
            bytes = bytes.saturating_add(size(&notice));
        }
        let is_large = events > OBJECT_MESSAGE_EVENTS || bytes > OBJECT_MESSAGE_BYTES;
        is_large.then(|| Self::Update {
            update: update.clone(),
            told: 0,
        })
    }

    /// The next messages; `None` when there are no more.
    pub(super) fn next(&mut self, to: &Addressee) -> Option<Vec<Bytes>> {
        let mut portion = Portion::default();
        let version = match self {
            Self::State {
                opening,
                version,
                rest,
            } => {
                portion.events.append(opening);
                while let Some(part) = rest.as_slice().first()
                    && portion.has_room(part.len())
                {
                    portion.add(part.len(), part.event(to));
                    rest.next();
                }
                *version
            }
            Self::Update { update, told } => {
                for notice in update.notices().skip(*told) {
                    if !portion.has_room(size(&notice)) {
                        break;
                    }
                    portion.add(size(&notice), to.event(&notice));
                    *told = told.saturating_add(1);
                }
                update.version()
            }
        };
        if portion.events.is_empty() {
            return None;
        }
        Some(to.bodies(version, portion.events).unwrap_or_default())
    }
}

/// Events that go together.
#[derive(Default)]
struct Portion {
    events: Vec<Event>,
    bytes: usize,
}

impl Portion {
    /// One always fits.
    fn has_room(&self, bytes: usize) -> bool {
        self.bytes == 0
            || (self.events.len() < OBJECT_MESSAGE_EVENTS
                && self.bytes.saturating_add(bytes) <= OBJECT_MESSAGE_BYTES)
    }

    fn add(&mut self, bytes: usize, event: Event) {
        self.bytes = self.bytes.saturating_add(bytes).max(1);
        self.events.push(event);
    }
}

fn size(notice: &Notice<'_, Stored>) -> usize {
    match notice {
        Notice::Change { value, .. } => value.len(),
        Notice::Message { arguments, .. } => arguments.iter().map(Stored::len).sum(),
        _ => 0,
    }
}
