//! Why a connection did not come about, on whose side, and what to do.

use super::proxy::ProxyError;
use super::target::Target;
use super::tls::TlsFailure;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// The step of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Turning a name into addresses.
    Dns,
    /// Connecting.
    Tcp,
    /// Whatever a proxy has to be asked.
    Proxy,
    /// The TLS handshake with the server.
    Tls,
    /// Opening a tunnel in HTTP.
    Http,
}

impl Stage {
    /// `dns`, `tcp`, `proxy`, `tls` or `http`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Http => "http",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose side an obstacle is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// This machine or what it was told: a name that is wrong, credentials that are missing.
    Here,
    /// Something between here and the server: a firewall, a portal, an interceptor.
    Network,
    /// The proxy.
    Proxy,
    /// The server.
    Server,
}

/// A connection that did not come about.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct DialError {
    stage: Stage,
    #[source]
    cause: Box<Cause>,
}

/// What happened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The name service does not know the name, or does not answer.
    #[error("the name {host} cannot be resolved: {source}")]
    Name {
        /// What was looked up.
        host: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The name has no address of a kind that can be used.
    #[error("the name {host} has no address that can be used")]
    NoAddress {
        /// What was looked up.
        host: String,
    },
    /// The name has only addresses to which no connection may be made from here.
    #[error("no connection may be made to the address of {host}")]
    NotAdmitted {
        /// What was looked up.
        host: String,
    },
    /// Nothing came in time.
    #[error("no answer from {who} within {} ms", after.as_millis())]
    Silent {
        /// Who was asked.
        who: String,
        /// How long.
        after: Duration,
    },
    /// The port is closed.
    #[error("{address} refuses the connection")]
    Refused {
        /// The last address tried.
        address: SocketAddr,
    },
    /// This machine has no way to the address.
    #[error("{address} cannot be reached: {source}")]
    Unreachable {
        /// The last address tried.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// The network has sent the connection back: a firewall on the way rejects it, or nobody is at the address.
    #[error("the network refuses the way to {address}: {source}")]
    TurnedAway {
        /// The address.
        address: SocketAddr,
        /// The system's answer.
        source: io::Error,
    },
    /// The proxy does not let us through.
    #[error("the proxy {proxy} {error}")]
    Proxy {
        /// Kind, host and port, never credentials.
        proxy: String,
        /// Why.
        error: ProxyError,
    },
    /// TLS with the server does not come about.
    #[error("TLS with {target}: {failure}")]
    Tls {
        /// Who was to prove who he is.
        target: Target,
        /// Why.
        failure: TlsFailure,
    },
}

impl DialError {
    pub(super) fn new(stage: Stage, cause: Cause) -> Self {
        Self {
            stage,
            cause: Box::new(cause),
        }
    }

    /// The step that was not completed.
    pub fn stage(&self) -> Stage {
        self.stage
    }

    /// What happened.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// What happened, to keep.
    pub fn into_cause(self) -> Cause {
        *self.cause
    }

    /// Whose side it is on, as far as can be told from here.
    pub fn fault(&self) -> Fault {
        match &*self.cause {
            Cause::Name { .. } | Cause::NoAddress { .. } | Cause::NotAdmitted { .. } => Fault::Here,
            Cause::Silent { .. } | Cause::Unreachable { .. } | Cause::TurnedAway { .. } => {
                Fault::Network
            }
            Cause::Refused { .. } => Fault::Server,
            Cause::Proxy { error, .. } => error.fault(),
            Cause::Tls { failure, .. } => failure.fault(),
        }
    }

    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match &*self.cause {
            Cause::Name { .. } | Cause::NoAddress { .. } => {
                "check the host name in the URL and this machine's name service"
            }
            Cause::NotAdmitted { .. } => {
                "it leads to this machine or its own network, where this program does not go on behalf of others"
            }
            Cause::Silent { .. } => {
                "a firewall may drop the packets: try another port or transport, or ask for the network's proxy"
            }
            Cause::Refused { .. } => {
                "check the port, and that the server is running and not closed off by a firewall"
            }
            Cause::Unreachable { .. } => "check this machine's network connection",
            Cause::TurnedAway { .. } => {
                "a firewall rejects it or the host is off: try another port or transport, or ask for the network's proxy"
            }
            Cause::Proxy { error, .. } => error.hint(),
            Cause::Tls { failure, .. } => failure.hint(),
        }
    }
}
