//! Plain counters: what happened, and which limits were hit.

/// What one tunnel session has seen so far. All values only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct TunnelCounters {
    /// Requests that arrived, duplicates included.
    pub requests: u64,
    /// Requests that arrived before one with a lower number.
    pub reordered: u64,
    /// Requests ahead of a hole that got an empty reply before their turn.
    pub answered_early: u64,
    /// Requests whose number had been seen; answered with the reply of that number.
    pub duplicates: u64,
    /// Requests whose number had been answered so long ago that the reply is no longer kept.
    pub stale: u64,
    /// Duplicates turned away because [`limits::WAITERS`](crate::limits::WAITERS) were waiting.
    pub superseded: u64,
    /// Idles that were held to the end and found nothing.
    pub silent_idles: u64,
    /// Times the session stalled ([`limits::STALLED`](crate::limits::STALLED)).
    pub stalls: u64,
    /// RTMP bytes from the client, each counted once.
    pub received_bytes: u64,
    /// RTMP bytes put into replies, each counted once.
    pub sent_bytes: u64,
}

/// What a session table has seen so far. All values only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct TableCounters {
    /// Sessions opened.
    pub opened: u64,
    /// Opens refused because the table was full.
    pub refused_total: u64,
    /// Opens refused because the network had too many sessions.
    pub refused_network: u64,
    /// Opens refused because too many sessions were not proven yet.
    pub refused_unproven: u64,
    /// Opens refused because the network opened too fast.
    pub refused_rate: u64,
    /// Requests for ids that name no session.
    pub unknown: u64,
    /// Times a network guessed too often.
    pub blocks: u64,
    /// Requests of guessing networks that were not shown a session of another network.
    pub blocked: u64,
    /// Requests over plain HTTP for a session opened over TLS.
    pub downgraded: u64,
    /// Requests from another network for a session bound to its own.
    pub moved: u64,
    /// Closed sessions forgotten before their time because there were too many.
    pub tombstones_dropped: u64,
    /// Guessing networks not counted because there were too many.
    pub guessers_dropped: u64,
}
