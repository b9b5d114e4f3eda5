//! The way out: a connection to a server, directly or through a proxy, plain or with TLS.
//!
//! ```text
//!  Discovery ─▶ [Route, Route …]            environment, system settings, PAC script, or given by hand
//!  Connector ─▶ dns ─▶ tcp ─▶ proxy ─▶ tls ─▶ Connection ─▶ Carrier
//! ```
//!
//! Every step has its own deadline, and what goes wrong says in which [`Stage`], on whose side and what to do
//! ([`DialError`]). Nothing here ever tries something else than it was told: no TLS that becomes plain, no proxy that becomes a
//! direct connection. Who wants that tries it as another attempt.

mod config;
mod connector;
mod dial;
mod discovery;
mod error;
mod http;
pub mod limits;
mod proxy;
mod stream;
mod target;
#[cfg(test)]
pub(crate) mod testing;
mod tls;
mod tunnel;

pub use adit_rtmpt::client::ClientConfig as TunnelClientConfig;
pub use adit_rtmpt::client::ClientError as TunnelClientError;
pub use adit_rtmpt::client::Verb as TunnelVerb;
pub use config::{ConnectorConfig, Deadlines};
pub use connector::{Connection, Connector, Progress, Security};
pub use dial::Resolver;
pub use discovery::{
    Discovery, DiscoveryError, Found, GivenProxy, ManualSettings, PacAddress, ProxySource, Purpose,
    Route, Routes, Settings, SystemSource,
};
pub use error::{Cause, DialError, Fault, Stage};
pub use proxy::{
    AuthScheme, Authorizer, Credentials, Kept, ParseProxyError, Proxy, ProxyError, ProxyKind,
    ProxyReply,
};
pub use stream::ClientStream;
pub use target::{Host, HostName, ParseTargetError, Target};
pub use tls::{InsecureTls, PeerCertificate, TlsClient, TlsFailure, TlsSetupError};
pub(crate) use tunnel::ClientTunnelCarrier;
pub use tunnel::{TunnelBroken, TunnelError};
