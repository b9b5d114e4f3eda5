//! The life of a session and how it can end.

/// Where a session is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum State {
    /// Both directions work.
    Open,
    /// The RTMP side is done; what it wrote is still being fetched.
    Draining,
    /// Over. Received bytes can still be taken, every request is answered with the end.
    Closed(CloseReason),
}

/// Whose doing an end was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Nobody's: one side said it was done.
    None,
    /// The client, or the network between, broke the rules of the tunnel.
    Peer,
    /// A limit of ours was hit.
    Limit,
}

/// Why a session is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloseReason {
    /// The client asked for it.
    #[error("the client closed the tunnel")]
    Peer,
    /// The RTMP side asked for it and all it wrote was fetched.
    #[error("the server closed the tunnel")]
    Local,
    /// The RTMP side asked for it, but the client did not fetch what was left.
    #[error("the server closed the tunnel and the client did not fetch the rest")]
    DrainTimeout,
    /// The client has asked nothing for too long.
    #[error("the client stopped polling")]
    Idle,
    /// A number never arrived.
    #[error("request {missing} never arrived")]
    Hole {
        /// The missing number.
        missing: u64,
    },
    /// A number too far ahead of the next expected one.
    #[error("request {sequence} is too far ahead of {expected}")]
    TooFarAhead {
        /// The number that came.
        sequence: u64,
        /// The number that should have come.
        expected: u64,
    },
    /// Too many bytes waited for a missing number.
    #[error("too many bytes wait for request {missing}")]
    TooManyBytesAhead {
        /// The missing number.
        missing: u64,
    },
    /// A body longer than allowed.
    #[error("the body of a send is too long")]
    BodyTooLong,
    /// Number 0 arrived with data after the session had begun with number 1.
    #[error("request 0 arrived after the session had begun with request 1")]
    MissedFirst,
}

impl CloseReason {
    /// A short constant name for metrics and logs.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Local => "local",
            Self::DrainTimeout => "drain",
            Self::Idle => "idle",
            Self::Hole { .. } => "hole",
            Self::TooFarAhead { .. } => "ahead",
            Self::TooManyBytesAhead { .. } => "ahead_bytes",
            Self::BodyTooLong => "body",
            Self::MissedFirst => "missed_first",
        }
    }

    /// Whose doing it was.
    pub const fn fault(self) -> Fault {
        match self {
            Self::Peer | Self::Local => Fault::None,
            Self::Hole { .. }
            | Self::TooFarAhead { .. }
            | Self::MissedFirst
            | Self::Idle
            | Self::DrainTimeout => Fault::Peer,
            Self::TooManyBytesAhead { .. } | Self::BodyTooLong => Fault::Limit,
        }
    }
}
