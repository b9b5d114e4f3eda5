//! Ladders: which ways to a server are tried, in which order.
//!
//! A [`Rung`] is one way: a transport, a port and a route. A [`Ladder`] is the ordered list that a
//! [`Strategy`] makes out of an address, a [`ProxyType`] and the [`Routes`] of this machine. Nothing
//! is ever tried that is not in the ladder, and an address that asks for TLS never gets a rung
//! without it.
//!
//! | strategy | address | attempts |
//! |---|---|---|
//! | standard | `rtmp://host` | RTMP 1935, then RTMPT 80 `[TUNNEL note]` |
//! | | `rtmp://host:port`, `rtmpt://…` | the one it names |
//! | | `rtmps://…` | one port; native TLS, and HTTPS inside it where nothing else passes |
//! | classic | `rtmp://host` | RTMP 1935, 443, 80: the earlier player `[TUNNEL note]` |
//! | | anything else | the one it names |
//! | reach | `rtmp://host`, `rtmpt://host` | RTMP 1935, 443, 80, RTMPS 443, RTMPT 80, RTMPTS 443, direct and through each proxy |
//! | | with a port | all four transports on that port |
//! | | `rtmps://…`, `rtmpts://…` | RTMPS and RTMPTS on its port |

mod ladder;
mod route;
#[cfg(test)]
mod tests;

use std::fmt;

use adit_net::Transport;

pub use self::ladder::Ladder;
pub use self::route::{Proxy, ProxyForm, ProxyId, ProxyKind, Route, Routes, Via};

/// How far a connection goes to find a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Strategy {
    /// As the tech note has it: the address as written, and the tunnel on port 80 behind a plain
    /// `rtmp://host`.
    #[default]
    Standard,
    /// As players before it: three ports, no tunnel.
    Classic,
    /// Every way that could work.
    Reach,
}

/// How proxies and TLS are used, with the values of Flash's `NetConnection.proxyType`.
///
/// | value | `rtmps://` is | RTMP and RTMPS go | the tunnels go |
/// |---|---|---|---|
/// | none, http | the tunnel in HTTPS | directly | as a browser's requests: through the proxy, if there is one |
/// | connect | native TLS | directly, then by CONNECT | only if the address names them: directly, then by CONNECT |
/// | connect-only | native TLS | by CONNECT | only if the address names them: by CONNECT |
/// | best | native TLS, then the tunnel in HTTPS | through the proxy, if there is one | through the proxy, if there is one |
///
/// SOCKS proxies count as CONNECT, they carry any bytes. Flash told `http` from `none` by the
/// tunnel it added after a failure; here the strategy decides on that, so the two are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ProxyType {
    /// No proxy but for HTTP requests.
    None,
    /// The same as `None`.
    Http,
    /// Any bytes through the proxy when the direct way fails, never HTTP requests.
    Connect,
    /// Any bytes through the proxy, and no other way.
    ConnectOnly,
    /// Whatever carries best.
    #[default]
    Best,
}

impl ProxyType {
    /// The value as Flash wrote it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Http => "HTTP",
            Self::Connect => "CONNECT",
            Self::ConnectOnly => "CONNECTOnly",
            Self::Best => "best",
        }
    }

    /// Whether `rtmps` means TLS itself rather than requests inside HTTPS.
    fn is_native_tls(self) -> bool {
        !matches!(self, Self::None | Self::Http)
    }

    /// Whether proxies may carry any bytes.
    fn uses_connect(self) -> bool {
        !matches!(self, Self::None | Self::Http)
    }

    /// Whether a tunnel may stand in for what the address names.
    fn falls_back_to_tunnel(self) -> bool {
        !matches!(self, Self::Connect | Self::ConnectOnly)
    }
}

/// When a rung may be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Condition {
    /// In its turn.
    Always,
    /// Only after the rung before it, native TLS on the same port and route, has failed inside TLS:
    /// somebody on the way opens the TLS and lets nothing through but HTTP.
    TlsCarriesOnlyHttp,
}

/// One way to a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rung {
    transport: Transport,
    port: u16,
    route: Route,
    condition: Condition,
}

impl Rung {
    /// One way, to be tried in its turn.
    pub fn new(transport: Transport, port: u16, route: Route) -> Self {
        Self {
            transport,
            port,
            route,
            condition: Condition::Always,
        }
    }

    /// How RTMP travels.
    pub fn transport(&self) -> Transport {
        self.transport
    }

    /// The port of the server.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Directly or through a proxy.
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// When it may be tried.
    pub fn condition(&self) -> Condition {
        self.condition
    }

    /// What Flash called this way in `connectedProxyType`: `none`, `HTTP`, `HTTPS` or `CONNECT`.
    pub fn connected_proxy_type(&self) -> &'static str {
        match (self.transport, &self.route) {
            (Transport::Rtmpt, _) => "HTTP",
            (Transport::Rtmpts, _) => "HTTPS",
            (_, Route::Proxy { .. }) => "CONNECT",
            _ => "none",
        }
    }
}

/// `rtmpt:80`, `rtmps:443 via http://proxy:3128`.
impl fmt::Display for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.transport, self.port)?;
        match &self.route {
            Route::Direct => Ok(()),
            Route::Proxy { proxy, .. } => write!(f, " via {proxy}"),
        }
    }
}
