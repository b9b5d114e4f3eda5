//! Relays: streams that go to other servers, and come from them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_client::network::TlsSetupError;
use adit_client::strategy::Strategy;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::Api;
use super::super::input::{Asked, Body, Page, id};
use super::super::problem::{Problem, Problems};
use super::{Done, milliseconds, unix_ms};
use crate::relays::{
    Demand, LegSnapshot, RelayJob, RelayOrigin, RelaySnapshot, RelaySpec, RelayState, RelayTrust,
    RelayWay, word,
};

/// A relay.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Relay {
    /// Names it in paths.
    id: u64,
    /// `configuration` or `api`: who asked for it.
    origin: &'static str,
    /// `push`: to the other server; `pull`: from it.
    direction: &'static str,
    /// The streams here, as in `live/cam`; `*` stands for any text.
    #[schema(example = "live/*")]
    stream: String,
    /// The other server, without what is secret in its address.
    #[schema(example = "rtmps://***@live.example.com/app/***")]
    url: String,
    /// Whether it pulls only while somebody plays.
    on_demand: bool,
    /// Which ways to the other server are tried: `standard`, `classic` or `reach`.
    strategy: &'static str,
    /// Whether it trusts certificates beside those of the system.
    own_ca: bool,
    /// When it was asked for, in milliseconds since 1970.
    since_ms: u64,
    /// `idle`: there is nothing to relay; `connecting`, `running`; `waiting`: something has to happen first. That of the stream that is
    /// best off.
    state: &'static str,
    /// What it waits for.
    reason: Option<String>,
    /// Its streams, at most 100.
    streams: Vec<RelayedStream>,
}

/// A stream that is relayed.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct RelayedStream {
    /// The stream here.
    stream: String,
    /// Its name.
    name: String,
    /// Its other end, without what is secret in the address.
    far: String,
    /// How long it is relayed, or should be.
    seconds: u64,
    /// `connecting`, `running` or `waiting`.
    state: &'static str,
    /// What it waits for.
    reason: Option<String>,
    /// How long it waits at most; null where it is not time that it waits for.
    next_try_ms: Option<u64>,
    /// How RTMP travels: `rtmp`, `rtmpt`, `rtmps` or `rtmpts`; null before the first connection.
    transport: Option<String>,
    /// The same with port and proxy.
    #[schema(example = "rtmps:443 via http://proxy:3128")]
    way: Option<String>,
    /// Messages of media so far.
    messages: u64,
    /// Bytes of them.
    bytes: u64,
    /// Connections on which the other server let the stream in.
    connections: u64,
    /// Connections that broke, or did not come about.
    failures: u64,
    /// Messages that the other server did not get.
    skipped_messages: u64,
    /// What went wrong last.
    last_error: Option<String>,
}

/// A page of relays.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Relays {
    /// How many there are on all pages.
    total: usize,
    /// What `after` has to be for the next page; null on the last.
    next: Option<String>,
    /// Those of this page.
    items: Vec<Relay>,
}

/// A relay that is asked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::api) struct NewRelay {
    /// Whether streams go or come.
    direction: Direction,
    /// The stream here, as in `live/cam` or `live/room/cam`. To push, `*` stands for any text, and the length is at most 256 bytes; to
    /// pull, it is two or three names, none of them empty.
    #[schema(min_length = 1, max_length = 1024, example = "live/cam")]
    stream: String,
    /// The other server: `rtmp://`, `rtmps://`, `rtmpt://` or `rtmpts://`. `{app}`, `{instance}` and `{stream}` are the names that a stream
    /// has here; what the address leaves out is as it is here.
    #[schema(
        pattern = "^[Rr][Tt][Mm][Pp][Tt]?[Ss]?://.+$",
        example = "rtmps://live.example.com/app/key"
    )]
    url: String,
    /// Pull only while somebody plays.
    #[serde(default)]
    on_demand: bool,
    /// How long it goes on after the last player has left.
    #[serde(default = "usual_idle")]
    #[schema(minimum = 1, maximum = 86400, default = 10)]
    idle_seconds: u64,
    /// Which ways to the other server are tried.
    #[serde(default)]
    strategy: Ways,
    /// Certificates in PEM form to trust beside those of the system, for an `rtmps://` or `rtmpts://` server with an authority of its own.
    ca_pem: Option<String>,
}

/// Whether streams go or come.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum Direction {
    /// To the other server
    #[default]
    Push,
    /// From it
    Pull,
}

/// Which ways to another server are tried.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::api) enum Ways {
    /// The one the address names; for rtmp:// without a port also RTMPT on port 80
    #[default]
    Standard,
    /// RTMP on ports 1935, 443 and 80, no tunnel
    Classic,
    /// Every way that could work
    Reach,
}

const fn usual_idle() -> u64 {
    10
}

impl NewRelay {
    /// As the server knows it. Blocks: it reads the certificates that are trusted.
    fn spec(self, api: &Api) -> Result<RelaySpec, Problem> {
        let wrong = |what: &str, error: &dyn std::fmt::Display| {
            Problem::bad_request(format!("{what}: {error}"))
        };
        if !(1..=86_400).contains(&self.idle_seconds) {
            return Err(wrong("idle_seconds", &"takes 1 to 86400"));
        }
        let job = match self.direction {
            Direction::Push => RelayJob::Push {
                streams: self
                    .stream
                    .parse()
                    .map_err(|error| wrong("stream", &error))?,
            },
            Direction::Pull => {
                let demand = if self.on_demand {
                    let idle = Duration::from_secs(self.idle_seconds);
                    Demand::WhilePlayed { idle }
                } else {
                    Demand::Always
                };
                RelayJob::pull(&self.stream, demand).map_err(|error| wrong("stream", &error))?
            }
        };
        let url = self.url.parse().map_err(|error| wrong("url", &error))?;
        let way = RelayWay {
            strategy: match self.strategy {
                Ways::Standard => Strategy::Standard,
                Ways::Classic => Strategy::Classic,
                Ways::Reach => Strategy::Reach,
            },
            trust: match self.ca_pem {
                Some(text) => RelayTrust::Pem(text.into()),
                None => RelayTrust::System,
            },
            ..RelayWay::default()
        };
        let refused = |error: &dyn std::fmt::Display| {
            let words = error.to_string();
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "refused", words)
        };
        let whose = (RelayOrigin::Api, api.control.relay_networks());
        let tls = way.trust.client().map_err(|error| match error {
            TlsSetupError::Text => wrong("ca_pem", &error),
            error => refused(&error),
        })?;
        RelaySpec::new(job, url, (way, tls), whose).map_err(|error| refused(&error))
    }
}

impl From<RelaySnapshot> for Relay {
    fn from(relay: RelaySnapshot) -> Self {
        let now = Instant::now();
        let (reason, _) = waiting(&relay.state, now);
        Self {
            id: relay.id,
            origin: relay.origin.as_str(),
            direction: word(relay.direction),
            stream: relay.streams,
            url: relay.url,
            on_demand: matches!(relay.demand, Some(Demand::WhilePlayed { .. })),
            strategy: match relay.strategy {
                Strategy::Classic => "classic",
                Strategy::Reach => "reach",
                _ => "standard",
            },
            own_ca: relay.own_ca,
            since_ms: unix_ms(relay.started_at),
            state: relay.state.as_str(),
            reason,
            streams: relay
                .legs
                .into_iter()
                .map(|leg| RelayedStream::new(leg, now))
                .collect(),
        }
    }
}

impl RelayedStream {
    fn new(leg: LegSnapshot, now: Instant) -> Self {
        let (reason, next_try_ms) = waiting(&leg.state, now);
        Self {
            stream: id(&leg.stream),
            name: leg.stream.name().to_owned(),
            far: leg.far,
            seconds: leg.lasting.as_secs(),
            state: leg.state.as_str(),
            reason,
            next_try_ms,
            transport: leg.transport.map(|transport| transport.to_string()),
            way: leg.way,
            messages: leg.messages,
            bytes: leg.bytes,
            connections: leg.connections,
            failures: leg.failures,
            skipped_messages: leg.skipped,
            last_error: leg.error,
        }
    }
}

/// What is waited for, and how long.
fn waiting(state: &RelayState, now: Instant) -> (Option<String>, Option<u64>) {
    match state {
        RelayState::Waiting { reason, next_try } => {
            let left = next_try.map(|at| milliseconds(at.saturating_duration_since(now)));
            (Some(reason.clone()), left)
        }
        _ => (None, None),
    }
}

/// Relays, in the order of their numbers
#[utoipa::path(get, path = "/relays", tag = "relays", params(Page), responses((status = 200, body = Relays), Problems))]
pub(in crate::api) async fn list(
    State(api): State<Arc<Api>>,
    Asked(page): Asked<Page>,
) -> Result<Json<Relays>, Problem> {
    let cut = page.cut(api.control.relays(), |relay| format!("{:020}", relay.id))?;
    Ok(Json(Relays {
        total: cut.total,
        next: cut.next,
        items: cut.items.into_iter().map(Relay::from).collect(),
    }))
}

/// Start a relay, which lasts until it is stopped, also when the server is started again
#[utoipa::path(post, path = "/relays", tag = "relays", request_body = NewRelay, responses((status = 201, body = Relay), Problems))]
pub(in crate::api) async fn start(
    State(api): State<Arc<Api>>,
    Body(asked): Body<NewRelay>,
) -> Result<(StatusCode, Json<Relay>), Problem> {
    let start = move || Ok::<_, Problem>(api.control.start_relay(asked.spec(&api)?)?);
    let relay = super::super::blocking(start).await??;
    Ok((StatusCode::CREATED, Json(relay.into())))
}

/// One relay
#[utoipa::path(get, path = "/relays/{id}", tag = "relays", params(("id" = u64, Path)), responses((status = 200, body = Relay), Problems))]
pub(in crate::api) async fn one(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<Relay>, Problem> {
    let relay = number(&id).and_then(|id| api.control.relay(id));
    let relay = relay.ok_or_else(|| Problem::from(crate::relays::NO_RELAY))?;
    Ok(Json(relay.into()))
}

/// End a relay that was started here
#[utoipa::path(delete, path = "/relays/{id}", tag = "relays", params(("id" = u64, Path)), responses((status = 200, body = Done), Problems))]
pub(in crate::api) async fn stop(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<Done>, Problem> {
    let id = number(&id).ok_or(crate::relays::NO_RELAY)?;
    super::super::blocking(move || api.control.stop_relay(id)).await??;
    Ok(Done::yes())
}

/// What is no number names no relay.
fn number(id: &str) -> Option<u64> {
    id.parse().ok()
}
