//! From an address to its ladder.

use adit_net::Transport;

use super::route::{Proxy, Route, Routes, Via};
use super::{Condition, ProxyType, Rung, Strategy};
use crate::address::{Host, Scheme, Target};
use crate::limits;
use crate::memory::Winner;

/// What every network lets through directly, from the most wanted on.
const DIRECT: [(Transport, u16); 6] = [
    (Transport::Rtmp, 1935),
    (Transport::Rtmp, 443),
    (Transport::Rtmp, 80),
    (Transport::Rtmps, 443),
    (Transport::Rtmpt, 80),
    (Transport::Rtmpts, 443),
];
/// The same through a proxy: most of them allow CONNECT to 443 alone, and look inside.
const PROXIED: [(Transport, u16); 6] = [
    (Transport::Rtmp, 1935),
    (Transport::Rtmps, 443),
    (Transport::Rtmpt, 80),
    (Transport::Rtmp, 443),
    (Transport::Rtmpts, 443),
    (Transport::Rtmp, 80),
];
/// The transports of one port, in the order of [`DIRECT`].
const TRANSPORTS: [Transport; 4] = [
    Transport::Rtmp,
    Transport::Rtmps,
    Transport::Rtmpt,
    Transport::Rtmpts,
];

/// The ordered ways to one server.
///
/// ```
/// use adit_client::Target;
/// use adit_client::strategy::{Ladder, Proxy, ProxyId, ProxyKind, ProxyType, Routes, Strategy};
///
/// let target = Target::parse("rtmp://live.example.com/app/key")?;
/// let proxy = Proxy::new(ProxyId(0), ProxyKind::Http, "proxy:3128");
/// let routes = Routes::through(proxy);
/// let ladder = Ladder::new(&target, Strategy::Standard, ProxyType::Best, &routes, None);
/// let rungs: Vec<String> = ladder.rungs().iter().map(ToString::to_string).collect();
/// assert_eq!(rungs, ["rtmp:1935 via http://proxy:3128", "rtmpt:80 via http://proxy:3128"]);
/// # Ok::<(), adit_client::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder {
    host: Host,
    rungs: Vec<Rung>,
}

impl Ladder {
    /// The ladder of an address.
    ///
    /// `remembered` is the way that won last time (see [`memory`](crate::memory)). With
    /// [`Strategy::Reach`] it moves to the front, if it is in the ladder; the other strategies
    /// promise an order and ignore it.
    ///
    /// The ladder may be empty: [`ProxyType::ConnectOnly`] without a proxy.
    pub fn new(
        target: &Target,
        strategy: Strategy,
        proxy_type: ProxyType,
        routes: &Routes,
        remembered: Option<&Winner>,
    ) -> Self {
        let ask = Ask {
            scheme: target.scheme(),
            port: target.port(),
            proxy_type,
            routes,
        };
        let mut rungs = match strategy {
            Strategy::Standard => ask.listed(&ask.standard()),
            Strategy::Classic => ask.listed(&ask.classic()),
            Strategy::Reach => ask.reach(),
        };
        if strategy == Strategy::Reach
            && let Some(winner) = remembered
            && let Some(at) = rungs.iter().position(|rung| winner.is(rung))
            && let Some(upto) = rungs.get_mut(..=at)
        {
            upto.rotate_right(1);
        }
        Self::from_rungs(target.host().clone(), rungs)
    }

    /// A ladder put together by hand. Repeated rungs and those after [`limits::RUNGS`] are left out.
    pub fn from_rungs(host: Host, rungs: Vec<Rung>) -> Self {
        let mut kept: Vec<Rung> = Vec::with_capacity(rungs.len().min(limits::RUNGS));
        for rung in rungs {
            if kept.len() < limits::RUNGS && !kept.contains(&rung) {
                kept.push(rung);
            }
        }
        Self { host, rungs: kept }
    }

    /// The server.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The ways to it, the most wanted first.
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }
}

/// One attempt that a strategy lists, before routes are known.
#[derive(Clone, Copy)]
struct Listed {
    transport: Transport,
    port: u16,
    condition: Condition,
}

/// Everything a ladder depends on.
struct Ask<'a> {
    scheme: Scheme,
    port: Option<u16>,
    proxy_type: ProxyType,
    routes: &'a Routes,
}

impl Ask<'_> {
    fn standard(&self) -> Vec<Listed> {
        let mut list = self.named();
        if self.scheme == Scheme::Rtmp
            && self.port.is_none()
            && self.proxy_type.falls_back_to_tunnel()
        {
            list.push(listed(Transport::Rtmpt, 80));
        }
        if self.scheme == Scheme::Rtmps && self.proxy_type == ProxyType::Best {
            list.push(Listed {
                condition: Condition::TlsCarriesOnlyHttp,
                ..listed(Transport::Rtmpts, self.port.unwrap_or(443))
            });
        }
        list
    }

    fn classic(&self) -> Vec<Listed> {
        match (self.scheme, self.port) {
            (Scheme::Rtmp, None) => [1935, 443, 80]
                .map(|port| listed(Transport::Rtmp, port))
                .into(),
            // No tunnelling where the address does not name it.
            (Scheme::Rtmps, port) => vec![listed(Transport::Rtmps, port.unwrap_or(443))],
            _ => self.named(),
        }
    }

    /// The one attempt that the address names.
    fn named(&self) -> Vec<Listed> {
        let transport = match self.scheme {
            Scheme::Rtmp => Transport::Rtmp,
            Scheme::Rtmpt => Transport::Rtmpt,
            Scheme::Rtmps if self.proxy_type.is_native_tls() => Transport::Rtmps,
            Scheme::Rtmps | Scheme::Rtmpts => Transport::Rtmpts,
        };
        let port = self.port.unwrap_or_else(|| self.scheme.default_port());
        vec![listed(transport, port)]
    }

    /// Each attempt along each route of its own.
    fn listed(&self, list: &[Listed]) -> Vec<Rung> {
        // A conditional attempt stands right behind what it depends on, route by route.
        let mut rungs = Vec::new();
        for attempt in list {
            for route in self.routes_of(attempt.transport) {
                let rung = Rung {
                    condition: attempt.condition,
                    ..Rung::new(attempt.transport, attempt.port, route)
                };
                let depends_on = |other: &Rung| {
                    attempt.condition == Condition::TlsCarriesOnlyHttp && other.route == rung.route
                };
                match rungs.iter().position(depends_on) {
                    Some(at) => rungs.insert(at + 1, rung),
                    None => rungs.push(rung),
                }
            }
        }
        rungs
    }

    fn routes_of(&self, transport: Transport) -> Vec<Route> {
        let steps = || self.routes.steps(transport).iter();
        let proxies = || steps().filter_map(proxy_of);
        match self.proxy_type {
            ProxyType::None | ProxyType::Http if !transport.is_tunnel() => vec![Route::Direct],
            ProxyType::None | ProxyType::Http | ProxyType::Best => steps()
                .map(|step| match step {
                    Via::Direct => Route::Direct,
                    Via::Proxy(proxy) => Route::suited(proxy, transport),
                })
                .collect(),
            ProxyType::Connect => std::iter::once(Route::Direct)
                .chain(proxies().map(Route::connect))
                .collect(),
            ProxyType::ConnectOnly => proxies().map(Route::connect).collect(),
        }
    }

    /// All ways: the direct ones and those of each proxy, one of each in turn.
    fn reach(&self) -> Vec<Rung> {
        let proxies = self.routes.proxies();
        let mut lanes = Vec::with_capacity(proxies.len() + 1);
        if self.proxy_type != ProxyType::ConnectOnly {
            lanes.push(self.lane(DIRECT, |_| Some(Route::Direct)));
        }
        for proxy in proxies {
            lanes.push(self.lane(PROXIED, |transport| self.through(proxy, transport)));
        }
        let longest = lanes.iter().map(Vec::len).max().unwrap_or(0);
        let mut rungs = Vec::new();
        for row in 0..longest {
            rungs.extend(lanes.iter().filter_map(|lane| lane.get(row)).cloned());
        }
        rungs
    }

    /// The rungs along one route, the transport of the address first.
    fn lane(
        &self,
        order: [(Transport, u16); 6],
        route: impl Fn(Transport) -> Option<Route>,
    ) -> Vec<Rung> {
        let places: Vec<(Transport, u16)> = match self.port {
            Some(port) => TRANSPORTS.map(|transport| (transport, port)).into(),
            None => order.into(),
        };
        let named: Vec<Transport> = self.named().iter().map(|one| one.transport).collect();
        let mut rungs: Vec<Rung> = places
            .into_iter()
            .filter(|(transport, _)| self.admits(*transport))
            .filter_map(|(transport, port)| Some(Rung::new(transport, port, route(transport)?)))
            .collect();
        rungs.sort_by_key(|rung| !named.contains(&rung.transport) && self.scheme != Scheme::Rtmp);
        rungs
    }

    fn admits(&self, transport: Transport) -> bool {
        let keeps_tls = transport.is_secure() || !self.scheme.is_secure();
        let keeps_type = match transport {
            Transport::Rtmps => self.proxy_type.is_native_tls(),
            Transport::Rtmpt | Transport::Rtmpts => {
                self.scheme.is_tunnel() || self.proxy_type.falls_back_to_tunnel()
            }
            _ => true,
        };
        keeps_tls && keeps_type
    }

    fn through(&self, proxy: &Proxy, transport: Transport) -> Option<Route> {
        if !self.proxy_type.uses_connect() && !transport.is_tunnel() {
            return None;
        }
        Some(if self.proxy_type.falls_back_to_tunnel() {
            Route::suited(proxy, transport)
        } else {
            Route::connect(proxy)
        })
    }
}

fn listed(transport: Transport, port: u16) -> Listed {
    Listed {
        transport,
        port,
        condition: Condition::Always,
    }
}

fn proxy_of(step: &Via) -> Option<&Proxy> {
    match step {
        Via::Proxy(proxy) => Some(proxy),
        Via::Direct => None,
    }
}
