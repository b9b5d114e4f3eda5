//! What the network layer lets users choose: trust, proxies, deadlines, resolvers; and its words for errors of the system.

pub use adit_net::client::{
    ConnectorConfig, Deadlines, Discovery, DiscoveryError, GivenProxy, InsecureTls, PacAddress,
    ParseProxyError, Resolver, TlsClient, TlsSetupError, TunnelClientConfig,
};
pub use adit_net::{CarrierInfo, TlsInfo, Transport, in_words};
