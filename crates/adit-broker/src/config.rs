//! What the owner of a broker, a publisher and a reader can choose.

use std::sync::Arc;
use std::time::Duration;

use adit_media::FrameKind;

use crate::limits::{BALANCED_DELAY, Limits, THROUGHPUT_DELAY};

/// When frames of a stream are made visible to its readers, and so how many writes a player costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Latency {
    /// Every message at once.
    Low,
    /// Every video message at once; audio and data ride along with it, at most 35 ms late.
    #[default]
    Balanced,
    /// Whatever came within 350 ms together.
    Throughput,
}

impl Latency {
    /// How long a frame of this kind may wait for others.
    pub(crate) const fn delay(self, kind: FrameKind) -> Duration {
        match (self, kind) {
            (Self::Low, _) | (Self::Balanced, FrameKind::Video) => Duration::ZERO,
            (Self::Balanced, FrameKind::Audio | FrameKind::Data) => BALANCED_DELAY,
            (Self::Throughput, _) => THROUGHPUT_DELAY,
        }
    }
}

/// Whether a reader that joins late starts with the newest cached key frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GopCache {
    /// Start at the newest key frame in the log, at once.
    #[default]
    On,
    /// Start at the next key frame that comes in.
    Off,
}

/// Settings of a broker.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct BrokerConfig {
    /// What each stream may hold in memory.
    pub limits: Limits,
    /// The latency mode of streams whose publisher did not choose one.
    pub latency: Latency,
}

/// Who publishes: for the refusal of a second publisher, for logs and for the API.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PublisherInfo {
    /// The session's id, as logs print it.
    pub session: Arc<str>,
    /// Where it comes from, as logs print it.
    pub peer: Arc<str>,
    /// The latency mode of the stream, when the application chose one.
    pub latency: Option<Latency>,
    /// Through which servers it came, in the words of whoever relays; none where an encoder publishes itself.
    pub via: Option<Arc<str>>,
}

impl PublisherInfo {
    /// A publisher by session id and peer.
    pub fn new(session: impl Into<Arc<str>>, peer: impl Into<Arc<str>>) -> Self {
        Self {
            session: session.into(),
            peer: peer.into(),
            latency: None,
            via: None,
        }
    }

    /// The same publisher with the latency mode of its stream chosen.
    #[must_use]
    pub fn with_latency(mut self, latency: Latency) -> Self {
        self.latency = Some(latency);
        self
    }

    /// The same publisher, which is another server.
    #[must_use]
    pub fn with_via(mut self, via: impl Into<Arc<str>>) -> Self {
        self.via = Some(via.into());
        self
    }
}

/// How a reader wants to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscribeOptions {
    /// Whether to start with the cached group of pictures.
    pub gop_cache: GopCache,
}

impl SubscribeOptions {
    /// The same options with another choice about the cached group of pictures.
    #[must_use]
    pub fn with_gop_cache(mut self, gop_cache: GopCache) -> Self {
        self.gop_cache = gop_cache;
        self
    }
}
