//! The streams of a server, with what is known of each from several places.

use std::collections::HashSet;
use std::time::Instant;

use adit_broker::{PublicationInfo, StreamKey, StreamSnapshot, StreamStats};

use super::pulse::{Pulse, Rate};
use super::tracks::Tracks;
use crate::mirror::is_mirrored;
use crate::server::{ConnectionId, Shared};

/// A stream at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StreamInfo {
    /// Its name.
    pub key: StreamKey,
    /// Since when it is published; none if somebody waits for it.
    pub since: Option<Instant>,
    /// Whose it is; none where the server itself publishes, or nobody, or somebody who [stayed](Self::has_stayed).
    pub publisher: Option<ConnectionId>,
    /// Whether its publisher is still with the server that this one has taken over from.
    pub has_stayed: bool,
    /// Where the publisher is, in words.
    pub peer: Option<String>,
    /// How many play it, or wait for it.
    pub players: usize,
    /// How many read it altogether: players, recordings, relays, packagers.
    pub readers: usize,
    /// Its numbers.
    pub stats: StreamStats,
    /// How fast it came in the last seconds; none in the first.
    pub rate: Option<Rate>,
    /// Of what it is made.
    pub tracks: Tracks,
    /// Whether it is being recorded.
    pub is_recorded: bool,
}

pub(super) fn all(shared: &Shared, pulse: &Pulse) -> Vec<StreamInfo> {
    let players = shared.connections.players();
    let recorded = recorded(shared);
    let streams = shared.broker.streams().into_iter().map(|stream| {
        let count = players.get(&stream.key).copied().unwrap_or_default();
        let is_recorded = recorded.contains(&stream.key);
        info((shared, pulse), stream, count, is_recorded)
    });
    streams.collect()
}

pub(super) fn one(shared: &Shared, pulse: &Pulse, key: &StreamKey) -> Option<StreamInfo> {
    let stream = shared.broker.stream(key)?;
    let players = shared.connections.players();
    let count = players.get(key).copied().unwrap_or_default();
    let is_recorded = recorded(shared).contains(key);
    Some(info((shared, pulse), stream, count, is_recorded))
}

/// By what streams are sorted.
pub(super) fn order(key: &StreamKey) -> [&str; 4] {
    [key.vhost(), key.application(), key.instance(), key.name()]
}

/// The connection that publishes, if it is one.
pub(super) fn publisher(publication: &PublicationInfo) -> Option<ConnectionId> {
    publication.publisher.session.parse().ok().map(ConnectionId)
}

fn recorded(shared: &Shared) -> HashSet<StreamKey> {
    let recordings = shared.recordings.as_ref();
    let running = recordings.map(crate::recording::Recordings::running);
    let running = running.unwrap_or_default().into_iter();
    running.map(|recording| recording.stream).collect()
}

fn info(
    (shared, pulse): (&Shared, &Pulse),
    stream: StreamSnapshot,
    players: usize,
    is_recorded: bool,
) -> StreamInfo {
    let publication = stream.publication.as_deref();
    let has_stayed = publication.is_some_and(is_mirrored);
    let there = has_stayed.then(|| shared.relays.mirrors().about(&stream.key));
    let there = there.flatten();
    let is_recorded = is_recorded || there.as_ref().is_some_and(|it| it.is_recorded);
    let peer = there.map(|it| it.peer);
    StreamInfo {
        since: publication.map(|it| it.since),
        publisher: publication.and_then(publisher),
        has_stayed,
        peer: peer.or_else(|| publication.map(|it| it.publisher.peer.as_ref().to_owned())),
        rate: publication.and_then(|it| pulse.rate(it.id)),
        tracks: Tracks::of(&stream.samples),
        players,
        readers: stream.readers,
        stats: stream.stats,
        is_recorded,
        key: stream.key,
    }
}
