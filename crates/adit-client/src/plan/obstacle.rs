//! The kinds of obstacles, in words for programs.

/// What stands in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Obstacle {
    /// Nothing: an attempt succeeded.
    None,
    /// The attempts have not ended yet.
    Unknown,
    /// The settings leave nothing to try.
    Settings,
    /// The network wants a login in a browser first.
    CaptivePortal,
    /// The server itself has refused.
    Rejected,
    /// The proxy wants a login, or refuses the one given.
    ProxyLogin,
    /// The proxy cannot be reached, or is none.
    ProxyUnreachable,
    /// The proxy forbids all that was tried.
    ProxyForbids,
    /// Somebody opens TLS on the way.
    TlsInterception,
    /// The certificate is not good.
    Certificate,
    /// TLS does not come up.
    Tls,
    /// The name has no address.
    Name,
    /// This machine has no network.
    Offline,
    /// A web server answers in place of a stream server.
    NoStreamServer,
    /// What the server, or a gateway before it, answers is wrong or too slow.
    Server,
    /// RTMP gets no answer on connections that open.
    RtmpFiltered,
    /// The server's machine answers, its ports do not.
    NothingListens,
    /// Nothing comes back.
    Firewall,
}

impl Obstacle {
    /// The obstacle in one or two lower case words, for programs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unknown => "unknown",
            Self::Settings => "settings",
            Self::CaptivePortal => "captive-portal",
            Self::Rejected => "rejected",
            Self::ProxyLogin => "proxy-login",
            Self::ProxyUnreachable => "proxy-unreachable",
            Self::ProxyForbids => "proxy-forbids",
            Self::TlsInterception => "tls-interception",
            Self::Certificate => "certificate",
            Self::Tls => "tls",
            Self::Name => "name",
            Self::Offline => "offline",
            Self::NoStreamServer => "no-stream-server",
            Self::Server => "server",
            Self::RtmpFiltered => "rtmp-filtered",
            Self::NothingListens => "nothing-listens",
            Self::Firewall => "firewall",
        }
    }
}
