//! Why a proxy does not let us through.

use super::{AuthScheme, ProxyReply};
use crate::client::error::{DialError, Fault};
use crate::client::http::HttpFailure;
use crate::client::limits;
use std::time::Duration;

/// Why a proxy does not let us through. Reads on from "the proxy …".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The proxy itself cannot be reached, or TLS with it does not come about.
    #[error("cannot be reached: {0}")]
    Unreachable(Box<DialError>),
    /// It wants to know who we are, and nobody told us what to say.
    #[error("wants a user name and password (it offers {offered})")]
    CredentialsMissing {
        /// The schemes.
        offered: String,
    },
    /// It does not accept what we say.
    #[error("refuses the user name or password ({scheme})")]
    CredentialsRefused {
        /// How we said it.
        scheme: AuthScheme,
    },
    /// It wants proof in a way we do not know.
    #[error("wants a kind of authentication that is not known here (it offers {offered})")]
    UnknownSchemes {
        /// The schemes.
        offered: String,
    },
    /// Its challenge makes no sense.
    #[error("asks for authentication in a way that cannot be understood")]
    Challenge,
    /// It closes the connection that NTLM is to prove.
    #[error("closes the connection in the middle of its NTLM authentication")]
    NtlmConnectionClosed,
    /// It asks and asks.
    #[error(
        "asks for authentication again and again ({} requests)",
        limits::PROXY_ROUNDS
    )]
    TooManyRounds,
    /// It does not connect to this place.
    #[error("forbids the connection to {target} ({reply})")]
    Forbidden {
        /// Where we wanted to go.
        target: String,
        /// Its answer.
        reply: ProxyReply,
    },
    /// It does not make connections at all.
    #[error("does not take CONNECT ({reply})")]
    NoConnect {
        /// Its answer.
        reply: ProxyReply,
    },
    /// It would, but cannot reach the server.
    #[error("cannot reach {target} ({reply})")]
    TargetUnreachable {
        /// Where we wanted to go.
        target: String,
        /// Its answer.
        reply: ProxyReply,
    },
    /// It answers with something else.
    #[error("answers with {reply}")]
    Other {
        /// Its answer.
        reply: ProxyReply,
    },
    /// A page for people, where a connection was asked for.
    #[error("answers with a web page (status {status}), as the login page of a network does")]
    Captive {
        /// The HTTP status.
        status: u16,
    },
    /// It is not a proxy of this kind.
    #[error("is not a proxy of this kind: what it says is not {protocol}")]
    NotAProxy {
        /// `HTTP` or `SOCKS`.
        protocol: &'static str,
    },
    /// Its answer never ends.
    #[error("sends a response head of more than {} bytes", limits::HEAD_BYTES)]
    HeadTooLarge,
    /// It hangs up.
    #[error("hangs up without an answer")]
    HungUp,
    /// It does not answer.
    #[error("does not answer within {} ms", after.as_millis())]
    Silent {
        /// How long.
        after: Duration,
    },
    /// It is told addresses and no names, and the server's address is not to be found here.
    #[error("cannot be told where {target} is: {error}")]
    NameUnresolved {
        /// Where we wanted to go.
        target: String,
        /// What the name service says here.
        error: Box<DialError>,
    },
    /// It cannot be told where to go.
    #[error("cannot be told about {target}: {reason}")]
    NotExpressible {
        /// Where we wanted to go.
        target: String,
        /// Why.
        reason: &'static str,
    },
}

impl From<HttpFailure> for ProxyError {
    fn from(failure: HttpFailure) -> Self {
        match failure {
            HttpFailure::HeadTooLarge => Self::HeadTooLarge,
            HttpFailure::NotHttp => Self::NotAProxy { protocol: "HTTP" },
            HttpFailure::HungUp => Self::HungUp,
        }
    }
}

impl ProxyError {
    pub(in crate::client) fn fault(&self) -> Fault {
        match self {
            Self::CredentialsMissing { .. }
            | Self::CredentialsRefused { .. }
            | Self::UnknownSchemes { .. }
            | Self::NameUnresolved { .. }
            | Self::NotExpressible { .. } => Fault::Here,
            Self::TargetUnreachable { .. } => Fault::Server,
            Self::Captive { .. } => Fault::Network,
            _ => Fault::Proxy,
        }
    }

    pub(in crate::client) fn hint(&self) -> &'static str {
        match self {
            Self::Unreachable(_) | Self::Silent { .. } | Self::HungUp => {
                "check the address of the proxy, or ask whoever runs it"
            }
            Self::CredentialsMissing { .. } => {
                "give them in the proxy's URL: --proxy http://user:password@host:port"
            }
            Self::CredentialsRefused { .. } => {
                "check the user name (for a Windows domain DOMAIN\\user) and the password"
            }
            Self::UnknownSchemes { .. } => {
                "Basic, Digest and NTLM are known here: ask whoever runs the proxy for one of them"
            }
            Self::Forbidden { .. } | Self::NoConnect { .. } => {
                "proxies often allow CONNECT only to port 443: try rtmps, or rtmpt, which needs no CONNECT"
            }
            Self::TargetUnreachable { .. } => {
                "check the server's name and port; the proxy may not be able to reach it"
            }
            Self::Captive { .. } => "open a web page in a browser and log in to the network first",
            Self::NotAProxy { .. } | Self::HeadTooLarge => {
                "check the address and the kind of the proxy (http, https, socks4, socks5)"
            }
            Self::NameUnresolved { .. } => {
                "check the server's name, or let the proxy look it up: socks5h:// or socks4a:// in its address"
            }
            Self::NotExpressible { .. } => "use a proxy of another kind",
            Self::Challenge
            | Self::NtlmConnectionClosed
            | Self::TooManyRounds
            | Self::Other { .. } => "ask whoever runs the proxy",
        }
    }
}
