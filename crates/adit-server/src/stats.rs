//! Counters of the whole server: plain atomics, read on demand.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use adit_broker::shared_object::ObjectStats;
use adit_broker::{Broker, BrokerStats};
use adit_net::Counters;
use adit_rtmp::session::LimitHits;

use crate::access::{Access, AccessSnapshot};
use crate::control::{Events, Phase};
use crate::driver::Silence;
use crate::objects::Objects;
use crate::outputs::OutputStats;
use crate::playback::Files;
use crate::recording::{Counters as RecordCounters, RecordingSnapshot};
use crate::relays::{Direction, RelayCounts, Relays};

/// Counters that sessions add to; see [`ServerStats::snapshot`] for their meaning. Clones count together.
#[derive(Clone, Debug)]
pub struct ServerStats(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    opened: AtomicU64,
    closed: AtomicU64,
    panicked: AtomicU64,
    received_bytes: AtomicU64,
    sent_bytes: AtomicU64,
    ended: Ended,
    /// Requests for what is to be played next that found too many waiting.
    next_refused: AtomicU64,
    /// Publications in a codec that their application does not take.
    codecs_refused: AtomicU64,
    /// What the peers of ended sessions ran into, by key.
    sessions: Vec<(&'static str, AtomicU64)>,
    others: Others,
}

/// Who else counts.
#[derive(Debug)]
pub(crate) struct Others {
    pub(crate) access: Access,
    pub(crate) net: Counters,
    pub(crate) broker: Broker,
    pub(crate) objects: Objects,
    pub(crate) files: Option<Files>,
    pub(crate) recordings: Option<RecordCounters>,
    pub(crate) outputs: Option<OutputStats>,
    pub(crate) events: Events,
    pub(crate) relays: Relays,
    pub(crate) phase: Arc<Phase>,
}

/// Sessions that were ended because of their peers, by why.
#[derive(Debug, Default)]
struct Ended {
    write_stalls: AtomicU64,
    without_media: AtomicU64,
    publishers_idle: AtomicU64,
    players_hopeless: AtomicU64,
    clients_idle: AtomicU64,
}

/// Live streams at one moment.
pub(crate) struct StreamsNow {
    pub(crate) published: usize,
    pub(crate) counters: BrokerStats,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatsSnapshot {
    /// Sessions ever started.
    pub opened: u64,
    /// Sessions ended, for whatever reason.
    pub closed: u64,
    /// Sessions ended by a defect of ours.
    pub panicked: u64,
    /// Bytes of RTMP received by ended sessions.
    pub received_bytes: u64,
    /// Bytes of RTMP sent by ended sessions.
    pub sent_bytes: u64,
    /// Sessions ended because the peer stopped reading (limit `viewer.stall`).
    pub write_stalls: u64,
}

impl ServerStats {
    pub(crate) fn new(others: Others) -> Self {
        let keys = LimitHits::default();
        let sessions = keys.by_key().map(|(key, _)| (key, AtomicU64::new(0)));
        Self(Arc::new(Inner {
            opened: AtomicU64::new(0),
            closed: AtomicU64::new(0),
            panicked: AtomicU64::new(0),
            received_bytes: AtomicU64::new(0),
            sent_bytes: AtomicU64::new(0),
            ended: Ended::default(),
            next_refused: AtomicU64::new(0),
            codecs_refused: AtomicU64::new(0),
            sessions: sessions.collect(),
            others,
        }))
    }

    /// All counters, each read on its own.
    pub fn snapshot(&self) -> StatsSnapshot {
        let inner = &self.0;
        StatsSnapshot {
            opened: read(&inner.opened),
            closed: read(&inner.closed),
            panicked: read(&inner.panicked),
            received_bytes: read(&inner.received_bytes),
            sent_bytes: read(&inner.sent_bytes),
            write_stalls: read(&inner.ended.write_stalls),
        }
    }

    /// The numbers of all shared objects.
    pub fn objects(&self) -> ObjectStats {
        self.0.others.objects.stats()
    }

    /// How often each limit was hit, by its configuration key; `docs/limits.md` says what each means.
    ///
    /// What the peer of a session or of a tunnel session ran into is added when the session ends; everything else counts at
    /// once. `msg`, `name` and `amf` each stand for all limits whose keys begin so.
    pub fn limits(&self) -> BTreeMap<&'static str, u64> {
        let inner = &self.0;
        let own = [
            ("viewer.stall", read(&inner.ended.write_stalls)),
            ("viewer.overflows", read(&inner.ended.players_hopeless)),
            ("first_media", read(&inner.ended.without_media)),
            ("publisher.idle", read(&inner.ended.publishers_idle)),
            ("client.idle", read(&inner.ended.clients_idle)),
            ("playback.requests", read(&inner.next_refused)),
        ];
        let sessions = inner.sessions.iter().map(|(key, hits)| (*key, read(hits)));
        let mut all = BTreeMap::new();
        for (key, hits) in own
            .into_iter()
            .chain(Files::limits(inner.others.files.as_ref()))
            .chain(sessions)
            .chain(inner.others.access.limits())
            .chain(inner.others.net.limits())
            .chain(inner.others.broker.stats().limits())
            .chain(inner.others.objects.limits())
            .chain([("events.queue", inner.others.events.lags())])
            .chain(inner.others.relays.limits())
            .chain(inner.others.phase.memory().limits())
            .chain(
                inner
                    .others
                    .recordings
                    .iter()
                    .flat_map(RecordCounters::limits),
            )
            .chain(inner.others.outputs.iter().flat_map(OutputStats::limits))
        {
            let sum: &mut u64 = all.entry(key).or_default();
            *sum = sum.saturating_add(hits);
        }
        all
    }

    /// How often access was denied.
    pub fn access(&self) -> AccessSnapshot {
        self.0.others.access.snapshot()
    }

    /// How recording went; `None` if nothing is recorded.
    pub fn recordings(&self) -> Option<RecordingSnapshot> {
        self.0
            .others
            .recordings
            .as_ref()
            .map(RecordCounters::snapshot)
    }

    /// What the relays of one direction have carried so far.
    pub fn relays(&self, direction: Direction) -> RelayCounts {
        self.0.others.relays.counts(direction)
    }

    /// Live streams: how many are published, and the counters of all there were.
    pub(crate) fn broker(&self) -> StreamsNow {
        let broker = &self.0.others.broker;
        let streams = broker.streams();
        StreamsNow {
            published: streams.iter().filter(|it| it.publication.is_some()).count(),
            counters: broker.stats(),
        }
    }

    /// The counters of the ports.
    pub fn net(&self) -> &Counters {
        &self.0.others.net
    }

    pub(crate) fn session_opened(&self) {
        add(&self.0.opened, 1);
    }

    pub(crate) fn session_closed(&self, received_bytes: u64, sent_bytes: u64) {
        add(&self.0.closed, 1);
        add(&self.0.received_bytes, received_bytes);
        add(&self.0.sent_bytes, sent_bytes);
    }

    pub(crate) fn session_panicked(&self) {
        add(&self.0.panicked, 1);
    }

    pub(crate) fn write_stalled(&self) {
        add(&self.0.ended.write_stalls, 1);
    }

    pub(crate) fn publisher_silent(&self, silence: Silence) {
        match silence {
            Silence::FromTheStart(_) => add(&self.0.ended.without_media, 1),
            Silence::Again(_) => add(&self.0.ended.publishers_idle, 1),
        }
    }

    pub(crate) fn player_hopeless(&self) {
        add(&self.0.ended.players_hopeless, 1);
    }

    pub(crate) fn next_refused(&self) {
        add(&self.0.next_refused, 1);
    }

    pub(crate) fn codec_refused(&self) {
        add(&self.0.codecs_refused, 1);
    }

    /// Publications that ended, or did not begin, because they were in a codec that their application does not take.
    pub fn codecs_refused(&self) -> u64 {
        let pulled = self.0.others.relays.codecs_refused();
        read(&self.0.codecs_refused).saturating_add(pulled)
    }

    pub(crate) fn client_idle(&self) {
        add(&self.0.ended.clients_idle, 1);
    }

    /// Adds what the peer of a session that ends ran into.
    pub(crate) fn add_session(&self, hits: &LimitHits) {
        // Both lists are made by the same function, so they have the same keys in the same order.
        for ((_, sum), (_, hits)) in self.0.sessions.iter().zip(hits.by_key()) {
            add(sum, hits);
        }
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
