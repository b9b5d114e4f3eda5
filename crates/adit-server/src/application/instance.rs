//! One room of an application: who is in it, and what lives as long as it does.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use adit_amf::Text;
use adit_broker::shared_object::Persistence;
use adit_broker::{
    Broker, KeyTooLong, NameInUse, Publication, PublisherInfo, StreamKey, SubscribeOptions,
    Subscription,
};
use tokio::runtime::Handle;
use tokio::time::{MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::Client;
use crate::objects::{ObjectError, Objects, SharedObject};
use crate::server::ConnectionId;

/// An application as one group of clients sees it: `rtmp://host/application/instance`. Clones are the same instance, and cheap.
///
/// It begins with the first client and ends some seconds after the last has left, or with the server. What was spawned in it ends with it.
#[derive(Clone)]
pub struct Instance(Arc<Inner>);

struct Inner {
    vhost: Text,
    application: Text,
    name: Text,
    clients: Mutex<BTreeMap<ConnectionId, Client>>,
    broker: Broker,
    objects: Objects,
    runtime: Handle,
    tasks: TaskTracker,
    ended: CancellationToken,
}

impl Instance {
    pub(super) fn new(
        (vhost, application, name): (Text, Text, Text),
        broker: Broker,
        objects: Objects,
        runtime: Handle,
    ) -> Self {
        Self(Arc::new(Inner {
            vhost,
            application,
            name,
            clients: Mutex::default(),
            broker,
            objects,
            runtime,
            tasks: TaskTracker::new(),
            ended: CancellationToken::new(),
        }))
    }

    /// The virtual host; empty for the one that all hosts are which have no applications of their own.
    pub fn vhost(&self) -> &str {
        &self.0.vhost
    }

    /// The name of the application.
    pub fn application(&self) -> &str {
        &self.0.application
    }

    /// The name of the instance; `_definst_` where the client named none.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Everybody who is connected now, those that came first at the front.
    pub fn clients(&self) -> Vec<Client> {
        self.list().values().cloned().collect()
    }

    /// How many are connected now.
    pub fn client_count(&self) -> usize {
        self.list().len()
    }

    /// Publishes a stream that is the server's own; drop the guard to unpublish.
    ///
    /// Keep it in a task of [`spawn`](Self::spawn), so that it ends with the instance.
    ///
    /// # Errors
    /// Somebody publishes under this name, or it is too long.
    pub fn publish(&self, name: &str) -> Result<Publication, OwnPublishError> {
        let key = self.key(name)?;
        let publisher = PublisherInfo::new("server", "server");
        Ok(self.0.broker.publish(key, publisher, Instant::now())?)
    }

    /// Reads a stream of this instance, now or when it begins; drop the guard to leave.
    ///
    /// Keep it in a task of [`spawn`](Self::spawn), so that it ends with the instance.
    ///
    /// # Errors
    /// The name is too long.
    pub fn subscribe(&self, name: &str) -> Result<Subscription, KeyTooLong> {
        let key = self.key(name)?;
        Ok(self.0.broker.subscribe(key, SubscribeOptions::default()))
    }

    /// Takes part in a shared object of this instance, which is made if there is none. A persistent one that nobody has in memory is loaded
    /// first.
    ///
    /// The object is there as long as it is held, whatever becomes of the instance.
    ///
    /// # Errors
    /// It cannot have this name, there are too many, or it is persistent and there is no store, or that fails.
    pub fn shared_object(
        &self,
        name: &str,
        persistence: Persistence,
    ) -> impl Future<Output = Result<SharedObject, ObjectError>> + Send + 'static {
        let (key, objects) = (self.key(name), self.0.objects.clone());
        async move { objects.shared_object(key?, persistence).await }
    }

    /// The same for a temporary one, at once.
    ///
    /// # Errors
    /// It cannot have this name, or there are too many.
    pub fn temporary_object(&self, name: &str) -> Result<SharedObject, ObjectError> {
        self.0.objects.temporary_object(self.key(name)?)
    }

    /// Runs a task that is dropped when the instance ends. It may hold the instance.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let ended = self.0.ended.clone();
        let until_the_end = async move {
            ended.run_until_cancelled_owned(task).await;
        };
        self.0.tasks.spawn_on(until_the_end, &self.0.runtime);
    }

    /// Does something again and again, for the first time after `period`, until the instance ends. A time that was missed is left out.
    ///
    /// A period of zero is taken for a millisecond.
    pub fn every(&self, period: Duration, mut task: impl FnMut() + Send + 'static) {
        let period = period.max(Duration::from_millis(1));
        // A period that no clock can hold never passes.
        let Some(first) = tokio::time::Instant::now().checked_add(period) else {
            return;
        };
        self.spawn(async move {
            let mut ticks = interval_at(first, period);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            loop {
                ticks.tick().await;
                task();
            }
        });
    }

    /// The key of a stream of this instance.
    pub(crate) fn key(&self, name: &str) -> Result<StreamKey, KeyTooLong> {
        StreamKey::new(self.vhost(), self.application(), self.name(), name)
    }

    pub(super) fn admit(&self, client: &Client) {
        self.list().insert(client.id(), client.clone());
    }

    pub(super) fn dismiss(&self, client: &Client) {
        self.list().remove(&client.id());
    }

    /// Ends its tasks; they are dropped soon.
    pub(super) fn end(&self) {
        self.0.ended.cancel();
        self.0.tasks.close();
    }

    fn list(&self) -> MutexGuard<'_, BTreeMap<ConnectionId, Client>> {
        self.0
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("vhost", &self.vhost())
            .field("application", &self.application())
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// Why the server cannot publish a stream of its own.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnPublishError {
    /// Somebody publishes under this name.
    #[error(transparent)]
    InUse(#[from] NameInUse),
    /// The name is too long.
    #[error(transparent)]
    TooLong(#[from] KeyTooLong),
}
