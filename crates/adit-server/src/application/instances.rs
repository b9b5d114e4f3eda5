//! The instances that live now, and the place of a connection in one.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use adit_amf::Text;
use adit_broker::Broker;
use adit_rtmp::command::Address;
use tokio::runtime::Handle;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;
use tracing::{debug, error};

use super::{Application, Client, Instance, Refusal};
use crate::objects::Objects;
use crate::settings::Live;

/// How often an instance is looked at that is to stay for longer than a clock can hold.
const LONG: Duration = Duration::from_hours(24);

/// The applications of a server with all their instances that live now.
#[derive(Debug)]
pub(crate) struct Instances {
    live: Live,
    broker: Broker,
    objects: Objects,
    runtime: Handle,
    /// Wait for instances to stay empty.
    watchers: TaskTracker,
    /// As many as there are connections, and those that emptied in the last seconds.
    rooms: Mutex<HashMap<Place, Arc<Room>>>,
}

/// Where an instance is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    vhost: Text,
    application: Text,
    instance: Text,
}

/// Where an instance lives. The lock is held while it starts and stops, so that one is over before the next begins.
#[derive(Debug)]
struct Room {
    place: Place,
    application: Arc<dyn Application>,
    life: Mutex<Life>,
}

#[derive(Debug)]
struct Life {
    state: State,
    /// Connections that are in it or wait to be let in.
    guests: usize,
    /// Since when there is none; also before the first.
    empty_since: Option<Instant>,
    /// Whether a task waits for it to stay empty.
    watched: Watched,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    No,
    Yes,
}

#[derive(Debug)]
enum State {
    New,
    Lives(Instance),
    /// Not in the table any more: look there again.
    Gone,
}

impl Instances {
    /// None yet. To be called inside a tokio runtime.
    pub(crate) fn new(live: Live, broker: Broker, objects: Objects) -> Self {
        Self {
            live,
            broker,
            objects,
            runtime: Handle::current(),
            watchers: TaskTracker::new(),
            rooms: Mutex::default(),
        }
    }

    /// The virtual host that a client asks for; the empty one for all that have no applications of their own.
    pub(crate) fn vhost<'a>(&self, address: &'a Address) -> &'a str {
        self.live.now().applications.vhost(address)
    }

    /// How long an instance stays empty. One that lives goes on with its application when others are set.
    fn grace(&self) -> Duration {
        self.live.now().limits.linger
    }

    /// A place in the instance that a client asks for, which begins if it does not live yet.
    ///
    /// # Errors
    /// There is no such application here.
    pub(crate) fn enter(
        self: &Arc<Self>,
        address: &Address,
        client: Client,
    ) -> Result<Seat, Refusal> {
        let (vhost, application) = self.live.now().applications.find(address)?;
        let place = Place {
            vhost: vhost.into(),
            application: address.application().into(),
            instance: address.instance().into(),
        };
        loop {
            let room = self.room(&place, &application);
            if let Some(instance) = self.begin(&room) {
                return Ok(Seat {
                    instances: Arc::clone(self),
                    room,
                    instance,
                    client,
                    admission: Admission::Waits,
                });
            }
        }
    }

    /// Ends all instances, at the end of the server.
    pub(crate) fn stop_all(&self) {
        self.watchers.close();
        let rooms: Vec<_> = self.rooms().values().cloned().collect();
        for room in rooms {
            let mut life = room.life();
            self.end(&room, &mut life);
        }
    }

    /// Those that live now.
    pub(crate) fn living(&self) -> Vec<Instance> {
        let rooms: Vec<_> = self.rooms().values().cloned().collect();
        let living = rooms.iter().filter_map(|room| match &room.life().state {
            State::Lives(instance) => Some(instance.clone()),
            State::New | State::Gone => None,
        });
        living.collect()
    }

    fn room(&self, place: &Place, application: &Arc<dyn Application>) -> Arc<Room> {
        let mut rooms = self.rooms();
        let room = rooms.entry(place.clone()).or_insert_with(|| {
            Arc::new(Room {
                place: place.clone(),
                application: Arc::clone(application),
                life: Mutex::new(Life {
                    state: State::New,
                    guests: 0,
                    empty_since: None,
                    watched: Watched::No,
                }),
            })
        });
        Arc::clone(room)
    }

    /// One more guest; nothing if the room is not in the table any more.
    fn begin(&self, room: &Arc<Room>) -> Option<Instance> {
        let mut life = room.life();
        let instance = match &life.state {
            State::Gone => return None,
            State::Lives(instance) => instance.clone(),
            State::New => {
                let Place {
                    vhost,
                    application,
                    instance,
                } = room.place.clone();
                let names = (vhost, application, instance);
                let (broker, objects) = (self.broker.clone(), self.objects.clone());
                let instance = Instance::new(names, broker, objects, self.runtime.clone());
                let starting = AssertUnwindSafe(|| room.application.start(&instance));
                if let Err(panic) = catch_unwind(starting) {
                    instance.end();
                    self.remove(room, &mut life);
                    drop(life);
                    resume_unwind(panic);
                }
                debug!(
                    app = instance.application(),
                    instance = instance.name(),
                    "started"
                );
                life.state = State::Lives(instance.clone());
                instance
            }
        };
        life.guests = life.guests.saturating_add(1);
        life.empty_since = None;
        Some(instance)
    }

    /// One guest less; the last one leaves somebody behind who waits for others to come.
    fn leave(self: &Arc<Self>, room: &Arc<Room>) {
        let mut life = room.life();
        life.guests = life.guests.saturating_sub(1);
        if life.guests > 0 {
            return;
        }
        life.empty_since = Some(Instant::now());
        if life.watched == Watched::No && !self.watchers.is_closed() {
            life.watched = Watched::Yes;
            let watch = Arc::clone(self).watch(Arc::clone(room));
            self.watchers.spawn_on(watch, &self.runtime);
        }
    }

    /// Ends an instance that has stayed empty for the grace.
    async fn watch(self: Arc<Self>, room: Arc<Room>) {
        loop {
            let until = {
                let mut life = room.life();
                match life.empty_since {
                    None => {
                        life.watched = Watched::No;
                        return;
                    }
                    Some(since) if since.elapsed() >= self.grace() => {
                        self.end(&room, &mut life);
                        return;
                    }
                    // A grace that no clock can hold never ends; it is looked at again now and then.
                    Some(since) => since
                        .checked_add(self.grace())
                        .unwrap_or_else(|| Instant::now() + LONG),
                }
            };
            sleep_until(until).await;
        }
    }

    fn end(&self, room: &Arc<Room>, life: &mut Life) {
        let State::Lives(instance) = std::mem::replace(&mut life.state, State::Gone) else {
            return;
        };
        instance.end();
        carefully(&instance, "stop", || room.application.stop(&instance));
        debug!(
            app = instance.application(),
            instance = instance.name(),
            "stopped"
        );
        self.remove(room, life);
    }

    fn remove(&self, room: &Room, life: &mut Life) {
        life.state = State::Gone;
        self.rooms().remove(&room.place);
    }

    /// Never held while a room is locked by the same thread for longer than it takes to remove it.
    fn rooms(&self) -> MutexGuard<'_, HashMap<Place, Arc<Room>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn life(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a connection in an instance. Dropping it is leaving.
#[derive(Debug)]
pub(crate) struct Seat {
    instances: Arc<Instances>,
    room: Arc<Room>,
    instance: Instance,
    client: Client,
    admission: Admission,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    /// Nobody else sees the client yet.
    Waits,
    Granted,
}

impl Seat {
    pub(crate) fn application(&self) -> &dyn Application {
        &*self.room.application
    }

    pub(crate) const fn instance(&self) -> &Instance {
        &self.instance
    }

    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The client is let in: others see it from now on.
    pub(crate) fn admit(&mut self) {
        self.admission = Admission::Granted;
        self.instance.admit(&self.client);
    }
}

impl Drop for Seat {
    /// Also when the session panicked.
    fn drop(&mut self) {
        self.client.leave();
        if self.admission == Admission::Granted {
            self.instance.dismiss(&self.client);
            carefully(&self.instance, "disconnect", || {
                self.room
                    .application
                    .disconnect(&self.instance, &self.client);
            });
        }
        self.instances.leave(&self.room);
    }
}

/// Lets an application do something at an end, which its panic does not stop.
fn carefully(instance: &Instance, what: &str, act: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(act)).is_err() {
        let app = instance.application();
        error!(
            app,
            instance = instance.name(),
            "a defect of the application: {what} panicked"
        );
    }
}
