//! A stream, and those who watch it.

use std::time::{Duration, Instant};

use adit_broker::{
    Broker, BrokerConfig, Latency, Publication, PublisherInfo, StreamKey, SubscribeOptions,
};
use adit_media::{Frame, FrameKind, Timestamp};
use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use super::flv::Feed;
use super::stats::OutputStats;
use super::watcher::Watcher;
use crate::control::{Connections, Events, Origin, Way};
use crate::limits::ServerLimits;

/// One stream that is live; readers that are 20 messages behind are too slow.
pub(super) struct Stage {
    pub(super) broker: Broker,
    pub(super) key: StreamKey,
    pub(super) publication: Publication,
    now: Instant,
    pub(super) stop: CancellationToken,
    pub(super) connections: Connections,
    pub(super) stats: OutputStats,
}

impl Stage {
    pub(super) fn new() -> Self {
        let mut config = BrokerConfig::default();
        config.latency = Latency::Low;
        config.limits.lag.frames = 20;
        let broker = Broker::new(config);
        let key = StreamKey::new("", "live", "_definst_", "a").unwrap();
        let now = Instant::now();
        let stop = CancellationToken::new();
        let publication = broker
            .publish(key.clone(), PublisherInfo::new("1", "here"), now)
            .unwrap();
        Self {
            broker,
            key,
            publication,
            now,
            connections: Connections::new(Events::default(), stop.clone()),
            stop,
            stats: OutputStats::default(),
        }
    }

    pub(super) fn push(&mut self, ms: u32, kind: FrameKind, payload: impl Into<Bytes>) {
        self.now += Duration::from_millis(1);
        let frame = Frame::classify(Timestamp::from_ms(ms), kind, payload.into());
        self.publication.push(self.now, frame);
    }

    pub(super) fn video(&mut self, ms: u32, payload: impl Into<Bytes>) {
        self.push(ms, FrameKind::Video, payload);
    }

    pub(super) fn audio(&mut self, ms: u32, payload: impl Into<Bytes>) {
        self.push(ms, FrameKind::Audio, payload);
    }

    /// One more who watches.
    pub(super) fn feed(&self, way: Way) -> Feed {
        let options = SubscribeOptions::default();
        let subscription = self.broker.subscribe(self.key.clone(), options);
        let watcher = watcher(&self.connections, way, "192.0.2.1:1", &self.key);
        let ticket = self.stats.admit(10).unwrap();
        Feed::new(subscription, watcher, ticket, ServerLimits::default())
    }

    /// How often a limit was hit.
    pub(super) fn hits(&self, limit: &str) -> u64 {
        let mut all = self.stats.limits();
        all.find(|(key, _)| *key == limit).unwrap().1
    }
}

/// Somebody who watches from `peer`.
pub(super) fn watcher(
    connections: &Connections,
    way: Way,
    peer: &str,
    stream: &StreamKey,
) -> Watcher {
    let who = Origin {
        way,
        peer: peer.parse().unwrap(),
        local: "192.0.2.9:80".parse().unwrap(),
        proxied_by: None,
        tls: None,
    };
    Watcher::enter(connections, who, Some("a player"), stream)
}
