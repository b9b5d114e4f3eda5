//! The server as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::Api;
use super::super::problem::{Problem, Problems};
use super::{Done, milliseconds, unix_ms};
use crate::control::{DelaySnapshot, Traffic};

/// The server.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Server {
    /// Its version.
    version: &'static str,
    /// When it was started, in milliseconds since 1970.
    started_at_ms: u64,
    /// How long it runs.
    uptime_seconds: u64,
    /// The addresses that publishers and players use.
    listen: Vec<String>,
    /// Whether it serves them.
    serving: bool,
    /// Whether it lets nobody in any more.
    draining: bool,
    /// Whether it has a directory for recordings.
    records: bool,
    /// How late its tasks get their turns.
    lag_ms: u64,
    /// What it uses of the memory that it may; null where the system does not say it.
    memory: Option<Memory>,
    /// What goes over connections, by how they are connected: `rtmp`, `rtmpt`, `rtmps`, `rtmpts`, and the outputs for browsers.
    transports: BTreeMap<&'static str, Transport>,
    /// How long media took from its arrival until it was written to a player, a sample since the start.
    delay: Delay,
    /// How often each limit was hit, by its key; those that were not are left out.
    limits: BTreeMap<&'static str, u64>,
}

/// Memory.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Memory {
    /// What counts against the limit.
    used_bytes: u64,
    /// The limit: `limits.mem.total`, else that of the control group, else what the machine has.
    limit_bytes: u64,
    /// `none`, `soft` (no new players), `hard` (nobody new) or `shed` (players are ended).
    shortage: &'static str,
}

/// What goes over connections of one kind.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Transport {
    /// Connections that are open.
    connections: u64,
    /// Connections so far.
    opened: u64,
    /// Bytes that came so far.
    received_bytes: u64,
    /// Bytes that went so far.
    sent_bytes: u64,
    /// Streams that are published.
    publishers: u64,
    /// Streams that are played.
    players: u64,
}

/// Delays, by bounds that they do not exceed.
#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Delay {
    /// How many were measured.
    samples: u64,
    /// Their sum.
    total_ms: u64,
    /// Half of them are not longer; null where that is not known.
    p50_ms: Option<f64>,
    /// 99 of 100 are not longer; null where that is not known.
    p99_ms: Option<f64>,
}

impl From<Traffic> for Transport {
    fn from(traffic: Traffic) -> Self {
        Self {
            connections: traffic.open,
            opened: traffic.opened,
            received_bytes: traffic.received_bytes,
            sent_bytes: traffic.sent_bytes,
            publishers: traffic.publishers,
            players: traffic.players,
        }
    }
}

impl From<DelaySnapshot> for Delay {
    fn from(delays: DelaySnapshot) -> Self {
        let bound = |percent| {
            let bound = delays.percentile(percent)?;
            Some(bound.as_secs_f64() * 1_000.0)
        };
        Self {
            samples: delays.count(),
            total_ms: milliseconds(delays.sum()),
            p50_ms: bound(50),
            p99_ms: bound(99),
        }
    }
}

/// The server as a whole
#[utoipa::path(get, path = "/server", tag = "server", responses((status = 200, body = Server), Problems))]
pub(in crate::api) async fn server(State(api): State<Arc<Api>>) -> Json<Server> {
    let control = &api.control;
    let info = control.server();
    let limits = control.stats().limits().into_iter();
    Json(Server {
        version: info.version,
        started_at_ms: unix_ms(info.started_at),
        uptime_seconds: info.uptime.as_secs(),
        listen: info.addresses.iter().map(ToString::to_string).collect(),
        serving: info.is_serving,
        draining: info.is_draining,
        records: info.records,
        lag_ms: milliseconds(info.lag),
        memory: info.memory.map(|usage| Memory {
            used_bytes: usage.used,
            limit_bytes: usage.total,
            shortage: info.shortage.as_str(),
        }),
        transports: control
            .traffic()
            .iter()
            .map(|(way, traffic)| (way.as_str(), (*traffic).into()))
            .collect(),
        delay: control
            .delays()
            .iter()
            .fold(DelaySnapshot::default(), |all, (_, of)| all.and(of))
            .into(),
        limits: limits.filter(|(_, hits)| *hits > 0).collect(),
    })
}

/// Read the settings again, whole or not at all
#[utoipa::path(post, path = "/reload", tag = "server", responses((status = 200, body = ReadAgain), Problems))]
pub(in crate::api) async fn reload(
    State(api): State<Arc<Api>>,
) -> Result<Json<ReadAgain>, Problem> {
    let control = api.control.clone();
    let reloaded = super::super::blocking(move || control.reload()).await??;
    Ok(Json(ReadAgain {
        changed: reloaded.changed,
        needs_restart: reloaded.needs_restart,
    }))
}

/// What reading the settings again has brought
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::api) struct ReadAgain {
    /// Keys that count from now on
    changed: Vec<String>,
    /// Keys that have changed, too, and count only when the server starts again
    needs_restart: Vec<String>,
}

/// Let nobody in any more; those who are there stay
#[utoipa::path(post, path = "/drain", tag = "server", responses((status = 200, body = Done), Problems))]
pub(in crate::api) async fn drain(State(api): State<Arc<Api>>) -> Json<Done> {
    api.control.drain();
    Done::yes()
}
