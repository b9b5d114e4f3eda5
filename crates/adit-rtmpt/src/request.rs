//! One HTTP request of a tunnel session, as far as the tunnel sees it.

use std::fmt;

use bytes::Bytes;

/// The caller's name for one HTTP exchange that waits for a reply.
///
/// Any value that is not used twice within a session will do; a counter per process is the simple choice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RequestId(u64);

impl RequestId {
    /// Wraps a number the caller chose.
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number the caller chose.
    pub const fn value(self) -> u64 {
        self.0
    }
}

/// The number at the end of `/send/SID/SEQ`, `/idle/SID/SEQ` and `/close/SID/SEQ`: one counter for all three.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Sequence(u64);

impl Sequence {
    /// Wraps a number from a request target.
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// The number itself.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// The number that must follow this one. Saturates; a session would need 2^64 requests to see it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A request whose body has arrived whole. A truncated body must never become one of these.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Request {
    /// `/send/SID/SEQ`: RTMP bytes, cut anywhere.
    Send {
        /// The request's number.
        sequence: Sequence,
        /// The whole HTTP body.
        body: Bytes,
    },
    /// `/idle/SID/SEQ`: nothing to say, is there something to hear? Its body (one zero byte) carries nothing.
    Idle {
        /// The request's number.
        sequence: Sequence,
    },
    /// `/close/SID[/SEQ]`: the client is done.
    Close {
        /// The request's number; some clients leave it out.
        sequence: Option<Sequence>,
    },
}
