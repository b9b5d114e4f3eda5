//! Shared objects: what connections say about them, what applications do with them, and the file that keeps persistent ones.
//!
//! ```text
//!  type 19, 16 ─▶ Members ──▶ adit_broker::shared_object ◀── SharedObject ◀── application
//!  a session  ◀── Sending ◀──   slots, order, members    ──▶ Watch
//!                                 │ unsaved ▲ loaded
//!                                 ▼         │
//!                               store: one thread, one file
//! ```
//!
//! Values stay encoded as they came, AMF0 or AMF3; members that read AMF0 alone get AMF3 said in it. A change is encoded once
//! for all members that read alike.

mod bell;
mod counters;
mod members;
mod sending;
mod shared;
mod store;
mod value;

use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

pub use adit_broker::shared_object::Persistence;
use adit_broker::shared_object::{
    BadObjectName, Client, ObjectConfig, ObjectKey, OpenError, SharedObjects, Store,
};
use adit_broker::{KeyTooLong, StreamKey, shared_object as broker};
use adit_rtmp::command::StatusCode;
use adit_rtmp::shared_object::Limits;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tracing::error;

pub use self::shared::{ObjectLock, ObjectNews, SharedObject, Watch};
pub use self::store::{ObjectStore, StoreError};
pub use self::value::ValueError;

use self::counters::Counters;
pub(crate) use self::members::{Filled, Members, Turn};
use self::store::StoreTask;
use self::value::Stored;
use crate::access::sharer;
use crate::config::ObjectsConfig;

/// All shared objects of a server; a clone is the same.
#[derive(Clone, Debug)]
pub struct Objects(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: SharedObjects<Stored>,
    store: Option<StoreTask>,
    decoding: Limits,
    counters: Arc<Counters>,
}

/// Why there is no such shared object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// It cannot have this name.
    #[error(transparent)]
    Name(#[from] BadObjectName),
    /// Application, instance and name are too long together.
    #[error(transparent)]
    Key(#[from] KeyTooLong),
    /// There are too many, or it is persistent where none are kept.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store has as much as it may, of all or of the application (`so.stored`, `so.stored_bytes`, `so.app_stored`,
    /// `so.app_stored_bytes`).
    #[error("the store of shared objects has no room for it")]
    StoreFull,
    /// Too many wait to be loaded (`so.loads`).
    #[error("too many shared objects wait to be loaded")]
    Busy,
    /// The store has not answered in time.
    #[error("the store of shared objects does not answer")]
    Late,
    /// The store could not read or write it.
    #[error("the store of shared objects failed: {0}")]
    Store(Arc<str>),
    /// This server has none: it only passes on what it is sent.
    #[error("there are no shared objects here")]
    Nowhere,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}

impl ObjectError {
    /// What a client is told.
    const fn code(&self) -> StatusCode {
        match self {
            Self::Open(OpenError::NoStore) => StatusCode::SharedObjectBadPersistence,
            _ => StatusCode::SharedObjectCreationFailed,
        }
    }
}

/// An object, or why there is none.
type Opened = Result<broker::SharedObject<Stored>, ObjectError>;

/// An object on its way out of the store.
#[derive(Debug)]
pub(crate) struct Loading(oneshot::Receiver<Opened>);

impl Loading {
    /// The object, or that it took too long. Call it inside a tokio runtime.
    fn within(self, patience: Duration) -> impl Future<Output = Opened> + Send {
        let in_time = timeout(patience, self);
        async { in_time.await.unwrap_or(Err(ObjectError::Late)) }
    }
}

impl Future for Loading {
    type Output = Opened;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Opened> {
        let answer = Pin::new(&mut self.0).poll(cx);
        answer.map(|answer| answer.unwrap_or(Err(ObjectError::Stopping)))
    }
}

/// What came of opening an object.
#[derive(Debug)]
pub(crate) enum Opening {
    Done(Opened),
    /// The store has to look for it.
    Loading(Loading),
}

impl Objects {
    /// No object yet, but those in the store.
    pub(crate) fn start(config: ObjectsConfig) -> Self {
        let mut objects = ObjectConfig::default();
        // What an object may hold can be read too.
        let mut decoding = Limits::default();
        decoding.value = decoding.value.max(config.limits.value_bytes);
        decoding.key = decoding.key.max(config.limits.slot_name);
        objects.limits = config.limits;
        if config.store.is_some() {
            objects.store = Store::Present;
        }
        let registry = SharedObjects::new(objects);
        let counters = Arc::new(Counters::default());
        let store = config.store.and_then(|store| {
            let counters = Arc::clone(&counters);
            let started = StoreTask::start(&store, config.stored, registry.clone(), counters);
            started
                .inspect_err(|cause| error!(%cause, "no persistent shared objects"))
                .ok()
        });
        Self(Arc::new(Inner {
            registry,
            store,
            decoding,
            counters,
        }))
    }

    /// Opens an object, without waiting for a disk.
    pub(crate) fn open(&self, client: &Client, key: ObjectKey) -> Opening {
        let inner = &self.0;
        if let Some(object) = inner.registry.find(&key) {
            return Opening::Done(Ok(object));
        }
        if key.persistence() == Persistence::Temporary {
            let opened = inner.registry.open_for(client, key, None);
            return Opening::Done(opened.map_err(ObjectError::Open));
        }
        match &inner.store {
            Some(store) => match store.load(client.clone(), key) {
                Ok(answer) => Opening::Loading(Loading(answer)),
                Err(error) => Opening::Done(Err(error)),
            },
            None => Opening::Done(Err(OpenError::NoStore.into())),
        }
    }

    /// Opens an object, which is loaded if it is persistent and nobody has it in memory, and made if there is none.
    ///
    /// # Errors
    /// It cannot have this name, there are too many, or it is persistent and there is no store, or that fails.
    pub async fn shared_object(
        &self,
        place: StreamKey,
        persistence: Persistence,
    ) -> Result<SharedObject, ObjectError> {
        let itself = self.0.registry.unlimited_client();
        let opened = match self.open(&itself, ObjectKey::new(place, persistence)?) {
            Opening::Done(opened) => opened,
            Opening::Loading(loading) => loading.await,
        };
        Ok(SharedObject::new(self.clone(), opened?))
    }

    /// Opens a temporary object, which is made if there is none.
    ///
    /// # Errors
    /// It cannot have this name, or there are too many.
    pub fn temporary_object(&self, place: StreamKey) -> Result<SharedObject, ObjectError> {
        let key = ObjectKey::new(place, Persistence::Temporary)?;
        let object = self.0.registry.open(key, None)?;
        Ok(SharedObject::new(self.clone(), object))
    }

    /// The keys of those in memory, in no particular order.
    pub(crate) fn keys(&self) -> Vec<ObjectKey> {
        self.0.registry.keys()
    }

    /// An object that is in memory.
    pub(crate) fn in_memory(&self, key: &ObjectKey) -> Option<SharedObject> {
        let object = self.0.registry.find(key)?;
        Some(SharedObject::new(self.clone(), object))
    }

    /// Writes what has changed.
    async fn flush(&self) -> Result<(), ObjectError> {
        match &self.0.store {
            Some(store) => store.flush().await,
            None => Ok(()),
        }
    }

    /// Writes what has changed and closes the file, until it is taken back.
    pub(crate) async fn lend(&self) {
        if let Some(store) = &self.0.store {
            store.lend().await;
        }
    }

    /// Goes on with the file.
    pub(crate) fn take_back(&self) {
        if let Some(store) = &self.0.store {
            store.take_back();
        }
    }

    /// Writes what has changed, and ends the store.
    pub(crate) async fn close(&self) {
        if let Some(store) = &self.0.store {
            store.close().await;
        }
    }

    fn client_at(&self, address: IpAddr) -> Client {
        let registry = &self.0.registry;
        sharer(address).map_or_else(|| registry.client(), |it| registry.client_at(it))
    }

    /// The numbers of all objects.
    pub(crate) fn stats(&self) -> broker::ObjectStats {
        self.0.registry.stats()
    }

    /// How often each limit was hit, by its configuration key.
    pub(crate) fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let objects: Vec<_> = self.stats().limits().collect();
        objects.into_iter().chain(self.0.counters.limits())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_no_share_of_shared_objects_and_an_ipv6_64_has_one() {
        let mut config = ObjectsConfig::default();
        config.limits.shares.address_objects = 1;
        let objects = Objects::start(config);
        let open = |address: &str, name| {
            let place = StreamKey::new("", "chat", "room", name).unwrap();
            let key = ObjectKey::new(place, Persistence::Temporary).unwrap();
            match objects.open(&objects.client_at(address.parse().unwrap()), key) {
                Opening::Done(opened) => opened,
                Opening::Loading(_) => panic!("it is temporary"),
            }
        };
        let _one = open("2001:db8::1", "1").unwrap();
        let refused = open("2001:db8::2", "2").unwrap_err();
        assert_eq!(refused, OpenError::TooManyOfAddress.into());
        let _next = open("2001:db8:0:1::1", "2").unwrap();
        // As connections come from a proxy that sends no PROXY headers.
        let local = ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"];
        let names = ["3", "4", "5", "6"];
        let opened: Vec<_> = local
            .into_iter()
            .zip(names)
            .map(|(it, name)| open(it, name))
            .collect();
        assert!(opened.iter().all(Result::is_ok));
    }

    #[tokio::test]
    async fn a_store_that_does_not_answer_is_not_waited_for() {
        let (_hangs, answer) = oneshot::channel();
        let late = Loading(answer).within(Duration::from_millis(10)).await;
        assert_eq!(late.unwrap_err(), ObjectError::Late);
    }
}
