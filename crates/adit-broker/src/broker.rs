//! The map of streams.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::stats::{Counter, Counters};
use crate::stream::Stream;
use crate::{
    BrokerConfig, BrokerStats, Publication, PublicationInfo, PublisherInfo, SharedFrame, StreamKey,
    StreamStats, SubscribeOptions, Subscription,
};

/// All live streams of a server. A clone is the same broker.
#[derive(Clone, Debug)]
pub struct Broker(Arc<Registry>);

/// The stream has a publisher already. Not a fault: two wanted the same name.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the stream is published by session {} from {}",
    publication.publisher.session, publication.publisher.peer
)]
#[non_exhaustive]
pub struct NameInUse {
    /// The publication that holds the name.
    pub publication: Arc<PublicationInfo>,
    /// When its newest frame came, `None` before the first one: an old one hints at a publisher
    /// that died without a word.
    pub last_frame: Option<Instant>,
}

/// One stream, as an API shows it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StreamSnapshot {
    /// Its name.
    pub key: StreamKey,
    /// The running publication, if any.
    pub publication: Option<Arc<PublicationInfo>>,
    /// How many readers it has.
    pub readers: usize,
    /// Its numbers.
    pub stats: StreamStats,
    /// What shows of what it is made: metadata, sequence headers, and a recent frame of video and of audio.
    pub samples: Vec<Arc<SharedFrame>>,
}

impl Broker {
    /// A broker without streams.
    pub fn new(config: BrokerConfig) -> Self {
        Self(Arc::new(Registry {
            config: Mutex::new(config),
            streams: Mutex::default(),
            publications: Counter::default(),
            refused: Counter::default(),
            subscriptions: Counter::default(),
            forgotten: Counters::default(),
        }))
    }

    /// Limits of the streams and latency of the publications that begin from now on.
    pub fn reconfigure(&self, config: BrokerConfig) {
        *self.0.config() = config;
    }

    /// Lets go of the groups of pictures that are kept for readers to come; these begin at the next key frame. What readers who are here
    /// have not got yet stays. For an owner who is short of memory: the next group is kept again.
    pub fn forget_groups(&self) {
        let streams: Vec<_> = {
            let streams = self.0.streams();
            streams
                .values()
                .map(|entry| Arc::clone(&entry.stream))
                .collect()
        };
        for stream in streams {
            stream.forget_group();
        }
    }

    /// Takes the name `key` for one publisher; readers that wait for it hear of it. Drop the guard
    /// to unpublish.
    ///
    /// # Errors
    /// [`NameInUse`] while another publication of the same key lives.
    pub fn publish(
        &self,
        key: StreamKey,
        publisher: PublisherInfo,
        now: Instant,
    ) -> Result<Publication, NameInUse> {
        let registry = &self.0;
        let latency = publisher.latency.unwrap_or(registry.config().latency);
        match registry.claim(&key, publisher, now) {
            Ok((stream, info)) => {
                let registry = Arc::clone(registry);
                Ok(Publication::begin(registry, key, stream, info, latency))
            }
            Err((stream, publication)) => {
                registry.refused.add(1);
                Err(NameInUse {
                    publication,
                    last_frame: stream.read().newest(),
                })
            }
        }
    }

    /// Reads a stream that is live or may become live later. Drop the guard to leave.
    ///
    /// How many subscriptions there may be is for the caller to bound, by its connections and the
    /// streams each may play.
    pub fn subscribe(&self, key: StreamKey, options: SubscribeOptions) -> Subscription {
        let stream = self.0.enter(&key);
        Subscription::begin(Arc::clone(&self.0), key, stream, options.gop_cache)
    }

    /// Whether somebody publishes it now.
    pub fn is_published(&self, key: &StreamKey) -> bool {
        let streams = self.0.streams();
        let entry = streams.get(key);
        entry.is_some_and(|entry| entry.publication.is_some())
    }

    /// Every stream with a publisher or a reader, in no particular order.
    pub fn streams(&self) -> Vec<StreamSnapshot> {
        let streams: Vec<_> = self
            .0
            .streams()
            .iter()
            .map(|(key, entry)| {
                (
                    key.clone(),
                    Arc::clone(&entry.stream),
                    entry.publication.clone(),
                    entry.readers,
                )
            })
            .collect();
        // The streams' own locks are taken after the map's is released.
        streams
            .into_iter()
            .map(|(key, stream, publication, readers)| StreamSnapshot {
                key,
                publication,
                readers,
                stats: stream.stats(),
                samples: stream.read().samples(),
            })
            .collect()
    }

    /// The stream of this name, if it has a publisher or a reader.
    pub fn stream(&self, key: &StreamKey) -> Option<StreamSnapshot> {
        let (stream, publication, readers) = {
            let streams = self.0.streams();
            let entry = streams.get(key)?;
            let publication = entry.publication.clone();
            (Arc::clone(&entry.stream), publication, entry.readers)
        };
        Some(StreamSnapshot {
            key: key.clone(),
            publication,
            readers,
            stats: stream.stats(),
            samples: stream.read().samples(),
        })
    }

    /// The numbers of the broker, those of streams that are gone included.
    pub fn stats(&self) -> BrokerStats {
        let registry = &self.0;
        let sum = Counters::default();
        {
            // Under the lock no stream goes over to the forgotten ones, to be counted twice or not at all.
            let streams = registry.streams();
            sum.absorb(&registry.forgotten);
            streams
                .values()
                .for_each(|entry| sum.absorb(&entry.stream.counters));
        }
        BrokerStats {
            publications: registry.publications.value(),
            refused: registry.refused.value(),
            subscriptions: registry.subscriptions.value(),
            frames: sum.frames.value(),
            bytes: sum.bytes.value(),
            skips: sum.skips.value(),
            skipped_frames: sum.skipped_frames.value(),
            gop_overflows: sum.gop_overflows.value(),
            header_overflows: sum.header_overflows.value(),
        }
    }
}

/// What a broker and all its guards share.
#[derive(Debug)]
pub(crate) struct Registry {
    config: Mutex<BrokerConfig>,
    streams: Mutex<HashMap<StreamKey, Entry>>,
    publications: Counter,
    refused: Counter,
    subscriptions: Counter,
    /// What streams counted that are gone.
    forgotten: Counters,
}

/// A stream that somebody holds: it has a publication or readers.
#[derive(Debug)]
struct Entry {
    stream: Arc<Stream>,
    publication: Option<Arc<PublicationInfo>>,
    readers: usize,
}

type Claim = (Arc<Stream>, Arc<PublicationInfo>);

impl Registry {
    fn streams(&self) -> MutexGuard<'_, HashMap<StreamKey, Entry>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn config(&self) -> MutexGuard<'_, BrokerConfig> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_entry(&self) -> Entry {
        let stream = Arc::new(Stream::new(self.config().limits));
        Entry {
            stream,
            publication: None,
            readers: 0,
        }
    }

    /// Takes the name, or tells who has it.
    fn claim(
        &self,
        key: &StreamKey,
        publisher: PublisherInfo,
        now: Instant,
    ) -> Result<Claim, Claim> {
        let mut streams = self.streams();
        let entry = streams
            .entry(key.clone())
            .or_insert_with(|| self.new_entry());
        let stream = Arc::clone(&entry.stream);
        if let Some(publication) = &entry.publication {
            return Err((stream, Arc::clone(publication)));
        }
        self.publications.add(1);
        let id = self.publications.value();
        let info = Arc::new(PublicationInfo {
            id,
            publisher,
            since: now,
        });
        entry.publication = Some(Arc::clone(&info));
        Ok((stream, info))
    }

    fn enter(&self, key: &StreamKey) -> Arc<Stream> {
        self.subscriptions.add(1);
        let mut streams = self.streams();
        let entry = streams
            .entry(key.clone())
            .or_insert_with(|| self.new_entry());
        entry.readers = entry.readers.saturating_add(1);
        Arc::clone(&entry.stream)
    }

    pub(crate) fn unpublish(&self, key: &StreamKey) {
        self.leave(key, |entry| entry.publication = None);
    }

    pub(crate) fn unsubscribe(&self, key: &StreamKey) {
        self.leave(key, |entry| entry.readers = entry.readers.saturating_sub(1));
    }

    /// Applies `change`; nobody left means the entry goes.
    fn leave(&self, key: &StreamKey, change: impl FnOnce(&mut Entry)) {
        let mut streams = self.streams();
        if let Slot::Occupied(mut slot) = streams.entry(key.clone()) {
            change(slot.get_mut());
            let entry = slot.get();
            if entry.publication.is_none() && entry.readers == 0 {
                let gone = slot.remove();
                self.forgotten.absorb(&gone.stream.counters);
                drop(streams);
                drop(gone);
            }
        }
    }
}

#[cfg(test)]
mod tests;
