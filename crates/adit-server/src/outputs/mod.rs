//! What browsers and HTTP players get on the public ports: live streams as HTTP-FLV, WebSocket-FLV and HLS.
//!
//! ```text
//! GET /APP[/INSTANCE]/STREAM.flv           the stream as one endless FLV file; with `Upgrade: websocket`, its tags as messages
//! GET /APP[/INSTANCE]/STREAM/index.m3u8    HLS, also with low latency; STREAM.m3u8 leads there
//! GET /                                    the page of live streams, and what it needs ([`page`])
//! ```
//!
//! [`Outputs`] is the [`HttpHandler`] of every port. What is not for it goes to the handler that was there before. Each viewer is a
//! reader of the broker like any player, and each request is asked about in [`access`].

mod access;
mod config;
mod cors;
mod flv;
mod grants;
mod hls;
mod page;
mod place;
mod reply;
mod request;
mod stats;
#[cfg(test)]
mod testing;
mod watcher;
mod websocket;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use adit_broker::{Broker, Delivery, StreamKey, SubscribeOptions, Subscription};
use adit_net::CarrierInfo;
use adit_net::http::{
    HttpBody, HttpFuture, HttpHandler, Link, Method, Request, RequestBody, Response, StatusCode,
    Why, header,
};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

pub use self::config::{HlsConfig, Offered, Origins, OutputsConfig};
pub(crate) use self::stats::OutputStats;

use self::access::Play;
use self::grants::Grants;
use self::hls::{File, Hls};
use self::place::{Place, Places};
use self::request::Asked;
use crate::access::{Credentials, HIDDEN};
use crate::application::Web;
use crate::control::{Connections, Phase};
use crate::limits::outputs::FETCH;
use crate::mirror::Predecessor;
use crate::relays::Relays;
use crate::settings::Live;

/// The outputs of one server. A clone is the same.
#[derive(Clone)]
pub(crate) struct Outputs(Arc<Inner>);

impl fmt::Debug for Outputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outputs")
            .field("config", &self.0.live.now().outputs)
            .field("packaged", &self.0.hls.len())
            .finish_non_exhaustive()
    }
}

/// What all requests share.
struct Inner {
    live: Live,
    broker: Broker,
    connections: Connections,
    relays: Relays,
    stats: OutputStats,
    hls: Hls,
    grants: Grants,
    /// Numbers what is packaged, so that files have other names each time, also after a restart: the old ones may be in caches.
    runs: AtomicU64,
    phase: Arc<Phase>,
    /// Answers what is not for us.
    next: Arc<dyn HttpHandler>,
}

/// What the outputs take of a server.
pub(crate) struct Parts {
    pub(crate) live: Live,
    pub(crate) broker: Broker,
    pub(crate) connections: Connections,
    pub(crate) relays: Relays,
    pub(crate) phase: Arc<Phase>,
    pub(crate) next: Arc<dyn HttpHandler>,
}

/// What a path asks for.
#[derive(Debug, PartialEq, Eq)]
enum Route {
    Flv(Places),
    List,
    Hls(Places, File),
    /// The address of HLS that people guess.
    HlsDirectory,
}

impl Route {
    /// The stream that is asked for, as it stands in the path.
    fn stream(&self) -> Option<String> {
        match self {
            Self::Flv(places) | Self::Hls(places, _) => Some(places.to_string()),
            Self::List | Self::HlsDirectory => None,
        }
    }
}

impl Outputs {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            stats: OutputStats::default(),
            hls: Hls::default(),
            runs: AtomicU64::new(first_run()),
            grants: Grants::default(),
            live: parts.live,
            broker: parts.broker,
            connections: parts.connections,
            relays: parts.relays,
            phase: parts.phase,
            next: parts.next,
        }))
    }

    pub(crate) fn stats(&self) -> &OutputStats {
        &self.0.stats
    }

    /// Goes on with what is packaged by `predecessor`.
    pub(crate) fn succeed(&self, predecessor: Arc<dyn Predecessor>) {
        self.0.hls.succeed(predecessor);
    }

    /// Tells the server that takes over, on `link`, what there is here for viewers by HLS.
    ///
    /// # Errors
    /// That server has gone.
    pub(crate) async fn list_packaged(&self, link: impl Link) -> io::Result<()> {
        hls::list(&self.0, link).await
    }

    /// Leaves what is packaged of a stream to the server that takes over, which asks for it on `link`.
    ///
    /// # Errors
    /// That server has gone.
    pub(crate) async fn hand_over(&self, link: impl Link) -> io::Result<()> {
        hls::hand_over(&self.0, link).await
    }

    /// Ready when nothing is packaged any more, once the server stops.
    pub(crate) async fn drained(&self) {
        self.0.hls.drained().await;
    }
}

/// 48 bits of a random number, to which is added.
fn first_run() -> u64 {
    let mut number = [0; 8];
    getrandom::getrandom(&mut number).ok();
    u64::from_ne_bytes(number) >> 16
}

impl HttpHandler for Outputs {
    /// Viewers by HLS come over a new connection for each segment.
    fn tells_strangers(&self, request: &Request<RequestBody>) -> bool {
        matches!(self.0.route(request.uri().path()), Some(Route::Hls(..)))
    }

    fn handle(&self, request: Request<RequestBody>, info: &CarrierInfo) -> HttpFuture {
        if let Some(file) = self.0.file(&request) {
            return Box::pin(std::future::ready(file));
        }
        let Some(route) = self.0.route(request.uri().path()) else {
            return self.0.next.handle(request, info);
        };
        let asked = Asked::new(request, info);
        let outputs = Arc::clone(&self.0);
        Box::pin(async move {
            // Media are for whoever may embed them, the list is for our own page alone.
            let is_media = !matches!(route, Route::List);
            let stream = route.stream();
            let mut response = outputs.answer(&asked, route).await;
            if let (Some(why), Some(stream)) = (response.extensions_mut().get_mut::<Why>(), stream)
            {
                let access = outputs.live.access();
                let is_secret = stream.rsplit('/').any(|part| access.is_secret(part));
                why.about(if is_secret { HIDDEN } else { &*stream });
            }
            if outputs.phase.has_handed_over() {
                // The next request finds the server that has taken over, so that all of them do.
                let fields = response.headers_mut().entry(header::CONNECTION);
                fields.or_insert(reply::value("close"));
            }
            if is_media {
                cors::allow(&outputs.live.now().outputs.origins, &asked, &mut response);
            }
            response
        })
    }
}

impl Inner {
    /// A file of the page, if that is asked for.
    fn file(&self, request: &Request<RequestBody>) -> Option<Response<HttpBody>> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if !is_read || self.live.now().outputs.page == Offered::No {
            return None;
        }
        let file = page::file(request.uri().path(), request.headers())?;
        Some(file.map(HttpBody::from))
    }

    fn route(&self, path: &str) -> Option<Route> {
        if path == "/streams.json" && self.live.now().outputs.page == Offered::Yes {
            return Some(Route::List);
        }
        if let Some(stream) = path.strip_suffix(".flv")
            && self.live.now().outputs.flv == Offered::Yes
        {
            return Places::parse(stream).map(Route::Flv);
        }
        if self.live.now().outputs.hls.offered == Offered::No {
            return None;
        }
        let (directory, name) = path.rsplit_once('/')?;
        if let Some(file) = File::named(name) {
            let places = Places::parse(directory)?;
            return Some(Route::Hls(places, file));
        }
        let stream = path.strip_suffix(".m3u8")?;
        Places::parse(stream).map(|_| Route::HlsDirectory)
    }

    async fn answer(self: &Arc<Self>, asked: &Asked, route: Route) -> Response<HttpBody> {
        match asked.method {
            Method::GET | Method::HEAD => {}
            Method::OPTIONS => return cors::preflight(),
            _ => {
                let mut refusal =
                    reply::text(StatusCode::METHOD_NOT_ALLOWED, "only GET is served here\n");
                let fields = refusal.headers_mut();
                fields.insert(header::ALLOW, reply::value("GET, HEAD, OPTIONS"));
                return refusal;
            }
        }
        match route {
            Route::Flv(places) => flv::answer(self, asked, &places).await,
            Route::List => self.list(asked).await,
            Route::Hls(places, file) => hls::answer(self, asked, &places, file).await,
            Route::HlsDirectory => hls::redirect(asked),
        }
    }

    /// The streams that whoever asks may see, where he asks for them. What he shows is checked, and each stream is looked at: that is not
    /// for the threads that media go through.
    async fn list(self: &Arc<Self>, asked: &Asked) -> Response<HttpBody> {
        let outputs = Arc::clone(self);
        let vhost = asked.vhost();
        let visitor = access::visitor(self, asked, "http");
        let credentials = Credentials::of_http(&asked.fields, asked.uri.query());
        let listed = spawn_blocking(move || {
            let settings = outputs.live.now();
            let listing = outputs.live.access().listing(&visitor, &credentials);
            let may_see = |key: &StreamKey| {
                let found = settings.applications.on(&vhost, key.application());
                found.is_ok_and(|(vhost, application)| {
                    vhost == key.vhost() && application.web() == Web::Open
                }) && listing.shows(key.into())
            };
            let offered = settings.outputs.offered();
            let streams = outputs.broker.streams();
            let players = outputs.connections.players();
            page::list(&streams, &players, offered, may_see, Instant::now())
        });
        match listed.await {
            Ok(list) => list.map(HttpBody::from),
            Err(_) => reply::text(StatusCode::INTERNAL_SERVER_ERROR, "this went wrong\n"),
        }
    }

    /// The place that is meant and may be seen: the first where something is live, or else simply the first.
    ///
    /// # Errors
    /// The response that says no. It does not say whether there is such a stream.
    async fn find(
        &self,
        asked: &Asked,
        places: &Places,
        play: Play,
    ) -> Result<Place, Box<Response<HttpBody>>> {
        let mut first = None;
        let mut live = None;
        for parts in places.candidates() {
            let Some(place) = self.place(asked, &parts) else {
                continue;
            };
            if self.broker.is_published(&place.key) {
                live = Some(place);
                break;
            }
            first.get_or_insert(place);
        }
        let place = live.or(first).ok_or_else(|| Box::new(reply::not_live()))?;
        access::allowed(self, asked, place, play).await
    }

    /// A reader of a stream once it is live; nothing if that takes longer than `patience`, or than it takes to fetch what relays fetch.
    async fn begun(&self, stream: StreamKey, patience: Duration) -> Option<Subscription> {
        let patience = if self.relays.fetches(&stream) {
            patience.max(FETCH)
        } else {
            patience
        };
        let options = SubscribeOptions::default();
        let mut subscription = self.broker.subscribe(stream, options);
        let begins = async {
            loop {
                let next = std::future::poll_fn(|cx| subscription.poll_next(cx));
                if let Delivery::Started { .. } = next.await {
                    return;
                }
            }
        };
        let live = self
            .phase
            .stop()
            .run_until_cancelled(timeout(patience, begins))
            .await;
        matches!(live, Some(Ok(()))).then_some(subscription)
    }

    /// Where that would be; nothing if its application shows nothing to browsers.
    fn place(&self, asked: &Asked, parts: &place::Parts) -> Option<Place> {
        let vhost = asked.vhost();
        let settings = self.live.now();
        let (vhost, application) = settings.applications.on(&vhost, &parts.application).ok()?;
        (application.web() == Web::Open).then_some(())?;
        Place::new(vhost, parts)
    }
}
