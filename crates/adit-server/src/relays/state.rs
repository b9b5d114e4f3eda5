//! Relays as they are at the moment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use adit_broker::StreamKey;
use adit_client::strategy::Strategy;
use adit_net::Transport;
use tokio_util::sync::CancellationToken;

use super::reach::RelayOrigin;
use super::spec::{Demand, RelayJob, RelaySpec, RelayTrust};
use crate::relay::Direction;

use super::leg::Leg;

/// A relay that runs.
#[derive(Debug)]
pub(super) struct Relay {
    pub(super) id: u64,
    pub(super) origin: RelayOrigin,
    pub(super) spec: RelaySpec,
    since: Instant,
    started_at: SystemTime,
    /// The end of it.
    pub(super) stop: CancellationToken,
    legs: Mutex<BTreeMap<StreamKey, Arc<Leg>>>,
    /// Why a stream is not relayed that should be.
    hindrance: Mutex<Option<Arc<str>>>,
}

/// How a relay is, or one stream of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayState {
    /// There is nothing to do: no such stream is published, or nobody plays it.
    Idle,
    /// A way to the far side is looked for.
    Connecting,
    /// Media go, or would if the stream had any at the moment.
    Running,
    /// Something has to happen first.
    Waiting {
        /// What is in the way.
        reason: String,
        /// When it is tried again, if time is what it takes.
        next_try: Option<Instant>,
    },
}

impl RelayState {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Connecting => "connecting",
            Self::Running => "running",
            Self::Waiting { .. } => "waiting",
        }
    }
}

/// A relay at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelaySnapshot {
    /// Its number, from 1 on.
    pub id: u64,
    /// Who asked for it.
    pub origin: RelayOrigin,
    /// Whether streams go, or come.
    pub direction: Direction,
    /// Which streams of this server, as it was asked for.
    pub streams: String,
    /// The far end, without its secrets.
    pub url: String,
    /// When it pulls; none of a push.
    pub demand: Option<Demand>,
    /// Which ways are tried.
    pub strategy: Strategy,
    /// Whether it trusts certificates beside those of the system.
    pub own_ca: bool,
    /// Since when there is this relay.
    pub since: Instant,
    /// The same by the clock on the wall.
    pub started_at: SystemTime,
    /// How it is: as the best of its streams.
    pub state: RelayState,
    /// Its streams.
    pub legs: Vec<LegSnapshot>,
}

/// One stream of a relay at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LegSnapshot {
    /// The stream here.
    pub stream: StreamKey,
    /// The far end, without its secrets.
    pub far: String,
    /// Since when it is relayed, or should be.
    pub lasting: Duration,
    /// How it is.
    pub state: RelayState,
    /// The way that won last, as people write it.
    pub way: Option<String>,
    /// Of that, how RTMP travels.
    pub transport: Option<Transport>,
    /// Messages of media so far.
    pub messages: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Connections on which the far side let it in.
    pub connections: u64,
    /// Connections that broke, or did not come about.
    pub failures: u64,
    /// Messages that the far side did not get.
    pub skipped: u64,
    /// What went wrong last.
    pub error: Option<String>,
}

impl Relay {
    pub(super) fn new(
        id: u64,
        origin: RelayOrigin,
        spec: RelaySpec,
        stop: CancellationToken,
    ) -> Self {
        Self {
            id,
            origin,
            spec,
            since: Instant::now(),
            started_at: SystemTime::now(),
            stop,
            legs: Mutex::default(),
            hindrance: Mutex::default(),
        }
    }

    pub(super) fn direction(&self) -> Direction {
        self.spec.job().direction()
    }

    pub(super) fn has(&self, stream: &StreamKey) -> bool {
        lock(&self.legs).contains_key(stream)
    }

    pub(super) fn add(&self, leg: Arc<Leg>) {
        lock(&self.legs).insert(leg.stream.clone(), leg);
        *lock(&self.hindrance) = None;
    }

    pub(super) fn remove(&self, stream: &StreamKey) {
        lock(&self.legs).remove(stream);
    }

    pub(super) fn len(&self) -> usize {
        lock(&self.legs).len()
    }

    /// Notes why a stream is not relayed; whether that is news.
    pub(super) fn hinder(&self, reason: &str) -> bool {
        let mut hindrance = lock(&self.hindrance);
        let is_news = hindrance.as_deref() != Some(reason);
        *hindrance = Some(reason.into());
        is_news
    }

    pub(super) fn snapshot(&self, now: Instant) -> RelaySnapshot {
        let legs: Vec<_> = {
            let legs = lock(&self.legs);
            legs.values().map(|leg| leg.snapshot(now)).collect()
        };
        RelaySnapshot {
            id: self.id,
            origin: self.origin,
            direction: self.direction(),
            streams: self.spec.job().streams(),
            url: self.spec.url().to_string(),
            demand: match self.spec.job() {
                RelayJob::Push { .. } => None,
                RelayJob::Pull { demand, .. } => Some(*demand),
            },
            strategy: self.spec.way().strategy,
            own_ca: self.spec.way().trust != RelayTrust::System,
            since: self.since,
            started_at: self.started_at,
            state: self.state(&legs),
            legs,
        }
    }

    fn state(&self, legs: &[LegSnapshot]) -> RelayState {
        let rank = |state: &RelayState| match state {
            RelayState::Running => 0,
            RelayState::Connecting => 1,
            RelayState::Waiting { .. } => 2,
            RelayState::Idle => 3,
        };
        let best = legs
            .iter()
            .map(|leg| &leg.state)
            .min_by_key(|state| rank(state));
        match (best, &*lock(&self.hindrance)) {
            (Some(best), _) => best.clone(),
            (None, Some(reason)) => RelayState::Waiting {
                reason: reason.to_string(),
                next_try: None,
            },
            (None, None) => RelayState::Idle,
        }
    }
}

/// What is behind the locks here is whole after each statement.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
