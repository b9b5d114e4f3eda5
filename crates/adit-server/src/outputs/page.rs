//! What people see who open the server in a browser: the live streams, a player, the connection test.
//!
//! ```text
//! GET /                   the page, for browsers
//! GET /connection-test    what the network between browser and server lets through
//! GET /streams.json       the live streams that the visitor may see
//! GET /_adit/…            scripts and styles of the page, and the players
//! ```

use std::collections::HashMap;
use std::time::Instant;

use adit_broker::{StreamKey, StreamSnapshot};
use adit_net::http::{HeaderMap, Response, StatusCode, header};
use adit_rtmp::command::DEFAULT_INSTANCE;
use bytes::Bytes;
use serde::Serialize;

use super::place::Places;
use crate::assets;
use crate::control::Tracks;
use crate::limits::outputs::LISTED_STREAMS;

/// Answers a request for a file of the page; `None` for every other path. `asked` are the fields of the request.
pub(super) fn file(path: &str, asked: &HeaderMap) -> Option<Response<Bytes>> {
    let file = match path {
        "/" => "page/index.html",
        "/connection-test" => "page/connection-test.html",
        _ => path
            .strip_prefix("/_adit/")
            .filter(|file| !file.starts_with("console/"))?,
    };
    assets::respond(file, asked)
}

/// The live streams among `streams` that the visitor `may_see`, how many are `players` of each, and by which `outputs` they can be had, as `/streams.json`.
pub(super) fn list(
    streams: &[StreamSnapshot],
    players: &HashMap<StreamKey, usize>,
    outputs: &[&str],
    may_see: impl Fn(&StreamKey) -> bool,
    now: Instant,
) -> Response<Bytes> {
    let mut streams: Vec<_> = streams
        .iter()
        .filter(|stream| may_see(&stream.key))
        .filter_map(|stream| Listed::new(stream, players, now))
        .collect();
    streams.sort_by(|a, b| a.path.cmp(&b.path));
    streams.truncate(LISTED_STREAMS);
    let Ok(json) = serde_json::to_vec(&List { outputs, streams }) else {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        return response;
    };
    let mut response = Response::new(Bytes::from(json));
    for (name, value) in [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        let value = header::HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

#[derive(Serialize)]
struct List<'a> {
    /// `flv`, `ws` and `hls`, as far as they are served.
    outputs: &'a [&'a str],
    streams: Vec<Listed<'a>>,
}

/// A stream, as the page shows it.
#[derive(Serialize)]
struct Listed<'a> {
    /// What the addresses of its outputs begin with, percent-encoded: `live/camera`.
    path: String,
    application: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    instance: &'a str,
    name: &'a str,
    /// Another number is another publication: what plays begins anew.
    publication: u64,
    since_ms: u128,
    /// Who plays it; recordings and relays are no viewers.
    viewers: usize,
    /// The codec, as RFC 6381 names it where its header was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
}

impl<'a> Listed<'a> {
    /// `None` while nobody publishes it, and where no address leads to it, as to one that is called `..`.
    fn new(
        stream: &'a StreamSnapshot,
        players: &HashMap<StreamKey, usize>,
        now: Instant,
    ) -> Option<Self> {
        let publication = stream.publication.as_ref()?;
        let key = &stream.key;
        let path = path(key);
        Places::parse(&format!("/{path}"))?;
        let tracks = Tracks::of(&stream.samples);
        let video = tracks.video.into_iter().next();
        let audio = tracks.audio.into_iter().next();
        Some(Self {
            path,
            application: key.application(),
            instance: named_instance(key),
            name: key.name(),
            publication: publication.id,
            since_ms: now.saturating_duration_since(publication.since).as_millis(),
            viewers: players.get(key).copied().unwrap_or_default(),
            width: video.as_ref().and_then(|track| track.width),
            height: video.as_ref().and_then(|track| track.height),
            video: video.map(|track| track.codec_string.unwrap_or(track.codec)),
            audio: audio.map(|track| track.codec_string.unwrap_or(track.codec)),
        })
    }
}

/// What the addresses of a stream begin with, relative to the root: `live/camera`, `live/room/camera`.
fn path(key: &StreamKey) -> String {
    let parts = [key.application(), named_instance(key), key.name()];
    let mut path = String::new();
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if !path.is_empty() {
            path.push('/');
        }
        encode(part, &mut path);
    }
    path
}

/// The instance, empty for the one of clients that name none.
fn named_instance(key: &StreamKey) -> &str {
    match key.instance() {
        DEFAULT_INSTANCE => "",
        named => named,
    }
}

/// Percent-encodes what RFC 3986 does not call unreserved. Slashes of a stream's name stay.
fn encode(part: &str, out: &mut String) {
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push_str(&hex::encode_upper([byte]));
        }
    }
}

#[cfg(test)]
mod tests;
