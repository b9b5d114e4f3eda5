//! A look at a running server, and a hand on it: what the HTTP API, metrics and an embedding program use.
//!
//! ```text
//!  drivers ──▶ Connections (atomics of each, a list)  ─┐
//!  broker, recordings, objects, instances             ─┼─▶ Control ─▶ HTTP API, metrics, console, relays
//!  Pulse (a look each second: rates, lag)             ─┘      └──▶ kick, record, drain, reload
//! ```
//!
//! [`Control`] is a cheap clone from [`Server::control`](crate::Server::control). Nothing of it is on the path of a frame but relaxed
//! counters that one task writes.

mod connections;
mod delay;
mod events;
mod files;
pub(crate) mod publishers;
mod pulse;
mod streams;
mod tracks;
mod way;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use adit_broker::StreamKey;
use adit_broker::shared_object::{ObjectKey, Persistence};
use adit_net::tls::Tls;
use adit_net::{Network, Ports};
use thiserror::Error;
use tokio::sync::SetOnce;
use tokio_util::sync::CancellationToken;

pub use self::connections::{ConnectionSnapshot, Counts, Origin, Role, Traffic, Use};
pub(crate) use self::connections::{Connections, InUse, Presence, Tally};
pub use self::delay::DelaySnapshot;
pub(crate) use self::events::Events;
pub use self::events::{Event, Happened, Heard, Listener};
pub use self::files::RecordedFile;
pub(crate) use self::pulse::Pulse;
pub use self::pulse::Rate;
pub use self::streams::StreamInfo;
pub use self::tracks::{AudioTrack, Tracks, VideoTrack};
pub use self::way::{ByWay, Way};
use crate::application::{Instance, Leave};
use crate::config::ServerConfig;
use crate::fanout::Riding;
use crate::memory::{Memory, Shortage, Usage};
use crate::objects::SharedObject;
use crate::recording::RunningRecording;
use crate::relays::{RelaySnapshot, RelaySpec};
use crate::server::{ConnectionId, Shared};
use crate::stats::ServerStats;

/// A look at a running server, and a hand on it. Clones are the same one, and cheap.
#[derive(Clone)]
pub struct Control(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    pulse: Pulse,
    addresses: Vec<SocketAddr>,
    tls: Option<Tls>,
    since: Instant,
    started_at: SystemTime,
    reload: OnceLock<Reload>,
}

/// Reads settings again: what has come of it, or why all of them stay as they were.
type Reload = Box<dyn Fn(&Control) -> Result<Reloaded, String> + Send + Sync>;

/// What came of reading settings again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// The keys that have another value now.
    pub changed: Vec<String>,
    /// Those that have another value in the file, but take it only at the next start.
    pub needs_restart: Vec<String>,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// There is no such thing now.
    #[error("{0}")]
    NotFound(&'static str),
    /// It is so already.
    #[error("{0}")]
    Conflict(String),
    /// This server was not set up for it.
    #[error("{0}")]
    Unavailable(&'static str),
    /// It was tried, and failed.
    #[error("{0}")]
    Failed(String),
}

/// Where a server is in its life.
#[derive(Debug, Default)]
pub(crate) struct Phase {
    serves: AtomicBool,
    drains: AtomicBool,
    /// The ports are let go of, and the server ends once nobody is left.
    leaves: SetOnce<Ports>,
    /// Set before `stop` is; to look at it costs no lock.
    stops: AtomicBool,
    stop: CancellationToken,
    memory: Memory,
}

impl Phase {
    pub(crate) fn begin(&self) {
        self.serves.store(true, Ordering::Release);
    }

    /// Says to everybody that the server stops.
    pub(crate) fn end(&self) {
        self.serves.store(false, Ordering::Release);
        self.stops.store(true, Ordering::Release);
        self.stop.cancel();
    }

    /// The request to stop; whoever it wakes sees that the server [stops](Self::is_stopping).
    pub(crate) const fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Whether the server was told to stop.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stops.load(Ordering::Acquire)
    }

    pub(crate) fn is_serving(&self) -> bool {
        self.serves.load(Ordering::Acquire)
    }

    /// Says that nobody is to be let in any more; `true` for the first who says so.
    pub(crate) fn drain(&self) -> bool {
        !self.drains.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.drains.load(Ordering::Acquire)
    }

    /// Whether somebody who comes now is refused. Where another process has taken the ports over, whoever was accepted before is let in.
    pub(crate) fn refuses_strangers(&self) -> bool {
        self.is_draining() && !self.has_handed_over()
    }

    /// Whether another process has taken the ports over.
    pub(crate) fn has_handed_over(&self) -> bool {
        self.leaves.get() == Some(&Ports::HandedOver)
    }

    /// How much of its memory is used.
    pub(crate) const fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Ready when the ports are to be let go of. Cancel-safe.
    pub(crate) async fn to_leave(&self) -> Ports {
        *self.leaves.wait().await
    }
}

/// A server at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerInfo {
    /// The version of the library.
    pub version: &'static str,
    /// When it was started.
    pub started_at: SystemTime,
    /// How long ago.
    pub uptime: Duration,
    /// The addresses it listens on.
    pub addresses: Vec<SocketAddr>,
    /// Whether it serves them.
    pub is_serving: bool,
    /// Whether it lets nobody in any more.
    pub is_draining: bool,
    /// Whether it records.
    pub records: bool,
    /// How late its tasks get their turns.
    pub lag: Duration,
    /// How short of memory it is.
    pub shortage: Shortage,
    /// What it uses of what it may; `None` where the system does not say it, and before it begins to serve.
    pub memory: Option<Usage>,
}

impl Control {
    pub(crate) fn new(shared: Arc<Shared>, addresses: Vec<SocketAddr>, tls: Option<Tls>) -> Self {
        Self(Arc::new(Inner {
            pulse: Pulse::start(shared.broker.clone(), shared.phase.stop().child_token()),
            shared,
            addresses,
            tls,
            since: Instant::now(),
            started_at: SystemTime::now(),
            reload: OnceLock::new(),
        }))
    }

    /// The server as a whole.
    pub fn server(&self) -> ServerInfo {
        let inner = &self.0;
        ServerInfo {
            version: env!("CARGO_PKG_VERSION"),
            started_at: inner.started_at,
            uptime: inner.since.elapsed(),
            addresses: inner.addresses.clone(),
            is_serving: inner.shared.phase.is_serving(),
            is_draining: inner.shared.phase.is_draining(),
            records: inner.shared.recordings.is_some(),
            lag: inner.pulse.lag(),
            shortage: inner.shared.phase.memory().shortage(),
            memory: inner.shared.phase.memory().usage(),
        }
    }

    /// Whether another process serves its addresses now.
    pub fn has_handed_over(&self) -> bool {
        self.0.shared.phase.has_handed_over()
    }

    /// Its counters.
    pub fn stats(&self) -> &ServerStats {
        &self.0.shared.stats
    }

    /// Its certificate.
    pub fn tls(&self) -> Option<&Tls> {
        self.0.tls.as_ref()
    }

    /// What went over connections so far, by how they are connected.
    pub fn traffic(&self) -> ByWay<Traffic> {
        self.0.shared.connections.traffic()
    }

    pub(crate) fn riding(&self) -> Riding {
        self.0.shared.connections.fanout().count()
    }

    /// How long media took from its arrival until it was written to players, by how they are connected: a sample.
    pub fn delays(&self) -> ByWay<DelaySnapshot> {
        self.0.shared.connections.delays()
    }

    /// Everybody who is connected, those that came first at the front.
    pub fn connections(&self) -> Vec<ConnectionSnapshot> {
        self.0.shared.connections.snapshots()
    }

    /// One connection.
    pub fn connection(&self, id: u64) -> Option<ConnectionSnapshot> {
        self.0.shared.connections.snapshot(ConnectionId(id))
    }

    /// Ends a connection, and tells its client why.
    ///
    /// # Errors
    /// [`ControlError::NotFound`].
    pub fn kick(&self, id: u64, reason: &str) -> Result<(), ControlError> {
        if self.0.shared.connections.kick(ConnectionId(id), reason) {
            Ok(())
        } else {
            Err(ControlError::NotFound("there is no such connection"))
        }
    }

    /// Streams that are published or that somebody waits for, in the order of their names.
    pub fn streams(&self) -> Vec<StreamInfo> {
        let mut all = streams::all(&self.0.shared, &self.0.pulse);
        all.sort_by(|one, other| streams::order(&one.key).cmp(&streams::order(&other.key)));
        all
    }

    /// One stream.
    pub fn stream(&self, key: &StreamKey) -> Option<StreamInfo> {
        streams::one(&self.0.shared, &self.0.pulse, key)
    }

    /// Ends the connection that publishes a stream, and gives its number; none where it stayed with the server that this one has taken over
    /// from. An encoder that connects again may publish again.
    ///
    /// # Errors
    /// [`ControlError::NotFound`], [`ControlError::Conflict`] where no connection publishes it but the server itself, and whatever keeps
    /// the server that was here before from doing it.
    pub async fn kick_publisher(
        &self,
        key: &StreamKey,
        reason: &str,
    ) -> Result<Option<u64>, ControlError> {
        let kicked = publishers::kick(&self.0.shared, key, reason).await?;
        Ok(kicked.map(ConnectionId::get))
    }

    /// The instances of applications that live now: those with clients, and those that had some a few seconds ago.
    pub fn instances(&self) -> Vec<Instance> {
        let mut all = self.0.shared.instances.living();
        let name = |it: &Instance| {
            let names = [it.vhost(), it.application(), it.name()];
            names.map(str::to_owned)
        };
        all.sort_by_cached_key(name);
        all
    }

    /// Recordings under way.
    pub fn recordings(&self) -> Vec<RunningRecording> {
        let recordings = self.0.shared.recordings.as_ref();
        recordings
            .map(crate::recording::Recordings::running)
            .unwrap_or_default()
    }

    /// Files under the directory of media, at most 10,000, in the order of their names. Blocks.
    pub fn files(&self) -> Vec<RecordedFile> {
        let recordings = self.0.shared.recordings.as_ref();
        recordings
            .map(|it| files::list(it.root()))
            .unwrap_or_default()
    }

    /// Records a stream until it ends or [`stop_recording`](Self::stop_recording) is called; an earlier file is kept under another name.
    /// Call it inside a tokio runtime.
    ///
    /// # Errors
    /// Nobody publishes it, it is recorded already, or nothing is recorded here; or its publisher stayed with a server that does not say
    /// whether it records it.
    pub async fn start_recording(&self, key: &StreamKey) -> Result<(), ControlError> {
        publishers::start_recording(&self.0.shared, key).await
    }

    /// Ends the recording of a stream, whoever began it; the stream goes on. One whose publisher stayed with the server that this one has
    /// taken over from may be recorded there.
    ///
    /// # Errors
    /// It is not recorded, or that server does not do it.
    pub async fn stop_recording(&self, key: &StreamKey) -> Result<(), ControlError> {
        publishers::stop_recording(&self.0.shared, key).await
    }

    /// Whether the disk for recordings has room for another besides what is to stay free; also where nothing is recorded. Blocks.
    pub fn has_room(&self) -> bool {
        let recordings = self.0.shared.recordings.as_ref();
        recordings.is_none_or(crate::recording::Recordings::has_room)
    }

    /// The relays, in the order of their numbers.
    pub fn relays(&self) -> Vec<RelaySnapshot> {
        self.0.shared.relays.snapshots()
    }

    /// One of them.
    pub fn relay(&self, id: u64) -> Option<RelaySnapshot> {
        self.0.shared.relays.snapshot(id)
    }

    /// Starts a relay, which lasts until it is stopped; where relays are [kept](Self::keep_relays) the next server has it too. Blocks.
    ///
    /// # Errors
    /// There are as many as may be, or one does the same already, or it cannot be kept.
    pub fn start_relay(&self, spec: RelaySpec) -> Result<RelaySnapshot, ControlError> {
        self.0.shared.relays.start(spec)
    }

    /// Ends a relay that was [started](Self::start_relay). Blocks.
    ///
    /// # Errors
    /// There is none of this number, or it is one of [`set_relays`](Self::set_relays), or the file still has it.
    pub fn stop_relay(&self, id: u64) -> Result<(), ControlError> {
        self.0.shared.relays.stop(id)
    }

    /// Has relays that are [started](Self::start_relay) stand in this file, and starts those that stand there, which may go to `networks` of
    /// the operator's own. They keep their numbers if this comes before [`set_relays`](Self::set_relays). A file that cannot be read is
    /// renamed, and the log says so. Blocks.
    pub fn keep_relays(&self, file: PathBuf, networks: &[Network]) {
        self.0.shared.relays.keep_in(file, networks);
    }

    /// Another server has the file of relays from now on: none can be started or stopped here. Blocks.
    pub fn give_relays_away(&self) {
        self.0.shared.relays.give_away();
    }

    /// It has not after all. Blocks.
    pub fn take_relays_back(&self) {
        self.0.shared.relays.take_back();
    }

    /// Has the relays of the configuration be these: what is new begins, what is no more ends, and what stays goes on undisturbed.
    /// `networks` are those of the operator's own where relays may go that others [start](Self::start_relay).
    pub fn set_relays(&self, relays: Vec<RelaySpec>, networks: Vec<Network>) {
        self.0.shared.relays.replace(relays, networks);
    }

    /// Networks of the operator's own where relays may go that others start.
    pub fn relay_networks(&self) -> Vec<Network> {
        self.0.shared.relays.networks()
    }

    /// The shared objects in memory: where each is, and whether it is kept.
    pub fn objects(&self) -> Vec<(StreamKey, Persistence)> {
        let mut keys = self.0.shared.objects.keys();
        keys.sort_by(|one, other| streams::order(one.place()).cmp(&streams::order(other.place())));
        keys.iter()
            .map(|key| (key.place().clone(), key.persistence()))
            .collect()
    }

    /// One of them.
    pub fn object(&self, place: StreamKey, persistence: Persistence) -> Option<SharedObject> {
        let key = ObjectKey::new(place, persistence).ok()?;
        self.0.shared.objects.in_memory(&key)
    }

    /// What happens from now on. A listener that is too slow misses events, and hears how many.
    pub fn events(&self) -> Listener {
        self.0.shared.connections.events().listen()
    }

    /// Lets nobody in any more; those who are there stay, but clients that can are asked to connect again. There is no way back but a
    /// new start.
    pub fn drain(&self) {
        let shared = &self.0.shared;
        if shared.phase.drain() {
            if !shared.phase.has_handed_over() {
                shared.admission.close();
            }
            tracing::info!("draining: nobody is let in any more");
            shared.connections.events().tell(|| Happened::Draining);
            shared.connections.leave(Leave::Asked);
        }
    }

    /// Takes the server down without cutting anybody off: the ports are let go of, and [`Server::run`](crate::Server::run) ends once
    /// nobody is left. How long that may take is the decision of whoever calls: `run` ends at once when it is told to stop.
    ///
    /// The first who calls decides what becomes of the ports.
    pub fn take_down(&self, ports: Ports) {
        // Whoever comes second finds it done.
        drop(self.0.shared.phase.leaves.set(ports));
        self.drain();
    }

    /// Writes the persistent shared objects and closes their file, so that another process may open it, until it is
    /// [taken back](Self::take_objects_back) or [closed](Self::close_objects) for good. Meanwhile those that are in use stay so in memory,
    /// and whoever opens another one waits.
    pub async fn lend_objects(&self) {
        self.0.shared.objects.lend().await;
    }

    /// Opens the file of persistent shared objects again, as soon as nobody else has it open, and writes what has changed since.
    pub fn take_objects_back(&self) {
        self.0.shared.objects.take_back();
    }

    /// Writes the persistent shared objects, unless their file is lent, and closes it. Those that are in use stay so in memory, and what is
    /// changed of them from now on is not kept.
    pub async fn close_objects(&self) {
        self.0.shared.objects.close().await;
    }

    /// Says how settings are read again, which ends with [`apply`](Self::apply); the first who says so is asked.
    pub fn on_reload(
        &self,
        reload: impl Fn(&Self) -> Result<Reloaded, String> + Send + Sync + 'static,
    ) {
        drop(self.0.reload.set(Box::new(reload)));
    }

    /// Reads settings again: whole or not at all. Blocks.
    ///
    /// # Errors
    /// Something is wrong with them, and they stay as they were; or there are none to read.
    pub fn reload(&self) -> Result<Reloaded, ControlError> {
        let Some(reload) = self.0.reload.get() else {
            let words = "this server was started without a file of settings";
            return Err(ControlError::Unavailable(words));
        };
        let reloaded = reload(self).map_err(ControlError::Failed)?;
        let events = self.0.shared.connections.events();
        events.tell(|| Happened::Reloaded);
        Ok(reloaded)
    }

    /// Goes by other settings from now on, without dropping a connection: sessions and limits of those that begin, how many may come,
    /// access of what is asked for, latency and recording of streams that begin. What concerns sockets, files and shared objects is not looked at.
    pub fn apply(&self, config: &ServerConfig) {
        self.0.shared.apply(config);
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

const NO_RECORDINGS: ControlError =
    ControlError::Unavailable("this server has no directory for recordings");
