//! Plain counters of the client side.

/// What one tunnel has done so far. All values only grow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct ClientCounters {
    /// Requests given out, repeated ones included.
    pub requests: u64,
    /// Sends among them, each number once.
    pub sends: u64,
    /// Idles among them, each number once.
    pub idles: u64,
    /// Requests repeated with the same number.
    pub retries: u64,
    /// Sends made smaller because of a 413.
    pub halved: u64,
    /// Replies that came before one with a lower number.
    pub reordered: u64,
    /// Replies nobody had asked for.
    pub unexpected: u64,
    /// Times a lane other than the first was given up, and those behind it.
    pub lanes_lost: u64,
    /// RTMP bytes put into sends, each counted once.
    pub sent_bytes: u64,
    /// RTMP bytes taken out of replies.
    pub received_bytes: u64,
}
