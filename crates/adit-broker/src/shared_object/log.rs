//! The updates of one object and the places of its members in them.
//!
//! ```text
//!   base                                          head
//!    ▼                                             ▼
//!    [ update 3 members │ update │ update 1 member ]  97 members have all
//! ```
//!
//! An update is stored once. Each entry counts the members that need it next, so that what nobody
//! needs goes at once, without looking at all members. A member whose entry had to go because of the
//! limits is lost: it gets all slots instead. What concerns one member only waits with that member,
//! at its place among the updates.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

use super::update::{MemberId, Update};
use crate::limits::ObjectLimits;

type Position = u64;

#[derive(Debug)]
pub(crate) struct Log<V> {
    entries: VecDeque<Entry<V>>,
    base: Position,
    bytes: usize,
    /// Members that have everything.
    at_head: usize,
    members: HashMap<MemberId, Reader<V>>,
    limits: ObjectLimits,
}

#[derive(Debug)]
struct Entry<V> {
    update: Arc<Update<V>>,
    /// Members that need it next.
    readers: usize,
}

#[derive(Debug)]
struct Reader<V> {
    /// What it needs next; `None` when it got too far behind to have one.
    place: Option<Position>,
    /// What concerns it alone, each to be told before the update of that place.
    own: VecDeque<(Position, Arc<Update<V>>)>,
    waker: Option<Waker>,
    /// See [`Author`](super::step::Author).
    trusted_from: u32,
}

/// What a member gets next.
#[derive(Debug)]
pub(crate) enum Next<V> {
    Update(Arc<Update<V>>),
    /// Nothing for now.
    Nothing,
    /// It is lost.
    Lost,
}

impl<V> Log<V> {
    pub(crate) fn new(limits: ObjectLimits) -> Self {
        Self {
            entries: VecDeque::new(),
            base: 0,
            bytes: 0,
            at_head: 0,
            members: HashMap::new(),
            limits,
        }
    }

    pub(crate) fn members(&self) -> usize {
        self.members.len()
    }

    /// A member that has everything up to now.
    pub(crate) fn join(&mut self, id: MemberId, trusted_from: u32) {
        let reader = Reader {
            place: Some(self.head()),
            own: VecDeque::new(),
            waker: None,
            trusted_from,
        };
        self.members.insert(id, reader);
        self.at_head = self.at_head.saturating_add(1);
    }

    /// The member is gone; its waker is for the caller to drop.
    pub(crate) fn leave(&mut self, id: MemberId) -> Option<Waker> {
        let reader = self.members.remove(&id)?;
        self.count_out(reader.place);
        self.trim();
        reader.waker
    }

    /// See [`Author`](super::step::Author). `None` when the member is gone.
    pub(crate) fn trusted_from(&mut self, id: MemberId) -> Option<&mut u32> {
        let reader = self.members.get_mut(&id)?;
        Some(&mut reader.trusted_from)
    }

    /// Appends an update for all members.
    pub(crate) fn append(&mut self, update: Update<V>, wakers: &mut Vec<Waker>) {
        self.bytes = self.bytes.saturating_add(update.bytes);
        self.entries.push_back(Entry {
            update: Arc::new(update),
            readers: std::mem::take(&mut self.at_head),
        });
        self.trim();
        wakers.extend(self.members.values_mut().filter_map(|it| it.waker.take()));
    }

    /// Appends an update for one member.
    pub(crate) fn append_own(&mut self, id: MemberId, update: Update<V>, wakers: &mut Vec<Waker>) {
        let head = self.head();
        let Some(reader) = self.members.get_mut(&id) else {
            return;
        };
        let Some(place) = reader.place else { return };
        if reader.own.len() < self.limits.lag.count {
            reader.own.push_back((head, Arc::new(update)));
        } else {
            reader.own.clear();
            reader.place = None;
            self.count_out(Some(place));
            self.trim();
        }
        let reader = self.members.get_mut(&id);
        wakers.extend(reader.and_then(|reader| reader.waker.take()));
    }

    /// What the member gets next.
    pub(crate) fn next(&mut self, id: MemberId) -> Next<V> {
        let base = self.base;
        let Some(reader) = self.members.get_mut(&id) else {
            return Next::Nothing;
        };
        let Some(place) = reader.place.filter(|place| *place >= base) else {
            return Next::Lost;
        };
        if reader
            .own
            .front()
            .is_some_and(|(before, _)| *before <= place)
        {
            let own = reader.own.pop_front();
            return own.map_or(Next::Nothing, |(_, update)| Next::Update(update));
        }
        let Some(entry) = self.entry(place) else {
            return Next::Nothing;
        };
        let update = Arc::clone(&entry.update);
        self.count_out(Some(place));
        self.move_to(id, place.saturating_add(1));
        self.trim();
        Next::Update(update)
    }

    /// A lost member has everything again, by other means. What it changed before `trusted_from` came
    /// to it may be undone by that.
    pub(crate) fn find(&mut self, id: MemberId, trusted_from: u32) {
        if let Some(reader) = self.members.get_mut(&id) {
            reader.own.clear();
            reader.trusted_from = trusted_from;
            self.move_to(id, self.head());
        }
    }

    /// Wakes the member at the next update; gives the waker it had, for the caller to drop.
    pub(crate) fn arm(&mut self, id: MemberId, waker: Waker) -> Option<Waker> {
        self.members.get_mut(&id)?.waker.replace(waker)
    }

    fn head(&self) -> Position {
        let len = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        self.base.saturating_add(len)
    }

    fn index(&self, place: Position) -> Option<usize> {
        usize::try_from(place.checked_sub(self.base)?).ok()
    }

    fn entry(&self, place: Position) -> Option<&Entry<V>> {
        self.entries.get(self.index(place)?)
    }

    fn move_to(&mut self, id: MemberId, place: Position) {
        if let Some(reader) = self.members.get_mut(&id) {
            reader.place = Some(place);
        }
        let index = self.index(place);
        let readers = match index.and_then(|index| self.entries.get_mut(index)) {
            Some(entry) => &mut entry.readers,
            None => &mut self.at_head,
        };
        *readers = readers.saturating_add(1);
    }

    /// A member does not need any more what it needed next.
    fn count_out(&mut self, place: Option<Position>) {
        let Some(index) = place.and_then(|place| self.index(place)) else {
            return;
        };
        let readers = match self.entries.get_mut(index) {
            Some(entry) => &mut entry.readers,
            None => &mut self.at_head,
        };
        *readers = readers.saturating_sub(1);
    }

    /// Lets go of what nobody needs, and of what is beyond the limits. The newest update stays for
    /// those who need it, however large it is.
    fn trim(&mut self) {
        while let Some(oldest) = self.entries.front() {
            let is_within = self.entries.len() <= self.limits.lag.count
                && (self.bytes <= self.limits.lag.bytes || self.entries.len() == 1);
            if oldest.readers > 0 && is_within {
                break;
            }
            self.bytes = self.bytes.saturating_sub(oldest.update.bytes);
            self.entries.pop_front();
            self.base = self.base.saturating_add(1);
        }
    }

    /// How many updates are kept.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.entries.len()
    }
}
