//! What a [`Connector`](super::Connector) may be told.

use super::dial::Resolver;
use super::limits;
use super::tls::{TlsClient, TlsSetupError};
use crate::config::SocketConfig;
use std::time::Duration;

/// The configuration of a [`Connector`](super::Connector).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectorConfig {
    /// Whom to trust, for servers and for proxies that are spoken to over TLS.
    pub tls: TlsClient,
    /// Options set on every socket.
    pub socket: SocketConfig,
    /// How long each step may take.
    pub deadlines: Deadlines,
    /// Time a connection attempt has before the next address is tried beside it.
    pub stagger: Duration,
    /// Who turns names into addresses.
    pub resolver: Resolver,
}

impl ConnectorConfig {
    /// Safe defaults with this trust.
    pub fn new(tls: TlsClient) -> Self {
        Self {
            tls,
            socket: SocketConfig::default(),
            deadlines: Deadlines::default(),
            stagger: limits::STAGGER,
            resolver: Resolver::System,
        }
    }

    /// Safe defaults that trust whom the system trusts.
    ///
    /// # Errors
    ///
    /// The system has no usable certificate store.
    pub fn system() -> Result<Self, TlsSetupError> {
        Ok(Self::new(TlsClient::system()?))
    }
}

/// How long each step of a connection may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadlines {
    /// The name service.
    pub dns: Duration,
    /// TCP, over all addresses.
    pub tcp: Duration,
    /// Whatever a proxy is asked.
    pub proxy: Duration,
    /// One TLS handshake.
    pub tls: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            dns: limits::DNS_DEADLINE,
            tcp: limits::TCP_DEADLINE,
            proxy: limits::PROXY_DEADLINE,
            tls: limits::TLS_DEADLINE,
        }
    }
}
