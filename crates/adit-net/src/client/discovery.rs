//! Which proxies lead to a server: from the environment, the system's settings, a PAC script, or given by hand.
//!
//! An error here never means "go direct": the network's owner may have asked for a proxy. Whoever goes direct all the same
//! does so on his own account, and says so.

mod pac;
mod source;

use super::connector::Connector;
use super::limits;
use super::proxy::{ParseProxyError, Proxy};
use super::target::Target;
use pac::Pac;
use proxy_watch::{ProxyStep, Url};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

pub use pac::PacAddress;
pub use source::{ManualSettings, ProxySource, Settings, SystemSource};

/// One way to a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Route {
    /// No proxy.
    Direct,
    /// Through this one.
    Proxy(Arc<Proxy>),
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Proxy(proxy) => proxy.fmt(f),
        }
    }
}

/// Where routes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Found {
    /// The user said so.
    Given,
    /// Environment variables.
    Environment,
    /// The system's settings.
    System,
    /// A PAC script.
    Pac,
    /// Nobody says anything about proxies.
    Nowhere,
}

/// The ways to a server, to be tried in this order; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Routes {
    /// In order, each once.
    pub routes: Vec<Route>,
    /// Who says so.
    pub found: Found,
}

/// How a proxy would be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// For a connection of its own, as for `https`: RTMP, RTMPS, RTMPTS.
    Connect,
    /// For plain HTTP requests, as for `http`: RTMPT.
    Requests,
}

/// What the user says about proxies (`--proxy`).
///
/// Written as `none`, `system`, the URL of a proxy, or `pac+` and the URL of a PAC script (`pac+http://…`, `pac+file:///…`).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GivenProxy {
    /// No proxy, whatever the system says.
    None,
    /// What environment and system say.
    System,
    /// This one, for everything.
    Proxy(Arc<Proxy>),
    /// What this script says.
    Pac(PacAddress),
}

impl FromStr for GivenProxy {
    type Err = ParseProxyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "none" => Ok(Self::None),
            "system" => Ok(Self::System),
            text => match text.strip_prefix("pac+") {
                Some(url) => PacAddress::parse(url)
                    .map(Self::Pac)
                    .ok_or(ParseProxyError::Url),
                None => Ok(Self::Proxy(Arc::new(Proxy::parse(text)?))),
            },
        }
    }
}

/// Why it is not known which proxies there are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// The environment or the system names a proxy in a way that cannot be understood.
    #[error("the proxy settings cannot be used: {text}")]
    Settings {
        /// What is wrong, without credentials.
        text: String,
    },
    /// The system does not tell its settings in time.
    #[error("the system does not tell its proxy settings within {} ms", after.as_millis())]
    SystemSilent {
        /// How long.
        after: Duration,
    },
    /// The system wants the network to be asked for a proxy (WPAD).
    #[error(
        "the system is set to find its proxy automatically (WPAD), which is not done here because anybody on the \
         network could answer: give the script with --proxy pac+http://…"
    )]
    AutoDetect,
    /// The PAC script cannot be fetched.
    #[error("the proxy script {address} cannot be fetched: {text}")]
    PacFetch {
        /// Where it should be: a file by its path, a URL without credentials, path and query.
        address: String,
        /// Why.
        text: String,
    },
    /// The PAC script does not work.
    #[error("the proxy script {address} does not work: {text}")]
    PacScript {
        /// Where it came from.
        address: String,
        /// What is wrong with it.
        text: String,
    },
}

/// Finds the routes to servers. Cheap to clone; clones share fetched scripts.
#[derive(Debug, Clone)]
pub struct Discovery {
    given: GivenProxy,
    source: Arc<dyn ProxySource>,
    pac: Pac,
}

impl Discovery {
    /// Follows what the user says, then the environment, then the system. `connector` fetches PAC scripts, always directly.
    pub fn new(given: GivenProxy, connector: Connector) -> Self {
        Self::with_source(given, connector, Arc::new(SystemSource))
    }

    /// The same with other settings than those of this process and system.
    pub fn with_source(
        given: GivenProxy,
        connector: Connector,
        source: Arc<dyn ProxySource>,
    ) -> Self {
        Self {
            given,
            source,
            pac: Pac::new(connector),
        }
    }

    /// Whether the user has said by hand which proxies there are.
    pub fn is_given(&self) -> bool {
        self.given != GivenProxy::System
    }

    /// The routes to `target`, best first.
    ///
    /// # Errors
    ///
    /// There are settings, but they cannot be read, understood or followed.
    pub async fn routes(
        &self,
        target: &Target,
        purpose: Purpose,
    ) -> Result<Routes, DiscoveryError> {
        let one = |route| Routes {
            routes: vec![route],
            found: Found::Given,
        };
        match &self.given {
            GivenProxy::None => Ok(one(Route::Direct)),
            GivenProxy::Proxy(proxy) => Ok(one(Route::Proxy(Arc::clone(proxy)))),
            GivenProxy::Pac(address) => self.follow(address, target, purpose).await,
            GivenProxy::System => {
                let (settings, found) = self.settings().await?;
                match settings {
                    Settings::Nothing => Ok(Routes {
                        routes: vec![Route::Direct],
                        found: Found::Nowhere,
                    }),
                    Settings::AutoDetect => Err(DiscoveryError::AutoDetect),
                    Settings::Pac(address) => self.follow(&address, target, purpose).await,
                    Settings::Manual(config) => {
                        let url = question(target, purpose)?;
                        let steps = proxy_watch::resolve(&config.0, &url).map_err(unusable)?;
                        Ok(Routes {
                            routes: routes(&steps)?,
                            found,
                        })
                    }
                }
            }
        }
    }

    async fn settings(&self) -> Result<(Settings, Found), DiscoveryError> {
        let source = Arc::clone(&self.source);
        // It may block for seconds; a thread that is too late is left behind.
        let reading = spawn_blocking(move || {
            let environment = source.environment()?;
            if !matches!(environment, Settings::Nothing) {
                return Ok((environment, Found::Environment));
            }
            Ok((source.system()?, Found::System))
        });
        let after = limits::SETTINGS_DEADLINE;
        timeout(after, reading)
            .await
            .map_err(|_| DiscoveryError::SystemSilent { after })?
            .map_err(|_| DiscoveryError::Settings {
                text: "reading them ended unexpectedly".to_owned(),
            })?
    }

    async fn follow(
        &self,
        address: &PacAddress,
        target: &Target,
        purpose: Purpose,
    ) -> Result<Routes, DiscoveryError> {
        let url = question(target, purpose)?;
        let steps = self.pac.ask(address, url).await?;
        Ok(Routes {
            routes: routes(&steps)?,
            found: Found::Pac,
        })
    }
}

/// The URL that settings and scripts are asked about: they know `http` and `https`, not RTMP.
fn question(target: &Target, purpose: Purpose) -> Result<Url, DiscoveryError> {
    let scheme = match purpose {
        Purpose::Connect => "https",
        Purpose::Requests => "http",
    };
    Url::parse(&format!("{scheme}://{target}/")).map_err(|_| DiscoveryError::Settings {
        text: "the server's name cannot be asked about".to_owned(),
    })
}

/// The steps as routes, each once, at most [`limits::ROUTES`].
fn routes(steps: &[ProxyStep]) -> Result<Vec<Route>, DiscoveryError> {
    let mut routes = Vec::new();
    for step in steps {
        let proxy = Proxy::from_step(step).map_err(|error| DiscoveryError::Settings {
            text: error.to_string(),
        })?;
        let route = proxy.map_or(Route::Direct, |proxy| Route::Proxy(Arc::new(proxy)));
        if routes.len() < limits::ROUTES && !routes.contains(&route) {
            routes.push(route);
        }
    }
    if routes.is_empty() {
        return Err(DiscoveryError::Settings {
            text: "they name no way at all".to_owned(),
        });
    }
    Ok(routes)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "used as a function for map_err"
)]
fn unusable(error: proxy_watch::Error) -> DiscoveryError {
    DiscoveryError::Settings {
        text: error.to_string(),
    }
}

#[cfg(test)]
mod tests;
