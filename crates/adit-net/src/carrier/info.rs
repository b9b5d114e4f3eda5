//! Where bytes come from, for logs, the API and metrics.

use crate::http::Forwarded;
use std::fmt;
use std::net::SocketAddr;

/// How RTMP travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Directly over TCP.
    Rtmp,
    /// In HTTP requests.
    Rtmpt,
    /// Over TLS.
    Rtmps,
    /// In HTTPS requests.
    Rtmpts,
}

impl Transport {
    /// The URL scheme: `rtmp`, `rtmpt`, `rtmps` or `rtmpts`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmpt => "rtmpt",
            Self::Rtmps => "rtmps",
            Self::Rtmpts => "rtmpts",
        }
    }

    /// Whether TLS protects the bytes.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Rtmps | Self::Rtmpts)
    }

    /// Whether the bytes travel in HTTP requests.
    pub fn is_tunnel(self) -> bool {
        matches!(self, Self::Rtmpt | Self::Rtmpts)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who is at the other end, and how its bytes travel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CarrierInfo {
    /// How RTMP travels.
    pub transport: Transport,
    /// The peer: the one a trusted proxy names, if there is one. IPv4 addresses are never in mapped form.
    pub peer: SocketAddr,
    /// The address the peer connected to: the one a trusted proxy names, if there is one.
    pub local: SocketAddr,
    /// The proxy that named the peer; on our side of the way out, the proxy the bytes go through, and then `peer` is it too.
    pub proxied_by: Option<SocketAddr>,
    /// What was agreed in the TLS handshake, if there was one.
    pub tls: Option<TlsInfo>,
    /// What the request that opened a tunnel says of having been passed on, as those of reverse proxies do: then `peer` is the one who
    /// passed it on. It is not proven, and its absence proves nothing.
    pub forwarded: Option<Forwarded>,
}

/// What was agreed in a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// The host name the client asked for.
    pub server_name: Option<String>,
    /// The application protocol agreed on.
    pub alpn: Option<&'static str>,
}

impl TlsInfo {
    /// What a certificate authority agrees on to look at a name [RFC 8737 3], and nobody else.
    pub(crate) const ACME: &'static str = "acme-tls/1";
}

/// A connection's addresses and TLS, before it is known what travels in it.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) peer: SocketAddr,
    pub(crate) local: SocketAddr,
    pub(crate) proxied_by: Option<SocketAddr>,
    pub(crate) tls: Option<TlsInfo>,
    /// What the request says of having been passed on.
    pub(crate) forwarded: Option<Forwarded>,
}

impl Origin {
    /// The info of a carrier that is this connection.
    pub(crate) fn direct(self) -> CarrierInfo {
        let transport = if self.tls.is_some() {
            Transport::Rtmps
        } else {
            Transport::Rtmp
        };
        self.with(transport)
    }

    /// The info of a tunnel session this connection opened.
    pub(crate) fn tunnel(self) -> CarrierInfo {
        let transport = if self.tls.is_some() {
            Transport::Rtmpts
        } else {
            Transport::Rtmpt
        };
        self.with(transport)
    }

    fn with(self, transport: Transport) -> CarrierInfo {
        let Self {
            peer,
            local,
            proxied_by,
            tls,
            forwarded,
        } = self;
        CarrierInfo {
            transport,
            peer,
            local,
            proxied_by,
            tls,
            forwarded,
        }
    }
}

/// The address with IPv4-mapped IPv6 written as IPv4.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
