//! The steps of a connection, one after the other.

use super::config::ConnectorConfig;
use super::dial;
use super::discovery::Route;
use super::error::{Cause, DialError, Stage};
use super::proxy::{self, Proxy, ProxyError, ProxyKind};
use super::stream::ClientStream;
use super::target::Target;
use super::tls::{PeerCertificate, Protocols, Verifies};
use crate::carrier::{Carrier, CarrierInfo, Stream, TlsInfo, Transport, canonical};
use bytes::Bytes;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_util::task::TaskTracker;

/// Makes connections. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connector {
    config: Arc<ConnectorConfig>,
    watch: Option<Watch>,
    admits: Admits,
    tunnels: ByProxy,
    closing: TaskTracker,
}

/// What an HTTP proxy is asked for by a tunnel without TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByProxy {
    /// Its requests, with whole URLs.
    Requests,
    /// A connection to send them over.
    Connections,
}

/// How far an attempt to connect has come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// This step begins.
    Enters(Stage),
    /// First bytes of an answer have come to the requests of a tunnel that is being opened.
    Answers,
    /// The server has shown this certificate, and it was verified.
    Certificate(PeerCertificate),
    /// The server has shown this certificate, and nobody has looked at it: the configuration trusts everybody.
    UncheckedCertificate(PeerCertificate),
}

/// Who is told of it.
#[derive(Clone)]
struct Watch(Arc<dyn Fn(Progress) + Send + Sync>);

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// Which addresses of a server may be connected to, all without it; those of proxies always may.
#[derive(Clone, Default)]
struct Admits(Option<Arc<dyn Fn(IpAddr) -> bool + Send + Sync>>);

impl Admits {
    fn admits(&self, address: IpAddr) -> bool {
        self.0.as_ref().is_none_or(|admits| admits(address))
    }
}

impl fmt::Debug for Admits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Admits")
    }
}

/// What protects a connection, and what is announced to travel in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Security {
    /// Nothing.
    Plain,
    /// TLS, with nothing announced: RTMPS.
    Tls,
    /// TLS, with `http/1.1` announced: RTMPTS.
    TlsForHttp,
}

/// A connection to a server, or to the proxy that is to be sent whole URLs.
#[derive(Debug)]
pub struct Connection {
    stream: ClientStream,
    peer: SocketAddr,
    local: SocketAddr,
    proxy: Option<Arc<Proxy>>,
    tls: Option<TlsInfo>,
    certificate: Option<PeerCertificate>,
    steps: Vec<(Stage, Duration)>,
}

impl Connector {
    /// A connector that follows `config`.
    pub fn new(config: ConnectorConfig) -> Self {
        Self {
            config: Arc::new(config),
            watch: None,
            admits: Admits::default(),
            tunnels: ByProxy::Requests,
            closing: TaskTracker::new(),
        }
    }

    /// The same connector with somebody who is told how far it comes.
    #[must_use]
    pub fn with_watch(mut self, watch: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.watch = Some(Watch(Arc::new(watch)));
        self
    }

    /// The same connector, which connects to a server only at addresses that `admits`, too, is true of. Names are asked about by the
    /// addresses that they have at that moment. Addresses of proxies, and those that a proxy finds, are not asked about.
    #[must_use]
    pub fn admitting(mut self, admits: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        let before = std::mem::take(&mut self.admits);
        self.admits = Admits(Some(Arc::new(move |address| {
            before.admits(address) && admits(address)
        })));
        self
    }

    /// The same connector, whose tunnels ask HTTP proxies for connections (`CONNECT`) and never send them requests with whole URLs.
    #[must_use]
    pub fn tunnelling_by_connect(mut self) -> Self {
        self.tunnels = ByProxy::Connections;
        self
    }

    pub(super) fn tunnels(&self) -> ByProxy {
        self.tunnels
    }

    /// The same connector, whose tunnels that are given up while they are being opened are closed by tasks of `closing`: for
    /// programs that wait for them before they end.
    #[must_use]
    pub fn closing_in(mut self, closing: TaskTracker) -> Self {
        self.closing = closing;
        self
    }

    pub(super) fn closing(&self) -> &TaskTracker {
        &self.closing
    }

    pub(super) fn enter(&self, stage: Stage) {
        self.tell(Progress::Enters(stage));
    }

    pub(super) fn tell(&self, progress: Progress) {
        if let Some(Watch(watch)) = &self.watch {
            watch(progress);
        }
    }

    /// A connection to `target` over `route`, and nothing else: no other route, no less security.
    ///
    /// # Errors
    ///
    /// A step did not succeed in its time.
    pub async fn connect(
        &self,
        target: &Target,
        route: &Route,
        security: Security,
    ) -> Result<Connection, DialError> {
        let mut steps = Vec::new();
        let (stream, proxy) = match route {
            Route::Direct => (self.direct(target, &self.admits, &mut steps).await?, None),
            Route::Proxy(proxy) => {
                let begin = Instant::now();
                let stream = self.through(proxy, target).await?;
                steps.push((Stage::Proxy, begin.elapsed()));
                (stream, Some(Arc::clone(proxy)))
            }
        };
        let protocols = match security {
            Security::Plain => None,
            Security::Tls => Some(Protocols::Unsaid),
            Security::TlsForHttp => Some(Protocols::Http),
        };
        self.finish(stream, target, protocols, proxy, steps).await
    }

    /// A connection to an HTTP proxy itself, for requests with whole URLs: what RTMPT uses instead of `CONNECT`.
    ///
    /// # Errors
    ///
    /// The proxy cannot be reached, or is not an HTTP proxy.
    pub async fn connect_to_proxy(&self, proxy: &Arc<Proxy>) -> Result<Connection, DialError> {
        let begin = Instant::now();
        let stream = if proxy.kind().is_http() {
            self.within_proxy_deadline(self.stream_to(proxy)).await
        } else {
            Err(ProxyError::NotAProxy { protocol: "HTTP" })
        };
        let stream = stream.map_err(|error| failed(proxy, error))?;
        let steps = vec![(Stage::Proxy, begin.elapsed())];
        let target = proxy.address();
        self.finish(stream, target, None, Some(Arc::clone(proxy)), steps)
            .await
    }

    async fn direct(
        &self,
        target: &Target,
        admits: &Admits,
        steps: &mut Vec<(Stage, Duration)>,
    ) -> Result<ClientStream, DialError> {
        self.enter(Stage::Dns);
        let begin = Instant::now();
        let mut addresses = self.resolve(target).await?;
        addresses.retain(|address| admits.admits(address.ip()));
        if addresses.is_empty() {
            let host = target.host().to_string();
            return Err(DialError::new(Stage::Dns, Cause::NotAdmitted { host }));
        }
        steps.push((Stage::Dns, begin.elapsed()));
        self.enter(Stage::Tcp);
        let begin = Instant::now();
        let stream = self.tcp(target, &addresses).await?;
        steps.push((Stage::Tcp, begin.elapsed()));
        Ok(stream)
    }

    async fn through(&self, proxy: &Proxy, target: &Target) -> Result<ClientStream, DialError> {
        let result = match proxy.kind() {
            ProxyKind::Http | ProxyKind::Https => {
                self.within_proxy_deadline(proxy::connect(self, proxy, target))
                    .await
            }
            _ => {
                self.within_proxy_deadline(proxy::socks(self, proxy, target))
                    .await
            }
        };
        result.map_err(|error| failed(proxy, error))
    }

    async fn within_proxy_deadline<T>(
        &self,
        attempt: impl Future<Output = Result<T, ProxyError>>,
    ) -> Result<T, ProxyError> {
        let after = self.config.deadlines.proxy;
        timeout(after, attempt)
            .await
            .unwrap_or(Err(ProxyError::Silent { after }))
    }

    /// A connection on which `proxy` can be asked.
    pub(super) async fn stream_to(&self, proxy: &Proxy) -> Result<ClientStream, ProxyError> {
        let unreachable = |error| ProxyError::Unreachable(Box::new(error));
        let stream = self
            .direct(proxy.address(), &Admits::default(), &mut Vec::new())
            .await
            .map_err(unreachable)?;
        self.enter(Stage::Proxy);
        if proxy.kind() != ProxyKind::Https {
            return Ok(stream);
        }
        self.secure(stream, proxy.address(), Protocols::Http)
            .await
            .map(|(stream, ..)| stream)
            .map_err(unreachable)
    }

    pub(super) async fn resolve(&self, target: &Target) -> Result<Vec<SocketAddr>, DialError> {
        dial::resolve(&self.config.resolver, target, self.config.deadlines.dns).await
    }

    async fn tcp(
        &self,
        target: &Target,
        addresses: &[SocketAddr],
    ) -> Result<ClientStream, DialError> {
        let config = &self.config;
        dial::connect(
            target,
            addresses,
            &config.socket,
            config.stagger,
            config.deadlines.tcp,
        )
        .await
        .map(ClientStream::from_tcp)
    }

    async fn secure(
        &self,
        stream: ClientStream,
        target: &Target,
        protocols: Protocols,
    ) -> Result<(ClientStream, TlsInfo, Option<PeerCertificate>), DialError> {
        let deadline = self.config.deadlines.tls;
        self.config
            .tls
            .connect(stream, target, protocols, deadline)
            .await
            .map_err(|failure| {
                let target = target.clone();
                DialError::new(Stage::Tls, Cause::Tls { target, failure })
            })
    }

    async fn finish(
        &self,
        stream: ClientStream,
        target: &Target,
        protocols: Option<Protocols>,
        proxy: Option<Arc<Proxy>>,
        mut steps: Vec<(Stage, Duration)>,
    ) -> Result<Connection, DialError> {
        let (peer, local) = addresses(&stream, target)?;
        let (stream, tls, certificate) = match protocols {
            None => (stream, None, None),
            Some(protocols) => {
                self.enter(Stage::Tls);
                let begin = Instant::now();
                let (stream, info, certificate) = self.secure(stream, target, protocols).await?;
                if let Some(certificate) = certificate.clone() {
                    self.tell(match self.config.tls.verifies() {
                        Verifies::Everything => Progress::Certificate(certificate),
                        Verifies::Nothing => Progress::UncheckedCertificate(certificate),
                    });
                }
                steps.push((Stage::Tls, begin.elapsed()));
                (stream, Some(info), certificate)
            }
        };
        Ok(Connection {
            stream,
            peer,
            local,
            proxy,
            tls,
            certificate,
            steps,
        })
    }
}

impl Connection {
    /// The steps that were taken, in order, and how long each took. Name and TCP of a proxy count as the proxy's.
    pub fn steps(&self) -> &[(Stage, Duration)] {
        &self.steps
    }

    /// The other end of the TCP connection: the server or the proxy.
    pub fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// The proxy it goes through.
    pub fn proxy(&self) -> Option<&Arc<Proxy>> {
        self.proxy.as_ref()
    }

    /// What was agreed with the server in the TLS handshake, if there was one.
    pub fn tls(&self) -> Option<&TlsInfo> {
        self.tls.as_ref()
    }

    /// The names in the server's certificate; its issuer shows whether the connection is intercepted.
    pub fn certificate(&self) -> Option<&PeerCertificate> {
        self.certificate.as_ref()
    }

    /// The bytes, for whoever speaks HTTP on them.
    pub fn into_stream(self) -> ClientStream {
        self.stream
    }

    /// What a carrier over this connection says of itself.
    pub fn carrier_info(&self, transport: Transport) -> CarrierInfo {
        CarrierInfo {
            transport,
            peer: self.peer,
            local: self.local,
            proxied_by: self.proxy.as_ref().map(|_| self.peer),
            tls: self.tls.clone(),
            forwarded: None,
        }
    }

    /// A carrier that is this connection: RTMP, or RTMPS if there is TLS.
    pub fn into_carrier(self) -> Carrier {
        let transport = match self.tls {
            Some(_) => Transport::Rtmps,
            None => Transport::Rtmp,
        };
        let info = self.carrier_info(transport);
        let stream = Stream::Client(Box::new(self.stream));
        Carrier::socket(stream, Bytes::new(), info, None)
    }
}

fn failed(proxy: &Proxy, error: ProxyError) -> DialError {
    let proxy = proxy.to_string();
    DialError::new(Stage::Proxy, Cause::Proxy { proxy, error })
}

fn addresses(
    stream: &ClientStream,
    target: &Target,
) -> Result<(SocketAddr, SocketAddr), DialError> {
    let tcp = stream.tcp();
    let both: io::Result<_> = (|| Ok((tcp.peer_addr()?, tcp.local_addr()?)))();
    both.map(|(peer, local)| (canonical(peer), canonical(local)))
        .map_err(|_| {
            // The other end was gone before it could be asked about.
            let who = target.to_string();
            let after = Duration::ZERO;
            DialError::new(Stage::Tcp, Cause::Silent { who, after })
        })
}

#[cfg(test)]
mod tests;
