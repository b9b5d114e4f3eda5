//! Routes: directly, or through which proxy and how.

use std::fmt;
use std::sync::Arc;

use adit_net::Transport;
pub use adit_net::client::ProxyKind;

use crate::limits;

/// The caller's number for a proxy, to find its address and password again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProxyId(pub u32);

/// A proxy that was found or given.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    id: ProxyId,
    kind: ProxyKind,
    name: Arc<str>,
}

impl Proxy {
    /// A proxy; `name` is its host and port as reports show it, without a password.
    pub fn new(id: ProxyId, kind: ProxyKind, name: &str) -> Self {
        Self {
            id,
            kind,
            name: name.into(),
        }
    }

    /// The caller's number.
    pub fn id(&self) -> ProxyId {
        self.id
    }

    /// What it speaks.
    pub fn kind(&self) -> ProxyKind {
        self.kind
    }

    /// Host and port.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn is_same(&self, other: &Self) -> bool {
        (self.kind, &self.name) == (other.kind, &other.name)
    }
}

/// `http://proxy:3128`, `socks5h://proxy:1080`.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.kind, self.name)
    }
}

/// How a proxy is asked to carry bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyForm {
    /// `CONNECT host:port`, then any bytes.
    Connect,
    /// `POST http://host/…`: each request of the tunnel goes to the proxy [RFC 9112 3.2.2].
    AbsoluteForm,
    /// A SOCKS request, then any bytes.
    Socks,
}

/// The way from here to the server's port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// By the network alone.
    Direct,
    /// Through a proxy.
    #[non_exhaustive]
    Proxy {
        /// Which.
        proxy: Proxy,
        /// How it is asked.
        form: ProxyForm,
    },
}

impl Route {
    /// The proxy, if there is one.
    pub fn proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Direct => None,
            Self::Proxy { proxy, .. } => Some(proxy),
        }
    }

    /// How the proxy is asked, if there is one.
    pub fn form(&self) -> Option<ProxyForm> {
        match self {
            Self::Direct => None,
            Self::Proxy { form, .. } => Some(*form),
        }
    }

    /// Through a proxy that is asked to carry any bytes.
    pub(super) fn connect(proxy: &Proxy) -> Self {
        let form = if proxy.kind.is_http() {
            ProxyForm::Connect
        } else {
            ProxyForm::Socks
        };
        Self::Proxy {
            proxy: proxy.clone(),
            form,
        }
    }

    /// Through a proxy in the form that suits what travels: requests as requests.
    pub(super) fn suited(proxy: &Proxy, transport: Transport) -> Self {
        if transport == Transport::Rtmpt && proxy.kind.is_http() {
            Self::Proxy {
                proxy: proxy.clone(),
                form: ProxyForm::AbsoluteForm,
            }
        } else {
            Self::connect(proxy)
        }
    }
}

/// One step of a list of routes, as PAC scripts and system settings give it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Via {
    /// No proxy.
    Direct,
    /// This proxy.
    Proxy(Proxy),
}

/// What this machine's settings say about the way to one server.
///
/// There are two lists, because settings and PAC scripts decide by scheme: one for plain HTTP
/// requests (ask them about `http://host/`; RTMPT), one for everything that a proxy cannot look
/// into (ask about `https://host/`). Steps are tried in order. An empty list means directly.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routes {
    requests: Vec<Via>,
    bytes: Vec<Via>,
}

impl Routes {
    /// No proxy at all.
    pub fn direct() -> Self {
        Self::default()
    }

    /// The same steps for everything.
    pub fn new(steps: Vec<Via>) -> Self {
        Self::by_scheme(steps.clone(), steps)
    }

    /// One proxy for everything.
    pub fn through(proxy: Proxy) -> Self {
        Self::new(vec![Via::Proxy(proxy)])
    }

    /// Steps for plain HTTP requests, and steps for everything else. Of each, the first
    /// [`limits::PROXIES`] are kept.
    pub fn by_scheme(mut requests: Vec<Via>, mut bytes: Vec<Via>) -> Self {
        requests.truncate(limits::PROXIES);
        bytes.truncate(limits::PROXIES);
        Self { requests, bytes }
    }

    /// Every proxy in both lists, once.
    pub fn proxies(&self) -> Vec<&Proxy> {
        let mut found: Vec<&Proxy> = Vec::new();
        for step in self.bytes.iter().chain(&self.requests) {
            if let Via::Proxy(proxy) = step
                && found.len() < limits::PROXIES
                && !found.iter().any(|other| other.is_same(proxy))
            {
                found.push(proxy);
            }
        }
        found
    }

    /// The steps for one transport.
    pub(super) fn steps(&self, transport: Transport) -> &[Via] {
        let steps = match transport {
            Transport::Rtmpt => &self.requests,
            _ => &self.bytes,
        };
        if steps.is_empty() {
            &[Via::Direct]
        } else {
            steps
        }
    }
}
