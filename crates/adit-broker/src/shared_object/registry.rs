//! The map of shared objects.

use std::collections::hash_map::Entry as Place;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::budget::{Budget, Charge, Full, Pool, Shares};
use super::client::Client;
use super::content::{Changes, Continuity};
use super::key::{ObjectKey, Persistence};
use super::object::SharedObject;
use super::request::Refusal;
use super::state::State;
use super::stats::{Counters, ObjectStats};
use super::update::MemberId;
use crate::limits::ObjectLimits;

/// All shared objects of a server. A clone is the same registry.
#[derive(Debug)]
pub struct SharedObjects<V>(Arc<Registry<V>>);

impl<V> Clone for SharedObjects<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// How shared objects are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectConfig {
    /// What they may hold in memory.
    pub limits: ObjectLimits,
    /// Whether somebody stores persistent ones.
    pub store: Store,
}

/// Whether persistent objects are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Store {
    /// Nobody stores them, so there are none.
    #[default]
    Absent,
    /// Somebody takes them from [`SharedObjects::poll_unsaved`].
    Present,
}

/// Why an object cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is persistent and nobody stores such objects.
    #[error("persistent shared objects are not kept here")]
    NoStore,
    /// There are too many (`so.total`).
    #[error("there are too many shared objects")]
    TooMany,
    /// There are too many of the application (`so.app_total`).
    #[error("there are too many shared objects of this application")]
    TooManyOfApplication,
    /// There are too many that were opened from one address (`so.ip_total`).
    #[error("there are too many shared objects that were opened from this address")]
    TooManyOfAddress,
    /// All together take as much as they may (`so.total_bytes`).
    #[error("the server has no room for more shared objects")]
    TotalBytes,
    /// Those of the application take as much as they may (`so.app_bytes`).
    #[error("the shared objects of this application take as much as they may")]
    ApplicationBytes,
    /// Those that were opened from one address take as much as they may (`so.ip_bytes`).
    #[error("the shared objects opened from this address take as much as they may")]
    AddressBytes,
}

impl From<Full> for OpenError {
    fn from(full: Full) -> Self {
        match full {
            Full::Objects(Pool::All) => Self::TooMany,
            Full::Objects(Pool::Application) => Self::TooManyOfApplication,
            Full::Objects(Pool::Address) => Self::TooManyOfAddress,
            Full::Bytes(Pool::All) => Self::TotalBytes,
            Full::Bytes(Pool::Application) => Self::ApplicationBytes,
            Full::Bytes(Pool::Address) => Self::AddressBytes,
        }
    }
}

impl<V: PartialEq> SharedObjects<V> {
    /// No object yet.
    pub fn new(config: ObjectConfig) -> Self {
        let limits = &config.limits;
        let budget = Budget::new(limits.objects, limits.objects_bytes);
        Self(Arc::new(Registry {
            config,
            budget: Arc::new(budget),
            addresses: Shares::default(),
            applications: Shares::default(),
            objects: Mutex::default(),
            unsaved: Mutex::default(),
            members: AtomicU64::new(0),
            counters: Counters::default(),
        }))
    }

    /// The object of this key, if there is one in memory.
    pub fn find(&self, key: &ObjectKey) -> Option<SharedObject<V>> {
        let mut objects = self.0.objects();
        let entry = objects.get_mut(key)?;
        entry.handles = entry.handles.saturating_add(1);
        let core = Arc::clone(&entry.core);
        drop(objects);
        Some(SharedObject::new(Arc::clone(&self.0), core))
    }

    /// The object of this key; where there is none in memory, a new one, with what a store has kept of
    /// it.
    ///
    /// Whoever loads persistent objects makes sure that nobody stores and nobody else opens the key
    /// between the loading and this call.
    ///
    /// # Errors
    /// There is no room for it, or it is persistent and nothing stores it.
    pub fn open(
        &self,
        key: ObjectKey,
        stored: Option<(Changes<V>, Continuity)>,
    ) -> Result<SharedObject<V>, OpenError> {
        self.open_for(&Client::unlimited(), key, stored)
    }

    /// As [`open`](Self::open), for a connection: as long as the object is in memory it is charged to the share of its address.
    ///
    /// # Errors
    /// The same, and that share is used up.
    pub fn open_for(
        &self,
        client: &Client,
        key: ObjectKey,
        stored: Option<(Changes<V>, Continuity)>,
    ) -> Result<SharedObject<V>, OpenError> {
        let registry = &self.0;
        let persistence = key.persistence();
        if persistence == Persistence::Persistent && registry.config.store == Store::Absent {
            return Err(OpenError::NoStore);
        }
        let limits = registry.config.limits;
        let mut objects = registry.objects();
        let entry = match objects.entry(key) {
            Place::Occupied(place) => place.into_mut(),
            Place::Vacant(place) => {
                let charge = registry.charge(client, place.key());
                let charge = charge.inspect_err(|full| registry.counters.refused.full(*full))?;
                registry.counters.opened.add(1);
                let tells_changes = persistence == Persistence::Persistent;
                let mut state = State::new(tells_changes, limits, charge);
                if let Some((stored, continuity)) = stored {
                    state.content.restore(stored, continuity);
                }
                let core = Core {
                    key: place.key().clone(),
                    state: Mutex::new(state),
                    is_unsaved: AtomicBool::new(false),
                };
                place.insert(Entry {
                    core: Arc::new(core),
                    handles: 0,
                })
            }
        };
        entry.handles = entry.handles.saturating_add(1);
        let core = Arc::clone(&entry.core);
        drop(objects);
        Ok(SharedObject::new(Arc::clone(registry), core))
    }

    /// One connection, within the limits of one.
    pub fn client(&self) -> Client {
        Client::new(&self.0.config.limits, None)
    }

    /// One connection from an address, and within what all from there may have together. What is one address, the caller
    /// decides: of an IPv6 /64 all are given as the same.
    pub fn client_at(&self, address: IpAddr) -> Client {
        let limits = &self.0.config.limits;
        let most = limits.shares;
        let shares = &self.0.addresses;
        let share = shares.of(address, most.address_objects, most.address_bytes);
        Client::new(limits, Some(share))
    }

    /// The server itself as a member: as many objects and requests as it wants.
    pub fn unlimited_client(&self) -> Client {
        Client::unlimited()
    }

    /// The next persistent object that has changed since it was handed out here; the task of the newest
    /// call is woken when there is one. It stays in memory until the handle is dropped.
    pub fn poll_unsaved(&self, cx: &Context<'_>) -> Poll<SharedObject<V>> {
        let waker = cx.waker().clone();
        let (core, old) = {
            let mut unsaved = self.0.unsaved();
            match unsaved.queue.pop_front() {
                Some(core) => (Some(core), Some(waker)),
                None => (None, unsaved.waker.replace(waker)),
            }
        };
        drop(old);
        core.map_or(Poll::Pending, |core| {
            // Before the store looks: what changes from now on is in what it sees, or comes again.
            core.is_unsaved.store(false, Ordering::SeqCst);
            // The handle of the queue goes over to the caller.
            Poll::Ready(SharedObject::new(Arc::clone(&self.0), core))
        })
    }

    /// The keys of all objects in memory, in no particular order.
    pub fn keys(&self) -> Vec<ObjectKey> {
        self.0.objects().keys().cloned().collect()
    }

    /// The numbers of all objects, those that are gone included.
    pub fn stats(&self) -> ObjectStats {
        let counters = &self.0.counters;
        ObjectStats {
            objects: self.0.objects().len(),
            bytes: self.0.budget.bytes(),
            opened: counters.opened.value(),
            joined: counters.joined.value(),
            updates: counters.updates.value(),
            lag_resyncs: counters.lag_resyncs.value(),
            throttled: counters.throttled.value(),
            refused: counters.refused.values(),
        }
    }
}

/// What the registry and all its guards share. Lock order: no two of these locks and those of objects
/// are held together.
#[derive(Debug)]
pub(crate) struct Registry<V> {
    config: ObjectConfig,
    budget: Arc<Budget>,
    addresses: Shares<IpAddr>,
    /// By virtual host and application.
    applications: Shares<(Box<str>, Box<str>)>,
    objects: Mutex<HashMap<ObjectKey, Entry<V>>>,
    unsaved: Mutex<Unsaved<V>>,
    members: AtomicU64,
    pub(crate) counters: Counters,
}

/// An object that somebody uses or holds.
#[derive(Debug)]
struct Entry<V> {
    core: Arc<Core<V>>,
    handles: usize,
}

/// One object.
#[derive(Debug)]
pub(crate) struct Core<V> {
    pub(crate) key: ObjectKey,
    state: Mutex<State<V>>,
    /// Whether it is in the queue of those to store.
    is_unsaved: AtomicBool,
}

impl<V> Core<V> {
    pub(crate) fn state(&self) -> MutexGuard<'_, State<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Objects to store; each has a handle counted for its place here.
#[derive(Debug)]
struct Unsaved<V> {
    queue: VecDeque<Arc<Core<V>>>,
    waker: Option<Waker>,
}

impl<V> Default for Unsaved<V> {
    fn default() -> Self {
        Self {
            queue: VecDeque::new(),
            waker: None,
        }
    }
}

impl<V> Registry<V> {
    /// Charges for an object that a client opens.
    fn charge(&self, client: &Client, key: &ObjectKey) -> Result<Charge, Full> {
        let place = key.place();
        let application = (place.vhost().into(), place.application().into());
        let most = self.config.limits.shares;
        let (objects, bytes) = (most.application_objects, most.application_bytes);
        let application = self.applications.of(application, objects, bytes);
        let all = (Pool::All, Arc::clone(&self.budget));
        let address = client.share().map(|share| (Pool::Address, share));
        let shares = [all, (Pool::Application, application)];
        Charge::new(shares.into_iter().chain(address))
    }

    fn objects(&self) -> MutexGuard<'_, HashMap<ObjectKey, Entry<V>>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unsaved(&self) -> MutexGuard<'_, Unsaved<V>> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn next_member(&self) -> MemberId {
        MemberId(self.members.fetch_add(1, Ordering::Relaxed))
    }

    /// Counts one more handle of an object that has one.
    pub(crate) fn hold(&self, key: &ObjectKey) {
        if let Some(entry) = self.objects().get_mut(key) {
            entry.handles = entry.handles.saturating_add(1);
        }
    }

    /// Counts one handle less; without any the object goes.
    pub(crate) fn release(&self, key: &ObjectKey) {
        let mut objects = self.objects();
        let Place::Occupied(mut place) = objects.entry(key.clone()) else {
            return;
        };
        let entry = place.get_mut();
        entry.handles = entry.handles.saturating_sub(1);
        if entry.handles == 0 {
            let gone = place.remove();
            drop(objects);
            drop(gone);
        }
    }

    /// Queues an object whose slots have changed; its caller has a handle.
    pub(crate) fn save(&self, core: &Arc<Core<V>>) {
        if core.key.persistence() == Persistence::Temporary
            || core.is_unsaved.swap(true, Ordering::SeqCst)
        {
            return;
        }
        self.hold(&core.key);
        let waker = {
            let mut unsaved = self.unsaved();
            unsaved.queue.push_back(Arc::clone(core));
            unsaved.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn count(&self, refusals: &[Refusal]) {
        let refused = &self.counters.refused;
        for refusal in refusals {
            match refusal {
                Refusal::NoWriteAccess => {}
                Refusal::SlotName => refused.slot_names.add(1),
                Refusal::Value => refused.values.add(1),
                Refusal::Slots => refused.slots.add(1),
                Refusal::Bytes => refused.object_bytes.add(1),
                Refusal::TotalBytes => refused.full(Full::Bytes(Pool::All)),
                Refusal::ApplicationBytes => refused.full(Full::Bytes(Pool::Application)),
                Refusal::AddressBytes => refused.full(Full::Bytes(Pool::Address)),
                Refusal::Locked => refused.locked_requests.add(1),
            }
        }
    }
}
