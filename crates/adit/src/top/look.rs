//! One look at a server.

use std::collections::BTreeMap;
use std::time::Instant;

use adit_server::api::{ApiClient, ApiClientError};
use serde::Deserialize;

/// What there was to see.
#[derive(Clone, Debug)]
pub(super) struct Look {
    pub(super) at: Instant,
    pub(super) server: Server,
    pub(super) streams: Vec<Stream>,
    /// How many there are, those included that were not asked for.
    pub(super) total: usize,
}

/// The server as a whole; what another version does not tell is nothing.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Server {
    pub(super) version: String,
    pub(super) uptime_seconds: u64,
    pub(super) draining: bool,
    pub(super) lag_ms: u64,
    pub(super) transports: BTreeMap<String, Transport>,
    pub(super) delay: Delay,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Transport {
    pub(super) connections: u64,
    pub(super) received_bytes: u64,
    pub(super) sent_bytes: u64,
    pub(super) publishers: u64,
    pub(super) players: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Delay {
    pub(super) p50_ms: Option<f64>,
    pub(super) p99_ms: Option<f64>,
}

/// A stream. Its names are text of strangers.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stream {
    pub(super) application: String,
    pub(super) instance: String,
    pub(super) name: String,
    pub(super) live_seconds: Option<u64>,
    pub(super) players: u64,
    pub(super) bits_per_second: Option<u64>,
    pub(super) skips: u64,
    pub(super) recorded: bool,
    pub(super) video: Vec<Track>,
    pub(super) audio: Vec<Track>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Track {
    pub(super) codec: String,
    pub(super) width: Option<u32>,
    pub(super) height: Option<u32>,
}

#[derive(Deserialize)]
struct Page {
    total: usize,
    next: Option<String>,
    items: Vec<Stream>,
}

impl Look {
    /// Asks for everything.
    ///
    /// # Errors
    /// The API is not reached, or is none.
    pub(super) async fn take(client: &ApiClient) -> Result<Self, ApiClientError> {
        let at = Instant::now();
        let server = read(client.get("/api/v1/server").await?)?;
        let mut streams = Vec::new();
        let mut path = FIRST.to_owned();
        let total = loop {
            let page: Page = read(client.get(&path).await?)?;
            streams.extend(page.items);
            match page.next.filter(|_| streams.len() < MOST) {
                // It is base64 for URLs, which a query takes as it is.
                Some(next) => path = format!("{FIRST}&after={next}"),
                None => break page.total,
            }
        };
        Ok(Self {
            at,
            server,
            streams,
            total,
        })
    }
}

fn read<T: serde::de::DeserializeOwned>(value: serde_json::Value) -> Result<T, ApiClientError> {
    serde_json::from_value(value).map_err(|_| ApiClientError::Other)
}

const FIRST: &str = "/api/v1/streams?limit=1000";

/// More are counted and not looked at.
const MOST: usize = 5_000;
