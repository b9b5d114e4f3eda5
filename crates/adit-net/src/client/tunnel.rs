//! RTMPT and RTMPTS: [`ClientTunnel`] over HTTP/1 connections of its own, one to a lane.
//!
//! ```text
//!  Carrier ─▶ ClientTunnel ─▶ first lane: request ─▶ connection (kept, or made anew) ─▶ reply
//!                          └▶ other lanes: parked idles, sends beside others, only against servers that order
//! ```
//!
//! Through an HTTP proxy plain RTMPT sends whole URLs and needs no `CONNECT`; with TLS, or through SOCKS, each connection goes
//! through to the server.

mod carrier;
mod lane;

use super::connector::{ByProxy, Connection, Connector, Security};
use super::discovery::Route;
use super::error::{DialError, Stage};
use super::limits;
use super::proxy::Proxy;
use super::target::{Host, Target};
use crate::carrier::{Carrier, Transport};
use adit_rtmpt::client::{ClientConfig, ClientError, ClientState};
use hyper::Uri;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

pub(crate) use carrier::ClientTunnelCarrier;

/// Why there is no tunnel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TunnelError {
    /// There is no connection to the server or proxy, or the proxy does not let requests through.
    #[error(transparent)]
    Dial(DialError),
    /// Requests are answered, but not by a tunnel.
    #[error("no tunnel to {target}: {error}")]
    Tunnel {
        /// Who was asked.
        target: Target,
        /// What stood in the way.
        error: ClientError,
        /// The host that a redirect pointed to, if one did.
        redirected_to: Option<String>,
    },
    /// The server ended the tunnel as soon as there was one.
    #[error("{target} closes the tunnel at once")]
    Ended {
        /// Who was asked.
        target: Target,
    },
}

/// Why a tunnel that stood is no more: what is inside the [`io::Error`](std::io::Error) that its carrier gives.
#[derive(Debug, thiserror::Error)]
pub struct TunnelBroken {
    error: ClientError,
    /// Who stands in the way of new connections, if that is known.
    obstacle: Option<String>,
    /// The proxy that is sent the requests.
    proxy: Option<String>,
}

impl TunnelBroken {
    /// What the requests have come to.
    pub fn error(&self) -> ClientError {
        self.error
    }

    /// Whether there is no connection for requests any more.
    pub fn is_cut_off(&self) -> bool {
        self.obstacle.is_some()
    }
}

impl fmt::Display for TunnelBroken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let error = self.error;
        match (&self.obstacle, &self.proxy) {
            (Some(obstacle), _) => write!(f, "{obstacle} ({error})"),
            (None, Some(proxy)) => write!(f, "{error}, by way of {proxy}"),
            (None, None) => error.fmt(f),
        }
    }
}

impl TunnelError {
    /// What the user can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Dial(error) => error.hint(),
            Self::Tunnel {
                error: ClientError::Redirected { .. },
                target,
                redirected_to: Some(host),
            } if *host == target.host().to_string() => {
                "a web server answers on this port: check host and port, or enable the tunnel on the server"
            }
            Self::Tunnel {
                error: ClientError::Page { .. } | ClientError::Redirected { .. },
                ..
            } => {
                "open a web page in a browser and log in to the network first, or try another port"
            }
            Self::Tunnel { .. } | Self::Ended { .. } => {
                "the server may not speak RTMPT on this port: ask its operator, or try rtmp or rtmps"
            }
        }
    }
}

impl Connector {
    /// A tunnel session with `target` over `route`, opened and ready for RTMP.
    ///
    /// With TLS it is RTMPTS ([`Security::Tls`] and [`Security::TlsForHttp`] are the same here), else RTMPT.
    ///
    /// Whoever drops the future while the server is asked for a session leaves a task behind that closes it, for at most
    /// [`ABANDONED_CLOSE`](limits::ABANDONED_CLOSE); see [`closing_in`](Self::closing_in).
    ///
    /// # Errors
    ///
    /// The first connection does not come about, or what answers there is no tunnel.
    pub async fn connect_tunnel(
        &self,
        target: &Target,
        route: &Route,
        security: Security,
        config: ClientConfig,
    ) -> Result<Carrier, TunnelError> {
        let way = Arc::new(Way {
            connector: self.clone(),
            target: target.clone(),
            route: route.clone(),
            security: match security {
                Security::Plain => Security::Plain,
                _ => Security::TlsForHttp,
            },
            redirected_to: OnceLock::new(),
        });
        let first = way.connect().await.map_err(TunnelError::Dial)?;
        self.enter(Stage::Http);
        let info = first.carrier_info(way.transport());
        let tunnel = ClientTunnelCarrier::new(Arc::clone(&way), first, config);
        let mut opening = Opening {
            tunnel: Some(tunnel),
            closing: self.closing().clone(),
        };
        let opened = poll_fn(|cx| opening.poll(cx)).await;
        let target = target.clone();
        let Some(mut tunnel) = opened else {
            return Err(TunnelError::Ended { target });
        };
        match tunnel.state() {
            ClientState::Open => Ok(Carrier::client_tunnel(tunnel, info)),
            ClientState::Failed(error) => {
                let error = *error;
                Err(tunnel
                    .take_obstacle()
                    .map_or_else(|| way.no_tunnel(target, error), TunnelError::Dial))
            }
            _ => Err(TunnelError::Ended { target }),
        }
    }
}

/// A tunnel that is being opened. Dropped before the end, it is closed in the background: the server would keep a session that
/// nobody knows of.
struct Opening {
    tunnel: Option<ClientTunnelCarrier>,
    closing: TaskTracker,
}

impl Opening {
    /// Waits until there is a session, or none will be.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<ClientTunnelCarrier>> {
        if let Some(tunnel) = &mut self.tunnel {
            ready!(tunnel.poll_open(cx));
        }
        Poll::Ready(self.tunnel.take())
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        let Some(mut tunnel) = self.tunnel.take() else {
            return;
        };
        // Without a runtime there are no connections any more.
        if let Ok(runtime) = Handle::try_current() {
            let close = async move {
                let closing = poll_fn(|cx| tunnel.poll_close(cx));
                // In time or not: nobody waits for longer.
                drop(timeout(limits::ABANDONED_CLOSE, closing).await);
            };
            self.closing.spawn_on(close, &runtime);
        }
    }
}

/// How the connections of a tunnel are made.
pub(super) struct Way {
    connector: Connector,
    target: Target,
    route: Route,
    security: Security,
    /// Where the first redirect points to.
    redirected_to: OnceLock<String>,
}

impl Way {
    /// Keeps the host of a redirect for the report. Nobody goes there.
    fn note_redirect(&self, location: &str) {
        if let Some(host) = pointed_to(location, self.target.host()) {
            // The first one counts; a later one is from the same tunnel, which has failed by then.
            self.redirected_to.set(host).ok();
        }
    }

    fn no_tunnel(&self, target: Target, error: ClientError) -> TunnelError {
        TunnelError::Tunnel {
            target,
            error,
            redirected_to: self.redirected_to.get().cloned(),
        }
    }

    async fn connect(&self) -> Result<Connection, DialError> {
        match self.whole_urls() {
            Some(proxy) => self.connector.connect_to_proxy(proxy).await,
            None => {
                self.connector
                    .connect(&self.target, &self.route, self.security)
                    .await
            }
        }
    }

    /// The proxy that is sent whole URLs.
    fn whole_urls(&self) -> Option<&Arc<Proxy>> {
        match (&self.route, self.security, self.connector.tunnels()) {
            (Route::Proxy(proxy), Security::Plain, ByProxy::Requests) if proxy.kind().is_http() => {
                Some(proxy)
            }
            _ => None,
        }
    }

    fn transport(&self) -> Transport {
        match self.security {
            Security::Plain => Transport::Rtmpt,
            _ => Transport::Rtmpts,
        }
    }

    /// The server as `Host` names it: without the port that is understood.
    fn host(&self) -> String {
        let understood = match self.security {
            Security::Plain => 80,
            _ => 443,
        };
        if self.target.port() == understood {
            self.target.host().to_string()
        } else {
            self.target.to_string()
        }
    }
}

/// The host that a `Location` of `own` points to: its own if the location is relative [RFC 9110 10.2.2].
fn pointed_to(location: &str, own: &Host) -> Option<String> {
    let is_scheme = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let uri = match location.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => rest
            .starts_with("//")
            .then(|| location.parse::<Uri>().ok())
            .flatten()?,
        _ if location.starts_with("//") => format!("http:{location}").parse().ok()?,
        _ => return Some(own.to_string()),
    };
    let host = uri.host()?;
    // As hosts are written elsewhere.
    Some(Host::parse(host).map_or_else(|_| host.to_owned(), |host| host.to_string()))
}

#[cfg(test)]
mod tests;
