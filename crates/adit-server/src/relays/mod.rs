//! Relays: streams of this server published at other ones, and streams of other ones published here.
//!
//! ```text
//!  Published ─▶ push: a leg for each stream that matches ─▶ Subscription ─▶ Backlog ─▶ NetStream ─▶ far server
//!  somebody plays ─▶ pull: one leg ─▶ Timeline ─▶ Publication                    ◀─ NetStream ◀─ far server
//! ```
//!
//! A relay is asked for by the configuration or by the API ([`RelaySpec`]); each has a task of its own that begins and ends its legs, one for
//! each stream. How a stream is carried over as many connections as it takes is the business of [`relay`](crate::relay), which
//! `adit tunnel` uses for everything that is published and played: here it is the same but that nobody waits for the far side, neither the
//! publisher nor the player, and that it is tried for ever.
//!
//! A publisher never waits for a relay: what the far side does not take is kept for a while and then left out, up to a key frame. What is
//! pushed says through which servers it has come (`via`), so that none gets back what it sent. Where a relay may go depends on who
//! asked for it (`reach`).

mod counters;
mod held;
mod kept;
mod leg;
mod pull;
mod push;
mod reach;
mod spec;
mod state;
mod timeline;
mod url;
mod via;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use adit_broker::{Broker, StreamKey};
use adit_net::Network;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};

use self::counters::Counters;
pub use self::counters::RelayCounts;
use self::kept::Keeper;
use self::leg::OpenLeg;
pub(crate) use self::leg::word;
pub use self::reach::RelayOrigin;
pub use self::spec::{BadPlace, Demand, RelayJob, RelayRefused, RelaySpec, RelayTrust, RelayWay};
pub use self::state::{LegSnapshot, RelaySnapshot, RelayState};
use self::state::{Relay, lock};
pub use self::url::{BadRelayUrl, RelayUrl};
pub(crate) use self::via::{ServerName, Via};
use crate::control::{ControlError, Events};
use crate::mirror::Mirrors;
use crate::recording::Recordings;
pub use crate::relay::Direction;
use crate::settings::Live;

/// All relays of a server. Clones are the same ones.
#[derive(Clone)]
pub(crate) struct Relays(Arc<Inner>);

struct Inner {
    parts: Parts,
    name: ServerName,
    table: Mutex<Table>,
    /// Where those of the API are kept. Whoever locks it may wait for a disk, and locks the table afterwards.
    keeper: Mutex<Keeper>,
    counters: Counters,
    tasks: TaskTracker,
    /// Where tasks run, whoever starts them.
    runtime: Handle,
}

/// What relays take of a server.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) broker: Broker,
    pub(crate) events: Events,
    pub(crate) live: Live,
    pub(crate) recordings: Option<Recordings>,
    /// What is played from here while its publishers are still with the server that was here before.
    pub(crate) mirrors: Mirrors,
    pub(crate) stop: CancellationToken,
}

#[derive(Debug, Default)]
struct Table {
    relays: BTreeMap<u64, Arc<Relay>>,
    last: u64,
    /// Where relays of the API may go beside the internet.
    networks: Vec<Network>,
}

impl Relays {
    /// None yet. Call it inside a tokio runtime.
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            name: ServerName::random(),
            table: Mutex::default(),
            keeper: Mutex::default(),
            counters: Counters::default(),
            tasks: TaskTracker::new(),
            runtime: Handle::current(),
        }))
    }

    /// What is played from here while its publishers are still with the server that was here before.
    pub(crate) fn mirrors(&self) -> &Mirrors {
        &self.0.parts.mirrors
    }

    /// How this server is called where streams say through which servers they came.
    pub(crate) fn name(&self) -> &ServerName {
        &self.0.name
    }

    /// From now on these of the configuration, and those of the API: relays that are not among them end, those that are go on as they are,
    /// and the rest begins.
    pub(crate) fn replace(&self, mut asked: Vec<RelaySpec>, networks: Vec<Network>) {
        let mut table = lock(&self.0.table);
        table.networks = networks;
        let is_gone = |relay: &Relay, asked: &mut Vec<RelaySpec>| {
            if relay.origin == RelayOrigin::Api {
                return false;
            }
            let same = asked.iter().position(|spec| *spec == relay.spec);
            same.map(|at| asked.remove(at)).is_none()
        };
        table.relays.retain(|_, relay| {
            let is_gone = is_gone(relay, &mut asked);
            if is_gone {
                end(relay);
            }
            !is_gone
        });
        for spec in asked {
            let relay = self.enter(&mut table, None, RelayOrigin::Configuration, spec);
            self.begin(&relay);
        }
    }

    /// Begins the relays of the API that stand in this file, and keeps them there from now on. Blocks.
    pub(crate) fn keep_in(&self, file: PathBuf, networks: &[Network]) {
        let total = self.0.parts.live.now().limits.relays.total;
        let mut keeper = lock(&self.0.keeper);
        let found = keeper.open(file);
        let mut table = lock(&self.0.table);
        table.last = table.last.max(found.last);
        for kept in found.relays {
            let tls = match kept.way.trust.client() {
                Ok(tls) => tls,
                Err(error) => {
                    error!(%error, "the relays that the API has started do not begin");
                    keeper
                        .close("the relays of the last time could not be begun; the log says why");
                    return;
                }
            };
            let (job, url, whose) = (kept.job, kept.url, (RelayOrigin::Api, networks.to_vec()));
            let hindrance = if table.relays.len() >= total {
                self.0.counters.too_many();
                Some(format!(
                    "there are {total} relays, as many as there may be (limits.relay.total)"
                ))
            } else {
                let refused = RelaySpec::check(&job, &url, (RelayOrigin::Api, networks)).err();
                refused.map(|refused| refused.to_string())
            };
            let spec = RelaySpec::unchecked(job, url, (kept.way, tls), whose);
            let relay = self.enter(&mut table, Some(kept.id), RelayOrigin::Api, spec);
            match hindrance {
                None => self.begin(&relay),
                Some(reason) => {
                    warn!(relay = relay.id, "not begun: {reason}");
                    relay.hinder(&format!("not begun when the server started: {reason}"));
                }
            }
        }
    }

    /// Those of the API are another server's now: here none of them comes or goes any more. Blocks.
    pub(crate) fn give_away(&self) {
        lock(&self.0.keeper).close("another server has taken over; ask that one");
    }

    /// They are not after all.
    pub(crate) fn take_back(&self) {
        lock(&self.0.keeper).reopen();
    }

    /// Where relays of the API may go beside the internet.
    pub(crate) fn networks(&self) -> Vec<Network> {
        lock(&self.0.table).networks.clone()
    }

    /// One more, which whoever uses the API asks for. Blocks.
    ///
    /// # Errors
    /// There are as many as may be, or there is one that does the same, or it cannot be kept.
    pub(crate) fn start(&self, spec: RelaySpec) -> Result<RelaySnapshot, ControlError> {
        let keeper = self.keeper()?;
        let relay = self.enter_new(spec)?;
        if let Err(error) = self.keep(&keeper) {
            lock(&self.0.table).relays.remove(&relay.id);
            let words = format!("the relay was not begun, because it cannot be kept: {error}");
            return Err(ControlError::Failed(words));
        }
        self.begin(&relay);
        Ok(relay.snapshot(Instant::now()))
    }

    fn enter_new(&self, spec: RelaySpec) -> Result<Arc<Relay>, ControlError> {
        let total = self.0.parts.live.now().limits.relays.total;
        let mut table = lock(&self.0.table);
        if self.0.parts.stop.is_cancelled() {
            return Err(ControlError::Conflict("the server stops".to_owned()));
        }
        let does_same =
            |relay: &&Arc<Relay>| (relay.spec.job(), relay.spec.url()) == (spec.job(), spec.url());
        if let Some(same) = table.relays.values().find(does_same) {
            let words = format!("relay {} does that already", same.id);
            return Err(ControlError::Conflict(words));
        }
        if table.relays.len() >= total {
            self.0.counters.too_many();
            let words =
                format!("there are {total} relays, as many as there may be (limits.relay.total)");
            return Err(ControlError::Conflict(words));
        }
        Ok(self.enter(&mut table, None, RelayOrigin::Api, spec))
    }

    /// Ends a relay that was started by the API. Blocks.
    ///
    /// # Errors
    /// There is none of this number, it stands in the configuration, or it has ended but is kept still.
    pub(crate) fn stop(&self, id: u64) -> Result<(), ControlError> {
        let keeper = self.keeper()?;
        self.take_out(id)?;
        self.keep(&keeper).map_err(|error| {
            let words = format!("the relay has ended, but begins again when the server does: it cannot be taken out of {error}");
            ControlError::Failed(words)
        })
    }

    fn take_out(&self, id: u64) -> Result<(), ControlError> {
        let mut table = lock(&self.0.table);
        let Some(relay) = table.relays.get(&id) else {
            return Err(NO_RELAY);
        };
        if relay.origin == RelayOrigin::Configuration {
            let words = "this relay stands in the configuration; take it out there, and have that read again";
            return Err(ControlError::Conflict(words.to_owned()));
        }
        end(relay);
        table.relays.remove(&id);
        Ok(())
    }

    /// All of them, in the order of their numbers.
    pub(crate) fn snapshots(&self) -> Vec<RelaySnapshot> {
        let now = Instant::now();
        self.all().iter().map(|relay| relay.snapshot(now)).collect()
    }

    /// One of them.
    pub(crate) fn snapshot(&self, id: u64) -> Option<RelaySnapshot> {
        let relay = lock(&self.0.table).relays.get(&id).cloned();
        Some(relay?.snapshot(Instant::now()))
    }

    /// What those of one direction counted so far.
    pub(crate) fn counts(&self, direction: Direction) -> RelayCounts {
        self.0.counters.of(direction).snapshot()
    }

    /// How often a stream that was pulled was in a codec that may not be published here.
    pub(crate) fn codecs_refused(&self) -> u64 {
        self.0.counters.codecs_refused()
    }

    /// How often each limit was hit, by its key.
    pub(crate) fn limits(&self) -> [(&'static str, u64); 3] {
        self.0.counters.limits()
    }

    /// Whether a stream is or would be pulled when somebody plays it.
    pub(crate) fn fetches(&self, stream: &StreamKey) -> bool {
        let is_this = |relay: &Arc<Relay>| matches!(relay.spec.job(), RelayJob::Pull { stream: pulled, .. } if pulled == stream);
        lock(&self.0.table).relays.values().any(is_this)
    }

    /// Ready when every task is done, once the server stops.
    pub(crate) async fn drained(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }

    /// Where those of the API are kept, if they may change.
    fn keeper(&self) -> Result<MutexGuard<'_, Keeper>, ControlError> {
        let keeper = lock(&self.0.keeper);
        match keeper.closed() {
            Some(why) => Err(ControlError::Conflict(why.to_owned())),
            None => Ok(keeper),
        }
    }

    fn keep(&self, keeper: &Keeper) -> Result<(), String> {
        let (last, relays) = {
            let table = lock(&self.0.table);
            let all = table.relays.values();
            let kept = all
                .filter(|relay| relay.origin == RelayOrigin::Api)
                .cloned();
            (table.last, kept.collect::<Vec<_>>())
        };
        keeper.write(last, relays.iter().map(AsRef::as_ref))
    }

    /// Puts it on the list, with the next number if it has none yet.
    fn enter(
        &self,
        table: &mut Table,
        id: Option<u64>,
        origin: RelayOrigin,
        spec: RelaySpec,
    ) -> Arc<Relay> {
        let id = id.unwrap_or_else(|| {
            table.last = table.last.saturating_add(1);
            table.last
        });
        let stop = self.0.parts.stop.child_token();
        let relay = Arc::new(Relay::new(id, origin, spec, stop));
        table.relays.insert(id, Arc::clone(&relay));
        relay
    }

    fn begin(&self, relay: &Arc<Relay>) {
        let (id, spec) = (relay.id, &relay.spec);
        let (direction, streams, far) = (word(relay.direction()), spec.job().streams(), spec.url());
        info!(relay = id, direction, streams, %far, asked_by = relay.origin.as_str(), "relay begins");
        let (relays, this) = (self.clone(), Arc::clone(relay));
        let runtime = &self.0.runtime;
        match spec.job().clone() {
            RelayJob::Push { streams } => {
                let work = push::run(relays, this, streams);
                self.0.tasks.spawn_on(work, runtime);
            }
            RelayJob::Pull { stream, demand } => {
                let work = pull::run(relays, this, stream, demand);
                self.0.tasks.spawn_on(work, runtime);
            }
        }
    }

    /// A leg for one more stream; nothing if there may be no more.
    fn open(&self, relay: &Arc<Relay>, stream: &StreamKey, far: String) -> Option<OpenLeg> {
        let limits = self.0.parts.live.now().limits.relays;
        let all = self.all();
        let open = all
            .iter()
            .fold(0, |sum: usize, relay| sum.saturating_add(relay.len()));
        let places = all
            .iter()
            .filter(|other| other.direction() == Direction::Push && other.has(stream));
        let is_push = relay.direction() == Direction::Push;
        let hindrance = if open >= limits.total {
            self.0.counters.too_many();
            format!(
                "{} streams are relayed, as many as may be (limits.relay.total)",
                limits.total
            )
        } else if is_push && places.count() >= limits.per_stream {
            self.0.counters.too_many_of_one();
            let (stream, most) = (spec::place(stream), limits.per_stream);
            format!(
                "{stream} is pushed to {most} places, as many as may be (limits.relay.per_stream)"
            )
        } else {
            return Some(OpenLeg::new(self, relay, stream.clone(), far));
        };
        if relay.hinder(&hindrance) {
            warn!(relay = relay.id, "not relayed: {hindrance}");
        }
        None
    }

    fn all(&self) -> Vec<Arc<Relay>> {
        lock(&self.0.table).relays.values().cloned().collect()
    }

    /// How many read a stream beside relays and recordings.
    fn viewers(&self, stream: &StreamKey) -> usize {
        let parts = &self.0.parts;
        let Some(snapshot) = parts.broker.stream(stream) else {
            return 0;
        };
        let pushed = self
            .all()
            .iter()
            .filter(|relay| relay.direction() == Direction::Push && relay.has(stream))
            .count();
        let recordings = parts.recordings.as_ref();
        let recorded = usize::from(recordings.is_some_and(|it| it.records(stream)));
        snapshot
            .readers
            .saturating_sub(pushed)
            .saturating_sub(recorded)
    }

    fn broker(&self) -> &Broker {
        &self.0.parts.broker
    }

    fn counters(&self) -> &Counters {
        &self.0.counters
    }

    fn events(&self) -> &Events {
        &self.0.parts.events
    }
}

fn end(relay: &Relay) {
    relay.stop.cancel();
    info!(relay = relay.id, direction = word(relay.direction()), far = %relay.spec.url(), "relay ends");
}

/// Legs know the relays that they are of.
impl fmt::Debug for Relays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relays").finish_non_exhaustive()
    }
}

/// What is said of a number that no relay has.
pub(crate) const NO_RELAY: ControlError = ControlError::NotFound("there is no such relay");
