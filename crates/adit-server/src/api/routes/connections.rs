//! Connections.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::input::{Asked, Body, Page, Reason, id};
use super::super::problem::{Problem, Problems};
use super::{Done, milliseconds, seconds_ago, unix_ms};
use crate::control::{ConnectionSnapshot, Role};

/// A connection.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Connection {
    /// Its number, as in the log.
    id: u64,
    /// `rtmp`, `rtmpt`, `rtmps`, `rtmpts`, or an output for browsers.
    transport: &'static str,
    /// Where it comes from.
    peer: String,
    /// The address it came to.
    local: String,
    /// The proxy that says so.
    proxied_by: Option<String>,
    /// What was agreed about its encryption.
    tls: Option<Tls>,
    /// When it was opened, in milliseconds since 1970.
    opened_at_ms: u64,
    /// How long it is open.
    seconds: u64,
    /// The application; null before it has connected.
    application: Option<String>,
    /// The instance of it.
    instance: Option<String>,
    /// The program at its other end, as that says: text of a stranger.
    client: Option<String>,
    /// What it publishes and plays.
    uses: Vec<Use>,
    /// Bytes that came.
    received_bytes: u64,
    /// Bytes that went.
    sent_bytes: u64,
    /// Bytes that wait for it to take them.
    queued_bytes: u64,
    /// The last round trip that was measured.
    round_trip_ms: Option<u64>,
    /// How long media last took from its arrival until it was written to this player.
    delay_ms: Option<f64>,
}

/// What was agreed about encryption.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Tls {
    /// The version of the protocol.
    version: &'static str,
    /// The host that the client asked for.
    server_name: Option<String>,
}

/// A stream in use.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Use {
    /// `publish`, `play` or `replay`.
    role: &'static str,
    /// The stream.
    stream: String,
    /// Its name.
    name: String,
    /// For how long.
    seconds: u64,
}

/// A page of connections.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Connections {
    /// How many there are on all pages.
    total: usize,
    /// What `after` has to be for the next page; null on the last.
    next: Option<String>,
    /// Those of this page.
    items: Vec<Connection>,
}

impl From<ConnectionSnapshot> for Connection {
    fn from(of: ConnectionSnapshot) -> Self {
        let client = of.client.as_ref();
        let in_use = of.uses.first().map(|used| &used.stream);
        let place = client
            .map(|it| (it.address().application(), it.address().instance()))
            .or_else(|| in_use.map(|it| (it.application(), it.instance())));
        Self {
            id: of.id.get(),
            transport: of.origin.way.as_str(),
            peer: of.origin.peer.to_string(),
            local: of.origin.local.to_string(),
            proxied_by: of.origin.proxied_by.map(|proxy| proxy.to_string()),
            tls: of.origin.tls.map(|tls| Tls {
                version: tls.version,
                server_name: tls.server_name,
            }),
            opened_at_ms: unix_ms(of.opened_at),
            seconds: seconds_ago(of.since),
            application: place.map(|(application, _)| application.to_owned()),
            instance: place.map(|(_, instance)| instance.to_owned()),
            client: of.program.map(String::from),
            uses: of
                .uses
                .iter()
                .map(|used| Use {
                    role: match used.role {
                        Role::Publish => "publish",
                        Role::Play => "play",
                        Role::Replay => "replay",
                    },
                    stream: id(&used.stream),
                    name: used.stream.name().to_owned(),
                    seconds: seconds_ago(used.since),
                })
                .collect(),
            received_bytes: of.counts.received_bytes,
            sent_bytes: of.counts.sent_bytes,
            queued_bytes: of.counts.queued_bytes,
            round_trip_ms: of.counts.round_trip.map(milliseconds),
            delay_ms: of.counts.delay.map(|delay| delay.as_secs_f64() * 1_000.0),
        }
    }
}

/// Everybody who is connected, those that came first at the front
#[utoipa::path(get, path = "/connections", tag = "connections", params(Page), responses((status = 200, body = Connections), Problems))]
pub(in crate::api) async fn list(
    State(api): State<Arc<Api>>,
    Asked(page): Asked<Page>,
) -> Result<Json<Connections>, Problem> {
    let cut = page.cut(api.control.connections(), |it| {
        format!("{:020}", it.id.get())
    })?;
    Ok(Json(Connections {
        total: cut.total,
        next: cut.next,
        items: cut.items.into_iter().map(Connection::from).collect(),
    }))
}

/// One connection
#[utoipa::path(get, path = "/connections/{id}", tag = "connections", params(("id" = u64, Path)), responses((status = 200, body = Connection), Problems))]
pub(in crate::api) async fn one(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
) -> Result<Json<Connection>, Problem> {
    let connection = api.control.connection(number(&id)?);
    let connection = connection.ok_or_else(no_connection)?;
    Ok(Json(connection.into()))
}

/// End a connection, and tell its client why
#[utoipa::path(post, path = "/connections/{id}/kick", tag = "connections", params(("id" = u64, Path)), request_body = Option<Reason>, responses((status = 200, body = Done), Problems))]
pub(in crate::api) async fn kick(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    Body(reason): Body<Reason>,
) -> Result<Json<Done>, Problem> {
    api.control.kick(number(&id)?, reason.words()?)?;
    Ok(Done::yes())
}

fn number(id: &str) -> Result<u64, Problem> {
    id.parse().map_err(|_| no_connection())
}

fn no_connection() -> Problem {
    Problem::not_found("there is no such connection")
}
