//! Proxies: what they are, how they are asked, and why they refuse.

mod authorizer;
mod challenge;
mod connect;
mod digest;
mod error;
mod ntlm;
mod reply;
mod socks;

use super::limits;
use super::target::{ParseTargetError, Target};
use proxy_watch::{ProxyEndpoint, ProxyScheme, ProxyStep};
use std::fmt;

pub use authorizer::{AuthScheme, Authorizer, Kept};
pub(super) use connect::connect;
pub use error::ProxyError;
pub use reply::ProxyReply;
pub(super) use socks::socks;

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyKind {
    /// HTTP: `CONNECT`, or requests with a whole URL.
    Http,
    /// The same inside TLS.
    Https,
    /// SOCKS 4; names are resolved here, IPv4 only.
    Socks4,
    /// SOCKS 4 with names resolved by the proxy.
    Socks4a,
    /// SOCKS 5; names are resolved here.
    Socks5,
    /// SOCKS 5 with names resolved by the proxy.
    Socks5h,
}

impl ProxyKind {
    /// The URL scheme.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
            Self::Socks4 => "socks4",
            Self::Socks4a => "socks4a",
            Self::Socks5 => "socks5",
            Self::Socks5h => "socks5h",
        }
    }

    /// Whether it takes HTTP requests.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }
}

impl fmt::Display for ProxyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A user name and a password for a proxy. Never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// A user, for NTLM possibly as `DOMAIN\user`, and his password.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }

    fn fits(&self) -> bool {
        self.user.len() <= limits::CREDENTIAL_BYTES
            && self.password.len() <= limits::CREDENTIAL_BYTES
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// A proxy.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    kind: ProxyKind,
    address: Target,
    credentials: Option<Credentials>,
}

/// What is not a proxy's URL. Says nothing of the URL itself, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseProxyError {
    /// The scheme is none a proxy has, or the rest is no address.
    #[error(
        "this is not the URL of a proxy: write http://, https://, socks4://, socks4a://, socks5:// or socks5h://, \
         then perhaps user:password@, then host:port"
    )]
    Url,
    /// The host or port is not one.
    #[error("the address of the proxy is not usable: {0}")]
    Address(#[from] ParseTargetError),
    /// User name or password are too long.
    #[error(
        "the user name or password for the proxy has more than {} bytes",
        limits::CREDENTIAL_BYTES
    )]
    Credentials,
}

impl Proxy {
    /// A proxy from its parts.
    pub fn new(kind: ProxyKind, address: Target) -> Self {
        Self {
            kind,
            address,
            credentials: None,
        }
    }

    /// The same proxy with a user name and password.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Reads `kind://user:password@host:port`. Without a kind it is HTTP; without a port it is 80, 443 or, for
    /// SOCKS, 1080. User name and password are percent-encoded.
    ///
    /// # Errors
    ///
    /// It is not such a URL.
    pub fn parse(url: &str) -> Result<Self, ParseProxyError> {
        let endpoint = ProxyEndpoint::parse(url.trim(), 80).map_err(|_| ParseProxyError::Url)?;
        let kind = match endpoint.scheme_hint {
            None | Some(ProxyScheme::Http) => ProxyKind::Http,
            Some(ProxyScheme::Https) => ProxyKind::Https,
            Some(ProxyScheme::Socks4) => ProxyKind::Socks4,
            Some(ProxyScheme::Socks4a) => ProxyKind::Socks4a,
            Some(ProxyScheme::Socks5) => ProxyKind::Socks5,
            Some(ProxyScheme::Socks5h) => ProxyKind::Socks5h,
            Some(_) => return Err(ParseProxyError::Url),
        };
        Self::from_endpoint(kind, &endpoint)
    }

    /// The proxy of one step of a route; `None` is a direct connection.
    pub(super) fn from_step(step: &ProxyStep) -> Result<Option<Self>, ParseProxyError> {
        let Some(endpoint) = step.endpoint() else {
            return if step.is_direct() {
                Ok(None)
            } else {
                Err(ParseProxyError::Url)
            };
        };
        let kind = match (step, endpoint.scheme_hint) {
            (ProxyStep::Http(_), _) => ProxyKind::Http,
            (ProxyStep::Https(_), _) => ProxyKind::Https,
            (ProxyStep::Socks4(_), Some(ProxyScheme::Socks4a)) => ProxyKind::Socks4a,
            (ProxyStep::Socks4(_), _) => ProxyKind::Socks4,
            (ProxyStep::Socks5(_), Some(ProxyScheme::Socks5h)) => ProxyKind::Socks5h,
            (ProxyStep::Socks5(_), _) => ProxyKind::Socks5,
            _ => return Err(ParseProxyError::Url),
        };
        Self::from_endpoint(kind, endpoint).map(Some)
    }

    fn from_endpoint(kind: ProxyKind, endpoint: &ProxyEndpoint) -> Result<Self, ParseProxyError> {
        let address = Target::new(&endpoint.host.to_string(), endpoint.port)?;
        let credentials = endpoint
            .auth
            .as_ref()
            .map(|auth| Credentials::new(auth.username(), auth.password().unwrap_or_default()));
        if credentials.as_ref().is_some_and(|given| !given.fits()) {
            return Err(ParseProxyError::Credentials);
        }
        Ok(Self {
            kind,
            address,
            credentials,
        })
    }

    /// How it is spoken to.
    pub fn kind(&self) -> ProxyKind {
        self.kind
    }

    /// Where it is.
    pub fn address(&self) -> &Target {
        &self.address
    }

    /// What it may be told.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// Somebody who answers this proxy's challenges on one connection: for requests with a whole URL, as a
    /// tunnel sends them through an HTTP proxy.
    pub fn authorizer(&self) -> Authorizer {
        Authorizer::new(self.credentials.clone())
    }
}

/// Kind, host and port; never credentials.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.kind, self.address)
    }
}

#[cfg(test)]
mod tests;
