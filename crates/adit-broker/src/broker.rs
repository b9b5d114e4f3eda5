//! The map of streams and the guards it hands out.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use adit_media::Frame;

use crate::{
    BrokerConfig, Delivery, PublicationInfo, PublisherInfo, StreamKey, SubscribeOptions,
};

/// All live streams of a server. A clone is the same broker.
#[derive(Clone, Debug)]
pub struct Broker(Arc<BrokerConfig>);

/// The stream has a publisher already.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the stream is published by session {} from {}", publication.publisher.session, publication.publisher.peer)]
#[non_exhaustive]
pub struct NameInUse {
    /// The publication that holds the name.
    pub publication: Arc<PublicationInfo>,
    /// When its newest frame came in, `None` before the first one.
    pub last_frame: Option<Instant>,
}

/// One stream, as the API shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StreamSnapshot {
    /// Its name.
    pub key: StreamKey,
    /// The running publication, if any.
    pub publication: Option<Arc<PublicationInfo>>,
    /// How many readers it has.
    pub readers: usize,
}

impl Broker {
    /// A broker without streams.
    pub fn new(config: BrokerConfig) -> Self {
        Self(Arc::new(config))
    }

    /// Takes the stream name `key` for one publisher. Drop the guard to unpublish.
    ///
    /// # Errors
    /// [`NameInUse`] while another publication of the same key lives.
    pub fn publish(
        &self,
        key: StreamKey,
        publisher: PublisherInfo,
        now: Instant,
    ) -> Result<Publication, NameInUse> {
        Ok(Publication { key, info: Arc::new(PublicationInfo { id: 1, publisher, since: now }) })
    }

    /// Reads a stream that is live or may become live later. Drop the guard to leave.
    pub fn subscribe(&self, key: StreamKey, options: SubscribeOptions) -> Subscription {
        let _ = options;
        Subscription { key }
    }

    /// Every stream with a publisher or a reader, in no particular order.
    pub fn streams(&self) -> Vec<StreamSnapshot> {
        Vec::new()
    }
}

/// The right to publish one stream; dropping it unpublishes.
#[derive(Debug)]
pub struct Publication {
    key: StreamKey,
    info: Arc<PublicationInfo>,
}

impl Publication {
    /// The name of the stream.
    pub fn key(&self) -> &StreamKey {
        &self.key
    }

    /// This publication.
    pub fn info(&self) -> &Arc<PublicationInfo> {
        &self.info
    }

    /// Appends a frame. Waits for nobody. Readers are woken as the stream's
    /// [`Latency`](crate::Latency) says.
    pub fn push(&mut self, now: Instant, frame: Frame) {
        let _ = (now, frame);
    }

    /// When [`Publication::flush`] is due, if frames wait for it.
    pub fn next_flush(&self) -> Option<Instant> {
        None
    }

    /// Makes waiting frames visible if they are due at `now`.
    pub fn flush(&mut self, now: Instant) {
        let _ = now;
    }

    /// How many readers the stream has.
    pub fn readers(&self) -> usize {
        0
    }
}

/// A reader of one stream; dropping it leaves.
#[derive(Debug)]
pub struct Subscription {
    key: StreamKey,
}

impl Subscription {
    /// The name of the stream.
    pub fn key(&self) -> &StreamKey {
        &self.key
    }

    /// The next delivery. `Pending` only when the reader has everything that is visible; then the
    /// task is woken when there is more.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Delivery> {
        let _ = cx;
        Poll::Pending
    }
}
