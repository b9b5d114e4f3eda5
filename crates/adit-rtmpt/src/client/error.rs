//! How a tunnel ends, and what stood in its way.

use std::time::Duration;

use super::request::Verb;

/// Where a tunnel is in its life.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ClientState {
    /// There is no session yet. What is written waits.
    Opening,
    /// Both directions work.
    Open,
    /// The caller is done; the last bytes and the close are under way.
    Closing,
    /// Over as it should be. Received bytes can still be taken.
    Closed(Ending),
    /// Over, because something stood in the way. Received bytes can still be taken.
    Failed(ClientError),
}

/// Who ended a tunnel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Ending {
    /// The server, after all it had to say.
    Server,
    /// The caller, and the server confirmed it: it has all bytes.
    Client,
    /// The caller, but the server did not confirm it in time; the last bytes may be lost.
    Unconfirmed,
}

/// Why there is no reply on a lane.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum LaneFailure {
    /// The connection was lost before the reply was whole, or could not be made.
    Lost,
    /// What came is not HTTP, or breaks its rules.
    NotHttp,
    /// The head of the reply is longer than the driver takes.
    HeadTooLong,
}

/// What kind of obstacle it was.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ClientFault {
    /// What answers here is no tunnel, or something between does not let one through: another way may work.
    Incompatible,
    /// The server, or the network between, dropped a tunnel that worked so far.
    Peer,
    /// A limit, ours or theirs.
    Limit,
}

/// What stood in the way of a tunnel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// 200, but with a page.
    #[error(
        "an HTML page came back for {verb}: a captive portal or a web server without an RTMP tunnel answers here"
    )]
    Page {
        /// What was asked for.
        verb: Verb,
    },
    /// 3xx.
    #[error(
        "{verb} was redirected (status {status}): a captive portal or a web server without an RTMP tunnel answers here"
    )]
    Redirected {
        /// What was asked for.
        verb: Verb,
        /// The status code.
        status: u16,
    },
    /// `/open/1` was refused as something unknown.
    #[error("the server has no RTMP tunnel (status {status} for /open/1)")]
    NoTunnel {
        /// The status code.
        status: u16,
    },
    /// 200 for `/open/1`, but not with a session id.
    #[error("the server's answer to /open/1 is not a session id")]
    NotASessionId,
    /// The single byte 0x00 for `/open/1`, as a full Red5 says.
    #[error("the server accepts no further tunnel sessions")]
    Full,
    /// 401, 403, 451.
    #[error("the server or a proxy forbids {verb} (status {status})")]
    Forbidden {
        /// What was asked for.
        verb: Verb,
        /// The status code.
        status: u16,
    },
    /// 407.
    #[error("the proxy asks for a user name and a password (status 407)")]
    ProxyAuthentication,
    /// 411.
    #[error("a proxy lost the length of {verb} on the way (status 411)")]
    LengthRequired {
        /// What was asked for.
        verb: Verb,
    },
    /// 413 for bodies of every size.
    #[error(
        "the server or a proxy refuses even {bytes} bytes in one request (status 413 for {verb})"
    )]
    TooLarge {
        /// What was asked for.
        verb: Verb,
        /// The length of the body that was refused last.
        bytes: usize,
    },
    /// 413 for a repeated send: nobody knows whether the first attempt arrived. Or for one that others have followed: its rest
    /// would have to come before them.
    #[error("a send that cannot be divided any more was refused as too large (status 413)")]
    TooLargeLate,
    /// 400, 404, 410 and others for a session that was there before.
    #[error("the server does not know the tunnel session any more (status {status} for {verb})")]
    SessionGone {
        /// What was asked for.
        verb: Verb,
        /// The status code.
        status: u16,
    },
    /// 408, 429, 502, 503, 504.
    #[error("the server or a gateway before it is not available (status {status} for {verb})")]
    Unavailable {
        /// What was asked for.
        verb: Verb,
        /// The status code.
        status: u16,
    },
    /// Any other status.
    #[error("unexpected status {status} for {verb}")]
    Status {
        /// What was asked for.
        verb: Verb,
        /// The status code.
        status: u16,
    },
    /// 200 without a poll byte.
    #[error("an empty answer came back for {verb}, without a poll byte")]
    EmptyReply {
        /// What was asked for.
        verb: Verb,
    },
    /// A body longer than [`limits::REPLY_BODY`](super::limits::REPLY_BODY).
    #[error("the answer to {verb} is longer than {limit} bytes")]
    ReplyTooLong {
        /// What was asked for.
        verb: Verb,
        /// The limit.
        limit: usize,
    },
    /// Nothing came back.
    #[error("no answer to {verb} for {} ms", after.as_millis())]
    Silence {
        /// What was asked for.
        verb: Verb,
        /// How long the last attempt waited.
        after: Duration,
    },
    /// The connection went away before the reply, and so did the fresh one.
    #[error("the connection was lost before the answer to {verb}, on a fresh connection too")]
    ConnectionLost {
        /// What was asked for.
        verb: Verb,
    },
    /// Something that is not HTTP came back, and on the fresh connection too.
    #[error("what answers {verb} does not speak HTTP")]
    NotHttp {
        /// What was asked for.
        verb: Verb,
    },
    /// A head came back that is longer than the driver takes, and on the fresh connection too.
    #[error("the answer to {verb} has a head that is too long")]
    HeadTooLong {
        /// What was asked for.
        verb: Verb,
    },
}

impl ClientError {
    /// What kind of obstacle it was.
    pub const fn fault(&self) -> ClientFault {
        match self {
            Self::Full
            | Self::TooLarge { .. }
            | Self::ReplyTooLong { .. }
            | Self::HeadTooLong { .. } => ClientFault::Limit,
            Self::Page { .. }
            | Self::Redirected { .. }
            | Self::NoTunnel { .. }
            | Self::NotASessionId
            | Self::Forbidden { .. }
            | Self::ProxyAuthentication
            | Self::LengthRequired { .. }
            | Self::EmptyReply { .. }
            | Self::NotHttp { .. } => ClientFault::Incompatible,
            Self::TooLargeLate
            | Self::SessionGone { .. }
            | Self::Unavailable { .. }
            | Self::Status { .. }
            | Self::Silence { .. }
            | Self::ConnectionLost { .. } => ClientFault::Peer,
        }
    }

    /// What a reply that never comes means.
    pub(super) const fn of_failure(verb: Verb, failure: LaneFailure) -> Self {
        match failure {
            LaneFailure::Lost => Self::ConnectionLost { verb },
            LaneFailure::NotHttp => Self::NotHttp { verb },
            LaneFailure::HeadTooLong => Self::HeadTooLong { verb },
        }
    }

    /// What a status other than 200 means.
    pub(super) const fn of_status(verb: Verb, status: u16, bytes: usize) -> Self {
        match (status, verb) {
            (300..=399, _) => Self::Redirected { verb, status },
            (401 | 403 | 451, _) => Self::Forbidden { verb, status },
            (407, _) => Self::ProxyAuthentication,
            (411, _) => Self::LengthRequired { verb },
            (413, _) => Self::TooLarge { verb, bytes },
            (408 | 429 | 502..=504, _) => Self::Unavailable { verb, status },
            (400 | 404 | 405 | 410 | 415 | 501, Verb::Open) => Self::NoTunnel { status },
            (400 | 404 | 410 | 500, Verb::Send | Verb::Idle) => Self::SessionGone { verb, status },
            _ => Self::Status { verb, status },
        }
    }

    /// Whether asking again can help. Red5 and others say 500 to an unknown session, so that is not one of them.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
