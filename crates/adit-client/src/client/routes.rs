//! From the proxies that were found to the routes of a ladder, and back.

use std::sync::Arc;

use adit_net::client::{
    Discovery, DiscoveryError, Proxy as NetProxy, Purpose, Route as NetRoute, Routes as NetRoutes,
    Target as NetTarget,
};

use crate::strategy::{Proxy, ProxyId, Route, Routes, Via};

/// The routes to one server, with the proxies behind their numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    routes: Routes,
    proxies: Vec<Arc<NetProxy>>,
}

impl Found {
    /// Asks settings and scripts.
    pub(crate) async fn ask(
        discovery: &Discovery,
        target: &NetTarget,
    ) -> Result<Self, DiscoveryError> {
        let mut found = Self::default();
        let bytes = discovery.routes(target, Purpose::Connect).await?;
        let requests = discovery.routes(target, Purpose::Requests).await?;
        let bytes = found.steps(&bytes);
        let requests = found.steps(&requests);
        found.routes = Routes::by_scheme(requests, bytes);
        Ok(found)
    }

    pub(crate) fn routes(&self) -> &Routes {
        &self.routes
    }

    /// The way that a route of the ladder means. Ladders hold no proxy that is not numbered here.
    pub(crate) fn resolve(&self, route: &Route) -> Option<NetRoute> {
        match route.proxy() {
            None => Some(NetRoute::Direct),
            Some(proxy) => {
                let at = usize::try_from(proxy.id().0).ok()?;
                Some(NetRoute::Proxy(Arc::clone(self.proxies.get(at)?)))
            }
        }
    }

    fn steps(&mut self, found: &NetRoutes) -> Vec<Via> {
        found.routes.iter().map(|route| self.step(route)).collect()
    }

    fn step(&mut self, route: &NetRoute) -> Via {
        let NetRoute::Proxy(proxy) = route else {
            return Via::Direct;
        };
        let known = self.proxies.iter().position(|known| known == proxy);
        let at = known.unwrap_or(self.proxies.len());
        if known.is_none() {
            self.proxies.push(Arc::clone(proxy));
        }
        // Both lists are bounded, so their proxies can be numbered.
        let id = ProxyId(u32::try_from(at).unwrap_or(u32::MAX));
        Via::Proxy(Proxy::new(id, proxy.kind(), &proxy.address().to_string()))
    }
}
