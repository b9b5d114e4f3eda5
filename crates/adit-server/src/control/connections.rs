//! The connections of a server: who is there, and what each of them does.
//!
//! A connection is entered when it opens and taken out when it is over; in between it counts in atomics of its own, which only its
//! task writes. What it publishes and plays changes under a lock of its own, never for a frame.

mod in_use;
mod slowest;
mod tally;
mod traced;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use adit_broker::StreamKey;
use adit_net::{CarrierInfo, TlsInfo};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

pub(crate) use self::in_use::InUse;
pub(crate) use self::tally::Tally;

use super::delay::{DelaySnapshot, Delays};
use super::events::{Events, Happened};
use super::{ByWay, Way};
use crate::application::{Client, Leave};
use crate::fanout::Fanout;
use crate::limits::ABOUT_BYTES;
use crate::server::ConnectionId;
use crate::spans::Trace;

/// All connections of a server. Clones are the same ones.
#[derive(Clone, Debug)]
pub(crate) struct Connections(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    next_id: AtomicU64,
    open: Mutex<Open>,
    delays: ByWay<Delays>,
    events: Events,
    /// Serves players who get the same.
    fanout: Fanout,
    /// Is the parent of those of all connections.
    stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Open {
    list: BTreeMap<ConnectionId, Arc<Live>>,
    /// What those counted that are over.
    ended: ByWay<Traffic>,
}

/// What went over connections of one kind so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Connections that are open.
    pub open: u64,
    /// Connections that were ever opened.
    pub opened: u64,
    /// Bytes of RTMP, or of HTTP bodies, that came.
    pub received_bytes: u64,
    /// Bytes that were sent.
    pub sent_bytes: u64,
    /// Streams that are published.
    pub publishers: u64,
    /// Streams that are played, or waited for.
    pub players: u64,
    /// Publications so far.
    pub publishes: u64,
    /// Plays so far.
    pub plays: u64,
}

/// Who is at the other end of a connection, and how.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Origin {
    /// How it is connected.
    pub way: Way,
    /// Who it comes from, as far as that is known.
    pub peer: SocketAddr,
    /// The address it came to.
    pub local: SocketAddr,
    /// The proxy that says so.
    pub proxied_by: Option<SocketAddr>,
    /// What was agreed about its encryption.
    pub tls: Option<TlsInfo>,
}

/// What a connection counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Bytes that came from it.
    pub received_bytes: u64,
    /// Bytes that went to it.
    pub sent_bytes: u64,
    /// Bytes that wait for it to take them.
    pub queued_bytes: u64,
    /// The last round trip that a ping measured.
    pub round_trip: Option<Duration>,
    /// How long media last took from its arrival until it was written to this player.
    pub delay: Option<Duration>,
}

impl Origin {
    /// Whoever is at the other end of a carrier.
    pub(crate) fn of(info: &CarrierInfo) -> Self {
        Self::by(info.transport.into(), info)
    }

    /// The same for an output of HTTP.
    pub(crate) fn by(way: Way, info: &CarrierInfo) -> Self {
        Self {
            way,
            peer: info.peer,
            local: info.local,
            proxied_by: info.proxied_by,
            tls: info.tls.clone(),
        }
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Live {
    id: ConnectionId,
    who: Origin,
    since: Instant,
    opened_at: SystemTime,
    received: AtomicU64,
    sent: AtomicU64,
    queued: AtomicU64,
    /// In microseconds; 0 is unknown.
    round_trip: AtomicU64,
    /// In microseconds; 0 is unknown.
    delay: AtomicU64,
    end: End,
    about: Mutex<About>,
}

/// The request to end a connection.
#[derive(Debug)]
struct End {
    is_asked: AtomicBool,
    reason: Mutex<Option<Arc<str>>>,
    token: CancellationToken,
}

#[derive(Debug, Default)]
struct About {
    client: Option<Client>,
    program: Option<Box<str>>,
    is_in: bool,
    uses: Vec<(u64, Use)>,
    next_use: u64,
    publishes: u64,
    plays: u64,
}

/// What a connection does with a stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Use {
    /// Publish or play.
    pub role: Role,
    /// Which stream.
    pub stream: StreamKey,
    /// Since when.
    pub since: Instant,
}

/// What can be done with a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Media comes from the connection.
    Publish,
    /// A live stream goes to the connection, or will when it is published.
    Play,
    /// A recording goes to the connection.
    Replay,
}

/// A connection at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionSnapshot {
    /// Its number, as in the log.
    pub id: ConnectionId,
    /// Who is at its other end, and how.
    pub origin: Origin,
    /// Since when.
    pub since: Instant,
    /// The same by the clock on the wall.
    pub opened_at: SystemTime,
    /// What the client said when it connected; none before, and none of viewers by HTTP.
    pub client: Option<Client>,
    /// The program at its other end, as that says.
    pub program: Option<Box<str>>,
    /// What it does.
    pub uses: Vec<Use>,
    /// What it counts.
    pub counts: Counts,
}

impl Connections {
    pub(crate) fn new(events: Events, stop: CancellationToken) -> Self {
        Self(Arc::new(Inner {
            next_id: AtomicU64::new(1),
            open: Mutex::default(),
            delays: ByWay::default(),
            events,
            fanout: Fanout::default(),
            stop,
        }))
    }

    pub(crate) fn events(&self) -> &Events {
        &self.0.events
    }

    /// What serves players who get the same in place of their tasks.
    pub(crate) fn fanout(&self) -> &Fanout {
        &self.0.fanout
    }

    pub(crate) fn next_id(&self) -> ConnectionId {
        ConnectionId(self.0.next_id.fetch_add(1, Ordering::Relaxed))
    }

    /// Somebody comes; dropping the guard is going.
    pub(crate) fn enter(&self, id: ConnectionId, who: Origin) -> Presence {
        let trace = self.0.events.spans().connection(id, &who);
        let live = Arc::new(Live {
            id,
            who,
            since: Instant::now(),
            opened_at: SystemTime::now(),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            queued: AtomicU64::new(0),
            round_trip: AtomicU64::new(0),
            delay: AtomicU64::new(0),
            end: End {
                is_asked: AtomicBool::new(false),
                reason: Mutex::default(),
                token: self.0.stop.child_token(),
            },
            about: Mutex::default(),
        });
        self.open().list.insert(id, Arc::clone(&live));
        let connections = self.clone();
        Presence {
            live,
            connections,
            trace,
        }
    }

    /// Those that are open, the oldest first.
    pub(crate) fn snapshots(&self) -> Vec<ConnectionSnapshot> {
        self.all().iter().map(|live| live.snapshot()).collect()
    }

    pub(crate) fn snapshot(&self, id: ConnectionId) -> Option<ConnectionSnapshot> {
        let live = self.find(id)?;
        Some(live.snapshot())
    }

    /// Asks one of them to end; `false` where there is none.
    pub(crate) fn kick(&self, id: ConnectionId, reason: &str) -> bool {
        let Some(live) = self.find(id) else {
            return false;
        };
        live.end_it(reason);
        true
    }

    /// Whether nobody is connected or watches.
    pub(crate) fn is_empty(&self) -> bool {
        self.open().list.is_empty()
    }

    /// Whether somebody is there who came this way.
    pub(crate) fn has_by(&self, way: Way) -> bool {
        self.open().list.values().any(|live| live.who.way == way)
    }

    /// Says to all clients that the server is taken down.
    pub(crate) fn leave(&self, leave: Leave) {
        for live in self.all() {
            let client = live.about().client.clone();
            if let Some(client) = client {
                client.server_leaves(leave);
            }
        }
    }

    /// How many play each stream live.
    pub(crate) fn players(&self) -> HashMap<StreamKey, usize> {
        let mut players: HashMap<_, usize> = HashMap::new();
        for live in self.all() {
            let about = live.about();
            for (_, used) in about.uses.iter().filter(|(_, it)| it.role == Role::Play) {
                let count = players.entry(used.stream.clone()).or_default();
                *count = count.saturating_add(1);
            }
        }
        players
    }

    /// What went over connections so far, those that are over included.
    pub(crate) fn traffic(&self) -> ByWay<Traffic> {
        // Under the lock no connection goes over to those that have ended, to be counted twice or not at all.
        let open = self.open();
        let mut all = open.ended;
        for live in open.list.values() {
            if let Some(sum) = all.of_mut(live.who.way) {
                sum.open = sum.open.saturating_add(1);
                sum.add(live);
                let about = live.about();
                for (_, used) in &about.uses {
                    let count = match used.role {
                        Role::Publish => &mut sum.publishers,
                        Role::Play | Role::Replay => &mut sum.players,
                    };
                    *count = count.saturating_add(1);
                }
            }
        }
        all
    }

    /// How long media took to players, by how they are connected.
    pub(crate) fn delays(&self) -> ByWay<DelaySnapshot> {
        let mut all = ByWay::default();
        for (way, delays) in self.0.delays.iter() {
            if let Some(snapshot) = all.of_mut(way) {
                *snapshot = delays.snapshot();
            }
        }
        all
    }

    fn delayed(&self, live: &Live, delay: Duration) {
        store(&live.delay, Some(delay));
        if let Some(delays) = self.0.delays.of(live.who.way) {
            delays.note(delay);
        }
    }

    fn find(&self, id: ConnectionId) -> Option<Arc<Live>> {
        self.open().list.get(&id).cloned()
    }

    fn all(&self) -> Vec<Arc<Live>> {
        self.open().list.values().cloned().collect()
    }

    /// Lock order: this one, then that of a connection.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Traffic {
    /// Adds what one connection counted.
    fn add(&mut self, live: &Live) {
        let about = live.about();
        let sums = [
            (&mut self.opened, 1),
            (&mut self.received_bytes, load(&live.received)),
            (&mut self.sent_bytes, load(&live.sent)),
            (&mut self.publishes, about.publishes),
            (&mut self.plays, about.plays),
        ];
        for (sum, count) in sums {
            *sum = sum.saturating_add(count);
        }
    }
}

impl Live {
    fn end_it(&self, reason: &str) {
        let mut kept = lock(&self.end.reason);
        kept.get_or_insert_with(|| reason.into());
        drop(kept);
        self.end.is_asked.store(true, Ordering::Release);
        self.end.token.cancel();
    }

    fn is_asked(&self) -> bool {
        self.end.is_asked.load(Ordering::Acquire)
    }

    fn snapshot(&self) -> ConnectionSnapshot {
        let known = |us: u64| (us != 0).then(|| Duration::from_micros(us));
        let (client, program, uses) = {
            let about = self.about();
            let uses = about.uses.iter().map(|(_, used)| used.clone()).collect();
            (about.client.clone(), about.program.clone(), uses)
        };
        ConnectionSnapshot {
            id: self.id,
            origin: self.who.clone(),
            since: self.since,
            opened_at: self.opened_at,
            client,
            program,
            uses,
            counts: Counts {
                received_bytes: load(&self.received),
                sent_bytes: load(&self.sent),
                queued_bytes: load(&self.queued),
                round_trip: known(load(&self.round_trip)),
                delay: known(load(&self.delay)),
            },
        }
    }

    fn about(&self) -> MutexGuard<'_, About> {
        lock(&self.about)
    }
}

/// A connection for as long as it lasts; its task counts with it. Dropping it takes the connection out of the list.
#[derive(Debug)]
pub(crate) struct Presence {
    live: Arc<Live>,
    connections: Connections,
    trace: Trace,
}

impl Presence {
    /// Bytes came.
    pub(crate) fn received(&self, bytes: usize) {
        add(&self.live.received, bytes);
    }

    /// Bytes went, and so many wait.
    pub(crate) fn sent(&self, bytes: usize, queued: usize) {
        if bytes > 0 {
            add(&self.live.sent, bytes);
        }
        let queued = u64::try_from(queued).unwrap_or(u64::MAX);
        self.live.queued.store(queued, Ordering::Relaxed);
    }

    pub(crate) fn received_bytes(&self) -> u64 {
        load(&self.live.received)
    }

    pub(crate) fn sent_bytes(&self) -> u64 {
        load(&self.live.sent)
    }

    /// What a ping measured.
    pub(crate) fn round_trip(&self, round_trip: Option<Duration>) {
        store(&self.live.round_trip, round_trip);
    }

    /// How long media took to this player.
    pub(crate) fn delayed(&self, delay: Duration) {
        self.connections.delayed(&self.live, delay);
    }

    /// It is known now who it is.
    pub(crate) fn introduced(&self, client: &Client) {
        let program = client.about().flash_version.as_deref().map(Box::from);
        let mut about = self.live.about();
        about.client = Some(client.clone());
        about.program = program;
    }

    /// The same of somebody of whom no more is known than what the program at its end says that it is.
    pub(crate) fn runs(&self, program: &str) {
        let cut = program.floor_char_boundary(ABOUT_BYTES);
        self.live.about().program = program.get(..cut).map(Box::from);
    }

    /// It was let in to an instance of an application.
    pub(crate) fn let_in(&self, application: &str, instance: &str) {
        self.live.about().is_in = true;
        self.trace.note("adit.app", application);
        self.tell(|| Happened::Connected {
            connection: self.live.id,
            way: self.live.who.way,
            peer: self.live.who.peer.to_string().into(),
            application: application.into(),
            instance: instance.into(),
        });
    }

    /// It publishes or plays until the guard is dropped.
    pub(crate) fn uses(&self, role: Role, stream: StreamKey) -> InUse {
        let number = {
            let mut about = self.live.about();
            match role {
                Role::Publish => about.publishes = about.publishes.saturating_add(1),
                Role::Play | Role::Replay => about.plays = about.plays.saturating_add(1),
            }
            let number = about.next_use;
            about.next_use = number.wrapping_add(1);
            let used = Use {
                role,
                stream: stream.clone(),
                since: Instant::now(),
            };
            about.uses.push((number, used));
            number
        };
        let connection = Arc::clone(&self.live);
        let events = self.connections.0.events.clone();
        let trace = self.trace.scope().stream(role, &stream);
        InUse::begin(connection, (events, trace), (role, stream, number))
    }

    /// Whether somebody wants it to end; to ask costs no lock.
    pub(crate) fn is_kicked(&self) -> bool {
        self.live.is_asked()
    }

    /// Why it is to end, if somebody wants that.
    pub(crate) fn kick_reason(&self) -> Option<Arc<str>> {
        lock(&self.live.end.reason).clone()
    }

    /// Ready when it is to end, or the server stops.
    pub(crate) fn to_end(&self) -> WaitForCancellationFutureOwned {
        self.live.end.token.clone().cancelled_owned()
    }

    fn tell(&self, what: impl FnOnce() -> Happened) {
        self.connections.0.events.tell(what);
    }
}

impl Drop for Presence {
    /// Also when the session panicked.
    fn drop(&mut self) {
        {
            let mut open = self.connections.open();
            open.list.remove(&self.live.id);
            if let Some(sum) = open.ended.of_mut(self.live.who.way) {
                sum.add(&self.live);
            }
        }
        if self.live.about().is_in {
            let connection = self.live.id;
            self.tell(|| Happened::Disconnected { connection });
        }
    }
}

/// Nobody else writes there, so that no locked addition is needed.
fn add(counter: &AtomicU64, bytes: usize) {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    counter.store(load(counter).saturating_add(bytes), Ordering::Relaxed);
}

fn store(counter: &AtomicU64, span: Option<Duration>) {
    let us = span.map_or(0, |span| {
        u64::try_from(span.as_micros()).unwrap_or(u64::MAX).max(1)
    });
    counter.store(us, Ordering::Relaxed);
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// What is behind the locks here is whole after each statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
