//! The HTTP API of a server, on a port of its own: what [`Control`] shows and does, metrics, health.
//!
//! ```text
//! /api/v1/…       with the token: server, applications, streams, connections, recordings, relays, objects, events, reload, drain, …
//! /metrics        with the token: for Prometheus
//! /console        a page that shows all this, for the operator's browser
//! /healthz        whether the tasks of the server get their turns
//! /readyz         whether it may be given more to do
//! ```

mod client;
mod console;
mod events;
mod guard;
mod health;
mod input;
mod listener;
mod problem;
mod routes;
mod token;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use tokio_util::sync::CancellationToken;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes as paths;

pub use self::client::{ApiClient, ApiClientError};
pub use self::listener::{ApiListener, ApiRefused};
use self::problem::Problem;
pub use self::token::{Token, TokenError};
use crate::control::Control;
use crate::limits::API_BODY;
use crate::metrics::{Format, Metrics};

/// How the API is served.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ApiConfig {
    /// Where.
    pub listen: SocketAddr,
    /// For whom.
    pub guests: Guests,
}

/// Who may use the API.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Guests {
    /// What whoever uses it has to know.
    pub token: Token,
    /// Names by which it is reached, beside addresses and `localhost`.
    pub hosts: Vec<String>,
}

impl Guests {
    /// Those who know the token.
    pub const fn new(token: Token) -> Self {
        Self {
            token,
            hosts: Vec::new(),
        }
    }
}

impl ApiConfig {
    /// The API at this address.
    pub const fn new(listen: SocketAddr, guests: Guests) -> Self {
        Self { listen, guests }
    }
}

/// Who may use an API from now on. Clones are for the same API.
#[derive(Clone, Debug)]
pub struct GuestList(Arc<ArcSwap<Guests>>);

impl GuestList {
    fn new(guests: Guests) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(guests)))
    }

    /// From now on these. What is being answered is.
    pub fn replace(&self, guests: Guests) {
        self.0.store(Arc::new(guests));
    }

    fn now(&self) -> Arc<Guests> {
        self.0.load_full()
    }
}

/// What all requests share.
struct Api {
    control: Control,
    metrics: Metrics,
    guests: GuestList,
    unauthorized: Arc<AtomicU64>,
    disk: health::Question,
    /// The end of answers that go on for ever.
    stop: CancellationToken,
}

impl Api {
    fn unauthorized(&self) {
        self.unauthorized.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").finish_non_exhaustive()
    }
}

/// What the document says about all paths.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Adit",
        description = "What a server does, and a hand on it. Every path wants the token of the API. Names of streams, clients and the like are text of strangers.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(Problem)),
    security(("token" = []))
)]
struct Document;

/// All paths of the API, and the document about them.
fn api_paths() -> (Router<Arc<Api>>, String) {
    let mut document = Document::openapi();
    let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("token", scheme);
    let v1 = OpenApiRouter::new()
        .routes(paths!(routes::server::server))
        .routes(paths!(routes::server::reload))
        .routes(paths!(routes::server::drain))
        .routes(paths!(routes::applications::list))
        .routes(paths!(routes::streams::list))
        .routes(paths!(routes::streams::one))
        .routes(paths!(routes::streams::kick))
        .routes(paths!(
            routes::streams::record,
            routes::streams::stop_recording
        ))
        .routes(paths!(routes::connections::list))
        .routes(paths!(routes::connections::one))
        .routes(paths!(routes::connections::kick))
        .routes(paths!(routes::recordings::running))
        .routes(paths!(routes::recordings::files))
        .routes(paths!(routes::relays::list, routes::relays::start))
        .routes(paths!(routes::relays::one, routes::relays::stop))
        .routes(paths!(routes::objects::list))
        .routes(paths!(routes::objects::one))
        .routes(paths!(events::events));
    let nested = OpenApiRouter::with_openapi(document).nest("/api/v1", v1);
    let (router, document) = nested.split_for_parts();
    // It is made of what compiles: it can be written.
    let text = document.to_json().unwrap_or_default();
    (router, text)
}

fn router(api: Arc<Api>) -> Router {
    let (paths, document) = api_paths();
    let openapi = move || async move {
        let kind = [(header::CONTENT_TYPE, "application/json")];
        (kind, document.clone()).into_response()
    };
    let guarded = paths
        .route("/api/v1/openapi.json", get(openapi))
        .route("/metrics", get(metrics))
        .fallback(no_path)
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(&api), guard::token));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .merge(console::routes())
        .merge(guarded)
        .layer(DefaultBodyLimit::max(API_BODY))
        .layer(from_fn_with_state(Arc::clone(&api), guard::host))
        .with_state(api)
}

async fn metrics(State(api): State<Arc<Api>>, fields: HeaderMap) -> Result<Response, Problem> {
    let accept = fields.get_all(header::ACCEPT).iter();
    let format = Format::wanted(accept.filter_map(|it| it.to_str().ok()));
    let metrics = api.metrics.clone();
    let text = blocking(move || metrics.text(format)).await?;
    let kind = [
        (header::CONTENT_TYPE, format.content_type()),
        (header::VARY, "Accept"),
    ];
    Ok((kind, text).into_response())
}

async fn no_path(request: Request) -> Problem {
    Problem::not_found(format!("there is nothing at {}", request.uri().path()))
}

async fn no_method(request: Request) -> Problem {
    let words = format!("{} cannot be done here", request.method());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", words)
}

/// Does what may wait for a disk where that holds up nobody.
async fn blocking<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(run).await;
    done.map_err(|_| {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "failed",
            "a defect of the server",
        )
    })
}
