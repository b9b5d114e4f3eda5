//! What an [`Acceptor`](crate::Acceptor) may be told.

use crate::http::{Elsewhere, HttpHandler, NotFound};
use crate::limits;
use crate::network::Network;
use crate::tls::Tls;
use adit_rtmpt::{TableConfig, TunnelConfig};
use bytes::Bytes;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// The whole configuration of an [`Acceptor`](crate::Acceptor); the default is safe on the open internet and
/// has no TLS.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AcceptorConfig {
    /// The certificate to show; without one a TLS client is refused.
    pub tls: Option<Tls>,
    /// Who may send a PROXY v1/v2 header. Nobody by default.
    pub trusted_proxies: Vec<Network>,
    /// How many connections are let in.
    pub admission: AdmissionConfig,
    /// Options set on every accepted socket.
    pub socket: SocketConfig,
    /// From accept until the peer has shown what it speaks, in each layer.
    pub sniff_deadline: Duration,
    /// For the whole TLS handshake.
    pub tls_deadline: Duration,
    /// The HTTP side.
    pub http: HttpConfig,
    /// The tunnel protocol itself: order, holds, sizes.
    pub tunnel: TunnelConfig,
    /// Tunnel sessions: how many, how fast, from where.
    pub sessions: TableConfig,
}

impl Default for AcceptorConfig {
    fn default() -> Self {
        Self {
            tls: None,
            trusted_proxies: Vec::new(),
            admission: AdmissionConfig::default(),
            socket: SocketConfig::default(),
            sniff_deadline: limits::SNIFF_DEADLINE,
            tls_deadline: limits::TLS_DEADLINE,
            http: HttpConfig::default(),
            tunnel: TunnelConfig::default(),
            sessions: TableConfig::default(),
        }
    }
}

/// How many connections are let in, and how fast.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AdmissionConfig {
    /// Open connections altogether.
    pub total: usize,
    /// Open connections from one IPv4 address or one IPv6 /64.
    pub per_address: usize,
    /// New connections a second from one IPv4 address or one IPv6 /64.
    pub rate_per_address: u32,
    /// Connections and tunnel sessions that nobody has let in yet; see
    /// [`Carrier::authenticated`](crate::Carrier::authenticated).
    pub unauthenticated: usize,
    /// Accepting rests while so many percent of the file descriptors of the process are in use.
    pub descriptors_percent: u8,
    /// Or while fewer than this are left; at most half of them are kept back.
    pub descriptors_reserve: u64,
    /// Who is free of all limits per address, those of tunnel sessions included: loopback by default,
    /// because a reverse proxy on the same machine brings everybody from there.
    pub exempt: Vec<Network>,
}

impl Default for AdmissionConfig {
    fn default() -> Self {
        Self {
            total: limits::CONNECTIONS,
            per_address: limits::CONNECTIONS_PER_ADDRESS,
            rate_per_address: limits::CONNECTION_RATE_PER_ADDRESS,
            unauthenticated: limits::UNAUTHENTICATED,
            descriptors_percent: limits::DESCRIPTORS_PERCENT,
            descriptors_reserve: limits::DESCRIPTORS_RESERVE,
            exempt: Network::loopback().to_vec(),
        }
    }
}

/// Options set on every accepted socket.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SocketConfig {
    /// Silence after which TCP asks whether the peer is still there.
    pub keepalive_idle: Duration,
    /// Time between two such questions.
    pub keepalive_interval: Duration,
    /// Unanswered questions after which the connection is given up.
    pub keepalive_probes: u32,
    /// How long sent bytes may stay unacknowledged.
    pub user_timeout: Duration,
    /// Bytes the kernel takes beyond what it can send at once. Keeps old media out of a slow peer's queue.
    pub unsent_bytes: u32,
    /// Fixed size of the kernel's send buffer; `None` leaves the kernel to tune it.
    pub send_buffer_bytes: Option<usize>,
}

impl Default for SocketConfig {
    fn default() -> Self {
        Self {
            keepalive_idle: limits::KEEPALIVE_IDLE,
            keepalive_interval: limits::KEEPALIVE_INTERVAL,
            keepalive_probes: limits::KEEPALIVE_PROBES,
            user_timeout: limits::USER_TIMEOUT,
            unsent_bytes: limits::UNSENT_BYTES,
            send_buffer_bytes: None,
        }
    }
}

/// The HTTP side of a listener.
#[derive(Clone)]
#[non_exhaustive]
pub struct HttpConfig {
    /// First byte of a request to the end of its header.
    pub header_deadline: Duration,
    /// Silence between two requests of one connection. The number of requests is not limited.
    pub keep_alive: Duration,
    /// A whole request body.
    pub body_deadline: Duration,
    /// Bytes of tunnel requests that are held altogether ([`limits::BODIES`]).
    pub bodies: usize,
    /// A tunnel session that holds no more than this may use all of them, others only half
    /// ([`limits::BODIES_SMALL`]).
    pub bodies_small: usize,
    /// Answer to `/fcs/ident`.
    pub ident: IdentReply,
    /// Answer to `/fcs/ident2`.
    pub ident2: IdentReply,
    /// Values of the `Origin` header that may drive a tunnel from a browser, such as `https://example.com`.
    /// Empty: only pages of this server that came by HTTPS, from an IP address or from `localhost`. (Requests without the
    /// header are not from foreign pages and always welcome.)
    pub allowed_origins: Vec<String>,
    /// Plain text that `GET /` answers to whoever does not ask for HTML; browsers, which do, and everybody if this is
    /// `None`, are answered by the handler.
    pub front_page: Option<Bytes>,
    /// Another process that has tunnel sessions this one does not know.
    pub elsewhere: Option<Arc<dyn Elsewhere>>,
    /// Whatever is neither a tunnel path nor the front page.
    pub handler: Arc<dyn HttpHandler>,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            header_deadline: limits::HEADER_DEADLINE,
            keep_alive: limits::KEEP_ALIVE,
            body_deadline: limits::BODY_DEADLINE,
            bodies: limits::BODIES,
            bodies_small: limits::BODIES_SMALL,
            ident: IdentReply::default(),
            ident2: IdentReply::default(),
            allowed_origins: Vec::new(),
            front_page: None,
            elsewhere: None,
            handler: Arc::new(NotFound),
        }
    }
}

impl fmt::Debug for HttpConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpConfig")
            .field("header_deadline", &self.header_deadline)
            .field("keep_alive", &self.keep_alive)
            .field("body_deadline", &self.body_deadline)
            .field("bodies", &self.bodies)
            .field("bodies_small", &self.bodies_small)
            .field("ident", &self.ident)
            .field("ident2", &self.ident2)
            .field("allowed_origins", &self.allowed_origins)
            .field("front_page", &self.front_page)
            .field("elsewhere", &self.elsewhere)
            .finish_non_exhaustive()
    }
}

/// What `/fcs/ident` and `/fcs/ident2` answer. Clients disagree, all accept the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IdentReply {
    /// 404 with an empty body: go on with the address you have.
    #[default]
    NotFound,
    /// 200 with an empty body: the same, for clients that want to see 200.
    Empty200,
    /// 200 with this address: the client uses it for everything that follows.
    Address(IpAddr),
}
