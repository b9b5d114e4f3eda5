//! What all relays counted together.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::relay::{Carried, Direction};

/// Counters of all relays there were; they go on when relays end.
#[derive(Debug, Default)]
pub(super) struct Counters {
    push: OneWay,
    pull: OneWay,
    /// Streams that were not relayed because as many were.
    total: AtomicU64,
    /// Streams that were not pushed because they went to as many places.
    per_stream: AtomicU64,
    /// Streams that were not pushed because they had come through as many servers.
    hops: AtomicU64,
    /// Streams that were not published here because of their codec.
    codecs: AtomicU64,
}

/// The relays of one direction.
#[derive(Debug, Default)]
pub(super) struct OneWay {
    carried: Carried,
    connections: AtomicU64,
    failures: AtomicU64,
    skipped: AtomicU64,
}

/// What the relays of one direction counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelayCounts {
    /// Messages of media.
    pub messages: u64,
    /// Bytes of their payloads.
    pub bytes: u64,
    /// Connections on which the far side let the stream in.
    pub connections: u64,
    /// Connections that broke, or did not come about.
    pub failures: u64,
    /// Messages that a far side did not get, because it was too slow or away.
    pub skipped: u64,
}

impl Counters {
    pub(super) const fn of(&self, direction: Direction) -> &OneWay {
        match direction {
            Direction::Push => &self.push,
            Direction::Pull => &self.pull,
        }
    }

    pub(super) fn too_many(&self) {
        add(&self.total, 1);
    }

    pub(super) fn too_many_of_one(&self) {
        add(&self.per_stream, 1);
    }

    pub(super) fn too_many_hops(&self) {
        add(&self.hops, 1);
    }

    pub(super) fn codec_refused(&self) {
        add(&self.codecs, 1);
    }

    pub(super) fn codecs_refused(&self) -> u64 {
        read(&self.codecs)
    }

    /// How often each limit was hit.
    pub(super) fn limits(&self) -> [(&'static str, u64); 3] {
        [
            ("relay.total", read(&self.total)),
            ("relay.per_stream", read(&self.per_stream)),
            ("relay.hops", read(&self.hops)),
        ]
    }
}

impl OneWay {
    /// For one of them.
    pub(super) fn carried(&self) -> Carried {
        self.carried.part()
    }

    pub(super) fn connected(&self) {
        add(&self.connections, 1);
    }

    pub(super) fn failed(&self) {
        add(&self.failures, 1);
    }

    pub(super) fn skipped(&self, messages: u64) {
        add(&self.skipped, messages);
    }

    pub(super) fn snapshot(&self) -> RelayCounts {
        RelayCounts {
            messages: self.carried.messages(),
            bytes: self.carried.bytes(),
            connections: read(&self.connections),
            failures: read(&self.failures),
            skipped: read(&self.skipped),
        }
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
